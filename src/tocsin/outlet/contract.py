"""What an outlet is: it carries a finished message once, and says so, or says why not.

A nation's own outlet is a class with these two members and an entry in `node.config_outlets`
(examples/outlet_template.py shows one). It is handed `Message` and nothing else: no sensor data can reach it.
"""

from typing import Any, Protocol

from msgspec import Struct

from tocsin.errors import TocsinError
from tocsin.model.warning import Warning


class OutletError(TocsinError):
    """A released warning could not be carried now: the cause in words, for the officers' eyes at once."""


class OutletRefusedError(OutletError):
    """It will never be carried in this form: trying again is of no use."""


class Message(Struct, frozen=True):
    """A released warning in the forms in which it leaves: the same bytes for every outlet and every try."""

    draft_id: str
    warning: Warning
    name: str
    """CAP identifier; also the name of files and the key by which receivers know a repetition."""
    xml: bytes
    """CAP 1.2, signed where the node has a certificate for it."""
    sha256: str
    """Of `xml`, hexadecimal."""
    geojson: dict[str, Any]
    """The same for maps (RFC 7946)."""


class Receipt(Struct, frozen=True):
    """The outlet has it: where it can be found again. `repeated`: it had been there before."""

    where: str
    repeated: bool = False


class Outlet(Protocol):
    """One way to the people. `carry` may be called again with the same message and must then change
    nothing.
    """

    @property
    def name(self) -> str:
        """Short and unique in the node; stands in receipts and alarms."""

    async def carry(self, message: Message) -> Receipt:
        """OutletError when it did not get there, OutletRefusedError when it never will."""

"""Makes a released warning into the message that all outlets carry: CAP, signed, and the same as GeoJSON.

Bound to one plane: another plane's warning is a broken invariant. What breaks CAP's rules is never carried.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from shapely.geometry.base import BaseGeometry

from tocsin.model.label import Plane, PlaneMixError
from tocsin.model.warning import Warning
from tocsin.outlet.contract import Message, OutletRefusedError
from tocsin.outlet.geojson import features
from tocsin.warn.cap import check, identifier, to_cap
from tocsin.warn.texts import Names

SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
"""A name becomes part of files' names and addresses."""


class Signer(Protocol):
    """Signs CAP; the same message gives the same bytes each time, so that a repetition is one."""

    def signed(self, xml: bytes) -> bytes:
        """The message with an enveloped signature."""


class Press:
    """`shapes`, `names`: those of the areas that the nation can warn."""

    def __init__(
        self, plane: Plane, shapes: Mapping[str, BaseGeometry], names: Names, signer: Signer | None = None
    ) -> None:
        self._plane, self._shapes, self._names, self._signer = plane, shapes, names, signer

    def message(self, draft_id: str, warning: Warning) -> Message:
        """OutletRefusedError for what no outlet may carry; PlaneMixError for another plane's."""
        if warning.plane is not self._plane:
            raise PlaneMixError(f"a warning of plane {warning.plane} came to outlets of plane {self._plane}")
        name = identifier(warning.id, warning.serial)
        if not SAFE.fullmatch(name):
            raise OutletRefusedError(f"{name!r} cannot be a file's name")
        xml = self._xml(warning, name)
        return Message(
            draft_id=draft_id,
            warning=warning,
            name=name,
            xml=xml,
            sha256=hashlib.sha256(xml).hexdigest(),
            geojson=self._geojson(warning, name),
        )

    def _xml(self, warning: Warning, name: str) -> bytes:
        try:
            xml = to_cap(warning, self._shapes, self._names)
        except KeyError as missing:
            raise OutletRefusedError(f"{name}: no shape for the area {missing.args[0]}") from missing
        if faults := check(xml, self._plane):
            raise OutletRefusedError(f"{name} breaks the rules of CAP: {'; '.join(faults)}")
        return xml if self._signer is None else self._signer.signed(xml)

    def _geojson(self, warning: Warning, name: str) -> dict[str, Any]:
        return features(warning, name, self._shapes, self._names)

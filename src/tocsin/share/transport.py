"""How sealed bytes reach partners and come back: the contract that the broker and the simulated network both
keep.

A transport carries `Sealed` and nothing else. It may lose, double and reorder between acceptance and arrival;
it never alters. Everything above it (outbox, inbox, receipts) relies on no more than that.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from tocsin.errors import TocsinError
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.share.topology import Route

UP_S = 3.0
"""A path is up while something came over it within this time (EXCHANGE.md: a cut is shown within 3 s)."""


class TransportError(TocsinError):
    """The message was not accepted: try again later with the same message."""


class Arrival(Struct, frozen=True):
    """A message that arrived, unverified: who sent it is what its subject says, the seal decides.

    `stored`: kept by the broker until `ack`, which the receiver calls after its own commit and which never
    raises (when it gets lost, the message comes again). Else a heartbeat (control) or a flash copy (of a
    product), whose `ack` does nothing.
    """

    origin: Nation
    route: Route
    via: Nation
    traffic: Traffic
    data: bytes
    stored: bool
    ack: Callable[[], Awaitable[None]]


class Transport(Protocol):
    """One nation's end of the exchange."""

    async def send(self, sealed: Sealed, attempt: int = 0) -> tuple[Route, ...]:
        """Store for the recipient on every route that is allowed; returns those that accepted it.

        Many calls may be in flight at once. The same (message, attempt) sent again is stored once; a new
        `attempt` is stored anew (the recipient asked again). TransportError when no route accepted it.
        """
        ...

    async def say(self, sealed: Sealed) -> None:
        """Publish unstored on every allowed route: heartbeats (fleeting), flash copies of urgent messages.
        Those of flow go by the direct route alone.

        Never raises: what is not heard is noticed by its absence.
        """
        ...

    def arrivals(self) -> AsyncIterator[Arrival]:
        """What arrives, for ever: stored control, stored urgent, then unstored, then flow."""
        ...

    def hold_flow(self, origins: frozenset[Nation]) -> None:
        """Until the next call these nations' flow is not among the arrivals: it waits, all else passes it."""
        ...

    def paths_up(self, partner: Nation) -> tuple[Route, ...]:
        """Routes over which something of this partner came within the last three seconds."""
        ...

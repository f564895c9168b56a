"""How sealed bytes reach partners and come back: the contract that the broker and the simulated network both keep.

A transport carries `Sealed` and nothing else. It may lose, double and reorder between acceptance and arrival; it
never alters. Everything above it (outbox, inbox, receipts) relies on no more than that.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from tocsin.errors import TocsinError
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.share.topology import Route


class TransportError(TocsinError):
    """The message was not accepted: try again later with the same message."""


class Core(StrEnum):
    """Messages that are never stored: signed heartbeats, and flash copies of urgent products."""

    HEARTBEAT = "heartbeat"
    FLASH = "flash"


class Arrival(Struct, frozen=True):
    """A stored message that arrived, unverified. `origin` is what the subject says; the seal decides.

    `ack` tells the broker to forget it: only after the receiver's own commit. It never raises; when it gets lost
    the message comes again.
    """

    origin: Nation
    route: Route
    via: Nation
    traffic: Traffic
    data: bytes
    ack: Callable[[], Awaitable[None]]


class CoreArrival(Struct, frozen=True):
    """A heartbeat or flash copy that arrived, unverified; nothing to acknowledge."""

    origin: Nation
    route: Route
    kind: Core
    data: bytes


class Transport(Protocol):
    """One nation's end of the exchange."""

    async def send(self, sealed: Sealed, attempt: int = 0) -> tuple[Route, ...]:
        """Store for the recipient on every route that is allowed; returns those that accepted it.

        Many calls may be in flight at once. The same (message, attempt) sent again is stored once; a new
        `attempt` is stored anew (the recipient asked again). TransportError when no route accepted it.
        """
        ...

    async def core(self, kind: Core, recipient: Nation, data: bytes) -> None:
        """Publish unstored on every route. Never raises: what is not heard is noticed by its absence."""
        ...

    def arrivals(self) -> AsyncIterator[Arrival]:
        """Stored messages as they arrive; control before urgent before flow."""
        ...

    def core_arrivals(self) -> AsyncIterator[CoreArrival]:
        """Heartbeats and flash copies; the oldest are dropped when nobody reads."""
        ...

    def paths_up(self, partner: Nation) -> tuple[Route, ...]:
        """Routes over which something of this partner came within the last three seconds."""
        ...

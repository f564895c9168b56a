"""A Transport in memory that misbehaves on purpose and on seed: refuses, loses, doubles, delays and so
reorders.

For tests, and for the simulator's virtual time: it knows no clock but its event loop's, and its chance is
handed in. It never alters a message; neither does a broker, and the seal would tell.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

from msgspec import Struct

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.share.mailbox import Mailbox
from tocsin.share.topology import Route, Topology
from tocsin.share.transport import UP_S, Arrival, TransportError

REMEMBERED = 10_000
"""Message ids that count as known, as a broker's duplicate window bounds them by time."""

MAILBOX = 4_096


class Faults(Struct, frozen=True):
    """Probabilities per message and route; delays uniform up to `delay_s`, what is not acknowledged comes
    again after `again_s`."""

    refuse: float = 0.0
    lose: float = 0.0
    double: float = 0.0
    delay_s: float = 0.0
    again_s: float = 1.0


class LossyNet:
    """All three nations' ends. `chance` gives numbers uniform in [0, 1): the same ones, the same faults."""

    def __init__(self, topology: Topology, faults: Faults, chance: Callable[[], float]) -> None:
        self.topology, self.faults, self.chance = topology, faults, chance
        self.cut: set[tuple[Nation, Nation]] = set()
        """Broken hops (sender, recipient), one way each."""
        self.ends = {nation: LossyEnd(self, nation) for nation in Nation}

    def passes(self, origin: Nation, recipient: Nation, route: Route) -> bool:
        """True when no hop of the way is cut."""
        via = self.topology.via(recipient, route)
        hops = {(origin, via), (via, recipient)} - {(recipient, recipient)}
        return not hops & self.cut


class LossyEnd:
    """One nation's Transport."""

    def __init__(self, net: LossyNet, nation: Nation) -> None:
        self._net, self._nation = net, nation
        self._mail = Mailbox(MAILBOX)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._heard: dict[tuple[Nation, Route], float] = {}

    async def send(self, sealed: Sealed, attempt: int = 0) -> tuple[Route, ...]:
        """See Transport."""
        await asyncio.sleep(0)
        taken = tuple(route for route in self._routes(sealed) if not self._happens(self._net.faults.refuse))
        if not taken:
            raise TransportError("the simulated broker refused it")
        for route in taken:
            key = f"{sealed.message_id}#{attempt}#{route}"
            if key not in self._known:
                self._known[key] = None
                self._carry(sealed, route, stored=True)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return taken

    async def say(self, sealed: Sealed) -> None:
        """See Transport."""
        for route in self._routes(sealed):
            if sealed.traffic is not Traffic.FLOW or route is Route.DIRECT:
                self._carry(sealed, route, stored=False)

    def arrivals(self) -> AsyncIterator[Arrival]:
        """See Transport."""
        return self._mail.arrivals()

    def hold_flow(self, origins: frozenset[Nation]) -> None:
        """See Transport."""
        self._mail.hold_flow(origins)

    def paths_up(self, partner: Nation) -> tuple[Route, ...]:
        """See Transport."""
        now = asyncio.get_running_loop().time()
        return tuple(route for route in Route if now - self._heard.get((partner, route), -UP_S) < UP_S)

    def _routes(self, sealed: Sealed) -> tuple[Route, ...]:
        ways = self._net.topology.routes(self._nation, sealed.recipient)
        return tuple(way for way in ways if way is Route.DIRECT or sealed.by_hub)

    def _happens(self, probability: float) -> bool:
        return self._net.chance() < probability

    def _carry(self, sealed: Sealed, route: Route, *, stored: bool) -> None:
        if self._happens(self._net.faults.lose):
            return
        for _ in range(2 if self._happens(self._net.faults.double) else 1):
            copy = _Copy(self._net, sealed, route, stored=stored)
            copy.later(self._net.faults.delay_s * self._net.chance())

    def take(self, arrival: Arrival) -> None:
        """The network's side: something has come."""
        self._heard[(arrival.origin, arrival.route)] = asyncio.get_running_loop().time()
        self._mail.put(arrival)


class _Copy:
    """One copy under way: comes again until it is acknowledged, if it is of those that are stored."""

    def __init__(self, net: LossyNet, sealed: Sealed, route: Route, *, stored: bool) -> None:
        self._net, self._sealed, self._route, self._stored = net, sealed, route, stored
        self._acknowledged = False

    def later(self, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s, self._come)

    def _come(self) -> None:
        sealed = self._sealed
        if self._acknowledged:
            return
        if self._net.passes(sealed.issuer, sealed.recipient, self._route):
            self._net.ends[sealed.recipient].take(self._arrival())
        if self._stored:
            self.later(self._net.faults.again_s)

    def _arrival(self) -> Arrival:
        sealed, via = self._sealed, self._net.topology.via(self._sealed.issuer, self._route)
        return Arrival(sealed.issuer, self._route, via, sealed.traffic, sealed.data, self._stored, self._ack)

    async def _ack(self) -> None:
        self._acknowledged = True

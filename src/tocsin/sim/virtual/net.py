"""Brokers and the links between them: what is stored arrives, perhaps late, twice or not at all; what is said
may be lost.

As share.transport promises and no better: a transport may lose, double and reorder between acceptance and
arrival. Bits are flipped on the wire too, which a broker never does: the seal must tell. A stored message
waits in its broker while a hop of its way is cut, and comes again until its receiver has acknowledged it.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Protocol

from msgspec import Struct, field

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import MILLISECOND_NS, SECOND_NS
from tocsin.share.streams import ACK_WAIT_S, DEDUPLICATE_S
from tocsin.share.topology import Route, Topology
from tocsin.sim.virtual.time import Timeline

HOP_NS = 5 * MILLISECOND_NS
"""One way between two capitals of the region by cable, about 1,200 km, and two brokers."""

JITTER_NS = 2 * MILLISECOND_NS

REDIAL_NS = SECOND_NS
"""A leaf node dials again after this (EXCHANGE.md: reconnect 1 s)."""

HOUR_NS = 3600 * SECOND_NS

Hop = tuple[Nation, Nation]


class Faults(Struct):
    """What the wire does now; probabilities per copy."""

    lose: float = 0.0
    double: float = 0.0
    reorder: float = 0.0
    """Probability of up to 10 s on top of the way."""
    hour: float = 0.0
    """Probability of an hour on top of the way."""
    flip: float = 0.0
    cut: set[Hop] = field(default_factory=set)
    """Hops that carry nothing, one way each."""
    held: set[Hop] = field(default_factory=set)
    """(issuer, recipient): a thief on the wire keeps the products back and lets control pass."""


class Copy:
    """One copy of one message under way or in a broker. `pressing`: products; control and what is only said
    ask for nothing at once."""

    __slots__ = ("data", "issuer", "pressing", "recipient", "route", "stored")

    def __init__(
        self,
        issuer: Nation,
        recipient: Nation,
        route: Route,
        data: bytes,
        *,
        stored: bool,
        pressing: bool = True,
    ) -> None:
        self.issuer, self.recipient, self.route = issuer, recipient, route
        self.data, self.stored, self.pressing = data, stored, pressing

    def twin(self) -> "Copy":
        """The same once more."""
        return Copy(
            self.issuer, self.recipient, self.route, self.data, stored=self.stored, pressing=self.pressing
        )


def _copy(sealed: Sealed, route: Route, *, stored: bool) -> Copy:
    flow = sealed.traffic is Traffic.FLOW
    pressing = flow or (stored and sealed.traffic is not Traffic.CONTROL)
    return Copy(sealed.issuer, sealed.recipient, route, sealed.data, stored=stored, pressing=pressing)


class Receiver(Protocol):
    """A door as the network sees it."""

    def arrive(self, copy: Copy) -> bool:
        """False when nobody is there to take it."""


class Network:
    """All brokers and links. `count` is told every fault that happened, by name."""

    def __init__(
        self,
        time: Timeline,
        dice: random.Random,
        topology: Topology,
        count: Callable[[str], None],
        trace: Callable[[bytes], None],
    ) -> None:
        self._time, self._dice, self._topology, self._count = time, dice, topology, count
        self._trace = trace
        self.faults = Faults()
        self.down: set[Nation] = set()
        """Nations whose broker is down."""
        self.doors: dict[Nation, Receiver] = {}
        self._known: dict[str, int] = {}
        self._late: list[Copy] = []
        self._parked: list[Copy] = []
        self._hops = {
            (issuer, recipient, route): self._hops_of(issuer, recipient, route)
            for issuer in Nation
            for recipient in topology.partners(issuer)
            for route in topology.routes(issuer, recipient)
        }

    def store(self, sealed: Sealed, attempt: int) -> bool:
        """Transport.send: false when the own broker does not take it."""
        if sealed.issuer in self.down:
            return False
        for route in self._routes(sealed):
            key = f"{sealed.message_id}#{attempt}#{route}"
            if self._time.now - self._known.get(key, -HOUR_NS) < DEDUPLICATE_S * SECOND_NS:
                continue
            self._known[key] = self._time.now
            self._depart(_copy(sealed, route, stored=True))
        if len(self._known) > 20_000:
            self._forget()
        return True

    def say(self, sealed: Sealed) -> None:
        """Transport.say."""
        if sealed.issuer not in self.down:
            direct = sealed.traffic is Traffic.FLOW
            for route in self._routes(sealed):
                if direct and route is not Route.DIRECT:
                    continue
                self._depart(_copy(sealed, route, stored=False))

    def inject(self, issuer: Nation, recipient: Nation, data: bytes) -> None:
        """Bytes of anybody's making, as if `issuer` had stored them."""
        route = self._topology.routes(issuer, recipient)[0]
        self._travel(Copy(issuer, recipient, route, data, stored=True))

    def wake(self) -> None:
        """A hop, a broker or a door is back: what waited for it goes on."""
        parked, self._parked = self._parked, []
        for copy in parked:
            self._time.after(int(self._dice.random() * REDIAL_NS), partial(self._arrive, copy))

    def come_again(self, copy: Copy) -> None:
        """A stored message that was delivered and not acknowledged."""
        self._time.after(ACK_WAIT_S * SECOND_NS, lambda: self._arrive(copy))

    def calm(self) -> None:
        """Every fault is over; what was to take an hour comes now."""
        self.faults, self.down = Faults(), set()
        self.wake()
        late, self._late = self._late, []
        for copy in late:
            self._travel(copy)

    def _routes(self, sealed: Sealed) -> tuple[Route, ...]:
        ways = self._topology.routes(sealed.issuer, sealed.recipient)
        return ways if sealed.by_hub else tuple(way for way in ways if way is Route.DIRECT)

    def _depart(self, copy: Copy) -> None:
        faults, dice = self.faults, self._dice
        if faults.lose and dice.random() < faults.lose:
            return self._count("loss")
        if faults.double and dice.random() < faults.double:
            self._count("duplicate")
            self._travel(copy.twin())
        if faults.flip and dice.random() < faults.flip:
            self._count("bitflip")
            copy.data = flipped(copy.data, dice)
        if faults.hour and copy.stored and dice.random() < faults.hour:
            self._count("delay")
            return self._delay(copy)
        if copy.pressing and (copy.issuer, copy.recipient) in faults.held:
            return self._parked.append(copy)
        return self._travel(copy)

    def _delay(self, copy: Copy) -> None:
        self._late.append(copy)

        def late() -> None:
            if copy in self._late:
                self._late.remove(copy)
                self._travel(copy)

        self._time.after(HOUR_NS, late)

    def _travel(self, copy: Copy) -> None:
        hops = len(self._hops[copy.issuer, copy.recipient, copy.route])
        way_ns = hops * (HOP_NS + int(self._dice.random() * JITTER_NS))
        if self.faults.reorder and self._dice.random() < self.faults.reorder:
            self._count("reorder")
            way_ns += int(self._dice.random() * 10 * SECOND_NS)
        self._time.after(way_ns, partial(self._arrive, copy))

    def _arrive(self, copy: Copy) -> None:
        self._trace(copy.data)
        if not self._cut(copy) and self.doors[copy.recipient].arrive(copy):
            return
        if copy.stored:
            self._parked.append(copy)

    def _cut(self, copy: Copy) -> bool:
        if not self.faults.cut and not self.down:
            return False
        hops = self._hops[copy.issuer, copy.recipient, copy.route]
        return any(hop in self.faults.cut or hop[1] in self.down for hop in hops)

    def _hops_of(self, issuer: Nation, recipient: Nation, route: Route) -> tuple[Hop, ...]:
        via = self._topology.via(recipient, route)
        return ((issuer, via),) if via is recipient else ((issuer, via), (via, recipient))

    def _forget(self) -> None:
        oldest = self._time.now - DEDUPLICATE_S * SECOND_NS
        self._known = {key: at for key, at in self._known.items() if at > oldest}


def flipped(data: bytes, dice: random.Random) -> bytes:
    """One bit of it is another."""
    at = dice.randrange(8 * len(data))
    raw = bytearray(data)
    raw[at // 8] ^= 1 << at % 8
    return bytes(raw)

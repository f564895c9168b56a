"""Three doors, their halls and a bad network in virtual time: the production fold and book, everything else
faulty.

The network loses, doubles and reorders; so does the handoff between hall and door; any door can die between
any two effects and comes back from its book alone.
"""

import random
from hashlib import sha256
from heapq import heappop, heappush
from pathlib import Path

import msgspec
from exchange_samples import NOW, PLANE, key, trust_of
from msgspec import Struct

from tocsin.model.alarm import Alarm
from tocsin.model.handoff import HandedItem, Witnessed
from tocsin.model.label import Nation
from tocsin.model.product import Decision, Import, LinkHealth, Offer, Product, Quarantined, Receipt
from tocsin.model.sealed import Sealed
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import (
    AckOffers,
    Arrived,
    AskCommit,
    CommitmentCame,
    DoorEffect,
    DoorState,
    DoorStimulus,
    HallHas,
    HandOver,
    OffersCame,
    Office,
    Report,
    Send,
    SendAgain,
    Store,
    Tick,
)
from tocsin.node.log_words import LogKey, LogOffice
from tocsin.release._key import ReleaseKey
from tocsin.share.topology import Route, Topology

STEP_NS = 20 * MILLISECOND_NS
LOG_PERIOD_NS = SECOND_NS


def log_key(nation: Nation, generation: int) -> ReleaseKey:
    return ReleaseKey(f"{nation}-log-{generation}", sha256(f"log {nation} {generation}".encode()).digest())


class Crash(Exception):
    """The door's process is gone."""


class Net(Struct):
    """What goes wrong, and how often."""

    loss: float = 0.0
    flash_loss: float = 0.0
    """Of what no broker stores, before it has left."""
    double: float = 0.0
    delay_ms: float = 5.0
    handoff_loss: float = 0.0


class Hall:
    """What the door is promised of a hall: offers kept until acknowledged, items committed once and in
    order."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.offers: list[Offer] = []
        self.acked = 0
        self.items: list[HandedItem] = []
        self.links: tuple[LinkHealth, ...] = ()
        self.alarms: tuple[Alarm, ...] = ()
        self.commitments: dict[tuple[int, int], bytes] = {}
        self.answer: CommitmentCame | None = None
        self.copies = 0
        self.sent_ns = Instant(0)

    def offer(self, product: Product) -> None:
        self.offers.append(Offer(len(self.offers) + 1, product, NOW))

    def take(self, items: tuple[HandedItem, ...]) -> None:
        for item in items:
            if item.number == len(self.items) + 1:
                self.items.append(item)

    def commit(self, asked: AskCommit) -> None:
        """The same answer to the same question; random to whoever has not the salt."""
        key = (asked.generation, asked.number)
        text = f"{self.name} {key}".encode()
        self.commitments.setdefault(key, sha256(text).digest())
        last = max(number for generation, number in self.commitments if generation == asked.generation)
        self.answer = CommitmentCame(*key, self.commitments[key], last)

    def witnessed(self) -> list[Witnessed]:
        return [item.item for item in self.items if isinstance(item.item, Witnessed)]

    def imports(self) -> list[Import]:
        return [item.item for item in self.items if isinstance(item.item, Import)]

    def decisions(self) -> list[Decision]:
        return [item.item for item in self.items if isinstance(item.item, Decision)]

    def receipts(self) -> list[Receipt]:
        return [item.item for item in self.items if isinstance(item.item, Receipt)]

    def quarantined(self) -> list[Quarantined]:
        return [item.item for item in self.items if isinstance(item.item, Quarantined)]


class Door:
    """A door's process: its state is lost in a crash, its book is not."""

    def __init__(self, office: Office, path: Path) -> None:
        self.office, self.path = office, path
        self.start()

    def start(self) -> None:
        self.book = DoorBook(self.path)
        self.state: DoorState = self.book.load(self.office)
        self.handed_ns = Instant(0)
        self.stimuli: list[DoorStimulus] = []

    def crash(self) -> None:
        self.book.close()


class World:
    """`crash_at`: counts effects over all doors; the door that is about to carry that one out dies
    instead."""

    def __init__(
        self,
        folder: Path,
        net: Net,
        seed: int = 1,
        topology: Topology | None = None,
        *,
        logs: bool = False,
    ) -> None:
        self.net, self.dice = net, random.Random(seed)
        self.logs = dict.fromkeys(Nation, 1) if logs else {}
        self.topology = topology or Topology()
        self.now = Instant(NOW)
        self.halls = {nation: Hall(nation) for nation in Nation}
        self.doors = {nation: Door(self._office(nation), folder / f"{nation}.sqlite") for nation in Nation}
        self.crashes: set[int] = set()
        self.effects = 0
        self.cut = False
        self.broken: set[tuple[Nation, Nation, Route]] = set()
        """Ways (from, to, route) that carry nothing."""
        self.mute: set[Nation] = set()
        """Halls that say nothing."""
        self.skew_ns: dict[Nation, int] = {}
        """How far each door's clock is ahead."""
        self.sent: list[Sealed] = []
        self.stored: list[Sealed] = []
        """Of what was sent, what a broker was given to keep."""
        self._air: list[tuple[int, int, Nation, Arrived]] = []
        self._serial = 0

    def _office(self, nation: Nation) -> Office:
        log = None
        if self.logs:
            mine, others = self.logs[nation], {n: g for n, g in self.logs.items() if n is not nation}
            keys = {other: LogKey(number, log_key(other, number).public) for other, number in others.items()}
            log = LogOffice(mine, log_key(nation, mine), keys, LOG_PERIOD_NS)
        return Office(nation, PLANE, self.topology, trust_of(nation), key(nation), log=log)

    def retire(self, nation: Nation) -> None:
        """A new log key for this nation, known to all."""
        self.logs[nation] += 1
        for other, door in self.doors.items():
            door.crash()
            door.office = self._office(other)
            door.start()

    def close(self) -> None:
        for door in self.doors.values():
            door.crash()

    # ---- time
    # ------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        end = self.now + round(seconds * SECOND_NS)
        while self.now < end:
            self.now = Instant(self.now + STEP_NS)
            self._deliver()
            for nation in Nation:
                self._turn(nation)

    def drain(self, seconds: float = 30.0) -> None:
        """Run without faults until nothing is outstanding."""
        self.net, self.crashes, self.cut = Net(), set(), False
        end = self.now + round(seconds * SECOND_NS)
        while self.now < end and not self.settled():
            self.run(0.2)

    def settled(self) -> bool:
        offers = all(hall.acked == len(hall.offers) for hall in self.halls.values())
        backlog = [
            row.backlog
            for door in self.doors.values()
            for (_, t), row in door.state.outs.items()
            if t != "control"
        ]
        return offers and not any(backlog)

    def _deliver(self) -> None:
        while self._air and self._air[0][0] <= self.now:
            _, _, nation, arrived = heappop(self._air)
            self.doors[nation].stimuli.append(msgspec.structs.replace(arrived, at_wall_ns=self.now))

    def _turn(self, nation: Nation) -> None:
        door, hall = self.doors[nation], self.halls[nation]
        stimuli = [*([] if nation in self.mute else self._from_hall(hall)), *door.stimuli, Tick()]
        door.stimuli = []
        door.state, effects = door_step(door.state, stimuli, Instant(self.now + self.skew_ns.get(nation, 0)))
        try:
            for effect in effects:
                self._carry_out(door, hall, effect)
            self._hand_again(door, hall)
        except Crash:
            door.crash()
            door.start()
            self._send_again_all(door)

    def _from_hall(self, hall: Hall) -> list[DoorStimulus]:
        stimuli: list[DoorStimulus] = []
        if not self._dropped():
            stimuli.append(HallHas(len(hall.items), len(hall.items)))
        if hall.answer is not None and not self._dropped():
            stimuli.append(hall.answer)
        hall.answer = None
        if (
            hall.acked < len(hall.offers)
            and self.now - hall.sent_ns > 100 * MILLISECOND_NS
            and not self._dropped()
        ):
            hall.sent_ns = self.now
            stimuli.append(OffersCame(tuple(hall.offers[hall.acked : hall.acked + 200])))
        return stimuli

    # ---- effects
    # ---------------------------------------------------------------------------------------------

    def _carry_out(self, door: Door, hall: Hall, effect: DoorEffect) -> None:
        self.effects += 1
        if self.effects in self.crashes:
            raise Crash
        match effect:
            case Store():
                door.book.commit(effect)
            case AckOffers(upto=upto):
                hall.acked = hall.acked if self._dropped() else upto
            case HandOver(items=items):
                self._hand(hall, items)
            case Send(sealed=sealed, flash=flash, stored=stored):
                self._send(sealed, flash=flash, stored=stored)
            case SendAgain(partner=partner, traffic=traffic, runs=runs):
                for sealed in door.book.overlapping((partner, traffic), runs, 100, door.office, self.now):
                    self._send(sealed)
            case AskCommit():
                if not self._dropped():
                    hall.commit(effect)
            case Report(report=report):
                hall.links, hall.copies, hall.alarms = report.links, report.copies, report.alarms

    def _hand(self, hall: Hall, items: tuple[HandedItem, ...]) -> None:
        if not self._dropped():
            hall.take(items)

    def _hand_again(self, door: Door, hall: Hall) -> None:
        if self.now - door.handed_ns > 200 * MILLISECOND_NS:
            door.handed_ns = self.now
            self._hand(hall, tuple(door.book.handoff(door.state.hall_upto, 500)))

    def _send_again_all(self, door: Door) -> None:
        """What the shell does at start: everything unreceipted goes out once more."""
        for (partner, traffic), _ in door.state.outs.items():
            for sealed in door.book.outbox((partner, traffic), 0, 10_000, door.office, self.now):
                self._send(sealed)

    def _dropped(self) -> bool:
        return self.dice.random() < self.net.handoff_loss

    # ---- network
    # ---------------------------------------------------------------------------------------------

    def _send(self, sealed: Sealed, *, flash: bool = False, stored: bool = True) -> None:
        self.sent.append(sealed)
        if stored and not sealed.fleeting:
            self.stored.append(sealed)
        if flash and self.dice.random() >= self.net.flash_loss:
            self._put(Route.DIRECT, sealed)
        for route in self.topology.routes(sealed.issuer, sealed.recipient) if stored else ():
            if route is Route.DIRECT or sealed.by_hub:
                self._put(route, sealed)
                if self.dice.random() < self.net.double:
                    self._put(route, sealed)

    def _put(self, route: Route, sealed: Sealed) -> None:
        if (sealed.issuer, sealed.recipient, route) in self.broken:
            return
        if self.cut or self.dice.random() < self.net.loss:
            return
        at = self.now + round(self.dice.expovariate(1 / self.net.delay_ms) * MILLISECOND_NS)
        self.inject(Arrived(route, sealed.issuer, sealed.data, self.now), sealed.recipient, at)

    def inject(self, arrived: Arrived, to: Nation, at: int | None = None) -> None:
        """Put bytes of anybody's making on the way to a door."""
        self._serial += 1
        heappush(self._air, (at or self.now, self._serial, to, arrived))

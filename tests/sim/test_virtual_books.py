"""The simulated books against the real ones: the same commits, the same answers, in a stormy world."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node.door_book import DoorBook
from tocsin.node.door_words import DoorState, InRow, Office, Store, Stream
from tocsin.record.ledger import Ledger, Step
from tocsin.record.tick import Tick
from tocsin.share.marks import Run
from tocsin.sim.virtual.disk import BrokenKeyError, Disk
from tocsin.sim.virtual.door_memory import MemoryDoorBook
from tocsin.sim.virtual.hall_memory import MemoryLedger
from tocsin.sim.virtual.plan import Plan
from tocsin.sim.virtual.world import World

T = TypeVar("T")

BREAKING = ("crash-hall", "crash-door", "disk-full", "eio", "loss", "delay", "rotated-key")
PLAN = Plan(
    seed=14, length_s=90.0, storm_every_s=15.0, burst_every_s=20.0, launches_per_day=0.0, faults=BREAKING
)


class BothDoorBooks(MemoryDoorBook):
    """Everything is done to both books; what they answer must be the same."""

    def __init__(self, disk: Disk, path: Path) -> None:
        super().__init__(disk)
        self.real = DoorBook(path)
        self.compared = 0

    def commit(self, store: Store) -> None:
        super().commit(store)
        self.real.commit(store)

    def _same(self, mine: T, real: T) -> T:
        assert mine == real
        self.compared += 1
        return mine

    def load(self, office: Office) -> DoorState:
        mine = super().load(office)
        return self._same(mine, self.real.load(office))

    def outbox(self, stream: Stream, after: int, limit: int, office: Office, now: Instant) -> list[Sealed]:
        real = self.real.outbox(stream, after, limit, office, now)
        return self._same(super().outbox(stream, after, limit, office, now), real)

    def overlapping(
        self, stream: Stream, runs: Sequence[Run], limit: int, office: Office, now: Instant
    ) -> list[Sealed]:
        real = self.real.overlapping(stream, runs, limit, office, now)
        return self._same(super().overlapping(stream, runs, limit, office, now), real)

    def handoff(self, after: int, limit: int) -> list[HandedItem]:
        return self._same(super().handoff(after, limit), self.real.handoff(after, limit))


class BothLedgers(MemoryLedger):
    """The same for the hall's record."""

    def __init__(self, disk: Disk, salts: list[bytes], seen: Callable[[Step], None], path: Path) -> None:
        super().__init__(disk, lambda: salts[-1], seen)
        self.salts, self.number = salts, 0
        self.real = Ledger(path, lambda: self.salts[-1])
        self.compared = 0

    def append(self, step: Step) -> None:
        self.number += 1
        self.salts.append(self.number.to_bytes(32))
        super().append(step)
        self.real.append(step)
        self.same()

    def offers_taken(self, upto: int) -> None:
        super().offers_taken(upto)
        self.real.offers_taken(upto)
        self.same()

    def commit_to(self, generation: int, number: int, at_wall_ns: Instant) -> Tick:
        mine = super().commit_to(generation, number, at_wall_ns)
        assert mine == self.real.commit_to(generation, number, at_wall_ns)
        assert self.ticks() == self.real.ticks()
        return mine

    def same(self) -> None:
        assert self.last_step() == self.real.last_step()
        assert self.head() == self.real.head()
        assert self.offers_open(100) == self.real.offers_open(100)
        assert self.mark("handed") == self.real.mark("handed")
        assert self.mark("offers_taken") == self.real.mark("offers_taken")
        self.compared += 1


def test_the_same_commits_give_the_same_books(tmp_path: Path) -> None:
    """Crashes, full disks and resends included: doors and halls come back with the same from both."""
    world = World(PLAN)
    doors = {n: BothDoorBooks(world.disks[f"door {n}"], tmp_path / f"door-{n}.sqlite") for n in Nation}
    ledgers = {}
    for nation, hall in world.halls.items():
        world.doors[nation].book = doors[nation]
        path = tmp_path / f"hall-{nation}.sqlite"
        ledgers[nation] = BothLedgers(world.disks[f"hall {nation}"], [], hall.ledger._seen, path)
        hall.ledger = ledgers[nation]
    world.run()
    assert not world.observer.broken
    assert sum(book.compared for book in doors.values()) > 15
    assert world.faults["crash-hall"] + world.faults["crash-door"] > 1
    for nation in Nation:
        doors[nation].load(world.office(nation))
        memory = [step.stimuli for step in ledgers[nation].steps()]
        assert memory == [step.stimuli for step in ledgers[nation].real.steps()]
        doors[nation].real.close()
        ledgers[nation].real.close()


def test_a_sequence_seen_twice_breaks_the_book_in_memory_too() -> None:
    world = World(PLAN)
    world.run()
    tables = world.doors[Nation.KOR].book.tables
    origin, traffic, sequence = next(iter(tables.inbox))
    row = InRow(origin, traffic, sequence, 10**9, Instant(0), Instant(0), "direct", b"")
    with pytest.raises(BrokenKeyError):
        world.doors[Nation.KOR].book.commit(Store(Instant(0), rows_in=(row,)))

"""One turn of the hall, committed: stimuli in, fold, record, effects out. The same code for live, drill and
demo.

Effects are handed back only after the step stands in the record: nobody is told what a crash could take back.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import astuple

from tocsin.model.handoff import HandedItem, Witnessed
from tocsin.model.product import Import, Quarantined
from tocsin.model.time import Instant
from tocsin.node.canonical import digest
from tocsin.node.hall_words import (
    Forgot,
    HallEffect,
    HallState,
    HallStimulus,
    HandedIn,
    Offered,
)
from tocsin.node.pipeline import hall_step
from tocsin.node.snapshot import Cadence, freeze
from tocsin.record.ledger import Entry, Imported, ImportKey, Step, Ticks
from tocsin.record.tick import Tick

Fold = Callable[[HallState | None, Sequence[HallStimulus], Instant], tuple[HallState, tuple[HallEffect, ...]]]
"""`hall_step`, or a simulation's own around it."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_OFFER = msgspec.msgpack.Encoder(order="deterministic")


def entry(word: HallStimulus | HallEffect) -> Entry:
    """A stimulus or effect as it stands in the record."""
    return Entry(str(type(word).__struct_config__.tag), _ENCODER.encode(word).decode())


class HallBook(Protocol):
    """What a hall asks of its record (record.ledger.Ledger): every call is on disk when it returns."""

    def append(self, step: Step) -> None:
        """Commit one step with all that belongs to it, or nothing of it."""

    def imported(self, keys: Iterable[ImportKey]) -> frozenset[ImportKey]:
        """Those of these products that the record holds."""

    def mark(self, name: str) -> int:
        """`handed` (by the door) or `offers_taken` (by the door); 0 before the first."""

    def last_step(self) -> int:
        """Number of the last committed step; 0 for a new record."""

    def offers_taken(self, upto: int) -> None:
        """The door has committed every offer up to this number."""

    def unproven(self) -> int:
        """The last offer of the record when the door had not said yet how far it has come."""

    def proven(self) -> None:
        """It has said it, and the record is no old copy."""

    def offers_open(self, most: int) -> list[tuple[int, bytes]]:
        """The first `most` offers that the door has not acknowledged, in order."""

    def commit_to(self, generation: int, number: int, at_wall_ns: Instant) -> Tick:
        """Commit to the head for a leaf of the national log."""

    def ticks(self) -> Ticks:
        """How far the commitments reach."""


class Turner:
    """Runs the fold over a record. `state` is what was last committed; `wall` gives the wall clock."""

    def __init__(
        self,
        ledger: HallBook,
        state: HallState | None,
        last_now: Instant,
        wall: Callable[[], int] = time.time_ns,
        fold: Fold = hall_step,
    ) -> None:
        self.ledger = ledger
        self.state = state
        self.last_now = last_now
        self._wall, self._fold = wall, fold
        self._cadence = Cadence()

    def turn(
        self, stimuli: Sequence[HallStimulus], now: Instant, arrived_wall_ns: Instant
    ) -> tuple[HallEffect, ...]:
        """Run one step and commit it. `now` never goes back: a clock that does is held at the last step's."""
        now = max(now, self.last_now)
        stimuli = [
            self._once(word, arrived_wall_ns) if isinstance(word, HandedIn) else word for word in stimuli
        ]
        began_s = time.perf_counter()
        state, effects = self._fold(self.state, stimuli, now)
        sha256 = digest(state)
        frozen = freeze(state) if self._cadence.due(time.perf_counter() - began_s) else None
        handed = [item for s in stimuli if isinstance(s, HandedIn) for item in s.items]
        forgot = next((word for word in stimuli if isinstance(word, Forgot)), None)
        self.ledger.append(
            Step(
                step=state.step,
                now_ns=now,
                arrived_wall_ns=arrived_wall_ns,
                stepped_wall_ns=Instant(self._wall()),
                state_sha256=sha256,
                stimuli=tuple(entry(word) for word in stimuli),
                effects=tuple(entry(word) for word in effects),
                offers=tuple(
                    (e.offer.number, _OFFER.encode(e.offer)) for e in effects if isinstance(e, Offered)
                ),
                imports=tuple(_imported(item.item) for item in handed if isinstance(item.item, Import)),
                handed_upto=_handed_upto(handed, forgot),
                offers_taken=forgot.offered if forgot else None,
                checkpoints=tuple(astuple(row.item) for row in handed if isinstance(row.item, Witnessed)),
                snapshot=frozen,
            )
        )
        self.state, self.last_now = state, now
        return effects

    def _once(self, handed: HandedIn, at_wall_ns: Instant) -> HandedIn:
        """What the record holds already is told and taken no more: a door whose book is an old copy does not
        know what it has handed over, and is sent it again.
        """
        came = [item.item for item in handed.items if isinstance(item.item, Import)]
        taken = set(self.ledger.imported(map(_key, came)))
        items: list[HandedItem] = []
        for item in handed.items:
            if isinstance(item.item, Import):
                again, key = item.item, _key(item.item)
                item = _told_again(item, again, at_wall_ns) if key in taken else item
                taken.add(key)
            items.append(item)
        return HandedIn(tuple(items))


def _handed_upto(handed: Sequence[HandedItem], forgot: Forgot | None) -> int | None:
    marks = [item.number for item in handed[-1:]] + ([forgot.handed] if forgot else [])
    return max(marks, default=None)


def contiguous(items: Sequence[HandedItem], upto: int) -> tuple[HandedItem, ...]:
    """Those of `items` that follow on from `upto` without a gap; repeats are dropped, what is past a gap
    waits for the door to send it again.
    """
    taken: list[HandedItem] = []
    for item in items:
        if item.number == upto + 1:
            taken.append(item)
            upto += 1
    return tuple(taken)


def _key(item: Import) -> ImportKey:
    return item.origin, item.traffic, item.sequence


def _told_again(handed: HandedItem, item: Import, at_wall_ns: Instant) -> HandedItem:
    detail = f"{item.traffic} {item.sequence} stands in the record: the door's book is an old copy"
    return HandedItem(handed.number, Quarantined("replayed", str(item.origin), detail, at_wall_ns))


def _imported(item: Import) -> Imported:
    return Imported(item.origin, item.traffic, item.sequence, item.issued_wall_ns)

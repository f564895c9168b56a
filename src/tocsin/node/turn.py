"""One turn of the hall, committed: stimuli in, fold, record, effects out. The same code for live, drill and
demo.

Effects are handed back only after the step stands in the record: nobody is told what a crash could take back.
"""

import time
from collections.abc import Sequence

import msgspec
from msgspec.structs import astuple

from tocsin.model.handoff import HandedItem, Witnessed
from tocsin.model.product import Import
from tocsin.model.time import Instant
from tocsin.node.canonical import digest
from tocsin.node.hall_words import (
    HallEffect,
    HallState,
    HallStimulus,
    HandedIn,
    Offered,
)
from tocsin.node.pipeline import hall_step
from tocsin.node.snapshot import Cadence, freeze
from tocsin.record.ledger import Entry, Imported, Ledger, Step

_ENCODER = msgspec.json.Encoder(order="deterministic")
_OFFER = msgspec.msgpack.Encoder(order="deterministic")


def entry(word: HallStimulus | HallEffect) -> Entry:
    """A stimulus or effect as it stands in the record."""
    return Entry(str(type(word).__struct_config__.tag), _ENCODER.encode(word).decode())


class Turner:
    """Runs the fold over a record. `state` is what was last committed."""

    def __init__(self, ledger: Ledger, state: HallState | None, last_now: Instant) -> None:
        self.ledger = ledger
        self.state = state
        self.last_now = last_now
        self._cadence = Cadence()

    def turn(
        self, stimuli: Sequence[HallStimulus], now: Instant, arrived_wall_ns: Instant
    ) -> tuple[HallEffect, ...]:
        """Run one step and commit it. `now` never goes back: a clock that does is held at the last step's."""
        now = max(now, self.last_now)
        began_s = time.perf_counter()
        state, effects = hall_step(self.state, stimuli, now)
        sha256 = digest(state)
        frozen = freeze(state) if self._cadence.due(time.perf_counter() - began_s) else None
        handed = [item for s in stimuli if isinstance(s, HandedIn) for item in s.items]
        self.ledger.append(
            Step(
                step=state.step,
                now_ns=now,
                arrived_wall_ns=arrived_wall_ns,
                stepped_wall_ns=Instant(time.time_ns()),
                state_sha256=sha256,
                stimuli=tuple(entry(word) for word in stimuli),
                effects=tuple(entry(word) for word in effects),
                offers=tuple(
                    (e.offer.number, _OFFER.encode(e.offer)) for e in effects if isinstance(e, Offered)
                ),
                imports=tuple(_imported(item.item) for item in handed if isinstance(item.item, Import)),
                handed_upto=handed[-1].number if handed else None,
                checkpoints=tuple(astuple(row.item) for row in handed if isinstance(row.item, Witnessed)),
                snapshot=frozen,
            )
        )
        self.state, self.last_now = state, now
        return effects


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


def _imported(item: Import) -> Imported:
    return Imported(item.origin, item.traffic, item.sequence, item.issued_wall_ns)

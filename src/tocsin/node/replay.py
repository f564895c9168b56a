"""Running a record again: recorded stimuli at their recorded `now` through the production fold.

`tocsin replay` runs all of it; a restarting hall begins at its newest snapshot.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec

from tocsin.errors import UserError
from tocsin.model.time import Instant
from tocsin.node.canonical import digest
from tocsin.node.hall_words import HallState, HallStimulus
from tocsin.node.pipeline import hall_step
from tocsin.node.snapshot import thaw
from tocsin.node.turn import Fold
from tocsin.record.ledger import Step

_DECODER: msgspec.json.Decoder[HallStimulus] = msgspec.json.Decoder(HallStimulus)


class Record(Protocol):
    """A record to run again (record.ledger.LedgerReader)."""

    def steps(self, first: int = 1) -> Iterator[Step]:
        """Recorded steps in order, without their effects."""

    def snapshots(self) -> Iterator[tuple[Step, bytes]]:
        """The newest first: the step (without stimuli and effects) and the state after it."""


class Replayed(NamedTuple):
    """One step run again: the state it gave, and whether its hash is the recorded one."""

    step: int
    now_ns: Instant
    state: HallState
    recorded: bytes
    got: bytes

    @property
    def same(self) -> bool:
        """The picture is the same, bit for bit."""
        return self.recorded == self.got


def replay(ledger: Record, state: HallState | None = None, fold: Fold = hall_step) -> Iterator[Replayed]:
    """Every step of the record, or those after `state`. UserError for a record whose text this tocsin cannot
    read.
    """
    for step in ledger.steps(1 if state is None else state.step + 1):
        try:
            stimuli = [_DECODER.decode(entry.body) for entry in step.stimuli]
        except msgspec.DecodeError as error:
            raise UserError(
                f"step {step.step} of the record cannot be read ({error})",
                fix="replay it with the tocsin version named in its `about` table",
            ) from error
        state, _ = fold(state, stimuli, step.now_ns)
        yield Replayed(step.step, step.now_ns, state, step.state_sha256, digest(state))


def rebuild(ledger: Record, fold: Fold = hall_step) -> tuple[HallState | None, Instant]:
    """The state after the last committed step and its `now`: how a hall comes back after a crash. From the
    newest snapshot that is what its step's hash says, else from the beginning.
    """
    state, now = _newest_snapshot(ledger)
    newest = deque(replay(ledger, state, fold), maxlen=1)
    return (newest[0].state, newest[0].now_ns) if newest else (state, now)


def _newest_snapshot(ledger: Record) -> tuple[HallState | None, Instant]:
    for step, frozen in ledger.snapshots():
        state = thaw(frozen, step.state_sha256)
        if state is not None and state.step == step.step:
            return state, step.now_ns
    return None, Instant(0)

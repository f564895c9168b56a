"""The door's fold: offers -> release -> partners, partners -> verified -> hall. The other half of
node.pipeline.

It stands in a file of its own so that the door's process loads no tracker and the hall's no release: what is
not in a process cannot be called there. Pure: no clock, socket or file; node.door brings stimuli and carries
out effects.
"""

from collections.abc import Sequence

from tocsin.model.time import Instant
from tocsin.node import door_trust, hearing, logs, notary, releasing, speaking
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import (
    Arrived,
    CommitmentCame,
    Disk,
    DoorEffect,
    DoorState,
    DoorStimulus,
    HallHas,
    OffersCame,
    Officed,
)


def door_step(
    state: DoorState, stimuli: Sequence[DoorStimulus], now: Instant
) -> tuple[DoorState, tuple[DoorEffect, ...]]:
    """One turn of the door; `now` is wall time. A `Store` among the effects is first and is committed
    first."""
    turn = Turn(state, now)
    for stimulus in stimuli:
        if isinstance(stimulus, Officed):
            door_trust.take_office(turn, stimulus.office)
        elif isinstance(stimulus, HallHas):
            hearing.take_hall(turn, stimulus)
        elif isinstance(stimulus, Disk):
            turn.full = stimulus.full
    offered = [stimulus for stimulus in stimuli if isinstance(stimulus, OffersCame)]
    releasing.store_overdue(turn)
    releasing.release_due(turn)
    if offered:
        releasing.take_offers(turn, offered)  # together: one signature for a micro-batch
    for stimulus in stimuli:
        if isinstance(stimulus, Arrived):
            hearing.take_arrival(turn, stimulus)
        elif isinstance(stimulus, CommitmentCame):
            notary.take_commitment(turn, stimulus)
    logs.due(turn)
    speaking.speak(turn)
    return turn.done()

"""A hall whose record is older than its past: restored from a copy. Nothing that partners know is named
twice.

The door knows better, and is asked at every start before anything is offered (node.hall_door). Where it has
taken more than the record holds, the hall goes on beyond: with the numbers of its offers, and BEYOND further
with those of tracks and products, since a partner passes over what is older than what it has. Pure.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.product import Offer, Product
from tocsin.model.time import Instant
from tocsin.model.warning import SharedWarning
from tocsin.node.hall_words import Forgot, HallState, HallStimulus, Shared

BEYOND = 100_000
"""Tracks, and products of each of them, that a restored hall leaves out: a day of one product a second. Own
choice, that of the doors (node.restored)."""

HANDOFF = "handoff"
"""Source of the alarm that tells of it; it stands until the next start."""


def beyond(
    state: HallState, stimuli: Sequence[HallStimulus], now: Instant
) -> tuple[HallState, tuple[Product, ...]]:
    """The state that goes on past what was forgotten, if anything was, and what has to be offered again."""
    forgot = next((word for word in stimuli if isinstance(word, Forgot)), None)
    return (state, ()) if forgot is None else _beyond(state, forgot, now)


def _beyond(state: HallState, forgot: Forgot, now: Instant) -> tuple[HallState, tuple[Product, ...]]:
    lost = max(forgot.offered - state.counts.offered, 0)
    detail = (
        f"this record is an old copy: the door has offers up to {forgot.offered} and handed over items to "
        f"{forgot.handed}. {lost} offers that the door has and what partners sent in between are not in it; "
        "ask partners for their warnings by voice. It goes on beyond those numbers"
    )
    alarm = Alarm(AlarmKind.OLD_BACKUP, "record", detail, now)
    after = replace(
        state,
        counts=replace(state.counts, offered=max(state.counts.offered, forgot.offered)),
        tracker=replace(state.tracker, next_number=state.tracker.next_number + BEYOND),
        shared={name: _shared(row) for name, row in state.shared.items()},
        sensors_told={
            name: replace(told, sequence=told.sequence + BEYOND) for name, told in state.sensors_told.items()
        },
        alarms={**state.alarms, HANDOFF: (alarm,)},
    )
    return after, tuple(_again(offer) for offer in forgot.again)


def _shared(row: Shared) -> Shared:
    shown = replace(row.shown, sequence=row.shown.sequence + BEYOND)
    return replace(row, sequence=row.sequence + BEYOND, shown=shown)


def _again(offer: Offer) -> Product:
    """Under a sequence that none of the forgotten ones has. A warning's is the serial of what was told to the
    public, and stays."""
    product = offer.product
    if isinstance(product, SharedWarning):
        return product
    return replace(product, sequence=product.sequence + BEYOND)

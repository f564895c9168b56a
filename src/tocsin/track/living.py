"""What happened to a track lately, in the words of the table of lives."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from tocsin.earth.flight import fall
from tocsin.earth.frames import ecef_to_geodetic
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import Life, Phase
from tocsin.track.life import (
    AFTER_IMPACT_S,
    ENDED,
    MISSED_LEAST_S,
    MISSED_PERIODS,
    NEAR_GROUND_M,
    TENTATIVE_LEAST_S,
    TENTATIVE_PERIODS,
    UNKNOWN_KEPT_S,
    UNSEEN_THRUST_S,
    Happening,
)
from tocsin.track.life import after as life_after
from tocsin.track.record import Record, estimate
from tocsin.track.rows import instant, rows_of
from tocsin.track.start import kind_of, only_sights, sure

QUIET_S: Final = 3.0  # seen so lately, nothing is predicted for it


def lived(record: Record, now: Instant, periods_s: Sequence[float], base_ns: Instant) -> Record:
    """The record's life and kind at `now`."""
    period_s = max(periods_s[i] for i in record.sensors)
    record = _predicted_down(record, now, base_ns)
    happening = _happening(record, now, period_s)
    if happening is None:
        return record
    life = life_after(record.life, happening)
    first = life is Life.CONFIRMED and record.confirmed_ns is None
    record = replace(record, life=life, confirmed_ns=now if first else record.confirmed_ns)
    return (
        record
        if life in ENDED or life is Life.TENTATIVE
        else replace(record, kind=kind_of(record, estimate(record)[0]))
    )


def _happening(record: Record, now: Instant, period_s: float) -> Happening | None:
    unseen_s = seconds_between(record.last_ns, now)
    if record.life is Life.TENTATIVE:
        if sure(record, only_sights(rows_of(record.rows))):
            return Happening.SURE
        return Happening.MISSED if unseen_s > max(TENTATIVE_LEAST_S, TENTATIVE_PERIODS * period_s) else None
    if record.down_ns is not None and now > record.down_ns and _seen_down(record):
        return Happening.GROUND
    grace_s = AFTER_IMPACT_S if record.phase is Phase.COAST else UNSEEN_THRUST_S
    if record.down_ns is not None and now > after(record.down_ns, grace_s):
        return Happening.GONE
    if record.phase is not Phase.COAST and unseen_s > UNKNOWN_KEPT_S:
        return Happening.GONE
    return Happening.MISSED if unseen_s > max(MISSED_LEAST_S, MISSED_PERIODS * period_s) else Happening.SEEN


def _predicted_down(record: Record, now: Instant, base_ns: Instant) -> Record:
    """When an object that is not seen any more would be down; computed once for an estimate."""
    if (
        record.life is Life.TENTATIVE
        or record.down_ns is not None
        or seconds_between(record.last_ns, now) < QUIET_S
    ):
        return record
    end = fall(estimate(record)[0].x)
    return replace(record, down_ns=instant(base_ns, record.head_s + end.time_s)) if end.hit else record


def _seen_down(record: Record) -> bool:
    """Was the last estimate from sensors near the ground, and of a falling object?"""
    return (
        record.phase is Phase.COAST and float(ecef_to_geodetic(estimate(record)[0].x[:3])[2]) < NEAR_GROUND_M
    )

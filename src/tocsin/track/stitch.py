"""Two tracks of one nation that turn out to be one object: a new one where an old one was lost from sight,
or twins.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.gauss import chi2_gate
from tocsin.model.time import Instant
from tocsin.model.track import Life, Phase
from tocsin.track.life import ENDED
from tocsin.track.motion import distance2, rises_anew, under_ground
from tocsin.track.record import Record, at, estimate
from tocsin.track.rows import rows_of
from tocsin.track.solve import update

Array = NDArray[np.float64]

GATE: Final = chi2_gate(6, 0.999)
OVERLAP_NS: Final = 2_000_000_000
REBORN_NS: Final = 5_000_000_000
TWIN_SEEN_S: Final = 3.0
TWIN_M: Final = 10e3  # twins lie no further apart than the vaguest of them wanders


def joined(records: Sequence[Record], table: Array, base_ns: Instant) -> list[Record]:
    """The records with every stitched pair made one, which keeps the older one's number."""
    kept = list(records)
    for new in [record for record in records if record.confirmed_ns is not None and record.number == 0]:
        old = [record for record in kept if _may_precede(record, new)]
        near = [record for record in old if _distance(record, new) < GATE]
        if len(near) == 1:
            kept = [record for record in kept if record is not new and record is not near[0]]
            kept.append(_handed_over(near[0], new, table, base_ns))
    for one, other in combinations([record for record in kept if record.life is Life.CONFIRMED], 2):
        if one in kept and other in kept and _twins(one, other):
            kept = [record for record in kept if record is not one and record is not other]
            kept.append(_merged(one, other, table, base_ns))
    return sorted(kept, key=lambda record: (record.number == 0, record.number, record.first_ns, record.rows))


def _may_precede(old: Record, new: Record) -> bool:
    if old.number == 0 or old.life in ENDED or old.last_ns > new.first_ns + OVERLAP_NS:
        return False
    apart_ns = new.first_ns - old.last_ns
    return apart_ns < REBORN_NS or not rises_anew(estimate(old)[0].x, estimate(new)[0].x)


def _distance(one: Record, other: Record) -> float:
    time_s = max(one.head_s, other.head_s)
    first, second = at(one, time_s), at(other, time_s)
    if under_ground(first.x) or under_ground(second.x):
        return float("inf")
    return distance2(first, second)[0]


def _handed_over(old: Record, new: Record, table: Array, base_ns: Instant) -> Record:
    """The old one's name and history on the new one's estimate; a known coast takes the new plots in
    instead.
    """
    if old.phase is Phase.COAST:
        longer = update(old, rows_of(new.rows), table, base_ns)
        if longer.phase is Phase.COAST:
            return replace(longer, life=Life.CONFIRMED)
    return replace(
        new,
        number=old.number,
        first_ns=old.first_ns,
        confirmed_ns=old.confirmed_ns,
        plots=old.plots + new.plots,
        early=old.early or new.early,
        sensors=tuple(sorted({*old.sensors, *new.sensors})),
        kind=old.kind if old.kind == "ballistic" else new.kind,
    )


def _twins(one: Record, other: Record) -> bool:
    """Do different sensors follow the same object as two?"""
    if _recent_sensors(one) & _recent_sensors(other):
        return False
    time_s = max(one.head_s, other.head_s)
    first, second = at(one, time_s), at(other, time_s)
    near = float(np.linalg.norm(first.x[:3] - second.x[:3])) < TWIN_M
    return near and distance2(first, second)[0] < GATE


def _recent_sensors(record: Record) -> frozenset[int]:
    rows = rows_of(record.rows)
    return frozenset(int(i) for i in rows[rows[:, 0] > record.head_s - TWIN_SEEN_S, 2])


def _merged(one: Record, other: Record, table: Array, base_ns: Instant) -> Record:
    old, new = sorted((one, other), key=lambda record: (record.number == 0, record.number, record.first_ns))
    if old.phase is not Phase.COAST and new.phase is Phase.COAST:
        return _handed_over(old, update(new, rows_of(old.rows), table, base_ns), table, base_ns)
    return update(old, rows_of(new.rows), table, base_ns)

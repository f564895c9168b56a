"""Young objects of a group whose rows are given out anew, as long as it is not settled whose they are.

Neighbours that a radar can hardly part get each other's plots in their first looks. What all looks say
together (`sweep`) is better than what each said in its turn, so that the rows of a group's young members, and
those that wait beside them, are looked at again with every look.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.time import Instant
from tocsin.model.track import Life
from tocsin.track.group import LEAST, falling, frames
from tocsin.track.life import ENDED
from tocsin.track.nursery import ALIKE_MPS, HITS_NEAR, HOLD_S, NEAR_M
from tocsin.track.record import GROUP, Record
from tocsin.track.rows import merged, rows_of, unpack
from tocsin.track.solve import rebuilt
from tocsin.track.sweep import sweep

Array = NDArray[np.float64]
Index = NDArray[np.int64]

YOUNG_S: Final = (
    30.0  # rows of so long are given out anew; afterwards an object is known better than its plots
)


def regroup(
    records: list[Record],
    waiting: Array,
    table: Array,
    periods_s: Sequence[float],
    step_s: tuple[float, float],
    base_ns: Instant,
) -> tuple[list[Record], Array]:
    """The records and the rows that wait, after a look at whose rows are whose; `step_s`: from when to when
    this step goes. Families of which no look became whole meanwhile are left as they are.
    """
    records = list(records)
    for sensor in sorted({record.sensors[0] for record in records if _young(record)}):
        for family in _families(records, sensor):
            waiting = _again(records, family, waiting, table, periods_s[sensor], step_s, base_ns)
    kept = [record for record in records if record.number or record.life is not Life.LOST]
    return kept, waiting


def _young(record: Record) -> bool:
    if (
        len(record.group) != 8 * GROUP
        or record.filtered
        or record.resumed
        or record.life in ENDED
        or not record.start
    ):
        return False
    rows = rows_of(record.rows)
    return len(record.sensors) == 1 and bool(rows[-1, 0] - rows[0, 0] < YOUNG_S)


def _families(records: Sequence[Record], sensor: int) -> list[list[int]]:
    """Indices of one radar's young records that move alike."""
    left = [i for i, record in enumerate(records) if _young(record) and record.sensors == (sensor,)]
    found: list[list[int]] = []
    while len(left) >= LEAST:
        places, velocities = _motions([records[i] for i in left])
        off = np.linalg.norm(velocities - np.median(velocities, axis=0), axis=1)
        first = int(np.argmin(off))
        near = np.linalg.norm(places - places[first], axis=1) < NEAR_M
        near &= np.linalg.norm(velocities - velocities[first], axis=1) < ALIKE_MPS
        near[first] = True  # so that fewer are left each time, whatever the numbers
        family = [i for i, alike in zip(left, near, strict=True) if alike]
        left = [i for i, alike in zip(left, near, strict=True) if not alike]
        if len(family) >= LEAST:
            found.append(family)
    return found


def _motions(records: Sequence[Record]) -> tuple[Array, Array]:
    """Places at their starts (n, 3), and what their group said of their local velocities (n, 3) at the last
    of these.
    """
    places = np.array([unpack(record.start, -1)[:3] for record in records])
    told = np.array([unpack(record.group, GROUP) for record in records])
    late = (told[:, 4].max() - told[:, 4])[:, None]
    return places, np.einsum("nij,nj->ni", frames(places), told[:, :3] + falling(places, told[:, :3]) * late)


def _again(
    records: list[Record],
    family: list[int],
    waiting: Array,
    table: Array,
    period_s: float,
    step_s: tuple[float, float],
    base_ns: Instant,
) -> Array:
    """Give a family's rows out anew, in place; the rows that wait then."""
    sensor, whole_s = records[family[0]].sensors[0], step_s[1] - HOLD_S
    loose = (waiting[:, 2] == sensor) & (waiting[:, 0] <= whole_s)
    parts = [rows_of(records[i].rows) for i in family] + [waiting[loose]]
    owners = np.repeat([*range(len(family)), -1], [len(part) for part in parts])
    rows = np.concatenate(parts)
    order = np.lexsort((rows[:, 3], rows[:, 0]))
    rows, owners = np.ascontiguousarray(rows[order]), owners[order]
    old = rows[:, 0] <= whole_s
    if not np.any(old & (rows[:, 0] > step_s[0] - HOLD_S)):
        return waiting
    mode, mode_s, sigma = _told([records[i] for i in family])
    after = owners.copy()
    after[old], states = sweep(
        np.ascontiguousarray(rows[old]), owners[old], table, period_s, mode, mode_s, sigma
    )
    for k, i in enumerate(family):
        if np.array_equal(after == k, owners == k):
            continue
        mine = np.ascontiguousarray(rows[after == k])
        if len(mine) < HITS_NEAR:
            after[after == k] = -1
            records[i] = replace(records[i], life=Life.MERGED if records[i].number else Life.LOST)
        else:
            state_s = float(mine[mine[:, 0] <= whole_s, 0].max(initial=mine[0, 0]))
            records[i] = rebuilt(records[i], mine, states[k], state_s, table, base_ns)
    return merged(waiting[~loose], rows[after < 0])


def _told(records: Sequence[Record]) -> tuple[Array, float, float]:
    """The group's local velocity, at what time, and the median sigma."""
    told = np.array([unpack(record.group, GROUP) for record in records])
    _, velocities = _motions(records)
    return np.median(velocities, axis=0), float(told[:, 4].max()), float(np.median(told[:, 3]))

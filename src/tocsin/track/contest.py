"""Young objects that may have each other's plots: their rows are given out anew with every look, all looks
together, and shared by probability where nobody knows whose is whose.

The filter shares a look's plots when it comes (`shares`). Least squares over all rows can do better: what
later looks say of earlier ones counts, too, and two that were mixed up before their velocities were known are
parted. A record's `rows` hold, for a look that it shares, one row that is mixed of its plots: their mean as
the object would have made it, with variances that hold their spread. What came stays in `bare`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.track import Phase
from tocsin.track.dispute import Shared, mean_and_spread, parted, shared, unsure
from tocsin.track.paths import NOBODY, Path, along, begun, fitted
from tocsin.track.record import Record, estimate
from tocsin.track.rows import LOS, MIXED, RADAR, merged, pack, rows_of
from tocsin.track.shares import LEAST, MOST

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NEAR_SIGMAS: Final = 6.0  # of both places and a plot: who is further apart has no plot of the other's
LATELY_S: Final = 20.0  # who was not seen for so long has had no plot of another's lately
LEAST_ROWS: Final = 2  # fewer are no flight
SHARED_ROWS: Final = 4  # with fewer each, who is who is a guess: no row is shared yet
MOST_ROWS: Final = 600  # of a group: six objects, a look a second, 100 s of least squares
COST: Final = 3.0  # of each of a group but the first, in estimates (see `work`): some 3 ms


class _Pool(NamedTuple):
    """A group's rows in order of time, and which of them are whose: `own` (objects, looks)."""

    rows: Array
    own: Index


def contested(
    records: list[Record], new: dict[int, Array], table: Array, periods_s: Sequence[float], room: float
) -> float:
    """Give the rows of young objects that are close together out anew, in place; `new`: rows (n, ROW) that
    came for records (indices). What is left of the `room` for estimates.
    """
    with np.errstate(all="ignore"):  # absurd plots: what is made of them is looked at
        groups = _groups(records, new, table)
    for group in groups:
        rows = {i: _pooled(records[i], new.get(i)) for i in group}
        group = [i for i in group if len(rows[i]) >= LEAST_ROWS and np.all(rows[i][:, 1] == RADAR)]
        price = COST * (len(group) - 1)
        if 0.0 < price <= room and sum(len(rows[i]) for i in group) <= MOST_ROWS:
            room -= price
            _given_out(records, new, group, _by_look([rows[i] for i in group], periods_s), table)
    return room


def bare_rows(record: Record) -> Array:
    """A record's rows as they came."""
    rows = rows_of(record.rows)
    came = {(row[2], row[3]): row for row in rows_of(record.bare)}
    for n in np.flatnonzero(rows[:, 1] == MIXED):
        rows[n] = came.get((rows[n, 2], rows[n, 3]), rows[n])
    return rows


def _pooled(record: Record, new: Array | None) -> Array:
    rows = bare_rows(record)
    return rows if new is None else merged(rows, new)


def _young(record: Record) -> bool:
    """May it have been mixed up? Least squares over all its rows, no prior but what any object may do."""
    return bool(record.rows) and not (record.filtered or record.resumed or record.group or record.anchor)


def _groups(records: Sequence[Record], new: dict[int, Array], table: Array) -> list[list[int]]:
    """Indices of records by group: those with new rows, and whoever is near to one of a group."""
    young = sorted(i for i in new if _young(records[i]))
    if not young:
        return []
    now_s = max(float(new[i][-1, 0]) for i in young)
    left = [i for i, one in enumerate(records) if _young(one) and one.head_s > now_s - LATELY_S]
    if len(left) < 2:
        return []
    spots = [_spot(records[i], now_s, table) for i in left]
    places, spread = np.array([spot[0] for spot in spots]), np.array([spot[1] for spot in spots])
    at, open_ = {i: k for k, i in enumerate(left)}, np.ones(len(left), dtype=np.bool_)
    found: list[list[int]] = []
    for first in young:
        if first not in at or not open_[at[first]]:
            continue
        group = [at[first]]
        open_[group] = False
        for k in group:
            near = np.flatnonzero(open_ & _near(places, spread, k))[: MOST - len(group)]
            open_[near] = False
            group += near.tolist()
        if len(group) > 1:
            found.append([left[k] for k in group])
    return found


def _spot(record: Record, now_s: float, table: Array) -> tuple[Array, float]:
    """Place (3,), flown straight on to a time, and its variance with a plot's (m^2)."""
    now, dt_s, last = estimate(record)[0], now_s - record.head_s, rows_of(record.rows)[-1]
    entry = table[int(last[2])]
    plot_m = 0.0 if last[1] == LOS else last[4] * max(entry[1], entry[2])
    spread = np.trace(now.p[:3, :3]) + dt_s**2 * np.trace(now.p[3:6, 3:6])
    return now.x[:3] + dt_s * now.x[3:6], float(spread + plot_m**2)


def _near(places: Array, spread: Array, k: int) -> NDArray[np.bool_]:
    """Who (n,) may have a plot of the k-th: all at once, for clutter makes hundreds of young ones."""
    off2 = np.sum((places - places[k]) ** 2, axis=1)
    return np.asarray(off2 < NEAR_SIGMAS**2 * (spread + spread[k]))


def _by_look(parts: Sequence[Array], periods_s: Sequence[float]) -> _Pool:
    """Objects' rows by look; a look gives each at most one."""
    rows = np.concatenate(parts)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.lexsort((rows[:, 3], rows[:, 2], rows[:, 0]))
    rows, owner = np.ascontiguousarray(rows[order]), owner[order]
    looks: list[dict[int, int]] = []
    current: dict[int, tuple[float, dict[int, int]]] = {}
    for n, k in enumerate(owner.tolist()):
        sensor, time_s = int(rows[n, 2]), float(rows[n, 0])
        begun_s, look = current.get(sensor, (-np.inf, {}))
        if time_s - begun_s >= 0.6 * periods_s[sensor] or k in look:
            look = {}
            current[sensor] = (time_s, look)
            looks.append(look)
        look[k] = n
    own = np.array([[look.get(k, NOBODY) for look in looks] for k in range(len(parts))], dtype=np.int64)
    return _Pool(rows, own)


def _given_out(
    records: list[Record], new: dict[int, Array], group: Sequence[int], pool: _Pool, table: Array
) -> None:
    """One group's rows anew, in place; where no flights are found all stays as it is."""
    since_s = max((records[i].start_s for i in group if records[i].phase is Phase.COAST), default=-np.inf)
    try:
        with np.errstate(all="ignore"):
            found = _ways([records[i] for i in group], pool, since_s, table)
    except np.linalg.LinAlgError:  # rows that no object can have made
        return
    if found is None:
        return
    own, looks = found
    for k, i in enumerate(group):
        rows, bare = _rows(pool.rows, own[k], k, looks)
        late = min(len(new.get(i, ())), len(rows))
        if late:
            new[i] = np.array(rows[-late:])
        kept = rows[: len(rows) - late]
        records[i] = replace(
            _unpushed(records[i]), rows=pack(np.array(kept)), bare=pack(np.array(bare)) if bare else b""
        )


def _ways(
    records: Sequence[Record], pool: _Pool, since_s: float, table: Array
) -> tuple[Index, dict[int, Shared]] | None:
    """Rows by flight and look, and shares of looks that are not sure; nothing changes hands before `since_s`.
    With one under power only if that was a mix-up: no flight is a cubic otherwise.
    """
    rows, own = pool
    free = rows[own.max(axis=0), 0] >= since_s
    t0_s = float(rows[0, 0])
    paths = _flown([along(*begun(record, t0_s), rows, table) for record in records], pool, table)
    if paths is None:
        return None
    after = parted(paths, own, free)
    if np.any(np.all(after == NOBODY, axis=1)):
        return None
    if not np.array_equal(own, after):
        paths = _flown(paths, _Pool(rows, after), table)
        if paths is None:
            return None
    under_power = [k for k, record in enumerate(records) if record.motor_mps2 > 0.0]
    if under_power and (np.array_equal(own, after) or not all(paths[k].fits(after[k]) for k in under_power)):
        return None
    few = np.sum(after != NOBODY, axis=1).min() < SHARED_ROWS
    looks = np.empty(0, dtype=np.int64) if few else unsure(paths, after, free)
    return after, shared(paths, after, looks)


def _unpushed(record: Record) -> Record:
    """A motor that was seen in rows of two objects is none."""
    if record.motor_mps2 == 0.0:
        return record
    return replace(
        record, phase=Phase.UNKNOWN, motor_mps2=0.0, passes=0, early=(), start=b"", burnout_ns=None
    )


def _flown(paths: Sequence[Path | None], pool: _Pool, table: Array) -> list[Path] | None:
    """Flights moved to where their own rows say; None where one has none."""
    found = [
        None if path is None else fitted(path, own, pool.rows, table)
        for path, own in zip(paths, pool.own, strict=True)
    ]
    return None if any(path is None for path in found) else [path for path in found if path is not None]


def _rows(pool: Array, own: Index, k: int, looks: dict[int, Shared]) -> tuple[list[Array], list[Array]]:
    """Flight k's rows in order of time, and as they came those that are mixed."""
    rows, bare = [], []
    for place in np.flatnonzero(own != NOBODY).tolist():
        row, look = pool[own[place]], looks.get(place)
        if look is not None:
            at = look.flights.tolist().index(k)
            if look.parts[at, at] < 1.0 - LEAST:
                bare.append(row)
                row = _mixed(row, look, at)
        rows.append(row)
    return rows, bare


def _mixed(row: Array, look: Shared, at: int) -> Array:
    """The row that stands for a look's rows, `row` being the own one of those (place `at`)."""
    mean, more = mean_and_spread(look.parts[at], look.off[at])
    row = row.copy()
    row[1] = MIXED
    row[4:7] += (mean - look.off[at, at])[:3]
    row[7:10] = more[:3]
    return row

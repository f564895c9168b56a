"""Rows that wait in a crowd, of all radars of a nation, during one step (`nursery` says what they show)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.model.sensor import Sensor
from tocsin.model.time import Instant
from tocsin.track.group import frames, places_of
from tocsin.track.nursery import (
    ALONE_PERIODS,
    CROWD,
    HOLD_S,
    LATELY_PERIODS,
    LIMIT,
    NEAR_M,
    WAIT_PERIODS,
    crowded,
    distinct,
    hatch,
    reach_of,
)
from tocsin.track.record import Record
from tocsin.track.rows import LOS, merged, rows_of

Array = NDArray[np.float64]

# A range outside is no radar's; what comes in with one is not thrown away, but no velocity is taken from it.
LEAST_M: Final = 1e3
MOST_M: Final = 1e7
TRY_PERIODS: Final = 0.4


class Crib:
    """`waiting` (n, ROW): rows in order of time; `tried_s` (sensors,): when a common velocity was last looked
    for.
    """

    def __init__(
        self, waiting: Array, tried_s: Array, table: Array, sensors: Sequence[Sensor], base_ns: Instant
    ) -> None:
        self.waiting = waiting
        self.tried_s = tried_s
        self.table = table
        self.periods_s = [sensor.period_s for sensor in sensors]
        self.base_ns = base_ns

    def sensors(self) -> list[int]:
        """Those of whom rows wait."""
        return [int(sensor) for sensor in np.unique(self.waiting[:, 2])]

    def newest_s(self, sensor: int) -> float:
        """Time of a sensor's newest row that waits."""
        return float(self.waiting[self.waiting[:, 2] == sensor, 0].max())

    def takes_back(self, record: Record, time_s: float) -> bool:
        """Was a record begun so lately, by one radar's plots alone, that a crowd may take them back?"""
        if record.number or record.confirmed_ns is not None or record.group or len(record.sensors) > 1:
            return False
        first = rows_of(record.rows)[0]
        sane = first[1] != LOS and LEAST_M < first[4] < MOST_M
        return bool(sane and time_s - first[0] < 2.0 * self.periods_s[record.sensors[0]])

    def take(self, left: Array, around: Array, young: Sequence[Record]) -> tuple[Array, list[int]]:
        """Take the rows of one radar's look that stand in a crowd; the others, and which of the `young`
        records came in with them.
        """
        sensor = int(left[0, 2])
        period_s, time_s = self.periods_s[sensor], float(left[-1, 0])
        heads = np.array([rows_of(record.rows)[-1] for record in young]).reshape(-1, left.shape[1])
        since = time_s - 1.5 * period_s
        near = self.waiting[(self.waiting[:, 2] == sensor) & (self.waiting[:, 0] > since)]
        others = [around, places_of(near, self.table), places_of(heads, self.table)]
        sane = (left[:, 4] > LEAST_M) & (left[:, 4] < MOST_M)
        crowd = sane & crowded(left, np.concatenate(others), self.table, period_s)
        if not crowd.any():
            return left, []
        tree = cKDTree(places_of(left[crowd], self.table))
        found = [
            k
            for k, (record, place) in enumerate(zip(young, others[2], strict=True))
            if record.sensors == (sensor,) and tree.query(place)[0] < reach_of(period_s)
        ]
        rows = np.concatenate([left[crowd], *(rows_of(young[k].rows) for k in found)])
        self.waiting = merged(self.waiting, rows)[-LIMIT:]
        return np.ascontiguousarray(left[~crowd]), found

    def hatch(self, sensor: int, now_s: float, around: Array) -> tuple[list[Record], Array]:
        """Objects that a radar's rows show, and rows that these may have made: of a look that is not whole
        yet. `around` (n, 6): states of the confirmed at a time.
        """
        mine = self.waiting[:, 2] == sensor
        rows = np.ascontiguousarray(self.waiting[mine])
        places = places_of(rows, self.table)
        near = around[cKDTree(places).query(around[:, :3])[0] < NEAR_M] if len(around) else around
        known = distinct(np.einsum("nij,nj->ni", frames(near[:, :3]), near[:, 3:6]))
        period_s = self.periods_s[sensor]
        whole_s = _whole(rows, period_s, now_s)
        due = now_s > self.tried_s[sensor] + TRY_PERIODS * period_s
        since_s = max(whole_s, now_s - HOLD_S) - LATELY_PERIODS * period_s
        born, rows = hatch(rows, self.table, period_s, known, whole_s, due, since_s, self.base_ns)
        if due:
            self.tried_s[sensor] = now_s
        open_ = rows[:, 0] > (whole_s if born else np.inf)
        self.waiting = merged(self.waiting[~mine], rows[~open_])
        return born, rows[open_]

    def stale(self, sensor: int, time_s: float) -> Array:
        """Rows that waited in vain, or that only tracks are close to: they wait no longer."""
        mine = np.asarray(self.waiting[:, 2] == sensor)
        rows: Array = self.waiting[mine]
        period_s = self.periods_s[sensor]
        age_s = time_s - rows[:, 0]
        places = places_of(rows, self.table)
        old = age_s > ALONE_PERIODS * period_s
        if old.any():
            fresh = cKDTree(places[age_s < 1.5 * period_s]) if np.any(age_s < 1.5 * period_s) else None
            reach_m = 2.0 * reach_of(period_s)
            if fresh is not None:
                old[old] = fresh.query_ball_point(places[old], reach_m, return_length=True) < CROWD
        old |= age_s > WAIT_PERIODS * period_s
        keep = np.ones(len(self.waiting), dtype=np.bool_)
        keep[np.flatnonzero(mine)[old]] = False
        self.waiting = np.ascontiguousarray(self.waiting[keep])
        return np.ascontiguousarray(rows[old])


def _whole(rows: Array, period_s: float, now_s: float) -> float:
    """Time of the last row of which all others of its look are there: the next look has begun, or it is old
    enough.
    """
    old = rows[(rows[:, 0] <= now_s - HOLD_S) | (rows[:, 0] < rows[-1, 0] - 0.6 * period_s), 0]
    return float(old[-1]) if len(old) else -np.inf

"""What radars show of a group: their last looks, and which of the plots are the group's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.model.label import Nation
from tocsin.model.sensor import Sensor
from tocsin.model.time import Instant
from tocsin.track.chains import looks_of
from tocsin.track.extent import Cloud, Seen
from tocsin.track.fleet_kernels import move_all
from tocsin.track.group import places_of
from tocsin.track.nursery import HOLD_S
from tocsin.track.parting import look_errors
from tocsin.track.rows import seconds

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

INSIDE: Final = 16.27  # chi-squared of three numbers, 99.9 %
AROUND: Final = (1.5, 2.5)  # in gates: between them lie plots that are nobody's
PARTLY: Final = 0.5  # of the plots of the radar that sees most: one that shows less sees a part of the group


class Beside(NamedTuple):
    """Members, and other tracks in the group's region: places and velocities (n, 6) less its middle's."""

    members: Array
    others: Array


class Sights(NamedTuple):
    """Radar rows of the last COUNTED_S (`rows`), and the radars."""

    rows: Array
    table: Array
    sensors: Sequence[Sensor]
    base_ns: Instant

    def at(
        self, cloud: Cloud, near: Beside, now: Instant, began_ns: Instant, aside: Mapping[Nation, Array]
    ) -> list[list[Seen]]:
        """For each radar that sees the whole group, its looks that are whole; `aside`: by how much (3,) a
        nation sees the group beside the middle.
        """
        now_s, began_s = seconds(self.base_ns, now), seconds(self.base_ns, began_ns)
        found: list[list[Seen]] = []
        for k, sensor in enumerate(self.sensors):
            whole = (self.rows[:, 0] < now_s - HOLD_S) & (self.rows[:, 0] > began_s + sensor.period_s)
            mine = np.ascontiguousarray(self.rows[(self.rows[:, 2] == k) & whole])
            if len(mine):
                off = aside.get(sensor.nation, np.zeros(3))
                found.append([look for look in self._looks(cloud, near, mine, now_s, off) if len(look.off)])
        most = max((_shown(radar) for radar in found if radar), default=0.0)
        return [radar for radar in found if radar and _shown(radar) >= PARTLY * most]

    def _looks(self, cloud: Cloud, near: Beside, rows: Array, now_s: float, aside: Array) -> Iterator[Seen]:
        """Looks of one radar, by the plots within the group's gate that are no other track's."""
        sensor = int(rows[0, 2])
        middles, doubts = _middles(cloud, rows[:, 0] - now_s)
        off = places_of(rows, self.table) - middles - aside
        errors = look_errors(middles, self.table[sensor][None], [np.arange(len(rows))])[0]
        far = _lengths(off, doubts + cloud.spread + errors) / np.sqrt(INSIDE)
        around = (far > AROUND[0]) & (far < AROUND[1])
        for look in looks_of(rows, self.sensors[sensor].period_s):
            strays = float(around[look].sum()) / (AROUND[1] ** 3 - AROUND[0] ** 3)
            inside, dt_s = look[far[look] < 1.0], float(np.mean(rows[look, 0])) - now_s
            mine = inside[_theirs(off[inside], near, errors[look[0]], dt_s)]
            yield Seen(dt_s, off[mine], errors[look[0]], strays)


def beside(cloud: Cloud, x: Array, part: Index) -> Beside:
    """Of tracks at states (n, 7), those of the group (`part`, indices) and others in its region."""
    off = x[:, :6] - cloud.x[:6]
    others = _lengths(off[:, :3], cloud.spread + cloud.p[:3, :3]) < AROUND[1] * np.sqrt(INSIDE)
    others[part] = False
    return Beside(off[part], off[others])


def _theirs(off: Array, near: Beside, errors: Array, dt_s: float) -> Mask:
    """Plots (n,) that no track beside the group is nearer to than its members are."""
    if not len(near.others) or not len(off):
        return np.ones(len(off), dtype=np.bool_)
    root = np.linalg.cholesky(np.linalg.inv(errors))
    nearest = [
        cKDTree((them[:, :3] + dt_s * them[:, 3:]) @ root).query(off @ root)[0]
        for them in (near.members, near.others)
    ]
    return np.asarray(nearest[0] <= nearest[1])


def _lengths(off: Array, cov: Array) -> Array:
    """Lengths (n,) of vectors (n, 3) in sigmas of covariances (n, 3, 3), or of one."""
    solved = np.linalg.solve(np.broadcast_to(cov, (len(off), 3, 3)), off[:, :, None])[:, :, 0]
    return np.asarray(np.sqrt(np.einsum("ni,ni->n", off, solved)))


def _shown(radar: Sequence[Seen]) -> float:
    """Plots of the group in a usual look."""
    return float(np.median([len(look.off) for look in radar]))


def _middles(cloud: Cloud, dt_s: Array) -> tuple[Array, Array]:
    """Where the middle is (n, 3), so long after the group's time, and the covariances (n, 3, 3) of that."""
    x = np.repeat(cloud.x[None], len(dt_s), axis=0)
    there, cov = np.empty_like(x), np.empty((len(x), 7, 7))
    move_all(x, np.repeat(cloud.p[None], len(x), axis=0), dt_s, there, cov)
    return there[:, :3], cov[:, :3, :3]

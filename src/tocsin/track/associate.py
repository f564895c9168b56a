"""Which plot belongs to which object: gate, assignment, and where a new object may begin.

One sensor's scan gives an object at most one plot. Costs are d^2 + ln det S, so that a vague track does not
take a plot from a sharp one; connected groups of tracks and plots are assigned apart, so that the cost
grows with the groups, not the scan.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tocsin.earth.frames import ecef_to_geodetic
from tocsin.earth.gauss import chi2_gate
from tocsin.track import gate_kernels

Array = NDArray[np.float64]
Index = NDArray[np.int64]

GATE: Final = 0.9999  # one honest plot in 10,000 falls outside
GATES: Final = np.array([chi2_gate(n, GATE) for n in (1, 2, 3, 4)])
_FORBIDDEN: Final = 1e6
ROOM: Final = 8  # pairs by track and plot that fit at the first try

# Two lines of sight make a start when they pass each other this closely (sigmas of both, and a way flown
# between them).
SIGHT_SIGMAS: Final = 3.5
WAY_MPS: Final = 3_000.0
LEAST_PARALLAX: Final = 0.05  # sine of the angle between the lines
LOWEST_M: Final = -20e3
HIGHEST_M: Final = 1_500e3


def scans(rows: Array, periods_s: Sequence[float]) -> list[Array]:
    """Rows (in order of time) as scans: one sensor each, shorter than its period; in order of their first
    row.
    """
    found: list[list[int]] = []
    current: dict[int, int] = {}
    for i, row in enumerate(rows):
        sensor = int(row[2])
        scan = current.get(sensor)
        if scan is None or row[0] - rows[found[scan][0], 0] >= 0.6 * periods_s[sensor]:
            current[sensor] = len(found)
            found.append([i])
        else:
            found[scan].append(i)
    return [np.ascontiguousarray(rows[scan]) for scan in found]


class Candidates(NamedTuple):
    """Pairs within the gates: track and plot indices and costs, (k,) each, by track."""

    tracks: Index
    plots: Index
    costs: Array


def gate(scan: Array, table: Array, means: Array, covs: Array, time_s: float) -> Candidates:
    """Which rows of one sensor's scan (m, ROW) may be of which tracks: means (n, 6), covs (n, 6, 6) at
    `time_s`. Grows with the pairs there are, not with n times m.
    """
    empty = np.empty(0, dtype=np.int64)
    if not len(means) or not len(scan):
        return Candidates(empty, empty, np.empty(0))
    keys = np.empty(len(scan))
    gate_kernels.sort_keys(scan, keys)
    order = np.argsort(keys, kind="stable")
    room = ROOM * (len(means) + len(scan))
    while True:
        tracks, plots, costs = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
        count = gate_kernels.sparse_gate(
            scan, order, keys[order], table, means, covs, time_s, GATES, tracks, plots, costs
        )
        if count <= room:
            return Candidates(tracks[:count], plots[:count], costs[:count])
        room = count


def assign(found: Candidates, price: float | None = None) -> list[tuple[int, int]]:
    """Pairs (track, plot) of least total cost, group by connected group; sorted. As many as the gates allow,
    or, with a `price` of a track that goes without, those that pay.
    """
    tracks, plots, _ = found
    if not len(tracks):
        return []
    alone = (np.bincount(tracks)[tracks] == 1) & (np.bincount(plots)[plots] == 1)
    if price is not None:
        alone &= found.costs < price
    pairs = list(zip(tracks[alone].tolist(), plots[alone].tolist(), strict=True))
    for group in _groups(tracks[~alone], plots[~alone]):
        part = [values[~alone][group] for values in found]
        pairs += _assign_group(Candidates(part[0], part[1], part[2]), price)
    return sorted(pairs)


def dense(costs: Array) -> Candidates:
    """A table of costs (tracks, plots), inf where a pair is impossible, as candidates."""
    tracks, plots = np.nonzero(np.isfinite(costs))
    return Candidates(tracks, plots, costs[tracks, plots])


def _groups(tracks: Index, plots: Index) -> list[Index]:
    """Indices of pairs by connected group."""
    if not len(tracks):
        return []
    offset = int(tracks.max()) + 1
    size = offset + int(plots.max()) + 1
    graph = coo_array((np.ones(len(tracks)), (tracks, offset + plots)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    of_pair = label[tracks]
    order = np.argsort(of_pair, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(of_pair[order])) + 1)


def _assign_group(found: Candidates, price: float | None) -> list[tuple[int, int]]:
    tracks, row = np.unique(found.tracks, return_inverse=True)
    plots, column = np.unique(found.plots, return_inverse=True)
    nothing = _FORBIDDEN if price is None else 0.0
    part = np.full((len(tracks), len(plots)), nothing)
    part[row, column] = found.costs if price is None else np.minimum(found.costs - price, 0.0)
    one, two = linear_sum_assignment(part)
    return [(int(tracks[i]), int(plots[j])) for i, j in zip(one, two, strict=True) if part[i, j] < nothing]


def crossing(one: Array, other: Array, sigma_one: float, sigma_other: float) -> tuple[Array, float] | None:
    """Where two lines of sight (rows) of two platforms cross: the point between them and their miss in
    sigmas, or None.
    """
    u, v = one[4:7], other[4:7]
    apart = other[7:10] - one[7:10]
    cosine = float(u @ v)
    sine2 = 1.0 - cosine**2
    if sine2 < LEAST_PARALLAX**2:
        return None
    along_one = float(apart @ u - cosine * (apart @ v)) / sine2
    along_other = float(cosine * (apart @ u) - apart @ v) / sine2
    if along_one <= 0.0 or along_other <= 0.0:
        return None
    first, second = one[7:10] + along_one * u, other[7:10] + along_other * v
    allowed = np.hypot(sigma_one * along_one, sigma_other * along_other) + WAY_MPS / SIGHT_SIGMAS * abs(
        one[0] - other[0]
    )
    miss = float(np.linalg.norm(first - second) / allowed)
    point = 0.5 * (first + second)
    height = float(ecef_to_geodetic(point)[2])
    return (point, miss) if miss < SIGHT_SIGMAS and LOWEST_M < height < HIGHEST_M else None

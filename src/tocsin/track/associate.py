"""Which plot belongs to which object: gate, assignment, and where a new object may begin.

One sensor's scan gives an object at most one plot. Costs are d^2 + ln det S, so that a vague track does not
take a plot from a sharp one; connected groups of tracks and plots are assigned apart, so that the cost
grows with the groups, not the scan.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tocsin.earth.frames import ecef_to_geodetic
from tocsin.earth.gauss import chi2_gate
from tocsin.track import kernels
from tocsin.track.motion import Gaussian

Array = NDArray[np.float64]

GATE: Final = 0.9999  # one honest plot in 10,000 falls outside
GATES: Final = np.array([chi2_gate(n, GATE) for n in (1, 2, 3, 4)])
_FORBIDDEN: Final = 1e6

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


def gate(scan: Array, table: Array, states: Sequence[Gaussian], time_s: float) -> Array:
    """Costs (tracks, plots), inf where the plot is outside the track's gate."""
    costs = np.full((len(states), len(scan)), np.inf)
    if len(states) and len(scan):
        means = np.array([state.x[:6] for state in states])
        covs = np.array([state.p[:6, :6] for state in states])
        times = np.full(len(states), time_s)
        kernels.gate_costs(scan, table, means, covs, times, GATES, costs)
    return costs


def assign(costs: Array) -> list[tuple[int, int]]:
    """Pairs (track, plot) of least total cost, as many as the gates allow, group by connected group;
    sorted.
    """
    rows, columns = np.nonzero(np.isfinite(costs))
    if not len(rows):
        return []
    tracks, plots = costs.shape
    graph = coo_array((np.ones(len(rows)), (rows, tracks + columns)), shape=(tracks + plots, tracks + plots))
    _, group = connected_components(graph, directed=False)
    pairs: list[tuple[int, int]] = []
    for label in np.unique(group[rows]):
        pairs += _assign_group(
            costs, np.flatnonzero(group[:tracks] == label), np.flatnonzero(group[tracks:] == label)
        )
    return sorted(pairs)


def _assign_group(costs: Array, tracks: NDArray[np.intp], plots: NDArray[np.intp]) -> list[tuple[int, int]]:
    part = costs[np.ix_(tracks, plots)]
    one, two = linear_sum_assignment(np.where(np.isfinite(part), part, _FORBIDDEN))
    return [(int(tracks[i]), int(plots[j])) for i, j in zip(one, two, strict=True) if np.isfinite(part[i, j])]


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

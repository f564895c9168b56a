"""Compiled sparse gate: which tracks may have made which rows of one scan, without comparing all with all.

The rows are sorted by one number that the sensor measures well (a radar's range; for a line of sight its
direction's part along the Earth's axis); a track looks only at those that its own error, and what it may do
within the scan, can reach.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.track import kernels

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_FASTEST_MPS: Final = 12_000.0  # of anything that sights are taken from or of, relative to each other
_PUSH_MPS2: Final = 100.0  # how far a track may leave the straight line within a scan


@njit(cache=True, error_model="numpy")
def sort_keys(rows: Array, out: Array) -> None:
    """The number by which each row (n, ROW) is sorted."""
    for n in range(rows.shape[0]):
        out[n] = rows[n, 4] if rows[n, 1] == 0.0 else rows[n, 6]


@njit(cache=True, error_model="numpy")
def key_and_reach(
    row: Array, sensor: Array, mean: Array, cov: Array, span_s: float
) -> tuple[float, float, float]:
    """A track's key as the sensor of `row` would measure it, one sigma of it, and how far (m) a radar's
    sphere of equal range bends within the track's error, which a tangent does not show.

    What may happen within `span_s` of the scan is added to the sigma at a fifth, since gates are some five
    sigmas wide.
    """
    site = 5 if row[1] == 0.0 else 7
    rel = np.empty(3)
    for i in range(3):
        rel[i] = mean[i] - (sensor[site + i] if row[1] == 0.0 else row[site + i])
    dist = np.sqrt(rel[0] ** 2 + rel[1] ** 2 + rel[2] ** 2) + 1e-9
    drift = 0.5 * _PUSH_MPS2 * span_s * span_s
    if row[1] == 0.0:
        still, mixed, moving, rate = 0.0, 0.0, 0.0, 0.0
        for i in range(3):
            rate += rel[i] / dist * mean[3 + i]
            for j in range(3):
                part = rel[i] * rel[j] / (dist * dist)
                still += part * cov[i, j]
                mixed += part * (cov[i, 3 + j] + cov[3 + i, j])
                moving += part * cov[3 + i, 3 + j]
        bend = max(cov[0, 0] + cov[1, 1] + cov[2, 2] - still, 0.0) / dist
        variance = sensor[0] ** 2 + bend**2 + still + span_s * abs(mixed) + span_s * span_s * moving
        return dist, np.sqrt(variance) + (abs(rate) * span_s + drift) / 5.0, bend
    spread = 0.0
    for i in range(3):
        spread += cov[i, i] + span_s**2 * cov[3 + i, 3 + i] + 2.0 * span_s * abs(cov[i, 3 + i])
    reach = np.sqrt(spread) / dist + sensor[4] + (_FASTEST_MPS * span_s + drift) / dist / 5.0
    return rel[2] / dist, reach, 0.0


@njit(cache=True, error_model="numpy")
def sparse_gate(
    rows: Array,
    order: Index,
    keys: Array,
    table: Array,
    means: Array,
    covs: Array,
    time_s: float,
    gates: Array,
    tracks: Index,
    plots: Index,
    costs: Array,
) -> int:
    """Write (track, plot, cost d^2 + ln det S) of all pairs within the gates; returns how many there are,
    which may be more than there was room for.

    rows (m, ROW) of one sensor; `order` (m,) sorts them, `keys` (m,) are sorted; means (n, 6), covs (n, 6, 6)
    at time_s; gates (4,) by how many numbers a plot has.
    """
    z, h, r, s, half = np.empty(4), np.zeros((4, 6)), np.empty(4), np.empty((4, 4)), np.empty(4)
    pos, vel, cov = np.empty(3), np.empty(3), np.empty((6, 6))
    count, m = 0, rows.shape[0]
    span_s = 0.0
    for n in range(m):
        span_s = max(span_s, abs(rows[n, 0] - time_s))
    width = np.sqrt(gates[3])
    for k in range(means.shape[0]):
        key, sigma, bend = key_and_reach(rows[0], table[int(rows[0, 2])], means[k], covs[k], span_s)
        if not sigma < np.inf:
            continue
        low = np.searchsorted(keys, key - width * sigma)
        high = np.searchsorted(keys, key + width * sigma, side="right")
        for i in range(low, high):
            n = order[i]
            kernels.straight(means[k], covs[k], rows[n, 0] - time_s, pos, vel, cov)
            used = kernels.measure(rows[n], table[int(rows[n, 2])], pos, vel, z, h, r)
            r[0] += bend**2
            d2, log_det = kernels.innovation(used, z, h, r, cov, s, half)
            if d2 <= gates[used - 1]:
                if count < tracks.shape[0]:
                    tracks[count], plots[count], costs[count] = k, n, d2 + log_det
                count += 1
    return count


@njit(cache=True, error_model="numpy")
def joint(odds: Array, out: Array) -> None:
    """Write the probability that track i made plot j (n, m) over all ways of giving each track at most one
    plot and each plot to at most one track. odds (n, m): of a pair against a miss and a false plot.

    Sums over sets of plots in use, from both ends of the list of tracks: n m 2^m steps.
    """
    n, m = odds.shape
    before, behind = np.zeros((n + 1, 1 << m)), np.ones((n + 1, 1 << m))
    before[0, 0] = 1.0
    for i in range(n):
        _add_track(odds[i], before[i], before[i + 1])
        _leave_to(odds[n - 1 - i], behind[n - i], behind[n - 1 - i])
    for i in range(n):
        for j in range(m):
            total = 0.0
            for used in range(1 << m):
                if not used & (1 << j):
                    total += before[i, used] * behind[i + 1, used | (1 << j)]
            out[i, j] = odds[i, j] * total / behind[0, 0]


@njit(cache=True, error_model="numpy")
def _add_track(odds: Array, weights: Array, out: Array) -> None:
    """Weights of the sets of plots in use, with one track more."""
    for used in range(len(weights)):
        out[used] += weights[used]
        for j in range(len(odds)):
            if not used & (1 << j):
                out[used | (1 << j)] += weights[used] * odds[j]


@njit(cache=True, error_model="numpy")
def _leave_to(odds: Array, weights: Array, out: Array) -> None:
    """Weights of all that the remaining tracks may do beside each set in use, with one track more."""
    for used in range(len(weights)):
        out[used] = weights[used]
        for j in range(len(odds)):
            if not used & (1 << j):
                out[used] += odds[j] * weights[used | (1 << j)]

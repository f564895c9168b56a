"""Objects of a salvo move nearly alike: their common velocity, from the shift of the whole pattern of plots.

Two plots of different looks may be of one object; then they give its velocity. Of all such pairs the wrong
ones scatter, the right ones agree. Velocities are told in the local frame (east, north, up) of where they
are: over hundreds of kilometres a salvo turns with the Earth's curve. All are carried to one time by
gravity alone.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tocsin.earth.constants import WGS84_GM_M3_S2, WGS84_OMEGA_RAD_S
from tocsin.earth.frames import aer_to_ecef
from tocsin.earth.gauss import chi2_gate
from tocsin.track import group_kernels

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FASTEST_MPS: Final = 8_000.0  # over the ground; what is faster goes into orbit
PAIR_PERIODS: Final = 2.5  # a pair spans so much at most: with longer ones the wrong pairs outgrow the right
GATE: Final = 11.3  # chi-squared of three numbers, 99 %
SPREAD_MPS: Final = 40.0  # of velocities within a group, one sigma (a salvo over 200 km has 26; ours)
BIN_MPS: Final = 400.0
BINS: Final = 48  # where the search begins: the fullest
MOST_PAIRS: Final = 40_000

LEAST: Final = 8  # members; the mean of fewer is not much better than an own velocity
SPREAD_LEAST_MPS: Final = 5.0  # nobody's velocity is held to be closer to its group's (ours)
SPREAD_MOST_MPS: Final = 100.0
STRANGE: Final = chi2_gate(3, 0.9999)
_ROUNDS: Final = 3


class Pairs(NamedTuple):
    """Velocities (n, 3), lines of sight (n, 3) and sigmas (n, 2) along and across these, all local."""

    velocities: Array
    sights: Array
    sigmas: Array


def places_of(rows: Array, table: Array) -> Array:
    """ECEF places (n, 3) of radar rows."""
    found = np.empty((len(rows), 3))
    for sensor in np.unique(rows[:, 2]).astype(int).tolist():
        mine, entry = rows[:, 2] == sensor, table[sensor]
        polar = (rows[mine, 4], rows[mine, 5], rows[mine, 6])
        found[mine] = aer_to_ecef(*polar, entry[5:8], entry[8:].reshape(3, 3))
    return found


def frames(places: Array) -> Array:
    """Local frames (n, 3, 3), rows east, north, up (geocentric: one direction for all uses here)."""
    up = places / np.linalg.norm(places, axis=1, keepdims=True)
    east = np.column_stack((-up[:, 1], up[:, 0], np.zeros(len(up))))
    east /= np.linalg.norm(east, axis=1, keepdims=True) + 1e-12
    return np.stack((east, np.cross(up, east), up), axis=1)


def falling(places: Array, velocities: Array) -> Array:
    """Acceleration (n, 3) of free flight over the turning Earth, seen as a sphere (right to 0.03 m/s^2)."""
    radius = np.linalg.norm(places, axis=1, keepdims=True)
    turn = np.array([0.0, 0.0, WGS84_OMEGA_RAD_S])
    pull = -WGS84_GM_M3_S2 * places / radius**3 - 2.0 * np.cross(turn, velocities)
    pull[:, :2] += WGS84_OMEGA_RAD_S**2 * places[:, :2]
    return np.asarray(pull)


def pairs_of(rows: Array, looks: Sequence[Index], table: Array, period_s: float) -> Pairs:
    """Of rows of one radar, given as looks (indices of rows), all pairs that one object may have made."""
    return pairs_at(rows, *_indices(rows, looks, places_of(rows, table), period_s), table)


def pairs_at(rows: Array, one: Index, two: Index, table: Array) -> Pairs:
    """Pairs of rows `one` and `two` (indices, the earlier first), their velocities at the last row's time."""
    places, time_s = places_of(rows, table), float(rows[-1, 0])
    local = frames(places)
    dt = (rows[two, 0] - rows[one, 0])[:, None]
    mean = (places[two] - places[one]) / dt
    pull = falling(places[one], mean)
    moved = mean + pull * (time_s - 0.5 * (rows[two, 0] + rows[one, 0]))[:, None]
    entry = table[int(rows[0, 2])]
    sight = places[one] - entry[5:8]
    dist = np.linalg.norm(sight, axis=1)
    along = np.hypot(np.sqrt(2.0) * entry[0] / dt[:, 0], SPREAD_MPS)
    wide_rad = np.maximum(entry[1] * np.cos(rows[one, 6]), entry[2])  # the wider of the two ways across
    across = np.hypot(np.sqrt(2.0) * dist * wide_rad / dt[:, 0], SPREAD_MPS)
    return Pairs(
        np.einsum("nij,nj->ni", local[one], moved),
        np.einsum("nij,nj->ni", local[one], sight / dist[:, None]),
        np.column_stack((along, across)),
    )


def _indices(rows: Array, looks: Sequence[Index], places: Array, period_s: float) -> tuple[Index, Index]:
    ones, twos = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for a, first in enumerate(looks):
        for second in looks[a + 1 :]:
            dt_s = rows[second[0], 0] - rows[first[0], 0]
            if not 0.5 * period_s < dt_s < PAIR_PERIODS * period_s:
                continue
            apart = np.linalg.norm(places[second][None] - places[first][:, None], axis=2)
            i, j = np.nonzero(apart < FASTEST_MPS * dt_s)
            ones.append(first[i])
            twos.append(second[j])
    one, two = np.concatenate(ones), np.concatenate(twos)
    stride = len(one) // MOST_PAIRS + 1
    return one[::stride], two[::stride]


def modes_of(pairs: Pairs) -> Array:
    """Candidates (k, 3) for the common velocity, the one that most pairs agree on first."""
    if not len(pairs.velocities):
        return np.empty((0, 3))
    bins = np.floor(pairs.velocities / BIN_MPS)
    _, member, count = np.unique(bins, axis=0, return_inverse=True, return_counts=True)
    fullest = np.argsort(-count, kind="stable")[:BINS]
    modes = np.array([pairs.velocities[member.ravel() == k].mean(axis=0) for k in fullest])
    out = np.empty((len(modes), 4))
    for _ in range(3):
        group_kernels.vote(*pairs, np.ascontiguousarray(modes), GATE, out)
        modes = out[:, 1:]
    return modes[np.argsort(-out[:, 0], kind="stable")]


def settled(pairs: Pairs, mode: Array) -> Array:
    """The velocity (3,) nearest to `mode` that the pairs agree on."""
    out = np.empty((1, 4))
    for _ in range(3):
        group_kernels.vote(*pairs, mode.reshape(1, 3), GATE, out)
        mode = out[0, 1:].copy()
    return mode


def apart(modes: Array, same_mps: float) -> Array:
    """Of velocities in order of worth those that are not the same as a better one."""
    kept: list[Array] = []
    for mode in modes:
        if all(np.linalg.norm(mode - other) > same_mps for other in kept):
            kept.append(mode)
    return np.array(kept).reshape(-1, 3)


def common(velocities: Array, errors: Array) -> tuple[Array, float, NDArray[np.bool_]]:
    """What local velocities (n, 3), known with errors (n, 3, 3), say of each other: their mean, one sigma of
    a member's about it, and which are the group's. Mean and spread (one number for all directions) are the
    most likely ones: empirical Bayes, Efron and Morris 1973.
    """
    kin = np.ones(len(errors), dtype=np.bool_)
    for _ in range(_ROUNDS):
        spread = _spread(velocities[kin], errors[kin])
        mean, cov = _mean(velocities[kin], errors[kin], spread)
        off = velocities - mean
        d2 = np.einsum("ni,nij,nj->n", off, np.linalg.inv(errors + spread**2 * np.eye(3)), off)
        near = np.asarray(d2 < STRANGE)
        if int(near.sum()) < LEAST:
            break
        kin = near
    return mean, float(np.sqrt(spread**2 + np.trace(cov) / 3.0)), kin


def _spread(velocities: Array, errors: Array) -> float:
    """The most likely spread (m/s, one axis) of velocities that are known with these errors."""

    def minus_nats(ln_spread: float) -> float:
        spread = float(np.exp(ln_spread))
        mean, _ = _mean(velocities, errors, spread)
        off, cov = velocities - mean, errors + spread**2 * np.eye(3)
        d2 = np.einsum("ni,nij,nj->n", off, np.linalg.inv(cov), off)
        return float(0.5 * (d2 + np.linalg.slogdet(cov)[1]).sum())

    bounds = (float(np.log(SPREAD_LEAST_MPS)), float(np.log(SPREAD_MOST_MPS)))
    return float(
        np.exp(minimize_scalar(minus_nats, bounds=bounds, method="bounded", options={"xatol": 0.05}).x)
    )


def _mean(velocities: Array, errors: Array, spread: float) -> tuple[Array, Array]:
    """Mean velocity (3,) and its covariance (3, 3)."""
    weights = np.linalg.inv(errors + spread**2 * np.eye(3))
    cov = np.linalg.inv(weights.sum(axis=0))
    return cov @ np.einsum("nij,nj->i", weights, velocities), cov

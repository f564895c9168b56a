"""Where an estimate says an object will be (or was): free flight when coast is known, else straight
acceleration, and doubt.

Shared by association, fusion and the stitching of tracks: all compare objects at a common instant.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_many, propagate_stm
from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA

Array = NDArray[np.float64]

# Beyond this a thrust seen last is not extrapolated any more: no public boost keeps its acceleration for
# longer unseen.
THRUST_SEEN_S: Final = 4.0
# Doubt of an acceleration seen last: burnout alone is a jump of this size (three to five g, one sigma here).
_JUMP_MPS2: Final = 30.0
_JUMP_LONGEST_S: Final = 20.0
# The cubic's own error just after a jump that its window straddles.
_POSITION_FLOOR_M: Final = 100.0
_VELOCITY_FLOOR_MPS: Final = 20.0
_LIKE_MPS2: Final = 15.0
CLIMBING_MPS: Final = 100.0
UNDER_GROUND_M: Final = -2_000.0
# A velocity known to 5 m/s makes 1.5 km of place in this time, and 1.5 km of arc lie 0.2 m off the tangent.
CURVED_S: Final = 300.0
_LEAST_M2: Final = 1e-6


class Gaussian(NamedTuple):
    """State x (7,) and covariance (7, 7) at an instant."""

    x: Array
    p: Array


def coasting(x: Array, p: Array, dt_s: float) -> Gaussian:
    """Free flight with its transition matrix."""
    return Gaussian(x, p) if dt_s == 0.0 else _carried(x, p, dt_s)[0]


def _carried(x: Array, p: Array, dt_s: float) -> tuple[Gaussian, Array]:
    moved, phi = propagate_stm(x, dt_s)
    with np.errstate(over="ignore", invalid="ignore"):  # absurd plots: who asks looks whether it is finite
        return Gaussian(moved, phi @ p @ phi.T), phi


def long_coasting(x: Array, p: Array, dt_s: float) -> Gaussian:
    """Free flight as `coasting`, and over more than CURVED_S with what is not linear in it.

    Along its path an object is soon unsure by kilometres, and the path is bent: a place on the tangent lies
    hundreds of sigmas aside. Second order in the three directions in which its place is unsure, mean and
    covariance (second-order EKF: Bar-Shalom, Li and Kirubarajan 2001, section 10.3), by differences of flown
    neighbours.
    """
    if abs(dt_s) <= CURVED_S:
        return coasting(x, p, dt_s)
    straight, phi = _carried(x, p, dt_s)
    if not np.isfinite(straight.p).all():
        return straight
    spreads, axes = np.linalg.eigh(straight.p[:3, :3])
    with np.errstate(over="ignore", invalid="ignore"):
        steps = (p @ phi[:3].T @ axes / np.sqrt(np.maximum(spreads, _LEAST_M2))).T
        both = steps[[0, 0, 1]] + steps[[1, 2, 2]]
        flown = propagate_many(x + np.concatenate((steps, -steps, both)), dt_s)
        slopes, bends = 0.5 * (flown[:3] - flown[3:6]), 0.5 * (flown[:3] + flown[3:6]) - straight.x
        of_both = slopes[[0, 0, 1]] + slopes[[1, 2, 2]] + bends[[0, 0, 1]] + bends[[1, 2, 2]]
        mixed = flown[6:] - straight.x - of_both
        cov = straight.p + 2.0 * bends.T @ bends + mixed.T @ mixed
    return Gaussian(straight.x + bends.sum(axis=0), cov) if np.isfinite(cov).all() else straight


def powered(x: Array, p: Array, accel: Array | None, dt_s: float) -> Gaussian:
    """Straight acceleration for a few seconds, free flight after; covariance grows with what a motor may do
    unseen.
    """
    near_s = float(np.clip(dt_s, -THRUST_SEEN_S, THRUST_SEEN_S))
    push = np.zeros(3) if accel is None else accel
    moved = x.copy()
    moved[:3] += near_s * (x[3:6] + 0.5 * near_s * push)
    moved[3:6] += near_s * push
    phi = np.eye(7)
    phi[:3, 3:6] = near_s * np.eye(3)
    cov = phi @ p @ phi.T
    if dt_s != near_s:
        moved, cov = coasting(moved, cov, dt_s - near_s)
    return Gaussian(moved, cov + doubt(dt_s))


def doubt(dt_s: float) -> Array:
    """Covariance (7, 7) of what a motor may have done unseen over dt: a jump of acceleration that lasts for
    a while.
    """
    span = abs(dt_s)
    speed = _VELOCITY_FLOOR_MPS + _JUMP_MPS2 * min(span, _JUMP_LONGEST_S)
    way = _POSITION_FLOOR_M + _JUMP_MPS2 * min(span, _JUMP_LONGEST_S) * (
        span - 0.5 * min(span, _JUMP_LONGEST_S)
    )
    return np.diag([way**2] * 3 + [speed**2] * 3 + [0.0])


def slight_doubt(dt_s: float) -> Array:
    """The same of one that moves as its group does: a motor that went out meanwhile."""
    way, speed = 0.5 * _LIKE_MPS2 * dt_s**2, _LIKE_MPS2 * abs(dt_s)
    return np.diag([way**2] * 3 + [speed**2] * 3 + [0.0])


def rises_anew(old: Array, new: Array) -> bool:
    """Is `new` a later launch than `old`, both climbing, the later one lower? What climbed once does not
    climb there again.
    """
    heights, climbs = [], []
    for x in (old, new):
        lat, lon, height = (float(v) for v in ecef_to_geodetic(x[:3]))
        heights.append(height)
        climbs.append(float(enu_basis(lat, lon)[2] @ x[3:6]))
    return min(climbs) > CLIMBING_MPS and heights[1] < heights[0]


def under_ground(x: Array) -> bool:
    """Has a prediction passed its impact? Then it is like nothing that flies."""
    return float(ecef_to_geodetic(x[:3])[2]) < UNDER_GROUND_M


def seven(x6: Array, p6: Array) -> Gaussian:
    """A position and velocity with what is held of ln beta before drag is seen."""
    p = np.zeros((7, 7))
    p[:6, :6] = p6
    p[6, 6] = LN_BETA_SIGMA**2
    return Gaussian(np.append(x6, LN_BETA_MEAN), p)


def distance2(one: Gaussian, other: Gaussian) -> tuple[float, float]:
    """Squared Mahalanobis distance of two independent estimates in position and velocity, and ln det of its
    covariance.
    """
    cov = one.p[:6, :6] + other.p[:6, :6]
    apart = one.x[:6] - other.x[:6]
    if not (np.isfinite(cov).all() and np.isfinite(apart).all() and (np.diag(cov) > 0.0).all()):
        return float("inf"), 0.0  # carried out of the integrator's domain: like nothing that flies
    scale = 1.0 / np.sqrt(np.diag(cov))
    factor = np.linalg.cholesky(cov * np.outer(scale, scale) + 1e-9 * np.eye(6))
    half = np.linalg.solve(factor, apart * scale)
    log_det = 2.0 * float(np.sum(np.log(np.diag(factor))) - np.sum(np.log(scale)))
    return float(half @ half), log_det

"""A fall to the ground with what nobody knows of its drag: the straight theory bends there.

Drag moves the impact as a steep, curved function of ln beta: at one sigma of 0.5 the impact of a 2,700 km arc
lies 0.2 km farther or 0.6 km shorter, at two sigma 0.3 km or 2.4 km. So the fall is flown anew through the
air for NODES values of ln beta (Gauss-Hermite); mean and covariance of their impacts replace the straight
line's part. Everything else of the state stays straight: it bends little.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth import kernels
from tocsin.earth.atmosphere import log_density
from tocsin.earth.flight import DEFAULT_STEP_S, MAX_FALL_S, Fall, fall
from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.earth.gauss import symmetrise

Array = NDArray[np.float64]

NODES: Final = 5
ENTRY_M: Final = 150e3  # above, drag of a dense body moves an impact by less than a metre
STRAIGHT_SIGMA: Final = 0.02  # of ln beta: below, the straight line is good to a hundredth of a sigma
_COARSE_STEP_M: Final = 3e3  # nodes: good to 2 m of the spread (tests/earth/test_spread.py)
_COARSE_APPROACH: Final = 0.3
_DENSE_M: Final = 80e3
_DRAG_TIME_PART: Final = 0.25
_SHORTEST_S: Final = 0.02
_STEPS_LIMIT: Final = 4_000
_REFINEMENTS: Final = 4

_hermite = np.polynomial.hermite_e.hermegauss(NODES)
_AT: Final[Array] = _hermite[0]
_WEIGHTS: Final[Array] = _hermite[1] / _hermite[1].sum()


class Landing(NamedTuple):
    """Mean impact and time after the start, and their covariance (3, 3): east, north (m), time (s), in the
    plane that touches the ellipsoid at the impact of the straight fall.
    """

    fall: Fall
    lat_rad: float
    lon_rad: float
    time_s: float
    covariance: Array


def landing(x7: Array, p7: Array) -> Landing | None:
    """Where a state x7 with covariance p7 comes down. None where it does not, or nothing can be said."""
    if not (np.isfinite(x7).all() and np.isfinite(p7).all()):
        return None
    entry, end = _flown(x7)
    if not end.hit:
        return None
    lat, lon, _ = ecef_to_geodetic(end.x_impact7[:3])
    basis = enu_basis(float(lat), float(lon))
    velocity, error = basis @ end.x_impact7[3:6], basis @ end.phi[:3]
    time = -error[2] / velocity[2]
    partials = np.vstack((error[:2] + np.outer(velocity[:2], time), time))
    variance = float(p7[6, 6])
    if not variance > STRAIGHT_SIGMA**2:
        return _placed(end, np.zeros(3), symmetrise(partials @ p7 @ partials.T), basis)
    tied = p7[:6, 6] / variance  # what the rest of the state does, on average, when ln beta is off
    rest = p7[:6, :6] - np.outer(tied, tied) * variance
    states = entry.x_impact7 + np.outer(np.sqrt(variance) * _AT, entry.phi @ np.append(tied, 1.0))
    off = _ends(states, end, basis) + np.array([0.0, 0.0, entry.time_s - end.time_s])
    if not np.isfinite(off).all():
        return None
    mean = _WEIGHTS @ off
    bent = (off - mean).T @ (_WEIGHTS[:, None] * (off - mean))
    return _placed(end, mean, symmetrise(bent + partials[:, :6] @ rest @ partials[:, :6].T), basis)


def _flown(x7: Array) -> tuple[Fall, Fall]:
    """To the top of the air (where the start is above it), and from the start to the ground."""
    height = float(ecef_to_geodetic(x7[:3])[2])
    here = Fall(True, 0.0, x7, np.eye(7), height, 0.0)
    entry = fall(x7, ground_alt_m=ENTRY_M) if height > ENTRY_M else here
    if not entry.hit:
        return entry, entry
    down = fall(entry.x_impact7, max_s=max(MAX_FALL_S - entry.time_s, 1.0))
    crest = entry if height > ENTRY_M else down
    whole = Fall(
        down.hit,
        entry.time_s + down.time_s,
        down.x_impact7,
        down.phi @ entry.phi,
        crest.apogee_m,
        crest.apogee_time_s,
    )
    return entry, whole


def _ends(states: Array, end: Fall, basis: Array) -> Array:
    """East, north (m) of the straight fall's impact and time (s) from entry for every state (n, 7)."""
    found = np.asarray(_descend(np.ascontiguousarray(states), DEFAULT_STEP_S, MAX_FALL_S))
    level = (found[:, :3] - end.x_impact7[:3]) @ basis[:2].T
    return np.column_stack((level, found[:, 3]))


def _placed(end: Fall, off: Array, covariance: Array, basis: Array) -> Landing:
    lat, lon, _ = ecef_to_geodetic(end.x_impact7[:3] + off[:2] @ basis[:2])
    return Landing(end, float(lat), float(lon), end.time_s + float(off[2]), covariance)


@njit(cache=True, error_model="numpy")
def _descend(states: Array, step_s: float, max_s: float) -> Array:
    """Impact places (ECEF) and times (n, 4) of states (n, 7); not a number where one does not come down."""
    out = np.full((states.shape[0], 4), np.nan)
    work, partials, up = np.empty((3, 6, 1)), np.empty((4, 7)), np.empty(3)
    for n in range(states.shape[0]):
        ln_beta = states[n, 6]
        block = kernels.start_block(states[n], 1)
        now_s, height = 0.0, kernels.height_and_up(block, up)
        for _ in range(_STEPS_LIMIT):
            step = _coarse(block, height, ln_beta, step_s)
            kernels.runge_kutta(block, ln_beta, step, work, partials)
            now_s += step
            height = kernels.height_and_up(block, up)
            if now_s > max_s or (height <= 0.0 and kernels.climb_rate(block, up) < 0.0):
                break
        if height > 0.0:
            continue
        for _ in range(_REFINEMENTS):
            correction = -height / kernels.climb_rate(block, up)
            kernels.runge_kutta(block, ln_beta, correction, work, partials)
            now_s += correction
            height = kernels.height_and_up(block, up)
        for i in range(3):
            out[n, i] = block[i, 0]
        out[n, 3] = now_s
    return out


@njit(cache=True, error_model="numpy")
def _coarse(block: Array, height: float, ln_beta: float, step_s: float) -> float:
    """As `kernels.step_limit`, three times as long in dense air."""
    if height > ENTRY_M:
        return step_s
    speed = np.sqrt(block[3, 0] ** 2 + block[4, 0] ** 2 + block[5, 0] ** 2) + 1.0
    ln_rho, _ = log_density(height)
    drag_time_s = np.exp(ln_beta - ln_rho) / speed
    path_m = max(_COARSE_APPROACH * (height - _DENSE_M), _COARSE_STEP_M)
    return min(step_s, max(min(path_m / speed, _DRAG_TIME_PART * drag_time_s), _SHORTEST_S))


def warm_spread() -> None:
    """Call every compiled function once (`tocsin.earth.warm`)."""
    _descend(np.ones((1, 7)), 1.0, 1.0)

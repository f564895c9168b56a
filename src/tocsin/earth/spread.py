"""A fall to the ground with what nobody knows of its drag: the straight theory bends there.

Drag moves the impact as a steep, curved function of ln beta: at one sigma of 0.5 the impact of a 2,700 km arc
lies 0.2 km farther or 0.6 km shorter, at two sigma 0.3 km or 2.4 km. So the fall is flown anew through the
air for NODES values of ln beta (Gauss-Hermite); mean and covariance of their impacts replace the straight
line's part. Everything else of the state stays straight: it bends little.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth import spread_kernels
from tocsin.earth.flight import DEFAULT_STEP_S, MAX_FALL_S, Fall
from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.earth.gauss import symmetrise

Array = NDArray[np.float64]

NODES: Final = 5
STRAIGHT_SIGMA: Final = 0.02  # of ln beta: below, the straight line is good to a hundredth of a sigma

_hermite = np.polynomial.hermite_e.hermegauss(NODES)
_AT: Final[Array] = _hermite[0]
_WEIGHTS: Final[Array] = _hermite[1] / _hermite[1].sum()

BURIED_S = 5.0
"""A state below the ground came down before its epoch. Some hundred metres are the track's error, and its
impact is still the best that is known; longer ago it is no flight at all. Own choice: a few km of fall."""


class Landing(NamedTuple):
    """Mean impact and time after the start, and their covariance (3, 3): east, north (m), time (s), in the
    plane that touches the ellipsoid at the impact of the straight fall.
    """

    fall: Fall
    lat_rad: float
    lon_rad: float
    time_s: float
    covariance: Array


class _Entry(NamedTuple):
    """Where the fall meets the air: state (7,), seconds after the start, transition matrix from there."""

    x7: Array
    time_s: float
    phi: Array


def landing(x7: Array, p7: Array) -> Landing | None:
    """Where a state x7 with covariance p7 comes down. None where it does not, or nothing can be said."""
    if not (np.isfinite(x7).all() and np.isfinite(p7).all()):
        return None
    x7 = np.array(x7, dtype=np.float64, order="C")
    top = _flown(x7)
    if top is None or top[1].time_s < -BURIED_S:
        return None
    entry, end = top
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
    states = entry.x7 + np.outer(np.sqrt(variance) * _AT, entry.phi @ np.append(tied, 1.0))
    off = _ends(states, end, basis) + np.array([0.0, 0.0, entry.time_s - end.time_s])
    if not np.isfinite(off).all():
        return None
    mean = _WEIGHTS @ off
    bent = (off - mean).T @ (_WEIGHTS[:, None] * (off - mean))
    return _placed(end, mean, symmetrise(bent + partials[:, :6] @ rest @ partials[:, :6].T), basis)


def _flown(x7: Array) -> tuple[_Entry, Fall] | None:
    """The top of the air (the start, if that is below), and the fall from the start to the ground; None
    where it does not come down, or leaves the integrator's domain.
    """
    entry7, entry_s, end7, time_s, hit, apogee_m, apogee_s = spread_kernels.flown(
        x7, DEFAULT_STEP_S, MAX_FALL_S
    )
    if not hit or not np.isfinite((*end7, time_s, apogee_m, apogee_s)).all():
        return None
    above = spread_kernels.sensitivity(x7, entry_s) if entry_s > 0.0 else np.eye(7)
    whole = spread_kernels.sensitivity(entry7, time_s - entry_s) @ above
    return _Entry(entry7, entry_s, above), Fall(True, time_s, end7, whole, apogee_m, apogee_s)


def _ends(states: Array, end: Fall, basis: Array) -> Array:
    """East, north (m) of the straight fall's impact and time (s) from entry for every state (n, 7)."""
    found = np.asarray(spread_kernels.descend(np.ascontiguousarray(states), DEFAULT_STEP_S, MAX_FALL_S))
    level = (found[:, :3] - end.x_impact7[:3]) @ basis[:2].T
    return np.column_stack((level, found[:, 3]))


def _placed(end: Fall, off: Array, covariance: Array, basis: Array) -> Landing:
    lat, lon, _ = ecef_to_geodetic(end.x_impact7[:3] + off[:2] @ basis[:2])
    return Landing(end, float(lat), float(lon), end.time_s + float(off[2]), covariance)

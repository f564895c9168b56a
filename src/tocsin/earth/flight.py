"""Ballistic flight over the turning Earth: propagation, state-transition matrix, fall, ground track.

A state x7 is [r (m), v (m/s), ln beta] in ECEF; v is relative to the ground, and beta (kg/m^2) is the
ballistic coefficient mass / (drag coefficient x area). VACUUM_LN_BETA switches drag off. Forces: J2-J4
gravity, centrifugal, Coriolis, drag in the smooth atmosphere. No thrust and no lift: these functions know
falling bodies only.

Accuracy at DEFAULT_STEP_S (200 arcs of up to 2,340 s from 150 km, against heyoka's adaptive Taylor
integrator): 0.017 m at worst; 0.2 m at 20 s. Impact points with drag: 0.05 m against scipy's DOP853. The work
is done in `kernels`, which compiled callers may use directly; the first call loads them from numba's cache
(`python -m tocsin.earth.warm` fills it).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.earth import kernels
from tocsin.earth.frames import ecef_to_geodetic

__all__ = [
    "DEFAULT_STEP_S",
    "MAX_TRACK_ROWS",
    "VACUUM_LN_BETA",
    "Fall",
    "derivative",
    "fall",
    "ground_track",
    "propagate",
    "propagate_many",
    "propagate_stm",
    "sample",
]

Array = NDArray[np.float64]

DEFAULT_STEP_S: Final = 10.0
VACUUM_LN_BETA: Final = 50.0  # beta 5e21 kg/m^2: drag below 1e-14 m/s^2 anywhere
MAX_FALL_S: Final = 7_200.0  # longer than the longest flight that does not go into orbit in the public record
MAX_TRACK_ROWS: Final = 10_000


class Fall(NamedTuple):
    """Where a free flight ends. `hit` False: still flying at `time_s`; the state is the one at that time."""

    hit: bool
    time_s: float
    x_impact7: Array
    phi: Array  # (7, 7), d(state at time_s) / d(start), the time being held
    apogee_m: float  # highest geodetic height from the start on; the start's own if it is coming down already
    apogee_time_s: float


def derivative(x7: ArrayLike) -> Array:
    """Rates [v, a], shape (6,), of a state."""
    x = _state(x7)
    out = np.empty((6, 1))
    kernels.rates(kernels.start_block(x, 1), x[6], out, np.empty((4, 7)))
    return np.ascontiguousarray(out[:, 0])


def propagate(x7: ArrayLike, dt_s: float, step_s: float = DEFAULT_STEP_S) -> Array:
    """The state `dt_s` later (earlier, if negative), shape (7,)."""
    x = _state(x7)
    block = kernels.propagate_block(x, float(dt_s), _step(step_s), 1)
    return np.append(block[:, 0], x[6])


def propagate_stm(x7: ArrayLike, dt_s: float, step_s: float = DEFAULT_STEP_S) -> tuple[Array, Array]:
    """The state `dt_s` later and its state-transition matrix (7, 7)."""
    x = _state(x7)
    block = kernels.propagate_block(x, float(dt_s), _step(step_s), 8)
    return np.append(block[:, 0], x[6]), kernels.transition(block)


def propagate_many(x: ArrayLike, dt_s: ArrayLike, step_s: float = DEFAULT_STEP_S) -> Array:
    """States (N, 7), each moved by its own `dt_s` (N,) or by one for all."""
    states = np.array(x, dtype=np.float64).reshape(-1, 7)
    intervals = np.ascontiguousarray(np.broadcast_to(np.asarray(dt_s, dtype=np.float64), (len(states),)))
    if not len(states):
        return states
    return np.asarray(kernels.propagate_times(states, intervals.copy(), _step(step_s), False))


def sample(x7: ArrayLike, times_s: ArrayLike, step_s: float = DEFAULT_STEP_S) -> Array:
    """States (N, 7) of one flight at rising `times_s` (N,), counted from x7."""
    times = np.array(times_s, dtype=np.float64).reshape(-1)
    if not len(times):
        return np.empty((0, 7))
    return np.asarray(kernels.propagate_times(_state(x7).reshape(1, 7), times, _step(step_s), True))


def fall(
    x7: ArrayLike, step_s: float = DEFAULT_STEP_S, max_s: float = MAX_FALL_S, ground_alt_m: float = 0.0
) -> Fall:
    """Fly on without thrust until the height `ground_alt_m` is crossed downward, at most for `max_s`.

    A start that no body has (light as dust, at escape velocity in thick air) may leave the integrator's
    domain: it hits nothing.
    """
    x = _state(x7)
    block, hit, time_s, apogee_m, apogee_s = kernels.fall_block(
        x, _step(step_s), float(max_s), float(ground_alt_m), 8
    )
    if not (np.isfinite(block).all() and np.isfinite((time_s, apogee_m, apogee_s)).all()):
        return Fall(False, float(max_s), x, np.eye(7), 0.0, 0.0)
    end = np.append(block[:, 0], x[6])
    return Fall(bool(hit), float(time_s), end, kernels.transition(block), float(apogee_m), float(apogee_s))


def ground_track(x7: ArrayLike, until_s: float, every_s: float, step_s: float = DEFAULT_STEP_S) -> Array:
    """Rows [t_s, lat_rad, lon_rad, alt_m] from now to `until_s` or the ground, whichever comes first.

    The last row is that end. ValueError for more than MAX_TRACK_ROWS rows.
    """
    if not every_s > 0.0 or not 0.0 <= until_s / every_s < MAX_TRACK_ROWS - 1:
        raise ValueError(f"a ground track has 1 to {MAX_TRACK_ROWS} rows")
    x = _state(x7)
    _, _, end_s, _, _ = kernels.fall_block(x, _step(step_s), float(until_s), 0.0, 1)
    times = np.append(np.arange(0.0, end_s, every_s), end_s)
    lat, lon, alt = ecef_to_geodetic(sample(x, times, step_s)[:, :3])
    return np.stack((times, lat, lon, alt), axis=-1)


def _state(x7: ArrayLike) -> Array:
    """A contiguous, writable copy: numba would compile anew for another layout, in the midst of an alarm."""
    x = np.array(x7, dtype=np.float64, order="C")
    if x.shape != (7,):
        raise ValueError(f"a flight state has 7 numbers, this has shape {x.shape}")
    return x


def _step(step_s: float) -> float:
    if not step_s > 0.0:
        raise ValueError("the step must be positive")
    return float(step_s)

"""Compiled falls for `spread`: the path at full accuracy, its sensitivities and the other values of drag with
longer steps. No checks: `spread` makes them.

An impact is wanted to a decimetre, how it moves with the start to a thousandth. So the path is flown alone,
and the sensitivities are flown a second time with SPACE_STEP_S above the air and three times the path's step
within it: a sixth of the work.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth import kernels
from tocsin.earth.atmosphere import log_density

Array = NDArray[np.float64]

ENTRY_M: Final = 150e3  # above, drag of a dense body moves an impact by less than a metre
SPACE_STEP_S: Final = 40.0  # sensitivities good to 1e-5 of themselves (tests/earth/test_spread.py)
_COARSE_STEP_M: Final = 3e3  # nodes: good to 2 m of the spread (tests/earth/test_spread.py)
_COARSE_APPROACH: Final = 0.3
_DENSE_M: Final = 80e3
_DRAG_TIME_PART: Final = 0.25
_SHORTEST_S: Final = 0.02
_STEPS_LIMIT: Final = 4_000
_REFINEMENTS: Final = 4

Flown = tuple[Array, float, Array, float, bool, float, float]


@njit(cache=True, error_model="numpy")
def flown(x7: Array, step_s: float, max_s: float) -> Flown:
    """State (7,) and time at the top of the air (the start, if that is below), and at the ground; whether the
    ground was reached; greatest height on the way, and its time.
    """
    entry, end = x7.copy(), x7.copy()
    height, _, _, _ = kernels.vertical(x7[0], x7[1], x7[2])
    above = height > ENTRY_M
    entry_s, crest_m, crest_s = 0.0, 0.0, 0.0
    if above:
        block, hit, entry_s, crest_m, crest_s = kernels.fall_block(x7, step_s, max_s, ENTRY_M, 1)
        entry[:6] = block[:, 0]
        if not hit:
            return entry, entry_s, entry, entry_s, False, crest_m, crest_s
    block, hit, down_s, low_m, low_s = kernels.fall_block(entry, step_s, max(max_s - entry_s, 1.0), 0.0, 1)
    end[:6] = block[:, 0]
    if not above:
        crest_m, crest_s = low_m, low_s
    return entry, entry_s, end, entry_s + down_s, hit, crest_m, crest_s


@njit(cache=True, error_model="numpy")
def sensitivity(x7: Array, dt_s: float) -> Array:
    """State-transition matrix (7, 7) over `dt_s` >= 0, with long steps."""
    block = kernels.start_block(x7, 8)
    work, partials = np.empty((3, 6, 8)), np.empty((4, 7))
    left_s = dt_s
    for _ in range(_STEPS_LIMIT):
        height, _, _, _ = kernels.vertical(block[0, 0], block[1, 0], block[2, 0])
        step = min(left_s, _coarse(height, kernels.speed(block), x7[6], SPACE_STEP_S))
        kernels.runge_kutta(block, x7[6], step, work, partials)
        left_s -= step
        if left_s <= 0.0:
            break
    return kernels.transition(block)


@njit(cache=True, error_model="numpy")
def descend(states: Array, step_s: float, max_s: float) -> Array:
    """Impact places (ECEF) and times (n, 4) of states (n, 7); not a number where one does not come down."""
    out = np.full((states.shape[0], 4), np.nan)
    for n in range(states.shape[0]):
        x, y, z, u, v, w, ln_beta = states[n]
        now_s = 0.0
        height, east, north, up = kernels.vertical(x, y, z)
        for _ in range(_STEPS_LIMIT):
            step = _coarse(height, np.sqrt(u * u + v * v + w * w) + 1.0, ln_beta, step_s)
            x, y, z, u, v, w = kernels.step_alone(x, y, z, u, v, w, ln_beta, step)
            now_s += step
            height, east, north, up = kernels.vertical(x, y, z)
            if now_s > max_s or (height <= 0.0 and u * east + v * north + w * up < 0.0):
                break
        if height > 0.0:
            continue
        for _ in range(_REFINEMENTS):
            correction = -height / (u * east + v * north + w * up)
            x, y, z, u, v, w = kernels.step_alone(x, y, z, u, v, w, ln_beta, correction)
            now_s += correction
            height, east, north, up = kernels.vertical(x, y, z)
        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = x, y, z, now_s
    return out


@njit(cache=True, error_model="numpy")
def _coarse(height: float, speed: float, ln_beta: float, step_s: float) -> float:
    """As `kernels.step_limit`, three times as long in dense air; `speed` in m/s."""
    path_m = max(_COARSE_APPROACH * (height - _DENSE_M), _COARSE_STEP_M)
    if height > ENTRY_M:
        return min(step_s, path_m / speed)
    ln_rho, _ = log_density(height)
    drag_time_s = np.exp(ln_beta - ln_rho) / speed
    return min(step_s, max(min(path_m / speed, _DRAG_TIME_PART * drag_time_s), _SHORTEST_S))


def warm_spread() -> None:
    """Call every compiled function once (`tocsin.earth.warm`)."""
    x7 = np.array([7e6, 0.0, 0.0, -5e3, 1e3, 0.0, 8.75])
    entry, _, _, _, _, _, _ = flown(x7, 10.0, 10.0)
    sensitivity(x7, 1.0)
    descend(entry.reshape(1, 7), 10.0, 1.0)

"""Compiled flight in the rotating Earth frame: forces, one integrator, fall to the ground. No checks:
`flight` makes them.

A flight block is an array Y of shape (6, 1) or (6, 8): column 0 is [r (m), v (m/s)] in ECEF, the other seven
are the sensitivities of that state to the start's [r, v, ln beta], beta being the ballistic coefficient in
kg/m^2. One Runge-Kutta step of fourth order moves the whole block, so that the path is the same, bit by bit,
with and without sensitivities.

Step: the asked one in space; within the atmosphere no longer than 0.3 of the time to come down to 80 km,
below that the time to fly 1 km, and always a quarter of the time constant of drag. It depends on the state
alone.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth.atmosphere import log_density
from tocsin.earth.constants import WGS84_A_M, WGS84_B_M, WGS84_E2, WGS84_EP2, WGS84_OMEGA_RAD_S
from tocsin.earth.gravity import pull, pull_gradient

Array = NDArray[np.float64]

_A: Final = float(WGS84_A_M)
_B: Final = float(WGS84_B_M)
_E2: Final = float(WGS84_E2)
_EP2: Final = float(WGS84_EP2)
_OMEGA: Final = float(WGS84_OMEGA_RAD_S)
_AIRLESS_M: Final = 1_000e3  # the standard atmosphere's last row: above, drag is left out
_DENSE_M: Final = 80e3  # below, steps follow the air's scale height of about 7 km
_DENSE_STEP_M: Final = 1e3
_APPROACH: Final = 0.3
_DRAG_TIME_PART: Final = 0.25  # a tenth of Runge-Kutta's limit of stability
_SHORTEST_S: Final = 0.01
_GROUND_TOLERANCE_M: Final = 1e-3
_REFINEMENTS: Final = 12


@njit(cache=True, error_model="numpy")
def vertical(x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Height (m) of a place and the ellipsoid's normal there."""
    p = np.sqrt(x * x + y * y)
    tangent_up = _B * z * (1.0 + _EP2 * _B / np.sqrt(p * p + z * z))
    tangent_out = _A * p
    scale = 1.0 / np.sqrt(tangent_up * tangent_up + tangent_out * tangent_out)
    up_part = z + _EP2 * _B * (tangent_up * scale) ** 3
    out_part = p - _E2 * _A * (tangent_out * scale) ** 3
    scale = 1.0 / np.sqrt(up_part * up_part + out_part * out_part)
    sin_lat, cos_lat = up_part * scale, out_part * scale
    height = p * cos_lat + z * sin_lat - _A * np.sqrt(1.0 - _E2 * sin_lat * sin_lat)
    if p > 0.0:
        return height, cos_lat * x / p, cos_lat * y / p, sin_lat
    return height, 0.0, 0.0, sin_lat


@njit(cache=True, error_model="numpy")
def height_and_up(block: Array, up: Array) -> float:
    """Height (m) of the block's position; writes the ellipsoid's normal there into `up`, (3,)."""
    height, up[0], up[1], up[2] = vertical(block[0, 0], block[1, 0], block[2, 0])
    return height


@njit(cache=True, error_model="numpy")
def air(x: float, y: float, z: float, ln_beta: float) -> tuple[float, float, float, float, float]:
    """Half the density over beta (1/m, nil above the air), slope of its logarithm (1/m), and the normal."""
    height, up_x, up_y, up_z = vertical(x, y, z)
    if height < _AIRLESS_M:
        ln_rho, slope = log_density(height)
        return 0.5 * np.exp(ln_rho - ln_beta), slope, up_x, up_y, up_z
    return 0.0, 0.0, up_x, up_y, up_z


@njit(cache=True, error_model="numpy")
def acceleration(
    x: float, y: float, z: float, u: float, v: float, w: float, strength: float
) -> tuple[float, float, float]:
    """What moves the velocity (u, v, w) at (x, y, z), in m/s^2; `strength` is `air`'s first number."""
    ax, ay, az = pull(x, y, z)
    drag = strength * np.sqrt(u * u + v * v + w * w)
    ax += _OMEGA * (_OMEGA * x + 2.0 * v) - drag * u
    ay += _OMEGA * (_OMEGA * y - 2.0 * u) - drag * v
    return ax, ay, az - drag * w


@njit(cache=True, error_model="numpy")
def slopes(block: Array, strength: float, fall_off: float, partials: Array) -> None:
    """Write d(acceleration)/d(r, v, ln beta) into the first three rows of `partials` (4, 7); its last row
    holds the normal. `strength`, `fall_off`: the first two numbers of `air`.
    """
    pull_gradient(block[0, 0], block[1, 0], block[2, 0], partials)
    partials[0, 0] += _OMEGA * _OMEGA
    partials[1, 1] += _OMEGA * _OMEGA
    partials[:3, 3:] = 0.0
    partials[0, 4] = 2.0 * _OMEGA
    partials[1, 3] = -2.0 * _OMEGA
    speed = np.sqrt(block[3, 0] ** 2 + block[4, 0] ** 2 + block[5, 0] ** 2)
    if strength == 0.0 or speed == 0.0:
        return
    for i in range(3):
        drag = -strength * speed * block[3 + i, 0]
        for j in range(3):
            partials[i, j] += drag * fall_off * partials[3, j]
            partials[i, 3 + j] -= strength * block[3 + i, 0] * block[3 + j, 0] / speed
        partials[i, 3 + i] -= strength * speed
        partials[i, 6] = -drag


@njit(cache=True, error_model="numpy")
def rates(block: Array, ln_beta: float, out: Array, partials: Array) -> None:
    """Write d(block)/dt into `out`; `partials` (4, 7) is work space."""
    strength, fall_off, partials[3, 0], partials[3, 1], partials[3, 2] = air(
        block[0, 0], block[1, 0], block[2, 0], ln_beta
    )
    out[0, 0], out[1, 0], out[2, 0] = block[3, 0], block[4, 0], block[5, 0]
    out[3, 0], out[4, 0], out[5, 0] = acceleration(
        block[0, 0], block[1, 0], block[2, 0], block[3, 0], block[4, 0], block[5, 0], strength
    )
    if block.shape[1] == 1:
        return
    slopes(block, strength, fall_off, partials)
    for i in range(3):
        for column in range(1, 8):
            out[i, column] = block[3 + i, column]
            out[3 + i, column] = partials[i, 0] * block[0, column]
        for k in range(1, 6):
            for column in range(1, 8):
                out[3 + i, column] += partials[i, k] * block[k, column]
        out[3 + i, 7] += partials[i, 6]


@njit(cache=True, error_model="numpy")
def step_alone(
    x: float, y: float, z: float, u: float, v: float, w: float, ln_beta: float, step_s: float
) -> tuple[float, float, float, float, float, float]:
    """`runge_kutta` of a state alone, the same bit by bit: in registers, four times as fast."""
    tx, ty, tz, tu, tv, tw = x, y, z, u, v, w
    sx = sy = sz = su = sv = sw = 0.0
    for stage in range(4):
        weight = 2.0 if stage in (1, 2) else 1.0
        reach = step_s if stage == 2 else 0.5 * step_s
        strength = air(tx, ty, tz, ln_beta)[0]
        ax, ay, az = acceleration(tx, ty, tz, tu, tv, tw, strength)
        sx, sy, sz = weight * tu + sx, weight * tv + sy, weight * tw + sz
        su, sv, sw = weight * ax + su, weight * ay + sv, weight * az + sw
        tx, ty, tz = x + reach * tu, y + reach * tv, z + reach * tw
        tu, tv, tw = u + reach * ax, v + reach * ay, w + reach * az
    sixth = step_s / 6.0
    return x + sixth * sx, y + sixth * sy, z + sixth * sz, u + sixth * su, v + sixth * sv, w + sixth * sw


@njit(cache=True, error_model="numpy")
def runge_kutta(block: Array, ln_beta: float, step_s: float, work: Array, partials: Array) -> None:
    """One classical fourth-order step of `block` in place; `work` has shape (3, 6, columns)."""
    if block.shape[1] == 1:
        (block[0, 0], block[1, 0], block[2, 0], block[3, 0], block[4, 0], block[5, 0]) = step_alone(
            block[0, 0], block[1, 0], block[2, 0], block[3, 0], block[4, 0], block[5, 0], ln_beta, step_s
        )
        return
    rate, total, trial = work[0], work[1], work[2]
    rows, columns = block.shape
    for stage in range(4):
        weight = 2.0 if stage in (1, 2) else 1.0
        reach = step_s if stage == 2 else 0.5 * step_s
        rates(trial if stage else block, ln_beta, rate, partials)
        for i in range(rows):
            for j in range(columns):
                total[i, j] = weight * rate[i, j] + (total[i, j] if stage else 0.0)
                trial[i, j] = block[i, j] + reach * rate[i, j]
    for i in range(rows):
        for j in range(columns):
            block[i, j] += step_s / 6.0 * total[i, j]


@njit(cache=True, error_model="numpy")
def speed(block: Array) -> float:
    """Speed over the ground, 1 m/s more: it divides."""
    return np.sqrt(block[3, 0] ** 2 + block[4, 0] ** 2 + block[5, 0] ** 2) + 1.0


@njit(cache=True, error_model="numpy")
def step_limit(block: Array, ln_beta: float, step_s: float, partials: Array) -> float:
    """Longest step (s, at most `step_s`) that the air at the block's place allows."""
    height, _, _, _ = vertical(block[0, 0], block[1, 0], block[2, 0])
    if height > _AIRLESS_M:
        return step_s
    speed_mps = speed(block)
    ln_rho, _ = log_density(height)
    drag_time_s = np.exp(ln_beta - ln_rho) / speed_mps
    path_m = max(_APPROACH * (height - _DENSE_M), _DENSE_STEP_M)
    return min(step_s, max(min(path_m / speed_mps, _DRAG_TIME_PART * drag_time_s), _SHORTEST_S))


@njit(cache=True, error_model="numpy")
def advance(block: Array, ln_beta: float, dt_s: float, step_s: float, work: Array, partials: Array) -> None:
    """Move `block` by `dt_s` (either sign) in place."""
    left_s = abs(dt_s)
    sign = 1.0 if dt_s >= 0.0 else -1.0
    while left_s > 0.0:
        limit_s = step_limit(block, ln_beta, step_s, partials)
        step = left_s if left_s <= limit_s else left_s / np.ceil(left_s / limit_s)
        runge_kutta(block, ln_beta, sign * step, work, partials)
        left_s = 0.0 if step == left_s else left_s - step


@njit(cache=True, error_model="numpy")
def start_block(x7: Array, columns: int) -> Array:
    """A flight block of 1 or 8 columns at the state x7; the sensitivities are the identity."""
    block = np.zeros((6, columns))
    for i in range(6):
        block[i, 0] = x7[i]
        if columns > 1:
            block[i, 1 + i] = 1.0
    return block


@njit(cache=True, error_model="numpy")
def transition(block: Array) -> Array:
    """The state-transition matrix (7, 7) of an eight-column block."""
    phi = np.eye(7)
    phi[:6, :] = block[:, 1:]
    return phi


@njit(cache=True, error_model="numpy")
def propagate_block(x7: Array, dt_s: float, step_s: float, columns: int) -> Array:
    """The block at `dt_s` after the state x7."""
    block = start_block(x7, columns)
    advance(block, x7[6], dt_s, step_s, np.empty((3, 6, columns)), np.empty((4, 7)))
    return block


@njit(cache=True, error_model="numpy")
def propagate_times(states: Array, dt_s: Array, step_s: float, chained: bool) -> Array:
    """States (N, 7), each moved by its dt_s (N,); if `chained`, the first one at N times, step by step."""
    out = np.empty((dt_s.shape[0], 7))
    work, partials = np.empty((3, 6, 1)), np.empty((4, 7))
    block = start_block(states[0], 1)
    now_s = 0.0
    for n in range(dt_s.shape[0]):
        row = 0 if chained else n
        if not chained:
            block = start_block(states[row], 1)
            now_s = 0.0
        advance(block, states[row, 6], dt_s[n] - now_s, step_s, work, partials)
        now_s = dt_s[n]
        out[n, :6] = block[:, 0]
        out[n, 6] = states[row, 6]
    return out


@njit(cache=True, error_model="numpy")
def climb_rate(block: Array, up: Array) -> float:
    """Vertical speed (m/s), after `height_and_up` has written `up`."""
    return block[3, 0] * up[0] + block[4, 0] * up[1] + block[5, 0] * up[2]


@njit(cache=True, error_model="numpy")
def fall_block(
    x7: Array, step_s: float, max_s: float, ground_alt_m: float, columns: int
) -> tuple[Array, bool, float, float, float]:
    """Fly to the ground: block there, hit or not, its time, greatest height on the way, time of that."""
    block = start_block(x7, columns)
    work, partials = np.empty((3, 6, columns)), np.empty((4, 7))
    crest_work = np.empty((3, 6, 1))
    up = np.empty(3)
    now_s = 0.0
    height = height_and_up(block, up)
    climb = climb_rate(block, up)
    apogee_m, apogee_s = height, 0.0
    while now_s < max_s:
        step = min(step_limit(block, x7[6], step_s, partials), max_s - now_s)
        before = block[:, :1].copy()
        climb_before = climb
        runge_kutta(block, x7[6], step, work, partials)
        height = height_and_up(block, up)
        climb = climb_rate(block, up)
        if climb_before > 0.0 and climb <= 0.0:
            slope = (climb - climb_before) / step
            crest_s = 0.0
            for _ in range(4):  # secant: the slope hardly changes within a step
                correction = -climb_before / slope
                runge_kutta(before, x7[6], correction, crest_work, partials)
                crest_s += correction
                crest_m = height_and_up(before, up)
                climb_before = climb_rate(before, up)
            if crest_m > apogee_m:
                apogee_m, apogee_s = crest_m, now_s + crest_s
        now_s += step
        if height > apogee_m:
            apogee_m, apogee_s = height, now_s
        if height <= ground_alt_m and climb < 0.0:
            for _ in range(_REFINEMENTS):
                correction = (ground_alt_m - height) / climb
                runge_kutta(block, x7[6], correction, work, partials)
                now_s += correction
                height = height_and_up(block, up)
                climb = climb_rate(block, up)
                if abs(height - ground_alt_m) < _GROUND_TOLERANCE_M:
                    break
            return block, True, now_s, apogee_m, apogee_s
    return block, False, now_s, apogee_m, apogee_s

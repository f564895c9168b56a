"""Compiled inner loops of the estimators: what a sensor would have measured, normal equations, the Kalman
update.

Rows and the sensor table are those of `rows`. Residuals are measured minus predicted. A line of sight is
two numbers: the predicted direction's parts along two axes across the measured one.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth import kernels as flight

Array = NDArray[np.float64]

_TWO_PI: Final = 2.0 * np.pi
_STEP_S: Final = 10.0


@njit(cache=True, error_model="numpy")
def radar(row: Array, sensor: Array, pos: Array, vel: Array, z: Array, h: Array, r: Array) -> int:
    """Residuals z (4,), partials h (4, 6), variances r (4,) of a radar row; returns how many are in use."""
    rel = np.empty(3)
    enu = np.zeros(3)
    for i in range(3):
        rel[i] = pos[i] - sensor[5 + i]
    for i in range(3):
        for j in range(3):
            enu[i] += sensor[8 + 3 * i + j] * rel[j]
    level2 = max(enu[0] ** 2 + enu[1] ** 2, 1.0)
    level = np.sqrt(level2)
    dist = np.sqrt(level2 + enu[2] ** 2)
    azimuth = row[5] - np.arctan2(enu[0], enu[1])
    z[0] = row[4] - dist
    z[1] = azimuth - _TWO_PI * np.floor(azimuth / _TWO_PI + 0.5)
    z[2] = row[6] - np.arctan2(enu[2], level)
    d_az = (enu[1] / level2, -enu[0] / level2, 0.0)
    d_el = (-enu[0] * enu[2] / (level * dist**2), -enu[1] * enu[2] / (level * dist**2), level / dist**2)
    for j in range(3):
        h[0, j] = rel[j] / dist
        h[1, j] = 0.0
        h[2, j] = 0.0
        for i in range(3):
            h[1, j] += d_az[i] * sensor[8 + 3 * i + j]
            h[2, j] += d_el[i] * sensor[8 + 3 * i + j]
    h[:, 3:] = 0.0
    for i in range(4):
        r[i] = sensor[i] ** 2
    if np.isnan(row[7]):
        return 3
    rate = (rel[0] * vel[0] + rel[1] * vel[1] + rel[2] * vel[2]) / dist
    z[3] = row[7] - rate
    for j in range(3):
        h[3, j] = (vel[j] - rate * rel[j] / dist) / dist
        h[3, 3 + j] = rel[j] / dist
    return 4


@njit(cache=True, error_model="numpy")
def sight(row: Array, sensor: Array, pos: Array, z: Array, h: Array, r: Array) -> int:
    """As `radar`, for a line of sight."""
    one = np.zeros(3)
    two = np.empty(3)
    flat = 0
    for i in range(1, 3):
        if abs(row[4 + i]) < abs(row[4 + flat]):
            flat = i
    # First axis: across the sight and across the coordinate axis most square to it.
    j, k = (flat + 1) % 3, (flat + 2) % 3
    length = np.sqrt(row[4 + j] ** 2 + row[4 + k] ** 2)
    one[j], one[k] = -row[4 + k] / length, row[4 + j] / length
    two[0] = row[5] * one[2] - row[6] * one[1]
    two[1] = row[6] * one[0] - row[4] * one[2]
    two[2] = row[4] * one[1] - row[5] * one[0]
    rel = np.empty(3)
    for i in range(3):
        rel[i] = pos[i] - row[7 + i]
    dist = np.sqrt(rel[0] ** 2 + rel[1] ** 2 + rel[2] ** 2)
    part_one = (one[0] * rel[0] + one[1] * rel[1] + one[2] * rel[2]) / dist
    part_two = (two[0] * rel[0] + two[1] * rel[1] + two[2] * rel[2]) / dist
    z[0], z[1] = -part_one, -part_two
    for i in range(3):
        h[0, i] = (one[i] - part_one * rel[i] / dist) / dist
        h[1, i] = (two[i] - part_two * rel[i] / dist) / dist
    h[:2, 3:] = 0.0
    r[0] = r[1] = sensor[4] ** 2
    return 2


@njit(cache=True, error_model="numpy")
def measure(row: Array, sensor: Array, pos: Array, vel: Array, z: Array, h: Array, r: Array) -> int:
    """Residuals, partials by position and velocity, and variances of any row."""
    if row[1] == 1.0:
        return sight(row, sensor, pos, z, h, r)
    used = radar(row, sensor, pos, vel, z, h, r)
    if row[1] == 0.0:
        return used
    # Mixed: in the range rate's place stands what is added to variances.
    for i in range(3):
        r[i] += row[7 + i]
    return 3


@njit(cache=True, error_model="numpy")
def add(jac: Array, size: int, z: float, variance: float, normal: Array, right: Array) -> float:
    """Add one scalar measurement to the normal equations; returns its squared standardised residual."""
    for i in range(size):
        weight = jac[i] / variance
        right[i] += weight * z
        for j in range(size):
            normal[i, j] += weight * jac[j]
    return z * z / variance


@njit(cache=True, error_model="numpy")
def poly_normal(
    rows: Array,
    table: Array,
    c: Array,
    t0_s: float,
    normal: Array,
    right: Array,
    ends_s: float,
    fall_mps2: Array,
) -> tuple[float, int]:
    """Normal equations (12, 12) of a cubic c = [position, velocity, acceleration, jerk] at t0; chi-squared
    and count. From `ends_s` after t0 on (infinite: never) it falls by `fall_mps2` (3,) only.
    """
    z, h, r, jac = np.empty(4), np.zeros((4, 6)), np.empty(4), np.empty(12)
    pos, vel = np.empty(3), np.empty(3)
    chi2, count = 0.0, 0
    for n in range(rows.shape[0]):
        s = min(rows[n, 0] - t0_s, ends_s)
        free = rows[n, 0] - t0_s - s
        for i in range(3):
            pos[i] = c[i] + s * (c[3 + i] + s * (0.5 * c[6 + i] + s * c[9 + i] / 6.0))
            vel[i] = c[3 + i] + s * (c[6 + i] + 0.5 * s * c[9 + i])
            pos[i] += free * (vel[i] + 0.5 * free * fall_mps2[i])
            vel[i] += free * fall_mps2[i]
        used = measure(rows[n], table[int(rows[n, 2])], pos, vel, z, h, r)
        for m in range(used):
            for i in range(3):
                jac[i] = h[m, i]
                jac[3 + i] = (s + free) * h[m, i] + h[m, 3 + i]
                jac[6 + i] = s * (0.5 * s + free) * h[m, i] + s * h[m, 3 + i]
                jac[9 + i] = s * s * (s / 6.0 + 0.5 * free) * h[m, i] + 0.5 * s * s * h[m, 3 + i]
            chi2 += add(jac, 12, z[m], r[m], normal, right)
        count += used
    return chi2, count


@njit(cache=True, error_model="numpy")
def flyable(block: Array) -> bool:
    """Is a state (its first column) one that a body near the Earth has? Others cost the integrator endless
    steps.

    Not NaN, slower than 20 km/s (escape: 11.2), from 100 km below the ground to 50,000 km up.
    """
    radius2, speed2 = 0.0, 0.0
    for i in range(3):
        radius2 += block[i, 0] ** 2
        speed2 += block[3 + i, 0] ** 2
    return 6.25e6**2 < radius2 < 5.6e7**2 and speed2 < 2e4**2


@njit(cache=True, error_model="numpy")
def flight_normal(
    rows: Array, table: Array, x8: Array, t0_s: float, normal: Array, right: Array, ends: Array
) -> tuple[float, int]:
    """Normal equations (8, 8) of a free flight from x7 at t0, the eighth number a push (m/s^2) along the
    first velocity.

    Writes the state and transition matrix at the last row into `ends` (7, 8). Rows in order of time.
    Chi-squared is infinite for a flight that no falling body has (see `flyable`): it is not flown.
    """
    z, h, r, jac = np.empty(4), np.zeros((4, 6)), np.empty(4), np.empty(8)
    pos, vel = np.empty(3), np.empty(3)
    work, partials = np.empty((3, 6, 8)), np.empty((4, 7))
    block = flight.start_block(x8, 8)
    speed = np.sqrt(x8[3] ** 2 + x8[4] ** 2 + x8[5] ** 2) + 1e-9
    at_s, chi2, count = t0_s, 0.0, 0
    for n in range(rows.shape[0]):
        if not flyable(block):
            return np.inf, 1
        if rows[n, 0] != at_s:
            flight.advance(block, x8[6], rows[n, 0] - at_s, _STEP_S, work, partials)
            at_s = rows[n, 0]
        s = at_s - t0_s
        for i in range(3):
            unit = x8[3 + i] / speed
            pos[i] = block[i, 0] + 0.5 * s * s * x8[7] * unit
            vel[i] = block[3 + i, 0] + s * x8[7] * unit
        used = measure(rows[n], table[int(rows[n, 2])], pos, vel, z, h, r)
        for m in range(used):
            for j in range(7):
                jac[j] = 0.0
                for i in range(6):
                    jac[j] += h[m, i] * block[i, 1 + j]
            jac[7] = 0.0
            for i in range(3):
                jac[7] += (0.5 * s * s * h[m, i] + s * h[m, 3 + i]) * x8[3 + i] / speed
            chi2 += add(jac, 8, z[m], r[m], normal, right)
        count += used
    ends[:6, 0] = block[:, 0]
    ends[6, 0] = x8[6]
    ends[:6, 1:] = block[:, 1:]
    ends[6, 1:] = 0.0
    ends[6, 7] = 1.0
    return chi2, count


@njit(cache=True, error_model="numpy")
def flight_rows(
    rows: Array, table: Array, x8: Array, t0_s: float, off: Array, jac: Array, var: Array
) -> bool:
    """Residuals (n, 4), partials (n, 4, 8) by x8 at t0 (see `flight_normal`) and variances (n, 4) of rows in
    order of time, infinite where a number is not measured. False for a flight that no falling body has.
    """
    h, z = np.zeros((4, 6)), np.empty(4)
    pos, vel = np.empty(3), np.empty(3)
    work, partials = np.empty((3, 6, 8)), np.empty((4, 7))
    block = flight.start_block(x8, 8)
    speed = np.sqrt(x8[3] ** 2 + x8[4] ** 2 + x8[5] ** 2) + 1e-9
    at_s = t0_s
    off[:], jac[:], var[:] = 0.0, 0.0, np.inf
    for n in range(rows.shape[0]):
        if not flyable(block):
            return False
        if rows[n, 0] != at_s:
            flight.advance(block, x8[6], rows[n, 0] - at_s, _STEP_S, work, partials)
            at_s = rows[n, 0]
        s = at_s - t0_s
        for i in range(3):
            pos[i] = block[i, 0] + 0.5 * s * s * x8[7] * x8[3 + i] / speed
            vel[i] = block[3 + i, 0] + s * x8[7] * x8[3 + i] / speed
        used = measure(rows[n], table[int(rows[n, 2])], pos, vel, z, h, var[n])
        for m in range(used):
            off[n, m] = z[m]
            for i in range(6):
                for j in range(7):
                    jac[n, m, j] += h[m, i] * block[i, 1 + j]
            for i in range(3):
                jac[n, m, 7] += (0.5 * s * s * h[m, i] + s * h[m, 3 + i]) * x8[3 + i] / speed
        for m in range(used, 4):
            var[n, m] = np.inf
    return True


@njit(cache=True, error_model="numpy")
def straight(mean: Array, cov6: Array, dt_s: float, pos: Array, vel: Array, cov: Array) -> None:
    """Write a state (6,) and covariance (6, 6) moved in a straight line into pos, vel and cov."""
    for i in range(3):
        vel[i] = mean[3 + i]
        pos[i] = mean[i] + dt_s * vel[i]
        for j in range(3):
            mixed = cov6[i, 3 + j] + dt_s * cov6[3 + i, 3 + j]
            cov[i, j] = cov6[i, j] + dt_s * (cov6[3 + i, j] + mixed)
            cov[i, 3 + j] = mixed
            cov[3 + j, i] = mixed
            cov[3 + i, 3 + j] = cov6[3 + i, 3 + j]


@njit(cache=True, error_model="numpy")
def innovation(
    used: int, z: Array, h: Array, r: Array, cov: Array, s: Array, half: Array
) -> tuple[float, float]:
    """d^2 and ln det of S = H P H' + R by its Cholesky factor, row by row into `s` (4, 4); d^2 inf if S is
    not positive.
    """
    log_det, d2 = 0.0, 0.0
    for a in range(used):
        for b in range(a + 1):
            total = r[a] if a == b else 0.0
            for i in range(6):
                for j in range(6):
                    total += h[a, i] * cov[i, j] * h[b, j]
            for i in range(b):
                total -= s[a, i] * s[b, i]
            if a != b:
                s[a, b] = total / s[b, b]
            elif total > 0.0:
                s[a, a] = np.sqrt(total)
            else:
                return np.inf, np.inf
        total = z[a]
        for i in range(a):
            total -= s[a, i] * half[i]
        half[a] = total / s[a, a]
        d2 += half[a] ** 2
        log_det += 2.0 * np.log(s[a, a])
    return d2, log_det

"""Compiled filter for many objects in free flight at once, and the sparse gate.

A slot is one object: three marks (ANCHOR, CHECK, HEAD), each a time, a state x7 and a covariance (7, 7). The
head is the estimate; the other two are what it was at earlier rows, so that a late row can be put into its
place by going on from there. Arrays: times (n, 3), x (n, 3, 7), p (n, 3, 7, 7), tally (n, 4) =
[chi-squared and count of numbers between anchor and check, the same between check and head].
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth import kernels as flight
from tocsin.earth.constants import WGS84_A_M, WGS84_OMEGA_RAD_S
from tocsin.earth.gravity import gravity, gravity_gradient
from tocsin.track import kernels

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ANCHOR: Final = 0
CHECK: Final = 1
HEAD: Final = 2

_OMEGA: Final = float(WGS84_OMEGA_RAD_S)
_SPIN: Final = 2.0 * _OMEGA
# Above this height the drag on the lightest object of the prior (2,000 kg/m^2) is below 2e-6 m/s^2: 0.1 mm in
# ten seconds. Counted from the equator's radius, so that it is never lower anywhere.
_AIRLESS_RADIUS_M: Final = float(WGS84_A_M) + 250e3
_SHORT_S: Final = 12.0  # a Taylor step of this length errs by 0.3 mm, the transition matrix by 1e-8
_STEP_S: Final = 10.0


@njit(cache=True, error_model="numpy")
def turn(x: Array, a: Array) -> None:
    """Write the acceleration of free flight without air at x (7,) into a (3,)."""
    gravity(x[:3], a)
    a[0] += _OMEGA * (_OMEGA * x[0] + 2.0 * x[4])
    a[1] += _OMEGA * (_OMEGA * x[1] - 2.0 * x[3])


@njit(cache=True, error_model="numpy")
def hop(x: Array, dt_s: float, phi: Array, work: Array) -> None:
    """Move x by a short time above the air, in place; its transition matrix into phi (7, 7), work (8, 3).

    Acceleration as a parabola through its value and slope at the start and its value at the end: two
    evaluations where Runge-Kutta needs four. The matrix is the series to the third power of the time.
    """
    a, j, end, g, cg = work[0], work[1], work[2], work[3:6], work[6]
    turn(x, a)
    gravity_gradient(x[:3], g)
    g[0, 0] += _OMEGA * _OMEGA
    g[1, 1] += _OMEGA * _OMEGA
    for i in range(3):
        j[i] = g[i, 0] * x[3] + g[i, 1] * x[4] + g[i, 2] * x[5]
    j[0] += _SPIN * a[1]
    j[1] -= _SPIN * a[0]
    s = dt_s
    s2, s3 = s * s / 2.0, s * s * s / 6.0
    for i in range(3):
        x[i] += s * x[3 + i] + s2 * a[i] + s3 * j[i]
        x[3 + i] += s * a[i] + s2 * j[i]
    turn(x, end)
    for i in range(3):
        bend = end[i] - a[i] - s * j[i]
        x[i] += bend * s2 / 6.0
        x[3 + i] += bend * s / 3.0
    for i in range(3):
        for k in range(3):
            phi[i, k] = s2 * g[i, k]
            phi[i, 3 + k] = s3 * g[i, k]
            phi[3 + i, k] = s * g[i, k]
            phi[3 + i, 3 + k] = s2 * g[i, k]
    # Coriolis: its matrix has two entries, [0, 1] and [1, 0].
    for k in range(3):
        cg[k] = _SPIN * g[1, k]
        phi[0, k] += s3 * cg[k]
        phi[3, k] += s2 * cg[k]
        cg[k] = -_SPIN * g[0, k]
        phi[1, k] += s3 * cg[k]
        phi[4, k] += s2 * cg[k]
    phi[0, 4] += s2 * _SPIN
    phi[1, 3] -= s2 * _SPIN
    phi[3, 4] += s * _SPIN
    phi[4, 3] -= s * _SPIN
    for i in range(2):
        phi[i, 3 + i] -= s3 * _SPIN * _SPIN
        phi[3 + i, 3 + i] -= s2 * _SPIN * _SPIN
    for i in range(3):
        phi[i, i] += 1.0
        phi[3 + i, 3 + i] += 1.0
        phi[i, 3 + i] += s
    for i in range(6):
        phi[i, 6] = 0.0
        phi[6, i] = 0.0
    phi[6, 6] = 1.0


@njit(cache=True, error_model="numpy")
def carry(p: Array, phi: Array, half: Array) -> None:
    """p = phi p phi' in place, (7, 7); `half` is work space of the same shape."""
    for i in range(7):
        for j in range(7):
            total = 0.0
            for k in range(7):
                total += phi[i, k] * p[k, j]
            half[i, j] = total
    for i in range(7):
        for j in range(i + 1):
            total = 0.0
            for k in range(7):
                total += half[i, k] * phi[j, k]
            p[i, j] = total
            p[j, i] = total


@njit(cache=True, error_model="numpy")
def drag_of(x: Array) -> float:
    """Drag (m/s^2) on x."""
    free, dragged = np.empty((6, 1)), np.empty((6, 1))
    partials = np.empty((4, 7))
    flight.rates(flight.start_block(x, 1), x[6], dragged, partials)
    flight.rates(flight.start_block(x, 1), 50.0, free, partials)
    total = 0.0
    for i in range(3):
        total += (dragged[3 + i, 0] - free[3 + i, 0]) ** 2
    return float(np.sqrt(total))


@njit(cache=True, error_model="numpy")
def move(x: Array, p: Array, dt_s: float, noise: float, drag_part: float, work: Array) -> None:
    """Move x and p in place by any time, with white acceleration `noise` (m^2/s^3), raised by (drag_part x
    drag)^2 for a second; work (22, 7).
    """
    if dt_s == 0.0:
        return
    phi, half, small = work[:7], work[7:14], work[14:, :3]
    q = noise
    high = x[0] * x[0] + x[1] * x[1] + x[2] * x[2] > _AIRLESS_RADIUS_M * _AIRLESS_RADIUS_M
    if high and abs(dt_s) <= _SHORT_S:
        hop(x, dt_s, phi, small)
    else:
        q += drag_part**2 * drag_of(x) ** 2
        block = flight.propagate_block(x, dt_s, _STEP_S, 8)
        phi[:] = flight.transition(block)
        for i in range(6):
            x[i] = block[i, 0]
    carry(p, phi, half)
    s = abs(dt_s)
    for i in range(3):
        p[i, i] += q * s**3 / 3.0
        p[3 + i, 3 + i] += q * s
        p[i, 3 + i] += q * s * dt_s / 2.0
        p[3 + i, i] += q * s * dt_s / 2.0


@njit(cache=True, error_model="numpy")
def correct(x: Array, p: Array, jac: Array, residual: float, variance: float, work: Array) -> float:
    """Scalar Kalman update in place, jac (6,) by position and velocity; the standardised square; work (3, 7).

    Joseph's form written out for a scalar (Bierman 1977, section II.6): 150 multiplications, not 700.
    """
    spread, gain, rest = work[0], work[1], work[2]
    total = variance
    for i in range(7):
        spread[i] = 0.0
        for j in range(6):
            spread[i] += p[i, j] * jac[j]
    for i in range(6):
        total += jac[i] * spread[i]
    for i in range(7):
        gain[i] = spread[i] / total
        x[i] += gain[i] * residual
        for j in range(7):
            p[i, j] -= gain[i] * spread[j]
    for i in range(7):
        rest[i] = 0.0
        for j in range(6):
            rest[i] += p[i, j] * jac[j]
    for i in range(7):
        for j in range(i + 1):
            both = p[i, j] + p[j, i] - rest[i] * gain[j] - gain[i] * rest[j]
            p[i, j] = 0.5 * both + variance * gain[i] * gain[j]
            p[j, i] = p[i, j]
    return residual * residual / total


@njit(cache=True, error_model="numpy")
def copy_mark(slot: int, source: int, goal: int, times: Array, x: Array, p: Array) -> None:
    """Make one mark of a slot what another one is."""
    times[slot, goal] = times[slot, source]
    x[slot, goal, :] = x[slot, source, :]
    p[slot, goal, :, :] = p[slot, source, :, :]


@njit(cache=True, error_model="numpy")
def wind_back(slot: int, time_s: float, times: Array, x: Array, p: Array, tally: Array) -> bool:
    """Make the head of a slot its latest mark before a time, if that is not the head itself; is it later than
    the check?
    """
    if time_s > times[slot, HEAD]:
        return True
    tally[slot, 2], tally[slot, 3] = 0.0, 0.0
    if time_s > times[slot, CHECK]:
        copy_mark(slot, CHECK, HEAD, times, x, p)
        return True
    copy_mark(slot, ANCHOR, HEAD, times, x, p)
    tally[slot, 0], tally[slot, 1] = 0.0, 0.0
    return False


@njit(cache=True, error_model="numpy")
def pass_check(slot: int, times: Array, x: Array, p: Array, tally: Array) -> None:
    """Make the check of a slot what the head is now."""
    copy_mark(slot, HEAD, CHECK, times, x, p)
    tally[slot, 0], tally[slot, 1] = tally[slot, 2], tally[slot, 3]
    tally[slot, 2], tally[slot, 3] = 0.0, 0.0


@njit(cache=True, error_model="numpy")
def together(first: int, last: int, rows: Array, shares: Array) -> int:
    """Where the shared rows end that are of the same look as the first one."""
    end = first + 1
    while end < last and shares[end, 0] < 1.0 and shares[end, 1] == shares[first, 1]:
        if rows[end, 2] != rows[first, 2]:
            break
        end += 1
    return end


@njit(cache=True, error_model="numpy")
def take_in(
    x: Array, p: Array, row: Array, table: Array, z: Array, h: Array, r: Array, before: Array, small: Array
) -> tuple[float, float]:
    """Update x (7,) and p (7, 7) in place by one row; chi-squared and count."""
    used = kernels.measure(row, table[int(row[2])], x[:3], x[3:6], z, h, r)
    before[:] = x
    chi2 = 0.0
    for m in range(used):
        shift = 0.0
        for i in range(6):
            shift += h[m, i] * (x[i] - before[i])
        chi2 += correct(x, p, h[m], z[m] - shift, r[m], small)
    return chi2, float(used)


@njit(cache=True, error_model="numpy")
def mix(
    x: Array, p: Array, rows: Array, table: Array, shares: Array, drag_part: float, work: Array
) -> tuple[float, float]:
    """Update x (7,) and p (7, 7) in place by rows (m, ROW) of one look of which at most one is the object's;
    shares (m, 2): by what probability, and the time that x is of. Chi-squared and count by these parts.

    The mean and spread over what each row by itself, and none, would have made of x (Bar-Shalom and Tse
    1975).
    """
    m = rows.shape[0]
    z, h, r, small = np.empty(4), np.zeros((4, 6)), np.empty(4), np.empty((3, 7))
    states, spread, before = np.empty((m, 7)), np.zeros((7, 7)), np.empty(7)
    one, cov, mean = np.empty(7), np.empty((7, 7)), np.zeros(7)
    rest, chi2, count = 1.0, 0.0, 0.0
    for n in range(m):
        part, dt_s = shares[n, 0], rows[n, 0] - shares[n, 1]
        one[:] = x
        cov[:] = p
        move(one, cov, dt_s, 0.0, drag_part, work)
        misfit, used = take_in(one, cov, rows[n], table, z, h, r, before, small)
        move(one, cov, -dt_s, 0.0, drag_part, work)
        states[n] = one
        rest -= part
        chi2 += part * misfit
        count += part * used
        for i in range(7):
            mean[i] += part * (one[i] - x[i])
            for j in range(7):
                spread[i, j] += part * cov[i, j]
    rest = max(rest, 0.0)
    for i in range(7):
        for j in range(7):
            total = spread[i, j] + rest * (p[i, j] + mean[i] * mean[j])
            for n in range(m):
                off_i, off_j = states[n, i] - x[i] - mean[i], states[n, j] - x[j] - mean[j]
                total += shares[n, 0] * off_i * off_j
            cov[i, j] = total
    for i in range(7):
        x[i] += mean[i]
        for j in range(7):
            p[i, j] = 0.5 * (cov[i, j] + cov[j, i])
    return chi2, count


@njit(cache=True, error_model="numpy")
def follow(
    slots: Index,
    starts: Index,
    rows: Array,
    shares: Array,
    table: Array,
    times: Array,
    x: Array,
    p: Array,
    tally: Array,
    noise: float,
    drag_part: float,
    keep_s: float,
) -> None:
    """Filter each slot's rows[starts[k]:starts[k + 1]], in order of time, on from its latest mark before
    them. shares (rows, 2): what part of each is the slot's, and the time at which it is taken in; those of a
    look that are shared stand together.

    Whoever puts rows before a mark hands over all that the slot still keeps after the mark before it. Once
    the head is `keep_s` past the check, the marks move up.
    """
    z, h, r = np.empty(4), np.zeros((4, 6)), np.empty(4)
    before, work, small = np.empty(7), np.empty((22, 7)), np.empty((3, 7))
    for k in range(slots.shape[0]):
        slot, first, last = slots[k], starts[k], starts[k + 1]
        if first == last:
            continue
        passed = wind_back(slot, shares[first, 1], times, x, p, tally)
        head, cov = x[slot, HEAD], p[slot, HEAD]
        n = first
        while n < last:
            when = shares[n, 1]
            if not passed and when > times[slot, CHECK]:
                pass_check(slot, times, x, p, tally)
                passed = True
            move(head, cov, when - times[slot, HEAD], noise, drag_part, work)
            times[slot, HEAD] = when
            if shares[n, 0] < 1.0:
                end = together(n, last, rows, shares)
                chi2, count = mix(head, cov, rows[n:end], table, shares[n:end], drag_part, work)
            else:
                end = n + 1
                chi2, count = take_in(head, cov, rows[n], table, z, h, r, before, small)
            tally[slot, 2] += chi2
            tally[slot, 3] += count
            n = end
        if not passed:
            pass_check(slot, times, x, p, tally)
        if times[slot, HEAD] - times[slot, CHECK] >= keep_s:
            copy_mark(slot, CHECK, ANCHOR, times, x, p)
            pass_check(slot, times, x, p, tally)


@njit(cache=True, error_model="numpy")
def move_all(x: Array, p: Array, dt_s: Array, out_x: Array, out_p: Array) -> None:
    """States (n, 7) and covariances (n, 7, 7) each moved by its own time (n,), without process noise."""
    work = np.empty((22, 7))
    for k in range(x.shape[0]):
        out_x[k, :] = x[k, :]
        out_p[k, :, :] = p[k, :, :]
        move(out_x[k], out_p[k], dt_s[k], 0.0, 0.0, work)

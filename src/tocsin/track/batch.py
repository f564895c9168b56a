"""Least squares over a window of rows: a cubic for powered flight, a free flight for coast, and the test
between them.

Both solvers are Gauss-Newton, warm-started, damped when a step would make the fit worse (Levenberg).
"""

from collections.abc import Callable
from math import erf, exp, pi, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import propagate
from tocsin.earth.gauss import invert, nearest_psd
from tocsin.track import kernels
from tocsin.track.polar import bent, bent_step, site_of

Array = NDArray[np.float64]

# Ballistic coefficient before any drag is seen: the middle (in ratio) of 5,000 to 8,000 kg/m^2, a notional
# range for dense slender bodies; one standard deviation covers a factor of 1.65 either way.
LN_BETA_MEAN: Final = float(0.5 * (np.log(5_000.0) + np.log(8_000.0)))
LN_BETA_SIGMA: Final = 0.5

# What any object may do within a window, before it is seen: no public launch exceeds these by much (one
# sigma each).
_POSITION_M: Final = 3e6
_VELOCITY_MPS: Final = 3_000.0
_ACCELERATION_MPS2: Final = 30.0
_JERK_MPS3: Final = 1.0
POLY_PRIOR: Final = np.repeat([_POSITION_M**-2, _VELOCITY_MPS**-2, _ACCELERATION_MPS2**-2, _JERK_MPS3**-2], 3)
# When a cubic ends, and what falls then (kernels.poly_normal): it does not.
NEVER: Final = (float("inf"), np.zeros(3))
FREE_MPS2: Final = 100.0  # prior of the push along the velocity: hardly any

_STEPS: Final = 30
_CONVERGED: Final = 1e-6  # expected fall of chi-squared: a thousandth of a standard deviation
# Of the scaled normal equations' diagonal. Where a range is a thousand times as sharp as a direction (5 m
# beside 5 km) the valley's least eigenvalue is 1e-6: a larger first damping holds the search where it is.
_DAMP_FIRST: Final = 1e-6
_OPEN: Final = 1e-12  # least eigenvalue of scaled normal equations


class Fit(NamedTuple):
    """Solution x (n,), covariance (n, n), chi-squared over so many numbers, prior left out."""

    x: Array
    p: Array
    chi2: float
    numbers: int

    @property
    def ratio(self) -> float:
        """Chi-squared per number, of a cubic."""
        return self.chi2 / max(self.numbers - 9, 1)


class FlightFit(NamedTuple):
    """A free flight: start x7 and covariance, push along the velocity and its sigma, state and covariance
    at the last row.
    """

    start: Array
    start_p: Array
    push_mps2: float
    push_sigma: float
    end: Array
    end_p: Array
    chi2: float
    numbers: int
    cost: float  # chi-squared with the prior's


NO_FLIGHT: Final = FlightFit(
    np.zeros(7), np.eye(7), 0.0, np.inf, np.zeros(7), np.eye(7), np.inf, 1, np.inf
)  # what no falling body can have made; no chi-squared is plausible


class Normal(NamedTuple):
    """Normal equations of a fit at a guess: matrix (n, n), right side (n,), chi-squared with the prior's and
    without, over so many numbers.
    """

    matrix: Array
    right: Array
    cost: float
    chi2: float
    numbers: int


def poly_fit(rows: Array, table: Array, guess: Array, t0_s: float) -> Fit:
    """The cubic [position, velocity, acceleration, jerk] (12,) at t0 that fits the rows best."""
    centre = np.concatenate((guess[:3], np.zeros(9)))

    def evaluate(x: Array) -> Normal:
        matrix, off = np.diag(POLY_PRIOR), centre - x
        right = POLY_PRIOR * off
        chi2, numbers = kernels.poly_normal(rows, table, x, t0_s, matrix, right, *NEVER)
        return Normal(matrix, right, chi2 + float(off @ (POLY_PRIOR * off)), chi2, numbers)

    x, normal = descend(evaluate, guess.copy(), site_of(rows, table))
    return Fit(x, covariance_of(normal.matrix), normal.chi2, normal.numbers)


class Prior(NamedTuple):
    """What is held of the state x7 at t0 before the rows: its mean and information (7, 7)."""

    mean: Array
    information: Array


NO_PRIOR: Final = Prior(
    np.array([0.0] * 6 + [LN_BETA_MEAN]), np.diag(np.array([0.0] * 6 + [LN_BETA_SIGMA**-2]))
)


def flight_fit(
    rows: Array,
    table: Array,
    guess: Array,
    t0_s: float,
    push_mps2: float = 0.0,
    prior: Prior = NO_PRIOR,
) -> FlightFit:
    """The free flight that fits the rows best, from a guess (7,) or (8,) at t0, not later than the first row.

    With a `push_mps2` the eighth number is a push along the first velocity, which that is one sigma of.
    """
    ends = np.empty((7, 8))
    centre, held = np.append(prior.mean, 0.0), np.zeros((8, 8))
    held[:7, :7] = prior.information
    held[7, 7] = push_mps2**-2 if push_mps2 else 1e12

    def evaluate(x: Array) -> Normal:
        matrix, off = held.copy(), centre - x
        right = held @ off
        chi2, numbers = kernels.flight_normal(rows, table, x, t0_s, matrix, right, ends)
        if not push_mps2:
            matrix[7, :7] = matrix[:7, 7] = right[7] = 0.0
        return Normal(matrix, right, chi2 + float(off @ (held @ off)), chi2, numbers)

    begun = np.append(guess[:7], guess[7] if push_mps2 and len(guess) > 7 else 0.0)
    x, normal = descend(evaluate, begun, site_of(rows[:1], table))
    if not np.isfinite(normal.cost):
        return NO_FLIGHT
    p = covariance_of(normal.matrix)
    s = float(rows[-1, 0]) - t0_s
    unit = x[3:6] / (float(np.linalg.norm(x[3:6])) + 1e-9)
    along = np.concatenate((0.5 * s * s * unit, s * unit, [0.0])) if push_mps2 else np.zeros(7)
    phi = np.column_stack((ends[:, 1:], along))
    sigma_m = float(table[int(rows[-1, 2]), 0])
    end, end_p = bent(ends[:, 0] + x[7] * along, phi @ p @ phi.T, site_of(rows, table), sigma_m)
    return FlightFit(
        x[:7],
        p[:7, :7],
        float(x[7]),
        float(np.sqrt(p[7, 7])),
        end,
        end_p,
        normal.chi2,
        normal.numbers,
        normal.cost,
    )


def evaluate_poly(c: Array, s: float) -> tuple[Array, Array, Array]:
    """Position, velocity and acceleration `s` seconds after the cubic's epoch."""
    p, v, a, j = c.reshape(4, 3)
    return p + s * (v + s * (0.5 * a + s * j / 6.0)), v + s * (a + 0.5 * s * j), a + s * j


def shifted(c: Array, s: float) -> Array:
    """The cubic (12,) at an epoch `s` seconds later."""
    position, velocity, accel = evaluate_poly(c, s)
    return np.concatenate((position, velocity, accel, c[9:12]))


def plausible(chi2: float, numbers: int, parameters: int, sigmas: float) -> bool:
    """Is a fit's chi-squared within `sigmas` of what honest noise gives (normal approximation)?"""
    dof = max(numbers - parameters, 1)
    return chi2 <= dof + sigmas * float(np.sqrt(2.0 * dof)) + 0.5 * sigmas


def covariance_of(matrix: Array) -> Array:
    """The inverse of normal equations, also of rows that leave a direction open to the last digit."""
    scale = 1.0 / np.sqrt(np.diag(matrix))
    scaled = matrix * np.outer(scale, scale)
    try:
        np.linalg.cholesky(scaled - _OPEN * np.eye(len(scaled)))  # exists if no eigenvalue is below
    except np.linalg.LinAlgError:
        scaled = nearest_psd(scaled, _OPEN)
    return invert(scaled) * np.outer(scale, scale)


def descend(evaluate: Callable[[Array], Normal], x: Array, site: Array | None = None) -> tuple[Array, Normal]:
    """Gauss-Newton from x, its steps bent round a radar's site; the normal equations handed back are those at
    the solution.
    """
    now, damp = evaluate(x), 0.0
    if not np.isfinite(now.cost):
        return x, now
    for _ in range(_STEPS):
        scale = 1.0 / np.sqrt(np.diag(now.matrix))
        scaled = now.matrix * np.outer(scale, scale)
        scaled[np.diag_indices_from(scaled)] += damp
        try:
            step = scale * np.linalg.solve(scaled, scale * now.right)
        except np.linalg.LinAlgError:  # rows that no object can have made
            damp = max(10.0 * damp, _DAMP_FIRST)
            continue
        if float(step @ now.right) < _CONVERGED:
            break
        reached = x + step
        if site is not None:
            reached[:6] = bent_step(x[:6], step[:6], site)
        trial = evaluate(reached)
        if np.isfinite(trial.cost) and trial.cost <= now.cost:
            x, now, damp = reached, trial, 0.1 * damp if damp > _DAMP_FIRST else 0.0
        else:
            damp = max(10.0 * damp, _DAMP_FIRST)
    else:
        now = evaluate(x)
    return x, now


_WINDOWS_S: Final = (6.0, 8.0, 10.0, 13.0, 17.0, 22.0, 29.0, 38.0, 50.0)
_FULL: Final = 0.75  # of a window must be covered by rows
_LEAST_ROWS: Final = 6
_SHARP: Final = 6.0  # a window decides when its push is known to a sixth of what a motor gives
_HALF: Final = 0.5
_SMALL_SIGMAS: Final = 2.5
_SIGMAS: Final = 3.0
# Another motor after one that went out: its push is any from WEAKEST to STRONGEST (an upper stage may be
# unable to carry itself at first), and one burnout in ten is such a change of stages (ours). No coast is
# believed while that is likelier than one in a hundred.
_WEAKEST_MPS2: Final = 8.0
_STRONGEST_MPS2: Final = 40.0
_STAGES: Final = 0.1
_UNLIKELY: Final = 0.01
_SEEN_SIGMAS: Final = 4.0  # a push so clear is a motor, however vague its strength
_SEEN_MPS2: Final = 5.0


class CoastTest(NamedTuple):
    """Verdict of one look back: `coast` True, False (a push is seen) or None (cannot tell), with the fit it
    rests on.
    """

    coast: bool | None
    push_mps2: float
    push_sigma: float
    start_s: float
    fit: FlightFit | None

    @property
    def pushed(self) -> bool:
        """Is a motor clearly seen?"""
        return self.push_mps2 > max(_SEEN_SIGMAS * self.push_sigma, _SEEN_MPS2)


UNDECIDED: Final = CoastTest(None, 0.0, float("inf"), 0.0, None)


def coast_test(rows: Array, table: Array, poly: Array, t_poly_s: float, motor_mps2: float) -> CoastTest:
    """Does free flight explain the last seconds, and is the push along the velocity clearly not
    `motor_mps2`?

    Looks back over ever longer windows until the push is known well enough; a motor holds an object up
    against gravity, so it is never weak. A window that still holds some powered flight shows a push and
    fails.
    """
    last_s = float(rows[-1, 0])
    guess: Array | None = None
    guess_s = last_s
    for window_s in _WINDOWS_S:
        part = rows[rows[:, 0] >= last_s - window_s - 1e-9]
        if last_s - float(part[0, 0]) < _FULL * window_s:
            break
        if len(part) < _LEAST_ROWS:
            continue
        t0_s = float(part[0, 0])
        if guess is None:
            p, v, _ = evaluate_poly(poly, t0_s - t_poly_s)
            guess = np.concatenate((p, v, [LN_BETA_MEAN]))
        else:
            guess = propagate(guess, t0_s - guess_s)
        pushed = flight_fit(part, table, guess, t0_s, push_mps2=FREE_MPS2)
        if pushed is NO_FLIGHT:
            break
        guess, guess_s = pushed.start, t0_s
        seen = CoastTest(False, pushed.push_mps2, pushed.push_sigma, t0_s, None)
        if seen.pushed:
            return seen
        if pushed.push_sigma <= motor_mps2 / _SHARP:
            return _verdict(part, table, pushed, t0_s, motor_mps2)
    return UNDECIDED


def quiet(push_mps2: float, push_sigma: float) -> bool:
    """Is a push seen (m/s^2, one sigma) none, and no other motor's?"""
    if push_mps2 > _SMALL_SIGMAS * push_sigma:
        return False
    push_mps2 = max(push_mps2, -5.0 * push_sigma)  # beyond, densities vanish; a motor is no likelier there
    root = push_sigma * sqrt(2.0)
    within = 0.5 * (erf((_STRONGEST_MPS2 - push_mps2) / root) - erf((_WEAKEST_MPS2 - push_mps2) / root))
    none = exp(-0.5 * (push_mps2 / push_sigma) ** 2) / (push_sigma * sqrt(2.0 * pi))
    return _STAGES * within / (_STRONGEST_MPS2 - _WEAKEST_MPS2) < _UNLIKELY * none


def _verdict(part: Array, table: Array, pushed: FlightFit, t0_s: float, motor_mps2: float) -> CoastTest:
    push, sigma = pushed.push_mps2, pushed.push_sigma
    if not quiet(push, sigma) or push + 2.0 * sigma > _HALF * motor_mps2:
        return CoastTest(False, push, sigma, t0_s, None)
    free = flight_fit(part, table, pushed.start, t0_s)
    fits = plausible(free.chi2, free.numbers, 6, _SIGMAS)
    return CoastTest(fits, push, sigma, t0_s, free)

"""When did the motor go out? Powered flight before, free flight after, joined at one instant: one fit.

A cubic up to the burnout (as in `batch`) and a free flight from its end on are one model of position,
velocity, acceleration and jerk at the burnout, ln beta, and how many seconds the burnout lies from where it
was looked for: an impulse along the acceleration that ended. What was learnt under power is kept: the free
flight begins with its place and its velocity, but for the part along the thrust, which the burnout's time
leaves open. It is weighed against a motor that still burns, the cubic over the same rows, by the two models'
evidence. It is the multiple model of one switch whose time is estimated, in place of a filter for each
model with switches at every look (ADR 39).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import derivative, propagate_stm
from tocsin.track import kernels
from tocsin.track.batch import (
    FREE_MPS2,
    LN_BETA_MEAN,
    LN_BETA_SIGMA,
    NEVER,
    POLY_PRIOR,
    Normal,
    covariance_of,
    descend,
    plausible,
    poly_fit,
    shifted,
)
from tocsin.track.motion import Gaussian
from tocsin.track.polar import bent, site_of

Array = NDArray[np.float64]

BEFORE_S: Final = 16.0  # of powered flight in the fit: as long as a cubic follows a motor
LEAST_BEFORE: Final = 8  # rows under power: twelve numbers want four looks of three, and some to spare
LEAST_BEFORE_S: Final = 5.0
# Where the burnout is looked for, before the last row; between two of them the fit finds it by itself.
AGO_S: Final = (2.5, 4.5, 7.0, 10.0, 14.0, 19.0, 25.0, 33.0)
NEAR_S: Final = 0.5  # the impulse stands for a burnout so far away: 6 m of place at 50 m/s^2
AGAIN: Final = 4
AFTER_S: Final = 0.9  # a burnout nearer to the last row is not told from none
WORSE: Final = 6.0  # in odds: what was before is no likelier then
LEAST_ODDS: Final = -2.0  # may still grow where the fit puts the burnout
# Prior of the burnout's time: any second of a boost of a minute (public ones last one to five).
RATE_HZ: Final = 1.0 / 60.0
OFF_S: Final = 1.0
FIT_SIGMAS: Final = 3.0
_SIZE: Final = 15  # cubic (12), ln beta, seconds to the burnout, push along the velocity after it
_HARDLY: Final = 1e12


class Burnout(NamedTuple):
    """A motor that went out at `time_s`. `odds`: natural logarithm of that against one that burns on.

    `now`: state and covariance at the last row. `start` (7,) and `held`, what the powered rows alone say of
    it, are at `start_s`; all rows after that are free flight's. `push_mps2`: what still pushes along the
    velocity, with its sigma. `fits`: is the whole as noise would have it?
    """

    time_s: float
    start_s: float
    odds: float
    now: Gaussian
    start: Array
    held: Gaussian
    push_mps2: float
    push_sigma: float
    fits: bool


class _Joined(NamedTuple):
    time_s: float
    y: Array
    normal: Normal
    rows: Array


def burnout(rows: Array, table: Array, cubic: Array, cubic_s: float) -> Burnout | None:
    """The likeliest burnout within the rows (n, ROW), from a cubic (12,) at `cubic_s` to begin with; None
    where there are too few rows to tell, or it is less likely than a motor that burns on.
    """
    found = _search(rows, table, cubic, cubic_s)
    if found is None:
        return None
    odds = _odds(found, table)
    if not odds > 0.0:
        return None
    pushed = _fit(rows, table, found.y, found.time_s, FREE_MPS2)
    if pushed is None:
        return None
    p = covariance_of(found.normal.matrix)
    start, to_start = _kicked(found.y)
    last_s = float(rows[-1, 0])
    end, phi = propagate_stm(start, last_s - found.time_s)
    sigma_m = float(table[int(rows[-1, 2]), 0])
    end_p = phi @ to_start @ p @ to_start.T @ phi.T
    return Burnout(
        found.time_s + float(found.y[13]),
        found.time_s,
        odds,
        Gaussian(*bent(end, end_p, site_of(rows, table), sigma_m)),
        start,
        _held(found, table),
        float(pushed.y[14]),
        float(np.sqrt(covariance_of(pushed.normal.matrix)[14, 14])),
        plausible(found.normal.chi2, found.normal.numbers, 13, FIT_SIGMAS),
    )


def weighed(out: Burnout, burning: Gaussian) -> Gaussian:
    """Both models' states at the last row as one, their difference in its covariance."""
    weight = 1.0 / (1.0 + float(np.exp(-min(out.odds, 50.0))))
    apart = out.now.x - burning.x
    cov = weight * out.now.p + (1.0 - weight) * burning.p
    return Gaussian(burning.x + weight * apart, cov + weight * (1.0 - weight) * np.outer(apart, apart))


def _search(rows: Array, table: Array, cubic: Array, cubic_s: float) -> _Joined | None:
    """From the youngest place on, until older ones are worse."""
    best: _Joined | None = None
    most = -np.inf
    for ago_s in AGO_S:
        time_s = float(rows[-1, 0]) - ago_s
        found = _fit(rows, table, shifted(cubic, time_s - cubic_s), time_s)
        if found is None:
            break
        odds = _odds(found, table)
        if odds < most - WORSE:
            break
        if odds > most:
            best, most = found, odds
    return None if best is None or most < LEAST_ODDS else _centred(best, rows, table)


def _centred(found: _Joined, rows: Array, table: Array) -> _Joined:
    """The same with the burnout where the fit puts it."""
    for _ in range(AGAIN):
        off_s = float(found.y[13])
        if abs(off_s) < NEAR_S:
            break
        time_s = min(found.time_s + float(np.clip(off_s, -3.0, 3.0)), float(rows[-1, 0]) - AFTER_S)
        nearer = _fit(rows, table, shifted(found.y[:12], time_s - found.time_s), time_s)
        if nearer is None:
            break
        found = nearer
    return found


def _fit(rows: Array, table: Array, guess: Array, time_s: float, push_mps2: float = 0.0) -> _Joined | None:
    """Cubic and free flight joined at a time, from a guess (12,) or more; None where rows are too few."""
    used = np.ascontiguousarray(rows[rows[:, 0] >= time_s - BEFORE_S])
    before = np.ascontiguousarray(used[used[:, 0] <= time_s])
    after = np.ascontiguousarray(used[used[:, 0] > time_s])
    if len(before) < LEAST_BEFORE or not len(after) or time_s - before[0, 0] < LEAST_BEFORE_S:
        return None
    centre = np.concatenate((guess[:3], np.zeros(9), [LN_BETA_MEAN, 0.0, 0.0]))
    pushed = push_mps2**-2 if push_mps2 else _HARDLY
    held = np.concatenate((POLY_PRIOR, [LN_BETA_SIGMA**-2, OFF_S**-2, pushed]))
    ends = np.empty((7, 8))

    def evaluate(y: Array) -> Normal:
        matrix, off = np.diag(held), centre - y
        right = held * off
        powered, powered_right = np.zeros((12, 12)), np.zeros(12)
        chi2, numbers = kernels.poly_normal(
            before, table, y[:12].copy(), time_s, powered, powered_right, *NEVER
        )
        start, to_start = _kicked(y)
        free, free_right = np.zeros((8, 8)), np.zeros(8)
        x8 = np.append(start, y[14])
        more, count = kernels.flight_normal(after, table, x8, time_s, free, free_right, ends)
        to = np.zeros((8, _SIZE))
        to[:7], to[7, 14] = to_start, 1.0
        matrix[:12, :12] += powered
        right[:12] += powered_right
        matrix += to.T @ free @ to
        right += to.T @ free_right
        if not push_mps2:
            matrix[14, :14] = matrix[:14, 14] = right[14] = 0.0
        return Normal(matrix, right, chi2 + more + float(off @ (held * off)), chi2 + more, numbers + count)

    begun = centre.copy()
    begun[: len(guess)] = guess
    y, normal = descend(evaluate, begun, site_of(used, table))
    return _Joined(time_s, y, normal, used) if np.isfinite(normal.cost) else None


def _kicked(y: Array) -> tuple[Array, Array]:
    """The free flight (7,) at the burnout's place, and its partials (7, 15): the impulse is already in it."""
    thrust = y[6:9] - derivative(np.append(y[:6], y[12]))[3:]
    partials = np.zeros((7, _SIZE))
    partials[:6, :6], partials[3:6, 6:9] = np.eye(6), y[13] * np.eye(3)
    partials[3:6, 13], partials[6, 12] = thrust, 1.0
    return np.concatenate((y[:3], y[3:6] + y[13] * thrust, [y[12]])), partials


def _held(found: _Joined, table: Array) -> Gaussian:
    """The state at the burnout by the rows under power alone, the burnout's time left open."""
    before = np.ascontiguousarray(found.rows[found.rows[:, 0] <= found.time_s])
    fit = poly_fit(before, table, found.y[:12], found.time_s)
    thrust = fit.x[6:9] - derivative(np.append(fit.x[:6], LN_BETA_MEAN))[3:]
    p = np.zeros((7, 7))
    p[:6, :6] = fit.p[:6, :6] * max(1.0, fit.ratio)
    p[3:6, 3:6] += OFF_S**2 * np.outer(thrust, thrust)
    p[6, 6] = LN_BETA_SIGMA**2
    return Gaussian(np.append(fit.x[:6], LN_BETA_MEAN), p)


def _odds(found: _Joined, table: Array) -> float:
    return _evidence(found) - _burning(found, table)


def _evidence(found: _Joined) -> float:
    """Logarithm of how likely the rows are, over all burnouts near this one (Laplace)."""
    scaled = np.linalg.slogdet(found.normal.matrix[:14, :14])[1]
    prior = float(np.sum(np.log(POLY_PRIOR))) - 2.0 * float(np.log(LN_BETA_SIGMA) + np.log(OFF_S))
    when = float(np.log(RATE_HZ * OFF_S * np.sqrt(2.0 * np.pi)))
    return when - 0.5 * found.normal.cost - 0.5 * float(scaled) + 0.5 * prior


def _burning(found: _Joined, table: Array) -> float:
    """The same of a motor that burns on: a cubic over the same rows."""
    last_s = float(found.rows[-1, 0])
    fit = poly_fit(found.rows, table, shifted(found.y[:12], last_s - found.time_s), last_s)
    cost = fit.chi2 + float(POLY_PRIOR[3:] @ fit.x[3:] ** 2)
    spread = float(np.linalg.slogdet(fit.p)[1])
    return -0.5 * cost + 0.5 * spread + 0.5 * float(np.sum(np.log(POLY_PRIOR)))

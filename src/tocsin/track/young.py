"""An object whose motor was not seen yet: does it fly freely, or is it pushed? Two models, weighed.

Both are least squares over all its rows: a free flight, and one with a constant push along the velocity.
Their posterior weights (evidence: how well each fits, and how much room its push had) make one estimate,
whose covariance holds their difference. Coast is believed once the push is known to be far below what any
motor gives.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA, NO_PRIOR, FlightFit, Prior, flight_fit, plausible
from tocsin.track.motion import Gaussian
from tocsin.track.polar import straight_guess

Array = NDArray[np.float64]

# Before anything is seen: any place in reach, any speed below an orbit's, a push up to some four g (one
# sigma each).
_POSITION_M: Final = 3e6
_VELOCITY_MPS: Final = 5_000.0
PUSH_MPS2: Final = 40.0
_INFORMATION: Final = np.diag([_POSITION_M**-2] * 3 + [_VELOCITY_MPS**-2] * 3 + [LN_BETA_SIGMA**-2])
# Of an object's velocity about its group's, as well as that is known from three looks (ours).
GROUP_MPS: Final = 80.0
_ANEW_S: Final = 25.0  # so long the search also begins anew
_FIT_SIGMAS: Final = 3.0
_SMALL_SIGMAS: Final = 2.5
_BELOW_SIGMAS: Final = 3.5  # a motor's push lies so far above the one seen: one look in 4,000 errs


class Young(NamedTuple):
    """The weighed estimate at the last row, its misfit (chi-squared per number), both fits; `coast`: said."""

    state: Gaussian
    ratio: float
    free: FlightFit
    pushed: FlightFit
    coast: bool


def young_fit(
    rows: Array,
    table: Array,
    guess: Array,
    t0_s: float,
    motor_mps2: float,
    group: tuple[Array, float] | None = None,
) -> Young | None:
    """From a guess (8,) of state and push at the first row's time, and the velocity (3,) of its group then
    with a sigma; None when neither model fits.
    """
    prior = prior_of(guess[:3], group)
    pushed = flight_fit(rows, table, guess, t0_s, push_mps2=PUSH_MPS2, prior=prior)
    anew = straight_guess(rows, table) if rows[-1, 0] - t0_s < _ANEW_S else None
    if anew is not None:
        other = np.concatenate((anew, [LN_BETA_MEAN, 0.0]))
        second = flight_fit(rows, table, other, t0_s, push_mps2=PUSH_MPS2, prior=prior)
        pushed = min(pushed, second, key=lambda fit: fit.cost)
    if not plausible(pushed.chi2, pushed.numbers, 7, _FIT_SIGMAS):
        return None
    free = flight_fit(rows, table, pushed.start, t0_s, prior=prior)
    better = 0.5 * (free.cost - pushed.cost) + float(np.log(pushed.push_sigma / PUSH_MPS2))
    weight = float(1.0 / (1.0 + np.exp(np.clip(better, -50.0, 50.0))))
    apart = free.end - pushed.end
    mean = pushed.end + weight * apart
    cov = weight * free.end_p + (1.0 - weight) * pushed.end_p
    cov += weight * (1.0 - weight) * np.outer(apart, apart)
    best = free if weight > 0.5 else pushed
    return Young(
        Gaussian(mean, cov),
        best.chi2 / max(best.numbers - 7, 1),
        free,
        pushed,
        _flies(free, pushed, motor_mps2),
    )


def coast_prior(group: tuple[Array, float] | None) -> Prior:
    """The same in free flight, where an object's own plots say all but the velocity of its group. Of that it
    must have been told: what it began with is only where the search begins.
    """
    if group is None or group[1] >= GROUP_MPS:
        return NO_PRIOR
    mean, information = NO_PRIOR.mean.copy(), NO_PRIOR.information.copy()
    mean[3:6], information[3:6, 3:6] = group[0], group[1] ** -2 * np.eye(3)
    return Prior(mean, information)


def prior_of(place: Array, group: tuple[Array, float] | None) -> Prior:
    """What is held of an object near a place: any velocity, or that of its group give or take a sigma."""
    if group is None:
        return Prior(np.concatenate((place, np.zeros(3), [LN_BETA_MEAN])), _INFORMATION)
    information = _INFORMATION.copy()
    information[3:6, 3:6] = group[1] ** -2 * np.eye(3)
    return Prior(np.concatenate((place, group[0], [LN_BETA_MEAN])), information)


def _flies(free: FlightFit, pushed: FlightFit, motor_mps2: float) -> bool:
    push, sigma = pushed.push_mps2, pushed.push_sigma
    if push > _SMALL_SIGMAS * sigma or push + _BELOW_SIGMAS * sigma > motor_mps2:
        return False
    return plausible(free.chi2, free.numbers, 6, _FIT_SIGMAS)

"""Figures over independent draws: one run gives one draw at each age of a track.

Time samples of one run are never pooled: they share their errors, and a band computed as if they did not
would be far too narrow. Every function takes one number (or vector) per run.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

Array = NDArray[np.float64]

LEVELS: Final = (0.50, 0.90, 0.95)


class Ratio(NamedTuple):
    """RMSE over bound, and the standard error of that."""

    value: float
    standard_error: float


def rmse_ratio(errors: Array, bounds: Array) -> Ratio | None:
    """Root mean square of `errors` (n, k) over the root mean trace of `bounds` (n, k, k); null of nothing.

    Standard error by the delta method from the spread of the squared errors: no shape is assumed.
    """
    if not len(errors):
        return None
    squares = np.sum(errors**2, axis=1)
    allowed = float(np.mean(np.trace(bounds, axis1=1, axis2=2)))
    value = float(np.sqrt(np.mean(squares) / allowed))
    spread = float(np.std(squares, ddof=1)) if len(squares) > 1 else float("nan")
    return Ratio(value, 0.5 * value * spread / float(np.mean(squares) * np.sqrt(len(squares))))


def rms_quotient(errors: Array, others: Array) -> Ratio | None:
    """RMSE of `errors` (n, k) over that of `others` (n, k), pair by pair from the same runs."""
    if not len(errors):
        return None
    one, two = np.sum(errors**2, axis=1), np.sum(others**2, axis=1)
    value = float(np.sqrt(np.mean(one) / np.mean(two)))
    influence = one / np.mean(one) - two / np.mean(two)  # of ln value^2
    spread = float(np.std(influence, ddof=1)) if len(one) > 1 else float("nan")
    return Ratio(value, 0.5 * value * spread / float(np.sqrt(len(one))))


def standardised(error: Array, covariance: Array) -> float:
    """Squared Mahalanobis distance of an error (k,) under the covariance (k, k) that was claimed for it;
    inf where that is not positive definite.
    """
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    try:
        half = np.linalg.solve(np.linalg.cholesky(covariance / np.outer(scale, scale)), error / scale)
    except np.linalg.LinAlgError:
        return float("inf")
    return float(half @ half)


def chi2_quantile(freedom: float, probability: float) -> float:
    """Quantile of the chi-squared distribution."""
    return float(2.0 * gammaincinv(0.5 * freedom, probability))


def anees(squares: Sequence[float]) -> float | None:
    """Average normalised estimation error squared: its ideal is the number of dimensions."""
    return float(np.mean(squares)) if len(squares) else None


def anees_band(runs: int, dimensions: int, level: float = 0.95) -> tuple[float, float] | None:
    """Where ANEES of an honest estimator lies with `level`: runs x ANEES is chi-squared with runs x
    dimensions degrees of freedom (Bar-Shalom, Li and Kirubarajan 2001, section 5.4.2).
    """
    if runs <= 0:
        return None
    tail = 0.5 * (1.0 - level)
    freedom = float(runs * dimensions)
    return chi2_quantile(freedom, tail) / runs, chi2_quantile(freedom, 1.0 - tail) / runs


def coverage(squares: Sequence[float], dimensions: int) -> dict[str, float] | None:
    """Part of the draws inside their own 50, 90 and 95 % regions; null of nothing."""
    if not len(squares):
        return None
    values = np.asarray(squares)
    return {
        f"{100.0 * level:g}": float(np.mean(values <= chi2_quantile(dimensions, level))) for level in LEVELS
    }


def time_to(ages_s: Sequence[float], sizes_m: Sequence[float], limit_m: float) -> float:
    """The first age from which on a run's ellipse stays below `limit_m`; inf when it does not."""
    large = [n for n, size in enumerate(sizes_m) if not size <= limit_m]
    first = large[-1] + 1 if large else 0
    return float(ages_s[first]) if first < len(ages_s) else float("inf")


def median_time(times_s: Sequence[float]) -> float | None:
    """Median over runs, a run that never got there counting as later than all; null when it is such a one."""
    if not len(times_s):
        return None
    middle = float(np.quantile(np.asarray(times_s), 0.5, method="higher"))
    return middle if np.isfinite(middle) else None

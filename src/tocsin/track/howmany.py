"""How many objects a group has: from the plots that looks show of it, not from its tracks alone.

A look shows every object with the same chance, which nobody knows exactly: K plots of N objects are binomial.
With a Beta prior on that chance the likelihood of N has a closed form (Draper and Guttman 1971; Raftery 1988,
Biometrika 75: the prior 1/N). Over several looks the counts' scatter says how many are missed: it is small
where few are. The number of tracks is one more, weaker witness.

All this holds if every object gives a plot of its own. Where a radar shows several as one, the counts scatter
as cells open and close, as if many were missed: so that at least as many are said to be there as the fullest
look shows, and no more.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from tocsin.model.group import ObjectCount

Array = NDArray[np.float64]

# Chance of a plot: mean 0.9 as the tracker takes it (`sweep.MISS_NATS`, notional), sigma 0.065 (ours).
SEEN: Final = (18.0, 2.0)
TRACKS_LN_SIGMA: Final = 0.1  # tracks over objects: 0.92 to 1.14 in salvos of 25 and 100 at 0.1 to 0.5 km
SHARE: Final = 0.95


def how_many(tracks: int, looks: Sequence[Sequence[float]]) -> ObjectCount:
    """From the number of tracks, and for every radar the plots of each of its looks (what is nobody's taken
    off).
    """
    looks = [radar for radar in looks if len(radar)]
    most = max((max(radar) for radar in looks), default=0.0)
    numbers = np.arange(1.0, 2.0 * max(tracks, most) + 10.0)
    ln = -np.log(numbers) - 0.5 * (np.log(tracks / numbers) / TRACKS_LN_SIGMA) ** 2
    for radar in looks:
        ln = ln + _seen(numbers, np.asarray(radar, dtype=np.float64))
    weights = np.exp(ln - ln.max())
    low, high = _shortest(weights / weights.sum())
    likely = int(np.argmax(weights))
    least = min(int(numbers[low]), int(most)) if most >= 1.0 else int(numbers[low])
    return ObjectCount(least, int(numbers[likely]), int(numbers[high]), sum(map(len, looks)))


def _seen(numbers: Array, plots: Array) -> Array:
    """ln likelihood of each number of objects, the chance of a plot integrated out."""
    missed = numbers[:, None] - plots
    possible = (missed >= 0.0).all(axis=1)
    missed = np.maximum(missed, 0.0)
    ways = gammaln(numbers + 1.0) * len(plots) - gammaln(missed + 1.0).sum(axis=1)
    a, b = SEEN
    found = ways + betaln(a + plots.sum(), b + missed.sum(axis=1)) - betaln(a, b)
    return np.where(possible, found, -np.inf)


def _shortest(weights: Array) -> tuple[int, int]:
    """First and last of the likeliest numbers that hold SHARE together."""
    order = np.argsort(-weights, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(weights[order]), SHARE)) + 1]
    return int(kept.min()), int(kept.max())

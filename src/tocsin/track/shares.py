"""Plots that several objects may have made: how much of each is whose (joint probabilistic data association,
Bar-Shalom and Fortmann 1988), in small groups.

The best assignment says which plots are the group's and which of its objects were seen. Who among them made
which is left open where an exchange would cost little: each object takes the group's plots together, each by
the probability that it is its own. As many objects as plots take part, so that an object that has gone does
not live on its neighbours' plots.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track.associate import GATES, Candidates
from tocsin.track.gate_kernels import joint
from tocsin.track.rows import RADAR

Array = NDArray[np.float64]

MOST: Final = 6  # objects of a group: 64 sets of plots, and a few microseconds for each (ours)
LEAST: Final = 0.005  # another's plot that is less likely than that is not taken in (ours)
DETECTED: Final = 0.9  # notional, as in `sweep`
# False plots in the room of one plot's gate: ten a scan of a hundred objects (the shipped salvos).
STRAYS: Final = 0.1
_RIM: Final = -2.0 * float(np.log(LEAST))


class Share(NamedTuple):
    """Of a track in a plot: the probability that it made it."""

    track: int
    plot: int
    part: float


class _Pairs(NamedTuple):
    """The best assignment: a track's plot, a plot's track, and the costs (d^2 + ln det S) of pairs."""

    plot_of: dict[int, int]
    track_of: dict[int, int]
    costs: dict[tuple[int, int], float]


def price(row: Array, sensor: Array) -> float:
    """Cost (d^2 + ln det S) at which a pair is as likely as a miss and a false plot."""
    if row[1] != RADAR:
        sigmas = [sensor[4]] * 2
    else:
        sigmas = sensor[:3].tolist() if np.isnan(row[7]) else sensor[:4].tolist()
    ball = {2: np.pi, 3: 4.0 / 3.0 * np.pi, 4: 0.5 * np.pi**2}[len(sigmas)]
    room = float(np.log(ball) + 0.5 * len(sigmas) * np.log(GATES[len(sigmas) - 1]) + np.sum(np.log(sigmas)))
    odds = float(np.log(DETECTED / (1.0 - DETECTED)))
    return 2.0 * (odds + room - float(np.log(STRAYS))) - len(sigmas) * float(np.log(2.0 * np.pi))


def shares(
    found: Candidates, pairs: Sequence[tuple[int, int]], may: NDArray[np.bool_], dear: float
) -> list[list[Share]]:
    """Groups of shares, for the pairs of `assign` that are not sure. `may` (tracks,): who can take a part of
    a plot; `dear`: see `price`. A pair that is in no group is sure.
    """
    mine = may[found.tracks]
    if np.bincount(found.plots[mine], minlength=1).max() < 2:
        return []
    best = _Pairs(
        dict(pairs),
        {p: t for t, p in pairs if may[t]},
        {(t, p): cost for t, p, cost in zip(*(part[mine].tolist() for part in found), strict=True)},
    )
    close = sorted(
        (regret, t, p)
        for t, p in best.costs
        if best.track_of.get(p, t) != t and (regret := _regret(best, t, p, dear)) < _RIM
    )
    groups: dict[int, list[int]] = {}
    for _, t, p in close:
        one, other = groups.get(t, [t]), groups.get(best.track_of[p], [best.track_of[p]])
        if one is not other and len(one) + len(other) <= MOST:
            merged = sorted(one + other)
            groups.update(dict.fromkeys(merged, merged))
    first = sorted({group[0] for group in groups.values()})
    return [_of_group(best, groups[k], dear) for k in first]


def _regret(best: _Pairs, track: int, plot: int, dear: float) -> float:
    """By how much the whole gets dearer, at least, if a track takes another's plot."""
    own, other = best.plot_of.get(track), best.track_of[plot]
    more = best.costs[track, plot] - best.costs[other, plot]
    if own is None:
        return more
    return more - best.costs[track, own] + min(best.costs.get((other, own), np.inf), dear)


def _of_group(best: _Pairs, group: list[int], dear: float) -> list[Share]:
    """Shares of those that were seen."""
    plots = sorted(best.plot_of[t] for t in group if t in best.plot_of)
    costs = np.array([[best.costs.get((t, p), np.inf) for p in plots] for t in group])
    parts = np.empty_like(costs)
    joint(np.exp(0.5 * (dear - costs)), parts)
    return [
        Share(t, p, float(parts[k, n]))
        for k, t in enumerate(group)
        for n, p in enumerate(plots)
        if t in best.plot_of and (parts[k, n] >= LEAST or best.plot_of[t] == p)
    ]

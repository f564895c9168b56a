"""Can neighbours be told apart? The chance that a look gives two of them each other's plots.

Two objects a distance d apart (in sigmas of the innovation, which is the look's error and the track's) are
given each other's plots when that fits better than the truth: with the plots' errors e1, e2 this is
(e1 - e2) . d < -d^2, of probability Phi(-d / sqrt 2). Any assignment by distance does so; by density instead
of distance it is in Mori, Chang and Chong (Artech House 1992, ed. Bar-Shalom, volume II).
Where it is often so, objects are better told as a group: Blackman and
Popoli (Design and Analysis of Modern Tracking Systems, 1999) on group tracking.

A plot astray does no harm any more once two tracks are known far better than a look measures: they are apart
by many of their own sigmas. Such neighbours are parted.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import ndtr

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEIGHBOURS: Final = 32  # nearest ones that are looked at: plots of farther ones lie beyond those
REACH_M: Final = 20e3  # two milliradians at 2,000 km, five times
LINKED: Final = 4.0  # sigmas of a look in its worse direction: tracks so near fly together
ZENITH: Final = 1e-6  # cosine of an elevation above which an azimuth has no direction
PARTED: Final = 4.0  # of the tracks' own sigmas (99.9 % of three numbers)
ALIKE_MPS: Final = 300.0  # velocities of a group differ by so much at most (`nursery.ALIKE_MPS`) ...
ALIKE_SIGMAS: Final = 3.0  # ... and by their errors


class Pairs(NamedTuple):
    """Neighbours (indices, the lower first): their distance in sigmas of a look (of the sensor that parts
    them best), of the tracks alone, and of a look in its worse direction.
    """

    one: Index
    two: Index
    look: Array
    track: Array
    wide: Array


def neighbours(x: Array, p: Array, errors: Array) -> Pairs:
    """Pairs of tracks that move alike, with states (n, 6), covariances (n, 6, 6) at one time, and covariances
    of the sensors' looks at them (sensors, n, 3, 3), nan where a sensor does not see a track.
    """
    one, two = _near(x)
    wide = np.sqrt(np.trace(p[:, 3:, 3:], axis1=1, axis2=2))
    off = np.linalg.norm(x[one, 3:] - x[two, 3:], axis=1)
    alike = off < ALIKE_MPS + ALIKE_SIGMAS * np.hypot(wide[one], wide[two])
    one, two = one[alike], two[alike]
    apart, both = x[one, :3] - x[two, :3], p[one, :3, :3] + p[two, :3, :3]
    track = _sigmas(apart, both)
    look, reach = np.full(len(one), np.nan), np.full(len(one), np.nan)
    for seen in errors:
        cov = 0.5 * (both + seen[one] + seen[two])
        look = np.fmax(look, _sigmas(apart, cov))
        reach = np.fmax(reach, _widest(apart, cov))
    blind = np.isnan(look)
    look[blind], reach[blind] = np.sqrt(2.0) * track[blind], _widest(apart, 0.5 * both)[blind]
    return Pairs(one, two, look, track, reach)


def _widest(apart: Array, cov: Array) -> Array:
    """Distances (n,) in sigmas of the two worse directions of three."""
    return np.asarray(np.linalg.norm(apart, axis=1) / np.sqrt(0.5 * np.trace(cov, axis1=1, axis2=2) + 1.0))


def _near(x: Array) -> tuple[Index, Index]:
    if len(x) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    count = min(NEIGHBOURS + 1, len(x))
    nearest = cKDTree(x[:, :3]).query(x[:, :3], k=count, distance_upper_bound=REACH_M)
    distance, found = np.asarray(nearest[0]), np.asarray(nearest[1])
    one = np.repeat(np.arange(len(x)), count)[np.isfinite(distance.ravel())]
    two = found.ravel()[np.isfinite(distance.ravel())]
    pairs = np.unique(np.sort(np.column_stack((one, two)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    return pairs[:, 0], pairs[:, 1]


def _sigmas(apart: Array, cov: Array) -> Array:
    """Distances (n,) in sigmas (a metre at least); nan where the covariance is."""
    good = np.isfinite(cov).all(axis=(1, 2))
    out = np.full(len(apart), np.nan)
    solved = np.linalg.solve(cov[good] + np.eye(3), apart[good][:, :, None])[:, :, 0]
    out[good] = np.sqrt(np.maximum(np.einsum("ni,ni->n", apart[good], solved), 0.0))
    return out


def components(pairs: Pairs, among: Mask) -> list[Index]:
    """Tracks linked by neighbours, of those that may be (n,): indices, the most first."""
    kept = (pairs.wide < LINKED) & among[pairs.one] & among[pairs.two]
    size = len(among)
    links = coo_array((np.ones(int(kept.sum())), (pairs.one[kept], pairs.two[kept])), shape=(size, size))
    _, of = connected_components(links, directed=False)
    order = np.argsort(of, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(of[order])) + 1)
    return sorted(
        (np.asarray(part) for part in parts if among[part[0]]), key=lambda part: (-len(part), part[0])
    )


def astray(pairs: Pairs, count: int, *, unparted: bool) -> Array:
    """The chance (n,) that a look gives a track another's plot. `unparted`: only by neighbours that the
    tracks' own errors do not tell apart either.
    """
    chance = ndtr(-pairs.look / np.sqrt(2.0))
    if unparted:
        chance = np.where(pairs.track < PARTED, chance, 0.0)
    ln_right = np.zeros(count)
    np.add.at(ln_right, pairs.one, np.log1p(-chance))
    np.add.at(ln_right, pairs.two, np.log1p(-chance))
    return np.asarray(-np.expm1(ln_right))


def look_errors(places: Array, table: Array, seen: Sequence[Index]) -> Array:
    """Covariances (sensors, n, 3, 3) of radars' looks at places (n, 3), nan where one sees nothing; `seen`:
    indices of what each radar sees.
    """
    out = np.full((len(seen), len(places), 3, 3), np.nan)
    for k, (entry, mine) in enumerate(zip(table, seen, strict=True)):
        off = places[mine] - entry[5:8]
        far = np.linalg.norm(off, axis=1)[:, None]
        sight = off / far
        # An azimuth is worth less aside the higher it is: up x sight is as long as the elevation's cosine.
        aside = np.cross(entry[14:17], sight)
        level = aside / np.maximum(np.linalg.norm(aside, axis=1), ZENITH)[:, None]
        along, across = _squares(sight), _squares(level)
        out[k, mine] = entry[0] ** 2 * along + _squares(far * entry[1] * aside)
        out[k, mine] += ((far * entry[2]) ** 2)[:, :, None] * (np.eye(3) - along - across)
    return out


def _squares(vectors: Array) -> Array:
    return np.asarray(vectors[:, :, None] * vectors[:, None, :])

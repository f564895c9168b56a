"""Crowds that several nations see and not all of them can part: whose track is whose, by the whole pattern.

Objects a kilometre apart lie as close as a radar far away errs, or its registration shifts them: by place
alone a source finds its object's neighbour. What tells is the pattern's edge: nations that look at one crowd
see as many, so that all sources of a nation are given out at once, with one shift in common (Levedahl, An
explicit pattern matching assignment algorithm, SPIE 4728, 2002; Papageorgiou and Sergi, Simultaneous
track-to-track association and bias estimation, IEEE Aerospace 2008), and no shift is likelier than a large
one. The nation that parts the crowd best speaks for its objects; the others are members that say nothing of
the state. What is left over of them in the crowd is no object of its own: it waits.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from tocsin.model.label import Nation
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import Life, Phase, Tracklet
from tocsin.track.body import Body, Key, Sources, key_of, moved
from tocsin.track.group import falling
from tocsin.track.life import ENDED
from tocsin.track.match import CROWD_M, main_path
from tocsin.track.rows import from_triangle

Array = NDArray[np.float64]
Index = NDArray[np.int64]

LEAST: Final = 8  # of each nation: more than what comes apart in public launches has pieces
MOST: Final = 250  # an assignment grows with the cube of them
LINK_M: Final = 3e3  # neighbours in a crowd
LEAN_M: Final = 1e3  # one sigma of a nation's shift: a milliradian at 1,000 km
DENSE: Final = 2.0  # a spacing of so many sigmas is not told by place
STAYS_DENSE: Final = 1.2  # and so much wider one that was not
WHOLE: Final = 0.8  # of what another nation sees: who sees less does not speak for a crowd
SHARPER: Final = 0.5  # sigma of a nation that takes over, of the one's that speaks
CAP: Final = 30.0  # chi-squared of a pair that errs by more than it says
FLOOR_M: Final = 100.0
STAY: Final = 4.0  # of chi-squared: what must be won by a change
SPARE: Final = 0.1  # of the places: more left over than that are objects that the speaker does not see
SPARE_LEAST: Final = 3
STRAY_M: Final = 10e3
YOUNG_S: Final = 15.0
FLOWN_S: Final = 20.0  # by gravity as it is here; further by the whole model
WAY_MPS2: Final = 15.0  # half of a motor's jump (motion.doubt)


class Crowd(NamedTuple):
    """Living sources of a crowd, by nation; who speaks for it; and tracks of the others about it that broke
    off.
    """

    sides: Mapping[Nation, "Side"]
    speaker: Nation
    strays: frozenset[Key] = frozenset()


class Side(NamedTuple):
    """Sources of one nation: places (n, 3) and their covariances (n, 3, 3) at one instant."""

    keys: tuple[Key, ...]
    places: Array
    covs: Array

    @property
    def sigma_m(self) -> float:
        """Of a place, one axis."""
        return float(np.sqrt(np.median(np.trace(self.covs, axis1=1, axis2=2)) / 3.0))

    @property
    def spacing_m(self) -> float:
        """From a source to its nearest neighbour."""
        return float(np.median(np.asarray(cKDTree(self.places).query(self.places, k=2)[0])[:, 1]))


def side_of(found: Sequence[Tracklet], now: Instant) -> Side:
    """Places at an instant: by gravity as it is here over a short time, else by the whole model."""
    states = np.array([source.state.x[:6] for source in found]).reshape(-1, 6)
    covs = np.array([from_triangle(source.state.p)[:6, :6] for source in found]).reshape(-1, 6, 6)
    dt_s = np.array([seconds_between(source.state.epoch_ns, now) for source in found])
    ahead, dt = dt_s[:, None], dt_s[:, None, None]
    places = states[:, :3] + ahead * states[:, 3:]
    places += 0.5 * ahead**2 * falling(states[:, :3], states[:, 3:])
    cross = covs[:, :3, 3:] + covs[:, 3:, :3]
    spread = covs[:, :3, :3] + dt * cross + dt**2 * covs[:, 3:, 3:]
    free = np.array([source.phase is Phase.COAST for source in found])
    spread += np.where(free, 0.0, WAY_MPS2 * dt_s**2)[:, None, None] ** 2 * np.eye(3)
    for i in np.flatnonzero(np.abs(dt_s) > FLOWN_S).tolist():
        far = moved(found[i], now)
        places[i], spread[i] = far.x[:3], far.p[:3, :3]
    return Side(tuple(key_of(source) for source in found), places, spread)


def crowds(sources: Sources, home: Mapping[Key, Body], now: Instant) -> list[Crowd]:
    """Those that several nations see, and that lie closer than some of them can tell."""
    living = [s for _, s in sorted(sources.items()) if s.life not in ENDED and main_path(s)]
    count = {nation: sum(s.origin is nation for s in living) for nation in Nation}
    if sorted(count.values())[-2] < LEAST:
        return []
    seen = side_of(living, now)
    good = np.asarray(np.isfinite(seen.places).all(axis=1) & np.isfinite(seen.covs).all(axis=(1, 2)))
    places = np.where(good[:, None], seen.places, 0.0)
    pairs = cKDTree(places).query_pairs(LINK_M, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
    _, label = connected_components(graph, directed=False)
    found: list[Crowd] = []
    for k in np.flatnonzero(np.bincount(label) >= 2 * LEAST).tolist():
        sides: dict[Nation, Side] = {}
        for nation in Nation:
            mine = [i for i in np.flatnonzero((label == k) & good).tolist() if living[i].origin is nation]
            if LEAST <= len(mine) <= MOST:
                keys = tuple(seen.keys[i] for i in mine)
                sides[nation] = Side(keys, seen.places[mine], seen.covs[mine])
        crowd = _crowd_of(sides, home)
        if crowd is not None:
            inside = {key for side in sides.values() for key in side.keys}
            off_m = np.asarray(cKDTree(crowd.sides[crowd.speaker].places).query(places)[0])
            others = crowd.sides.keys() - {crowd.speaker}
            strays = {
                key_of(source)
                for source, off in zip(living, off_m.tolist(), strict=True)
                if source.origin in others and _stray(source, off, now)
            }
            found.append(crowd._replace(strays=frozenset(strays - inside)))
    return found


def _stray(source: Tracklet, off_m: float, now: Instant) -> bool:
    """May it have taken its few plots from several objects of a crowd? One that broke off, or that is young
    and does not know the coast.
    """
    if source.life is Life.COASTING:
        return off_m < CROWD_M
    young = seconds_between(source.first_ns, now) < YOUNG_S
    return young and source.phase is not Phase.COAST and off_m < STRAY_M


def _crowd_of(sides: Mapping[Nation, Side], home: Mapping[Key, Body]) -> Crowd | None:
    """Its speaker, and the nations that cannot tell by place."""
    if len(sides) < 2:
        return None
    speaker = _speaker(sides, home)
    best = sides[speaker]
    spacing_m = best.spacing_m
    quiet = any(home[key].quiet for key in best.keys if key in home)
    limit = DENSE * (STAYS_DENSE if quiet else 1.0)
    vague = {
        nation: side
        for nation, side in sides.items()
        if spacing_m < limit * float(np.sqrt(LEAN_M**2 + best.sigma_m**2 + side.sigma_m**2))
        or nation is speaker
    }
    return Crowd(vague, speaker) if len(vague) > 1 else None


def _speaker(sides: Mapping[Nation, Side], home: Mapping[Key, Body]) -> Nation:
    """The sharpest of those that see about all; who spoke goes on unless another is much sharper."""
    most = max(len(side.keys) for side in sides.values())
    able = [nation for nation, side in sides.items() if len(side.keys) >= WHOLE * most]
    voices = {nation: sum(_speaks(home.get(key), key) for key in sides[nation].keys) for nation in able}
    before = max(able, key=lambda nation: voices[nation])
    best = min(able, key=lambda nation: (sides[nation].sigma_m, nation))
    if voices[before] and sides[best].sigma_m > SHARPER * sides[before].sigma_m:
        return before
    return best


def _speaks(body: Body | None, key: Key) -> bool:
    """Do others say nothing because of it?"""
    return body is not None and bool(body.quiet) and all(key_of(member) != key for member in body.quiet)


class Fit(NamedTuple):
    """Of the sources of a side the place (n,) in the other, -1 without, and the shift (3,) in common."""

    places: Index
    shift: Array


def fitted(side: Side, best: Side, before: Index) -> Fit:
    """All sources of a side given to places of the sharper one at once. `before`: the place (n,) that each
    had, -1 without.
    """
    apart = side.places[:, None] - best.places[None]
    weights = np.asarray(np.linalg.inv(side.covs[:, None] + best.covs[None] + FLOOR_M**2 * np.eye(3)))
    had = np.flatnonzero(before >= 0)
    starts = _starts(side, best, apart[had, before[had]])
    scored = [_given(apart, weights, start, before) for start in starts]
    order = np.argsort([cost for cost, _ in scored], kind="stable")[:2]
    tried = [_settled(apart, weights, scored[k][1], before) for k in order.tolist()]
    _, shift, (one, two) = min(tried, key=lambda each: each[0])
    found = np.full(len(side.keys), -1, dtype=np.int64)
    off = np.linalg.norm(apart[one, two] - shift, axis=1)
    found[one[off < LINK_M]] = two[off < LINK_M]
    return Fit(found, shift)


def _starts(side: Side, best: Side, had: Array) -> list[Array]:
    """Shifts to begin with: none, that of the patterns' middles, what was, and each of these a place on."""
    middle = np.median(best.places, axis=0)
    near = best.places[np.argsort(np.linalg.norm(best.places - middle, axis=1), kind="stable")[:7]]
    steps = near[1:] - near[0]
    centre = side.places.mean(axis=0) - best.places.mean(axis=0)
    first = np.median(had, axis=0) if len(had) >= LEAST else centre
    return [np.zeros(3), centre, first, *(first + step for step in steps)]


def _given(apart: Array, weights: Array, shift: Array, before: Index) -> tuple[float, tuple[Index, Index]]:
    """The cheapest assignment under a shift, and its cost with that of the shift."""
    off = apart - shift
    costs = np.minimum(np.einsum("nmi,nmij,nmj->nm", off, weights, off), CAP)
    had = np.flatnonzero(before >= 0)
    costs[had, before[had]] -= STAY
    one, two = linear_sum_assignment(costs)
    return float(costs[one, two].sum() + shift @ shift / LEAN_M**2), (one, two)


def _settled(
    apart: Array, weights: Array, pairs: tuple[Index, Index], before: Index
) -> tuple[float, Array, tuple[Index, Index]]:
    """Assignment and shift in turn, twice: the shift of the pairs that fit, by their weights."""
    cost, shift = np.inf, np.zeros(3)
    for _ in range(2):
        one, two = pairs
        off, weight = apart[one, two], weights[one, two]
        near = np.linalg.norm(off - np.median(off, axis=0), axis=1) < LINK_M
        total = weight[near].sum(axis=0) + np.eye(3) / LEAN_M**2
        shift = np.linalg.solve(total, np.einsum("nij,nj->i", weight[near], off[near]))
        cost, pairs = _given(apart, weights, shift, before)
    return cost, shift, pairs

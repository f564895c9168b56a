"""Which sources are one object: new ones to bodies, bodies that turn out to be one, and a source that turns
out not to belong.
"""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.earth.gauss import chi2_gate
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase, Tracklet
from tocsin.track.associate import assign, dense
from tocsin.track.body import Body, Key, Sources, counting, key_of, moved, voices
from tocsin.track.lean import MOST_M, Leans
from tocsin.track.life import ENDED
from tocsin.track.motion import distance2, rises_anew, under_ground
from tocsin.track.near import BEND_MPS2, REACH_M, close

Array = NDArray[np.float64]

GATE: Final = chi2_gate(6, 0.999)
STRANGER_GATE: Final = 2.0 * chi2_gate(6, 0.99999)  # far outside honest noise
# One left over on each side may be so far apart, if whatever else is near lies farther by as much again: a
# track that took neighbours' plots errs by more than it says, and nations that look at one place see as many.
LEFT_OVER_GATE: Final = STRANGER_GATE
LEFT_OVER_MARGIN: Final = 2.0 * GATE
WIDEST_GATE: Final = LEFT_OVER_GATE + LEFT_OVER_MARGIN
AIR_M: Final = 3_000.0  # two nations' tracks of one aircraft, each with its radars' errors
OVERLAP_NS: Final = 2_000_000_000
# A track that breaks off takes plots, true or false, for a while after the one that follows it began, and is
# coasting before it can be told from one that lives: so long at most.
BROKEN_OVERLAP_NS: Final = 10_000_000_000
BOTH_SEEN_NS: Final = 2_000_000_000
SEEN_NS: Final = 6_000_000_000  # two looks missed by a radar that looks every 2 s, and reports that are late
CROWD: Final = 4  # neighbours: more than what comes apart in public launches has pieces
CROWD_M: Final = 30e3
REBORN_NS: Final = 10_000_000_000


def main_path(source: Tracklet | FusedTrack) -> bool:
    """Is it compared by state and covariance? Aircraft are many: identity and place must do for them."""
    return source.kind is not ObjectClass.AIR


def compatible(source: Tracklet, body: Body, sources: Sources, crowd: Collection[Key] = ()) -> bool:
    """No other living source of its nation was seen in the body while this one was: one nation never sees
    one object twice. One that coasts may have broken off a little after the other began; in a crowd one that
    was seen about as lately as the other has not.
    """
    for member in body.members:
        other = sources.get(key_of(member))
        if other is None or other.origin is not source.origin or other.life in ENDED:
            continue
        first, second = sorted((source, other), key=lambda s: (s.first_ns, s.track_id))
        late_ns = second.last_ns - first.last_ns
        if first.life is Life.CONFIRMED and late_ns <= SEEN_NS and key_of(source) in crowd:
            return False
        allowed_ns = BROKEN_OVERLAP_NS if first.life is Life.COASTING else OVERLAP_NS
        if first.last_ns > second.first_ns + allowed_ns:
            return False
    return True


def crowded(sources: Sources) -> frozenset[Key]:
    """Sources with a crowd of their own nation's about them."""
    found: set[Key] = set()
    for nation in {source.origin for source in sources.values()}:
        alive = [
            s for s in sources.values() if s.origin is nation and s.life is Life.CONFIRMED and main_path(s)
        ]
        if len(alive) <= CROWD:
            continue
        places = np.array([s.state.x[:3] for s in alive])
        count = cKDTree(places).query_ball_point(places, CROWD_M, return_length=True)
        found |= {key_of(s) for s, n in zip(alive, count, strict=True) if n > CROWD}
    return frozenset(found)


def twofold(body: Body, sources: Sources) -> Member | None:
    """The younger of two sources of one nation that are both seen now, long after it began: what looked like
    a track broken off was another object.
    """
    seen: dict[Nation, Tracklet] = {}
    living = [sources[key_of(member)] for member in body.members if key_of(member) in sources]
    for source in sorted(living, key=lambda s: (s.first_ns, s.track_id)):
        if source.life is not Life.CONFIRMED:
            continue
        first = seen.setdefault(source.origin, source)
        if (
            first.last_ns > source.first_ns + BROKEN_OVERLAP_NS
            and abs(first.last_ns - source.last_ns) < BOTH_SEEN_NS
            and first is not source
        ):
            return Member(source.origin, source.track_id)
    return None


def matched(
    new: Sequence[Tracklet], bodies: Sequence[Body], sources: Sources, leans: Leans, now: Instant
) -> list[tuple[int, int]]:
    """Pairs (new source, body) for new sources of one nation, by least total cost within the gates."""
    costs, crowd = np.full((len(new), len(bodies)), np.inf), crowded(sources)
    for i, j in _meeting(new, bodies, now):
        source, body = new[i], bodies[j]
        if compatible(source, body, sources, crowd):
            costs[i, j] = _cost(source, body.out)
            if not np.isfinite(costs[i, j]) and _in_reach(source, body):
                costs[i, j] = _gated(*leans.apart([source], voices(body.members, body.quiet, sources)))
    return assign(dense(costs))


def _meeting(new: Sequence[Tracklet], bodies: Sequence[Body], now: Instant) -> list[tuple[int, int]]:
    """Pairs (new source, living body) that may be one: aircraft all with all, of others those that are
    close.
    """
    living = [j for j, body in enumerate(bodies) if body.ended_ns is None]
    air = [j for j in living if not main_path(bodies[j].out)]
    found = [(i, j) for i, source in enumerate(new) if not main_path(source) for j in air]
    one = [i for i, source in enumerate(new) if main_path(source)]
    two = [j for j in living if main_path(bodies[j].out)]
    tracks: list[Tracklet | FusedTrack] = [*(new[i] for i in one), *(bodies[j].out for j in two)]
    near = close(tracks, now, WIDEST_GATE, MOST_M)
    return found + [(one[a], two[b - len(one)]) for a, b in near if a < len(one) <= b]


def _cost(one: Tracklet | FusedTrack, other: FusedTrack) -> float:
    if main_path(one) != main_path(other):
        return float("inf")
    if not main_path(one):
        return _air_cost(one, other)
    return _gated(*_apart(one, other))


def _gated(d2: float, log_det: float) -> float:
    return d2 + log_det if d2 < GATE else float("inf")


def _in_reach(source: Tracklet, body: Body) -> bool:
    """May a radar's registration explain how far they are apart?"""
    if not main_path(source) or not main_path(body.out):
        return False
    dt_s = (source.state.epoch_ns - body.out.state.epoch_ns) / 1e9
    ahead = np.array(body.out.state.x[:3]) + dt_s * np.array(body.out.state.x[3:6])
    return float(np.linalg.norm(ahead - np.array(source.state.x[:3]))) < 2.0 * MOST_M + BEND_MPS2 * dt_s**2


def _apart(one: Tracklet | FusedTrack, other: FusedTrack) -> tuple[float, float]:
    """Squared distance of two on the main path, and ln det of it; infinite for what cannot be one."""
    epoch = max(one.state.epoch_ns, other.state.epoch_ns)
    if _reborn(one, other):
        return float("inf"), 0.0
    if (
        np.linalg.norm(np.subtract(one.state.x[:3], other.state.x[:3])) > REACH_M
        and one.state.epoch_ns == other.state.epoch_ns
    ):
        return float("inf"), 0.0
    first, second = moved(one, epoch), moved(other, epoch)
    if under_ground(first.x) or under_ground(second.x):
        return float("inf"), 0.0
    return distance2(first, second)


def _reborn(one: Tracklet | FusedTrack, other: FusedTrack) -> bool:
    """Is the later of the two a new launch, while the earlier one was lost from sight under power?"""
    old, new = sorted((one, other), key=lambda track: track.state.epoch_ns)
    apart_ns = new.state.epoch_ns - old.state.epoch_ns
    return (
        old.phase is not Phase.COAST
        and apart_ns > REBORN_NS
        and rises_anew(np.array(old.state.x), np.array(new.state.x))
    )


def _air_cost(one: Tracklet | FusedTrack, other: FusedTrack) -> float:
    if one.identity is not None and other.identity is not None:
        return 0.0 if one.identity == other.identity else float("inf")
    dt_s = (one.state.epoch_ns - other.state.epoch_ns) / 1e9
    ahead = np.array(other.state.x[:3]) + dt_s * np.array(other.state.x[3:6])
    apart = float(np.linalg.norm(ahead - np.array(one.state.x[:3])))
    return 1.0 + apart if apart < AIR_M else float("inf")


def twins(bodies: Sequence[Body], sources: Sources, leans: Leans, now: Instant) -> list[tuple[int, int]]:
    """Pairs of bodies (indices, the lower number first) that are each other's nearest and may be one
    object.
    """
    living = [i for i, body in enumerate(bodies) if body.ended_ns is None and main_path(body.out)]
    counted = {i: voices(bodies[i].members, bodies[i].quiet, sources) for i in living}
    nations = {i: {source.origin for source in counting(bodies[i].members, sources)} for i in living}
    costs: dict[tuple[int, int], float] = {}
    near = [(living[a], living[b]) for a, b in close([bodies[i].out for i in living], now, WIDEST_GATE)]
    around, crowd = _Around(bodies, near), crowded(sources)
    for i, j in near:
        if not _may_be_one(bodies[i], bodies[j], nations[i] & nations[j], sources, crowd):
            continue
        d2, log_det = around.apart(i, j)
        if d2 < GATE:
            costs[i, j] = d2 + log_det
        elif not nations[i] & nations[j]:
            cost = _gated(*leans.apart(counted[i], counted[j]))
            if not np.isfinite(cost) and around.left_over(i, j):
                cost = d2 + log_det
            if np.isfinite(cost):
                costs[i, j] = cost
    best: dict[int, float] = {}
    for pair, cost in costs.items():
        for i in pair:
            best[i] = min(best.get(i, np.inf), cost)
    return sorted(pair for pair, cost in costs.items() if cost <= best[pair[0]] and cost <= best[pair[1]])


class _Around:
    """Distances between neighbours during one step, each looked at once."""

    def __init__(self, bodies: Sequence[Body], near: Sequence[tuple[int, int]]) -> None:
        self._bodies = bodies
        self._near: dict[int, list[int]] = {}
        for i, j in near:
            self._near.setdefault(i, []).append(j)
            self._near.setdefault(j, []).append(i)
        self._known: dict[tuple[int, int], tuple[float, float]] = {}

    def apart(self, i: int, j: int) -> tuple[float, float]:
        """Of two bodies: see `_apart`."""
        key = min(i, j), max(i, j)
        if key not in self._known:
            self._known[key] = _apart(self._bodies[key[0]].out, self._bodies[key[1]].out)
        return self._known[key]

    def left_over(self, i: int, j: int) -> bool:
        """Are both in sight and in coast, and nothing else about as near to either?"""
        both = (self._bodies[i].out, self._bodies[j].out)
        if any(one.life is not Life.CONFIRMED or one.phase is not Phase.COAST for one in both):
            return False
        limit = self.apart(i, j)[0] + LEFT_OVER_MARGIN
        others = [(a, k) for a, b in ((i, j), (j, i)) for k in self._near[a] if k != b]
        return limit < WIDEST_GATE and all(self.apart(a, k)[0] > limit for a, k in others)


def _may_be_one(
    one: Body, other: Body, common: set[Nation], sources: Sources, crowd: Collection[Key]
) -> bool:
    if not common:
        return True
    return all(
        compatible(sources[key_of(member)], other, sources, crowd)
        for member in one.members
        if key_of(member) in sources and sources[key_of(member)].life not in ENDED
    )


def stranger(body: Body, sources: Sources, leans: Leans) -> Member | None:
    """The counting source that disagrees most with another one, far beyond its errors, and not as all its
    nation's around it do; the younger of the two.
    """
    heard = voices(body.members, body.quiet, sources)
    alive = [source for source in heard if source.phase is Phase.COAST]
    worst: tuple[float, Tracklet] | None = None
    for a, one in enumerate(alive):
        for other in alive[a + 1 :]:
            epoch = max(one.state.epoch_ns, other.state.epoch_ns)
            d2, _ = distance2(moved(one, epoch), moved(other, epoch))
            if d2 <= STRANGER_GATE or leans.shared(body, one.origin, other.origin, STRANGER_GATE):
                continue
            if worst is None or d2 > worst[0]:
                worst = (d2, max((one, other), key=lambda s: (s.first_ns, s.origin)))
    return None if worst is None else Member(worst[1].origin, worst[1].track_id)

"""What fusion keeps of one object: its sources, and the estimate made from those that count.

A source is a nation's track, always by its newest tracklet. Of one nation only the source that began last
counts: an earlier one has ended or was lost from sight. Sources that know the coast are added as
information (their errors have nothing in common but the prior on ln beta, which is counted once); before
that the most precise one speaks for the object.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tocsin.earth.gauss import invert, symmetrise
from tocsin.model.label import Nation, join_all
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase, Track, Tracklet
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.life import ENDED
from tocsin.track.motion import Gaussian, coasting, powered
from tocsin.track.rows import from_triangle, triangle

Array = NDArray[np.float64]

FRESH_S: Final = 15.0  # seen by anybody so lately counts as seen: a track's own limit and a link's delay
AIR_FRESH_S: Final = 60.0
_VELOCITY_WEIGHT_S: Final = 10.0  # a velocity error counts for the way it makes in so long

Key = tuple[Nation, str]
Sources = Mapping[Key, Tracklet]


class Body(Struct, frozen=True):
    """One object: all sources that ever were in it (`members`), and what is published of it. `ended_ns`: a
    gravestone.
    """

    number: int
    members: tuple[Member, ...]
    out: FusedTrack
    down_ns: Instant | None = None
    ended_ns: Instant | None = None
    strangers: int = 0  # steps in a row in which its sources did not agree


def key_of(source: Tracklet | Member) -> Key:
    """What names a source."""
    return (source.nation if isinstance(source, Member) else source.origin, source.track_id)


def tracklet_of(track: Track, nation: Nation) -> Tracklet:
    """An own track in the form of a partner's."""
    return Tracklet(
        origin=nation,
        track_id=track.id,
        sequence=0,
        life=track.life,
        phase=track.phase,
        kind=track.kind,
        state=track.state,
        first_ns=track.first_ns,
        last_ns=track.last_ns,
        label=track.label,
        accel_mps2=track.accel_mps2,
        burnout_ns=track.burnout_ns,
        identity=track.identity,
    )


def gaussian_of(state: EcefState) -> Gaussian:
    """A published state as arrays."""
    return Gaussian(np.array(state.x), from_triangle(state.p))


def moved(source: Tracklet | FusedTrack, time_ns: Instant) -> Gaussian:
    """A source or a fused track at another instant."""
    now = gaussian_of(source.state)
    dt_s = seconds_between(source.state.epoch_ns, time_ns)
    if source.phase is Phase.COAST:
        return coasting(now.x, now.p, dt_s)
    accel = None if source.accel_mps2 is None else np.array(source.accel_mps2)
    return powered(now.x, now.p, accel, dt_s)


def counting(members: Sequence[Member], sources: Sources) -> list[Tracklet]:
    """Of each nation the living source that began last, by nation.

    A source in coast ends when its predicted impact is over: whoever saw the object no later than that one
    did does not count any more either.
    """
    known = [sources[key_of(member)] for member in members if key_of(member) in sources]
    over = [source.last_ns for source in known if source.life in ENDED and source.phase is Phase.COAST]
    last = max(over, default=Instant(0))
    newest: dict[Nation, Tracklet] = {}
    for member in sorted(members, key=key_of):
        source = sources.get(key_of(member))
        if source is None or source.life in ENDED:
            continue
        other = newest.get(source.origin)
        if other is None or source.first_ns > other.first_ns:
            newest[source.origin] = source
    return [newest[nation] for nation in sorted(newest) if newest[nation].last_ns > last]


def combine(
    number: int, members: tuple[Member, ...], sources: Sources, confirmed_ns: Instant, now: Instant
) -> FusedTrack | None:
    """The fused track of the sources that count; None when none is alive."""
    alive = counting(members, sources)
    if not alive:
        return None
    known = [sources[key_of(member)] for member in members if key_of(member) in sources]
    coast = [source for source in alive if source.phase is Phase.COAST]
    chosen = None if coast else _most_precise(alive)
    state = _added(coast) if chosen is None else chosen.state
    powered_phase = Phase.BOOST if any(s.phase is Phase.BOOST for s in alive) else Phase.UNKNOWN
    return FusedTrack(
        id=f"F-{number}",
        members=members,
        life=life_of(alive, now),
        phase=Phase.COAST if chosen is None else powered_phase,
        kind=_kind(known),
        state=state,
        first_ns=min(source.first_ns for source in known),
        last_ns=max(source.last_ns for source in alive),
        label=join_all(source.label for source in known),
        accel_mps2=None if chosen is None else chosen.accel_mps2,
        confirmed_ns=confirmed_ns,
        identity=next((source.identity for source in alive if source.identity is not None), None),
    )


def life_of(alive: Sequence[Tracklet], now: Instant) -> Life:
    """CONFIRMED while any source sees it, COASTING while all only predict."""
    for source in alive:
        limit_s = AIR_FRESH_S if source.kind is ObjectClass.AIR else FRESH_S
        if source.life is Life.CONFIRMED and seconds_between(source.last_ns, now) <= limit_s:
            return Life.CONFIRMED
    return Life.COASTING


def _kind(known: Sequence[Tracklet]) -> ObjectClass:
    kinds = {source.kind for source in known}
    return next((k for k in (ObjectClass.BALLISTIC, ObjectClass.AIR) if k in kinds), ObjectClass.UNKNOWN)


def _added(coast: Sequence[Tracklet]) -> EcefState:
    """Information of all coasting sources at the newest epoch among them."""
    if len(coast) == 1:
        return coast[0].state
    epoch = max(source.state.epoch_ns for source in coast)
    total, weighted = np.zeros((7, 7)), np.zeros(7)
    for source in coast:
        x, p = moved(source, epoch)
        information = _information(p)
        if information is None:
            continue
        total += information
        weighted += information @ (x - _origin(coast[0]))
    if not total.any():
        return coast[0].state
    extra = min((len(coast) - 1) * LN_BETA_SIGMA**-2, total[6, 6] - LN_BETA_SIGMA**-2)
    if extra > 0.0:
        total[6, 6] -= extra
        weighted[6] -= extra * (LN_BETA_MEAN - _origin(coast[0])[6])
    cov = _safe_inverse(total)
    return EcefState(epoch, tuple((_origin(coast[0]) + cov @ weighted).tolist()), triangle(cov))


def _information(p: Array) -> Array | None:
    """Inverse of a source's covariance; None where propagation has made nothing of it that has one."""
    if not np.isfinite(p).all() or not (np.diag(p) > 0.0).all():
        return None
    try:
        information = invert(p)
    except np.linalg.LinAlgError:
        return None
    return information if np.isfinite(information).all() else None


def _origin(source: Tracklet) -> Array:
    """A place to count from, so that metres of the Earth's radius do not eat digits."""
    return np.array(source.state.x)


def _safe_inverse(information: Array) -> Array:
    return symmetrise(invert(symmetrise(information)))


def _most_precise(alive: Sequence[Tracklet]) -> Tracklet:
    """The source with the least doubt at the newest epoch."""
    epoch = max(source.state.epoch_ns for source in alive)
    if len(alive) == 1:
        return alive[0]

    def spread(source: Tracklet) -> tuple[float, Nation]:
        p = moved(source, epoch).p
        return float(np.trace(p[:3, :3]) + _VELOCITY_WEIGHT_S**2 * np.trace(p[3:6, 3:6])), source.origin

    return min(alive, key=spread)

"""What fusion keeps of one object: its sources, and the estimate made from those that count.

A source is a nation's track, always by its newest tracklet. Of one nation only the source that began last
counts: an earlier one has ended or was lost from sight. Sources that know the coast are added as
information (their errors have nothing in common but the prior on ln beta, which is counted once), and with
them those too young to know it that began after it; one that may hold others' data joins by covariance
intersection. Before that the most precise one speaks for the object.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.gauss import covariance_intersection, invert, symmetrise
from tocsin.model.label import Nation, join_all
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase, Track, Tracklet
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.common import noise_m2_s3, widening
from tocsin.track.joint import Joint, spoken
from tocsin.track.life import ENDED
from tocsin.track.motion import Gaussian, long_coasting, powered
from tocsin.track.rows import from_triangle, triangle

Array = NDArray[np.float64]

FRESH_S: Final = 15.0  # seen by anybody so lately counts as seen: a track's own limit and a link's delay
AIR_FRESH_S: Final = 60.0
TOGETHER_S: Final = 2.0  # a look or two: a young source that began so little before the known coast is in it
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
    joint: Joint | None = None
    quiet: tuple[Member, ...] = ()  # members that cannot tell it from its neighbours (see pattern)


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
        return long_coasting(now.x, now.p, dt_s)
    accel = None if source.accel_mps2 is None else np.array(source.accel_mps2)
    return powered(now.x, now.p, accel, dt_s)


def counting(members: Sequence[Member], sources: Sources) -> list[Tracklet]:
    """Of each nation the living source that began last, by nation.

    A source in coast ends when its predicted impact is over: whoever saw the object no later than that one
    did does not count any more either. One that was merged ends nothing but its name.
    """
    known = [sources[key_of(member)] for member in members if key_of(member) in sources]
    over = [
        source.last_ns
        for source in known
        if source.life in ENDED and source.life is not Life.MERGED and source.phase is Phase.COAST
    ]
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


def voices(members: Sequence[Member], quiet: Sequence[Member], sources: Sources) -> list[Tracklet]:
    """The sources that count for the state: those that are quiet only while nobody else is left."""
    alive = counting(members, sources)
    silent = {key_of(member) for member in quiet}
    return [source for source in alive if key_of(source) not in silent] or alive


def combine(
    number: int,
    members: tuple[Member, ...],
    sources: Sources,
    confirmed_ns: Instant,
    now: Instant,
    joint: Joint | None = None,
    quiet: Sequence[Member] = (),
) -> FusedTrack | None:
    """The fused track of the sources that count, an estimate from single looks in the place of those that it
    covers; None when none is alive.
    """
    alive = counting(members, sources)
    if not alive:
        return None
    known = [sources[key_of(member)] for member in members if key_of(member) in sources]
    heard = voices(members, quiet, sources)
    speaking = _speaking(heard, joint)
    coast = in_coast(speaking)
    chosen = None if coast else _most_precise(speaking)
    state = _added(coast) if chosen is None else chosen.state
    powered_phase = Phase.BOOST if any(s.phase is Phase.BOOST for s in heard) else Phase.UNKNOWN
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


def _speaking(alive: Sequence[Tracklet], joint: Joint | None) -> list[Tracklet]:
    """Sources as they count. An estimate from looks that does not know the coast is no better than a source
    that does.
    """
    if joint is None or not joint.fits:
        return list(alive)
    sure = any(source.phase is Phase.COAST for source in alive)
    if sure and joint.record.phase is not Phase.COAST:
        return list(alive)
    inside = {key_of(member) for member in joint.members}
    held = [source for source in alive if key_of(source) in inside]
    return [spoken(joint, held), *(source for source in alive if key_of(source) not in inside)]


def fused_coast(alive: Sequence[Tracklet]) -> EcefState | None:
    """All sources added by their tracklets; None unless all know the coast by themselves."""
    return _added(alive) if alive and all(source.phase is Phase.COAST for source in alive) else None


def in_coast(alive: Sequence[Tracklet]) -> list[Tracklet]:
    """The sources whose whole sight of the object is free flight: those that say so, and young ones that
    cannot tell yet but began when another one knows that it flew freely. Empty while nobody knows.
    """
    sure = [source for source in alive if source.phase is Phase.COAST]
    if not sure:
        return []
    since = min(source.first_ns if source.burnout_ns is None else source.burnout_ns for source in sure)
    return [
        source
        for source in alive
        if source.phase is Phase.COAST
        or (source.phase is Phase.UNKNOWN and seconds_between(source.first_ns, since) <= TOGETHER_S)
    ]


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


def known_pedigree(source: Tracklet) -> bool:
    """Is all that is in it its own nation's? What holds others' sensors may hold what is counted already."""
    return source.label.originators == frozenset((source.origin,))


def _added(coast: Sequence[Tracklet]) -> EcefState:
    """All coasting sources at the newest epoch among them: information added; what is of unknown pedigree
    joins by covariance intersection, which counts nothing twice.
    """
    if len(coast) == 1:
        return coast[0].state
    epoch = max(source.state.epoch_ns for source in coast)
    origin = np.array(coast[0].state.x)  # to count from: the Earth's radius would eat digits
    sure = [_apart(source, epoch, origin) for source in coast if known_pedigree(source)]
    unsure = [_apart(source, epoch, origin) for source in coast if not known_pedigree(source)]
    fused = _summed([one for one in sure if one is not None], origin)
    for other in unsure:
        if other is not None:
            fused = other if fused is None else Gaussian(*covariance_intersection(fused, other)[:2])
    if fused is None:
        return coast[0].state
    return EcefState(epoch, tuple((origin + fused.x).tolist()), triangle(symmetrise(fused.p)))


def _apart(source: Tracklet, epoch: Instant, origin: Array) -> Gaussian | None:
    """A source in free flight at an epoch, counted from a place; None when no number is left of it."""
    x, p = moved(replace(source, phase=Phase.COAST), epoch)
    return None if _information(p) is None else Gaussian(x - origin, p)


def _summed(independent: Sequence[Gaussian], origin: Array) -> Gaussian | None:
    """Information of estimates whose sensors err apart: their common prior on ln beta counted once, and
    widened by what the air does to all of them alike.
    """
    if len(independent) < 2:
        return independent[0] if independent else None
    try:
        with np.errstate(all="ignore"):
            found = _sum_of(independent, origin)
    except np.linalg.LinAlgError:
        found = Gaussian(origin, np.zeros((7, 7)))
    # Of sources so unlike that the sum has no digits left the sharpest speaks.
    return found if _positive(found) else min(independent, key=lambda one: float(np.trace(one.p[:3, :3])))


def _positive(found: Gaussian) -> bool:
    finite = np.isfinite(found.x).all() and np.isfinite(found.p).all()
    return bool(finite and (np.diag(found.p) > 0.0).all())


def _sum_of(independent: Sequence[Gaussian], origin: Array) -> Gaussian:
    parts = [invert(p) for _, p in independent]
    total = np.sum(parts, axis=0)
    weighted = np.sum([part @ x for part, (x, _) in zip(parts, independent, strict=True)], axis=0)
    extra = min((len(parts) - 1) * LN_BETA_SIGMA**-2, total[6, 6] - LN_BETA_SIGMA**-2)
    if extra > 0.0:
        total[6, 6] -= extra
        weighted[6] -= extra * (LN_BETA_MEAN - origin[6])
    p = symmetrise(invert(symmetrise(total)))
    x = p @ weighted
    return Gaussian(x, p * widening(p, parts, independent, noise_m2_s3(origin + x)))


def _information(p: Array) -> Array | None:
    """Inverse of a source's covariance; None where propagation has made nothing of it that has one."""
    if not np.isfinite(p).all() or not (np.diag(p) > 0.0).all():
        return None
    try:
        information = invert(p)
    except np.linalg.LinAlgError:
        return None
    return information if np.isfinite(information).all() else None


def _most_precise(alive: Sequence[Tracklet]) -> Tracklet:
    """The source with the least doubt at the newest epoch."""
    epoch = max(source.state.epoch_ns for source in alive)
    if len(alive) == 1:
        return alive[0]

    def spread(source: Tracklet) -> tuple[float, Nation]:
        p = moved(source, epoch).p
        return float(np.trace(p[:3, :3]) + _VELOCITY_WEIGHT_S**2 * np.trace(p[3:6, 3:6])), source.origin

    return min(alive, key=spread)

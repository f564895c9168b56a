"""The picture of all three nations: own tracks and partners' tracklets become one track for each object. A
pure fold.

In the room: the newest tracklet of each source, which sources are one object, lives of fused tracks. Not in
the room: plots, links, and anything that is sent: what is fused here is never shared, so no datum can come
back and be counted twice. A tracklet replaces its source's previous one (higher sequence wins), so that
order and repetition do not matter.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.flight import fall
from tocsin.earth.frames import ecef_to_geodetic
from tocsin.model.label import Nation
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import FusedTrack, Life, Member, Phase, SharedPlot, Track, Tracklet
from tocsin.track.body import (
    FRESH_S,
    Body,
    Key,
    combine,
    counting,
    fused_coast,
    gaussian_of,
    key_of,
    life_of,
    moved,
    tracklet_of,
    voices,
)
from tocsin.track.joint import joined
from tocsin.track.lean import Leans
from tocsin.track.life import AFTER_IMPACT_S, ENDED, NEAR_GROUND_M, UNKNOWN_KEPT_S
from tocsin.track.looks import Looks, heard
from tocsin.track.match import matched, stranger, twins, twofold
from tocsin.track.merging import inherited, last_words, united
from tocsin.track.seating import due, seated

Array = NDArray[np.float64]

REMEMBERED_S: Final = 600.0  # an ended source is known for so long, so that late tracklets begin nothing
STALE_S: Final = 20.0
LOW_M: Final = 2.0 * NEAR_GROUND_M  # what falls this low comes down within ten seconds
TWIN_STEPS: Final = 3
STRANGER_STEPS: Final = 10
SOURCE_LIMIT: Final = 6_000  # more than three nations' skies hold
JOINTS: Final = 16  # objects in a step whose looks are estimated together; of a salvo tracklets must do


class FusionState(Struct, frozen=True):
    """Sources by nation and track id, bodies by number; `pairs`: twins seen so far as (number, number,
    steps).
    """

    nation: Nation
    next_number: int = 1
    sources: tuple[Tracklet, ...] = ()
    bodies: tuple[Body, ...] = ()
    pairs: tuple[tuple[int, int, int], ...] = ()
    looks: tuple[Looks, ...] = ()  # by source
    waiting: tuple[Member, ...] = ()  # sources in a crowd that have no object of their own there
    seated_ns: Instant = Instant(0)


def new_fusion(nation: Nation) -> FusionState:
    """A fusion that knows nothing."""
    return FusionState(nation=nation)


def step(
    state: FusionState,
    own: Sequence[Track],
    partners: Sequence[Tracklet],
    now: Instant,
    own_looks: Sequence[Looks] = (),
    plots: Sequence[SharedPlot] = (),
) -> tuple[FusionState, tuple[FusedTrack, ...]]:
    """Replace sources by what came; all fused tracks that are alive, or ended in this step, by number.
    `own_looks`: those that the own tracker holds now; `plots`: partners' that came.
    """
    sources = {key_of(source): source for source in state.sources}
    mine = [tracklet_of(track, state.nation) for track in own]
    changed = _replace(sources, mine, partners, state.nation, now)
    bodies, waiting, seated_ns = list(state.bodies), frozenset(map(key_of, state.waiting)), state.seated_ns
    if due(bodies, sources, waiting, seated_ns, now):
        bodies, waiting, moved_on = seated(bodies, sources, waiting, now)
        changed, seated_ns = changed | moved_on, now
    bodies, number = _housed(sources, bodies, state.next_number, now, waiting)
    looks = heard(state.looks, own_looks, plots, now)
    bodies, anew = _looked_at(sources, bodies, looks)
    changed |= anew
    bodies = inherited(bodies, sources, changed, now)
    bodies = [_renewed(body, sources, changed, now) for body in bodies]
    bodies, pairs = _merged(sources, bodies, state.pairs, now)
    bodies, number = _parted(sources, bodies, number, changed, now)
    shown = [body.out for body in bodies if body.ended_ns is None or body.ended_ns == now]
    shown += last_words(state.bodies, bodies)
    kept = {key: source for key, source in sorted(sources.items()) if _remembered(source, now)}
    bodies = [
        body for body in bodies if body.ended_ns is None or any(key_of(m) in kept for m in body.members)
    ]
    still = tuple(Member(*key) for key in sorted(waiting) if key in kept)
    return (
        FusionState(
            state.nation, number, tuple(kept.values()), tuple(bodies), pairs, looks, still, seated_ns
        ),
        tuple(sorted(shown, key=lambda track: int(track.id.rpartition("-")[2]))),
    )


def silent(state: FusionState) -> tuple[Tracklet, ...]:
    """Living sources in crowds that another nation speaks for: nothing of theirs is in the fused states."""
    quiet = {key_of(member) for body in state.bodies for member in body.quiet}
    return tuple(s for s in state.sources if s.life not in ENDED and key_of(s) in quiet)


def _replace(
    sources: dict[Key, Tracklet],
    own: Sequence[Tracklet],
    partners: Sequence[Tracklet],
    nation: Nation,
    now: Instant,
) -> frozenset[Key]:
    """Own tracks as they are now, partners' by the highest sequence; returns which sources are not what
    they were. Nobody's end is later than now: it would outlast what others see (`counting`).
    """
    changed: set[Key] = set()
    ordered = sorted(partners, key=lambda source: (source.origin, source.track_id, source.sequence))
    for source in [*own, *ordered]:
        key = key_of(source)
        before = sources.get(key)
        mine = source.origin is nation
        if (
            source.life is Life.TENTATIVE
            or (mine and source.sequence != 0)
            or (before is None and source.life in ENDED)
        ):
            continue
        if before is None and len(sources) >= SOURCE_LIMIT:
            continue
        if before is not None and (before == source if mine else source.sequence <= before.sequence):
            continue
        if source.life in ENDED and source.last_ns > now:
            source = replace(source, last_ns=now)
        sources[key] = source
        changed.add(key)
    return frozenset(changed)


def _housed(
    sources: dict[Key, Tracklet], bodies: list[Body], number: int, now: Instant, waiting: frozenset[Key]
) -> tuple[list[Body], int]:
    """Every living source that need not wait in a body: nation by nation, to the body it fits or to one of
    its own.
    """
    home = {key_of(m) for body in bodies for m in body.members if not _goes_on(body, sources.get(key_of(m)))}
    home |= waiting
    for nation in Nation:
        new = [
            source
            for key, source in sorted(sources.items())
            if key not in home and source.origin is nation and source.life not in ENDED
        ]
        new.sort(key=lambda source: (source.first_ns, source.track_id))
        pairs = dict(matched(new, bodies, sources, Leans(bodies, sources), now)) if new else {}
        for i, source in enumerate(new):
            member = Member(source.origin, source.track_id)
            if i in pairs:
                body = bodies[pairs[i]]
                bodies[pairs[i]] = replace(body, members=tuple(sorted((*body.members, member), key=key_of)))
                continue
            out = combine(number, (member,), sources, now, now)
            if out is not None:
                bodies.append(Body(number=number, members=(member,), out=out))
                number += 1
    return bodies, number


def _goes_on(body: Body, source: Tracklet | None) -> bool:
    """Is a source seen that should be over with its body? After an impact others may see on for a while."""
    if body.ended_ns is None or source is None:
        return False
    grace_s = STALE_S if body.out.life is Life.IMPACTED else 0.0
    return seconds_between(body.ended_ns, source.last_ns) > grace_s


def _looked_at(
    sources: dict[Key, Tracklet], bodies: list[Body], looks: Sequence[Looks]
) -> tuple[list[Body], frozenset[Key]]:
    """Bodies with the estimates that single looks allow, the first JOINTS that they allow one; and the
    sources of those whose estimate is not what it was.
    """
    by_source = {(one.origin, one.track_id): one for one in looks}
    out: list[Body] = []
    anew: set[Key] = set()
    left = JOINTS
    for body in bodies:
        joint = None
        if by_source and left and body.ended_ns is None and len(body.members) > 1:
            alive = voices(body.members, body.quiet, sources)
            joint = joined(body.joint, alive, by_source, partial(fused_coast, alive))
        left -= joint is not None
        if joint != body.joint:
            body = replace(body, joint=joint)
            anew.update(key_of(member) for member in body.members)
        out.append(body)
    return out, frozenset(anew)


def _renewed(body: Body, sources: dict[Key, Tracklet], changed: frozenset[Key], now: Instant) -> Body:
    """The body's track of now: computed anew only when a source changed."""
    if body.ended_ns is not None:
        return body
    if body.members != body.out.members or any(key_of(member) in changed for member in body.members):
        landed = _landed(body, sources)
        out = combine(
            body.number, body.members, sources, body.out.confirmed_ns or now, now, body.joint, body.quiet
        )
        if (out is None or landed) and not _flies(body, sources, now):
            return _ended(body, Life.IMPACTED if landed else Life.LOST, now)
        if out is None:  # who ended had seen it a moment later than who sees it now
            return body
        return replace(body, out=out, down_ns=None if out.state != body.out.state else body.down_ns)
    life = life_of(counting(body.members, sources), now)
    body = body if life is body.out.life else replace(body, out=replace(body.out, life=life))
    return _aged(body, now)


def _landed(body: Body, sources: dict[Key, Tracklet]) -> bool:
    """Did a source that saw it last follow it to the ground?"""
    known = [sources[key_of(member)] for member in body.members if key_of(member) in sources]
    newest = max((source.last_ns for source in known), default=Instant(0))
    return any(
        source.life is Life.IMPACTED and seconds_between(source.last_ns, newest) < STALE_S for source in known
    )


def _flies(body: Body, sources: dict[Key, Tracklet], now: Instant) -> bool:
    """Does a source see it now, and not coming down? Then another's end is wrong, or of another object."""
    known = (sources[key_of(member)] for member in body.members if key_of(member) in sources)
    return any(_aloft(moved(source, now).x) for source in known if _seen(source, now))


def _seen(source: Tracklet, now: Instant) -> bool:
    return source.life is Life.CONFIRMED and 0.0 <= seconds_between(source.last_ns, now) <= FRESH_S


def _aloft(x: Array) -> bool:
    """Is a state (7,) one that climbs, or is not low yet?"""
    return bool(np.isfinite(x).all() and (x[:3] @ x[3:6] > 0.0 or ecef_to_geodetic(x[:3])[2] > LOW_M))


def _aged(body: Body, now: Instant) -> Body:
    """End what nobody sees any more once its predicted impact is over, or nobody can know where it is."""
    unseen_s = seconds_between(body.out.last_ns, now)
    if unseen_s < STALE_S:
        return body
    if body.out.phase is not Phase.COAST:
        return _ended(body, Life.LOST, now) if unseen_s > UNKNOWN_KEPT_S + AFTER_IMPACT_S else body
    if body.down_ns is None:
        end = fall(gaussian_of(body.out.state).x)
        body = replace(body, down_ns=after(body.out.state.epoch_ns, end.time_s))
    late = body.down_ns is not None and now > after(body.down_ns, 2.0 * AFTER_IMPACT_S)
    return _ended(body, Life.LOST, now) if late else body


def _ended(body: Body, life: Life, now: Instant) -> Body:
    return replace(body, out=replace(body.out, life=life), ended_ns=now)


def _merged(
    sources: dict[Key, Tracklet], bodies: list[Body], pairs: tuple[tuple[int, int, int], ...], now: Instant
) -> tuple[list[Body], tuple[tuple[int, int, int], ...]]:
    """Bodies that agreed for some steps become one, under the lower number: each with one other in a step;
    of three that are equally near two may be one nation's.
    """
    before = {(one, other): steps for one, other, steps in pairs}
    seen: list[tuple[int, int, int]] = []
    gone: set[int] = set()
    done: set[int] = set()
    for i, j in twins(bodies, sources, Leans(bodies, sources), now):
        one, other = bodies[i], bodies[j]
        steps = before.get((one.number, other.number), 0) + 1
        if steps < TWIN_STEPS or done & {i, j}:
            seen.append((one.number, other.number, steps))
            continue
        both = united(one, other, sources, now)
        if both is not None:
            bodies[i] = both
            gone.add(j)
            done |= {i, j}
    return [body for k, body in enumerate(bodies) if k not in gone], tuple(seen)


def _parted(
    sources: dict[Key, Tracklet], bodies: list[Body], number: int, changed: frozenset[Key], now: Instant
) -> tuple[list[Body], int]:
    """A source that disagrees for long, or is seen beside another one of its nation, leaves its body for one
    of its own.
    """
    leans = Leans(bodies, sources)
    for i, body in enumerate(bodies):
        if (
            body.ended_ns is not None
            or len(body.members) < 2
            or not changed & {key_of(m) for m in body.members}
        ):
            continue
        odd = twofold(body, sources) or stranger(body, sources, leans)
        if odd is None or body.strangers + 1 < STRANGER_STEPS:
            bodies[i] = (
                body
                if odd is None and not body.strangers
                else replace(body, strangers=body.strangers + 1 if odd else 0)
            )
            continue
        rest = tuple(member for member in body.members if member != odd)
        out = combine(body.number, rest, sources, body.out.confirmed_ns or now, now, quiet=body.quiet)
        alone = combine(number, (odd,), sources, now, now)
        if out is not None and alone is not None:
            bodies[i] = replace(body, members=rest, out=out, strangers=0)
            bodies.append(Body(number=number, members=(odd,), out=alone))
            number += 1
    return bodies, number


def _remembered(source: Tracklet, now: Instant) -> bool:
    return source.life not in ENDED or seconds_between(source.last_ns, now) < REMEMBERED_S + UNKNOWN_KEPT_S

"""What a nation believes of each ballistic object: a pure fold of fused tracks and launch events into
assessments.

The impact is computed anew when a track's state changed, at most once a second of scenario time. Areas and
arc follow when the impact moved by a part of its own ellipse, or after a while: they cost ten times as much
and change little.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.assess import mishap
from tocsin.assess.areas import arc, path, risks
from tocsin.assess.impact import Prediction, matrix_of, predict
from tocsin.assess.kind import arc_of
from tocsin.assess.launch import combined, launch_point
from tocsin.assess.manoeuvre import Watch, footprint, footprint_risks, predicted, unpredicted
from tocsin.earth.frames import ground_distance_m
from tocsin.earth.gauss import mahalanobis2
from tocsin.earth.places import Area
from tocsin.earth.seas import all_areas
from tocsin.model.event import Assessment, LaunchEvent, LaunchPointEstimate, Mishap, Motion
from tocsin.model.label import Nation
from tocsin.model.space import EcefState
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase, Track, Tracklet

Array = NDArray[np.float64]

EVERY_NS: Final = SECOND_NS
AREAS_EVERY_NS: Final = 20 * SECOND_NS
MOVED_SIGMAS2: Final = 0.1  # of the ellipse drawn last: a third of a standard deviation
SHRUNK: Final = 0.7  # of the area of the ellipse drawn last
LAUNCHES_LIMIT: Final = 500

ENDED: Final = frozenset((Life.LOST, Life.IMPACTED, Life.MERGED))


class Held(Struct, frozen=True):
    """One object's assessment and what it was made from: the launches used, and the impact for which areas
    were computed.
    """

    assessment: Assessment
    state: EcefState | None = None
    early: tuple[EcefState, ...] = ()
    own: LaunchPointEstimate | None = None
    used: tuple[LaunchEvent, ...] = ()
    areas_ns: Instant = Instant(0)
    areas_at: tuple[float, ...] = ()
    watch: Watch = Watch()
    first_ns: Instant = Instant(0)


class AssessState(Struct, frozen=True):
    """Assessments by track id, the newest launch event of each source, objects that came apart."""

    held: tuple[Held, ...] = ()
    launches: tuple[LaunchEvent, ...] = ()
    breaks: tuple[mishap.Broken, ...] = ()


def new_assess() -> AssessState:
    """An assessor that believes nothing yet."""
    return AssessState()


def step(
    state: AssessState,
    fused: Sequence[FusedTrack],
    own: Sequence[Track],
    launches: Sequence[LaunchEvent],
    now: Instant,
    partners: Sequence[Tracklet] = (),
) -> tuple[AssessState, tuple[Assessment, ...]]:
    """Assessments of all ballistic fused tracks, by track; those of tracks that ended in this step are the
    last ones (what a merged one meant is the other's to say). `partners`: the newest tracklet of each of
    their sources.
    """
    events = _newest(state.launches, launches)
    before = {held.assessment.track_id: held for held in state.held}
    mine = {track.id: track for track in own}
    flying = [t for t in fused if t.kind is ObjectClass.BALLISTIC and t.life is not Life.MERGED]
    lost = [track for track in flying if track.life is Life.COASTING and _manoeuvres(before.get(track.id))]
    held = [_assessed(before.get(track.id), track, mine, events, now, bool(lost)) for track in flying]
    ages = {entry.assessment.track_id: entry.first_ns for entry in held}
    breaks = mishap.broken(state.breaks, fused, ages, now)
    seen = {track.id for track in flying if track.life is Life.CONFIRMED}
    theirs = {(one.origin, one.track_id): one for one in partners}
    lost_at = [_lost_at(track, mine, theirs) for track in flying]
    held = [
        _failed(entry, track, breaks, seen, at)
        for entry, track, at in zip(held, flying, lost_at, strict=True)
    ]
    alive = {track.id for track in fused if track.life not in ENDED}
    kept = tuple(entry for entry in held if entry.assessment.track_id in alive)
    breaks = tuple(entry for entry in breaks if alive.intersection(entry.tracks))
    return AssessState(kept, events, breaks), tuple(entry.assessment for entry in held)


def _manoeuvres(held: Held | None) -> bool:
    return held is not None and held.watch.manoeuvring


def _newest(known: Sequence[LaunchEvent], new: Sequence[LaunchEvent]) -> tuple[LaunchEvent, ...]:
    """Of each source the event of highest sequence, by source; bounded, the youngest stay."""
    table: dict[tuple[Nation, str], LaunchEvent] = {}
    for event in [*known, *new]:
        other = table.get((event.origin, event.track_id))
        if other is None or event.sequence > other.sequence:
            table[event.origin, event.track_id] = event
    young = sorted(table.values(), key=lambda event: (event.confirmed_ns, event.origin, event.track_id))[
        -LAUNCHES_LIMIT:
    ]
    return tuple(sorted(young, key=lambda event: (event.origin, event.track_id)))


def _assessed(
    before: Held | None,
    track: FusedTrack,
    mine: dict[str, Track],
    events: Sequence[LaunchEvent],
    now: Instant,
    one_is_lost: bool,
) -> Held:
    """`one_is_lost`: a manoeuvring object is out of sight; a new one, first seen in flight, may be it."""
    held = before
    if held is None:
        held = Held(Assessment(track_id=track.id, made_ns=now), first_ns=now)
        if one_is_lost and track.phase is not Phase.BOOST:
            held = replace(held, watch=Watch(since_ns=now))
    held = _launched(held, track, mine, events, now)
    fresh = before is None or held.state is None or now - held.assessment.made_ns >= EVERY_NS
    return _predicted(held, track, now) if fresh and held.state != track.state else held


def _launched(
    held: Held, track: FusedTrack, mine: dict[str, Track], events: Sequence[LaunchEvent], now: Instant
) -> Held:
    """Own estimate and partners' together; computed anew only when one of them changed."""
    sources = {(member.nation, member.track_id) for member in track.members}
    used = tuple(
        event for event in events if (event.origin, event.track_id) in sources and event.track_id not in mine
    )
    early = next(
        (mine[name].early for _, name in sorted(sources) if name in mine and mine[name].early), held.early
    )
    if early == held.early and used == held.used:
        return held
    own = launch_point(early) if early != held.early else held.own
    launch = combined(
        [estimate for estimate in (own, *(event.launch for event in used)) if estimate is not None]
    )
    return replace(
        held, early=early, used=used, own=own, assessment=replace(held.assessment, launch=launch, made_ns=now)
    )


def _predicted(held: Held, track: FusedTrack, now: Instant) -> Held:
    """Impact, apogee, class, and where needed areas and arc; a footprint instead while it manoeuvres. Without
    a coast there is no impact, and an old one is withdrawn.
    """
    found = predict(track)
    watch = unpredicted(held.watch, track.phase, now) if found is None else predicted(held.watch, found)
    held = replace(held, watch=watch, state=track.state)
    if watch.manoeuvring:
        return _manoeuvring(held, track, now)
    if found is None:
        empty = Assessment(track_id=track.id, made_ns=now, launch=held.assessment.launch)
        return replace(held, assessment=_classed(empty, track), areas_at=())
    old = held.assessment
    apogee_m, apogee_ns = found.apogee_m, found.apogee_ns
    if found.fall.apogee_time_s <= 0.0 and old.apogee_m is not None and old.apogee_ns is not None:
        apogee_m, apogee_ns = old.apogee_m, old.apogee_ns  # it is past: what was predicted last stays
    made = replace(
        old, made_ns=now, impact=found.impact, apogee_m=apogee_m, apogee_ns=apogee_ns, footprint=None
    )
    held = replace(held, assessment=_classed(made, track))
    return _drawn(held, found, now) if _moved(held, found, now) else held


def _classed(made: Assessment, track: FusedTrack) -> Assessment:
    """With what moves it and, in free flight, the class of its arc."""
    if track.phase is not Phase.COAST:
        return replace(made, motion=Motion.POWERED if track.phase is Phase.BOOST else Motion.UNKNOWN)
    kind = arc_of(np.array(track.state.x[:6]))
    range_m = None
    if made.launch is not None and made.impact is not None:
        ends = (made.launch.lat_deg, made.launch.lon_deg, made.impact.lat_deg, made.impact.lon_deg)
        range_m = float(ground_distance_m(*np.radians(ends)))
    return replace(
        made,
        motion=Motion.FREE,
        range_m=range_m,
        band=kind.band,
        shape=kind.shape,
    )


def _manoeuvring(held: Held, track: FusedTrack, now: Instant) -> Held:
    """A region instead of an ellipse; class and apogee are those of the arc that it left."""
    region = footprint(track.state)
    made = replace(
        held.assessment,
        made_ns=now,
        motion=Motion.MANOEUVRING,
        impact=None,
        footprint=region,
        range_m=None,
        arc=(),
        risks=footprint_risks(region, _areas()),
    )
    return replace(held, assessment=made, areas_at=())


def _lost_at(
    track: FusedTrack, mine: Mapping[str, Track], theirs: Mapping[tuple[Nation, str], Tracklet]
) -> Instant | None:
    """When all that should see it lost it, by own sensors or by partners' tracks; None when they did not."""
    if track.life is not Life.COASTING:
        return None
    own = [mishap.vanished(mine[m.track_id]) for m in track.members if m.track_id in mine]
    made_of = [(m, mine.get(m.track_id) or theirs.get((m.nation, m.track_id))) for m in track.members]
    sources = [mishap.Source(m.nation, one.life, one.last_ns) for m, one in made_of if one is not None]
    found = [when for when in (*own, mishap.vanished_to_all(track, sources)) if when is not None]
    return max(found, default=None)


def _failed(
    held: Held, track: FusedTrack, breaks: Sequence[mishap.Broken], seen: set[str], lost_ns: Instant | None
) -> Held:
    """With what went wrong in flight, if anything did."""
    made = replace(held.assessment, mishap=None, mishap_ns=None, pieces=1)
    apart = mishap.mishap_of(track.id, breaks, seen)
    if lost_ns is not None:
        made = replace(made, mishap=Mishap.VANISHED, mishap_ns=lost_ns)
    elif apart is not None:
        made = replace(made, mishap=apart[0], mishap_ns=apart[1], pieces=apart[2])
    return held if made == held.assessment else replace(held, assessment=made)


def _moved(held: Held, found: Prediction, now: Instant) -> bool:
    """Did the impact leave what areas and arc were computed for?"""
    if not held.areas_at or now - held.areas_ns >= AREAS_EVERY_NS:
        return True
    lat, lon, ee, en, nn = held.areas_at
    off = np.array([(found.impact.lon_deg - lon + 180.0) % 360.0 - 180.0, found.impact.lat_deg - lat])
    off *= (
        np.radians(1.0) * 6.371e6 * np.array([np.cos(np.radians(lat)), 1.0])
    )  # metres, near enough for a threshold
    drawn = np.array([[ee, en], [en, nn]])
    area = np.linalg.det(found.covariance_en) / max(float(np.linalg.det(drawn)), 1e-300)
    return bool(mahalanobis2(off, drawn + np.eye(2)) > MOVED_SIGMAS2 or not SHRUNK**2 < area < SHRUNK**-2)


def _drawn(held: Held, found: Prediction, now: Instant) -> Held:
    """Areas and arc for this impact."""
    track = path(found)
    p7 = np.zeros((7, 7)) if held.state is None else matrix_of(held.state)
    rows = risks(found, track, p7, _areas(), held.assessment.risks)
    c = found.covariance_en
    at = (found.impact.lat_deg, found.impact.lon_deg, float(c[0, 0]), float(c[0, 1]), float(c[1, 1]))
    made = replace(held.assessment, risks=rows, arc=arc(found, track))
    return replace(held, assessment=made, areas_ns=now, areas_at=at)


def _areas() -> tuple[Area, ...]:
    return all_areas()

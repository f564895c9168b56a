"""Whom an object threatens in this nation, with memory, so that texts do not flicker.

In here: assessments -> exposures. Not in here: messages (decide.py). An area is entered at the nation's
threshold and left only when the probability has stayed below half of it; an area whose time has come stays
until its time is over, because a prediction that ends is not an observation. A lost object keeps what was
last predicted for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.event import AreaRisk, Assessment, Motion
from tocsin.model.time import SECOND_NS, Instant, after, seconds_between
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase
from tocsin.model.warning import Certainty, ThreatKind, Thresholds

LEAVE_RATIO: Final = 0.5
"""An area leaves below this share of its threshold: wider than earth.places' steps (1/400; 0.05)."""
LEAVE_HOLD_S: Final = 30.0
"""... and after this long below it: three revisits of a slow (10 s) rotating radar."""
SETTLE_S: Final = 10.0
"""A change between tracked and coasting is said after this long: one revisit of such a radar."""
UNSEEN_S: Final = 60.0
"""A coasting track that nothing has seen for this long is as good as lost to the public: six revisits of such
a radar. It may be found again, and is then told as found.
"""
CLEAR_S: Final = 120.0
"""After the last second of a prediction, before the all-clear: debris falls from 20 km in about this time."""
CLEAR_LOST_S: Final = 300.0
"""The same when nobody watched: the object may have been slower than predicted."""
TOGETHER_S: Final = 300.0
"""Areas whose times end within this are cleared by one message: fewer messages, read with more care."""
SIGMAS: Final = 3.0
"""The predicted time of impact is over this many standard deviations later."""


AFLOAT: Final = "sea:"
"""Keys of threats to sea areas begin so: one object may threaten people on land and ships, each in messages
of their own.
"""


class Exposure(Struct, frozen=True):
    """What is expected in one area, from when to when; `below_ns`: below its threshold since then."""

    area: str
    threat: ThreatKind
    expected_ns: Instant
    until_ns: Instant
    below_ns: Instant | None = None


class Threat(Struct, frozen=True):
    """One object that threatens areas of this nation, on land or at sea. `key` is its track's first name,
    kept for life, after AFLOAT at sea.
    """

    key: str
    track_id: str
    members: tuple[Member, ...]
    life: Life
    certainty: Certainty
    exposures: tuple[Exposure, ...]
    launched_ns: Instant | None = None
    unsettled_ns: Instant | None = None
    """Since when the track's state has asked for another certainty."""
    region: bool = False
    """It is seen to manoeuvre: what is threatened is all that it can reach."""


Threats = dict[str, Threat]
Ours = Callable[[str], bool]


def observe(
    threats: Mapping[str, Threat],
    assessments: Sequence[Assessment],
    tracks: Sequence[FusedTrack],
    ours: Ours,
    thresholds: Thresholds,
    now: Instant,
    prefix: str = "",
    first: Sequence[str] = (),
) -> Threats:
    """The threats after one step: old ones carried on, new ones that crossed a threshold, ended ones gone.

    `ours` says of an area whether this desk may alert it. `prefix`: of the keys of new ones. `first`: keys
    that stay, in this order, where two threats turn out to be one object.
    """
    present = {track.id: track for track in tracks if track.life is not Life.MERGED}
    meanings = {row.track_id: row for row in assessments}
    found: Threats = {}
    carried: set[str] = set()
    rank = {key: n for n, key in enumerate(first)}
    for key in sorted(threats, key=lambda key: (rank.get(key, len(rank)), key)):
        named = _follow(threats[key], present, carried)
        if named is None:
            continue
        carried.add(named.track_id)
        lived = _carry(
            named, present.get(named.track_id), meanings.get(named.track_id), ours, thresholds, now
        )
        if lived.exposures:
            found[key] = lived
    for track in tracks:
        meaning = meanings.get(track.id)
        if track.id not in carried and meaning is not None and threatening(track, meaning):
            exposures = _crossed(meaning, ours, thresholds, now)
            if exposures:
                key = f"{prefix}{track.id}"
                key = key if key not in found else f"{key}@{now}"
                found[key] = _new(key, track, meaning, exposures, now)
    return found


def threatening(track: FusedTrack, meaning: Assessment) -> bool:
    """True when a draft may stand on it: confirmed, ballistic, and either burnt out with an impact prediction
    or manoeuvring with a footprint.
    """
    alive = track.life in (Life.CONFIRMED, Life.COASTING)
    known = track.phase is Phase.COAST and meaning.impact is not None
    return alive and track.kind is ObjectClass.BALLISTIC and (known or _manoeuvres(meaning))


def _manoeuvres(meaning: Assessment | None) -> bool:
    return meaning is not None and meaning.motion is Motion.MANOEUVRING and meaning.footprint is not None


def _new(
    key: str, track: FusedTrack, meaning: Assessment, exposures: tuple[Exposure, ...], now: Instant
) -> Threat:
    return Threat(
        key=key,
        track_id=track.id,
        members=track.members,
        life=track.life,
        certainty=_asked(track, meaning, now),
        exposures=exposures,
        launched_ns=meaning.launch.time_ns if meaning.launch else None,
        region=_reaches(track, meaning, now),
    )


def _reaches(track: FusedTrack, meaning: Assessment | None, now: Instant) -> bool:
    """Is it seen, and seen to manoeuvre? Out of sight for long it is lost like any other."""
    return _manoeuvres(meaning) and _asked(track, None, now) is not Certainty.POSSIBLE


def _asked(track: FusedTrack, meaning: Assessment | None, now: Instant) -> Certainty:
    """The certainty that a track's life, age and motion allow."""
    if _manoeuvres(meaning):
        return Certainty.POSSIBLE
    if track.life is Life.CONFIRMED:
        return Certainty.OBSERVED
    fresh = track.life is Life.COASTING and seconds_between(track.last_ns, now) < UNSEEN_S
    return Certainty.LIKELY if fresh else Certainty.POSSIBLE


def _follow(threat: Threat, present: Mapping[str, FusedTrack], carried: set[str]) -> Threat | None:
    """The threat under its track's present name; None when another threat already stands for the same
    object.
    """
    if threat.track_id in present or not present:
        return threat if threat.track_id not in carried else None
    heirs = sorted(t.id for t in present.values() if set(t.members) & set(threat.members))
    if not heirs:
        return threat
    return None if heirs[0] in carried else replace(threat, track_id=heirs[0])


def _carry(
    threat: Threat,
    track: FusedTrack | None,
    meaning: Assessment | None,
    ours: Ours,
    thresholds: Thresholds,
    now: Instant,
) -> Threat:
    if track is None or track.life is Life.LOST or (meaning is not None and meaning.mishap is not None):
        threat = _lose(threat)
    elif track.life is not Life.IMPACTED:
        asked = _asked(track, meaning, now)
        settling = (
            threat.region and asked is not Certainty.POSSIBLE
        )  # back in free flight: not lost meanwhile
        reaches = settling or _reaches(track, meaning, now)
        threat = replace(threat, members=track.members, life=track.life, region=reaches)
        threat = _settle(threat, asked, now)
        if track.kind is ObjectClass.AIR:
            threat = replace(threat, exposures=_without_risk(threat.exposures, now))
        elif meaning is not None and threatening(track, meaning):
            threat = _refresh(threat, meaning, ours, thresholds, now)
    elif threat.life is not Life.LOST:
        threat = replace(threat, life=Life.IMPACTED)
    return replace(threat, exposures=_not_yet_clear(threat, now))


def _not_yet_clear(threat: Threat, now: Instant) -> tuple[Exposure, ...]:
    """An area is clear some time after its last second, and waits for areas that end soon after it."""
    watched = threat.life is not Life.LOST and threat.certainty is Certainty.OBSERVED
    over_s = CLEAR_S if watched else CLEAR_LOST_S
    unclear = [e.until_ns for e in threat.exposures if now < after(e.until_ns, over_s)]
    return tuple(
        e
        for e in threat.exposures
        if any(0.0 <= seconds_between(e.until_ns, last_ns) < TOGETHER_S for last_ns in unclear)
    )


def _lose(threat: Threat) -> Threat:
    """Nobody sees it: Possible from this step on. After impact was declared nothing is left to lose."""
    if threat.life is Life.IMPACTED:
        return threat
    return replace(threat, life=Life.LOST, certainty=Certainty.POSSIBLE, unsettled_ns=None, region=False)


def _settle(threat: Threat, asked: Certainty, now: Instant) -> Threat:
    """Tracked or coasting, once it has lasted; unseen for too long, at once. When every area's time is over
    only the all-clear is news.
    """
    if asked is threat.certainty or all(now > e.until_ns for e in threat.exposures):
        return replace(threat, unsettled_ns=None)
    if asked is Certainty.POSSIBLE:
        return replace(threat, certainty=asked, unsettled_ns=None)
    since = now if threat.unsettled_ns is None else threat.unsettled_ns
    if now >= after(since, SETTLE_S):
        return replace(threat, certainty=asked, unsettled_ns=None)
    return replace(threat, unsettled_ns=since)


def _refresh(threat: Threat, meaning: Assessment, ours: Ours, thresholds: Thresholds, now: Instant) -> Threat:
    """Areas that crossed the threshold join, areas still above half of it stay, the others count down."""
    old = {e.area: e for e in threat.exposures}
    entered = {e.area: e for e in _crossed(meaning, ours, thresholds, now)}
    near = {e.area: e for e in _crossed(meaning, ours, _lowered(thresholds), now)}
    kept: dict[str, Exposure] = {}
    for area, was in old.items():
        if now >= was.expected_ns:
            kept[area] = _in_its_time(was, entered.get(area))
        elif area in near:
            kept[area] = _stays(was, near[area], entered.get(area))
        elif (left := _leaving(was, now)) is not None:
            kept[area] = left
    launched = meaning.launch.time_ns if meaning.launch else threat.launched_ns
    return replace(threat, exposures=_ordered(entered | kept), launched_ns=launched)


def _stays(was: Exposure, near: Exposure, entered: Exposure | None) -> Exposure:
    """The area is still above half its threshold; what is expected there has the same hysteresis."""
    if was.threat is ThreatKind.IMPACT or near.threat is ThreatKind.OVERFLIGHT:
        return near
    return entered or replace(was, below_ns=None)


def _without_risk(exposures: Sequence[Exposure], now: Instant) -> tuple[Exposure, ...]:
    """An object found to be air traffic threatens nobody: its areas leave with the same hold."""
    return tuple(left for e in exposures if (left := _leaving(e, now)) is not None)


def _in_its_time(was: Exposure, again: Exposure | None) -> Exposure:
    """Once an area's time has come its start is fixed; it may still become worse or last longer."""
    if again is None:
        return was
    worse = again.threat if again.threat is ThreatKind.IMPACT else was.threat
    return replace(was, threat=worse, until_ns=max(was.until_ns, again.until_ns), below_ns=None)


def _leaving(was: Exposure, now: Instant) -> Exposure | None:
    since = now if was.below_ns is None else was.below_ns
    return None if now >= after(since, LEAVE_HOLD_S) else replace(was, below_ns=since)


def _lowered(thresholds: Thresholds) -> Thresholds:
    return Thresholds(
        impact_probability=LEAVE_RATIO * thresholds.impact_probability,
        overflight_probability=LEAVE_RATIO * thresholds.overflight_probability,
    )


def _crossed(meaning: Assessment, ours: Ours, thresholds: Thresholds, now: Instant) -> tuple[Exposure, ...]:
    """What is above the thresholds in this nation's areas; nobody is warned of what is over."""
    risks = [risk for risk in meaning.risks if ours(risk.area)]
    crossing = _crossing(risks, meaning, now)
    rows = (_exposure(risk, meaning, thresholds, crossing) for risk in risks)
    return _ordered({row.area: row for row in rows if row is not None and now < row.until_ns})


def _crossing(risks: Sequence[AreaRisk], meaning: Assessment, now: Instant) -> tuple[Instant, Instant]:
    """When the nation is crossed, for areas beside the likeliest track that have no times of their own.

    Without any time it begins now and lasts until impact: the safe side.
    """
    enters = [risk.enter_ns for risk in risks if risk.enter_ns is not None]
    leaves = [risk.leave_ns for risk in risks if risk.leave_ns is not None]
    impact_ns = meaning.impact.time_ns if meaning.impact else now
    return min(enters, default=now), max(leaves, default=impact_ns)


def _exposure(
    risk: AreaRisk, meaning: Assessment, limits: Thresholds, crossing: tuple[Instant, Instant]
) -> Exposure | None:
    """Impact outranks overflight."""
    impact = meaning.impact
    if impact is None:
        return _reached(risk, meaning, limits)
    if risk.impact_probability >= limits.impact_probability:
        over = after(impact.time_ns, SIGMAS * impact.time_sigma_s)
        expected = min(impact.time_ns, risk.enter_ns or impact.time_ns)
        return Exposure(risk.area, ThreatKind.IMPACT, _whole(expected), max(over, expected))
    if risk.overflight_probability >= limits.overflight_probability:
        enter = risk.enter_ns if risk.enter_ns is not None else crossing[0]
        leave = risk.leave_ns if risk.leave_ns is not None else crossing[1]
        return Exposure(risk.area, ThreatKind.OVERFLIGHT, _whole(enter), max(leave, enter))
    return None


def _reached(risk: AreaRisk, meaning: Assessment, limits: Thresholds) -> Exposure | None:
    """An area that a footprint meets: on land whatever its share, at sea from the threshold on."""
    region = meaning.footprint
    met = risk.impact_probability >= limits.impact_probability
    if region is None or not (met or risk.overflight_probability >= limits.overflight_probability):
        return None
    return Exposure(risk.area, ThreatKind.IMPACT, _whole(region.earliest_ns), region.latest_ns)


def _whole(instant: Instant) -> Instant:
    """Cut to the second: what a message can carry."""
    return Instant(instant // SECOND_NS * SECOND_NS)


def _ordered(exposures: Mapping[str, Exposure]) -> tuple[Exposure, ...]:
    return tuple(exposures[area] for area in sorted(exposures))

"""What was withheld from an ally while people of that ally are in danger becomes a question to an officer.

Silence to an ally can also cost lives: a product that the door withheld about an object that, by our own
assessment, threatens an area of that partner's nation stands as a question until the danger is over. The
thresholds are those at which this nation warns its own people (`warn` in node.toml). Pure; the hall's fold
runs it. In here: when a question arises, changes and ends. Not in here: an answer (no act for it exists yet).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.event import AreaRisk, Assessment
from tocsin.model.label import Nation
from tocsin.model.picture import ReleaseQuestion
from tocsin.model.product import Decision
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, Track
from tocsin.model.warning import Thresholds, at_sea
from tocsin.warn.authority import nation_of
from tocsin.warn.threat import SIGMAS

MOST_QUIET = 4_096
"""Withheld (track, partner, rule) that are watched: hundreds of objects, both partners, several rules."""

LEAST = 1e-9
"""Stands for a threshold of zero."""

MOST_OPEN = 512
"""Open questions: more than officers can read; the earliest deadlines stay."""


class Quiet(Struct, frozen=True):
    """The last offer about a track that a rule withheld from a partner."""

    partner: Nation
    track_id: str
    rule: str
    offer: int


class Asking(Struct, frozen=True):
    """What is watched, and the questions that stand; both by `PARTNER/track/rule`."""

    quiet: dict[str, Quiet] = {}
    open: dict[str, ReleaseQuestion] = {}


class Watch(Protocol):
    """Whose hall this is and from which probabilities on an area is in danger (`hall_words.Configured`)."""

    @property
    def nation(self) -> Nation:
        """This nation."""

    @property
    def thresholds(self) -> Thresholds:
        """Those of its own warnings."""


class _Danger(NamedTuple):
    area: str
    deadline_ns: Instant
    until_ns: Instant


def step(
    asking: Asking,
    watch: Watch,
    decisions: Sequence[Decision],
    own: Sequence[Track],
    fused: Sequence[FusedTrack],
    assessments: Sequence[Assessment],
    now: Instant,
) -> tuple[Asking, tuple[ReleaseQuestion, ...]]:
    """The questions after one step, and those that arose in it."""
    quiet = _quiet(asking.quiet, decisions, own)
    standing = {key: row for key, row in asking.open.items() if now <= row.until_ns}
    asked: list[ReleaseQuestion] = []
    if quiet:
        meanings = _by_own_track(watch.nation, fused, assessments)
        for key in sorted(quiet):
            row = quiet[key]
            danger = _danger(meanings.get(row.track_id), row.partner, watch.thresholds)
            if danger is None or danger.until_ns < now:
                continue
            before = standing.get(key)
            standing[key] = _question(row, danger, now if before is None else before.asked_ns)
            if before is None:
                asked.append(standing[key])
    if len(standing) > MOST_OPEN:
        first = sorted(standing, key=lambda key: (standing[key].deadline_ns, key))[:MOST_OPEN]
        standing = {key: standing[key] for key in sorted(first)}
    if quiet == asking.quiet and standing == asking.open:
        return asking, ()
    return replace(asking, quiet=quiet, open=standing), tuple(asked)


def _quiet(
    known: Mapping[str, Quiet], decisions: Sequence[Decision], own: Sequence[Track]
) -> dict[str, Quiet]:
    """Withheld decisions join; tracks that are no more leave."""
    rows = dict(known)
    for decision in decisions:
        if not decision.released and decision.track_id is not None:
            row = Quiet(decision.partner, decision.track_id, decision.rule, decision.offer)
            rows[f"{row.partner}/{row.track_id}/{row.rule}"] = row
    alive = {track.id for track in own}
    kept = {key: row for key, row in rows.items() if row.track_id in alive}
    newest = sorted(kept, key=lambda key: (-kept[key].offer, key))[:MOST_QUIET]
    return {key: kept[key] for key in sorted(newest)}


def _by_own_track(
    nation: Nation, fused: Sequence[FusedTrack], assessments: Sequence[Assessment]
) -> dict[str, Assessment]:
    """The assessment of the object that an own track is part of."""
    meanings = {row.track_id: row for row in assessments}
    return {
        member.track_id: meanings[track.id]
        for track in fused
        if track.id in meanings
        for member in track.members
        if member.nation is nation
    }


def _danger(meaning: Assessment | None, partner: Nation, thresholds: Thresholds) -> _Danger | None:
    """The partner's area most in danger, the first moment of danger in any of them, and the last."""
    if meaning is None or meaning.impact is None:
        return None
    risks = [
        risk
        for risk in meaning.risks
        if nation_of(risk.area) is partner and not at_sea(risk.area) and _over(risk, thresholds) >= 1
    ]
    if not risks:
        return None
    impact = meaning.impact
    worst = max(risks, key=lambda risk: (_over(risk, thresholds), risk.area))
    deadline_ns = min(impact.time_ns if risk.enter_ns is None else risk.enter_ns for risk in risks)
    ends = [impact.time_ns if risk.leave_ns is None else risk.leave_ns for risk in risks]
    if any(risk.impact_probability >= thresholds.impact_probability for risk in risks):
        ends.append(after(impact.time_ns, SIGMAS * impact.time_sigma_s))
    return _Danger(worst.area, deadline_ns, max(ends))


def _over(risk: AreaRisk, thresholds: Thresholds) -> float:
    """How many times over a threshold; 1 = at it. A threshold of nothing is passed by anything."""
    return max(
        risk.impact_probability / max(thresholds.impact_probability, LEAST),
        risk.overflight_probability / max(thresholds.overflight_probability, LEAST),
    )


def _question(row: Quiet, danger: _Danger, asked_ns: Instant) -> ReleaseQuestion:
    return ReleaseQuestion(
        partner=row.partner,
        offer=row.offer,
        track_id=row.track_id,
        rule=row.rule,
        area=danger.area,
        asked_ns=asked_ns,
        deadline_ns=danger.deadline_ns,
        until_ns=danger.until_ns,
    )

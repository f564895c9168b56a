"""From assessed objects to messages: drafted by rule, released by two officers, updated, lifted, ended.

`step` is a pure fold; what may become of a message is the one table of table.py. In here: when a message is
drafted, changed and ended. Not in here: whom an object threatens (threat.py), what a message says
(message.py, texts.py), officers' acts (acts.py, approve.py), what comes when nobody acts (limits.py), how it
leaves the house (tocsin.outlet).
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from tocsin.model.event import Assessment
from tocsin.model.time import Instant, after, seconds_between, to_datetime
from tocsin.model.track import FusedTrack
from tocsin.model.warning import (
    Draft,
    ForeignAlert,
    MsgType,
    OfficerAct,
    Purpose,
    Right,
    WarnedArea,
    Warning,
    WarnStatus,
    afloat,
    at_sea,
)
from tocsin.warn.acts import judge
from tocsin.warn.approve import digest_of
from tocsin.warn.authority import may
from tocsin.warn.conflicts import compare
from tocsin.warn.desk import Desk
from tocsin.warn.limits import count_down
from tocsin.warn.merged import foremost, twice_told, why_gone
from tocsin.warn.message import Change, Frame, change, lifting, wanted, weakened, weaker, worse
from tocsin.warn.state import (
    Called,
    Conflicting,
    Drafted,
    Ended,
    Prepared,
    Refused,
    Released,
    Story,
    WarnEffect,
    WarnState,
    new_warn,
)
from tocsin.warn.table import NEXT, OVER, Event
from tocsin.warn.threat import AFLOAT, Threats, observe

__all__ = [
    "NEXT", "Called", "Conflicting", "Drafted", "Ended", "Event", "Prepared", "Refused", "Released",
    "WarnEffect", "WarnState", "lead_s", "new_warn", "step",
]  # fmt: skip

REVISE_S: Final = 20.0
"""A text rests this long between changes: two officers need ten seconds, so a changing picture cannot
starve them.
"""
REFINE_S: Final = 60.0
"""A first alert speaks of whole blocks for this long: a prediction of a flight seen for a minute has settled
(docs/evaluation.md), and a second message within it would be read as a second launch.
"""
MAX_MINOR: Final = 12
"""Minor changes of one warning. New areas, loss of track and lifting are not counted: they are few by
nature.
"""
KEEP_DRAFTS: Final = 512
"""Drafts in the state; the oldest that are over go first (all of them stay in the record)."""


def step(
    state: WarnState,
    assessments: Sequence[Assessment],
    tracks: Sequence[FusedTrack],
    acts: Sequence[OfficerAct],
    now: Instant,
    heard: Sequence[ForeignAlert] = (),
) -> tuple[WarnState, tuple[WarnEffect, ...]]:
    """One step of the fold. Drafts follow the picture first, then come the acts, each over the text it was
    made for; then the clock.
    """
    desk = Desk.open(state, _threats(state, assessments, tracks, now), now)
    joined = _gather(desk)
    for name in sorted(desk.stories):
        _speak(desk, desk.stories[name], name in joined)
    for act in acts:
        judge(desk, act)
    count_down(desk)
    _expire(desk)
    for name in sorted(desk.stories):
        _prepare(desk, desk.stories[name])
    _tidy(desk)
    after_state, conflicting = compare(desk.close(), heard, now)
    return after_state, (*desk.effects, *conflicting)


def _threats(
    state: WarnState, assessments: Sequence[Assessment], tracks: Sequence[FusedTrack], now: Instant
) -> Threats:
    """Threats to people on land, and those to ships and aircraft at sea, by thresholds of their own."""
    ours = partial(may, state.rules, state.nation, right=Right.ALERT)
    land = {key: threat for key, threat in state.threats.items() if not key.startswith(AFLOAT)}
    sea = {key: threat for key, threat in state.threats.items() if key.startswith(AFLOAT)}
    limits, first = afloat(state.thresholds), foremost(state)
    found = {
        **observe(
            land,
            assessments,
            tracks,
            lambda a: not at_sea(a) and ours(a),
            state.thresholds,
            now,
            first=first,
        ),
        **observe(sea, assessments, tracks, lambda a: at_sea(a) and ours(a), limits, now, AFLOAT, first),
    }
    return {**found, **twice_told(state, found)}


def lead_s(draft: Draft) -> dict[str, float]:
    """Area -> seconds from release to what is expected there; negative = a miss. Empty if unreleased or a
    Cancel.
    """
    if draft.released_ns is None or draft.warning.msg_type is MsgType.CANCEL:
        return {}
    return {row.area: seconds_between(draft.released_ns, row.expected_ns) for row in draft.warning.areas}


def _gather(desk: Desk) -> set[str]:
    """Give every new threat a story: that of an alert nobody has proposed yet, else a new one. Returns who
    was joined.
    """
    told = {key for story in desk.stories.values() for key in story.keys}
    new = [key for key in desk.threats if key not in told]
    land = tuple(key for key in new if not key.startswith(AFLOAT))
    sea = tuple(key for key in new if key.startswith(AFLOAT))
    return {name for keys in (land, sea) if keys for name in _give(desk, keys)}


def _give(desk: Desk, new: tuple[str, ...]) -> set[str]:
    """New threats of one kind, land or sea, to an alert of that kind or to a story of their own."""
    for story in desk.stories.values():
        draft = desk.drafts.get(story.open or "")
        alike = story.keys[0].startswith(AFLOAT) is new[0].startswith(AFLOAT)
        unsaid = draft and draft.status is WarnStatus.DRAFTED and draft.warning.msg_type is MsgType.ALERT
        if alike and unsaid:
            desk.stories[story.id] = replace(story, keys=story.keys + new)
            return {story.id}
    desk.numbered += 1
    stamp = to_datetime(desk.now).strftime("%Y%m%dT%H%M%SZ")
    name = f"{desk.before.nation}-{desk.before.plane}-{stamp}-{desk.numbered}"
    desk.stories[name] = Story(id=name, keys=new, changed_ns=desk.now)
    return set()


def _speak(desk: Desk, story: Story, joined: bool) -> None:
    """Draft, change or end this story's open message as its threats ask."""
    threats = [desk.threats[key] for key in story.keys if key in desk.threats]
    draft = desk.drafts.get(story.open or "")
    if story.lifted:
        _stay_silent(desk, story, bool(threats))
        return
    if not threats and not story.released:
        desk.end(draft, Event.GONE, why_gone(desk.before.threats, desk.threats, story))
        del desk.stories[story.id]
        return
    if not threats and _threatened(desk, story.warned):
        if draft is not None and draft.warning.msg_type is MsgType.CANCEL:
            desk.end(draft, Event.GONE, "an area of it is threatened again")
            desk.stories[story.id] = replace(story, open=None)
        return
    want = _wanted(desk, story)
    if not want.areas:
        return
    if threats:
        story = desk.stories[story.id] = replace(story, latest=want)
    if _weaken(desk, story, want):
        story, draft, joined = desk.stories[story.id], None, joined or draft is not None
        want = _wanted(desk, story)
    _follow(desk, story, draft, want, joined)


def _follow(desk: Desk, story: Story, draft: Draft | None, want: Warning, joined: bool) -> None:
    """Bring the open message to the wanted text, or open one, or close what says nothing new any more."""
    shown = draft.warning if draft else story.shown
    how = Change.AT_ONCE if shown is None else change(shown, want, in_force=draft is None)
    if joined and how in (Change.MINOR, Change.WORSE):
        how = Change.AT_ONCE
    settled = story.shown is not None and story.released and change(story.shown, want) is Change.NONE
    if draft and settled and (how is Change.AT_ONCE or draft.status is WarnStatus.DRAFTED):
        desk.end(draft, Event.GONE, "people know it already")
        desk.stories[story.id] = replace(story, open=None, changed_ns=desk.now)
    elif _may(story, draft, how, desk.now):
        _write(desk, story, draft, want, how)


def _wanted(desk: Desk, story: Story) -> Warning:
    """What this story should say now. Whole blocks until the first message has stood for REFINE_S."""
    state = desk.before
    threats = [desk.threats[key] for key in story.keys if key in desk.threats]
    coarse = not story.released or desk.now < after(story.released[0][1], REFINE_S)
    blocks = state.rules.blocks if coarse else ()
    frame = Frame(state.nation, state.plane, story.id, story.released, blocks, story.taken_out)
    was = story.latest
    if was is not None and story.in_force is not None:
        was = replace(was, objects=story.in_force.objects)  # an end speaks of all that were told
    return wanted(frame, threats, story.warned, was, desk.now)


def _weaken(desk: Desk, story: Story, want: Warning) -> bool:
    """What is in force claims more certainty than the track allows: say so at once, by the nation's policy.

    The same areas, times and numbers; only the doubt is new. So it needs no officer (docs/adr/0018).
    """
    shown = story.in_force
    if shown is None or not desk.before.rules.downgrades_itself or not weaker(want, shown):
        return False
    message = weakened(shown, want, story.released, desk.now)
    opened = story.opened + 1
    desk.stories[story.id] = replace(story, opened=opened)
    tracks = tuple(desk.threats[key].track_id for key in story.keys if key in desk.threats)
    made = Draft(
        id=f"{story.id}-d{opened}",
        warning=message,
        digest=digest_of(message),
        status=NEXT[None, Event.THREAT],
        drafted_ns=desk.now,
        tracks=tracks,
    )
    desk.release(made, Event.POLICY, by_policy="downgrade")
    return True


def _stay_silent(desk: Desk, story: Story, threatens: bool) -> None:
    """Lifted or withdrawn: the story is kept while its objects threaten, so that the rule does not draft at
    once what officers have just taken back. Anything worse than what they took back starts a new story.
    """
    if not threatens or (story.latest is not None and worse(story.latest, _wanted(desk, story))):
        del desk.stories[story.id]
        if threatens:
            _gather(desk)


def _threatened(desk: Desk, areas: Sequence[WarnedArea]) -> bool:
    """True while another object threatens one of these areas: nobody is told to leave shelter then."""
    exposed = {e.area for threat in desk.threats.values() for e in threat.exposures}
    return any(row.area in exposed for row in areas)


def _may(story: Story, draft: Draft | None, how: Change, now: Instant) -> bool:
    """The pace: at once, after a rest, or after a rest and only where no proposal is lost by it."""
    rested = now >= after(story.changed_ns, REVISE_S)
    free = draft is None or draft.status is WarnStatus.DRAFTED
    if how is Change.MINOR:
        return rested and free and story.minor < MAX_MINOR
    return how is Change.AT_ONCE or (how is Change.WORSE and rested)


def _write(desk: Desk, story: Story, draft: Draft | None, want: Warning, how: Change) -> None:
    """Put the wanted text into the open draft, or open one. Approvals of the old text are void."""
    opened = story.opened + (draft is None)
    made = Draft(
        id=draft.id if draft else f"{story.id}-d{opened}",
        warning=want,
        digest=digest_of(want),
        status=NEXT[draft.status, Event.CHANGE] if draft else NEXT[None, Event.THREAT],
        drafted_ns=draft.drafted_ns if draft else desk.now,
        tracks=tuple(desk.threats[key].track_id for key in story.keys if key in desk.threats),
        acted_ns=draft.acted_ns if draft else None,
        called=draft.called if draft else (),
        restored=draft.restored if draft else False,
    )
    desk.drafts[made.id] = made
    minor = story.minor + (how is Change.MINOR)
    desk.stories[story.id] = replace(story, open=made.id, opened=opened, minor=minor, changed_ns=desk.now)
    desk.effects.append(Drafted(made))


def _prepare(desk: Desk, story: Story) -> None:
    """Beside every message in force lie its withdrawal and its lifting, ready for two acts."""
    shown = story.in_force
    if shown is None:
        return
    ready = {
        desk.drafts[name].warning.purpose: name
        for name in story.prepared
        if name in desk.drafts and desk.drafts[name].status not in OVER
    }
    story = desk.stories[story.id] = replace(story, prepared=tuple(ready.values()))
    for purpose in (Purpose.WITHDRAW, Purpose.LIFT):
        if purpose not in ready:
            story = desk.prepare(story, lifting(shown, story.released, purpose, desk.now))


def _expire(desk: Desk) -> None:
    """Messages whose time is over end; a threat that outlived its message gets a new story in the next
    step.
    """
    for draft in tuple(desk.drafts.values()):
        if draft.warning.expires_ns <= desk.now and draft.status not in OVER:
            desk.end(draft, Event.EXPIRE, "expired")
    for story in tuple(desk.stories.values()):
        pending = desk.drafts.get(story.open or "")
        if pending is not None and pending.status in OVER:
            pending = None
            desk.stories[story.id] = replace(story, open=None)
        if pending is None and story.shown is not None and story.shown.expires_ns <= desk.now:
            del desk.stories[story.id]


def _tidy(desk: Desk) -> None:
    """Forget what is over: stories without a threat left that were lifted, what lay ready for nothing, spent
    proposals, the oldest drafts beyond the bound.
    """
    desk.stories = {
        name: story
        for name, story in desk.stories.items()
        if not story.lifted or any(key in desk.threats for key in story.keys)
    }
    ready = {name for story in desk.stories.values() for name in story.prepared}
    for name, draft in tuple(desk.drafts.items()):
        if draft.status is WarnStatus.PREPARED and name not in ready:
            del desk.drafts[name]
    proposed = {d.id for d in desk.drafts.values() if d.status is WarnStatus.PROPOSED}
    desk.proposals = {name: act for name, act in desk.proposals.items() if name in proposed}
    excess = len(desk.drafts) - KEEP_DRAFTS
    if excess > 0:
        over = [name for name, draft in desk.drafts.items() if draft.status in OVER][:excess]
        for name in over:
            del desk.drafts[name]

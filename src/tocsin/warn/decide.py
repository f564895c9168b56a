"""From assessed objects to messages: drafted by rule, released by two officers, updated, cancelled, ended.

`step` is a pure fold; what may happen to a draft is the one table `NEXT`. In here: when a message is
drafted, changed, superseded, and when it ends. Not in here: whom an object threatens (threat.py), what a
message says (message.py, texts.py), who may release it (approve.py), how it leaves the house
(tocsin.outlet).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from tocsin.model.event import Assessment
from tocsin.model.time import Instant, after, seconds_between, to_datetime
from tocsin.model.track import FusedTrack
from tocsin.model.warning import ActKind, Draft, MsgType, OfficerAct, WarnedArea, Warning, WarnStatus
from tocsin.warn.approve import Refusal, digest_of, refusal
from tocsin.warn.message import Change, Frame, change, wanted
from tocsin.warn.state import Drafted, Ended, Refused, Released, Story, WarnEffect, WarnState, new_warn
from tocsin.warn.threat import Threat, observe

__all__ = [
    "NEXT", "Drafted", "Ended", "Event", "Refused", "Released", "WarnEffect", "WarnState",
    "lead_s", "new_warn", "step",
]  # fmt: skip

REVISE_S: Final = 20.0
"""A text rests this long between changes: two officers need ten seconds, so a changing picture cannot
starve them.
"""
MAX_MINOR: Final = 12
"""Minor changes of one warning. New areas, loss of track and Cancel are not counted: they are few by
nature.
"""
KEEP_DRAFTS: Final = 512
"""Drafts in the state; the oldest that are over go first (all of them stay in the record)."""


class Event(StrEnum):
    """What can happen to a draft."""

    THREAT = "threat"
    CHANGE = "change"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    GONE = "gone"
    SUPERSEDE = "supersede"
    REVOKE = "revoke"
    EXPIRE = "expire"


NEXT: Final[dict[tuple[WarnStatus | None, Event], WarnStatus]] = {
    (None, Event.THREAT): WarnStatus.DRAFTED,
    (WarnStatus.DRAFTED, Event.CHANGE): WarnStatus.DRAFTED,
    (WarnStatus.DRAFTED, Event.PROPOSE): WarnStatus.PROPOSED,
    (WarnStatus.DRAFTED, Event.REJECT): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.GONE): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.EXPIRE): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.CHANGE): WarnStatus.DRAFTED,
    (WarnStatus.PROPOSED, Event.APPROVE): WarnStatus.RELEASED,
    (WarnStatus.PROPOSED, Event.REJECT): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.GONE): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.EXPIRE): WarnStatus.ENDED,
    (WarnStatus.RELEASED, Event.SUPERSEDE): WarnStatus.ENDED,
    (WarnStatus.RELEASED, Event.REVOKE): WarnStatus.CANCELLED,
    (WarnStatus.RELEASED, Event.EXPIRE): WarnStatus.ENDED,
}
"""(status, event) -> status. What is not in it does not happen: an officer's act is refused, a rule has no
effect.
"""

_EVENT_OF: Final = {
    ActKind.PROPOSE: Event.PROPOSE,
    ActKind.APPROVE: Event.APPROVE,
    ActKind.REJECT: Event.REJECT,
}
_OVER: Final = (WarnStatus.ENDED, WarnStatus.CANCELLED)


def step(
    state: WarnState,
    assessments: Sequence[Assessment],
    tracks: Sequence[FusedTrack],
    acts: Sequence[OfficerAct],
    now: Instant,
) -> tuple[WarnState, tuple[WarnEffect, ...]]:
    """One step of the fold. Drafts follow the picture first, then come the acts, each over the text it was
    made for.
    """
    threats = observe(state.threats, assessments, tracks, state.nation, state.thresholds, now)
    desk = _Desk(
        state, now, threats, dict(state.stories), dict(state.drafts), dict(state.proposals), state.numbered
    )
    joined = _gather(desk)
    for name in sorted(desk.stories):
        _speak(desk, desk.stories[name], name in joined)
    for act in acts:
        _judge(desk, act)
    _expire(desk)
    _tidy(desk)
    after_state = WarnState(
        state.nation,
        state.plane,
        state.thresholds,
        desk.threats,
        desk.stories,
        desk.drafts,
        desk.proposals,
        desk.numbered,
    )
    return after_state, tuple(desk.effects)


def lead_s(draft: Draft) -> dict[str, float]:
    """Area -> seconds from release to what is expected there; negative = a miss. Empty if unreleased or a
    Cancel.
    """
    if draft.released_ns is None or draft.warning.msg_type is MsgType.CANCEL:
        return {}
    return {row.area: seconds_between(draft.released_ns, row.expected_ns) for row in draft.warning.areas}


@dataclass(slots=True)
class _Desk:
    """Working copies of one step."""

    before: WarnState
    now: Instant
    threats: dict[str, Threat]
    stories: dict[str, Story]
    drafts: dict[str, Draft]
    proposals: dict[str, OfficerAct]
    numbered: int
    effects: list[WarnEffect] = field(default_factory=list)


def _gather(desk: _Desk) -> set[str]:
    """Give every new threat a story: that of an alert nobody has proposed yet, else a new one. Returns who
    was joined.
    """
    told = {key for story in desk.stories.values() for key in story.keys}
    new = tuple(key for key in desk.threats if key not in told)
    if not new:
        return set()
    for story in desk.stories.values():
        draft = desk.drafts.get(story.open or "")
        if draft and draft.status is WarnStatus.DRAFTED and draft.warning.msg_type is MsgType.ALERT:
            desk.stories[story.id] = replace(story, keys=story.keys + new)
            return {story.id}
    desk.numbered += 1
    stamp = to_datetime(desk.now).strftime("%Y%m%dT%H%M%SZ")
    name = f"{desk.before.nation}-{desk.before.plane}-{stamp}-{desk.numbered}"
    desk.stories[name] = Story(id=name, keys=new, changed_ns=desk.now)
    return set()


def _speak(desk: _Desk, story: Story, joined: bool) -> None:
    """Draft, change or end this story's open message as its threats ask."""
    threats = [desk.threats[key] for key in story.keys if key in desk.threats]
    draft = desk.drafts.get(story.open or "")
    if not threats and not story.released:
        _end(desk, draft, Event.GONE)
        del desk.stories[story.id]
        return
    if not threats and _threatened(desk, story.warned):
        if draft is not None and draft.warning.msg_type is MsgType.CANCEL:
            _end(desk, draft, Event.GONE)
            desk.stories[story.id] = replace(story, open=None)
        return
    frame = Frame(desk.before.nation, desk.before.plane, story.id, story.released)
    want = wanted(frame, threats, story.warned, story.latest, desk.now)
    if threats:
        story = desk.stories[story.id] = replace(story, latest=want)
    shown = draft.warning if draft else story.shown
    how = Change.AT_ONCE if shown is None else change(shown, want)
    if joined and how in (Change.MINOR, Change.WORSE):
        how = Change.AT_ONCE
    settled = story.shown is not None and story.released and change(story.shown, want) is Change.NONE
    if draft and settled and (how is Change.AT_ONCE or draft.status is WarnStatus.DRAFTED):
        _end(desk, draft, Event.GONE)
        desk.stories[story.id] = replace(story, open=None, changed_ns=desk.now)
    elif _may(story, draft, how, desk.now):
        _write(desk, story, draft, want, how)


def _threatened(desk: _Desk, areas: Sequence[WarnedArea]) -> bool:
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


def _write(desk: _Desk, story: Story, draft: Draft | None, want: Warning, how: Change) -> None:
    """Put the wanted text into the open draft, or open one. Approvals of the old text are void."""
    opened = story.opened + (draft is None)
    made = Draft(
        id=draft.id if draft else f"{story.id}-d{opened}",
        warning=want,
        digest=digest_of(want),
        status=NEXT[draft.status, Event.CHANGE] if draft else NEXT[None, Event.THREAT],
        drafted_ns=draft.drafted_ns if draft else desk.now,
        tracks=tuple(desk.threats[key].track_id for key in story.keys if key in desk.threats),
    )
    desk.drafts[made.id] = made
    minor = story.minor + (how is Change.MINOR)
    desk.stories[story.id] = replace(story, open=made.id, opened=opened, minor=minor, changed_ns=desk.now)
    desk.effects.append(Drafted(made))


def _judge(desk: _Desk, act: OfficerAct) -> None:
    """An officer's act: refused with a reason, or done."""
    draft = desk.drafts.get(act.draft_id)
    if draft is None:
        desk.effects.append(Refused(act, Refusal.UNKNOWN_DRAFT))
        return
    following = NEXT.get((draft.status, _EVENT_OF[act.kind]))
    if following is None:
        desk.effects.append(Refused(act, Refusal.NOT_OPEN))
    elif (reason := refusal(draft, desk.proposals.get(draft.id), act)) is not None:
        desk.effects.append(Refused(act, reason))
    elif act.kind is ActKind.PROPOSE:
        desk.drafts[draft.id] = replace(draft, status=following, proposed_by=act.officer)
        desk.proposals[draft.id] = act
    elif act.kind is ActKind.APPROVE:
        _release(desk, draft, act.officer)
    else:
        _end(desk, draft, Event.REJECT)
        _decide(desk, draft.warning)


def _release(desk: _Desk, draft: Draft, approver: str) -> None:
    """Out it goes; the story's earlier message is superseded or revoked."""
    message = draft.warning
    lifted = message.msg_type is MsgType.CANCEL
    for old in tuple(desk.drafts.values()):
        if old.warning.id == message.id and old.status is WarnStatus.RELEASED:
            _end(desk, old, Event.REVOKE if lifted else Event.SUPERSEDE)
    out = replace(
        draft,
        status=NEXT[draft.status, Event.APPROVE],
        approved_by=approver,
        released_ns=desk.now,
    )
    desk.drafts[out.id] = out
    desk.effects.append(Released(out))
    story = _decide(desk, message)
    if story is not None:
        released = (*story.released, (message.serial, message.sent_ns))
        areas = story.warned if lifted else message.areas
        desk.stories[story.id] = replace(story, released=released, warned=areas, cancelled=lifted)


def _decide(desk: _Desk, message: Warning) -> Story | None:
    """Officers have decided on this text: it is what the next one is compared with."""
    story = desk.stories.get(message.id)
    if story is not None:
        story = desk.stories[story.id] = replace(story, open=None, shown=message, changed_ns=desk.now)
    return story


def _end(desk: _Desk, draft: Draft | None, event: Event) -> None:
    """Bring a draft to its end, where the table lets it."""
    following = NEXT.get((draft.status, event)) if draft else None
    if draft is not None and following is not None:
        over = replace(draft, status=following)
        desk.drafts[draft.id] = over
        desk.effects.append(Ended(over))


def _expire(desk: _Desk) -> None:
    """Messages whose time is over end; a threat that outlived its message gets a new story in the next
    step.
    """
    for draft in tuple(desk.drafts.values()):
        if draft.warning.expires_ns <= desk.now and draft.status not in _OVER:
            _end(desk, draft, Event.EXPIRE)
    for story in tuple(desk.stories.values()):
        pending = desk.drafts.get(story.open or "")
        if pending is not None and pending.status in _OVER:
            pending = None
            desk.stories[story.id] = replace(story, open=None)
        if pending is None and story.shown is not None and story.shown.expires_ns <= desk.now:
            del desk.stories[story.id]


def _tidy(desk: _Desk) -> None:
    """Forget what is over: cancelled stories, spent proposals, the oldest drafts beyond the bound."""
    desk.stories = {name: story for name, story in desk.stories.items() if not story.cancelled}
    proposed = {d.id for d in desk.drafts.values() if d.status is WarnStatus.PROPOSED}
    desk.proposals = {name: act for name, act in desk.proposals.items() if name in proposed}
    excess = len(desk.drafts) - KEEP_DRAFTS
    if excess > 0:
        over = [name for name, draft in desk.drafts.items() if draft.status in _OVER][:excess]
        for name in over:
            del desk.drafts[name]

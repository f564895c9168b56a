"""Officers' acts on messages: refused with a reason, or done.

In here: what an act does. Not in here: whether these two persons may (approve.py), which message it may move
(table.py).
"""

from typing import Final

from msgspec.structs import replace

from tocsin.model.time import after
from tocsin.model.warning import ActKind, Draft, OfficerAct, WarnStatus
from tocsin.warn.approve import Refusal, digest_of, refusal
from tocsin.warn.desk import Desk
from tocsin.warn.message import EXPIRY_MARGIN_S, corrected
from tocsin.warn.state import Drafted, Refused
from tocsin.warn.table import NEXT, Event

_EVENT_OF: Final = {
    ActKind.PROPOSE: Event.PROPOSE,
    ActKind.APPROVE: Event.APPROVE,
    ActKind.REJECT: Event.REJECT,
}


def judge(desk: Desk, act: OfficerAct) -> None:
    """One act, over the text it was made for."""
    reason = _reason(desk, act)
    if reason is not None:
        desk.effects.append(Refused(act, reason))
        return
    draft = desk.drafts[act.draft_id]
    if act.kind is ActKind.CORRECT:
        _correct(desk, draft, act)
    elif act.kind is ActKind.PROPOSE:
        _propose(desk, draft, act)
    elif act.kind is ActKind.APPROVE:
        desk.release(replace(draft, approved_by=act.officer, acted_ns=desk.now), Event.APPROVE)
    else:
        _decline(desk, draft, act)


def _reason(desk: Desk, act: OfficerAct) -> Refusal | None:
    draft = desk.drafts.get(act.draft_id)
    if draft is None:
        ours = act.draft_id.startswith(f"{desk.before.nation}-{desk.before.plane}-")
        return Refusal.UNKNOWN_DRAFT if ours else Refusal.OTHER_DESK
    if not _open_for(desk, draft, act):
        return Refusal.NOT_OPEN
    why = refusal(desk.before, draft, desk.proposals.get(draft.id), act)
    if why is None and act.kind is ActKind.CORRECT and _kept(draft, act) is None:
        return Refusal.NOTHING_CORRECTED
    return why


def _open_for(desk: Desk, draft: Draft, act: OfficerAct) -> bool:
    if act.kind is not ActKind.CORRECT:
        return (draft.status, _EVENT_OF[act.kind]) in NEXT
    story = desk.stories.get(draft.warning.id)
    return draft.status is WarnStatus.RELEASED and story is not None and story.in_force == draft.warning


def _kept(draft: Draft, act: OfficerAct) -> tuple[str, ...] | None:
    """The areas that a correction leaves warned; None where it takes out none, or all, or names strange
    ones.
    """
    warned = {row.area for row in draft.warning.areas}
    named = set(act.areas)
    return tuple(sorted(named)) if named and named < warned else None


def _propose(desk: Desk, draft: Draft, act: OfficerAct) -> None:
    """The first of two. What lay ready is stamped with the time of this act: that text is approved."""
    warning = draft.warning
    if draft.status is WarnStatus.PREPARED:
        until = max(warning.expires_ns, after(desk.now, EXPIRY_MARGIN_S))
        warning = replace(warning, sent_ns=desk.now, expires_ns=until)
    digest = digest_of(warning)
    made = replace(
        draft,
        warning=warning,
        digest=digest,
        status=NEXT[draft.status, Event.PROPOSE],
        proposed_by=act.officer,
        acted_ns=desk.now,
        called=(),
    )
    desk.drafts[draft.id] = made
    desk.proposals[draft.id] = replace(act, digest=digest)
    if digest != draft.digest:
        desk.effects.append(Drafted(made))


def _correct(desk: Desk, draft: Draft, act: OfficerAct) -> None:
    """Propose the message in force with the named areas alone."""
    story = desk.stories[draft.warning.id]
    message = corrected(draft.warning, act.areas, story.released, desk.now)
    opened = story.opened + 1
    name = f"{story.id}-d{opened}"
    made = Draft(
        id=name,
        warning=message,
        digest=digest_of(message),
        status=NEXT[NEXT[None, Event.THREAT], Event.PROPOSE],
        drafted_ns=desk.now,
        tracks=draft.tracks,
        proposed_by=act.officer,
        acted_ns=desk.now,
    )
    desk.drafts[name] = made
    desk.proposals[name] = OfficerAct(act.officer, act.credential, ActKind.PROPOSE, name, made.digest)
    desk.stories[story.id] = replace(story, opened=opened, prepared=(*story.prepared, name))
    desk.effects.append(Drafted(made))


def _decline(desk: Desk, draft: Draft, act: OfficerAct) -> None:
    """One person is enough to decline: a draft, or its release by policy in the abort window."""
    desk.end(draft, Event.REJECT, f"declined by {act.officer}")
    story = desk.stories.get(draft.warning.id)
    ready = story is not None and draft.id in story.prepared
    if not ready:
        desk.decide(draft.warning)

"""What comes when nobody acts: the sounder, the second desk, the pager, then what the nation's policy states.

Every open draft counts down from its first second, and from each act anew. A message that lifts a warning
calls but never moves by itself: nobody is told to leave shelter by a clock.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from tocsin.model.time import Instant, after
from tocsin.model.warning import Call, Draft, MsgType, NoAct, Outcome
from tocsin.warn.desk import Desk
from tocsin.warn.state import Called
from tocsin.warn.table import OPEN, Event


def count_down(desk: Desk) -> None:
    """Set every open draft's deadline, make the calls that are due, and let the policy act where it is
    time.
    """
    rules = desk.before.rules.no_act
    for draft in tuple(desk.drafts.values()):
        if draft.status not in OPEN:
            continue
        draft = _timed(draft, rules)
        due = [call for call, at in _calls(draft, rules) if at <= desk.now and call not in draft.called]
        draft = desk.drafts[draft.id] = replace(draft, called=(*draft.called, *due))
        desk.effects += [Called(draft, call) for call in due]
        if draft.deadline_ns is not None and draft.deadline_ns <= desk.now:
            _outcome(desk, draft)


def _outcome(desk: Desk, draft: Draft) -> None:
    if draft.outcome is Outcome.RELEASE:
        desk.release(draft, Event.POLICY, by_policy="no-act")
        return
    desk.end(draft, Event.LAPSE, "nobody acted within the limit")
    story = desk.stories.get(draft.warning.id)
    if story is None or draft.id not in story.prepared:
        desk.decide(draft.warning)


def _since(draft: Draft) -> Instant:
    return draft.drafted_ns if draft.acted_ns is None else draft.acted_ns


def _timed(draft: Draft, rules: NoAct) -> Draft:
    if draft.warning.msg_type is MsgType.CANCEL:
        return replace(draft, deadline_ns=None, outcome=None)
    last_s = rules.limit_s + (rules.abort_s if rules.outcome is Outcome.RELEASE else 0.0)
    return replace(draft, deadline_ns=after(_since(draft), last_s), outcome=rules.outcome)


def _calls(draft: Draft, rules: NoAct) -> Iterator[tuple[Call, Instant]]:
    since = _since(draft)
    yield Call.SOUNDER, after(since, rules.sounder_s)
    yield Call.SECOND_DESK, after(since, rules.second_desk_s)
    yield Call.PAGER, after(since, rules.pager_s)
    if draft.outcome is Outcome.RELEASE:
        yield Call.ABORT_WINDOW, after(since, rules.limit_s)

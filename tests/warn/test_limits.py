"""Nobody acts, or one person alone: the calls, the countdown, and what the nation's policy states."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from warn_worlds import RULES, Room, act, at, drafted, meaning, over, released, track

from tocsin.model.warning import ActKind, Call, Draft, MsgType, NoAct, Outcome, WarnStatus
from tocsin.warn.decide import Called, Ended

AOMORI = over("JP-02", 0.9, 900.0, 950.0)
SEEN = ([track()], [meaning(AOMORI)])
PATIENCE = NoAct(sounder_s=10.0, second_desk_s=20.0, pager_s=30.0, limit_s=40.0, abort_s=15.0)


def desk(outcome: Outcome) -> tuple[Room, Draft]:
    room = Room(rules=replace(RULES, no_act=replace(PATIENCE, outcome=outcome)))
    (draft,) = drafted(room.see(160.0, *SEEN))
    return room, draft


def calls(room: Room) -> list[tuple[Call, float]]:
    """(call, seconds after the draft)."""
    found, before = [], room.now_s
    while room.now_s < before + 120.0:
        effects = room.see(room.now_s + 1.0, *SEEN)
        found += [(e.call, room.now_s - 160.0) for e in effects if isinstance(e, Called)]
    return found


@pytest.mark.parametrize("outcome", Outcome)
def test_the_countdown_stands_from_the_first_second(outcome: Outcome) -> None:
    room, draft = desk(outcome)
    shown = room.state.drafts[draft.id]
    assert (shown.outcome, shown.deadline_ns) == (outcome, at(160 + (40 if outcome is Outcome.LAPSE else 55)))


def test_with_nobody_the_calls_come_in_order_and_it_lapses() -> None:
    room, draft = desk(Outcome.LAPSE)
    assert calls(room) == [(Call.SOUNDER, 10.0), (Call.SECOND_DESK, 20.0), (Call.PAGER, 30.0)]
    over_ = room.state.drafts[draft.id]
    assert (over_.status, over_.ended_by) == (WarnStatus.ENDED, "nobody acted within the limit")
    assert not released(room.effects)


def test_with_nobody_it_releases_itself_after_the_abort_window() -> None:
    room, draft = desk(Outcome.RELEASE)
    assert calls(room)[-1] == (Call.ABORT_WINDOW, 40.0)
    (out,) = released(room.effects)
    assert (out.id, out.by_policy, out.proposed_by, out.approved_by) == (draft.id, "no-act", None, None)
    assert out.released_ns == at(160 + 55)


def test_one_officer_proposes_and_no_second_comes() -> None:
    """The count starts anew with the act; then the policy decides, and who proposed stays on record."""
    for outcome in Outcome:
        room, draft = desk(outcome)
        room.run(190.0, *SEEN)
        room.see(191.0, *SEEN, [act(draft, ActKind.PROPOSE, "sato")])
        assert room.state.drafts[draft.id].deadline_ns == at(191 + (40 if outcome is Outcome.LAPSE else 55))
        room.run(191.0 + 56.0, *SEEN)
        ended = room.state.drafts[draft.id]
        assert ended.proposed_by == "sato"
        assert ended.status is (WarnStatus.ENDED if outcome is Outcome.LAPSE else WarnStatus.RELEASED)
        assert ended.by_policy == (None if outcome is Outcome.LAPSE else "no-act")


def test_one_officer_is_enough_to_stop_it_in_the_abort_window() -> None:
    room, draft = desk(Outcome.RELEASE)
    room.run(205.0, *SEEN)
    (stopped,) = room.see(206.0, *SEEN, [act(draft, ActKind.REJECT, "kim")])
    assert isinstance(stopped, Ended)
    assert stopped.draft.ended_by == "declined by kim"
    room.run(400.0, *SEEN)
    assert not released(room.effects)


def test_two_officers_in_time_stop_the_count() -> None:
    room, draft = desk(Outcome.RELEASE)
    room.release(draft)
    assert room.state.drafts[draft.id].deadline_ns is None
    assert calls(room) == []
    assert [d.by_policy for d in released(room.effects)] == [None]


def test_a_changing_text_does_not_put_off_the_outcome() -> None:
    room, _ = desk(Outcome.RELEASE)
    for i in range(60):
        areas = [AOMORI, *(over(f"JP-{n:02d}", 0.9, 900.0, 950.0) for n in range(3, 4 + i // 8))]
        if released(room.see(161.0 + i, [track()], [meaning(*areas)])):
            break
    assert room.now_s == 160.0 + 55.0
    assert len(released(room.effects)[0].warning.areas) > 1


def test_what_lifts_a_warning_calls_and_never_moves_by_itself() -> None:
    room, draft = desk(Outcome.RELEASE)
    room.release(draft)
    cancels = []
    while room.now_s < 1500.0:
        cancels += drafted(room.see(room.now_s + 1.0, [track()], [meaning()]))
    (cancel,) = cancels
    assert cancel.warning.msg_type is MsgType.CANCEL
    assert room.state.drafts[cancel.id].deadline_ns is None
    assert room.state.drafts[cancel.id].called == (Call.SOUNDER, Call.SECOND_DESK, Call.PAGER)
    assert len(released(room.effects)) == 1

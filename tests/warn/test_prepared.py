"""Taken back in two acts: withdrawal, lifting and correction of what is in force; who has which message."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from warn_worlds import NAMES, RULES, Room, act, at, drafted, into, meaning, over, released, track

from tocsin.model.warning import ActKind, Draft, MsgType, Purpose, WarnStatus
from tocsin.warn.approve import Refusal, digest_of
from tocsin.warn.decide import Ended, Prepared, Refused
from tocsin.warn.incoming import carried, restored, ruled
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS

AOMORI, IWATE = over("JP-02", 0.9, 900.0, 950.0), over("JP-03", 0.9, 910.0, 960.0)
SEEN = ([track()], [meaning(AOMORI, IWATE)])


def in_force() -> tuple[Room, Draft]:
    room = Room()
    (draft,) = drafted(room.see(160.0, *SEEN))
    (out,) = released(room.release(draft))
    return room, out


def ready(room: Room, purpose: Purpose) -> Draft:
    (found,) = [
        d
        for d in room.state.drafts.values()
        if d.status is WarnStatus.PREPARED and d.warning.purpose is purpose
    ]
    return found


@pytest.mark.parametrize(
    ("purpose", "becomes"),
    [(Purpose.WITHDRAW, WarnStatus.CANCELLED), (Purpose.LIFT, WarnStatus.ALL_CLEAR)],
)
def test_two_acts_take_an_alert_back(purpose: Purpose, becomes: WarnStatus) -> None:
    room, alert = in_force()
    assert {d.draft.warning.purpose for d in room.effects if isinstance(d, Prepared)} == {
        Purpose.WITHDRAW, Purpose.LIFT,
    }  # fmt: skip
    lying = ready(room, purpose)
    assert lying.warning.references == ((1, alert.warning.sent_ns),)
    (stamped,) = drafted(room.see(400.0, *SEEN, [act(lying, ActKind.PROPOSE, "kim")]))
    assert stamped.warning == replace(lying.warning, sent_ns=at(400), expires_ns=stamped.warning.expires_ns)
    stale = act(lying, ActKind.APPROVE, "sato")
    effects = room.see(401.0, *SEEN, [stale, act(stamped, ActKind.APPROVE, "sato")])
    assert [e.reason for e in effects if isinstance(e, Refused)] == [Refusal.STALE]
    (out,) = released(effects)
    assert (out.warning.msg_type, out.warning.serial) == (MsgType.CANCEL, 2)
    assert {a.area for a in out.warning.areas} == {"JP-02", "JP-03"}
    assert room.state.drafts[alert.id].status is becomes
    assert out.digest == digest_of(out.warning)


def test_what_was_taken_back_is_not_drafted_again_but_for_something_worse() -> None:
    room, _ = in_force()
    (stamped,) = drafted(room.see(170.0, *SEEN, [act(ready(room, Purpose.WITHDRAW), ActKind.PROPOSE)]))
    assert released(room.see(171.0, *SEEN, [act(stamped, ActKind.APPROVE, "suzuki")]))
    assert [e for e in room.run(400.0, *SEEN) if not isinstance(e, Ended)] == []
    worse = meaning(AOMORI, IWATE, into("JP-02", 0.5))
    (again,) = drafted(room.run(403.0, [track()], [worse]))
    assert again.warning.msg_type is MsgType.ALERT
    assert again.warning.id != stamped.warning.id


def test_declining_a_proposed_withdrawal_leaves_the_alert_and_another_ready() -> None:
    room, alert = in_force()
    (stamped,) = drafted(room.see(170.0, *SEEN, [act(ready(room, Purpose.WITHDRAW), ActKind.PROPOSE)]))
    room.see(171.0, *SEEN, [act(stamped, ActKind.REJECT, "kim")])
    assert room.state.drafts[alert.id].status is WarnStatus.RELEASED
    assert ready(room, Purpose.WITHDRAW).id != stamped.id
    assert drafted(room.run(300.0, *SEEN)) == []


def test_a_correction_keeps_the_named_areas_and_the_others_stay_out() -> None:
    room, alert = in_force()
    made = replace(act(alert, ActKind.CORRECT, "kim"), areas=("JP-02",))
    for areas in ((), ("JP-02", "JP-03"), ("JP-47",)):
        (refused,) = room.see(169.0, *SEEN, [replace(made, areas=areas)])
        assert isinstance(refused, Refused)
        assert refused.reason == Refusal.NOTHING_CORRECTED
    (proposed,) = drafted(room.see(170.0, *SEEN, [made]))
    assert (proposed.status, proposed.warning.purpose) == (WarnStatus.PROPOSED, Purpose.CORRECT)
    same = room.see(171.0, *SEEN, [act(proposed, ActKind.APPROVE, "kim")])
    assert [e.reason for e in same if isinstance(e, Refused)] == [Refusal.SAME_OFFICER]
    (out,) = released(room.see(172.0, *SEEN, [act(proposed, ActKind.APPROVE, "sato")]))
    assert (out.warning.msg_type, [a.area for a in out.warning.areas]) == (MsgType.UPDATE, ["JP-02"])
    assert room.state.drafts[alert.id].status is WarnStatus.UPDATED
    assert drafted(room.run(300.0, *SEEN)) == []
    worse = meaning(AOMORI, IWATE, into("JP-03", 0.5))
    (back,) = drafted(room.run(330.0, [track()], [worse]))
    assert {a.area for a in back.warning.areas} == {"JP-02", "JP-03"}


def test_nothing_else_is_corrected() -> None:
    room, alert = in_force()
    lying = ready(room, Purpose.LIFT)
    for draft in (lying, replace(alert, id="other")):
        made = replace(act(draft, ActKind.CORRECT), areas=("JP-02",))
        (refused,) = room.see(room.now_s + 1.0, *SEEN, [made])
        assert isinstance(refused, Refused)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("purpose", [Purpose.WITHDRAW, Purpose.LIFT])
def test_each_purpose_reads_differently(lang: str, purpose: Purpose) -> None:
    room, alert = in_force()
    texts = {
        render(d.warning, NAMES, lang).description  # type: ignore[arg-type]
        for d in (alert, ready(room, Purpose.WITHDRAW), ready(room, Purpose.LIFT))
    }
    assert len(texts) == 3


def test_a_lifting_goes_to_every_outlet_that_carried_the_alert_and_says_who_lacks_it() -> None:
    room, alert = in_force()
    for outlet in ("feed", "file", "file"):
        room.state = carried(room.state, alert.id, outlet)
    assert room.state.drafts[alert.id].carried == ("feed", "file")
    (stamped,) = drafted(room.see(170.0, *SEEN, [act(ready(room, Purpose.WITHDRAW), ActKind.PROPOSE)]))
    (out,) = released(room.see(171.0, *SEEN, [act(stamped, ActKind.APPROVE, "suzuki")]))
    assert (out.awaited, out.carried) == (("feed", "file"), ())
    room.state = carried(room.state, out.id, "file")
    room.state = carried(room.state, "unknown", "file")
    shown = room.state.drafts[out.id]
    assert set(shown.awaited) - set(shown.carried) == {"feed"}


def test_after_a_restart_what_is_open_or_in_force_is_marked() -> None:
    room, alert = in_force()
    room.state = restored(room.state)
    marks = {d.id: d.restored for d in room.state.drafts.values()}
    assert marks[alert.id]
    assert not any(marks[name] for name in marks if name != alert.id)


def test_a_proposal_of_an_officer_who_is_no_more_is_void() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, *SEEN))
    room.see(161.0, *SEEN, [act(draft, ActKind.PROPOSE, "sato")])
    others = tuple(officer for officer in RULES.officers if officer.name != "sato")
    room.state = ruled(room.state, replace(RULES, officers=others))
    effects = room.see(162.0, *SEEN, [act(draft, ActKind.APPROVE, "suzuki")])
    assert [e.reason for e in effects if isinstance(e, Refused)] == [Refusal.NOT_OPEN]

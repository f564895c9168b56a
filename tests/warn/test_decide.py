"""When people are warned, told more, and told that it is over: the records of WARNING's failures as cases."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from warn_worlds import LABEL, RULES, Room, act, at, drafted, into, meaning, over, released, track

from tocsin.model.event import AreaRisk, Assessment, Mishap
from tocsin.model.label import Nation
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase
from tocsin.model.warning import ActKind, Certainty, MsgType, ThreatKind, WarnStatus
from tocsin.warn.decide import MAX_MINOR, NEXT, Ended, Event, WarnState, lead_s
from tocsin.warn.message import EXPIRY_MARGIN_S
from tocsin.warn.table import OVER
from tocsin.warn.threat import CLEAR_LOST_S, CLEAR_S, LEAVE_HOLD_S

AOMORI = over("JP-02", 0.9)


def warned(*risks: object, now_s: float = 160.0) -> Room:
    """A room whose first alert has been released at `now_s`."""
    room = Room()
    seen = meaning(*(risks or (AOMORI,)))  # type: ignore[arg-type]
    (draft,) = drafted(room.see(now_s, [track()], [seen]))
    assert released(room.release(draft))
    return room


def test_a_threat_is_drafted_in_its_own_step_and_released_by_two() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [meaning(AOMORI)]))
    assert draft.status is WarnStatus.DRAFTED
    assert draft.warning.msg_type is MsgType.ALERT
    assert [(a.area, a.threat, a.expected_ns) for a in draft.warning.areas] == [
        ("JP-02", ThreatKind.OVERFLIGHT, at(373))
    ]
    assert room.see(165.0, [track()], [meaning(AOMORI)], [act(draft, ActKind.PROPOSE, "sato")]) == ()
    (out,) = released(room.see(170.0, [track()], [meaning(AOMORI)], [act(draft, ActKind.APPROVE, "suzuki")]))
    assert (out.proposed_by, out.approved_by, out.released_ns) == ("sato", "suzuki", at(170))
    assert lead_s(out) == {"JP-02": 203.0}
    assert lead_s(replace(out, released_ns=at(380))) == {"JP-02": -7.0}
    assert lead_s(draft) == {}


@pytest.mark.parametrize(
    "seen",
    [
        track(kind=ObjectClass.AIR),
        track(kind=ObjectClass.UNKNOWN),
        track(phase=Phase.BOOST),
        track(life=Life.TENTATIVE),
        track(life=Life.LOST),
        track(life=Life.IMPACTED),
    ],
    ids=lambda t: f"{t.life}-{t.phase}-{t.kind}",
)
def test_nothing_is_drafted_for(seen: FusedTrack) -> None:
    assert Room().see(160.0, [seen], [meaning(into("JP-02", 1.0))]) == ()


def test_thresholds_authority_and_a_missing_prediction() -> None:
    seen = meaning(over("JP-02", 0.19), into("JP-03", 0.019), into("KR-11", 1.0), into("XX-01", 1.0))
    assert Room().see(160.0, [track()], [seen]) == ()
    assert Room().see(160.0, [track()], [replace(meaning(AOMORI), impact=None)]) == ()
    korea = drafted(Room(Nation.KOR).see(160.0, [track()], [seen]))
    assert [a.area for a in korea[0].warning.areas] == ["KR-11"]
    guam = drafted(Room(Nation.USA).see(160.0, [track()], [meaning(into("US-GU", 0.02))]))
    assert [(a.area, a.threat) for a in guam[0].warning.areas] == [("US-GU", ThreatKind.IMPACT)]


def test_the_same_picture_says_nothing_twice() -> None:
    room = warned()
    assert room.run(372.0, [track()], [meaning(AOMORI)]) == []


def test_new_area_waits_for_the_pace_and_then_updates_with_a_reference() -> None:
    room = warned()
    more = meaning(AOMORI, over("JP-03", 0.5, 390.0))
    changes = room.run(200.0, [track()], [more])
    (update,) = drafted(changes)
    assert update.drafted_ns == at(180)
    assert update.warning.msg_type is MsgType.UPDATE
    assert update.warning.references == ((1, at(160)),)
    assert (update.warning.serial, update.warning.id) == (2, drafted(room.effects)[0].warning.id)
    out = room.release(update)
    assert [e.draft.status for e in out if isinstance(e, Ended)] == [WarnStatus.UPDATED]
    told = [d.status for d in room.state.drafts.values() if d.status is not WarnStatus.PREPARED]
    assert told == [WarnStatus.UPDATED, WarnStatus.RELEASED]


def test_flicker_about_the_threshold_makes_no_second_message() -> None:
    room = warned()
    for i in range(100):
        shown = meaning(over("JP-02", 0.21 if i % 2 else 0.11))
        assert room.see(161.0 + i, [track()], [shown]) == ()


def test_an_area_leaves_only_below_half_its_threshold_and_after_a_hold() -> None:
    room = warned(AOMORI, over("JP-03", 0.3))
    near = meaning(AOMORI, over("JP-03", 0.11))
    assert room.run(230.0, [track()], [near]) == []
    far = meaning(AOMORI, over("JP-03", 0.09))
    assert room.run(260.0, [track()], [far]) == []
    (update,) = drafted(room.see(261.0, [track()], [far]))
    assert [a.area for a in update.warning.areas] == ["JP-02"]


def test_a_time_is_news_when_it_moves_by_a_minute() -> None:
    room = warned()
    assert room.run(200.0, [track()], [meaning(over("JP-02", 0.9, 432.0, 480.0))]) == []
    (update,) = drafted(room.see(201.0, [track()], [meaning(over("JP-02", 0.9, 433.0, 480.0))]))
    assert update.warning.areas[0].expected_ns == at(433)


def test_an_area_without_times_takes_those_of_the_crossing_beside_it() -> None:
    (draft,) = drafted(Room().see(160.0, [track()], [meaning(AOMORI, AreaRisk("JP-03", 0.0, 0.3))]))
    assert {a.area: a.expected_ns for a in draft.warning.areas} == {"JP-02": at(373), "JP-03": at(373)}
    (alone,) = drafted(Room().see(160.0, [track()], [meaning(AreaRisk("JP-03", 0.0, 0.3))]))
    assert alone.warning.areas[0].expected_ns == at(160)


def test_minor_changes_of_one_warning_are_counted_out() -> None:
    """Times that wander for ever: twelve changes, then silence; a new area is still said."""
    room = warned()
    texts = 0
    for i in range(60):
        shown = meaning(over("JP-02", 0.9, 5000.0 + 100.0 * (i % 2), 6000.0))
        texts += len(drafted(room.see(200.0 + 25.0 * i, [track()], [shown])))
    assert texts == MAX_MINOR
    added = meaning(over("JP-02", 0.9, 5000.0, 6000.0), into("JP-01", 0.5), impact_s=7000.0)
    assert drafted(room.see(2000.0, [track()], [added]))


def test_a_prediction_that_is_over_starts_nothing() -> None:
    assert Room().run(1500.0, [track()], [meaning(over("JP-02", 0.9, -9.0, -1.0), impact_s=-1.0)]) == []


def test_a_group_is_as_certain_as_its_least_certain_object() -> None:
    room = Room()
    one, two = meaning(AOMORI), meaning(AOMORI, name="F2")
    tracks = [track(), track("F2", Life.COASTING, last_ns=at(155))]
    (both,) = drafted(room.see(160.0, tracks, [one, two]))
    assert both.warning.certainty is Certainty.LIKELY
    (lost,) = drafted(room.see(161.0, [track("F1", Life.LOST), track("F2")], [one, two]))
    assert lost.warning.certainty is Certainty.POSSIBLE


def test_impact_elsewhere_ends_a_draft_and_cancels_a_release() -> None:
    gone = meaning(over("JP-02", 0.0))
    unreleased = Room()
    unreleased.see(160.0, [track()], [meaning(AOMORI)])
    effects = unreleased.run(160.0 + LEAVE_HOLD_S + 2.0, [track()], [gone])
    assert [e.draft.status for e in effects if isinstance(e, Ended)] == [WarnStatus.ENDED]
    assert unreleased.state.stories == {}

    room = warned()
    (cancel,) = drafted(room.run(160.0 + LEAVE_HOLD_S + 2.0, [track()], [gone]))
    assert cancel.warning.msg_type is MsgType.CANCEL
    assert [a.area for a in cancel.warning.areas] == ["JP-02"]
    assert cancel.warning.references == ((1, at(160)),)
    out = room.release(cancel)
    assert [e.draft.status for e in out if isinstance(e, Ended)] == [WarnStatus.ALL_CLEAR]
    assert lead_s(released(out)[0]) == {}
    assert room.run(300.0, [track()], [gone]) == []
    assert room.state.stories == {}


@pytest.mark.parametrize("name", ["F1", "F2"])
def test_a_threat_that_comes_back_voids_the_cancel(name: str) -> None:
    """The same object again, or another one that threatens the same area."""
    room = warned()
    tracks = [track(), track("F2")]
    (cancel,) = drafted(room.run(192.0, tracks, [meaning()]))
    room.see(193.0, tracks, [meaning()], [act(cancel, ActKind.PROPOSE, "sato")])
    effects = room.see(194.0, tracks, [meaning(AOMORI, name=name)], [act(cancel, ActKind.APPROVE, "suzuki")])
    assert not released(effects)
    assert room.state.drafts[cancel.id].status is WarnStatus.ENDED
    again = drafted(effects)  # the same object: the alert in force still says it; another one: its own alert
    assert [d.warning.msg_type for d in again] == ([] if name == "F1" else [MsgType.ALERT])


def test_hit_area_after_its_time_waits_for_the_all_clear_and_says_nothing_meanwhile() -> None:
    room = warned()
    assert room.run(373.0, [track()], [meaning(AOMORI)]) == []
    assert room.run(420.0 + CLEAR_S - 1.0, [track()], [meaning()]) == []
    (cancel,) = drafted(room.see(420.0 + CLEAR_S, [track()], [meaning()]))
    assert cancel.warning.msg_type is MsgType.CANCEL
    assert cancel.warning.certainty is Certainty.OBSERVED


def test_areas_that_end_together_are_cleared_together_and_far_ones_alone() -> None:
    """The replay of 4 October 2022 once took an area out eleven seconds before the all-clear."""
    near = over("JP-03", 0.9, 400.0, 500.0)
    far = over("JP-01", 0.9, 900.0, 1000.0)
    room = warned(AOMORI, near, far)
    assert room.run(400.0, [track()], [meaning(AOMORI, near, far)]) == []
    (update,) = drafted(room.run(700.0, [track()], [meaning(far)]))
    assert (update.drafted_ns, [a.area for a in update.warning.areas]) == (at(620), ["JP-01"])
    two = warned(AOMORI, near)
    assert two.run(400.0, [track()], [meaning(AOMORI, near)]) == []
    (cancel,) = drafted(two.run(700.0, [track()], [meaning()]))
    assert (cancel.drafted_ns, cancel.warning.msg_type) == (at(620), MsgType.CANCEL)
    assert {a.area for a in cancel.warning.areas} == {"JP-02", "JP-03"}


def test_coasting_after_the_last_area_is_no_news() -> None:
    room = warned()
    assert room.run(420.0, [track()], [meaning(AOMORI)]) == []
    (cancel,) = drafted(room.run(541.0, [track(life=Life.COASTING)], [meaning()]))
    assert (cancel.warning.msg_type, cancel.warning.certainty) == (MsgType.CANCEL, Certainty.OBSERVED)


def test_3_november_2022_a_lost_track_downgrades_at_once_and_by_itself() -> None:
    room = warned()
    before = next(d for d in room.state.drafts.values() if d.status is WarnStatus.RELEASED).warning
    (out,) = released(room.see(200.0, [track(life=Life.LOST)], []))
    told = out.warning
    assert (told.certainty, told.msg_type) == (Certainty.POSSIBLE, MsgType.UPDATE)
    assert (out.by_policy, out.proposed_by, out.approved_by) == ("downgrade", None, None)
    assert (told.areas, told.objects) == (before.areas, before.objects)  # only the doubt is new
    assert room.state.drafts[f"{told.id}-d1"].status is WarnStatus.DOWNGRADED
    assert room.run(420.0 + CLEAR_LOST_S - 1.0) == []
    (cancel,) = drafted(room.see(420.0 + CLEAR_LOST_S))
    assert (cancel.warning.msg_type, cancel.warning.certainty) == (MsgType.CANCEL, Certainty.POSSIBLE)


def test_13_april_2023_lost_right_after_the_draft_voids_the_proposal() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [meaning(AOMORI)]))
    room.see(165.0, [track()], [meaning(AOMORI)], [act(draft, ActKind.PROPOSE, "sato")])
    effects = room.see(166.0, [], [], [act(draft, ActKind.APPROVE, "suzuki")])
    (again,) = drafted(effects)
    assert not released(effects)
    assert (again.id, again.status, again.proposed_by) == (draft.id, WarnStatus.DRAFTED, None)
    assert again.warning.certainty is Certainty.POSSIBLE
    assert again.drafted_ns == draft.drafted_ns


def test_coasting_is_said_once_it_has_settled() -> None:
    room = warned()
    coasting = [track(life=Life.COASTING, last_ns=at(179))]
    assert room.run(179.0, [track()], [meaning(AOMORI)]) == []
    assert room.run(189.0, coasting, [meaning(AOMORI)]) == []
    (update,) = released(room.run(190.0, coasting, [meaning(AOMORI)]))
    assert (update.warning.certainty, update.by_policy) == (Certainty.LIKELY, "downgrade")
    assert room.run(250.0, [track()], [meaning(AOMORI)]) == []  # too little certainty needs no message
    (lost,) = released(room.see(251.0, [track(life=Life.LOST)], []))
    assert lost.warning.certainty is Certainty.POSSIBLE
    (again,) = drafted(room.run(300.0, [track()], [meaning(AOMORI)]))
    assert again.warning.certainty is Certainty.OBSERVED  # lost and found is news, and needs two


def test_coasting_unseen_for_a_minute_is_told_as_lost() -> None:
    room = warned()
    coasting = [track(life=Life.COASTING, last_ns=at(180))]
    found = released(room.run(260.0, coasting, [meaning(AOMORI)]))
    assert [d.warning.certainty for d in found] == [Certainty.LIKELY, Certainty.POSSIBLE]
    assert found[1].released_ns == at(240)


def test_a_failed_flight_is_told_as_lost_though_its_track_lives() -> None:
    room = warned()
    failed = replace(meaning(AOMORI), mishap=Mishap.VANISHED)
    (found,) = released(room.see(170.0, [track()], [failed]))
    assert (found.warning.certainty, found.by_policy) == (Certainty.POSSIBLE, "downgrade")


def test_a_nation_may_keep_downgrades_for_its_officers() -> None:
    room = Room(rules=replace(RULES, downgrades_itself=False))
    (draft,) = drafted(room.see(160.0, [track()], [meaning(AOMORI)]))
    room.release(draft)
    (update,) = drafted(room.see(200.0, [track(life=Life.LOST)], []))
    assert (update.warning.certainty, update.status) == (Certainty.POSSIBLE, WarnStatus.DRAFTED)


def test_what_was_open_at_a_downgrade_is_drafted_anew_at_once() -> None:
    room = warned()
    more = [AOMORI, over("JP-03", 0.5, 390.0)]
    (open_one,) = drafted(room.run(180.0, [track()], [meaning(*more)]))
    room.see(181.0, [track()], [meaning(*more)], [act(open_one, ActKind.PROPOSE)])
    effects = room.see(182.0, [track(life=Life.LOST)], [])
    (down,), (again,) = released(effects), drafted(effects)
    assert [a.area for a in down.warning.areas] == ["JP-02"]
    assert {a.area for a in again.warning.areas} == {"JP-02", "JP-03"}
    assert (down.warning.serial, again.warning.serial) == (2, 3)
    assert room.state.drafts[open_one.id].status is WarnStatus.ENDED


def test_a_declined_draft_is_not_drafted_again_but_for_a_new_area() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [meaning(AOMORI)]))
    (ended,) = room.see(161.0, [track()], [meaning(AOMORI)], [act(draft, ActKind.REJECT)])
    assert isinstance(ended, Ended)
    assert room.run(200.0, [track()], [meaning(AOMORI)]) == []
    (again,) = drafted(room.run(202.0, [track()], [meaning(AOMORI, into("JP-01", 0.1))]))
    assert again.warning.msg_type is MsgType.ALERT
    assert again.id != draft.id
    assert {a.area for a in again.warning.areas} == {"JP-01", "JP-02"}


def test_objects_at_once_share_a_draft_and_later_ones_get_their_own() -> None:
    room = Room()
    one, two, three = meaning(AOMORI), meaning(into("JP-01", 0.5), name="F2"), meaning(AOMORI, name="F3")
    (first,) = drafted(room.see(160.0, [track()], [one]))
    (both,) = drafted(room.see(162.0, [track(), track("F2")], [one, two]))
    assert (both.id, both.warning.objects, both.tracks) == (first.id, 2, ("F1", "F2"))
    assert {a.area for a in both.warning.areas} == {"JP-01", "JP-02"}
    room.see(163.0, [track(), track("F2")], [one, two], [act(both, ActKind.PROPOSE)])
    everybody = [track(), track("F2"), track("F3")]
    (third,) = drafted(room.see(164.0, everybody, [one, two, three]))
    assert third.id != both.id
    assert third.warning.id != both.warning.id
    (out,) = released(room.see(165.0, everybody, [one, two, three], [act(both, ActKind.APPROVE, "suzuki")]))
    assert out.warning.objects == 2


def test_nobody_is_told_to_leave_shelter_while_another_object_threatens_the_area() -> None:
    room = warned()
    late = meaning(over("JP-02", 0.9, 900.0, 950.0), name="F2")
    (second,) = drafted(room.see(170.0, [track(), track("F2")], [meaning(AOMORI), late]))
    room.release(second)
    first_over = room.run(420.0 + CLEAR_S + 60.0, [track(), track("F2")], [meaning(), late])
    assert drafted(first_over) == []
    both_over = drafted(
        room.run(950.0 + CLEAR_S + 1.0, [track(), track("F2")], [meaning(), meaning(name="F2")])
    )
    assert [d.warning.msg_type for d in both_over] == [MsgType.CANCEL, MsgType.CANCEL]


def test_a_renamed_or_merged_track_is_the_same_object() -> None:
    room = warned()
    renamed = track("F9", members=(Member(Nation.JPN, "J-F1"), Member(Nation.KOR, "K-4")))
    assert room.run(200.0, [renamed], [meaning(AOMORI, name="F9")]) == []
    merged = Room()
    a, b = meaning(AOMORI), meaning(AOMORI, name="F2")
    (both,) = drafted(merged.see(160.0, [track(), track("F2")], [a, b]))
    assert both.warning.objects == 2
    joint = track("F1", members=(Member(Nation.JPN, "J-F1"), Member(Nation.JPN, "J-F2")))
    merged.see(161.0, [joint], [a])
    assert len(merged.state.threats) == 1


def test_found_to_be_air_traffic_cancels() -> None:
    room = warned()
    (cancel,) = drafted(room.run(200.0, [track(kind=ObjectClass.AIR)], []))
    assert cancel.warning.msg_type is MsgType.CANCEL


def test_unreleased_and_released_messages_expire() -> None:
    room = warned()
    effects = room.run(420.0 + CLEAR_S + 5.0, [track()], [meaning()])
    assert len(drafted(effects)) == 1
    ends = room.see(420.0 + CLEAR_S + EXPIRY_MARGIN_S + CLEAR_LOST_S + 5.0)
    assert sum(isinstance(e, Ended) for e in ends) == 2
    assert (room.state.stories, room.state.proposals) == ({}, {})


def test_the_table_is_whole() -> None:
    """Nothing leaves the last states; a release comes only from a proposal; every event is used."""
    assert not [key for key in NEXT if key[0] in OVER]
    assert {key for key, to in NEXT.items() if to is WarnStatus.RELEASED} == {
        (WarnStatus.PROPOSED, Event.APPROVE),
        (WarnStatus.PROPOSED, Event.POLICY),
        (WarnStatus.DRAFTED, Event.POLICY),
    }
    assert {event for _, event in NEXT} == set(Event)
    assert set(NEXT.values()) == set(WarnStatus)


def test_step_leaves_the_old_state_alone_and_the_state_is_plain_data() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [meaning(AOMORI)]))
    before = room.state
    words = msgspec.json.encode(before, order="deterministic")
    room.see(165.0, [track()], [meaning(AOMORI)], [act(draft, ActKind.PROPOSE)])
    room.see(166.0, [], [], [])
    assert msgspec.json.encode(before, order="deterministic") == words
    for state in (before, room.state):
        assert msgspec.json.decode(msgspec.json.encode(state), type=WarnState) == state


LIVES = (Life.CONFIRMED, Life.COASTING, Life.LOST)
PROBABILITY = st.sampled_from((0.0, 0.015, 0.05, 0.15, 0.5, 1.0))
PICTURE = st.tuples(
    st.sampled_from(LIVES), st.lists(PROBABILITY, min_size=4, max_size=4), st.integers(-200, 200)
)


@given(st.lists(PICTURE, min_size=5, max_size=60), st.booleans())
def test_any_picture_bounded_messages_and_no_overstatement(
    pictures: Sequence[tuple[Life, list[float], int]], acting: bool
) -> None:
    """One text per pace, but for loss and Cancel; a lost object is Possible; references are complete."""
    room = Room()
    tracks: list[FusedTrack] = []
    shown: list[Assessment] = []
    changes = 0
    for i, (life, chances, shift_s) in enumerate(pictures):
        tracks = [track(life=life, label=LABEL)]
        rows = [into("JP-01", chances[0]), over("JP-02", chances[1], 373.0 + shift_s, 420.0 + shift_s)]
        shown = [meaning(*rows, over("JP-03", chances[2], 500.0), into("JP-05", chances[3]))]
        effects = room.see(160.0 + 3.0 * i, tracks, shown)
        changes += len(drafted(effects))
        for draft in drafted(effects):
            assert draft.warning.areas
            if life is Life.LOST and draft.warning.msg_type is not MsgType.CANCEL:
                assert draft.warning.certainty is Certainty.POSSIBLE
            if acting:
                for out in released(room.release(draft)):
                    assert len(out.warning.references) == out.warning.serial - 1
    losses = sum(life is Life.LOST for life, _, _ in pictures)
    cancels = sum(d.warning.msg_type is MsgType.CANCEL for d in drafted(room.effects))
    assert changes <= 2 + 3.0 * len(pictures) / 20.0 + losses + 2 * cancels

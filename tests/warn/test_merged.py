"""Two objects that turn out to be one: what people were told, or an officer has proposed, goes on under the
name that stays, and nothing vanishes without a word.
"""

from __future__ import annotations

import pytest
from warn_worlds import Room, act, drafted, into, meaning, over, released, track

from tocsin.model.event import AreaRisk
from tocsin.model.label import Nation
from tocsin.model.track import Life, Member
from tocsin.model.warning import ActKind, Certainty, Draft, MsgType, WarnStatus
from tocsin.warn.decide import Ended

AOMORI = over("JP-02", 0.9)
SEA = into("JP-SEA-2", 0.6)
BOTH = (Member(Nation.JPN, "J-F1"), Member(Nation.JPN, "J-F2"))


def two_drafts(proposed: str, released_first: bool, risk: AreaRisk = AOMORI) -> tuple[Room, Draft, Draft]:
    """A room with a message for each of F1 and F2, of which the one for `proposed` is further on."""
    other = "F2" if proposed == "F1" else "F1"
    room = Room()
    (first,) = drafted(room.see(160.0, [track(proposed)], [meaning(risk, name=proposed)]))
    room.see(161.0, *room.picture, [act(first, ActKind.PROPOSE)])
    if released_first:
        assert released(room.see(162.0, *room.picture, [act(first, ActKind.APPROVE, "suzuki")]))
    tracks = [track(proposed), track(other)]
    meanings = [meaning(risk, name=proposed), meaning(risk, name=other)]
    (second,) = drafted(room.see(170.0, tracks, meanings))
    assert second.warning.id != first.warning.id
    return room, first, second


def merged(room: Room, risk: AreaRisk = AOMORI) -> list[Ended]:
    """F2 turns out to be F1."""
    effects = room.see(171.0, [track("F1", members=BOTH), track("F2", Life.MERGED)], [meaning(risk)])
    return [effect for effect in effects if isinstance(effect, Ended)]


@pytest.mark.parametrize("risk", [AOMORI, SEA], ids=["land", "sea"])
@pytest.mark.parametrize("warned", ["F1", "F2"])
def test_what_people_were_told_goes_on_under_the_name_that_stays(warned: str, risk: AreaRisk) -> None:
    room, told, other = two_drafts(warned, True, risk)
    (ended,) = merged(room, risk)
    assert ended.draft.id == other.id
    assert ended.draft.ended_by == "it is an object of another message"
    assert room.state.drafts[told.id].status is WarnStatus.RELEASED
    assert len(room.state.threats) == 1
    (lost,) = released(room.see(180.0, [track("F1", Life.LOST, members=BOTH)], [meaning(risk)]))
    assert (lost.warning.id, lost.warning.certainty) == (told.warning.id, Certainty.POSSIBLE)


@pytest.mark.parametrize("proposed", ["F1", "F2"])
def test_what_an_officer_proposed_goes_on(proposed: str) -> None:
    room, first, second = two_drafts(proposed, released_first=False)
    (ended,) = merged(room)
    assert ended.draft.id == second.id
    (out,) = released(room.see(172.0, *room.picture, [act(first, ActKind.APPROVE, "suzuki")]))
    assert out.id == first.id


def test_a_name_that_ends_and_goes_on_nowhere_is_told_as_lost() -> None:
    room, told, _ = two_drafts("F2", released_first=True)
    alone = [track("F1"), track("F2", Life.MERGED)]
    (out,) = released(room.see(171.0, alone, [meaning(AOMORI)]))
    assert (out.warning.id, out.warning.certainty) == (told.warning.id, Certainty.POSSIBLE)


@pytest.mark.parametrize("risk", [AOMORI, SEA], ids=["land", "sea"])
def test_what_people_were_told_twice_weakens_and_ends_twice(risk: AreaRisk) -> None:
    """Both messages speak of the one object: neither may stay behind and claim more than is known."""
    room, first, second = two_drafts("F1", True, risk)
    assert released(room.release(second))
    names = {first.warning.id, second.warning.id}
    assert not merged(room, risk)
    room.run(175.0, [track("F1", members=BOTH)], [meaning(risk)])
    lost = released(room.see(180.0, [track("F1", Life.LOST, members=BOTH)], [meaning(risk)]))
    assert {(out.warning.id, out.warning.certainty) for out in lost} == {
        (name, Certainty.POSSIBLE) for name in names
    }
    assert {out.warning.objects for out in lost} == {1}
    lifted = drafted(room.run(2_600.0, [], []))
    assert {(d.warning.id, d.warning.msg_type) for d in lifted} == {(name, MsgType.CANCEL) for name in names}

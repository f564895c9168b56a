"""Who may speak where; and two voices over one area, seen at once (Seoul, 31 May 2023)."""

from __future__ import annotations

from msgspec.structs import replace
from warn_worlds import RULES, Room, act, at, drafted, into, meaning, over, released, track

from tocsin.model.label import Nation, Plane
from tocsin.model.warning import ActKind, DeskRules, ForeignAlert, MsgType, Office, Right, Role
from tocsin.warn.approve import Refusal
from tocsin.warn.authority import may, nation_of
from tocsin.warn.conflicts import MOST_HEARD
from tocsin.warn.decide import Conflicting, Refused, step

MINISTRY = Office("ministry", Nation.KOR, ("KR-*",), senders=("ministry@kor.example",))
CITY = Office("city", Nation.KOR, ("KR-11",), (Right.ALERT, Right.UPDATE), ("city@seoul.example",))
KOREA = replace(RULES, offices=(MINISTRY, CITY), office="ministry")
SEOUL = ([track()], [meaning(into("KR-11", 0.5))])


def theirs(sender: str = "city@seoul.example", **other: object) -> ForeignAlert:
    made = ForeignAlert(
        sender=sender,
        identifier="CITY-1",
        msg_type=MsgType.ALERT,
        plane=Plane.EXERCISE,
        sent_ns=at(150),
        expires_ns=at(4000),
        areas=("KR-11",),
        heard_at="cap-in",
    )
    return replace(made, **other)


def hear(room: Room, now_s: float, *alerts: ForeignAlert) -> list[tuple[str, tuple[str, ...]]]:
    room.now_s = now_s
    tracks, meanings = room.picture
    room.state, effects = step(room.state, meanings, tracks, (), at(now_s), alerts)
    return [(e.conflict.reason, e.conflict.areas) for e in effects if isinstance(e, Conflicting)]


def korea(rules: DeskRules = KOREA) -> Room:
    return Room(Nation.KOR, rules=rules)


def test_areas_belong_to_one_nation_and_offices_stay_within_their_row() -> None:
    assert (nation_of("GU"), nation_of("US-GU"), nation_of("KP-01")) == (Nation.USA, Nation.USA, None)
    assert may(DeskRules(), Nation.JPN, "JP-02", Right.CANCEL)
    assert not may(DeskRules(), Nation.JPN, "KR-11", Right.ALERT)
    city = replace(KOREA, office="city")
    assert may(city, Nation.KOR, "KR-11", Right.ALERT)
    assert not may(city, Nation.KOR, "KR-26", Right.ALERT)
    assert not may(city, Nation.KOR, "KR-11", Right.CANCEL)
    assert not may(replace(KOREA, office="nobody"), Nation.KOR, "KR-11", Right.ALERT)


def test_an_office_drafts_in_its_own_areas_only() -> None:
    seen = ([track()], [meaning(into("KR-11", 0.5), into("KR-26", 0.5))])
    (draft,) = drafted(korea(replace(KOREA, office="city")).see(160.0, *seen))
    assert [row.area for row in draft.warning.areas] == ["KR-11"]
    assert len(drafted(korea().see(160.0, *seen))[0].warning.areas) == 2


def test_an_office_without_the_right_cannot_send() -> None:
    room = korea(replace(KOREA, office="city"))
    (draft,) = drafted(room.see(160.0, *SEOUL))
    room.release(draft)
    (lift,) = [d for d in room.state.drafts.values() if d.warning.purpose == "lift"]
    (refused,) = room.see(170.0, *SEOUL, [act(lift, ActKind.PROPOSE)])
    assert isinstance(refused, Refused)
    assert refused.reason == Refusal.NO_AUTHORITY


def test_roles() -> None:
    watch = tuple(replace(o, roles=(Role.WATCH,)) for o in RULES.officers if o.name == "kim")
    rules = replace(RULES, officers=(*watch, *(o for o in RULES.officers if o.name != "kim")))
    room = Room(rules=rules)
    (draft,) = drafted(room.see(160.0, [track()], [meaning(over("JP-02", 0.9))]))
    for kind in (ActKind.PROPOSE, ActKind.REJECT):
        (refused,) = room.see(161.0, [track()], [meaning(over("JP-02", 0.9))], [act(draft, kind, "kim")])
        assert isinstance(refused, Refused)
        assert refused.reason == Refusal.ROLE


def test_what_another_office_tells_the_same_people_is_a_conflict_until_it_expires() -> None:
    room = korea()
    room.picture = SEOUL
    assert hear(room, 155.0, theirs()) == [("warns where we do not", ("KR-11",))]
    assert hear(room, 156.0, theirs()) == []  # the same word again is no news
    (draft,) = [d for d in room.state.drafts.values() if d.status == "drafted"]
    assert released(room.release(draft))
    assert not room.state.conflicts  # both warn now
    lifted = theirs(identifier="CITY-2", msg_type=MsgType.CANCEL, sent_ns=at(200), lifts=True)
    found = hear(room, 201.0, lifted)
    assert found == [("without authority", ("KR-11",)), ("lifts what we warn", ("KR-11",))]
    assert {c.ours for c in room.state.conflicts} == {None, f"{draft.warning.id}-1"}
    assert len(released(room.effects)) == 1  # a voice from outside lifts nothing
    hear(room, 4001.0)
    assert not room.state.conflicts


def test_strangers_other_planes_and_other_nations_areas() -> None:
    room = korea()
    assert hear(room, 155.0, theirs("nobody@x.example"))[0][0] == "without authority"
    assert hear(room, 156.0, theirs(plane=Plane.REAL, identifier="R")) == []
    assert hear(room, 157.0, theirs(areas=("JP-02",), identifier="J")) == []


def test_what_is_heard_is_bounded() -> None:
    room = korea()
    flood = [theirs(f"s{n}@x.example", identifier=f"F-{n}") for n in range(500)]
    hear(room, 155.0, *flood)
    assert len(room.state.heard) == MOST_HEARD

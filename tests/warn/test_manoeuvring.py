"""An object that manoeuvres: the areas that it can reach are warned, Possible, with no impact point."""

from __future__ import annotations

from msgspec.structs import replace
from warn_worlds import NAMES, Room, at, drafted, into, meaning, over, released, track

from tocsin.model.event import AreaRisk, Assessment, Footprint, Motion
from tocsin.model.track import Life, Phase
from tocsin.model.warning import Certainty, MsgType, Purpose, ThreatKind
from tocsin.warn.lint import lint
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS

REGION = Footprint(((40.0, 139.0), (45.0, 143.0), (38.0, 145.0)), at(300), at(1500))


def reach(area: str, share: float) -> AreaRisk:
    """As assess.manoeuvre.footprint_risks gives it."""
    return AreaRisk(area, share, 1.0, REGION.earliest_ns, REGION.latest_ns)


def roaming(*areas: AreaRisk) -> Assessment:
    return replace(meaning(*areas), impact=None, motion=Motion.MANOEUVRING, footprint=REGION)


SEEN = roaming(reach("JP-01", 0.3), reach("JP-02", 0.001), reach("KR-11", 0.4), reach("JP-SEA-2", 0.05))


def test_a_footprint_drafts_for_what_it_meets_and_states_no_impact_point() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [SEEN]))
    said = draft.warning
    assert (said.certainty, said.region, said.msg_type) == (Certainty.POSSIBLE, True, MsgType.ALERT)
    assert {(r.area, r.threat, r.expected_ns) for r in said.areas} == {
        ("JP-01", ThreatKind.IMPACT, at(300)),
        ("JP-02", ThreatKind.IMPACT, at(300)),
    }
    for lang in LANGS:
        texts = render(said, NAMES, lang)
        assert lint(texts, lang, said.plane) == ()
    english = render(said, NAMES, "en").description
    assert "cannot be predicted" in english
    assert "Tracking of the object is lost" not in english
    assert released(room.release(draft))[0].warning == said


def test_an_object_under_power_is_drafted_too() -> None:
    (draft,) = drafted(Room().see(160.0, [track(phase=Phase.BOOST)], [SEEN]))
    assert draft.warning.region


def test_free_flight_that_ends_is_told_at_once_and_its_reach_follows() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [meaning(over("JP-02", 0.9, 900.0, 950.0))]))
    room.release(draft)
    effects = room.see(200.0, [track()], [SEEN])
    (down,) = released(effects)
    assert (down.warning.purpose, down.warning.certainty) == (Purpose.DOWNGRADE, Certainty.POSSIBLE)
    assert down.warning.region
    (update,) = drafted(room.run(225.0, [track()], [SEEN]))
    assert {row.area for row in update.warning.areas} == {"JP-01", "JP-02"}


def test_lost_while_it_manoeuvres_is_less_than_seen_to_manoeuvre() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [SEEN]))
    room.release(draft)
    (lost,) = released(room.see(170.0, [track(life=Life.LOST)], []))
    assert (lost.warning.purpose, lost.warning.region) == (Purpose.DOWNGRADE, False)
    assert "lost" in render(lost.warning, NAMES, "en").description


def test_back_in_free_flight_nobody_says_that_it_was_lost() -> None:
    room = Room()
    (draft,) = drafted(room.see(160.0, [track()], [SEEN]))
    room.release(draft)
    free = [meaning(into("JP-01", 0.3), impact_s=900.0)]
    assert released(room.run(175.0, [track()], free)) == []
    *_, better = drafted(room.run(240.0, [track()], free))
    assert (better.warning.certainty, better.warning.region) == (Certainty.OBSERVED, False)

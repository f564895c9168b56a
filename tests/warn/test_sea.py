"""Ships and aircraft in sea areas: messages, thresholds and words of their own."""

from __future__ import annotations

import pytest
import shapely
from lxml import etree
from msgspec.structs import replace
from shapely.geometry import Polygon
from warn_worlds import RULES, Room, at, drafted, into, meaning, over, released, track

from tocsin.earth.places import load_areas
from tocsin.earth.seas import all_areas, load_sea_areas
from tocsin.model.label import Nation, Plane
from tocsin.model.warning import Certainty, MsgType, Purpose, ThreatKind, Thresholds, WarnedArea, Warning
from tocsin.outlet.geojson import features
from tocsin.warn.authority import nation_of
from tocsin.warn.cap import check, to_cap
from tocsin.warn.incoming import ruled
from tocsin.warn.lint import lint
from tocsin.warn.shapes import rings
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS
from tocsin.warn.zones import zone_of

SEA, LAND = "JP-SEA-2", "JP-05"
NAMES = {area.iso: area.names for area in all_areas()}
SHAPES = {area.iso: area.polygon for area in all_areas()}


def test_one_object_makes_one_draft_for_land_and_one_for_the_sea() -> None:
    room = Room()
    seen = meaning(into(LAND, 0.05), into(SEA, 0.6))
    land, sea = drafted(room.see(160.0, [track()], [seen]))
    assert [row.area for row in land.warning.areas] == [LAND]
    assert [row.area for row in sea.warning.areas] == [SEA]
    assert land.warning.id != sea.warning.id
    room.release(sea)
    assert room.state.drafts[land.id].status == "drafted"  # released by itself, whoever waits for the other
    (down,) = released(room.see(170.0, [], []))
    assert (down.warning.id, down.warning.certainty) == (sea.warning.id, Certainty.POSSIBLE)


@pytest.mark.parametrize(("probability", "drafts"), [(0.09, 0), (0.11, 1)])
def test_the_seas_threshold_is_its_own(probability: float, drafts: int) -> None:
    assert len(drafted(Room().see(160.0, [track()], [meaning(into(SEA, probability))]))) == drafts


def test_an_overflight_of_a_sea_is_told_where_the_nation_says_so() -> None:
    seen = meaning(over(SEA, 1.0, 900.0, 950.0))
    assert drafted(Room().see(160.0, [track()], [seen])) == []
    room = Room()
    limits = Thresholds(sea_overflight_probability=0.5)
    room.state = ruled(room.state, replace(RULES, thresholds=limits))  # as node.toml says it at a start
    (draft,) = drafted(room.see(160.0, [track()], [seen]))
    assert draft.warning.areas == (WarnedArea(SEA, ThreatKind.OVERFLIGHT, at(900)),)


def test_a_salvo_into_the_sea_is_one_draft() -> None:
    room = Room()
    names = [f"F{n}" for n in range(8)]
    for n in range(8):
        tracks = [track(name) for name in names[: n + 1]]
        room.see(160.0 + n, tracks, [meaning(into(SEA, 0.6), name=name) for name in names[: n + 1]])
    (draft,) = [d for d in room.state.drafts.values() if d.status == "drafted"]
    assert (draft.warning.objects, draft.tracks) == (8, tuple(names))


def warning(area: str, msg_type: MsgType, purpose: Purpose, plane: Plane) -> Warning:
    nation = nation_of(area)
    assert nation is not None
    return Warning(
        id=f"{nation}-{plane}-20221003T222500Z-1",
        serial=1 if msg_type is MsgType.ALERT else 2,
        plane=plane,
        nation=nation,
        msg_type=msg_type,
        certainty=Certainty.OBSERVED,
        objects=1,
        areas=(WarnedArea(area, ThreatKind.IMPACT, at(600)),),
        launched_ns=at(0),
        sent_ns=at(200),
        expires_ns=at(2000),
        references=() if msg_type is MsgType.ALERT else ((1, at(180)),),
        purpose=purpose,
    )


EVERY = [
    (MsgType.ALERT, Purpose.WARN),
    (MsgType.UPDATE, Purpose.CORRECT),
    (MsgType.CANCEL, Purpose.WITHDRAW),
    (MsgType.CANCEL, Purpose.ALL_CLEAR),
]


@pytest.mark.parametrize("area", [area.iso for area in load_sea_areas()])
def test_every_sea_area_in_every_message_is_sound_cap_and_speaks_to_ships(area: str) -> None:
    for plane in Plane:
        for msg_type, purpose in EVERY:
            said = warning(area, msg_type, purpose, plane)
            for lang in LANGS:
                texts = render(said, NAMES, lang)
                assert lint(texts, lang, plane) == ()
                assert NAMES[area][lang] in texts.headline
                assert "shelter" not in f"{texts.headline} {texts.instruction}".lower()
            xml = to_cap(said, SHAPES, NAMES)
            assert check(xml, plane) == ()


def test_a_sea_area_carries_its_own_geocode_and_advice() -> None:
    root = etree.fromstring(to_cap(warning(SEA, MsgType.ALERT, Purpose.WARN, Plane.EXERCISE), SHAPES, NAMES))
    names = {node.findtext("{*}valueName") for node in root.iter("{*}geocode")}
    assert names == {"tocsin:sea-area"}
    assert {node.text for node in root.iter("{*}responseType")} == {"Avoid"}
    (feature,) = features(warning(SEA, MsgType.ALERT, Purpose.WARN, Plane.TEST), "x", SHAPES, NAMES)[
        "features"
    ]
    assert feature["properties"]["kind"] == "sea"


def test_a_message_to_ships_meets_no_coast_but_of_islands_within_its_sea() -> None:
    land = [part for area in load_areas() for part in shapely.get_parts(area.polygon)]
    for area in load_sea_areas():
        assert not any(area.polygon.intersects(dry) for dry in land), area.iso
        for ring in rings(area.polygon):  # CAP's polygons have no holes
            drawn = Polygon([(lon, lat) for lat, lon in ring])
            assert not any(drawn.boundary.intersects(dry) for dry in land), area.iso


def test_zones_of_seas_are_those_of_the_nearest_people() -> None:
    assert {str(zone_of(area.iso)) for area in load_sea_areas() if area.nation != Nation.USA} == {
        "Asia/Tokyo",
        "Asia/Seoul",
    }
    assert all(str(zone_of(area.iso)) != "UTC" for area in load_sea_areas())

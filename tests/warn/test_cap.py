"""CAP 1.2: the OASIS schema, our rules and an independent parser agree; what others sent is judged right."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry
from test_texts import warnings
from warn_worlds import NAMES, at, warning

from tocsin.earth.places import load_areas
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, from_datetime
from tocsin.model.warning import Certainty, MsgType, ThreatKind, WarnedArea, Warning
from tocsin.warn.cap import check, to_cap
from tocsin.warn.cap_schema import MAX_BYTES

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
MARKED = {Plane.REAL: "Actual", Plane.EXERCISE: "Exercise", Plane.TEST: "Test"}


@cache
def shapes() -> dict[str, BaseGeometry]:
    return {area.iso: area.polygon for area in load_areas()}


@pytest.fixture(scope="session")
def oasis(shared_data: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(shared_data / "cap" / "xsd" / "CAP-v1.2.xsd")))


@pytest.fixture(scope="session")
def samples(shared_data: Path) -> Path:
    return shared_data / "cap" / "samples"


@given(message=warnings())
def test_every_message_passes_the_schema_and_our_rules(oasis: etree.XMLSchema, message: Warning) -> None:
    xml = to_cap(message, shapes(), NAMES)
    oasis.assertValid(etree.fromstring(xml))
    assert check(xml, message.plane) == ()
    assert to_cap(message, shapes(), NAMES) == xml


@given(message=warnings())
def test_an_independent_parser_reads_back_what_was_said(message: Warning) -> None:
    alert = ET.fromstring(to_cap(message, shapes(), NAMES))
    head = {child.tag.removeprefix(CAP): child.text or "" for child in alert}
    assert head["identifier"] == f"{message.id}-{message.serial}"
    assert (head["status"], head["scope"]) == (MARKED[message.plane], "Public")
    assert head["msgType"] == message.msg_type
    assert instant(head["sent"]) == message.sent_ns // SECOND_NS
    rows = [row.split(",") for row in head.get("references", "").split()]
    assert [(i, instant(t)) for _, i, t in rows] == [
        (f"{message.id}-{serial}", sent // SECOND_NS) for serial, sent in message.references
    ]
    assert {who for who, _, _ in rows} <= {head["sender"]}
    infos = alert.findall(f"{CAP}info")
    assert [text(info, "language") for info in infos] == ["en-US", "ko-KR", "ja-JP"]
    for info in infos:
        assert instant(text(info, "expires")) == message.expires_ns // SECOND_NS
        assert [text(a, f"geocode/{CAP}value") for a in info.findall(f"{CAP}area")] == [
            row.area for row in message.areas
        ]
        if message.msg_type is MsgType.CANCEL:
            assert text(info, "certainty") in ("Unlikely", "Unknown")
            assert text(info, "responseType") == "AllClear"
            continue
        assert text(info, "certainty") == message.certainty
        assert instant(text(info, "onset")) == min(r.expected_ns for r in message.areas) // SECOND_NS
        told = {text(p, "valueName"): text(p, "value") for p in info.findall(f"{CAP}parameter")}
        assert told.pop("tocsin:objects") == str(message.objects)
        assert told.pop("tocsin:purpose") == message.purpose
        for row in message.areas:
            threat, when = told.pop(f"tocsin:{row.area}").split()
            assert (threat, instant(when)) == (row.threat, row.expected_ns // SECOND_NS)
        assert told == {}


def text(element: ET.Element, path: str) -> str:
    return element.findtext(CAP + path) or ""


def instant(stamp: str) -> int:
    return from_datetime(datetime.fromisoformat(stamp)) // SECOND_NS


def test_times_carry_the_nations_offset() -> None:
    japan = ET.fromstring(to_cap(warning(), shapes(), NAMES))
    assert text(japan, "sent") == "2022-10-04T07:24:40+09:00"
    guam = warning(nation=Nation.USA, areas=[WarnedArea("US-GU", ThreatKind.IMPACT, at(373))])
    assert text(ET.fromstring(to_cap(guam, shapes(), NAMES)), "sent") == "2022-10-03T22:24:40-00:00"


@pytest.mark.parametrize("nation", Nation)
def test_an_alert_for_a_whole_nation_fits(oasis: etree.XMLSchema, nation: Nation) -> None:
    areas = [
        WarnedArea(area.iso, ThreatKind.IMPACT, at(373)) for area in load_areas() if area.nation == nation
    ]
    names = {area.iso: area.names for area in load_areas()}
    xml = to_cap(warning(nation=nation, areas=areas), shapes(), names)
    oasis.assertValid(etree.fromstring(xml))
    assert check(xml, Plane.EXERCISE) == ()
    assert len(xml) < MAX_BYTES


def test_an_area_without_a_shape_is_not_left_out_quietly() -> None:
    with pytest.raises(KeyError, match="JP-02"):
        to_cap(warning(), {}, NAMES)


# What the schema accepts and people would not survive: (change, fault that must be named).
GOOD = to_cap(
    warning(MsgType.UPDATE, certainty=Certainty.LIKELY), {"JP-02": box(139.5, 40.2, 141.7, 41.5)}, NAMES
)
RING = "40.181,139.487 41.519,139.487 41.519,141.713 40.181,141.713 40.181,139.487"
Edit = Callable[[str], str]


def swap(old: str, new: str, count: int = -1) -> Edit:
    def edit(xml: str) -> str:
        assert old in xml, old
        return xml.replace(old, new, count)

    return edit


def polygon(new: str) -> Edit:
    def edit(xml: str) -> str:
        start, end = xml.index("<polygon>"), xml.index("</polygon>")
        return xml[:start] + "<polygon>" + new + xml[end:]

    return edit


SCHEMA_IS_BLIND: list[tuple[Edit, str]] = [
    (polygon("139.5,40.2 139.5,41.5 141.7,41.5 139.5,40.2"), "not lat,lon"),
    (polygon("40.2,139.5 41.5,139.5 41.5,141.7"), "not closed"),
    (polygon("40.2,139.5 41.5,141.7 41.5,139.5 40.2,141.7 40.2,139.5"), "crosses itself"),
    (polygon("1,2 3,2 3,4 1,2"), "far outside"),
    (polygon("nan,2 3,2 3,4 nan,2"), "not lat,lon"),
    (polygon(""), "not closed"),
    (lambda x: x[: x.index("<references>")] + x[x.index("</references>") + 13 :], "without references"),
    (swap(",2022-10-04T07:24:30+09:00</references>", "</references>"), "is not sender,identifier,sent"),
    (swap("T07:24:30+09:00</ref", "T07:24:30Z</ref"), "is not sender,identifier,sent"),
    (swap("<scope>Public", "<scope>Private"), "Private without addresses"),
    (swap("<scope>Public", "<scope>Restricted"), "Restricted without a restriction"),
    (swap("<expires>2022-10-04T08:12:00", "<expires>2022-10-04T07:12:00"), "expires is not after sent"),
    (swap("<status>Exercise", "<status>Actual"), "status Actual in the EXERCISE plane"),
    (swap("<certainty>Likely", "<certainty>Observed", 1), "do not say the same"),
    (swap("<language>ko-KR", "<language>ko-KP"), "languages are not"),
    (swap("<identifier>", "<identifier>a b"), "identifier is empty or holds"),
    (swap("<areaDesc>Aomori", "<areaDesc>"), "without a description"),
    (swap("<geocode>", "<circle>40.2,139.5 -1</circle><geocode>", 1), "is not lat,lon radius"),
]
SCHEMA_SEES: list[tuple[Edit, str]] = [
    (swap("<sent>2022-10-04T07:24:40+09:00", "<sent>2022-10-03T22:24:40Z"), "not a time with an offset"),
    (swap("<sent>2022-10-04T07:24:40+", "<sent>2022-10-04T07:24:40.5+"), "not a time with an offset"),
    (swap("<sent>2022-10-04", "<sent>2022-13-04"), "not a time with an offset"),
    (swap("<msgType>Update", "<msgType>Retract"), "unknown msgType"),
    (swap("<urgency>Immediate", "<urgency>Now"), "unknown urgency"),
    (swap("<scope>Public</scope>", ""), "alert: no scope"),
    (swap("<status>Exercise</status>", "<status>Exercise</status>" * 2), "more than one status"),
    (swap("<info>", "<info><shout/>", 1), "unknown element shout"),
    (swap("<event>", "<headline>x</headline><event>", 1), "out of order"),
    (swap("cap:1.2", "cap:1.1"), "not a CAP 1.2 alert"),
    (swap("</alert>", ""), "not well-formed"),
    (swap("<alert", '<!DOCTYPE alert SYSTEM "file:///etc/passwd"><alert'), "document type declaration"),
]


@pytest.mark.parametrize(("edit", "fault"), SCHEMA_IS_BLIND + SCHEMA_SEES)
def test_what_is_wrong_is_named(edit: Edit, fault: str) -> None:
    assert check(GOOD, Plane.EXERCISE) == ()
    found = check(edit(GOOD.decode()).encode(), Plane.EXERCISE)
    assert any(fault in row for row in found), found


@pytest.mark.parametrize(("edit", "fault"), SCHEMA_IS_BLIND)
def test_the_schema_would_let_it_pass(oasis: etree.XMLSchema, edit: Edit, fault: str) -> None:
    """Why we have rules of our own: these are valid by the XSD."""
    assert fault
    assert oasis.validate(etree.fromstring(edit(GOOD.decode()).encode()))


def test_an_entity_is_never_expanded() -> None:
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    bomb = entity + b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&x;</alert>'
    assert check(bomb) == ("has a document type declaration (external entities are an attack)",)
    assert check(b"<a>" * 1000)[0].startswith("not well-formed")
    assert check(b" " * (MAX_BYTES + 1)) == (f"larger than {MAX_BYTES} bytes",)


SAMPLES = {
    "google_australia.cap": None,
    "google_wcatwc-warning.cap": None,
    "google_canada_errors.cap": "Update without references",
    "google_invalid.cap": "alert: no scope",
    "google_xee.cap": "has a document type declaration",
    "google_earthquake.cap": "not a CAP 1.2 alert: {urn:oasis:names:tc:emergency:cap:1.1}alert",
    "google_earthquake_signed.cap": "not a CAP 1.2 alert: {urn:oasis:names:tc:emergency:cap:1.1}alert",
    "google_no_optional_fields.cap": "not a CAP 1.2 alert: {urn:oasis:names:tc:emergency:cap:1.1}alert",
}


def test_what_others_sent_is_judged_for_the_right_reason(samples: Path) -> None:
    assert {path.name for path in samples.iterdir()} == set(SAMPLES)
    for name, reason in SAMPLES.items():
        found = check((samples / name).read_bytes())
        if reason is None:
            assert found == (), name
        else:
            assert len(found) == 1, name
            assert found[0].startswith(reason), name


def test_polygons_cover_their_areas_and_are_bounded() -> None:
    """shapely's union and coverage as the judge; every area, Alaska across the 180th meridian too."""
    from shapely import union_all

    from tocsin.warn.shapes import MAX_POINTS, MAX_POLYGONS, rings

    for area in load_areas():
        drawn = [Polygon([(lon, lat) for lat, lon in ring]) for ring in rings(area.polygon)]
        assert all(part.is_valid for part in drawn), area.iso
        assert union_all(drawn).covers(area.polygon), area.iso
        assert len(drawn) <= MAX_POLYGONS
        assert sum(len(part.exterior.coords) for part in drawn) <= MAX_POINTS
        assert union_all(drawn).area < 2.5 * area.polygon.area + 0.05, area.iso

"""Cursor on Target: places agree with another library, planes are marked, the binary form reads the same."""

from __future__ import annotations

import math

import pymap3d
import pytest
import takproto
from exchange_samples import NOW, label, launch, prediction, tracklet
from lxml import etree
from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Product
from tocsin.model.track import Life
from tocsin.release.cot import MARK, OPEX, events

JPN = Nation.JPN


def parsed(product: Product) -> list[etree._Element]:
    return [etree.fromstring(event) for event in events(product, NOW)]


def test_an_object_stands_where_another_library_puts_it() -> None:
    track = tracklet(JPN, 3)
    (event,) = parsed(track)
    point = event.find("point")
    assert point is not None
    x, y, z, *velocity = track.state.x[:6]
    lat, lon, alt = (float(v) for v in pymap3d.ecef2geodetic(x, y, z))
    assert [float(point.attrib[k]) for k in ("lat", "lon")] == pytest.approx([lat, lon], abs=1e-5)
    assert float(point.attrib["hae"]) == pytest.approx(alt, abs=1.0)
    east, north, _ = pymap3d.ecef2enuv(*velocity, lat, lon)
    moving = event.find("detail/track")
    assert moving is not None
    assert float(moving.attrib["course"]) == pytest.approx(
        math.degrees(math.atan2(east, north)) % 360, abs=0.1
    )
    assert float(moving.attrib["speed"]) == pytest.approx(math.hypot(*velocity), abs=0.1)


def test_errors_are_one_sigma() -> None:
    state = tracklet(JPN, 1).state
    diagonal = {0: 400.0, 7: 400.0, 13: 400.0}
    p = tuple(diagonal.get(n, 0.0) for n in range(28))
    (event,) = parsed(replace(tracklet(JPN, 1), state=replace(state, p=p)))
    point = event.find("point")
    assert point is not None
    assert (point.attrib["ce"], point.attrib["le"]) == ("20", "20")


def test_what_is_not_seen_is_said_to_be_predicted() -> None:
    for life, words in (
        (Life.CONFIRMED, "tracked"),
        (Life.COASTING, "predicted, not seen"),
        (Life.MERGED, "goes on"),
    ):
        (event,) = parsed(replace(tracklet(JPN, 1), life=life))
        assert words in (event.findtext("detail/remarks") or "")


def test_a_prediction_is_a_point_and_its_ellipse() -> None:
    point, area = parsed(prediction(JPN, 1))
    assert (point.attrib["type"], area.attrib["type"]) == ("b-m-p-s-m", "u-d-c-c")
    ellipse = area.find("detail/shape/ellipse")
    assert ellipse is not None
    assert (ellipse.attrib["major"], ellipse.attrib["minor"]) == ("9000", "3000")
    assert float(ellipse.attrib["angle"]) == pytest.approx(math.degrees(0.9), abs=0.1)
    assert len({event.attrib["uid"] for event in (*parsed(launch(JPN, 1)), point, area)}) == 4


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("make", [tracklet, launch, prediction])
def test_no_plane_looks_like_another(plane: Plane, make: object) -> None:
    assert callable(make)
    for event in parsed(make(JPN, 1, label(JPN, plane=plane))):
        assert event.attrib["opex"] == OPEX[plane]
        assert f".{plane}." in event.attrib["uid"]
        contact, remarks = event.find("detail/contact"), event.findtext("detail/remarks")
        assert contact is not None
        for text in (str(contact.attrib["callsign"]), remarks or ""):
            if plane is Plane.REAL:
                assert not any(mark and mark in text for mark in MARK.values())
            else:
                assert text.startswith(MARK[plane])
                assert text.endswith(MARK[plane])


def test_without_opex_the_plane_still_stands_in_uid_and_texts() -> None:
    for data in events(prediction(JPN, 1), NOW, opex=False):
        event = etree.fromstring(data)
        assert "opex" not in event.attrib
        assert ".EXERCISE." in str(event.attrib["uid"])
        assert (event.findtext("detail/remarks") or "").startswith("EXERCISE")


def test_the_binary_form_reads_the_same() -> None:
    for event in events(prediction(JPN, 1), NOW):
        message = takproto.parse_proto(takproto.xml2proto(event))
        assert message.cotEvent.uid == etree.fromstring(event).attrib["uid"]
        assert message.cotEvent.lat == pytest.approx(40.1)
        assert "EXERCISE" in message.cotEvent.detail.contact.callsign

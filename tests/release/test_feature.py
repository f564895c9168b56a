"""Objects as GeoJSON: the places of the TAK events, valid by another library, marked by plane."""

import json
import math
from typing import Any

import pymap3d
import pytest
from exchange_samples import NOW, label, launch, prediction, silence, tracklet
from lxml import etree
from msgspec.structs import replace
from pymap3d.vincenty import vreckon
from shapely.geometry import Point, Polygon, shape

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Product
from tocsin.model.space import Ellipse95
from tocsin.release.cot import MARK, events
from tocsin.release.feature import features

JPN = Nation.JPN


def read(product: Product) -> list[dict[str, Any]]:
    """As a reader of RFC 8142 takes records: between RS and LF."""
    found = []
    for uid, record in features(product, NOW):
        assert record[:1] == b"\x1e"
        assert record.endswith(b"\n")
        assert record.count(b"\n") == 1
        one = json.loads(record[1:])
        assert one["id"] == uid
        found.append(one)
    return found


@pytest.mark.parametrize("product", [tracklet(JPN, 3), launch(JPN, 1), prediction(JPN, 2)])
def test_they_say_what_the_tak_events_say(product: Product) -> None:
    told = [etree.fromstring(event) for event in events(product, NOW)]
    for one, event in zip(read(product), told, strict=True):
        point = event.find("point")
        assert point is not None
        place = shape(one["geometry"]).centroid
        assert one["id"] == event.get("uid")
        assert (place.x, place.y) == pytest.approx([float(point.attrib[k]) for k in ("lon", "lat")], abs=1e-3)
        assert one["properties"]["remarks"] == event.findtext("detail/remarks")


def test_an_object_has_height_course_and_speed() -> None:
    track = tracklet(JPN, 3)
    (one,) = read(track)
    lat, lon, alt = (float(v) for v in pymap3d.ecef2geodetic(*track.state.x[:3]))
    assert one["geometry"]["coordinates"] == pytest.approx([lon, lat, alt], abs=1.0)
    assert set(one["properties"]) >= {"course_deg", "speed_mps", "sigma_m", "time", "stale"}


def test_an_area_is_the_ellipse() -> None:
    fall = prediction(JPN, 2).impact
    _, area = read(prediction(JPN, 2))
    region = shape(area["geometry"])
    assert isinstance(region, Polygon)
    assert region.is_valid
    assert region.exterior.is_ccw
    inside, outside = (
        vreckon(fall.lat_deg, fall.lon_deg, part * fall.ellipse95.semi_major_m, math.degrees(0.9))
        for part in (0.98, 1.02)
    )
    assert region.contains(Point(float(inside[1]), float(inside[0])))
    assert not region.contains(Point(float(outside[1]), float(outside[0])))


def test_an_ellipse_over_the_antimeridian_is_cut_there() -> None:
    told = prediction(JPN, 2)
    over = replace(
        told, impact=replace(told.impact, lon_deg=179.98, ellipse95=Ellipse95(9_000.0, 9_000.0, 0.0))
    )
    _, area = read(over)
    region = shape(area["geometry"])
    assert area["geometry"]["type"] == "MultiPolygon"
    assert region.is_valid
    assert region.bounds[0] >= -180.0
    assert region.bounds[2] <= 180.0
    assert region.contains(Point(-179.95, told.impact.lat_deg))


@pytest.mark.parametrize("plane", list(Plane))
def test_the_plane_stands_in_id_properties_and_every_text(plane: Plane) -> None:
    for one in read(tracklet(JPN, 1, label(JPN, plane=plane))) + read(
        prediction(JPN, 2, label(JPN, plane=plane))
    ):
        assert f".{plane}." in one["id"]
        assert one["properties"]["plane"] == plane
        for text in (one["properties"]["name"], one["properties"]["remarks"]):
            assert text.startswith(MARK[plane])
            assert text.endswith(MARK[plane])


def test_a_word_on_a_sensor_has_no_place() -> None:
    assert features(silence(JPN, 1), NOW) == []

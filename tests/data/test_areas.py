"""The built map data against known places: every city lies in its own area, and in no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from areas import coded, key_of, nation_areas, polygons

# Seats of government and islands, by published coordinates rounded to 0.01 degree.
CITIES = {
    "JP-01": [(43.06, 141.35)], "JP-02": [(40.82, 140.74)], "JP-04": [(38.27, 140.87)],
    "JP-13": [(35.69, 139.69)], "JP-27": [(34.69, 135.50)], "JP-40": [(33.59, 130.40)],
    "JP-47": [(26.21, 127.68), (24.34, 124.16)],
    "KR-11": [(37.57, 126.98)], "KR-26": [(35.18, 129.07)], "KR-27": [(35.87, 128.60)],
    "KR-28": [(37.46, 126.71), (37.75, 126.48), (37.96, 124.67)], "KR-30": [(36.35, 127.38)],
    "KR-31": [(35.54, 129.31)], "KR-41": [(37.28, 127.01), (37.25, 126.58)], "KR-42": [(37.88, 127.73)],
    "KR-43": [(36.64, 127.49)], "KR-44": [(36.66, 126.67)], "KR-45": [(35.82, 127.11), (36.12, 125.98)],
    "KR-46": [(34.82, 126.46)], "KR-47": [(36.58, 128.51), (37.49, 130.87)], "KR-48": [(35.24, 128.69)],
    "KR-49": [(33.49, 126.50)], "KR-50": [(36.48, 127.29)],
    "US-AK": [(61.21, -149.90), (52.85, 173.20)], "US-CA": [(34.05, -118.24)], "US-DC": [(38.90, -77.04)],
    "US-GU": [(13.47, 144.75)], "US-HI": [(21.31, -157.85)], "US-NY": [(40.71, -74.00)],
    "US-WA": [(47.60, -122.33)],
}  # fmt: skip
STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC "
    "ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY GU"
)
CODES = (
    {f"JP-{n:02}" for n in range(1, 48)}
    | {f"KR-{n}" for n in (11, *range(26, 32), *range(41, 51))}
    | {f"US-{state}" for state in STATES.split()}
)


@pytest.fixture(scope="module")
def features(root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((root / "src/tocsin/data/built/areas.json").read_text("utf-8"))[
        "features"
    ]
    return found


@pytest.fixture(scope="module")
def areas(features: list[dict[str, Any]]) -> dict[str, BaseGeometry]:
    return {f["properties"]["iso"]: shape(f["geometry"]) for f in features if not f["properties"]["context"]}


def test_every_first_level_area_is_there(areas: dict[str, BaseGeometry]) -> None:
    assert set(areas) == CODES


def test_geometry_is_valid_closed_and_wound_for_d3(features: list[dict[str, Any]]) -> None:
    for feature in features:
        geometry = shape(feature["geometry"])
        assert geometry.is_valid
        for part in polygons(geometry):
            assert part.exterior.is_closed
            assert part.exterior.is_simple
            assert not part.exterior.is_ccw
            west, _, east, _ = part.bounds
            assert east - west < 60, "a ring across the date line"


@pytest.mark.parametrize("iso", sorted(CITIES))
def test_a_city_lies_in_its_own_area_only(iso: str, areas: dict[str, BaseGeometry]) -> None:
    for lat, lon in CITIES[iso]:
        assert [code for code, area in areas.items() if area.contains(Point(lon, lat))] == [iso]


def test_areas_do_not_overlap(areas: dict[str, BaseGeometry]) -> None:
    codes = sorted(areas)
    shared = {
        f"{a} {b}": areas[a].intersection(areas[b]).area
        for i, a in enumerate(codes)
        for b in codes[i + 1 :]
        if a[:2] == b[:2] and areas[a].intersects(areas[b])
    }
    assert max(shared.values()) < 0.02, max(shared, key=lambda pair: shared[pair])


def test_every_area_has_its_name_in_three_scripts(features: list[dict[str, Any]]) -> None:
    for feature in features:
        names = feature["properties"]
        assert names["name_en"].isascii()
        assert any("\u3040" <= c <= "\u9fff" for c in names["name_ja"])
        assert any("\uac00" <= c <= "\ud7a3" for c in names["name_ko"])


def test_disputed_rocks_are_in_no_area(areas: dict[str, BaseGeometry]) -> None:
    assert [code for code, area in areas.items() if area.distance(Point(131.87, 37.24)) < 0.1] == []


def square(name: str | None, lon: float, lat: float) -> dict[str, Any]:
    ring = [[lon, lat], [lon + 1, lat], [lon + 1, lat + 1], [lon, lat + 1], [lon, lat]]
    return {"properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


ROW = {"en": "Hyogo", "ja": "兵庫県", "ko": "효고현"}


def test_names_are_compared_without_accents_and_islands_join_the_nearest() -> None:
    assert key_of("Hyōgo ") == key_of("hyogo")
    rows = nation_areas("JPN", [square("Hyōgo", 0, 0), square(None, 3, 0)], {"JP-28": ROW})
    assert [row["geometry"]["type"] for row in rows] == ["MultiPolygon"]


def test_an_unknown_or_missing_area_stops_the_build() -> None:
    with pytest.raises(ValueError, match="no ISO 3166-2 code for the area 'Atlantis'"):
        coded([square("Atlantis", 0, 0)], {"JP-28": ROW})
    with pytest.raises(ValueError, match="the map data has no area for JP-28"):
        coded([], {"JP-28": ROW})

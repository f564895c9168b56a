"""Sea areas keep their promises: near their own nation and no nearer to another, off land, off disputes."""

from __future__ import annotations

import json
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely
import shapely.ops
from pyproj import Geod
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from tocsin.earth.places import Area, load_areas
from tocsin.earth.seas import load_sea_areas

GEOD = Geod(ellps="WGS84")
REACH_KM = 200 * 1.852
# Claimed by two of the three nations, or by one and a neighbour: positions to 0.01 degree.
DISPUTED = {
    "Liancourt Rocks": (131.87, 37.24),
    "Habomai": (146.0, 43.4),
    "Senkaku": (123.5, 25.74),
    "Socotra": (125.18, 32.12),
}
DISPUTED_KM = 24 * 1.852


def km_to_land(areas: list[Area], lon: float, lat: float) -> float:
    """To the nearest corner of any outline: right to the spacing of the outline's corners."""
    found = np.concatenate([shapely.get_coordinates(area.polygon) for area in areas])
    aside = np.abs((found[:, 0] - lon + 180.0) % 360.0 - 180.0)
    near = found[(np.abs(found[:, 1] - lat) < 6.0) & (aside < 12.0)]
    if not len(near):
        return float("inf")
    _, _, metres = GEOD.inv(np.full(len(near), lon), np.full(len(near), lat), near[:, 0], near[:, 1])
    return float(np.min(metres)) / 1e3


@pytest.fixture(scope="module")
def corners(root: Path) -> dict[str, tuple[str, list[tuple[float, float]]]]:
    table = tomllib.loads((root / "src/tocsin/data/sea_areas.toml").read_text("utf-8"))
    return {code: (nation, row["corners"]) for nation, rows in table.items() for code, row in rows.items()}


def test_corners_are_within_reach_and_nearer_to_their_own_nation(
    corners: dict[str, tuple[str, list[tuple[float, float]]]],
) -> None:
    for code, (nation, places) in corners.items():
        own = [area for area in load_areas() if area.nation == nation]
        others = [area for area in load_areas() if area.nation != nation]
        for lon, lat in places:
            near = km_to_land(own, lon, lat)
            assert near < REACH_KM, (code, lon, lat, near)
            assert near < km_to_land(others, lon, lat), (code, lon, lat)


def test_disputed_places_are_in_no_area_and_near_none() -> None:
    for area in load_sea_areas():
        for name, (lon, lat) in DISPUTED.items():
            near = shapely.ops.nearest_points(area.polygon, Point(lon, lat))[0]
            _, _, metres = GEOD.inv(lon, lat, near.x, near.y)
            assert metres / 1e3 > DISPUTED_KM, (area.iso, name, metres)


def test_areas_do_not_overlap_and_touch_no_land(root: Path) -> None:
    built = root / "src/tocsin/data/built"
    rows = json.loads((built / "areas.json").read_text("utf-8"))["features"]
    land: list[BaseGeometry] = [shape(row["geometry"]) for row in rows]
    for one, other in combinations(load_sea_areas(), 2):
        assert one.polygon.intersection(other.polygon).area < 0.05, (one.iso, other.iso)
    for area in load_sea_areas():
        assert area.polygon.is_valid
        assert not any(area.polygon.intersects(dry) for dry in land), area.iso


def test_named_in_three_languages_by_its_own_code() -> None:
    for area in load_sea_areas():
        assert area.iso.startswith({"USA": "US", "KOR": "KR", "JPN": "JP"}[area.nation])
        assert "-SEA-" in area.iso
        assert set(area.names) == {"en", "ko", "ja"}
        assert all(area.names.values())

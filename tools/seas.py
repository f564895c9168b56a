"""Sea areas from our own outlines: checked, land cut out, as GeoJSON beside the first-level areas.

Not here: which of them are warned, and how (tocsin.earth.seas, tocsin.warn). The outlines and what they may
not touch: src/tocsin/data/sea_areas.toml.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import Polygon, box, shape
from shapely.geometry.base import BaseGeometry

from areas import Json, feature, polygons, tidy

OUTLINES = Path("src/tocsin/data/sea_areas.toml")
SHORE_DEG = 0.1  # 11 km: a message widens outlines by 2 to 5 km, and may not reach people on land
THIN_DEG = 0.04
SMALLEST_DEG2 = 0.02  # bays and sounds cut off by land


def sea_areas(land: list[Json], world: Json) -> list[Json]:
    """One feature for each outline. `land`: the first-level areas' features; `world`: GeoJSON of all land."""
    table = tomllib.loads(OUTLINES.read_text(encoding="utf-8"))
    shores = [shape(row["geometry"]) for row in land] + [_whole(world)]
    rows = []
    for nation, areas in table.items():
        for code, row in sorted(areas.items()):
            rows.append(feature(code, nation, row["names"], tidy(_wet(Polygon(row["corners"]), shores))))
    return rows


def _whole(world: Json) -> BaseGeometry:
    rows: list[Any] = world["features"] if world["type"] == "FeatureCollection" else [world]
    return shapely.union_all([shapely.make_valid(shape(row.get("geometry", row))) for row in rows])


def _wet(outline: Polygon, shores: list[BaseGeometry]) -> list[Polygon]:
    if not outline.is_valid:
        raise ValueError(f"a sea area's outline crosses itself: {outline.wkt[:80]}")
    near = box(*outline.buffer(0.5).bounds)
    dry = shapely.union_all([shore.intersection(near) for shore in shores]).buffer(SHORE_DEG, quad_segs=2)
    wet = outline.difference(dry.simplify(THIN_DEG)).simplify(THIN_DEG)
    return [part for part in polygons(wet) if part.area > SMALLEST_DEG2]

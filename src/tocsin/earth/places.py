"""First-level areas of the three nations, and which of them a flight may hit or cross.

Areas are polygons in longitude and latitude (degrees), cut at the 180th meridian; `load_areas` reads them
from the package data that `make setup` builds. The rest are pure functions. The disc of a corridor is an
ellipse in degrees at its own latitude, right to 2 % of its radius up to latitude 70 degrees.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from shapely.geometry.base import BaseGeometry

from tocsin.earth.constants import WGS84_A_M, WGS84_E2
from tocsin.earth.frames import ground_destination
from tocsin.errors import UserError

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

_SETUP: Final = "run make setup"
_POINTS: Final = 400  # of a Gaussian: probabilities in steps of 1/400
_GOLDEN_ANGLE_RAD: Final = np.pi * (3.0 - 5.0**0.5)
_CORNERS: Final = 24
# Corners lie a little outside, so that the polygon has the area of the disc.
_SWELL: Final = float(np.sqrt(2.0 * np.pi / (_CORNERS * np.sin(2.0 * np.pi / _CORNERS))))
_SMALLEST_CORRIDOR_M: Final = 1_000.0
_EDGE_PARTS: Final = 8
_SHIFTS: Final = np.linspace(-3.0, 3.0, 25)  # of the whole track, in standard deviations
_SHIFT_BOUNDS: Final = np.concatenate(([-np.inf], 0.5 * (_SHIFTS[1:] + _SHIFTS[:-1]), [np.inf]))
_SHIFT_WEIGHTS: Final = np.diff(ndtr(_SHIFT_BOUNDS))


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """A first-level area: ISO 3166-2 code, nation (USA, KOR, JPN), names (en, ko, ja), outline in degrees."""

    iso: str
    nation: str
    names: dict[str, str]
    polygon: BaseGeometry


class _Feature(Struct):
    properties: dict[str, Any]
    geometry: msgspec.Raw  # read by GEOS itself: five times quicker


class _Collection(Struct):
    features: list[_Feature]


class Overflight(NamedTuple):
    """An area that the corridor touches, from `enter_s` to `leave_s` on the ground track's clock."""

    iso: str
    enter_s: float
    leave_s: float


@lru_cache(maxsize=1)
def load_areas() -> tuple[Area, ...]:
    """All areas that can be warned, ordered by code; UserError when the map data is missing or damaged."""
    return read_areas(_map_data())


@lru_cache(maxsize=1)
def areas_sha256() -> str:
    """SHA-256 (hex) of the map data that `load_areas` reads: results depend on it, so records name it."""
    return hashlib.sha256(_read(_map_data())).hexdigest()


def read_areas(source: Traversable) -> tuple[Area, ...]:
    """The areas of a GeoJSON FeatureCollection, without those marked as context (background of the map)."""
    try:
        found = msgspec.json.decode(_read(source), type=_Collection).features
        features = [feature for feature in found if not feature.properties["context"]]
        polygons = shapely.from_geojson([bytes(feature.geometry) for feature in features])
        areas = [_area(*row) for row in zip(features, polygons, strict=True)]
    except (ValueError, KeyError, TypeError, shapely.GEOSException) as failure:
        raise UserError(f"the map data is damaged ({source.name}: {failure})", fix=_SETUP) from failure
    shapely.prepare([area.polygon for area in areas])
    return tuple(sorted(areas, key=lambda area: area.iso))


def area_probabilities(
    lat_rad: float, lon_rad: float, covariance_en: Array, areas: Sequence[Area]
) -> dict[str, float]:
    """Probability that an impact falls within each area, likeliest first; areas below 1/400 are left out.

    The impact is Gaussian about a latitude and longitude with an (east, north) covariance (2, 2) in m^2, laid
    over the ellipsoid by geodesics. Deterministic: 400 points of a sunflower spiral with equal weights.
    """
    order = np.arange(_POINTS)
    radius = np.sqrt(-2.0 * np.log1p(-(order + 0.5) / _POINTS))
    unit = radius * np.stack((np.sin(order * _GOLDEN_ANGLE_RAD), np.cos(order * _GOLDEN_ANGLE_RAD)))
    values, vectors = np.linalg.eigh(covariance_en)
    east, north = (vectors * np.sqrt(np.maximum(values, 0.0))) @ unit
    lat, lon = ground_destination(lat_rad, lon_rad, np.arctan2(east, north), np.hypot(east, north))
    x, y = np.degrees(lon), np.degrees(lat)
    near = _near(areas, x, y)
    return _likeliest({area.iso: float(shapely.intersects_xy(area.polygon, x, y).mean()) for area in near})


def overflown(track: Array, areas: Sequence[Area], corridor_m: float) -> list[Overflight]:
    """Areas that come within `corridor_m` of a ground track, by time of entry.

    `track`: rows [t_s, lat_rad, lon_rad, ...] as from flight.ground_track. Entry is the first touch and exit
    the last one, to a thirty-second of the corridor's half-width (or 250 m).
    """
    half_width_m = max(corridor_m, _SMALLEST_CORRIDOR_M)
    fine = _densify(track, 0.25 * half_width_m)
    hit = _touches(fine, areas, half_width_m)
    first = np.full(len(areas), len(fine))
    last = np.full(len(areas), -1)
    np.minimum.at(first, hit[1], hit[0])
    np.maximum.at(last, hit[1], hit[0])
    found = np.flatnonzero(last >= 0)
    enter = _edge_times(fine, areas, half_width_m, found, first[found], -1)
    leave = _edge_times(fine, areas, half_width_m, found, last[found], 1)
    rows = zip(found.tolist(), enter.tolist(), leave.tolist(), strict=True)
    return sorted(
        (Overflight(areas[a].iso, e, x) for a, e, x in rows), key=lambda row: (row.enter_s, row.iso)
    )


def overflight_probabilities(
    track: Array, areas: Sequence[Area], corridor_m: float, cross_track_sigma_m: ArrayLike
) -> dict[str, float]:
    """Probability that the corridor touches each area when the track is uncertain sidewise, likeliest first.

    `cross_track_sigma_m`: one figure or one per row of `track`. The whole track is shifted together (fully
    correlated along its length), to 25 places within three standard deviations: right to about 0.05.
    """
    half_width_m = max(corridor_m, _SMALLEST_CORRIDOR_M)
    sigma = np.broadcast_to(np.asarray(cross_track_sigma_m, dtype=np.float64), (len(track),))
    coarse = _densify(np.column_stack((track[:, :3], sigma)), 0.5 * half_width_m)
    reach = _touches(coarse, areas, half_width_m + 3.0 * float(sigma.max()))
    near = np.unique(reach[0])
    if not len(near):
        return {}
    shifted = _aside(coarse, near, _SHIFTS[:, None] * coarse[near, 3])
    candidates = [areas[i] for i in np.unique(reach[1]).tolist()]
    samples, hits = _touches(shifted, candidates, half_width_m)
    touched = np.zeros((len(_SHIFTS), len(candidates)), dtype=bool)
    touched[samples // len(near), hits] = True
    chances = (_SHIFT_WEIGHTS @ touched).tolist()
    return _likeliest({area.iso: p for area, p in zip(candidates, chances, strict=True)})


def _map_data() -> Traversable:
    return resources.files("tocsin") / "data" / "built" / "areas.json"


def _read(source: Traversable) -> bytes:
    try:
        return source.read_bytes()
    except OSError as failure:
        raise UserError(f"the map data is not built ({source.name} is missing)", fix=_SETUP) from failure


def _area(feature: _Feature, polygon: BaseGeometry) -> Area:
    properties = feature.properties
    names = {language: str(properties[f"name_{language}"]) for language in ("en", "ko", "ja")}
    return Area(str(properties["iso"]), str(properties["nation"]), names, polygon)


def _likeliest(chances: dict[str, float]) -> dict[str, float]:
    """The possible ones, likeliest first, then by code."""
    possible = [(iso, chance) for iso, chance in chances.items() if chance > 0.0]
    return dict(sorted(possible, key=lambda item: (-item[1], item[0])))


def _near(areas: Sequence[Area], x: Array, y: Array) -> list[Area]:
    """Areas whose bounding box meets the points' box (the whole width for points about longitude 180)."""
    if not areas:
        return []
    west, south, east, north = shapely.bounds([area.polygon for area in areas]).T
    far = (south > y.max()) | (north < y.min()) | (west > x.max()) | (east < x.min())
    return [area for area, out in zip(areas, far, strict=True) if not out]


def _densify(track: Array, spacing_m: float) -> Array:
    """The same track with rows at most `spacing_m` apart along great circles; further columns go along."""
    unit = _unit(track)
    steps_m = WGS84_A_M * np.sqrt(np.sum(np.diff(unit, axis=1) ** 2, axis=0))
    along = np.concatenate(([0.0], np.cumsum(steps_m)))
    if along[-1] == 0.0:
        return track[[0, -1]] if len(track) > 1 else track
    # A vertical stretch (lofted flight) covers no ground: keep its own rows, they carry the time.
    index = np.arange(len(along), dtype=np.float64)
    stretched = along + index * 1e-6
    places = np.union1d(stretched, np.arange(0.0, stretched[-1], spacing_m))
    lat, lon = _place(np.stack([np.interp(places, stretched, part) for part in unit]))
    time, *more = (
        np.interp(places, stretched, track[:, column]) for column in (0, *range(3, track.shape[1]))
    )
    return np.column_stack((time, lat, lon, *more))


def _unit(track: Array) -> Array:
    """The rows' places as unit vectors, shape (3, n): the sphere of the geodetic normals."""
    lat, lon = track[:, 1], track[:, 2]
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def _place(unit: Array) -> tuple[Array, Array]:
    """Latitude and longitude of vectors of shape (3, ...)."""
    x, y, z = unit
    return np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)


def _aside(track: Array, rows: Ints, shift_m: Array) -> Array:
    """The rows of a track shifted to the right by `shift_m` (k, rows), set after set: k x rows of them."""
    unit = _unit(track)
    motion = np.gradient(unit, axis=1) if len(track) > 1 else np.zeros_like(unit)
    right = np.cross(motion, unit, axis=0)
    right /= np.maximum(np.linalg.norm(right, axis=0), np.finfo(np.float64).tiny)
    turn = shift_m / WGS84_A_M
    lat, lon = _place(np.cos(turn) * unit[:, None, rows] + np.sin(turn) * right[:, None, rows])
    return np.column_stack((np.zeros(lat.size), lat.ravel(), lon.ravel()))


def _touches(track: Array, areas: Sequence[Area], radius_m: float) -> tuple[Ints, Ints]:
    """Pairs (row of the track, number of the area) where the disc about the row touches the area."""
    rows, discs = _discs(track, radius_m)
    outlines = np.array([area.polygon for area in areas], dtype=object)
    shapely.prepare(outlines)
    which, area = shapely.STRtree(outlines).query(discs)
    true = shapely.intersects(outlines[area], discs[which])
    return rows[which[true]], area[true]


def _discs(track: Array, radius_m: float) -> tuple[Ints, NDArray[np.object_]]:
    """Discs about the rows as polygons in degrees, and the row of each; twice over the 180th meridian."""
    lat, lon = track[:, 1:2], track[:, 2:3]
    curvature = 1.0 - WGS84_E2 * np.sin(lat) ** 2
    meridian_m = WGS84_A_M * (1.0 - WGS84_E2) / curvature**1.5
    parallel_m = WGS84_A_M / np.sqrt(curvature) * np.cos(lat)
    turn = 2.0 * np.pi * np.arange(_CORNERS) / _CORNERS
    tall = _SWELL * radius_m / meridian_m
    wide = np.minimum(_SWELL * radius_m / np.maximum(parallel_m, 1.0), np.pi)
    x = np.degrees(lon + wide * np.sin(turn))
    y = np.clip(np.degrees(lat + tall * np.cos(turn)), -90.0, 90.0)
    over = np.flatnonzero(x.max(axis=1) > 180.0)
    under = np.flatnonzero(x.min(axis=1) < -180.0)
    x = np.concatenate((x, x[over] - 360.0, x[under] + 360.0))
    rows = np.concatenate((np.arange(len(track)), over, under))
    return rows, np.asarray(shapely.polygons(np.stack((x, y[rows]), axis=-1)), dtype=object)


def _edge_times(
    track: Array, areas: Sequence[Area], radius_m: float, found: Ints, touching: Ints, side: int
) -> Array:
    """Time of the first (side -1) or last (1) touch of each found area, between a row and its neighbour."""
    if not len(found):
        return np.empty(0)
    beyond = np.clip(touching + side, 0, len(track) - 1)
    part = np.linspace(0.0, 1.0, _EDGE_PARTS + 1)[:-1, None]
    inner, outer = track[touching], track[beyond]
    turn = (outer[:, 2] - inner[:, 2] + np.pi) % (2.0 * np.pi) - np.pi
    lat = inner[:, 1] + part * (outer[:, 1] - inner[:, 1])
    lon = (inner[:, 2] + part * turn + np.pi) % (2.0 * np.pi) - np.pi
    probes = np.column_stack((np.zeros(lat.size), lat.ravel(), lon.ravel()))
    rows, discs = _discs(probes, radius_m)
    outlines = np.array([areas[i].polygon for i in found], dtype=object)
    hit = shapely.intersects(outlines[rows % len(found)], discs)
    furthest = np.zeros(len(found))
    np.maximum.at(furthest, rows[hit] % len(found), part[rows[hit] // len(found), 0])
    return np.asarray(inner[:, 0] + furthest * (outer[:, 0] - inner[:, 0]))

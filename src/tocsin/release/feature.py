"""Objects as GeoJSON features: the same events as for TAK (cot.py), for maps that read RFC 7946.

Each feature is a record of a GeoJSON text sequence (RFC 8142): RS, the text, LF. `id` is the event's uid,
under which a newer feature replaces an older one; plane and marks stand in it and in `name` and `remarks`. A
95 % ellipse is a polygon. Positions: longitude, latitude, height above the ellipsoid in metres (RFC 7946,
3.1.1).
"""

from typing import Any, Final

import msgspec
import numpy as np
from lxml import etree
from shapely import affinity
from shapely.geometry import Polygon, box, mapping
from shapely.geometry.polygon import orient
from shapely.ops import unary_union

from tocsin.earth.frames import ecef_to_geodetic, enu_basis, geodetic_to_ecef
from tocsin.model.product import Product
from tocsin.model.time import Instant
from tocsin.release.cot import ELLIPSE, elements

CORNERS: Final = 48
"""Of an ellipse: its outline is then within half a percent of the curve (1 - cos(pi / 48) = 0.2 %)."""

RECORD: Final = b"\x1e"
"""RFC 8142, 2.1: each text follows an RS and ends with an LF."""

_WORLD: Final = box(-180.0, -90.0, 180.0, 90.0)


def features(product: Product, now_wall_ns: Instant) -> list[tuple[str, bytes]]:
    """(uid, record) of each event of a product."""
    made = [_feature(event, str(product.label.plane)) for event in elements(product, now_wall_ns)]
    return [(str(one["id"]), RECORD + msgspec.json.encode(one) + b"\n") for one in made]


def _feature(event: etree._Element, plane: str) -> dict[str, Any]:
    point = event.find("point")
    assert point is not None
    lat, lon, height = (float(str(point.get(key))) for key in ("lat", "lon", "hae"))
    spot = {"type": "Point", "coordinates": [lon, lat, height]}
    return {
        "type": "Feature",
        "id": event.get("uid"),
        "geometry": _region(event, lat, lon) if event.get("type") == ELLIPSE else spot,
        "properties": _properties(event, point, plane),
    }


def _properties(event: etree._Element, point: etree._Element, plane: str) -> dict[str, Any]:
    """What the event says in words and figures; a course and a speed where it has them."""
    contact, moving = event.find("detail/contact"), event.find("detail/track")
    told: dict[str, Any] = {
        "plane": plane,
        "name": contact.get("callsign") if contact is not None else "",
        "remarks": event.findtext("detail/remarks"),
        "time": event.get("time"),
        "stale": event.get("stale"),
        "sigma_m": float(str(point.get("ce"))),
    }
    if moving is not None:
        told |= {"course_deg": float(str(moving.get("course"))), "speed_mps": float(str(moving.get("speed")))}
    return told


def _region(event: etree._Element, lat_deg: float, lon_deg: float) -> dict[str, Any]:
    """The ellipse's outline; cut where it crosses the antimeridian (RFC 7946, 3.1.9)."""
    shape = event.find("detail/shape/ellipse")
    assert shape is not None
    major, minor, angle = (float(str(shape.get(key))) for key in ("major", "minor", "angle"))
    turn, along = np.radians(angle), np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
    out, side = major * np.cos(along), minor * np.sin(along)
    east, north = out * np.sin(turn) + side * np.cos(turn), out * np.cos(turn) - side * np.sin(turn)
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    level = np.stack((east, north), axis=-1) @ enu_basis(float(lat), float(lon))[:2]
    lats, lons, _ = ecef_to_geodetic(geodetic_to_ecef(lat, lon, 0.0) + level)
    near = lon_deg + (np.degrees(lons) - lon_deg + 180.0) % 360.0 - 180.0
    whole = Polygon(np.stack((near, np.degrees(lats)), axis=-1).round(6))
    parts = [affinity.translate(whole, turns).intersection(_WORLD) for turns in (-360.0, 0.0, 360.0)]
    found = unary_union([part for part in parts if not part.is_empty])
    return dict(mapping(orient(found) if isinstance(found, Polygon) else found))

"""A warning for maps: one GeoJSON feature for each area, the texts in three languages beside it (RFC
7946).
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from shapely.geometry.base import BaseGeometry

from tocsin.model.time import Instant, to_datetime
from tocsin.model.warning import WarnedArea, Warning, at_sea
from tocsin.warn.cap import sender
from tocsin.warn.cap_rules import STATUS
from tocsin.warn.shapes import rings
from tocsin.warn.texts import Names, name_of, render
from tocsin.warn.words import LANGS


def features(warning: Warning, name: str, shapes: Mapping[str, BaseGeometry], names: Names) -> dict[str, Any]:
    """FeatureCollection, longitude first (section 3.1.1). KeyError for an area without a shape."""
    return {
        "type": "FeatureCollection",
        "id": name,
        "properties": {
            "identifier": name,
            "sender": sender(warning.nation, warning.plane),
            "plane": str(warning.plane),
            "status": STATUS[warning.plane],
            "msgType": str(warning.msg_type),
            "certainty": str(warning.certainty),
            "objects": warning.objects,
            "sent": _utc(warning.sent_ns),
            "expires": _utc(warning.expires_ns),
            "texts": {lang: _texts(warning, names, lang) for lang in LANGS},
        },
        "features": [_feature(row, shapes[row.area], names) for row in warning.areas],
    }


def _texts(warning: Warning, names: Names, lang: Any) -> dict[str, str]:
    texts = render(warning, names, lang)
    return {
        "event": texts.event,
        "headline": texts.headline,
        "description": texts.description,
        "instruction": texts.instruction,
    }


def _feature(row: WarnedArea, shape: BaseGeometry, names: Names) -> dict[str, Any]:
    # CAP's rings are latitude first and may run either way; RFC 7946, 3.1.6: outer rings counter-clockwise.
    outlines = [[_counter_clockwise([[lon, lat] for lat, lon in ring])] for ring in rings(shape)]
    return {
        "type": "Feature",
        "id": row.area,
        "properties": {
            "area": row.area,
            "kind": "sea" if at_sea(row.area) else "land",
            "names": {lang: name_of(row.area, names, lang) for lang in LANGS},
            "threat": str(row.threat),
            "expected": _utc(row.expected_ns),
        },
        "geometry": {"type": "MultiPolygon", "coordinates": outlines},
    }


def _counter_clockwise(ring: list[list[float]]) -> list[list[float]]:
    twice_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    return ring if twice_area > 0.0 else ring[::-1]


def _utc(instant: Instant) -> str:
    return to_datetime(instant).isoformat(timespec="seconds").replace("+00:00", "Z")

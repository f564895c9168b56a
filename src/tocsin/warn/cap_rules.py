"""What a CAP 1.2 message must keep beyond the schema's table: the rules that an XSD cannot say.

Times with an offset and no fractions, references, scope, expiry, closed polygons in latitude, longitude
order; and for our own messages: the status bound to the plane and the same facts in every language.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lxml import etree
from shapely import is_valid
from shapely.geometry import Polygon

from tocsin.model.label import Plane
from tocsin.warn.cap_schema import children, first, local, parse, structure, text_of

GEOCODE: Final = "ISO3166-2"
SEA_GEOCODE: Final = "tocsin:sea-area"
"""For sea areas, whose codes and outlines are our own."""
LANGUAGES: Final = ("en-US", "ko-KR", "ja-JP")
STATUS: Final = {Plane.REAL: "Actual", Plane.EXERCISE: "Exercise", Plane.TEST: "Test"}

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_BAD_NAME: Final = re.compile(r"[\s,<&]")
_FACTS: Final = frozenset(
    [
        "category",
        "responseType",
        "urgency",
        "severity",
        "certainty",
        "onset",
        "expires",
        "polygon",
        "circle",
        "valueName",
        "value",
    ]
)
# Latitudes and longitudes of each nation's areas: finds swapped order where both would be valid numbers.
_BOUNDS: Final = {
    "JP": (20.0, 46.5, 122.0, 155.0),
    "KR": (31.5, 39.5, 123.5, 132.5),
    "US": (-15.5, 72.5, -180.0, 180.0),
}


def check(xml: bytes, plane: Plane | None = None) -> tuple[str, ...]:
    """Faults of a message, none = good. With a plane it must be one of our own: its status, and three equal
    infos.
    """
    try:
        alert = parse(xml)
    except ValueError as fault:
        return (str(fault),)
    faults = [*structure(alert), *_head(alert)]
    for number, info in enumerate(children(alert, "info"), start=1):
        faults += [f"info {number}: {fault}" for fault in _info(alert, info)]
    if plane is not None:
        faults += _own(alert, plane)
    return tuple(faults)


def _head(alert: etree._Element) -> Iterator[str]:
    for name in ("identifier", "sender"):
        text = first(alert, name)
        if not text or _BAD_NAME.search(text):
            yield f"{name} is empty or holds a space, a comma, < or &"
    yield from _time_faults("sent", first(alert, "sent"))
    kind, scope = first(alert, "msgType"), first(alert, "scope")
    references = first(alert, "references").split()
    if kind in ("Update", "Cancel", "Ack", "Error") and not references:
        yield f"{kind} without references"
    yield from (
        f"reference {row!r} is not sender,identifier,sent" for row in references if not _reference(row)
    )
    if scope == "Restricted" and not first(alert, "restriction"):
        yield "scope Restricted without a restriction"
    if scope == "Private" and not first(alert, "addresses"):
        yield "scope Private without addresses"


def _reference(row: str) -> bool:
    parts = row.split(",")
    return len(parts) == 3 and all(parts) and not list(_time_faults("sent", parts[2]))


def _info(alert: etree._Element, info: etree._Element) -> Iterator[str]:
    for name in ("effective", "onset", "expires"):
        if children(info, name):
            yield from _time_faults(name, first(info, name))
    sent, expires = _moment(first(alert, "sent")), _moment(first(info, "expires"))
    if sent and expires and expires <= sent:
        yield "expires is not after sent"
    for area in children(info, "area"):
        yield from _area(area)


def _area(area: etree._Element) -> Iterator[str]:
    if not first(area, "areaDesc"):
        yield "an area without a description"
    codes = [
        first(pair, "value")
        for pair in children(area, "geocode")
        if first(pair, "valueName") in (GEOCODE, SEA_GEOCODE)
    ]
    for polygon in children(area, "polygon"):
        yield from _polygon(text_of(polygon), codes)
    for circle in children(area, "circle"):
        centre, _, radius = text_of(circle).partition(" ")
        if _point(centre) is None or (_number(radius) or 0.0) < 0.0 or _number(radius) is None:
            yield f"circle {text_of(circle)!r} is not lat,lon radius"
    if children(area, "ceiling") and not children(area, "altitude"):
        yield "ceiling without altitude"


def _polygon(text: str, codes: list[str]) -> Iterator[str]:
    points = [_point(part) for part in text.split()]
    good = [point for point in points if point is not None]
    if len(good) != len(points):
        yield "polygon: a point is not lat,lon in degrees (swapped order?)"
        return
    if len(good) < 4 or good[0] != good[-1]:
        yield "polygon: not closed (four points or more, last = first)"
        return
    if not is_valid(Polygon(good)):
        yield "polygon: crosses itself"
    for bounds in (_BOUNDS[code[:2]] for code in codes if code[:2] in _BOUNDS):
        if not all(bounds[0] <= lat <= bounds[1] and bounds[2] <= lon <= bounds[3] for lat, lon in good):
            yield "polygon: far outside the area of its code (swapped order?)"


def _point(text: str) -> tuple[float, float] | None:
    lat, comma, lon = text.partition(",")
    y, x = _number(lat), _number(lon)
    if not comma or y is None or x is None or abs(y) > 90.0 or abs(x) > 180.0:
        return None
    return y, x


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[-+]?\d{1,9}(?:\.\d{0,15})?", text, re.ASCII) else None


def _own(alert: etree._Element, plane: Plane) -> Iterator[str]:
    """Status bound to the plane; one info per language with equal facts."""
    status = first(alert, "status")
    if status != STATUS[plane]:
        yield f"status {status} in the {plane} plane"
    infos = children(alert, "info")
    if tuple(first(info, "language") for info in infos) != LANGUAGES:
        yield f"languages are not {', '.join(LANGUAGES)}"
    facts = {tuple((local(e), text_of(e)) for e in info.iter() if local(e) in _FACTS) for info in infos}
    if len(facts) > 1:
        yield "the languages do not say the same (urgency, severity, certainty, times, areas)"


def _time_faults(name: str, text: str) -> Iterator[str]:
    if _moment(text) is None:
        yield f"{name} {text!r} is not a time with an offset (no Z, no fractions)"


def _moment(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

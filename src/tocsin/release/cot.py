"""Objects as Cursor on Target: what TAK servers and clients show. XML by lxml, the binary form by takproto.

An object, its launch point, its impact point and the 95 % ellipse around it are one event each. The plane is
in `opex` (o operational, e exercise, s simulation), in the uid and, outside REAL, first and last in every
text: a map must never show a drill as reality. Times are wall time: clients drop what is stale by their own
clock. Source: Cursor on Target message schema, MITRE 2007 (opex, how, point); ATAK's shapes (`u-d-c-c`).
"""

from collections.abc import Iterator
from math import atan2, degrees, hypot, sqrt
from typing import Final

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate, SharedPrediction
from tocsin.model.label import Plane
from tocsin.model.product import Product
from tocsin.model.space import STATE_SIZE, EcefState
from tocsin.model.time import Instant, after, to_iso
from tocsin.model.track import Life, Tracklet

OPEX: Final = {Plane.REAL: "o-", Plane.EXERCISE: "e-tocsin", Plane.TEST: "s-tocsin"}
MARK: Final = {Plane.REAL: "", Plane.EXERCISE: "EXERCISE", Plane.TEST: "TEST"}

OBJECT: Final = "a-u-A-W-M"
"""MIL-STD-2525B air track, weapon, missile in flight; affiliation unknown: tocsin says what flies, not
whose.
"""
POINT: Final = "b-m-p-s-m"
ELLIPSE: Final = "u-d-c-c"
HOW: Final = "m-f"
"""Machine, fused from several measurements."""

STALE_S: Final = 20.0
"""A tracklet comes every second or two; after this long the client must show it as old."""
POINT_STALE_S: Final = 300.0

UNKNOWN_M: Final = "9999999.0"
"""The schema's word for an error that is not known."""

_LIFE_WORDS: Final = {Life.CONFIRMED: "tracked", Life.MERGED: "merged: another track goes on with it"}

_SIGMAS_95: Final = 2.4477
"""Semi-axis of a 95 % ellipse in sigmas: sqrt of the chi-squared quantile with 2 degrees of freedom."""


def events(product: Product, now_wall_ns: Instant, *, opex: bool = True) -> tuple[bytes, ...]:
    """The CoT events of a product, each a document of its own (UTF-8, no declaration).

    Without `opex`: for servers that refuse the attribute (FreeTAKServer 2.2); uid and texts say the plane.
    """
    made = tuple(elements(product, now_wall_ns))
    for event in made if not opex else ():
        del event.attrib["opex"]
    return tuple(etree.tostring(event, encoding="utf-8") for event in made)


def elements(product: Product, now: Instant) -> Iterator[etree._Element]:
    """The same as elements; none for what has no place on a map."""
    name = f"{product.origin}-{product.track_id}" if _unnamed(product) else product.track_id
    if isinstance(product, Tracklet):
        yield _object(product, name, now)
    elif isinstance(product, LaunchEvent):
        yield from _place(product, "launch", f"Launch point {name}", product.launch, now)
    elif isinstance(product, SharedPrediction):
        yield from _place(product, "impact", f"Impact point {name}", product.impact, now)


def _unnamed(product: Product) -> bool:
    return not product.track_id.startswith(str(product.origin))


def _object(track: Tracklet, name: str, now: Instant) -> etree._Element:
    lat_rad, lon_rad, hae_m = (float(v) for v in ecef_to_geodetic(np.array(track.state.x[:3])))
    basis = enu_basis(lat_rad, lon_rad)
    east, north, up = (float(v) for v in basis @ np.array(track.state.x[3:6]))
    along, height = _sigmas(track.state, basis)
    words = _LIFE_WORDS.get(track.life, f"{track.life}: predicted, not seen")
    event = _event(track, "object", OBJECT, now, STALE_S)
    _point(event, degrees(lat_rad), degrees(lon_rad), f"{hae_m:.0f}", f"{along:.0f}", f"{height:.0f}")
    course_deg = degrees(atan2(east, north)) % 360.0
    detail = _detail(event, name, f"{words}, {track.phase}", track.label.plane)
    etree.SubElement(detail, "track", course=f"{course_deg:.1f}", speed=f"{hypot(east, north, up):.1f}")
    return event


def _place(
    product: LaunchEvent | SharedPrediction,
    what: str,
    name: str,
    place: LaunchPointEstimate | ImpactPointPrediction,
    now: Instant,
) -> Iterator[etree._Element]:
    ellipse, plane = place.ellipse95, product.label.plane
    words = f"{to_iso(place.time_ns)} +/- {2.0 * place.time_sigma_s:.0f} s, estimated"
    error = f"{ellipse.semi_major_m / _SIGMAS_95:.0f}"
    point = _event(product, what, POINT, now, POINT_STALE_S)
    _point(point, place.lat_deg, place.lon_deg, "0", error, UNKNOWN_M)
    _detail(point, name, words, plane)
    yield point
    area = _event(product, f"{what}-95", ELLIPSE, now, POINT_STALE_S)
    _point(area, place.lat_deg, place.lon_deg, "0", error, UNKNOWN_M)
    shape = etree.SubElement(_detail(area, f"{name}, 95 %", words, plane), "shape")
    etree.SubElement(
        shape,
        "ellipse",
        major=f"{ellipse.semi_major_m:.0f}",
        minor=f"{ellipse.semi_minor_m:.0f}",
        angle=f"{degrees(ellipse.azimuth_rad) % 360.0:.1f}",
    )
    yield area


def _event(product: Product, what: str, kind: str, now: Instant, stale_s: float) -> etree._Element:
    plane = product.label.plane
    return etree.Element(
        "event",
        version="2.0",
        uid=f"tocsin.{plane}.{product.origin}.{product.track_id}.{what}",
        type=kind,
        how=HOW,
        opex=OPEX[plane],
        time=to_iso(now),
        start=to_iso(now),
        stale=to_iso(after(now, stale_s)),
    )


def _point(event: etree._Element, lat: float, lon: float, hae: str, ce: str, le: str) -> None:
    etree.SubElement(event, "point", lat=f"{lat:.6f}", lon=f"{lon:.6f}", hae=hae, ce=ce, le=le)


def _detail(event: etree._Element, name: str, words: str, plane: Plane) -> etree._Element:
    detail = etree.SubElement(event, "detail")
    etree.SubElement(detail, "contact", callsign=_marked(name, plane))
    etree.SubElement(detail, "remarks").text = _marked(words, plane)
    return detail


def _marked(text: str, plane: Plane) -> str:
    return f"{MARK[plane]} {text} {MARK[plane]}".strip()


def _sigmas(state: EcefState, basis: NDArray[np.float64]) -> tuple[float, float]:
    """One sigma on the ground (of the worse direction) and in height, metres."""
    p = np.zeros((STATE_SIZE, STATE_SIZE))
    p[np.triu_indices(STATE_SIZE)] = state.p
    local = basis @ (p[:3, :3] + np.triu(p[:3, :3], 1).T) @ basis.T
    flat = float(np.linalg.eigvalsh(local[:2, :2])[-1])
    return sqrt(max(flat, 0.0)), sqrt(max(float(local[2, 2]), 0.0))

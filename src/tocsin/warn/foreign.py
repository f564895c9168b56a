"""Other authorities' messages to the public, as they come in: CAP 1.2 or JMA XML in, facts out, or a refusal.

Nothing of a foreign message is ever passed on to the people; it is compared with ours (conflicts.py) and
shown. So facts are taken and free text is not. An unknown type, status or root is a refusal and never an
alert, and a drill stays a drill: 訓練 and Exercise are plane EXERCISE here, whatever else the message says.
Sources: CAP 1.2 (OASIS, 2010), section 3; JMA disaster information XML, Control and Head (JMA, 2025-06
edition).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import shapely
from lxml import etree
from msgspec import Struct
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from tocsin.model.label import Plane
from tocsin.model.time import Instant, after, from_datetime
from tocsin.model.warning import ForeignAlert, MsgType
from tocsin.warn.cap_rules import GEOCODE, STATUS, check
from tocsin.warn.cap_schema import MAX_BYTES, children, first, parse

JMA: Final = "http://xml.kishou.go.jp/jmaxml1/"
_HEAD: Final = "http://xml.kishou.go.jp/jmaxml1/informationBasis1/"

WITHOUT_EXPIRY_S: Final = 3600.0
"""A message that names no end is held against ours for an hour (CAP leaves it to the recipient)."""

MOST_TEXT: Final = 200
"""Characters of a sender or identifier: they are shown on the desk."""

_PLANE_OF: Final = {status: plane for plane, status in STATUS.items()}
_JMA_PLANE: Final = {"通常": Plane.REAL, "訓練": Plane.EXERCISE, "試験": Plane.TEST}
"""JMA's three values of Control/Status: ordinary, drill, test."""
_JMA_TYPE: Final = {
    "発表": MsgType.ALERT,
    "遅延": MsgType.ALERT,
    "訂正": MsgType.UPDATE,
    "取消": MsgType.CANCEL,
}
"""Head/InfoType: issued, issued late, corrected, cancelled."""

Shapes = Mapping[str, BaseGeometry]
"""ISO 3166-2 code -> outline in (longitude, latitude) degrees."""


class NotHeard(Struct, frozen=True):
    """It is no message that this node can use, and why."""

    reason: str
    detail: str


def read(xml: bytes, shapes: Shapes, heard_at: str) -> ForeignAlert | NotHeard:
    """A message of either kind. `heard_at` names the source. Never raises for what a stranger sends."""
    if f'"{JMA}"'.encode() in xml[:2_000] or f"'{JMA}'".encode() in xml[:2_000]:
        return read_jma(xml, heard_at)
    return read_cap(xml, shapes, heard_at)


def read_cap(xml: bytes, shapes: Shapes, heard_at: str) -> ForeignAlert | NotHeard:
    """A CAP 1.2 message that keeps the rules. Areas by their codes, or by what their polygons touch."""
    faults = check(xml)
    if faults:
        return NotHeard("cap-rules", "; ".join(faults)[:MOST_TEXT])
    alert = parse(xml)
    plane, kind = _PLANE_OF.get(first(alert, "status")), first(alert, "msgType")
    if plane is None:
        return NotHeard("cap-status", f"status {first(alert, 'status')} is for no plane")
    if kind not in set(MsgType):
        return NotHeard("cap-type", f"msgType {kind} tells the public nothing")
    infos = children(alert, "info")
    sent_ns = _time(first(alert, "sent"))
    ends = [_time(text) for info in infos if (text := first(info, "expires"))]
    clears = [first(info, "responseType") == "AllClear" for info in infos]
    return ForeignAlert(
        sender=first(alert, "sender")[:MOST_TEXT],
        identifier=first(alert, "identifier")[:MOST_TEXT],
        msg_type=MsgType(kind),
        plane=plane,
        sent_ns=sent_ns,
        expires_ns=max(ends, default=after(sent_ns, WITHOUT_EXPIRY_S)),
        areas=_areas(infos, shapes),
        heard_at=heard_at,
        lifts=kind == MsgType.CANCEL or (bool(clears) and all(clears)),
    )


def read_jma(xml: bytes, heard_at: str) -> ForeignAlert | NotHeard:
    """A bulletin of the Japan Meteorological Agency. Its areas have the agency's own codes: none is named."""
    root = _jma_root(xml)
    if isinstance(root, NotHeard):
        return root
    status = root.findtext(f"{{{JMA}}}Control/{{{JMA}}}Status", "")
    office = root.findtext(f"{{{JMA}}}Control/{{{JMA}}}PublishingOffice", "")
    head = {name: root.findtext(f"{{{_HEAD}}}Head/{{{_HEAD}}}{name}", "") for name in _JMA_HEAD}
    plane, kind = _JMA_PLANE.get(status), _JMA_TYPE.get(head["InfoType"])
    if plane is None:
        return NotHeard("jma-status", f"Status {status[:20]!r} is for no plane")
    if kind is None:
        return NotHeard("jma-type", f"InfoType {head['InfoType'][:20]!r} is not known")
    try:
        sent_ns = _time(head["ReportDateTime"])
        ends_ns = _time(head["ValidDateTime"]) if head["ValidDateTime"] else after(sent_ns, WITHOUT_EXPIRY_S)
    except ValueError as fault:
        return NotHeard("jma-time", str(fault)[:MOST_TEXT])
    if not office or not head["EventID"]:
        return NotHeard("jma-head", "no PublishingOffice or no EventID")
    return ForeignAlert(
        sender=office[:MOST_TEXT],
        identifier="-".join(part for part in (head["EventID"], head["Serial"], head["InfoKind"]) if part)[
            :MOST_TEXT
        ],
        msg_type=kind,
        plane=plane,
        sent_ns=sent_ns,
        expires_ns=ends_ns,
        areas=(),
        heard_at=heard_at,
        lifts=kind is MsgType.CANCEL,
    )


_JMA_HEAD: Final = ("InfoType", "ReportDateTime", "ValidDateTime", "EventID", "Serial", "InfoKind")


def _jma_root(xml: bytes) -> etree._Element | NotHeard:
    if len(xml) > MAX_BYTES:
        return NotHeard("too-large", f"larger than {MAX_BYTES} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as fault:
        return NotHeard("not-xml", str(fault.msg)[:MOST_TEXT])
    if root.getroottree().docinfo.internalDTD is not None:
        return NotHeard("jma-rules", "has a document type declaration (external entities are an attack)")
    if root.tag != f"{{{JMA}}}Report":
        return NotHeard("jma-rules", f"not a JMA report: {root.tag}"[:MOST_TEXT])
    return root


def _time(text: str) -> Instant:
    """ValueError without an offset: a zone is never guessed."""
    return from_datetime(datetime.fromisoformat(text))


def _areas(infos: list[etree._Element], shapes: Shapes) -> tuple[str, ...]:
    found: set[str] = set()
    for area in (area for info in infos for area in children(info, "area")):
        codes = {
            first(code, "value") for code in children(area, "geocode") if first(code, "valueName") == GEOCODE
        }
        found |= (codes & shapes.keys()) or _touched(area, shapes)
    return tuple(sorted(found))


def _touched(area: etree._Element, shapes: Shapes) -> set[str]:
    """Areas that a polygon covers a part of (the rules have seen that each is closed and no knot)."""
    drawn = []
    for polygon in children(area, "polygon"):
        points = [tuple(map(float, pair.split(","))) for pair in (polygon.text or "").split()]
        drawn.append(Polygon([(lon, lat) for lat, lon in points]))
    whole = shapely.union_all(drawn)
    return {code for code, shape in shapes.items() if not whole.is_empty and whole.intersects(shape)}

"""A warning as OASIS CAP 1.2: one <alert>, one <info> per language, the same facts in each.

In here: writing. Not in here: the rules a message must keep (cap_schema.py and cap_rules.py, here as
`check`), and files (tocsin.outlet). Source: Common Alerting Protocol Version 1.2, OASIS Standard, 1 July
2010.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree
from shapely.geometry.base import BaseGeometry

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.model.warning import Certainty, MsgType, ThreatKind, WarnedArea, Warning, at_sea
from tocsin.warn.cap_rules import GEOCODE, SEA_GEOCODE, STATUS, check
from tocsin.warn.cap_schema import NAMESPACE
from tocsin.warn.shapes import Ring, rings
from tocsin.warn.texts import Names, afloat, name_of, render
from tocsin.warn.words import LANGS, TAGS, WORDS, Lang
from tocsin.warn.zones import local

__all__ = ["check", "identifier", "sender", "to_cap"]

_SEVERITY: Final = {ThreatKind.IMPACT: "Extreme", ThreatKind.OVERFLIGHT: "Severe"}
_NAMESPACES: Final[dict[str | None, str]] = {None: NAMESPACE}
_LIFTED_CERTAINTY: Final = {Certainty.POSSIBLE: "Unknown", Certainty.LIKELY: "Unknown"}
"""A Cancel says Unlikely; Unknown when the object was out of sight, because nobody saw where it went."""


def identifier(warning_id: str, serial: int) -> str:
    """CAP identifier of one message, also its file's name: no spaces, commas, `<` or `&`."""
    return f"{warning_id}-{serial}"


def sender(nation: Nation, plane: Plane) -> str:
    """Default sender, under the reserved name `invalid` (RFC 2606) until a nation configures its own."""
    return f"{nation}-{plane}.tocsin.invalid".lower()


def to_cap(
    warning: Warning,
    area_shapes: Mapping[str, BaseGeometry],
    names: Names | None = None,
    sent_by: str | None = None,
) -> bytes:
    """The message as UTF-8 XML. Every area must have a shape (longitude, latitude in degrees), else KeyError.

    Deterministic: the same warning, shapes and names give the same bytes.
    """
    who = sent_by or sender(warning.nation, warning.plane)
    zone = _zone(warning.nation)
    alert = etree.Element(_tag("alert"), nsmap=_NAMESPACES)  # type: ignore[arg-type]  # stubs: no default
    _add(alert, "identifier", identifier(warning.id, warning.serial))
    _add(alert, "sender", who)
    _add(alert, "sent", _time(warning.sent_ns, zone))
    _add(alert, "status", STATUS[warning.plane])
    _add(alert, "msgType", warning.msg_type.value)
    _add(alert, "scope", "Public")
    if warning.references:
        rows = [
            f"{who},{identifier(warning.id, serial)},{_time(at, zone)}" for serial, at in warning.references
        ]
        _add(alert, "references", " ".join(rows))
    drawn = {row.area: rings(area_shapes[row.area]) for row in warning.areas}
    for lang in LANGS:
        _info(alert, warning, names or {}, lang, drawn)
    return etree.tostring(alert, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _info(
    alert: etree._Element, warning: Warning, names: Names, lang: Lang, drawn: Mapping[str, Sequence[Ring]]
) -> None:
    texts = render(warning, names, lang)
    zone = _zone(warning.nation)
    lifted = warning.msg_type is MsgType.CANCEL
    info = etree.SubElement(alert, _tag("info"))
    _add(info, "language", TAGS[lang])
    _add(info, "category", "Security")
    _add(info, "event", texts.event)
    _add(info, "responseType", "AllClear" if lifted else "Avoid" if afloat(warning) else "Shelter")
    _add(info, "urgency", "Past" if lifted else "Immediate")
    _add(info, "severity", "Minor" if lifted else _severity(warning.areas))
    _add(info, "certainty", _certainty(warning))
    _pair(info, "eventCode", "tocsin", "MISSILE")
    if not lifted:
        _add(info, "onset", _time(min(row.expected_ns for row in warning.areas), zone))
    _add(info, "expires", _time(warning.expires_ns, zone))
    words = WORDS[lang]
    _add(info, "senderName", words.desk.format(nation=words.nations[warning.nation]))
    _add(info, "headline", texts.headline)
    _add(info, "description", texts.description)
    _add(info, "instruction", texts.instruction)
    _pair(info, "parameter", "tocsin:objects", str(warning.objects))
    _pair(info, "parameter", "tocsin:purpose", str(warning.purpose))
    for row in warning.areas:
        _pair(info, "parameter", f"tocsin:{row.area}", f"{row.threat} {_time(row.expected_ns, zone)}")
    for row in warning.areas:
        _area(info, row.area, name_of(row.area, names, lang), drawn[row.area])


def _area(info: etree._Element, code: str, name: str, drawn: Sequence[Ring]) -> None:
    area = etree.SubElement(info, _tag("area"))
    _add(area, "areaDesc", name)
    for ring in drawn:
        _add(area, "polygon", " ".join(f"{lat:.3f},{lon:.3f}" for lat, lon in ring))
    _pair(area, "geocode", SEA_GEOCODE if at_sea(code) else GEOCODE, code)


def _severity(areas: Sequence[WarnedArea]) -> str:
    worst = any(row.threat is ThreatKind.IMPACT for row in areas)
    return _SEVERITY[ThreatKind.IMPACT if worst else ThreatKind.OVERFLIGHT]


def _certainty(warning: Warning) -> str:
    if warning.msg_type is MsgType.CANCEL:
        return _LIFTED_CERTAINTY.get(warning.certainty, "Unlikely")
    return warning.certainty.value


def _zone(nation: Nation) -> tzinfo:
    """Messages carry the nation's own offset; a nation of many zones uses UTC. References repeat `sent`
    exactly.
    """
    names = {Nation.JPN: "Asia/Tokyo", Nation.KOR: "Asia/Seoul"}
    return ZoneInfo(names[nation]) if nation in names else UTC


def _time(instant: Instant, zone: tzinfo) -> str:
    """`2022-10-04T07:28:00+09:00`; UTC is written -00:00 (CAP 1.2, section 3.3.2), never Z."""
    text = local(instant, zone).isoformat()
    return text.removesuffix("+00:00") + "-00:00" if zone is UTC else text


def _pair(parent: etree._Element, name: str, value_name: str, value: str) -> None:
    pair = etree.SubElement(parent, _tag(name))
    _add(pair, "valueName", value_name)
    _add(pair, "value", value)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _tag(name)).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"

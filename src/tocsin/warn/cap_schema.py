"""CAP 1.2 as a table: elements, their order, number and values; and how a message is read without trust.

Entity resolution, network and DTD loading are off, and a document type declaration is refused outright. An
unknown message type is a fault: it must never become an alert. The OASIS schema itself is not needed at run
time. Source: Common Alerting Protocol Version 1.2, OASIS Standard, 1 July 2010, section 3.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
MAX_BYTES: Final = 1_000_000
"""Three times the largest of our own: an alert for every state of the USA is 351 kB."""

_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"

# Children in the schema's order; `!` = required, `*` = may be repeated.
_ORDER: Final = {
    "alert": "identifier! sender! sent! status! msgType! source scope! restriction addresses code* note "
    "references incidents info*",
    "info": "language category!* event! responseType* urgency! severity! certainty! audience eventCode* "
    "effective onset expires senderName headline description instruction web contact parameter* "
    "resource* area*",
    "area": "areaDesc! polygon* circle* geocode* altitude ceiling",
    "resource": "resourceDesc! mimeType! size uri derefUri digest",
    "eventCode": "valueName! value!",
    "parameter": "valueName! value!",
    "geocode": "valueName! value!",
}
_VALUES: Final = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}


def parse(xml: bytes) -> etree._Element:
    """The <alert> element of a CAP 1.2 message; ValueError says why it is none."""
    if len(xml) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as fault:
        raise ValueError(f"not well-formed XML: {fault.msg}") from fault
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("has a document type declaration (external entities are an attack)")
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise ValueError(f"not a CAP 1.2 alert: {root.tag}")
    return root


def structure(element: etree._Element) -> Iterator[str]:
    """Known children, in order, as often as they may; values from their lists."""
    name = local(element)
    rows = _ORDER[name].split()
    names = [row.rstrip("!*") for row in rows]
    below = {child: local(child) for child in element if local(child) and child.tag != _SIGNATURE}
    seen = list(below.values())
    known = [child for child in seen if child in names]
    yield from (f"{name}: unknown element {child}" for child in seen if child not in names)
    if known != sorted(known, key=names.index):
        yield f"{name}: elements out of order"
    for row, one in zip(rows, names, strict=True):
        if "!" in row and one not in seen:
            yield f"{name}: no {one}"
        if "*" not in row and seen.count(one) > 1:
            yield f"{name}: more than one {one}"
    for child, child_name in below.items():
        if child_name in names:
            yield from _value(child)
        if child_name in _ORDER and child_name in names:
            yield from structure(child)


def _value(element: etree._Element) -> Iterator[str]:
    name = local(element)
    if name in _VALUES and (text := text_of(element)) not in _VALUES[name].split():
        yield f"unknown {name}: {text!r}"


def children(parent: etree._Element, name: str) -> list[etree._Element]:
    """Child elements of one name."""
    return parent.findall(f"{{{NAMESPACE}}}{name}")


def first(parent: etree._Element, name: str) -> str:
    """Text of the first child of a name; empty when there is none."""
    found = children(parent, name)
    return text_of(found[0]) if found else ""


def text_of(element: etree._Element) -> str:
    """All text below an element without comments, trimmed."""
    return "".join(str(part) for part in element.itertext(etree.Element)).strip()


def local(element: etree._Element) -> str:
    """The element's name if it is CAP 1.2's, else its full name; empty for comments and instructions."""
    tag: object = element.tag  # comments and instructions have a function here
    return tag.removeprefix(f"{{{NAMESPACE}}}") if isinstance(tag, str) else ""

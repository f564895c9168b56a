"""[[tak]] of node.toml: TAK servers and clients, and other maps, that the door shows objects. None by itself.

[[tak]]
name = "civil protection map"
host = "127.0.0.1"
port = 8087
format = "cot"            # Cursor on Target; "geojson" for other maps
protocol = "tcp"          # tcp and udp on loopback alone; tls elsewhere, with ca, cert and key
nation = "JPN"            # whose people look at it; this node's own when left out
kinds = ["tracklet", "launch", "prediction"]
"""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from tocsin.model.label import Nation
from tocsin.node.keys import is_loopback

KINDS = frozenset(("tracklet", "launch", "prediction"))
"""Names of release.terms.Kind; spelt here because the hall reads this file too and knows no release."""


class Protocol(StrEnum):
    """A stream of XML events over TCP or TLS (TAK servers), or binary datagrams (TAK clients' mesh)."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"


class Format(StrEnum):
    """Cursor on Target, or GeoJSON features (RFC 7946) as a text sequence (RFC 8142)."""

    COT = "cot"
    GEOJSON = "geojson"


class TakEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """`ca`, `cert`, `key`: PEM files for TLS, relative to the configuration. `opex = false` for a server that
    takes no event with that attribute; the plane then stands in uid and texts alone.
    """

    name: str
    port: int
    host: str = "127.0.0.1"
    protocol: Protocol = Protocol.TCP
    format: Format = Format.COT
    nation: Nation | None = None
    kinds: frozenset[str] = KINDS
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    opex: bool = True


def tak_faults(entries: tuple[TakEntry, ...]) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, fix) of everything that types alone cannot say."""
    names = [entry.name for entry in entries]
    for number, entry in enumerate(entries, start=1):
        key = f"tak[{number}]"
        if names.count(entry.name) > 1:
            yield f"{key}.name", f"{entry.name!r} stands there twice", "give each a name of its own"
        if not 1 <= entry.port <= 65_535:
            yield f"{key}.port", f"{entry.port} is no port", "give a number from 1 to 65535"
        if unknown := sorted(entry.kinds - KINDS):
            yield f"{key}.kinds", f"{unknown[0]!r} is no kind", f"choose from {', '.join(sorted(KINDS))}"
        if entry.protocol is Protocol.TLS and None in (entry.ca, entry.cert, entry.key):
            yield f"{key}.protocol", "tls without ca, cert and key", "give the three PEM files"
        if entry.protocol is not Protocol.TLS and not is_loopback(entry.host):
            fix = 'use protocol = "tls"'
            yield f"{key}.host", f"{entry.host} is not loopback and {entry.protocol} is not encrypted", fix

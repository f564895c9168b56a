"""The signed header of everything that crosses a border, and the exact bytes that are signed.

`release.seal` writes this form and `share.wire` reads it; neither may import the other, so it stands here
once. An envelope is the canonical CBOR array [header, COSE_Sign1]: `header` is a byte string holding the
canonical CBOR array of Header's fields and is itself the COSE external_aad (RFC 9052, 4.3 and 4.4),
COSE_Sign1 is tag 18 over [protected, {}, payload, signature] with protected = {1: algorithm, 4: key id}.
"""

from functools import lru_cache
from typing import Annotated, Any

import cbor2
import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.time import Instant

PROTOCOL = 1
"""Version of this form; another version is refused, never guessed at."""

COSE_SIGN1_TAG = 18
"""RFC 9052, table 1."""

EDDSA = -8
"""COSE algorithm number of EdDSA (RFC 9053, table 2); with Ed25519 keys here."""

MAX_ENVELOPE_BYTES = 60_000
"""Below the brokers' max_payload of 64 KB, with room for their headers."""

MAX_RECORDS = 50
"""Records in one envelope: what a micro-batch of flow may hold (EXCHANGE.md, Three classes of traffic)."""

Sequence = Annotated[int, Meta(ge=1, le=2**62)]
Moment = Annotated[int, Meta(ge=0, le=2**62)]


class Header(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a signature binds beside the payload. Records `first`..`last` are contiguous sequences of
    `traffic`."""

    protocol: int
    plane: Plane
    issuer: Nation
    recipient: Nation
    traffic: Traffic
    first: Sequence
    last: Sequence
    originators: tuple[Nation, ...]
    releasable_to: tuple[Nation, ...]
    caveats: tuple[Caveat, ...]
    key_id: Annotated[str, Meta(max_length=64)]
    issued_wall_ns: Moment
    expires_wall_ns: Moment
    encrypted_to: Annotated[str, Meta(max_length=64)]
    """The recipient's key that the payload is encrypted to (model.hpke); empty = it is in the clear."""

    @property
    def label(self) -> Label:
        """The label that every record of the envelope carries."""
        return Label(
            self.plane, frozenset(self.originators), frozenset(self.releasable_to), frozenset(self.caveats)
        )


_FIELDS = bytes((0x80 | len(Header.__struct_fields__),))
"""Before the fields: an array of so many (RFC 8949, 3.1: major type 4)."""


def header_for(
    label: Label,
    *,
    issuer: Nation,
    recipient: Nation,
    traffic: Traffic,
    first: int,
    last: int,
    key_id: str,
    issued_wall_ns: Instant,
    expires_wall_ns: Instant,
    encrypted_to: str = "",
) -> Header:
    """The header of an envelope; the plane is the label's."""
    return Header(
        PROTOCOL,
        label.plane,
        issuer,
        recipient,
        traffic,
        first,
        last,
        tuple(sorted(label.originators)),
        tuple(sorted(label.releasable_to)),
        tuple(sorted(label.caveats)),
        key_id,
        issued_wall_ns,
        expires_wall_ns,
        encrypted_to,
    )


def canonical(value: Any) -> bytes:
    """Canonical CBOR (RFC 8949, 4.2.3: shortest forms, sorted keys)."""
    return cbor2.dumps(value, canonical=True)


def header_bytes(header: Header) -> bytes:
    """Canonical bytes of a header: the external_aad, an array of its fields. What is the same in every header
    of a stream is encoded once: an envelope's header is written at its seal and again by who verifies it."""
    start = _encoded(header.protocol, header.plane, header.issuer, header.recipient, header.traffic)
    label = _encoded(header.originators, header.releasable_to, header.caveats, header.key_id)
    times = _number(header.issued_wall_ns) + _number(header.expires_wall_ns)
    marks = _number(header.first) + _number(header.last)
    return _FIELDS + start + marks + label + times + _encoded(header.encrypted_to)


@lru_cache(maxsize=1024)
def _encoded(*fields: object) -> bytes:
    """Fields one after another in canonical CBOR."""
    return b"".join(canonical(one) for one in msgspec.to_builtins(fields))


def _number(value: int) -> bytes:
    """A number of 0 to 2**64 - 1 in canonical CBOR (RFC 8949, 3.1: major type 0, the shortest length)."""
    if value >= 0x1_0000_0000:
        return b"\x1b" + value.to_bytes(8)
    if value < 24:
        return value.to_bytes(1)
    if value < 0x100:
        return b"\x18" + value.to_bytes(1)
    return b"\x19" + value.to_bytes(2) if value < 0x10000 else b"\x1a" + value.to_bytes(4)


def bound_bytes(header: Header) -> bytes:
    """What stays of a header however often it is sealed anew: all but the signing key and the times. It binds
    an encrypted payload (HPKE's info) and names a content."""
    return header_bytes(replace(header, key_id="", issued_wall_ns=0, expires_wall_ns=0))


@lru_cache(maxsize=64)
def protected_bytes(algorithm: int, key_id: str) -> bytes:
    """The protected COSE header that a given key must have written."""
    return canonical({1: algorithm, 4: key_id.encode()})


def to_be_signed(protected: bytes, header: bytes, payload: bytes) -> bytes:
    """Sig_structure of COSE_Sign1 (RFC 9052, 4.4)."""
    parts = (_head(len(protected)), protected, _head(len(header)), header, _head(len(payload)), payload)
    return b"\x84\x6aSignature1" + b"".join(parts)


def envelope_bytes(header: bytes, protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """The whole envelope. The form is fixed (an array of two, tag 18, an array of four, an empty map), so its
    canonical bytes are those of its strings between constant ones."""
    sign1 = (_head(len(protected)), protected, b"\xa0", _head(len(payload)), payload)
    return b"".join(
        (b"\x82", _head(len(header)), header, b"\xd2\x84", *sign1, _head(len(signature)), signature)
    )


@lru_cache(maxsize=1024)
def _head(size: int) -> bytes:
    """Before a byte string of so many bytes in canonical CBOR (RFC 8949, 3.1: major type 2, the shortest
    length)."""
    if size < 24:
        return bytes((0x40 | size,))
    if size < 0x100:
        return bytes((0x58, size))
    return b"\x59" + size.to_bytes(2) if size < 0x10000 else b"\x5a" + size.to_bytes(4)

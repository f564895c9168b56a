"""From bytes off the wire to something that may be believed, in numbered steps; and the payloads' coding.

Nothing here raises for what a stranger sends: the outcome is `Verified` or `Refused(reason, detail)`. Reasons
are a closed list (REASONS) because they are counted, shown and compared between nations.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise

import cbor2
import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr, replace

from tocsin.model.envelope import (
    COSE_SIGN1_TAG,
    MAX_ENVELOPE_BYTES,
    MAX_RECORDS,
    PROTOCOL,
    Header,
    bound_bytes,
    canonical,
    envelope_bytes,
    header_bytes,
    protected_bytes,
    to_be_signed,
)
from tocsin.model.hpke import Decrypt, cannot
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Product, Traffic, traffic_of
from tocsin.model.time import SECOND_NS, Instant
from tocsin.share.bounds import sound, soundness
from tocsin.share.keylist import SignedList
from tocsin.share.links import MAX_NOTES, Heartbeat, ListNews, Note, Resend
from tocsin.share.trust import TrustedKey, TrustList, signed_by

__all__ = [
    "FUTURE_NS",
    "REASONS",
    "Refused",
    "Verified",
    "content_digest",
    "encode_notes",
    "encode_product",
    "join_products",
    "lists_in",
    "signed_content",
    "sound",
    "soundness",
    "verify",
]

FUTURE_NS = 30 * SECOND_NS
"""How far a partner's clock may be ahead of ours (own choice: far above NTP's error, far below a key's
life)."""

MAX_DETAIL = 200
"""Characters of a refusal's detail."""

MAX_LIFE_NS = 2 * 24 * 3600 * SECOND_NS
"""How long an envelope may be valid: twice what our own doors give (node.door_turn.VALID_NS)."""

REASONS = (
    "too-large",
    "malformed",
    "not-canonical",
    "other-protocol",
    "wrong-plane",
    "wrong-recipient",
    "unknown-key",
    "bad-algorithm",
    "bad-signature",
    "revoked-key",
    "expired",
    "future",
    "bad-encryption",
    "bad-payload",
    "wrong-content",
)

MARKS = ("expired", "retired-key")
"""What is true and taken, but shown as not quite what it was: products past their envelope's life or under a
key that is out of use (EXCHANGE.md: shown and marked, never dropped)."""

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_PRODUCTS = msgspec.msgpack.Decoder(tuple[Product, ...])
_NOTES = msgspec.msgpack.Decoder(tuple[Note, ...])


class Verified(Struct, frozen=True):
    """It is that nation's, meant for us, in our plane, and sound. Control holds notes, other traffic
    products."""

    header: Header
    digest: bytes
    """SHA-256 of what was said and to whom. A new seal over the same (another key, a later time) keeps it;
    two of one sequence are two different contents. Empty for control that `verify` has opened: newer control
    supersedes it, nobody compares two."""
    products: tuple[Product, ...] = ()
    notes: tuple[Note, ...] = ()
    marks: tuple[str, ...] = ()
    """Some of MARKS."""


class Refused(Struct, frozen=True):
    """It is not to be believed; `reason` is one of REASONS. `detail` may quote a stranger and is shown on
    screens and in logs: it is cut, and what is not printable in it is written out."""

    reason: str
    detail: str

    def __post_init__(self) -> None:
        shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in self.detail[:MAX_DETAIL])
        force_setattr(self, "detail", shown[:MAX_DETAIL])


class _Parts(Struct, frozen=True):
    header: Header
    aad: bytes
    protected: bytes
    payload: bytes
    signature: bytes


def encode_product(product: Product) -> bytes:
    """One product; the same product gives the same bytes in every process."""
    return _ENCODER.encode(product)


def join_products(encoded: Sequence[bytes]) -> bytes:
    """Payload of products that are already encoded."""
    return _ENCODER.encode([msgspec.Raw(one) for one in encoded])


def encode_notes(notes: Sequence[Note]) -> bytes:
    """Payload of a control envelope."""
    return _ENCODER.encode(tuple(notes))


def verify(
    data: bytes,
    trust: TrustList,
    me: Nation,
    plane: Plane,
    now_wall_ns: Instant,
    decrypt: Decrypt = cannot,
) -> Verified | Refused:
    """Is this a message for `me`, in `plane`, from a key of the trust list, now? `decrypt` knows our keys."""
    # 1. Size, before anything is parsed.
    if len(data) > MAX_ENVELOPE_BYTES:
        return Refused("too-large", f"{len(data)} bytes, limit {MAX_ENVELOPE_BYTES}")
    # 2. The form: canonical CBOR, exactly our shape, a header of known words.
    parts = _parsed(data)
    if isinstance(parts, Refused):
        return parts
    header = parts.header
    # 3. Version, plane, recipient: is it for this node at all?
    refused = _addressed(header, me, plane)
    if refused is not None:
        return refused
    # 4. The key: known, that issuer's, of this plane.
    key = trust.find(header.key_id, header.issuer)
    if key is None or key.plane is not plane or header.issuer is me:
        return Refused("unknown-key", f"{header.key_id} of {header.issuer}")
    # 5. The signature, by the algorithm that the trust list names for this key.
    refused = _signature(parts, key)
    if refused is not None:
        return refused
    # 6. A revoked key: what it signed up to the sequence of its revocation still counts.
    if not key.counts_at(header.recipient, header.traffic, header.last):
        return Refused("revoked-key", f"{header.key_id} signs {header.traffic} {header.last} no more")
    # 7. The time of its validity. From here on the issuer is known, so what is wrong is the issuer's doing.
    refused = _in_time(header, now_wall_ns)
    if refused is not None:
        return refused
    # 8. The encryption, where there is one: to a key of ours, under this very header.
    payload = _opened(parts, decrypt)
    if isinstance(payload, Refused):
        return payload
    # 9. The payload: known types, as many records as the header says, each what the header says it is.
    control = header.traffic is Traffic.CONTROL
    digest = b"" if control else content_digest(header, parts.payload)
    return _content(Verified(header, digest, marks=_marks(header, key, now_wall_ns)), payload)


def signed_content(data: bytes, trust: TrustList) -> Verified | Refused:
    """Header and digest of what a key of the trust list signed, for whomever and whenever: evidence. Nothing
    of the payload is decoded."""
    parts = _parsed(data) if len(data) <= MAX_ENVELOPE_BYTES else Refused("too-large", f"{len(data)} bytes")
    if isinstance(parts, Refused):
        return parts
    header = parts.header
    key = trust.find(header.key_id, header.issuer)
    if key is None or key.plane is not header.plane:
        return Refused("unknown-key", f"{header.key_id} of {header.issuer}")
    refused = _signature(parts, key)
    return Verified(header, content_digest(header, parts.payload)) if refused is None else refused


def content_digest(header: Header, payload: bytes) -> bytes:
    """SHA-256 of what is said and to whom, whatever seal is on it."""
    return sha256(canonical([bound_bytes(header), payload])).digest()


def _marks(header: Header, key: TrustedKey, now_wall_ns: Instant) -> tuple[str, ...]:
    expired = ("expired",) if header.expires_wall_ns < now_wall_ns else ()
    return (*expired, "retired-key") if key.retired else expired


def lists_in(data: bytes) -> tuple[Nation | None, tuple[SignedList, ...]]:
    """(who says it is, the trust lists) of a control envelope whose seal could not be verified: they are
    believed by their own signatures alone. Nothing for what is no such envelope.
    """
    parts = _parsed(data) if len(data) <= MAX_ENVELOPE_BYTES else Refused("too-large", "")
    if isinstance(parts, Refused) or parts.header.traffic is not Traffic.CONTROL:
        return None, ()
    try:
        notes = _NOTES.decode(parts.payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None, ()
    return parts.header.issuer, tuple(note.key_list for note in notes if isinstance(note, ListNews))


def _opened(parts: _Parts, decrypt: Decrypt) -> bytes | Refused:
    header = parts.header
    if not header.encrypted_to:
        return parts.payload
    payload = decrypt(header.encrypted_to, parts.payload, bound_bytes(header))
    if payload is None:
        return Refused("bad-encryption", f"does not open with a key {header.encrypted_to} of ours")
    return payload


def _parsed(data: bytes) -> _Parts | Refused:
    try:
        outer = cbor2.loads(data, max_depth=4, allow_indefinite=False, allow_duplicate_keys=False)
    except (cbor2.CBORError, ValueError, OverflowError) as error:
        return Refused("malformed", f"no CBOR: {error}")
    strings = _strings(outer)
    if strings is None:
        return Refused("malformed", "not [header, COSE_Sign1]")
    aad, protected, payload, signature = strings
    if envelope_bytes(aad, protected, payload, signature) != data:
        return Refused("not-canonical", "envelope")
    header = _parsed_header(aad)
    return header if isinstance(header, Refused) else _Parts(header, aad, protected, payload, signature)


def _strings(outer: object) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Header, protected header, payload, signature. The unprotected header must be empty: the comparison with
    our own encoding says so."""
    if not isinstance(outer, list) or len(outer) != 2 or not isinstance(outer[1], cbor2.CBORTag):
        return None
    tag, parts = outer[1].tag, outer[1].value
    if tag != COSE_SIGN1_TAG or not isinstance(parts, list | tuple) or len(parts) != 4:
        return None
    found = (outer[0], parts[0], parts[2], parts[3])
    return found if all(type(one) is bytes for one in found) else None


def _parsed_header(aad: bytes) -> Header | Refused:
    try:
        fields = cbor2.loads(aad, max_depth=3, allow_indefinite=False)
        header = msgspec.convert(fields, Header)
    except (cbor2.CBORError, msgspec.ValidationError, ValueError, OverflowError) as error:
        return Refused("malformed", f"header: {error}")
    lists = (header.originators, header.releasable_to, header.caveats)
    if header_bytes(header) != aad or not all(map(_ascending, lists)):
        return Refused("not-canonical", "header")
    return header


def _ascending(words: Sequence[str]) -> bool:
    """Each after the one before, so none twice."""
    return len(words) < 2 or all(one < other for one, other in pairwise(words))


def _addressed(header: Header, me: Nation, plane: Plane) -> Refused | None:
    if header.protocol != PROTOCOL:
        return Refused("other-protocol", f"version {header.protocol}, this node speaks {PROTOCOL}")
    if header.plane is not plane:
        return Refused("wrong-plane", f"{header.plane} in a node of {plane}")
    if header.recipient is not me:
        return Refused("wrong-recipient", f"for {header.recipient}")
    return None


def _signature(parts: _Parts, key: TrustedKey) -> Refused | None:
    if parts.protected != protected_bytes(key.algorithm, key.key_id):
        return Refused("bad-algorithm", f"protected header is not that of key {key.key_id}")
    if not signed_by(key, to_be_signed(parts.protected, parts.aad, parts.payload), parts.signature):
        return Refused("bad-signature", f"not signed by {key.key_id} of {parts.header.issuer}")
    return None


def _in_time(header: Header, now_wall_ns: Instant) -> Refused | None:
    if header.issued_wall_ns > now_wall_ns + FUTURE_NS:
        ahead_s = (header.issued_wall_ns - now_wall_ns) / SECOND_NS
        return Refused("future", f"issued {ahead_s:.1f} s ahead of this node's clock")
    life_ns = header.expires_wall_ns - header.issued_wall_ns
    if not 0 <= life_ns <= MAX_LIFE_NS:
        return Refused("expired", f"its life of {life_ns / SECOND_NS:.1f} s is none, or too long")
    # Products of the past are marked (step 9); a note of the past says what is no longer so.
    if header.traffic is Traffic.CONTROL and header.expires_wall_ns < now_wall_ns:
        late_s = (now_wall_ns - header.expires_wall_ns) / SECOND_NS
        return Refused("expired", f"{late_s:.1f} s ago")
    return None


def _content(bare: Verified, payload: bytes) -> Verified | Refused:
    header = bare.header
    unlawful = _unlawful(header)
    if unlawful is not None:
        return Refused("wrong-content", unlawful)
    count = header.last - header.first + 1
    if not 1 <= count <= MAX_RECORDS:
        return Refused("bad-payload", f"{count} records in one envelope")
    try:
        if header.traffic is Traffic.CONTROL:
            return _notes(bare, payload)
        products = _PRODUCTS.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Refused("bad-payload", str(error)[:200])
    # Two readers must not read two things: the one form, so no key twice, unknown or in another order.
    if _ENCODER.encode(products) != payload:
        return Refused("bad-payload", "not in the form that encode_product writes")
    if len(products) != count:
        return Refused("bad-payload", f"{len(products)} records, header says {count}")
    fault = _first_fault(products, header)
    return replace(bare, products=products) if fault is None else Refused("wrong-content", fault)


def _notes(bare: Verified, payload: bytes) -> Verified | Refused:
    """Control. MsgspecError for what holds no notes."""
    header = bare.header
    notes = _NOTES.decode(payload)
    if _ENCODER.encode(notes) != payload:
        return Refused("bad-payload", "not in the form that encode_notes writes")
    if header.first != header.last or not 1 <= len(notes) <= MAX_NOTES:
        return Refused("bad-payload", f"{len(notes)} notes in {header.first}..{header.last}")
    for note in notes:
        if isinstance(note, Resend) and not note.in_order:
            return Refused("bad-payload", "runs that are out of order")
        if isinstance(note, Heartbeat) and abs(note.at_wall_ns - header.issued_wall_ns) > FUTURE_NS:
            # Believed, it would make every true one of the time between an older one: a silenced link.
            return Refused("wrong-content", "a heartbeat of another time than its envelope's")
    return replace(bare, notes=notes)


def _unlawful(header: Header) -> str | None:
    """What no payload can mend. With `sound` and equal labels: a product's origin is the issuer too."""
    if header.originators != (header.issuer,):
        return f"not {header.issuer}'s alone: nobody passes others' data on"
    if header.recipient not in header.releasable_to:
        return f"the label does not release it to {header.recipient}"
    return None


def _first_fault(products: Sequence[Product], header: Header) -> str | None:
    """What in a product contradicts the header that was signed for it, or cannot be a product at all."""
    label = header.label
    for product in products:
        if traffic_of(product) is not header.traffic:
            return f"{traffic_of(product)} in {header.traffic}"
        if product.label != label:
            return "a product's label is not the header's"
    return None if all(soundness(products)) else "sizes or numbers that no product can have"

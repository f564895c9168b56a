"""The only maker of `Sealed`: a header, a payload and the nation's signature over both.

The signer is handed in as a value; the key itself is `release._key`'s and only the door's process loads it.
What comes back from the door's book is verified again before it is a `Sealed` once more.
"""

from collections.abc import Sequence
from typing import Protocol

import cbor2
import msgspec
from msgspec.structs import replace

from tocsin.errors import TocsinError
from tocsin.model.envelope import (
    EDDSA,
    MAX_ENVELOPE_BYTES,
    Header,
    envelope_bytes,
    header_bytes,
    protected_bytes,
    to_be_signed,
)
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant


class Signer(Protocol):
    """Holds a release key (Ed25519) without showing it."""

    @property
    def key_id(self) -> str:
        """Names the key in partners' trust lists."""

    def sign(self, data: bytes) -> bytes:
        """64-byte signature."""

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """True when `signature` is this key's over `data`."""


class SealError(TocsinError):
    """Something that must never leave in this form: too large, or not of our own hand."""


def seal(header: Header, payload: bytes, signer: Signer, *, by_hub: bool, fleeting: bool = False) -> Sealed:
    """Sign and wrap. SealError when the header names another key or the result is too large to send."""
    if header.key_id != signer.key_id:
        raise SealError(f"header names key {header.key_id}, the signer holds {signer.key_id}")
    aad = header_bytes(header)
    protected = protected_bytes(EDDSA, signer.key_id)
    signature = signer.sign(to_be_signed(protected, aad, payload))
    data = envelope_bytes(aad, protected, payload, signature)
    if len(data) > MAX_ENVELOPE_BYTES:
        raise SealError(f"an envelope of {len(data)} bytes is over the limit of {MAX_ENVELOPE_BYTES}")
    return _sealed(header, data, by_hub, fleeting)


def reopen(data: bytes, signer: Signer, *, by_hub: bool) -> Sealed:
    """A `Sealed` from the door's own book. SealError unless the signature is ours over exactly these
    bytes."""
    return _sealed(_opened(data, (signer,))[0], data, by_hub, False)


def renewed(
    data: bytes,
    signer: Signer,
    *,
    former: Sequence[Signer] = (),
    by_hub: bool,
    now: Instant,
    life_ns: int,
) -> Sealed:
    """A `Sealed` from the door's own book that a partner will still take at `now`.

    A seal with less than half of `life_ns` left, of a time that our clock has not reached yet (it was set
    back), or by one of our `former` keys, is made anew with the current key: what was cut off for days
    still arrives. Sequences, label and payload stay as they were.
    SealError unless the signature is ours over exactly these bytes.
    """
    header, payload = _opened(data, (signer, *former))
    young = header.issued_wall_ns <= now <= header.expires_wall_ns - life_ns // 2
    if header.key_id == signer.key_id and young:
        return _sealed(header, data, by_hub, False)
    fresh = replace(header, key_id=signer.key_id, issued_wall_ns=now, expires_wall_ns=Instant(now + life_ns))
    return seal(fresh, payload, signer, by_hub=by_hub)


def _opened(data: bytes, keys: Sequence[Signer]) -> tuple[Header, bytes]:
    """(header, payload) of our own bytes."""
    try:
        aad, tagged = cbor2.loads(data)
        header = msgspec.convert(cbor2.loads(aad), Header)
        protected, _, payload, signature = tagged.value
        whole = envelope_bytes(aad, protected, payload, signature) == data
        signed = to_be_signed(protected, aad, payload)
        ours = whole and any(key.key_id == header.key_id and key.verifies(signed, signature) for key in keys)
    except (cbor2.CBORError, msgspec.ValidationError, ValueError, TypeError, AttributeError) as error:
        raise SealError(f"a row of the outbox is damaged: {error}") from error
    if not ours:
        raise SealError("a row of the outbox is not signed by this node's release key")
    return header, payload


def _sealed(header: Header, data: bytes, by_hub: bool, fleeting: bool) -> Sealed:
    return Sealed(
        plane=header.plane,
        issuer=header.issuer,
        recipient=header.recipient,
        traffic=header.traffic,
        first=header.first,
        last=header.last,
        by_hub=by_hub,
        data=data,
        fleeting=fleeting,
    )

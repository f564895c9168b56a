"""Payloads that are encrypted to the recipient, past a relay that may not read them."""

from collections.abc import Iterator, Sequence
from typing import Any

import hpke_bytes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from wire_bytes import (
    FIELDS,
    NOW,
    SECOND,
    Case,
    brief,
    cbor,
    envelope,
    header,
    heartbeat,
    label,
    launch,
    pack,
    seed,
    tracklet,
)

MINE, NEXT, THEIRS = "JPN-EXERCISE-E1", "JPN-EXERCISE-E2", "USA-EXERCISE-E1"
ALONE = ["JPN"]
"""Released to the recipient and not to the relay: what encryption is for."""


def cases() -> Iterator[Case]:
    """Classes `good` (some) and `encryption`."""
    yield from _good()
    yield from _bad()


def bound(fields: Sequence[Any]) -> bytes:
    """The header but key id, issued and expires: HPKE's info."""
    said = dict(zip(FIELDS, fields, strict=True)) | {"key_id": "", "issued_wall_ns": 0, "expires_wall_ns": 0}
    return cbor(list(said.values()))


def public(key_id: str) -> bytes:
    """X25519 public key of a test key."""
    return X25519PrivateKey.from_private_bytes(seed(key_id)).public_key().public_bytes_raw()


def sealed(payload: bytes, to: str, info: bytes) -> bytes:
    """Encrypted with a published ephemeral key: for vectors only."""
    ephemeral = X25519PrivateKey.from_private_bytes(seed("ephemeral"))
    return hpke_bytes.seal(payload, public(to), ephemeral, info)


def message(payload: bytes | None = None, to: str = MINE, **changes: Any) -> bytes:
    """A good encrypted message."""
    fields = brief(**({"encrypted_to": to, "releasable_to": ALONE} | changes))
    return envelope(fields, sealed(SECRET if payload is None else payload, to, bound(fields)))


SECRET = pack([launch(1, label=label(releasable_to=ALONE))])
FIELDS_NOW = brief(encrypted_to=MINE, releasable_to=ALONE)
CIPHER = sealed(SECRET, MINE, bound(FIELDS_NOW))


def _good() -> Iterator[Case]:
    def good(name: str, why: str, data: bytes, opens: Sequence[str] = (MINE,), **more: Any) -> Case:
        return Case(f"good/encrypted-{name}", why, data, opens=opens, **more)

    yield good("launch", "a launch that the relay may not read", message())
    fields = header(encrypted_to=MINE, releasable_to=ALONE, last=3)
    some = pack([tracklet(n, label=label(releasable_to=ALONE)) for n in (1, 2, 3)])
    data = envelope(fields, sealed(some, MINE, bound(fields)))
    yield good("batch", "a batch is encrypted as one", data, fresh=[(1, 3)])
    both = (MINE, NEXT)
    yield good("next", "the recipient's next key opens too", message(to=NEXT), both)
    yield good("former", "and a former one, while it is kept", message(), both)
    later = brief(encrypted_to=MINE, releasable_to=ALONE, issued_wall_ns=NOW, expires_wall_ns=NOW + SECOND)
    yield good("sealed-anew", "a later seal over the same ciphertext", envelope(later, CIPHER))
    note = header(traffic="control", encrypted_to=MINE, releasable_to=ALONE, originators=["KOR"])
    data = envelope(note, sealed(pack([heartbeat()]), MINE, bound(note)))
    yield good("control", "control may be encrypted too", data)


def _bad() -> Iterator[Case]:
    def bad(name: str, why: str, data: bytes, *reasons: str, opens: Sequence[str] = (MINE,)) -> Case:
        return Case(f"encryption/{name}", why, data, reasons or ("bad-encryption",), opens=opens)

    yield bad("no-key", "the node has no decryption key", message(), opens=())
    yield bad("key-gone", "the key is no longer kept", message(), opens=(NEXT,))
    yield bad("to-the-relay", "encrypted to the relay's key", message(to=THEIRS))
    wrong = envelope(FIELDS_NOW, sealed(SECRET, THEIRS, bound(FIELDS_NOW)))
    yield bad("named-mine-to-another", "the header names our key, the ciphertext another's", wrong)
    yield bad("named-next-to-mine", "the ciphertext is for our other key", envelope(
        brief(encrypted_to=NEXT, releasable_to=ALONE), CIPHER
    ), opens=(MINE, NEXT))  # fmt: skip
    yield bad("in-the-clear", "called encrypted, and is not", envelope(FIELDS_NOW, SECRET))
    for name, data in (
        ("nothing", b""),
        ("short", CIPHER[:31]),
        ("key-alone", CIPHER[:32]),
        ("tag-cut", CIPHER[:-1]),
        ("byte-more", CIPHER + b"\x00"),
        ("tag-bit", CIPHER[:-1] + bytes([CIPHER[-1] ^ 1])),
        ("body-bit", CIPHER[:40] + bytes([CIPHER[40] ^ 1]) + CIPHER[41:]),
        ("key-bit", bytes([CIPHER[0] ^ 1]) + CIPHER[1:]),
        ("zero-key", bytes(32) + CIPHER[32:]),
    ):
        yield bad(f"cipher-{name}", "signed by the issuer, and does not open", envelope(FIELDS_NOW, data))
    changed = {
        "recipient-label": brief(encrypted_to=MINE),
        "first": brief(encrypted_to=MINE, releasable_to=ALONE, first=2, last=2),
        "caveats": brief(encrypted_to=MINE, releasable_to=ALONE, caveats=["NO_ONWARD"]),
        "traffic": header(encrypted_to=MINE, releasable_to=ALONE),
    }
    for name, fields in changed.items():
        why = "the ciphertext of another header: HPKE's info binds all of it but the seal's key and times"
        yield bad(f"moved-{name}", why, envelope(fields, CIPHER))
    without = sealed(SECRET, MINE, b"")
    yield bad("no-info", "encrypted without the header as info", envelope(FIELDS_NOW, without))
    whole = sealed(SECRET, MINE, cbor(FIELDS_NOW))
    yield bad("whole-info", "info holds key id and times as well", envelope(FIELDS_NOW, whole))
    plain = envelope(brief(releasable_to=ALONE), CIPHER)
    yield bad("not-said", "a ciphertext whose header does not say so", plain, "bad-payload")
    yield bad("wrong-inside", "what opens is held to every rule", message(pack([launch(1)])), "wrong-content")
    yield bad("rubbish-inside", "what opens is no payload", message(b"\xc1"), "bad-payload")
    yield bad("empty-inside", "what opens is nothing", message(b""), "bad-payload")
    signed = envelope(FIELDS_NOW, CIPHER, signed_fields=brief(releasable_to=ALONE))
    yield bad("said-after-signing", "the header's word was added after signing", signed, "bad-signature")

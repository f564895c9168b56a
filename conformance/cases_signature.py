"""Keys, algorithms, signatures, and single bits."""

import hmac
from collections.abc import Iterator, Sequence
from typing import Any

from cases_encoding import AAD, ANY_FORM, GOOD, GUARDED, PAYLOAD, SIGNATURE, built
from wire_bytes import (
    EDDSA,
    FIELDS,
    KEYS,
    Case,
    Raw,
    brief,
    cbor,
    envelope,
    header,
    heartbeat,
    key_row,
    launch,
    pack,
    private_key,
    protected,
    public_key,
    to_sign,
    wrap,
)

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the base point of Ed25519 (RFC 8032, 5.1)."""
IDENTITY = b"\x01" + bytes(31)
"""The neutral point; a key of this value would sign everything."""
ANY_HEADER = (*ANY_FORM, "other-protocol", "wrong-plane", "wrong-recipient", "unknown-key", "bad-signature")
"""A bit of the header may break it in any of these ways, and in none may it pass."""
NAME = "KOR-EXERCISE-1"


def cases() -> Iterator[Case]:
    """Classes `key`, `algorithm`, `signature` and `bit`."""
    yield from _keys()
    yield from _algorithms()
    yield from _protected()
    yield from _signatures()
    yield from _bits()


def _key(name: str, why: str, message: bytes, keys: Sequence[dict[str, Any]] = KEYS) -> Case:
    return Case(f"key/{name}", why, message, ("unknown-key",), keys=keys)


def _keys() -> Iterator[Case]:
    yield _key("unknown", "a key nobody has named", envelope(brief(key_id="KOR-EXERCISE-9")))
    yield _key(
        "retired", "key 1 is gone from the list, key 2 counts", envelope(), [key_row("KOR-EXERCISE-2")]
    )
    yield _key("not-yet", "the next key, before it is in the list", envelope(brief(key_id="KOR-EXERCISE-2")))
    yield _key("nobody-trusted", "an empty list", envelope(), [])
    yield from _revoked()
    yield _key("of-another-nation", "USA's key under KOR's name", envelope(brief(key_id="USA-EXERCISE-1")))
    yield _key("as-another-nation", "KOR's key under USA's name", envelope(brief(issuer="USA")))
    yield _key(
        "nation-not-listed", "the list gives the key to USA", envelope(), [key_row(NAME, nation="USA")]
    )
    for plane in ("REAL", "TEST"):
        why = f"the list gives the key to plane {plane}"
        yield _key(f"listed-for-{plane}".lower(), why, envelope(), [key_row(NAME, plane=plane)])
    for name, text in (
        ("empty", ""),
        ("lower-case", NAME.lower()),
        ("space", NAME + " "),
        ("prefix", NAME[:-1]),
        ("null-byte", NAME + "\x00"),
        ("newline", "\n\x1b[2J" + NAME),
        ("wide", "ＫＯＲ-EXERCISE-1"),
    ):
        yield _key(
            f"id-{name}", "key ids are compared byte by byte", envelope(brief(key_id=text), signer=NAME)
        )


def _revoked() -> Iterator[Case]:
    """KOR-EXERCISE-1 was stolen; JPN's stream `urgent` had come to 7, `control` to 90."""
    rows = [
        {"recipient": "JPN", "traffic": "urgent", "upto": 7},
        {"recipient": "JPN", "traffic": "control", "upto": 90},
        {"recipient": "USA", "traffic": "flow", "upto": 1_000},
    ]
    stolen = [key_row(NAME, revoked=rows, retired=True), key_row("KOR-EXERCISE-2")]

    def refused(name: str, why: str, message: bytes, keys: Sequence[dict[str, Any]] = stolen) -> Case:
        return Case(f"key/revoked-{name}", why, message, ("revoked-key",), keys=keys)

    def good(name: str, why: str, message: bytes, *marks: str, **more: Any) -> Case:
        return Case(f"good/revoked-{name}", why, message, keys=stolen, shown=marks, **more)

    at = {"first": 7, "last": 7}
    yield good("up-to", "the last sequence that counts", envelope(brief(**at)), "retired-key", fresh=[(7, 7)])
    new = envelope(brief(first=8, last=8, key_id="KOR-EXERCISE-2"))
    yield good("successor", "the same stream under the next key", new, fresh=[(8, 8)])
    yield refused("beyond", "one beyond it", envelope(brief(first=8, last=8)))
    across = pack([launch(n) for n in (7, 8)])
    yield refused("across", "from within to beyond: not in part", envelope(brief(first=7, last=8), across))
    yield refused("other-stream", "a stream that is not named counts for nothing", envelope(header()))
    note = header(traffic="control", first=91, last=91)
    yield refused("control", "control has its own sequence", envelope(note, pack([heartbeat()])))
    nothing = [key_row(NAME, revoked=[])]
    yield refused("for-nothing", "no stream is named at all", envelope(brief()), nothing)
    forged = envelope(brief(first=8, last=8), signer="USA-EXERCISE-1")
    why = "not even signed by the stolen key: the signature is checked first"
    yield Case("signature/under-revoked-name", why, forged, ("bad-signature",), keys=stolen)


def _algorithms() -> Iterator[Case]:
    why = "the algorithm comes from the trust list, never from the message"
    for name, algorithm in (
        ("es256", -7),
        ("es384", -35),
        ("es512", -36),
        ("ps256", -37),
        ("ed25519-rfc9864", -19),
        ("ed448", -53),
        ("ml-dsa-44", -48),
        ("rs1", -65535),
        ("hmac-256", 5),
        ("aes-ccm", 10),
        ("none", 0),
        ("null", None),
        ("text", "EdDSA"),
        ("positive-8", 8),
        ("float", -8.0),
        ("bignum", Raw(b"\xc3\x41\x07")),
        ("long", Raw(b"\x38\x07")),
    ):
        yield Case(
            f"algorithm/{name}", why, envelope(guarded=protected(algorithm=algorithm)), ("bad-algorithm",)
        )
    guarded = protected(algorithm=5)
    tag = hmac.digest(public_key(NAME), to_sign(AAD, guarded, PAYLOAD), "sha256")
    why = "HMAC with the public key as its secret, the classic confusion"
    for name, value in (("hmac-with-public-key", tag), ("hmac-padded", tag + tag)):
        yield Case(f"algorithm/{name}", why, wrap(AAD, guarded, PAYLOAD, value), ("bad-algorithm",))


def _protected() -> Iterator[Case]:
    kid = NAME.encode()
    for name, guarded in (
        ("empty", b""),
        ("empty-map", b"\xa0"),
        ("no-algorithm", cbor({4: kid})),
        ("no-key-id", cbor({1: EDDSA})),
        ("unsorted", cbor({4: kid, 1: EDDSA})),
        ("doubled-algorithm", Raw(b"\xa3\x01\x26\x01\x27\x04") + cbor(kid)),
        ("doubled-key-id", Raw(b"\xa3\x01\x27\x04") + cbor(b"KOR-EXERCISE-9") + b"\x04" + cbor(kid)),
        ("key-id-text", cbor({1: EDDSA, 4: NAME})),
        ("key-id-of-another", protected("USA-EXERCISE-1")),
        ("critical", cbor({1: EDDSA, 2: [4], 4: kid})),
        ("content-type", cbor({1: EDDSA, 3: "application/json", 4: kid})),
        ("algorithm-as-text-key", cbor({"alg": EDDSA, 4: kid})),
        ("long-map-head", Raw(b"\xb8\x02") + protected()[1:]),
        ("indefinite-map", Raw(b"\xbf") + protected()[1:] + b"\xff"),
        ("long-key", Raw(b"\xa2\x18\x01\x27") + protected()[3:]),
        ("trailing-byte", protected() + b"\x00"),
        ("not-cbor", b"\xff\xff"),
    ):
        why = "the protected header has exactly the bytes of this key"
        yield Case(f"algorithm/protected-{name}", why, envelope(guarded=guarded), ("bad-algorithm",))


def _signature(name: str, why: str, value: bytes, **context: Any) -> Case:
    return Case(f"signature/{name}", why, wrap(AAD, GUARDED, PAYLOAD, value), ("bad-signature",), **context)


def _over(data: bytes) -> bytes:
    return private_key(NAME).sign(data)


def _signatures() -> Iterator[Case]:
    whole = to_sign(AAD, GUARDED, PAYLOAD)
    yield _signature("of-partner", "signed by USA", private_key("USA-EXERCISE-1").sign(whole))
    yield _signature("of-recipient", "signed by JPN itself", private_key("JPN-EXERCISE-1").sign(whole))
    yield _signature(
        "of-next-key",
        "signed by KOR's key 2, named key 1",
        private_key("KOR-EXERCISE-2").sign(whole),
        keys=[*KEYS, key_row("KOR-EXERCISE-2")],
    )
    for name, value in (
        ("empty", b""),
        ("zeros", bytes(64)),
        ("ones", b"\xff" * 64),
        ("short", SIGNATURE[:63]),
        ("long", SIGNATURE + b"\x00"),
        ("twice", SIGNATURE * 2),
        ("half", SIGNATURE[:32]),
        ("halves-swapped", SIGNATURE[32:] + SIGNATURE[:32]),
        ("reversed", SIGNATURE[::-1]),
        ("with-message", SIGNATURE + whole),
    ):
        yield _signature(name, "64 bytes, R then S, of this very message", value)
    scalar = int.from_bytes(SIGNATURE[32:], "little")
    for times in (1, 2, 7):
        larger = (scalar + times * ORDER).to_bytes(32, "little")
        yield _signature(
            f"malleable-{times}", "S is below the group's order (RFC 8032, 5.1.7)", SIGNATURE[:32] + larger
        )
    yield _signature("identity", "R is the neutral point and S is 0", IDENTITY + bytes(32))
    weak = {**key_row(NAME), "public": IDENTITY.hex()}
    yield _signature(
        "weak-key", "a public key of small order verifies nothing", IDENTITY + bytes(32), keys=[weak]
    )
    why = "the signature is over Sig_structure of COSE_Sign1"
    for name, data in (
        ("context-signature", to_sign(AAD, GUARDED, PAYLOAD, "Signature")),
        ("context-counter", to_sign(AAD, GUARDED, PAYLOAD, "CounterSignature")),
        ("context-mac0", to_sign(AAD, GUARDED, PAYLOAD, "MAC0")),
        ("payload-alone", PAYLOAD),
        ("without-header", to_sign(b"", GUARDED, PAYLOAD)),
        ("without-protected", to_sign(AAD, b"", PAYLOAD)),
        ("without-payload", to_sign(AAD, GUARDED, b"")),
        ("header-after-payload", to_sign(PAYLOAD, GUARDED, AAD)),
        ("joined-bare", AAD + GUARDED + PAYLOAD),
    ):
        yield _signature(f"over-{name}", why, _over(data))
    yield Case(
        "signature/payload-swapped",
        "another payload under a true signature",
        wrap(AAD, GUARDED, PAYLOAD + b"\xc0", SIGNATURE),
        ("bad-signature",),
    )


def flipped(data: bytes, at: int, bit: int) -> bytes:
    """One bit changed; bit 0 is the lowest."""
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def _bits() -> Iterator[Case]:
    def flip(name: str, at: int, bit: int, *reasons: str) -> Case:
        why = f"bit {bit} of byte {at} is flipped: {name}"
        return Case(f"bit/{name}-{at}-{bit}", why, flipped(GOOD, at, bit), reasons)

    at_tag = 1 + len(cbor(AAD))
    at_guarded = at_tag + 3
    at_bare = at_guarded + len(GUARDED)
    at_payload = at_bare + 1 + len(cbor(PAYLOAD)) - len(PAYLOAD)
    at_signature = len(GOOD) - 64
    for name, at in (("outer", 0), ("tag", at_tag), ("cose-array", at_tag + 1), ("unprotected", at_bare)):
        yield from (flip(name, at, bit, *ANY_FORM) for bit in range(8))
    for name, at in (
        ("header-length", 1),
        ("protected-length", at_guarded - 1),
        ("payload-length", at_bare + 1),
        ("signature-length", at_signature - 2),
    ):
        yield from (flip(name, at, bit, *ANY_FORM) for bit in (0, 1, 3, 5, 7))
    offset = 4
    for field, value in zip(FIELDS, brief(), strict=True):
        size = len(cbor(value))
        yield flip(f"header-{field}", offset, 5, *ANY_HEADER)
        yield flip(f"header-{field}", offset + size - 1, 0, *ANY_HEADER)
        offset += size
    yield from (
        flip("protected", at_guarded + at, 0, "bad-algorithm") for at in (0, 1, 2, 3, 4, 5, len(GUARDED) - 1)
    )
    for part in range(10):
        yield flip("payload", at_payload + part * (len(PAYLOAD) - 1) // 9, part % 8, "bad-signature")
    for at in (0, 15, 31, 32, 48, 63):
        yield from (flip("signature", at_signature + at, bit, "bad-signature") for bit in (0, 7))


assert built() == GOOD
assert GOOD[3] == 0x8E

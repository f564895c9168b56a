"""Other bytes for the same thing, things cut short, things too deep or too large."""

from collections.abc import Iterator

from cases_good import sized
from wire_bytes import (
    MAX_BYTES,
    NOW,
    Case,
    Raw,
    brief,
    cbor,
    envelope,
    head,
    launch,
    pack,
    private_key,
    protected,
    to_sign,
    wrap,
)

ANY_FORM = ("malformed", "not-canonical")
"""Which of the two depends on the CBOR library: both say that this is not the one allowed form."""

GOOD = envelope()
AAD, GUARDED, PAYLOAD = cbor(brief()), protected(), pack([launch(1)])
SIGNATURE = private_key("KOR-EXERCISE-1").sign(to_sign(AAD, GUARDED, PAYLOAD))


def cases() -> Iterator[Case]:
    """Classes `encoding` and `bomb`."""
    yield from _long_heads()
    yield from _indefinite()
    yield from _outer_shape()
    yield from _unprotected()
    yield from _header_encoding()
    yield from _cut()
    yield from _bombs()


def _form(name: str, why: str, message: bytes, *reasons: str) -> Case:
    return Case(f"encoding/{name}", why, message, reasons or ANY_FORM)


def built(
    outer: bytes = b"\x82",
    aad: bytes = cbor(AAD),
    tag: bytes = b"\xd2",
    array: bytes = b"\x84",
    guarded: bytes = cbor(GUARDED),
    bare: bytes = b"\xa0",
    payload: bytes = cbor(PAYLOAD),
    signature: bytes = cbor(SIGNATURE),
) -> bytes:
    """The good message from its encoded parts."""
    return outer + aad + tag + array + guarded + bare + payload + signature


def _long_heads() -> Iterator[Case]:
    why = "lengths take their shortest form"
    for size in (1, 2, 4, 8):
        yield _form(f"outer-array-length-{size}", why, built(outer=head(4, 2, size)))
        yield _form(f"tag-length-{size}", why, built(tag=head(6, 18, size)))
        yield _form(f"cose-array-length-{size}", why, built(array=head(4, 4, size)))
        yield _form(f"protected-length-{size}", why, built(guarded=head(2, len(GUARDED), size) + GUARDED))
        yield _form(f"unprotected-length-{size}", why, built(bare=head(5, 0, size)))
    for size in (2, 4, 8):
        yield _form(f"header-length-{size}", why, built(aad=head(2, len(AAD), size) + AAD))
        yield _form(f"signature-length-{size}", why, built(signature=head(2, 64, size) + SIGNATURE))
    for size in (4, 8):
        yield _form(f"payload-length-{size}", why, built(payload=head(2, len(PAYLOAD), size) + PAYLOAD))


def _indefinite() -> Iterator[Case]:
    why = "no indefinite lengths"
    yield _form("outer-indefinite", why, built(outer=b"\x9f") + b"\xff")
    yield _form("cose-indefinite", why, built(array=b"\x9f") + b"\xff")
    yield _form("unprotected-indefinite", why, built(bare=b"\xbf\xff"))
    for name, part in (("aad", AAD), ("guarded", GUARDED), ("payload", PAYLOAD), ("signature", SIGNATURE)):
        chunks = b"\x5f" + cbor(part[:8]) + cbor(part[8:]) + b"\xff"
        yield _form(f"{name}-in-chunks", why, built(**{name: chunks}))


def _outer_shape() -> Iterator[Case]:
    yield _form("trailing-byte", "nothing comes after the message", GOOD + b"\x00")
    yield _form("trailing-message", "two messages are not one", GOOD + GOOD)
    yield _form("self-described", "no tag 55799 before it", b"\xd9\xd9\xf7" + GOOD)
    for name, tag in (
        ("none", b""),
        ("mac0", b"\xd1"),
        ("encrypt0", b"\xd0"),
        ("sign", head(6, 98)),
        ("cwt", head(6, 61) + b"\xd2"),
        ("doubled", b"\xd2\xd2"),
        ("19", b"\xd3"),
    ):
        yield _form(f"tag-{name}", "the tag is 18, COSE_Sign1", built(tag=tag), "malformed")
    yield _form("outer-one", "the array has two parts", b"\x81" + cbor(AAD), "malformed")
    yield _form("outer-three", "the array has two parts", built(outer=b"\x83") + b"\x00", "malformed")
    cose = b"\xd2\x84" + cbor(GUARDED) + b"\xa0" + cbor(PAYLOAD) + cbor(SIGNATURE)
    yield _form("outer-swapped", "the header comes first", b"\x82" + cose + cbor(AAD), "malformed")
    yield _form("outer-map", "an array, not a map", b"\xa1" + cbor(AAD) + cose, "malformed")
    yield _form("bare-cose", "the COSE message without the header", cose, "malformed")
    yield _form("cose-three", "COSE_Sign1 has four parts", built(array=b"\x83", signature=b""), "malformed")
    yield _form("cose-five", "COSE_Sign1 has four parts", built(array=b"\x85") + b"\x40", "malformed")
    yield _form("payload-detached", "the payload is in the message", built(payload=b"\xf6"), "malformed")
    for name, part in (("aad", AAD), ("guarded", GUARDED), ("payload", PAYLOAD), ("signature", SIGNATURE)):
        text = head(3, 3) + b"abc"
        yield _form(f"{name}-as-text", "a byte string, not text", built(**{name: text}), "malformed")
        listed = cbor(list(part))
        yield _form(
            f"{name}-as-list", "a byte string, not a list of numbers", built(**{name: listed}), "malformed"
        )
    yield _form(
        "protected-as-map",
        "a byte string that holds the map, not the map",
        built(guarded=GUARDED),
        "malformed",
    )


def _unprotected() -> Iterator[Case]:
    why = "the unprotected header is empty: nothing unsigned may say anything"
    for name, bare in (
        ("key-id", cbor({4: b"KOR-EXERCISE-1"})),
        ("algorithm", cbor({1: -8})),
        ("iv", cbor({5: b"\x00" * 8})),
        ("unknown", cbor({"x": 1})),
        ("doubled-key", Raw(b"\xa2\x01\x27\x01\x26")),
        ("null", b"\xf6"),
        ("array", b"\x80"),
        ("bytes", b"\x41\xa0"),
    ):
        yield _form(f"unprotected-{name}", why, built(bare=bare))


def _signed(name: str, why: str, aad: bytes, *reasons: str) -> Case:
    return _form(f"header-{name}", why, envelope(aad=aad), *reasons)


def _header_encoding() -> Iterator[Case]:
    """All signed as they stand: only the reader's care for the form finds them."""
    why = "the signed header has one form only"
    rest = cbor(brief())[2:]
    for size in (1, 2, 4, 8):
        yield _signed(f"protocol-integer-{size}", why, b"\x8d" + head(0, 1, size) + rest)
        yield _signed(f"array-length-{size}", why, head(4, 13, size) + b"\x01" + rest)
        yield _signed(f"plane-length-{size}", why, b"\x8d\x01" + head(3, 8, size) + rest[1:])
    yield _signed("indefinite", why, b"\x9f" + AAD[1:] + b"\xff", "malformed", "not-canonical")
    yield _signed("plane-in-chunks", why, b"\x8d\x01\x7f" + rest[:9] + b"\xff" + rest[9:])
    for name, one in (("16", b"\xf9\x3c\x00"), ("32", b"\xfa\x3f\x80\x00\x00"), ("64", cbor(1.0))):
        yield _signed(f"protocol-float-{name}", "a float is no integer", b"\x8d" + one + rest)
    yield _signed("protocol-bignum", "1 as a bignum", b"\x8d\xc2\x41\x01" + rest)
    yield _signed("protocol-tagged", "a tag before a field", b"\x8d\xc6\x01" + rest)
    yield _signed(
        "caveats-set-tag", "a set (tag 258) is not a list", cbor(brief(caveats=Raw(b"\xd9\x01\x02\x80")))
    )
    yield _signed(
        "time-as-date", "a date (tag 1) is not a number", cbor(brief(issued_wall_ns=Raw(b"\xc1" + cbor(NOW))))
    )
    yield _signed("trailing-byte", "nothing comes after the header", AAD + b"\x00")
    yield _signed("trailing-header", "two headers are not one", AAD + AAD)
    yield _signed("self-described", "no tag 55799 before the header", b"\xd9\xd9\xf7" + AAD)
    yield _signed("undefined-field", "undefined is no value", b"\x8d\xf7" + rest)


def _cut() -> Iterator[Case]:
    yield _form("empty", "no byte at all", b"", "malformed")
    yield _form("one-byte", "the first byte alone", GOOD[:1], "malformed")
    for name, at in (
        ("in-header", 40),
        ("after-header", 1 + len(cbor(AAD))),
        ("after-protected", 3 + len(cbor(AAD)) + len(cbor(GUARDED))),
        ("in-payload", len(GOOD) - 200),
        ("in-signature", len(GOOD) - 32),
        ("last-byte", len(GOOD) - 1),
    ):
        yield _form(f"cut-{name}", "cut short", GOOD[:at], "malformed")
    yield _form("first-byte-gone", "the beginning is missing", GOOD[1:], "malformed")
    yield _form("json", "the same in another notation", b'{"plane":"EXERCISE","issuer":"KOR"}', "malformed")
    yield _form("zeros", "a kilobyte of zeros", bytes(1024))
    yield _form("ones", "a kilobyte of ones", b"\xff" * 1024, "malformed")


def _bomb(name: str, why: str, message: bytes, *reasons: str) -> Case:
    return Case(f"bomb/{name}", why, message, reasons or ANY_FORM)


def _bombs() -> Iterator[Case]:
    yield _bomb(
        "one-byte-too-large", f"good but for its {MAX_BYTES + 1} bytes", sized(MAX_BYTES + 1), "too-large"
    )
    for size in (4, 8):
        count = 256**size - 1
        yield _bomb(f"array-of-{8 * size}-bits", "an array that says it is huge", head(4, count), "malformed")
        yield _bomb(f"map-of-{8 * size}-bits", "a map that says it is huge", head(5, count), "malformed")
        yield _bomb(f"bytes-of-{8 * size}-bits", "a string that says it is huge", head(2, count), "malformed")
        yield _bomb(f"text-of-{8 * size}-bits", "a text that says it is huge", head(3, count), "malformed")
    yield _bomb(
        "payload-says-4-gb", "the payload says it is 4 GB", built(payload=head(2, 2**32 - 1) + PAYLOAD)
    )
    for name, item, count in (
        ("arrays", b"\x81", 1_000),
        ("maps", b"\xa1\x00", 1_000),
        ("tags", b"\xc6", 1_000),
        ("indefinite", b"\x9f", 1_000),
    ):
        yield _bomb(f"nested-{name}", f"{count} levels deep", item * count + b"\x00", "malformed")
    deep = b"\x81" * 500 + b"\x00"
    yield _bomb(
        "nested-in-header",
        "500 levels deep in a field",
        envelope(aad=cbor(brief(caveats=Raw(deep)))),
        "malformed",
    )
    yield _bomb(
        "nested-in-unprotected", "500 levels deep where nothing may be", built(bare=b"\xa1\x00" + deep)
    )
    huge = head(0, 2**64 - 1)
    yield _bomb("bigfloat", "1 * 2^(2^64): a number that takes all memory", b"\xc5\x82" + huge + b"\x01")
    yield _bomb("decimal", "1 * 10^(2^64)", b"\xc4\x82" + huge + b"\x01")
    yield _bomb("rational", "1 / 0", b"\xd8\x1e\x82\x01\x00")
    yield _bomb("bignum", "an integer of 1,000 bytes", b"\xc2" + cbor(b"\xff" * 1_000))
    yield _bomb("date", "the year 10^11", b"\xc1\x1b\x7f\xff\xff\xff\xff\xff\xff\xff")
    yield _bomb(
        "regular-expression", "an expression that takes for ever", b"\xd8\x23" + cbor("(a+)+" * 200 + "$")
    )
    laughs = b"\x82" + b"\xd8\x1c" + cbor(["ha"] * 8) + b"\x88" + b"\xd8\x1d\x00" * 8
    yield _bomb("shared-values", "references that multiply", b"\x88" + laughs * 8)
    yield _bomb("shared-with-itself", "a list that holds itself", b"\xd8\x1c\x82" + b"\xd8\x1d\x00" * 2)
    yield _bomb(
        "bignum-protocol",
        "a bignum of 500 bytes as version",
        envelope(aad=cbor(brief(protocol=2**4000))),
        "malformed",
        "not-canonical",
        "other-protocol",
    )


assert wrap(AAD, GUARDED, PAYLOAD, SIGNATURE) == built() == GOOD

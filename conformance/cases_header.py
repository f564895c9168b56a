"""Headers that are wrong, under a signature that is right: the issuer itself wrote them."""

from collections.abc import Iterator
from typing import Any

from wire_bytes import (
    FIELDS,
    KEYS,
    NATIONS,
    NOW,
    PLANES,
    SECOND,
    Case,
    Raw,
    brief,
    cbor,
    envelope,
    header,
    heartbeat,
    key_row,
    label,
    launch,
    pack,
    protected,
)

TEXTS = {"plane", "issuer", "recipient", "traffic", "key_id", "encrypted_to"}
LISTS = {"originators", "releasable_to", "caveats"}
NOT_INTEGERS = {"text": "1", "float": 1.0, "boolean": True, "null": None, "list": [1]}
NOT_TEXTS = {"number": 1, "bytes": b"KOR", "null": None, "list": ["KOR"]}
NOT_LISTS = {"text": "KOR", "null": None, "map": {"KOR": True}, "numbers": [1], "nested": [["KOR"]]}


def cases() -> Iterator[Case]:
    """Classes `header`, `bound`, `address` and `time`."""
    yield from _types()
    yield from _shape()
    yield from _words()
    yield from _sequences()
    yield from _bound()
    yield from _address()
    yield from _time()


def _header(name: str, why: str, fields: list[Any], *reasons: str) -> Case:
    return Case(f"header/{name}", why, envelope(fields, guarded=protected()), reasons or ("malformed",))


def _types() -> Iterator[Case]:
    for field in FIELDS:
        wrong: dict[str, Any] = NOT_TEXTS if field in TEXTS else NOT_LISTS if field in LISTS else NOT_INTEGERS
        for kind, value in wrong.items():
            why = f"{field} is of another CBOR type ({kind}); no reader may convert it"
            yield _header(f"{field}-{kind}", why, brief(**{field: value}))


def _shape() -> Iterator[Case]:
    for at, field in enumerate(FIELDS):
        cut = brief()[:at] + brief()[at + 1 :]
        yield _header(f"{field}-missing", f"thirteen fields: {field} is left out", cut)
    yield _header("one-more", "a fifteenth field", [*brief(), 0])
    yield _header("empty", "no field at all", [])
    swapped = brief()
    swapped[2], swapped[3] = swapped[3], swapped[2]
    yield _header(
        "issuer-and-recipient-swapped", "two fields in each other's place", swapped, "wrong-recipient"
    )
    as_map = cbor(dict(zip(FIELDS, brief(), strict=True)))
    yield Case(
        "header/map", "a map of names instead of the array", envelope(brief(), aad=as_map), ("malformed",)
    )
    twice = cbor(cbor(brief()))
    yield Case(
        "header/wrapped-twice",
        "a byte string within the byte string",
        envelope(brief(), aad=twice),
        ("malformed",),
    )
    yield Case("header/nothing", "a byte string without bytes", envelope(brief(), aad=b""), ("malformed",))


def _words() -> Iterator[Case]:
    for field, words in (
        ("plane", ("exercise", "DRILL", "", "EXERCISE ", "EXERCISE\x00")),
        ("issuer", ("kor", "PRK", "", "KOR,USA")),
        ("recipient", ("jpn", "ALL", "*", "")),
        ("traffic", ("FLOW", "tracks", "")),
    ):
        for number, word in enumerate(words, start=1):
            yield _header(
                f"{field}-word-{number}", f"{field} is not a known word: {word!r}", brief(**{field: word})
            )
    for field, part in (("originators", "PRK"), ("releasable_to", "ALL"), ("caveats", "NOFORN")):
        yield _header(f"{field}-unknown-word", f"{part} is not a known word", brief(**{field: [part]}))
    for name, protocol in (("0", 0), ("2", 2), ("minus-1", -1), ("huge", 2**64 - 1)):
        why = "another version is refused, never guessed at"
        yield _header(f"protocol-{name}", why, brief(protocol=protocol), "other-protocol")
    yield _header("key-id-65", "a key id longer than 64 characters", brief(key_id="K" * 65))
    yield _header("encrypted-to-65", "a key id longer than 64 characters", brief(encrypted_to="K" * 65))
    yield _header("key-id-not-utf8", "text that is no UTF-8", brief(key_id=Raw(b"\x63\xff\xfe\xfd")))
    yield _header(
        "releasable_to-unsorted", "lists ascend", brief(releasable_to=["USA", "JPN"]), "not-canonical"
    )
    yield _header(
        "releasable_to-doubled", "lists are sets", brief(releasable_to=["JPN", "JPN"]), "not-canonical"
    )
    yield _header("originators-doubled", "lists are sets", brief(originators=["KOR", "KOR"]), "not-canonical")
    yield _header("caveats-unsorted", "lists ascend", brief(caveats=["NO_ONWARD", "DELAY"]), "not-canonical")
    yield _header("caveats-doubled", "lists are sets", brief(caveats=["DELAY", "DELAY"]), "not-canonical")


def _sequences() -> Iterator[Case]:
    for field in ("first", "last"):
        yield _header(f"{field}-zero", "sequences start at 1", brief(**{field: 0}))
        yield _header(f"{field}-negative", "sequences start at 1", brief(**{field: -1}))
        yield _header(f"{field}-over-2-62", "sequences end at 2^62", brief(**{field: 2**62 + 1}))
        yield _header(f"{field}-2-64", "a number that takes a bignum", brief(**{field: 2**64}))
    yield _header("last-before-first", "no record at all", brief(first=5, last=4), "bad-payload")
    yield _header("run-of-51", "more records than one envelope may hold", brief(last=51), "bad-payload")
    yield _header(
        "run-of-2-62", "as if it were everything there will ever be", brief(last=2**62), "bad-payload"
    )
    for field in ("issued_wall_ns", "expires_wall_ns"):
        yield _header(f"{field}-negative", "before 1970", brief(**{field: -1}))
        yield _header(f"{field}-over-2-62", "later than any clock", brief(**{field: 2**62 + 1}))


def _bound() -> Iterator[Case]:
    """The signature is over another header: each field is shown to be bound by it."""
    changes: dict[str, tuple[Any, str]] = {
        "protocol": (2, "signed as version 2"),
        "plane": ("TEST", "signed for TEST, shown in EXERCISE"),
        "issuer": ("USA", "signed as a message of USA"),
        "recipient": ("USA", "signed for USA, handed on to JPN"),
        "traffic": ("flow", "signed as flow, shown as urgent"),
        "first": (2, "signed as sequence 2, shown as 1: a gap would be hidden"),
        "last": (2, "signed as two records"),
        "originators": (["USA"], "signed with another originator"),
        "releasable_to": (["JPN"], "signed for JPN alone, shown with a wider label"),
        "caveats": (["NO_ONWARD"], "signed with a caveat that is now gone"),
        "key_id": ("KOR-EXERCISE-2", "signed under the name of another key"),
        "issued_wall_ns": (NOW - 3600 * SECOND, "signed an hour ago, shown as fresh"),
        "expires_wall_ns": (NOW, "signed with a shorter life"),
        "encrypted_to": ("JPN-EXERCISE-E1", "signed as encrypted, shown as if in the clear"),
    }
    for field, (value, why) in changes.items():
        message = envelope(brief(), signed_fields=brief(**{field: value}))
        yield Case(f"bound/{field}", why, message, ("bad-signature",))


def _address() -> Iterator[Case]:
    for plane in PLANES:
        for node in PLANES:
            if plane != node:
                message = envelope(brief(plane=plane), pack([launch(1, label=label(plane=plane))]))
                why = f"a message of {plane} in a node of {node}"
                yield Case(f"address/{plane}-in-{node}".lower(), why, message, ("wrong-plane",), plane=node)
    for other in ("USA", "KOR"):
        why = f"for {other}, seen by JPN"
        yield Case(
            f"address/for-{other}".lower(), why, envelope(brief(recipient=other)), ("wrong-recipient",)
        )
    for node in ("USA", "KOR"):
        why = f"for JPN, replayed to {node}"
        keys = [key_row(f"{nation}-EXERCISE-1") for nation in NATIONS]
        yield Case(
            f"address/replayed-to-{node}".lower(),
            why,
            envelope(),
            ("wrong-recipient",),
            nation=node,
            keys=keys,
        )
    own = brief(issuer="JPN", originators=["JPN"], releasable_to=["KOR", "USA"], key_id="JPN-EXERCISE-1")
    mirror = envelope(own, pack([launch(1, "JPN")]))
    keys = [*KEYS, key_row("JPN-EXERCISE-1")]
    why = "from the node's own nation, though its key is in the list: an echo is no news"
    yield Case("address/from-myself", why, mirror, ("unknown-key",), keys=keys)


def _time() -> Iterator[Case]:
    for name, issued, expires in (
        ("endless", NOW, 2**62),
        ("over-48-h", NOW, NOW + 172_800 * SECOND + 1),
        ("backward", NOW + 20 * SECOND, NOW + 20 * SECOND - 1),
    ):
        message = envelope(brief(issued_wall_ns=issued, expires_wall_ns=expires))
        yield Case(f"time/life-{name}", "a life of 0 to 48 h", message, ("expired",))
    for name, ahead in (("1-ns", 1), ("1-s", SECOND), ("1-day", 86_400 * SECOND)):
        at = NOW + 30 * SECOND + ahead
        message = envelope(brief(issued_wall_ns=at, expires_wall_ns=at + SECOND))
        yield Case(f"time/future-{name}", f"{name} beyond the 30 s allowed", message, ("future",))
    for name, ago in (("1-ns", 1), ("1-s", SECOND), ("1-year", 365 * 86_400 * SECOND)):
        life = {"issued_wall_ns": NOW - ago - SECOND, "expires_wall_ns": NOW - ago}
        why = f"a product that expired {name} ago is taken and marked: there may be no other"
        yield Case(f"good/expired-{name}", why, envelope(brief(**life)), shown=("expired",))
        note = envelope(
            header(traffic="control", **life), pack([heartbeat(at_wall_ns=life["issued_wall_ns"])])
        )
        yield Case(f"time/expired-{name}", f"control that expired {name} ago", note, ("expired",))
    yield Case(
        "time/expires-zero", "an end before its begin", envelope(brief(expires_wall_ns=0)), ("expired",)
    )
    message = envelope()
    why = "good yesterday, past its time today"
    later = NOW + 86_400 * SECOND
    yield Case("good/same-message-later", why, message, now=later, shown=("expired",))
    edge = header(traffic="control", issued_wall_ns=NOW - SECOND, expires_wall_ns=NOW)
    why = "control whose expiry is now is still in time"
    yield Case("good/control-expires-now", why, envelope(edge, pack([heartbeat()])))
    old = [key_row("KOR-EXERCISE-1", retired=True)]
    why = "under a key that is out of use: taken, and marked"
    yield Case("good/retired-key", why, message, keys=old, shown=("retired-key",))
    yield Case(
        "good/retired-and-expired", why, message, keys=old, now=later, shown=("expired", "retired-key")
    )
    why = "the node's clock stands at 1970: everything seems to come from the future"
    yield Case("time/clock-lost", why, message, ("future",), now=0)
    both = brief(issued_wall_ns=NOW + 3600 * SECOND, expires_wall_ns=NOW - 3600 * SECOND)
    yield Case("time/future-and-expired", "wrong at both ends", envelope(both), ("future", "expired"))

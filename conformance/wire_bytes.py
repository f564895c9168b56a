"""The bytes of messages, written from docs/conformance.md alone: nothing of tocsin and no CBOR or MessagePack
library is used here, so a fault in tocsin's own writer cannot hide in the vectors.

The keys are TEST KEYS. Their seeds are public; no node may ever trust them.
"""

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
EDDSA = -8
FUTURE = 30 * SECOND
MAX_BYTES = 60_000
MAX_AHEAD = 1_000_000
MAX_ISLANDS = 256
NATIONS = ("USA", "KOR", "JPN")
PLANES = ("REAL", "EXERCISE", "TEST")
FIELDS = (
    "protocol", "plane", "issuer", "recipient", "traffic", "first", "last", "originators", "releasable_to",
    "caveats", "key_id", "issued_wall_ns", "expires_wall_ns", "encrypted_to",
)  # fmt: skip


class Raw(bytes):
    """Bytes that are already encoded."""


def head(major: int, number: int, size: int | None = None) -> bytes:
    """Head of a CBOR item (RFC 8949, 3); `size` forces a longer form of 1, 2, 4 or 8 bytes."""
    if size is None:
        if number < 24:
            return bytes([major << 5 | number])
        size = 1 if number < 2**8 else 2 if number < 2**16 else 4 if number < 2**32 else 8
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + number.to_bytes(size, "big")


def cbor(value: Any) -> bytes:
    """Canonical CBOR of what the vectors hold; maps keep the order given."""
    match value:
        case Raw():
            return bytes(value)
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int() if not -(2**64) <= value < 2**64:
            size = (value.bit_length() + 7) // 8
            return b"\xc2" + cbor(value.to_bytes(size, "big"))
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list() | tuple():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            pairs = (cbor(key) + cbor(part) for key, part in value.items())
            return head(5, len(value)) + b"".join(pairs)
        case _:
            raise TypeError(type(value))


def pack(value: Any) -> bytes:
    """MessagePack in its shortest forms; floats always take 64 bits; maps keep the order given."""
    match value:
        case Raw():
            return bytes(value)
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return _pack_int(value)
        case float():
            return b"\xcb" + struct.pack(">d", value)
        case bytes():
            size = next(size for size in (1, 2, 4) if len(value) < 256**size)
            return bytes([{1: 0xC4, 2: 0xC5, 4: 0xC6}[size]]) + len(value).to_bytes(size, "big") + value
        case str():
            text = value.encode()
            return _pack_head(len(text), (0xA0, 32), (0xD9, 0xDA, 0xDB)) + text
        case list() | tuple():
            return _pack_head(len(value), (0x90, 16), (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
        case dict():
            pairs = (pack(key) + pack(part) for key, part in value.items())
            return _pack_head(len(value), (0x80, 16), (None, 0xDE, 0xDF)) + b"".join(pairs)
        case _:
            raise TypeError(type(value))


def _pack_head(count: int, small: tuple[int, int], long: Sequence[int | None]) -> bytes:
    if count < small[1]:
        return bytes([small[0] | count])
    for mark, size in zip(long, (1, 2, 4), strict=True):
        if mark is not None and count < 256**size:
            return bytes([mark]) + count.to_bytes(size, "big")
    raise ValueError(count)


def _pack_int(value: int) -> bytes:
    if -32 <= value < 128:
        return struct.pack(">b", value) if value < 0 else bytes([value])
    if value > 0:
        mark, size = next((m, s) for m, s in ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)) if value < 256**s)
        return bytes([mark]) + value.to_bytes(size, "big")
    pairs = ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8))
    mark, size = next((m, s) for m, s in pairs if value >= -(256**s) // 2)
    return bytes([mark]) + value.to_bytes(size, "big", signed=True)


def private_key(key_id: str) -> Ed25519PrivateKey:
    """TEST KEY: the seed is the SHA-256 of a public sentence."""
    return Ed25519PrivateKey.from_private_bytes(seed(key_id))


def seed(key_id: str) -> bytes:
    """The private key itself, of signing and encryption keys alike."""
    return sha256(f"tocsin conformance test key {key_id}".encode()).digest()


def public_key(key_id: str) -> bytes:
    """The 32 bytes of RFC 8032."""
    return private_key(key_id).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_row(key_id: str, nation: str | None = None, plane: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of a trust list; nation and plane as the id says unless given. `more`: retired, revoked."""
    parts = key_id.split("-")
    return more | {
        "nation": nation or parts[0],
        "plane": plane or parts[1],
        "key_id": key_id,
        "public": public_key(key_id).hex(),
        "algorithm": EDDSA,
    }


KEYS = [key_row("KOR-EXERCISE-1"), key_row("USA-EXERCISE-1")]
"""Whom the node of most vectors believes."""


def header(**changes: Any) -> list[Any]:
    """A good header (KOR to JPN, one tracklet) with some fields changed."""
    good: dict[str, Any] = {
        "protocol": 1,
        "plane": "EXERCISE",
        "issuer": "KOR",
        "recipient": "JPN",
        "traffic": "flow",
        "first": 1,
        "last": 1,
        "originators": ["KOR"],
        "releasable_to": ["JPN", "USA"],
        "caveats": [],
        "key_id": "KOR-EXERCISE-1",
        "issued_wall_ns": NOW - SECOND,
        "expires_wall_ns": NOW + 3600 * SECOND,
        "encrypted_to": "",
    }
    return list((good | changes).values())


def brief(**changes: Any) -> list[Any]:
    """The same for one launch: it makes shorter messages."""
    return header(**({"traffic": "urgent"} | changes))


def protected(key_id: str = "KOR-EXERCISE-1", algorithm: Any = EDDSA) -> bytes:
    """Protected COSE header."""
    return cbor({1: algorithm, 4: key_id.encode()})


def to_sign(aad: bytes, guarded: bytes, payload: bytes, word: str = "Signature1") -> bytes:
    """Sig_structure (RFC 9052, 4.4)."""
    return cbor([word, guarded, aad, payload])


def wrap(aad: bytes, guarded: bytes, payload: bytes, signature: bytes, bare: bytes = b"\xa0") -> bytes:
    """[header, 18([protected, unprotected, payload, signature])]."""
    return b"\x82" + cbor(aad) + b"\xd2\x84" + cbor(guarded) + bare + cbor(payload) + cbor(signature)


def envelope(
    fields: Sequence[Any] | None = None,
    payload: bytes | None = None,
    *,
    aad: bytes | None = None,
    guarded: bytes | None = None,
    bare: bytes = b"\xa0",
    signer: str | None = None,
    signed_fields: Sequence[Any] | None = None,
) -> bytes:
    """A message; whatever is not given is right: a launch for an urgent header, else a tracklet, and an
    urgent header where nothing is given, because that is shorter. `signed_fields`: the header that is signed.
    """
    if fields is None:
        fields = brief() if payload is None else header()
    named = str(fields[10]) if len(fields) > 10 else "KOR-EXERCISE-1"
    if payload is None:
        payload = pack([tracklet(1)]) if "flow" in fields else pack([launch(1)])
    aad = cbor(fields) if aad is None else aad
    guarded = protected(named) if guarded is None else guarded
    over = aad if signed_fields is None else cbor(signed_fields)
    signature = private_key(signer or named).sign(to_sign(over, guarded, payload))
    return wrap(aad, guarded, payload, signature, bare)


def label(origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """Released to both partners."""
    to = sorted(set(NATIONS) - {origin})
    good = {"plane": "EXERCISE", "originators": [origin], "releasable_to": to, "caveats": []}
    return good | changes


def tracklet(number: int, origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """A coasting object over the sea."""
    diagonal = (0, 7, 13, 18, 22, 25, 27)
    good: dict[str, Any] = {
        "type": "tracklet",
        "origin": origin,
        "track_id": f"{origin}-{number}",
        "sequence": number,
        "life": "confirmed",
        "phase": "coast",
        "kind": "ballistic",
        "state": {
            "epoch_ns": NOW - 2 * SECOND,
            "x": [-3_100_000.5, 4_200_000.25, 3_900_000.75, 1_200.5, -2_000.5, 2_500.5, 9.25],
            "p": [100.5 if at in diagonal else 0.25 for at in range(28)],
        },
        "first_ns": NOW - 60 * SECOND,
        "last_ns": NOW - 2 * SECOND,
        "label": label(origin),
        "accel_mps2": None,
        "burnout_ns": None,
        "identity": None,
    }
    return good | changes


def ellipse(**changes: Any) -> dict[str, Any]:
    """A 95 % region."""
    return {"semi_major_m": 9000.5, "semi_minor_m": 3000.5, "azimuth_rad": 0.75} | changes


def place(**changes: Any) -> dict[str, Any]:
    """A launch point or an impact point: both have this form."""
    good = {"lat_deg": 40.5, "lon_deg": 153.25, "ellipse95": ellipse(), "time_ns": NOW, "time_sigma_s": 1.5}
    return good | changes


def launch(number: int = 1, origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """A confirmed launch."""
    good: dict[str, Any] = {
        "type": "launch",
        "origin": origin,
        "track_id": f"{origin}-{number}",
        "sequence": number,
        "confirmed_ns": NOW - 3 * SECOND,
        "launch": place(),
        "label": label(origin),
    }
    return good | changes


def prediction(number: int = 1, origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """An impact prediction."""
    good: dict[str, Any] = {
        "type": "prediction",
        "origin": origin,
        "track_id": f"{origin}-{number}",
        "sequence": number,
        "made_ns": NOW - 3 * SECOND,
        "impact": place(),
        "apogee_m": 970_000.5,
        "label": label(origin),
    }
    return good | changes


def warning(number: int = 1, origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """What a nation told its people."""
    good: dict[str, Any] = {
        "type": "warning",
        "origin": origin,
        "track_id": f"{origin}-EXERCISE-20231114T221300Z-1",
        "sequence": number,
        "msg_type": "Alert",
        "purpose": "warn",
        "certainty": "Observed",
        "objects": 1,
        "areas": [{"area": "KR-11", "threat": "impact", "expected_ns": NOW + 300 * SECOND}],
        "sent_ns": NOW - 2 * SECOND,
        "expires_ns": NOW + 3_600 * SECOND,
        "label": label(origin),
        "region": False,
    }
    return good | changes


def silence(number: int = 1, origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """A sensor that has fallen silent."""
    good: dict[str, Any] = {
        "type": "sensor",
        "origin": origin,
        "sensor": f"{origin}-RADAR-{number}",
        "sequence": number,
        "silent": True,
        "since_ns": NOW - 40 * SECOND,
        "label": label(origin),
    }
    return good | changes


def radar_look(**changes: Any) -> dict[str, Any]:
    """What a radar measured, and how well."""
    good: dict[str, Any] = {
        "type": "radar",
        "lat_deg": 38.25,
        "lon_deg": 127.5,
        "alt_m": 650.5,
        "range_m": 812_345.5,
        "az_rad": 0.75,
        "el_rad": 0.375,
        "range_sigma_m": 12.5,
        "az_sigma_rad": 0.00125,
        "el_sigma_rad": 0.0015,
        "range_rate_mps": -1_250.5,
        "range_rate_sigma_mps": 2.5,
    }
    return good | changes


def sight_look(**changes: Any) -> dict[str, Any]:
    """A direction from a platform in orbit."""
    good: dict[str, Any] = {
        "type": "los",
        "from_ecef_m": [-4_000_000.5, 5_500_000.5, 2_500_000.5],
        "unit": [0.5, -0.5, 0.7071067811865476],
        "sigma_rad": 0.0001,
    }
    return good | changes


def plot(number: int = 1, origin: str = "KOR", **changes: Any) -> dict[str, Any]:
    """One look of a sensor at a track of its nation."""
    good: dict[str, Any] = {
        "type": "plot",
        "origin": origin,
        "of_track": f"{origin}-1",
        "sequence": number,
        "time_ns": NOW - SECOND,
        "look": radar_look(),
        "label": label(origin),
    }
    return good | changes


def heartbeat(**changes: Any) -> dict[str, Any]:
    """A note of the second."""
    good: dict[str, Any] = {
        "type": "heartbeat",
        "at_wall_ns": NOW - SECOND,
        "sent": {"flow": 12, "urgent": 3},
        "received": {"flow": 9},
        "committed": {"flow": 9},
        "step": 4711,
        "step_age_ms": 40,
        "echo_wall_ns": NOW - 2 * SECOND,
        "echo_held_ns": 5_000_000,
        "lists": {"JPN": {"version": 2, "digest": "ab" * 32}, "KOR": {"version": 3, "digest": "cd" * 32}},
        "seen": {"control": 77, "flow": 9},
        "certificate_until_ns": NOW + 86_400 * SECOND,
    }
    return good | changes


@dataclass(frozen=True)
class Case:
    """A vector: what comes in, where, and what must come of it. No `reasons`: it must be accepted."""

    name: str
    why: str
    message: bytes
    reasons: tuple[str, ...] = ()
    now: int = NOW
    nation: str = "JPN"
    plane: str = "EXERCISE"
    keys: Sequence[dict[str, Any]] = field(default_factory=lambda: KEYS)
    opens: Sequence[str] = ()
    """Ids of the node's decryption keys."""
    shown: Sequence[str] = ()
    """Marks of what is accepted and not quite what it was."""
    marks: Sequence[dict[str, Any]] = ()
    fresh: Sequence[tuple[int, int]] = ((1, 1),)

    def row(self) -> dict[str, Any]:
        """As it stands in the file. `now_wall_ns` is text: it has more digits than a JSON number keeps."""
        verdict: dict[str, Any] = {"verdict": "accept", "fresh": list(self.fresh)}
        if self.shown:
            verdict["marks"] = list(self.shown)
        if self.reasons:
            verdict = {"verdict": "refuse", "reasons": list(self.reasons)}
        context = {
            "nation": self.nation,
            "plane": self.plane,
            "keys": list(self.keys),
            "marks": list(self.marks),
        }
        if self.opens:
            context["decryption"] = [{"key_id": name, "private": seed(name).hex()} for name in self.opens]
        row = {"name": self.name, "why": self.why} | usual(str(self.now), context)
        return row | {"expected": verdict, "message": base64.b64encode(self.message).decode()}


USUAL = {
    "now_wall_ns": str(NOW),
    "context": {"nation": "JPN", "plane": "EXERCISE", "keys": KEYS, "marks": []},
}
"""Stands once, in usual.json, and holds for every vector that does not say otherwise."""


def usual(now: str, context: dict[str, Any]) -> dict[str, Any]:
    """What of it has to be said."""
    said = {"now_wall_ns": now, "context": context}
    return {key: part for key, part in said.items() if part != USUAL[key]}


def mark(
    upto: int, islands: Sequence[tuple[int, int]] = (), issuer: str = "KOR", traffic: str = "flow"
) -> Any:
    """What has been taken of a stream already."""
    return {"issuer": issuer, "traffic": traffic, "upto": upto, "islands": list(islands)}

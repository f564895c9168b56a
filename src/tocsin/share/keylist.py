"""A nation's trust list: which keys sign for it and which open what is encrypted to it, signed by its root
key. Pure.

The root's public part is compared by voice once (node.trust); from then on new lists are believed by the
root's signature alone, whoever carries them. Versions only rise: an older list is refused, and two of one
version that differ are the nation's root signing two truths (equivocation).
"""

from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tocsin.model import ed25519
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic

SIGNED_FOR = b"tocsin trust list 1\n"
"""Before what the root signs: its signature counts for nothing else."""

MAX_LIST_BYTES = 8_000
"""Sixteen keys of either kind take under 5 kB."""

MAX_KEYS = 16
"""Keys of one kind: current, next, and those of the past that something may still wait under."""

LIST_REASONS = ("list-malformed", "list-unsigned", "list-older", "list-equivocation")
"""Why a list is not taken over; it is kept as evidence."""

Public = Annotated[bytes, Meta(min_length=32, max_length=32)]
KeyId = Annotated[str, Meta(min_length=1, max_length=64)]
Counted = Annotated[int, Meta(ge=0, le=2**62)]


class Use(StrEnum):
    """NEXT: announced. CURRENT: in use. FORMER: rotated out, what is under way counts. RETIRED: what still
    comes under it is taken, and marked."""

    NEXT = "next"
    CURRENT = "current"
    FORMER = "former"
    RETIRED = "retired"


class SignedUpto(Struct, frozen=True, forbid_unknown_fields=True):
    """A revoked key counts in this stream up to this sequence, and in streams not named for nothing."""

    recipient: Nation
    traffic: Traffic
    upto: Counted


class ListedKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key: Ed25519 for signing, X25519 for encryption. `revoked`: null = it is not."""

    key_id: KeyId
    public: Public
    use: Use
    revoked: tuple[SignedUpto, ...] | None = None


class KeyList(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the root signs. `version` starts at 1."""

    nation: Nation
    plane: Plane
    version: Annotated[int, Meta(ge=1, le=2**62)]
    made_wall_ns: Counted
    signing: Annotated[tuple[ListedKey, ...], Meta(max_length=MAX_KEYS)]
    encryption: Annotated[tuple[ListedKey, ...], Meta(max_length=MAX_KEYS)]
    logs: Annotated[tuple[ListedKey, ...], Meta(max_length=MAX_KEYS)] = ()
    """Keys that sign the nation's log and cosign the others': the current one and those that retired."""

    def of_use(self, use: Use) -> ListedKey | None:
        """The signing key of this use."""
        return next((key for key in self.signing if key.use is use), None)

    @property
    def signs_logs(self) -> tuple[int, ListedKey] | None:
        """The log key in use, and its number: the generation of the nation's log."""
        key = next((key for key in self.logs if key.use is Use.CURRENT), None)
        return None if key is None else (log_generation(key.key_id), key)

    @property
    def encrypts_to(self) -> ListedKey | None:
        """The key that partners encrypt to."""
        return next((key for key in self.encryption if key.use is Use.CURRENT), None)


class SignedList(Struct, frozen=True, forbid_unknown_fields=True):
    """A list as it travels: `body` in the one form that `list_body` writes, and the root's signature."""

    body: Annotated[bytes, Meta(max_length=MAX_LIST_BYTES)]
    signature: Annotated[bytes, Meta(max_length=64)]

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hexadecimal."""
        return _digest(self.body)


@lru_cache(maxsize=16)
def _digest(body: bytes) -> str:
    """Asked for with every heartbeat."""
    return sha256(body).hexdigest()


class Believed(Struct, frozen=True):
    """A nation's root key and the newest list that it signed and that reached us."""

    root: bytes
    signed: SignedList
    keys: KeyList

    @property
    def version(self) -> int:
        """Of the list."""
        return self.keys.version


class ListRefused(Struct, frozen=True):
    """It changes nothing; `reason` is one of LIST_REASONS."""

    reason: str
    detail: str


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_LIST = msgspec.msgpack.Decoder(KeyList)


def list_body(keys: KeyList) -> bytes:
    """The one form of a list."""
    return _ENCODER.encode(keys)


def believe(nation: Nation, plane: Plane, root: bytes, signed: SignedList) -> Believed | ListRefused:
    """A list that this root signed for this nation and plane, and that does not contradict itself."""
    if not ed25519.verifies(root, SIGNED_FOR + signed.body, signed.signature):
        return ListRefused("list-unsigned", f"not signed by the root key of {nation}")
    try:
        keys = _LIST.decode(signed.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return ListRefused("list-malformed", str(error)[:200])
    if list_body(keys) != signed.body:
        return ListRefused("list-malformed", "not in the form that list_body writes")
    fault = _fault(keys, nation, plane)
    return Believed(root, signed, keys) if fault is None else ListRefused("list-malformed", fault)


def newer(held: Believed, signed: SignedList) -> Believed | ListRefused | None:
    """The newer list; null when it is the one that is held."""
    if signed == held.signed:
        return None
    found = believe(held.keys.nation, held.keys.plane, held.root, signed)
    if isinstance(found, ListRefused):
        return found
    if found.version < held.version:
        return ListRefused("list-older", f"version {found.version}, held is {held.version}")
    if found.version == held.version:
        detail = f"two lists of version {found.version}: {held.signed.digest[:16]} and {signed.digest[:16]}"
        return ListRefused("list-equivocation", detail)
    return found


def log_generation(key_id: str) -> int:
    """3 for `KOR-REAL-L3`; 0 for what is no log key's name."""
    digits = key_id.rpartition("-L")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


def _fault(keys: KeyList, nation: Nation, plane: Plane) -> str | None:
    if (keys.nation, keys.plane) != (nation, plane):
        return f"it is of {keys.nation} {keys.plane}, not of {nation} {plane}"
    if any(log_generation(key.key_id) == 0 or key.revoked is not None for key in keys.logs):
        return "a log key has no number, or is revoked: it retires instead"
    for some, word in ((keys.signing, ""), (keys.encryption, "E"), (keys.logs, "L")):
        prefix = f"{nation}-{plane}-{word}"
        if any(not key.key_id.startswith(prefix) for key in some):
            return f"a key id does not begin with {prefix}"
        if len({key.key_id for key in some}) != len(some) or len({key.public for key in some}) != len(some):
            return "a key stands in it twice"
        uses = [key.use for key in some] or ([Use.CURRENT] if word == "L" else [])
        if uses.count(Use.CURRENT) != 1 or uses.count(Use.NEXT) > 1:
            return "it has not exactly one current key, or more than one next"
    if any(key.revoked is not None for key in keys.encryption):
        return "an encryption key is revoked: nothing is signed with it"
    return None

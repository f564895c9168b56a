"""Whose signatures count: the keys a node believes, each with its nation, plane and algorithm.

The algorithm stands here and is never taken from a message. An unknown key is refused however good it looks.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from tocsin.model import ed25519
from tocsin.model.envelope import EDDSA
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.share.keylist import Believed, ListedKey, Use

PUBLIC_BYTES = 32
"""Ed25519 public key (RFC 8032, 5.1.5)."""


class TrustedKey(Struct, frozen=True):
    """One release key of one nation in one plane; `public` is the 32-byte Ed25519 public key.

    `retired`: what still comes under it is marked. `revoked`: null, or up to which sequence of each stream
    its signature counts.
    """

    nation: Nation
    plane: Plane
    key_id: str
    public: bytes
    algorithm: int = EDDSA
    retired: bool = False
    revoked: dict[tuple[Nation, Traffic], int] | None = None

    def counts_at(self, recipient: Nation, traffic: Traffic, sequence: int) -> bool:
        """False beyond the sequence at which the key was revoked."""
        return self.revoked is None or sequence <= self.revoked.get((recipient, traffic), 0)


class EncryptionPublic(Struct, frozen=True):
    """Where a nation may be reached past a relay: X25519 (model.hpke)."""

    key_id: str
    public: bytes


class TrustList(Struct, frozen=True):
    """Partners' keys by their ids. Two keys never share an id."""

    keys: dict[str, TrustedKey]
    encryption: dict[Nation, EncryptionPublic] = {}

    def find(self, key_id: str, nation: Nation) -> TrustedKey | None:
        """The key, if it is that nation's."""
        key = self.keys.get(key_id)
        return key if key is not None and key.nation is nation else None


def trust_list(
    keys: Iterable[TrustedKey], encryption: Mapping[Nation, EncryptionPublic] | None = None
) -> TrustList:
    """ValueError for two keys of one id, an algorithm we cannot check, or a public key of another length."""
    found: dict[str, TrustedKey] = {}
    for key in keys:
        if key.key_id in found:
            raise ValueError(f"two keys are called {key.key_id}")
        if key.algorithm != EDDSA:
            raise ValueError(f"key {key.key_id} asks for algorithm {key.algorithm}, known is {EDDSA} (EdDSA)")
        if len(key.public) != PUBLIC_BYTES:
            raise ValueError(f"key {key.key_id} is {len(key.public)} bytes long, not {PUBLIC_BYTES}")
        found[key.key_id] = key
    return TrustList(found, dict(encryption or {}))


def trusted(lists: Iterable[Believed]) -> TrustList:
    """The keys of nations' lists as `verify` asks for them."""
    rows = list(lists)
    keys = (_trusted(one, key) for one in rows for key in one.keys.signing)
    ways = ((one.keys.nation, one.keys.encrypts_to) for one in rows)
    return trust_list(keys, {nation: EncryptionPublic(k.key_id, k.public) for nation, k in ways if k})


def _trusted(one: Believed, key: ListedKey) -> TrustedKey:
    upto = None
    if key.revoked is not None:
        upto = {(row.recipient, row.traffic): row.upto for row in key.revoked}
    nation, plane = one.keys.nation, one.keys.plane
    return TrustedKey(nation, plane, key.key_id, key.public, retired=key.use is Use.RETIRED, revoked=upto)


def signed_by(key: TrustedKey, data: bytes, signature: bytes) -> bool:
    """True when `signature` over `data` is that key's."""
    return ed25519.verifies(key.public, data, signature)

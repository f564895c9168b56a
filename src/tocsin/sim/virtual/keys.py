"""Keys of the simulated nations: real Ed25519 and X25519, made from names, in lists that each nation's root
signs.

What `tocsin trust` does to a folder of files is done here to values: the next key takes over, a stolen one
counts up to a sequence, a new log key begins a new log. What partners know of it travels over the links.
"""

from collections.abc import Mapping
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec.structs import replace
from nacl.bindings import crypto_sign
from nacl.signing import SigningKey

from tocsin.model import ed25519, hpke
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.time import Instant
from tocsin.node.door_words import Office
from tocsin.node.log_words import PERIOD_NS, LogOffice
from tocsin.node.rotation import LATER
from tocsin.release.terms import Policy
from tocsin.share.keylist import (
    MAX_KEYS,
    SIGNED_FOR,
    Believed,
    KeyList,
    ListedKey,
    SignedList,
    SignedUpto,
    Use,
    list_body,
)
from tocsin.share.topology import Topology
from tocsin.share.trust import TrustList
from tocsin.sim.virtual import signatures

PLANE = Plane.EXERCISE


class SimKey:
    """A Signer (release.seal) of the simulation; nobody else's and the same in every run."""

    def __init__(self, nation: Nation, number: int | str, plane: Plane = PLANE) -> None:
        self.nation, self.plane = nation, plane
        self.key_id = f"{nation}-{plane}-{number}"
        self._key = SigningKey(_seed(self.key_id))
        self._secret = bytes(self._key) + bytes(self._key.verify_key)
        self.public = bytes(self._key.verify_key)

    def sign(self, data: bytes) -> bytes:
        """64-byte signature."""
        signature = crypto_sign(data, self._secret)[:64]
        signatures.known.made(self.public, data, signature)
        return signature

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """True when `signature` is this key's over `data`."""
        return ed25519.verifies(self.public, data, signature)

    def called(self, key_id: str) -> "SimKey":
        """The same secret under another's name: a liar's."""
        twin = SimKey(self.nation, 0, self.plane)
        twin._key, twin._secret, twin.public, twin.key_id = self._key, self._secret, self.public, key_id
        return twin

    def listed(self, use: Use) -> ListedKey:
        """Its entry in a trust list."""
        return ListedKey(self.key_id, self.public, use)


class Keys:
    """What each nation's folder holds: its newest list, and the secrets to it."""

    def __init__(self) -> None:
        self.own = {nation: signed_by_root(_first(nation)) for nation in Nation}
        self._given = dict(self.own)

    def given(self, me: Nation) -> dict[Nation, Believed]:
        """Partners' first lists, compared by voice before anything began."""
        return {nation: one for nation, one in self._given.items() if nation is not me}

    def signer(self, nation: Nation) -> SimKey:
        """The key that a nation signs with now."""
        current = self.own[nation].keys.of_use(Use.CURRENT)
        return SimKey(nation, _number(current.key_id if current else ""))

    def former(self, nation: Nation) -> tuple[SimKey, ...]:
        """Keys that it signed with before."""
        listed = self.own[nation].keys.signing
        past = [key.key_id for key in listed if key.use in (Use.FORMER, Use.RETIRED)]
        return tuple(SimKey(nation, _number(key_id)) for key_id in past)

    def log(self, nation: Nation) -> tuple[int, SimKey]:
        """Generation and key of its log."""
        found = self.own[nation].keys.signs_logs
        generation = found[0] if found else 0
        return generation, SimKey(nation, f"L{generation}")

    def log_public(self, nation: Nation, generation: int) -> bytes:
        """The log key of a generation."""
        return SimKey(nation, f"L{generation}").public

    def decrypt(self, nation: Nation) -> hpke.Decrypt:
        """Opens what is encrypted to any of its keys."""
        held = {key.key_id: decryption_key(key.key_id) for key in self.own[nation].keys.encryption}

        def decrypt(key_id: str, data: bytes, info: bytes) -> bytes | None:
            return hpke.decrypt(data, held[key_id], info) if key_id in held else None

        return decrypt

    def rotate(self, nation: Nation, now: Instant) -> None:
        """The next keys of both kinds take over."""
        held = self.own[nation].keys
        signing = _with_next([replace(key, use=LATER[key.use]) for key in held.signing], nation, "")
        encryption = _with_next([replace(key, use=LATER[key.use]) for key in held.encryption], nation, "E")
        self._write(replace(held, signing=signing, encryption=encryption), now)

    def revoke(self, nation: Nation, upto: Mapping[tuple[Nation, Traffic], int], now: Instant) -> SimKey:
        """The current key is in a stranger's hands: it counts up to these sequences. Returned for the
        stranger."""
        stolen, held = self.signer(nation), self.own[nation].keys
        rows = tuple(SignedUpto(partner, traffic, last) for (partner, traffic), last in sorted(upto.items()))
        signing = [
            replace(key, revoked=rows if key.key_id == stolen.key_id else key.revoked, use=LATER[key.use])
            for key in held.signing
        ]
        self._write(replace(held, signing=_with_next(signing, nation, "")), now)
        return stolen

    def retire_log(self, nation: Nation, now: Instant) -> None:
        """A new log key, and with it a new log."""
        held = self.own[nation].keys
        fresh = SimKey(nation, f"L{self.log(nation)[0] + 1}").listed(Use.CURRENT)
        past = tuple(replace(key, use=Use.RETIRED) for key in held.logs)
        self._write(replace(held, logs=(*past[1 - MAX_KEYS :], fresh)), now)

    def _write(self, keys: KeyList, now: Instant) -> None:
        newer = replace(keys, version=keys.version + 1, made_wall_ns=max(now, 0))
        self.own[keys.nation] = signed_by_root(newer)


def office_of(
    keys: Keys, nation: Nation, topology: Topology, policy: Policy, encrypt: hpke.Encrypt
) -> Office:
    """What a door that starts now is, or one that looks at its folder."""
    generation, log_key = keys.log(nation)
    return Office(
        nation=nation,
        plane=PLANE,
        topology=topology,
        trust=TrustList({}),
        signer=keys.signer(nation),
        policy=policy,
        former=keys.former(nation),
        log=LogOffice(generation, log_key, {}, PERIOD_NS[PLANE]),
        own=keys.own[nation],
        lists=keys.given(nation),
        decrypt=keys.decrypt(nation),
        encrypt=encrypt,
    )


def signed_by_root(keys: KeyList, root: SimKey | None = None) -> Believed:
    """The list as it travels; `root`: a liar's."""
    signer = root or SimKey(keys.nation, "root")
    body = list_body(keys)
    return Believed(signer.public, SignedList(body, signer.sign(SIGNED_FOR + body)), keys)


def decryption_key(key_id: str) -> X25519PrivateKey:
    """The secret to a key of the lists."""
    return X25519PrivateKey.from_private_bytes(_seed(key_id))


def _first(nation: Nation) -> KeyList:
    signing = (SimKey(nation, 1).listed(Use.CURRENT), SimKey(nation, 2).listed(Use.NEXT))
    encryption = (_encryption(nation, 1, Use.CURRENT), _encryption(nation, 2, Use.NEXT))
    return KeyList(nation, PLANE, 1, 0, signing, encryption, (SimKey(nation, "L1").listed(Use.CURRENT),))


def _encryption(nation: Nation, number: int, use: Use) -> ListedKey:
    key_id = f"{nation}-{PLANE}-E{number}"
    return ListedKey(key_id, decryption_key(key_id).public_key().public_bytes_raw(), use)


def _with_next(keys: list[ListedKey], nation: Nation, kind: str) -> tuple[ListedKey, ...]:
    number = max(_number(key.key_id) for key in keys) + 1
    fresh = _encryption(nation, number, Use.NEXT) if kind else SimKey(nation, number).listed(Use.NEXT)
    return (*keys[1 - MAX_KEYS :], fresh)


def _number(key_id: str) -> int:
    return int(key_id.rpartition("-")[2].lstrip("E"))


def _seed(name: str) -> bytes:
    return sha256(f"simulation only {name}".encode()).digest()

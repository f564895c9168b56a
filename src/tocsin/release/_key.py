"""Loads the nation's release and decryption keys. Imported by the door's own modules alone.

A file is JSON, {"key_id": "KOR-EXERCISE-1", "seed": 64 hexadecimal digits}: the 32-byte Ed25519 seed of
RFC 8032, or (id "KOR-EXERCISE-E1") the X25519 private key of RFC 7748. Nobody but its owner may read it.
"""

import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from tocsin.errors import UserError
from tocsin.model import hpke

SEED_BYTES = 32
"""RFC 8032, 5.1.5."""


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key_id: str
    seed: str


class ReleaseKey:
    """Signs with Ed25519; the seed cannot be read back out of it by name."""

    def __init__(self, key_id: str, seed: bytes) -> None:
        self.key_id = key_id
        self._key = SigningKey(seed)
        self.public = bytes(self._key.verify_key)

    def sign(self, data: bytes) -> bytes:
        """64-byte signature over `data` (RFC 8032, pure Ed25519)."""
        return bytes(self._key.sign(data).signature)

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """True when `signature` is this key's over `data`."""
        try:
            self._key.verify_key.verify(data, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    def __repr__(self) -> str:
        return f"ReleaseKey({self.key_id})"


class DecryptionKeys:
    """Opens what was encrypted to this nation, under any of its keys; a `model.hpke.Decrypt`."""

    def __init__(self, seeds: dict[str, bytes]) -> None:
        self._keys = {name: X25519PrivateKey.from_private_bytes(seed) for name, seed in seeds.items()}

    def __call__(self, key_id: str, data: bytes, info: bytes) -> bytes | None:
        """The payload; null when no own key of that id opens it."""
        key = self._keys.get(key_id)
        return None if key is None else hpke.decrypt(data, key, info)

    def __repr__(self) -> str:
        return f"DecryptionKeys({', '.join(self._keys)})"


def load_decryption_keys(paths: Iterable[Path]) -> DecryptionKeys:
    """Read all of them; UserError as `load_release_key`."""
    return DecryptionKeys(dict(map(_seed, paths)))


def load_release_key(path: Path) -> ReleaseKey:
    """Read the key. UserError when it is missing, not a key, or open to others' eyes."""
    return ReleaseKey(*_seed(path))


def _seed(path: Path) -> tuple[str, bytes]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
    except OSError as error:
        raise UserError(
            f"the release key {path} cannot be read ({error.strerror})", fix="run `tocsin init`"
        ) from None
    except msgspec.MsgspecError:
        raise UserError(f"{path} holds no release key", fix="restore it from your copy") from None
    if mode & 0o077:
        raise UserError(f"the release key {path} can be read by others", fix=f"run: chmod 600 {path}")
    try:
        seed = bytes.fromhex(stored.seed)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise UserError(f"{path} holds no seed of 64 digits", fix="restore it from your copy")
    return stored.key_id, seed

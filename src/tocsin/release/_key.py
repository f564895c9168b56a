"""Loads the nation's release key. Imported by `node.door` alone.

The file is JSON, {"key_id": "KOR-EXERCISE-1", "seed": 64 hexadecimal digits}: the 32-byte Ed25519 seed of
RFC 8032. Nobody but its owner may read it.
"""

import stat
from pathlib import Path

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from tocsin.errors import UserError

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


def load_release_key(path: Path) -> ReleaseKey:
    """Read the key. UserError when it is missing, not a key, or open to others' eyes."""
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
    return ReleaseKey(stored.key_id, seed)

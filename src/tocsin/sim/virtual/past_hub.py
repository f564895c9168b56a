"""Encryption to a recipient past the relay (RFC 9180, base mode) with a seed's own chance: a run must be the
same run again, and the library draws its ephemeral keys from the machine.

Steps and names are the RFC's: 4.1 (DHKEM), 5.1 (key schedule), 5.2 (encryption). Doors open it with the
library.
"""

import hmac
import random
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEM_ID, KDF_ID, AEAD_ID = b"\x00\x20", b"\x00\x01", b"\x00\x03"
"""RFC 9180, 7.1 to 7.3: those of model.hpke.SUITE."""

_KEM = b"KEM" + KEM_ID
_HPKE = b"HPKE" + KEM_ID + KDF_ID + AEAD_ID


class SeededEncrypt:
    """A `model.hpke.Encrypt`."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def __call__(self, payload: bytes, public: bytes, info: bytes) -> bytes:
        """Encapsulated key and ciphertext."""
        ephemeral = X25519PrivateKey.from_private_bytes(self._dice.randbytes(32))
        enc = ephemeral.public_key().public_bytes_raw()
        dh = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
        secret = _expanded(_KEM, _extracted(_KEM, b"", b"eae_prk", dh), b"shared_secret", enc + public, 32)
        context = b"\x00" + _extracted(_HPKE, b"", b"psk_id_hash", b"")
        context += _extracted(_HPKE, b"", b"info_hash", info)
        schedule = _extracted(_HPKE, secret, b"secret", b"")
        key = _expanded(_HPKE, schedule, b"key", context, 32)
        nonce = _expanded(_HPKE, schedule, b"base_nonce", context, 12)
        return enc + ChaCha20Poly1305(key).encrypt(nonce, payload, b"")


def _extracted(suite: bytes, salt: bytes, label: bytes, data: bytes) -> bytes:
    """LabeledExtract."""
    return hmac.digest(salt, b"HPKE-v1" + suite + label + data, sha256)


def _expanded(suite: bytes, secret: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """LabeledExpand, of one block of SHA-256 at the most."""
    text = size.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(secret, text + b"\x01", sha256)[:size]

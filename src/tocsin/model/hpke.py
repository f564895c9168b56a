"""End-to-end sealing (RFC 9180, HPKE, base mode): what a relay must not read goes to the recipient's key.

`release` and `share` meet here as they do in `envelope`: one encrypts, the other decrypts, and neither
imports the other. One suite, no choice: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. The
sender is known by the envelope's signature over the ciphertext, so base mode is enough. `info` is everything
of the header but the seal's own key and times (`envelope.bound_bytes`): a ciphertext under another header
does not open, and one that is sealed anew still does.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
"""RFC 9180, 7.1 to 7.3: kem 0x0020, kdf 0x0001, aead 0x0003."""

PUBLIC_BYTES = 32
"""Npk and Nsk of DHKEM(X25519) (RFC 9180, table 2)."""

OVERHEAD_BYTES = 48
"""Nenc, the encapsulated key before the ciphertext, and Nt, the tag after it (RFC 9180, tables 2 and 5)."""

Encrypt = Callable[[bytes, bytes, bytes], bytes]
"""(payload, recipient's public key, info) to encapsulated key and ciphertext, as `encrypt` does it. The door
takes it as a value: it needs chance, and a fold has none of its own."""

Decrypt = Callable[[str, bytes, bytes], bytes | None]
"""(key id, encapsulated key and ciphertext, info) to the payload; null when no own key of that id opens
it."""


def encrypt(payload: bytes, public: bytes, info: bytes) -> bytes:
    """Encapsulated key and ciphertext: OVERHEAD_BYTES longer than `payload`. ValueError for a key that is
    none."""
    return SUITE.encrypt(payload, X25519PublicKey.from_public_bytes(public), info)


def decrypt(data: bytes, private: X25519PrivateKey, info: bytes) -> bytes | None:
    """The payload; null when it is not for this key, under this info, or was changed."""
    try:
        return SUITE.decrypt(data, private, info)
    except (InvalidTag, ValueError):
        return None


def cannot(_key_id: str, _data: bytes, _info: bytes) -> None:
    """`Decrypt` of whoever holds no key."""

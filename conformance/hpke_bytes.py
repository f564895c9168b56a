"""HPKE (RFC 9180), base mode, single message, written from the RFC with the bare primitives: DHKEM(X25519,
HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. The ephemeral key is an argument, so the same bytes come every
time; tests/conformance holds this against the RFC's own vectors (appendix A.2).
"""

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEM_ID, KDF_ID, AEAD_ID = 0x0020, 0x0001, 0x0003
KEM_SUITE = b"KEM" + KEM_ID.to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (KEM_ID, KDF_ID, AEAD_ID))
BASE = b"\x00"


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """LabeledExtract (RFC 9180, 4)."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, sha256)


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """LabeledExpand (RFC 9180, 4); one or two blocks of HKDF are all that is needed here."""
    info = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    block = out = b""
    for number in range(1, 3):
        block = hmac.digest(prk, block + info + bytes([number]), sha256)
        out += block
    return out[:size]


def seal(
    payload: bytes, recipient: bytes, ephemeral: X25519PrivateKey, info: bytes, aad: bytes = b""
) -> bytes:
    """Encapsulated key and ciphertext (RFC 9180, 4.1, 5.1 and 5.2, sequence number 0)."""
    enc = ephemeral.public_key().public_bytes_raw()
    dh = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    eae_prk = _extract(KEM_SUITE, b"", b"eae_prk", dh)
    secret = _expand(KEM_SUITE, eae_prk, b"shared_secret", enc + recipient, 32)
    context = BASE + _extract(SUITE, b"", b"psk_id_hash", b"") + _extract(SUITE, b"", b"info_hash", info)
    prk = _extract(SUITE, secret, b"secret", b"")
    key = _expand(SUITE, prk, b"key", context, 32)
    nonce = _expand(SUITE, prk, b"base_nonce", context, 12)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, payload, aad)

"""Is this signature that key's? The one place in which an Ed25519 signature (RFC 8032) of another is checked:
of envelopes, trust lists and notes.

A check depends on its three arguments alone. The simulator therefore may put one in its place that knows
again what was signed or checked before (sim.virtual.signatures); nobody else does.
"""

from functools import lru_cache

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

MOST_KEYS = 64
"""Public keys kept ready for use: partners' and their roots'."""


def verifies(public: bytes, data: bytes, signature: bytes) -> bool:
    """True when `signature` (64 bytes) over `data` was made with the secret of `public` (32 bytes). Anything
    of another length is nobody's."""
    try:
        _key(public).verify(data, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


@lru_cache(maxsize=MOST_KEYS)
def _key(public: bytes) -> VerifyKey:
    return VerifyKey(public)

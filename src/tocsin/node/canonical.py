"""One text for one state, and its hash: how two runs are said to be the same."""

from hashlib import sha256
from typing import Any

import msgspec
import numpy as np


def canonical_json(value: Any) -> bytes:
    """Canonical JSON: keys and sets sorted, floats in shortest round-trip form, arrays as nested lists."""
    return msgspec.json.encode(value, enc_hook=_plain, order="deterministic")


def digest(value: Any) -> bytes:
    """SHA-256 of the canonical JSON (32 bytes)."""
    return sha256(canonical_json(value)).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"a state may not hold {type(value).__name__}")

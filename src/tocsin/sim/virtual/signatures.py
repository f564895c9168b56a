"""Signatures of one simulated world: what was signed or checked in it is known again.

Whether a signature is true depends on key, message and signature alone, and whatever `SimKey` signs is true
(RFC 8032, 5.1.6 and 5.1.7). So the very same three, met again in the same run, need no second computation.
All others, every forgery and every flipped bit among them, are checked by the library, each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.model import ed25519

MOST_KNOWN = 4_096
"""Signatures known again at the most, half of them at the least: some minutes of a quiet watch. What comes
later is checked by the library."""


class Signatures:
    """Put in the place of `ed25519.verifies` while a world runs."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._half = most // 2
        self._true: dict[bytes, tuple[bytes, bytes]] = {}
        """Public key and message, by signature."""
        self._older = self._true
        self._check = ed25519.verifies
        self.signed = self.checked = 0
        """How often one was made, and how often the library was asked about one."""

    def made(self, public: bytes, data: bytes, signature: bytes) -> None:
        """It was signed here."""
        self.signed += 1
        self._keep(public, data, signature)

    def _keep(self, public: bytes, data: bytes, signature: bytes) -> None:
        if len(self._true) >= self._half:
            self._older, self._true = self._true, {}
        self._true[signature] = (public, data)

    def verifies(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """As ed25519.verifies."""
        if (self._true.get(signature) or self._older.get(signature)) == (public, data):
            return True
        self.checked += 1
        if not self._check(public, data, signature):
            return False
        self._keep(public, data, signature)
        return True


known = Signatures()
"""Of the world that runs now."""


@contextmanager
def known_again() -> Iterator[Signatures]:
    """One run."""
    global known
    known, true = Signatures(), ed25519.verifies
    ed25519.verifies = known.verifies
    try:
        yield known
    finally:
        ed25519.verifies = true
        known = Signatures()

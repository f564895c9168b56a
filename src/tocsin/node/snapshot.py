"""The hall's state as bytes in the record, so that a restart runs the newest steps again and not all of them.

A snapshot is a shortcut and never evidence: it is believed only when its state has the hash that stands in
its step's row. One that cannot be read any more (another tocsin wrote it) or has another hash is passed over
for an older one, and in the end for the whole record.
"""

import zlib

import msgspec

from tocsin.node.canonical import digest
from tocsin.node.hall_words import HallState

RERUN_S = 1.0
"""Of the fold's own time between two snapshots: what a restart has to make up for. Issue: the desk is back
within 5 s of a crash, and starting Python and the compiled code takes about two of them."""

MOST_STEPS = 3_000
"""Also a quiet hall, whose steps cost next to nothing, writes one in ten minutes (5 steps a second)."""

_LEVEL = 1
"""zlib's fastest: covariances hardly shrink, names and repeated fields do."""

_ENCODER = msgspec.msgpack.Encoder()  # not sorted: the order of a dict is part of the state
_DECODER = msgspec.msgpack.Decoder(HallState)


def freeze(state: HallState) -> bytes:
    """The state as bytes."""
    return zlib.compress(_ENCODER.encode(state), _LEVEL)


def thaw(frozen: bytes, sha256: bytes) -> HallState | None:
    """The state whose hash is `sha256`; null when these bytes are not that state."""
    try:
        state = _DECODER.decode(zlib.decompress(frozen))
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return state if digest(state) == sha256 else None


class Cadence:
    """When the next snapshot is due, by what a restart would have to run again."""

    def __init__(self) -> None:
        self._spent_s, self._steps = 0.0, 0

    def due(self, spent_s: float) -> bool:
        """Count one more step that took `spent_s`; true when it should carry a snapshot."""
        self._spent_s += spent_s
        self._steps += 1
        if self._spent_s < RERUN_S and self._steps < MOST_STEPS:
            return False
        self._spent_s, self._steps = 0.0, 0
        return True

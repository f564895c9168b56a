"""The national log that partners witness: at a fixed cadence one leaf, the record's size and root, blinded.

The record's own size tells how busy a hall is, so partners never see it. What they see is a second log whose
leaves are commitments: 32 bytes that say nothing to one who has not the salt. With the salt of one tick its
size and root can be shown, and from that root any step (docs/record.md, "What partners witness").
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from tocsin.model.time import Instant
from tocsin.record.merkle import Frontier, leaf_hash

TICK_SCHEMA = """
CREATE TABLE ticks(                 -- what was committed to, and the salt that opens it
  generation INTEGER NOT NULL,      -- of the log: a new one begins when the door retires its log key
  number INTEGER NOT NULL,          -- leaf number in that log, from 1
  at_wall_ns INTEGER NOT NULL,
  size INTEGER NOT NULL,            -- leaves of this record then
  root BLOB NOT NULL,               -- root of that many
  salt BLOB NOT NULL,
  PRIMARY KEY (generation, number)
) WITHOUT ROWID;
CREATE TABLE checkpoints(           -- signed notes of that log with the cosignatures that came back
  origin TEXT NOT NULL,
  size INTEGER NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY (origin, size)
) WITHOUT ROWID;
"""


class Tick(NamedTuple):
    """The record at one moment: `root` of its first `size` leaves. `salt`: 32 bytes of chance."""

    generation: int
    number: int
    at_wall_ns: Instant
    size: int
    root: bytes
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """What partners get: SHA-256(salt, text, root). It is the content of the log's leaf."""
        text = f"tocsin-tick/1 {self.generation} {self.number} {self.at_wall_ns} {self.size}\n"
        return sha256(self.salt + text.encode() + self.root).digest()


def grown(tree: Frontier, commitments: Iterable[bytes]) -> Frontier:
    """The log with these leaves more."""
    for one in commitments:
        tree, _ = tree.append(leaf_hash(one))
    return tree


def whole(size: int, peaks: tuple[bytes, ...]) -> Frontier | None:
    """A frontier as somebody tells it; null when it has another number of hashes than a tree of that size."""
    fits = size.bit_count() == len(peaks) and all(len(peak) == 32 for peak in peaks)
    return Frontier(size, peaks) if fits else None

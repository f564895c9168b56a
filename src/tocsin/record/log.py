"""The Merkle log in the record's own file: one leaf a step, and every perfect subtree above the leaves.

The subtrees make an append cost one more row on average, and a root or a proof of any size O(log n) reads.
"""

from pathlib import Path

import apsw

from tocsin.errors import UserError
from tocsin.record.leaf import Rows, make_leaf
from tocsin.record.merkle import Frontier, Lookup, frontier

LOG_SCHEMA = """
CREATE TABLE log(
  leaf INTEGER PRIMARY KEY,       -- position in the tree, from 0
  step INTEGER NOT NULL UNIQUE,
  salt BLOB NOT NULL,             -- with it the digests in `data` can be checked; without it they say nothing
  data BLOB NOT NULL,             -- the leaf's content: counts and blinded digests of the step's rows
  sha256 BLOB NOT NULL            -- RFC 6962 leaf hash of `data`
);
CREATE TABLE nodes(
  height INTEGER NOT NULL,
  position INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  PRIMARY KEY (height, position)
) WITHOUT ROWID;
"""


class LogDamageError(UserError):
    """The log in the file is not whole."""


def write_leaf(db: apsw.Connection, before: Frontier, rows: Rows, salt: bytes) -> Frontier:
    """Append a step inside the caller's transaction; the new frontier is true once that has committed."""
    leaf = make_leaf(rows, salt)
    data, hash_ = leaf.data, leaf.sha256
    grown, made = before.append(hash_)
    db.execute("INSERT INTO log VALUES (?,?,?,?,?)", (before.size, rows.step, salt, data, hash_))
    if made:
        db.executemany("INSERT INTO nodes VALUES (?,?,?)", made)
    return grown


def log_size(db: apsw.Connection) -> int:
    """Leaves in the log."""
    row = db.execute("SELECT max(leaf) FROM log").fetchone()
    return 0 if row is None or row[0] is None else int(row[0]) + 1


def read_frontier(db: apsw.Connection, size: int | None = None) -> Frontier:
    """The frontier of the first `size` leaves, of all by default. LogDamageError when a node is missing."""
    return frontier(log_size(db) if size is None else size, node_lookup(db))


def node_lookup(db: apsw.Connection) -> Lookup:
    """Where proofs find their hashes. LogDamageError for one that is not there."""

    def node(height: int, position: int) -> bytes:
        if height:
            sql, key = "SELECT sha256 FROM nodes WHERE height = ? AND position = ?", (height, position)
            row = db.execute(sql, key).fetchone()
        else:
            row = db.execute("SELECT sha256 FROM log WHERE leaf = ?", (position,)).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise LogDamageError(
                f"the log of {Path(db.filename).name} has no node ({height}, {position})",
                fix="run `tocsin verify` on it, restore it from a sound copy",
            )
        return row[0]

    return node

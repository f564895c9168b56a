"""Checking a record against its own log: every row of every step, every leaf, every node, and the root.

What was changed, added or removed afterwards is found and the first of it named. Who rewrote rows, salts and
the log alike, or cut off the newest steps, is found only by a checkpoint that somebody else holds: the caller
compares the root.
"""

from typing import NamedTuple

import apsw

from tocsin.record.leaf import GROUPS, Leaf, blinded, parse_leaf, row_salt
from tocsin.record.merkle import Frontier, Node, leaf_hash
from tocsin.record.rows import COLUMNS, GROUP_TABLES, SIDES, StoredRow, read_rows

_LOG = """
SELECT leaf, step, CAST(salt AS BLOB), CAST(data AS BLOB), CAST(sha256 AS BLOB) FROM log ORDER BY leaf
"""
_TICKS = """
SELECT size, number, CAST(root AS BLOB),
  typeof(generation) || typeof(number) || typeof(at_wall_ns) || typeof(size) || typeof(root) || typeof(salt)
FROM ticks ORDER BY size, generation, number
"""
_TICK_TYPES = "integer" * 4 + "blob" * 2
_NODE = "SELECT sha256 FROM nodes WHERE height = ? AND position = ?"


class Fault(NamedTuple):
    """The first thing that is not as it was committed.

    `step` is null for what belongs to no step. `kind`: group of the row, with the entry's own kind where it
    can be told. `position`: of the row among the step's rows of that group, from 0. `what`: changed, missing
    or added.
    """

    step: int | None
    table: str
    kind: str
    position: int
    what: str

    def __str__(self) -> str:
        where = "outside any step" if self.step is None else f"step {self.step}"
        return f"{where}: {self.kind} {self.position} in table {self.table} is {self.what}"


class Audit(NamedTuple):
    """What was recomputed. With a fault, `size` and `root` are of the sound part before it.

    `root_at`: root of as many leaves as the caller asked for, null when there are fewer.
    """

    size: int
    root: bytes
    root_at: bytes | None
    fault: Fault | None


def audit(db: apsw.Connection, at: int | None = None) -> Audit:
    """Recompute the whole log from the record's rows, seen as of one moment beside its writer."""
    auditor = _Auditor(db, at)
    try:
        with db:
            fault = auditor.run()
    except apsw.CorruptError as damage:
        fault = Fault(auditor.step, "file", f"page ({damage})", 0, "changed")
    return Audit(auditor.tree.size, auditor.tree.root(), auditor.root_at, fault)


class _Cursor:
    """A table's rows in order of their steps, those of one step at a time."""

    def __init__(self, db: apsw.Connection, table: str) -> None:
        self.table = table
        self._rows = read_rows(db, table)
        self.head = next(self._rows, None)

    def take(self, step: int) -> list[StoredRow]:
        """The rows of this step, when they stand next."""
        found: list[StoredRow] = []
        while self.head is not None and self.head.step == step:
            found.append(self.head)
            self.head = next(self._rows, None)
        return found


class _Auditor:
    def __init__(self, db: apsw.Connection, at: int | None) -> None:
        self.db, self.at = db, at
        self.tree = Frontier()
        self.root_at = self.tree.root() if at == 0 else None
        self.ticks = iter(db.execute(_TICKS))
        self.tick = next(self.ticks, None)
        self.step: int | None = None

    def run(self) -> Fault | None:
        """The first fault of the whole file."""
        cursors = [_Cursor(self.db, table) for table in COLUMNS]
        last = 0
        if fault := self._check_ticks():
            return fault
        for leaf, step, salt, data, hash_ in self.db.execute(_LOG):
            if leaf != self.tree.size or not isinstance(step, int) or step <= last:
                return self._leaf_fault(cursors, "missing" if leaf != self.tree.size else "changed")
            self.step = last = step
            leaf = self._leaf(data, hash_)
            if isinstance(leaf, Fault):
                return leaf
            fault = _stray(cursors, step) or _compare(leaf, salt, cursors) or self._grow(hash_)
            if fault:
                return fault
        self.step = None
        return _stray(cursors, None) or self._check_count() or self._cut_off() or self._check_file()

    def _leaf_fault(self, cursors: list[_Cursor], what: str) -> Fault:
        """The leaf due next is not there; whose it was, the rows that nobody claims say."""
        steps = [cursor.head.step for cursor in cursors if cursor.head]
        return Fault(min(steps, default=None), "log", "leaf", self.tree.size, what)

    def _leaf(self, data: bytes, hash_: bytes) -> Leaf | Fault:
        """The leaf's content, when it is what was hashed and of the step that it is listed under."""
        try:
            leaf = parse_leaf(data)
        except ValueError:
            return Fault(self.step, "log", "leaf", self.tree.size, "changed")
        if leaf.step != self.step or leaf_hash(data) != hash_:
            return Fault(leaf.step, "log", "leaf", self.tree.size, "changed")
        return leaf

    def _grow(self, hash_: bytes) -> Fault | None:
        """Append the leaf and compare the subtrees that it completes."""
        self.tree, made = self.tree.append(hash_)
        if self.tree.size == self.at:
            self.root_at = self.tree.root()
        return (
            next((fault for node in made if (fault := self._check_node(node))), None) or self._check_ticks()
        )

    def _check_ticks(self) -> Fault | None:
        """What the node committed itself to when its record had this size."""
        while self.tick is not None and (self.tick[0] == self.tree.size or self.tick[3] != _TICK_TYPES):
            _, number, root, types = self.tick
            if root != self.tree.root() or types != _TICK_TYPES:
                return Fault(self.step, "ticks", "tick", number, "changed")
            self.tick = next(self.ticks, None)
        return None

    def _check_node(self, node: Node) -> Fault | None:
        row = self.db.execute(_NODE, (node.height, node.position)).fetchone()
        if row is not None and row[0] == node.sha256:
            return None
        what = "missing" if row is None else "changed"
        return Fault(self.step, "nodes", f"node of height {node.height}", node.position, what)

    def _check_count(self) -> Fault | None:
        """Subtrees that no leaf completes: n leaves have n - (ones in n) perfect ones above them."""
        due = self.tree.size - self.tree.size.bit_count()
        (count,) = self.db.execute("SELECT count(*) FROM nodes").fetchone() or (0,)
        return None if count == due else Fault(None, "nodes", "node", due, "added")

    def _cut_off(self) -> Fault | None:
        """A tick of a size that the record does not have any more."""
        if self.tick is None:
            return None
        return Fault(
            None, "log", f"leaf (tick {self.tick[1]} counts {self.tick[0]})", self.tree.size, "missing"
        )

    def _check_file(self) -> Fault | None:
        """Indexes and pages that the check of the rows did not touch."""
        found = [str(row[0]) for row in self.db.execute("PRAGMA integrity_check(1)")]
        return None if found == ["ok"] else Fault(None, "file", f"page ({'; '.join(found)})", 0, "changed")


def _compare(leaf: Leaf, salt: bytes, cursors: list[_Cursor]) -> Fault | None:
    """First row that is not the one whose blinded digest the leaf holds."""
    found = {cursor.table: cursor.take(leaf.step) for cursor in cursors}
    for group, table, digests in zip(GROUPS, GROUP_TABLES, leaf.groups, strict=True):
        rows = [row for row in found[table] if row.group == group]
        for n in range(max(len(rows), len(digests))):
            row = rows[n] if n < len(rows) else None
            if row and n < len(digests) and blinded(row_salt(salt, group, n), row.row) == digests[n]:
                continue
            excess = len(rows) - len(digests)
            what = "changed" if excess == 0 else "added" if excess > 0 else "missing"
            kind = f"{group} {row.name}".strip() if row and excess >= 0 else group
            return Fault(leaf.step, table, kind, n, what)
    others = [row for row in found["entries"] if row.group not in SIDES]
    return Fault(leaf.step, "entries", f"{others[0].group} {others[0].name}", 0, "added") if others else None


def _stray(cursors: list[_Cursor], before: int | None) -> Fault | None:
    """First row of a step below `before` (of any step for null) that no leaf speaks of."""
    heads = [
        (row.step, n, row)
        for n, cursor in enumerate(cursors)
        if (row := cursor.head) is not None and (before is None or row.step < before)
    ]
    if not heads:
        return None
    step, n, row = min(heads)
    return Fault(step, cursors[n].table, f"{row.group} {row.name}".strip(), 0, "added")

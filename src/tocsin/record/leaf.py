"""What the log holds of a step: its rows as canonical bytes, each blinded with a salt, and the leaf of them.

A blinded digest says nothing about its row to one who has not the row's salt, not even by guessing. A row can
be shown alone: its bytes and its salt lead to its digest, the digests of the other rows stay closed. The same
bytes can be made in SQL from the tables (docs/record.md).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from tocsin.record.merkle import HASH_BYTES, leaf_hash

SALT_BYTES = 32
"""As long as the hash, so that guessing the salt is no easier than finding a preimage."""

GROUPS = ("step", "stimulus", "effect", "offer", "import")
"""Order of a leaf's digests. A step has exactly one row of the first group."""

Value = int | str | bytes | None
_HEAD = re.compile(rb"tocsin-step/1 (\d{1,19})((?: \d{1,9}){4})\n")


class Rows(NamedTuple):
    """A step's rows as canonical bytes, by group, in the order of GROUPS."""

    step: int
    groups: tuple[Sequence[bytes], ...]


class Leaf(NamedTuple):
    """A leaf's content: number of the step and the blinded digests of its rows, by group."""

    step: int
    groups: tuple[tuple[bytes, ...], ...]

    @property
    def data(self) -> bytes:
        """What RFC 6962 calls the leaf's entry."""
        counts = " ".join(str(len(group)) for group in self.groups[1:])
        digests = b"".join(digest for group in self.groups for digest in group)
        return f"tocsin-step/1 {self.step} {counts}\n".encode() + digests

    @property
    def sha256(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.data)


class Shown(NamedTuple):
    """A row laid open: with this salt its bytes lead to the digest at this place of the leaf."""

    group: str
    position: int
    salt: bytes
    row: bytes


def canonical(table: str, values: Iterable[Value]) -> bytes:
    """One text for one row: the table's name and its columns in order, each as type, length and bytes.

    i, t, b, n are SQLite's integer (as decimal digits), text (UTF-8), blob and null; `t4:step` is a text of 4
    bytes.
    """
    parts = [b"t%d:%b" % (len(table.encode()), table.encode())]
    for value in values:
        # One loop without calls: it runs for every row of every step.
        if isinstance(value, int):
            digits = str(int(value))
            parts.append(f"i{len(digits)}:{digits}".encode())
        elif isinstance(value, str):
            raw = value.encode()
            parts.append(b"t%d:%b" % (len(raw), raw))
        else:
            parts.append(b"n0:" if value is None else b"b%d:%b" % (len(value), value))
    return b"".join(parts)


def parse_canonical(row: bytes) -> tuple[str, tuple[Value, ...]]:
    """The table and the values of canonical bytes. ValueError when they are none."""
    values: list[Value] = []
    at = 0
    while at < len(row):
        colon = row.index(b":", at)
        size = int(row[at + 1 : colon])
        values.append(_value(row[at : at + 1], row[colon + 1 : colon + 1 + size]))
        at = colon + 1 + size
    table, *rest = values
    if not isinstance(table, str) or canonical(table, rest) != row:
        raise ValueError("not the canonical bytes of a row")
    return table, tuple(rest)


def row_salt(salt: bytes, group: str, position: int) -> bytes:
    """The salt of one row, from the step's: showing it opens no other row."""
    return sha256(salt + _place(group, position)).digest()


def blinded(salt: bytes, row: bytes) -> bytes:
    """The digest of a row under its own salt."""
    return sha256(salt + row).digest()


def make_leaf(rows: Rows, salt: bytes) -> Leaf:
    """Blind every row of a step. `salt`: SALT_BYTES of chance, new for each step."""
    return Leaf(
        rows.step,
        tuple(
            tuple(blinded(row_salt(salt, name, n), row) for n, row in enumerate(group))
            for name, group in zip(GROUPS, rows.groups, strict=True)
        ),
    )


def parse_leaf(data: bytes) -> Leaf:
    """A leaf from its content. ValueError when it is none."""
    head = _HEAD.match(data)
    if head is None:
        raise ValueError("not the content of a step's leaf")
    counts = [1, *map(int, head[2].split())]
    digests = [data[at : at + HASH_BYTES] for at in range(head.end(), len(data), HASH_BYTES)]
    groups, at = [], 0
    for count in counts:
        groups.append(tuple(digests[at : at + count]))
        at += count
    leaf = Leaf(int(head[1]), tuple(groups))
    if at != len(digests) or (len(data) - head.end()) % HASH_BYTES or leaf.data != data:
        raise ValueError("a step's leaf holds other rows than it counts")
    return leaf


def show(rows: Rows, salt: bytes, group: str, position: int) -> Shown:
    """Lay one row open. IndexError when the step has no such row."""
    row = rows.groups[GROUPS.index(group)][position]
    return Shown(group, position, row_salt(salt, group, position), row)


def is_in(leaf: Leaf, shown: Shown) -> bool:
    """True when the leaf holds this row at this place."""
    if shown.group not in GROUPS:
        return False
    digests = leaf.groups[GROUPS.index(shown.group)]
    return 0 <= shown.position < len(digests) and digests[shown.position] == blinded(shown.salt, shown.row)


@lru_cache(maxsize=4096)
def _place(group: str, position: int) -> bytes:
    return f"{group}:{position}".encode()


def _value(kind: bytes, raw: bytes) -> Value:
    if kind == b"t":
        return raw.decode()
    if kind == b"i":
        return int(raw)
    return raw if kind == b"b" else None

"""Reading a record's rows back as the canonical bytes that its log covers, without trusting their types.

SQLite itself says each value's type and gives its bytes, so text that is no longer UTF-8 or a number that
became text comes out as what stands in the file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from tocsin.errors import UserError
from tocsin.record.book import open_reader
from tocsin.record.leaf import GROUPS, Rows
from tocsin.record.ledger import SCHEMA, VERSION

COLUMNS = {
    "steps": ("step", "now_ns", "arrived_wall_ns", "stepped_wall_ns", "state_sha256"),
    "entries": ("step", "side", "position", "kind", "body"),
    "offers": ("number", "step", "body"),
    "imports": ("origin", "traffic", "sequence", "step", "issued_wall_ns"),
}
"""The tables that the log covers, with their columns in the order of the canonical bytes."""

GROUP_TABLES = ("steps", "entries", "entries", "offers", "imports")
"""Where the rows of each of GROUPS stand."""

SIDES = ("stimulus", "effect")
"""The groups of table entries."""

_ORDER = {
    "steps": "step",
    "entries": "step, side, position",
    "offers": "step, number",
    "imports": "step, origin, traffic, sequence",
}
_GROUP = {"steps": "step", "offers": "offer", "imports": "import"}


class StoredRow(NamedTuple):
    """A row as it stands in the file. `step` is -1 where that is no number; `group` of an entry is its side,
    `name` its kind.
    """

    step: int
    group: str
    name: str
    row: bytes


def open_record(path: Path) -> apsw.Connection:
    """Open a record to read. UserError when there is none or it is not of this tocsin's form."""
    db = open_reader(path)
    found = int(db.pragma("user_version") or 0)
    if found == VERSION and _schema(db) == _record_schema():
        return db
    db.close()
    word = f"form {found}" if found not in (0, VERSION) else "another kind of database"
    raise UserError(
        f"{path} is no record of form {VERSION} ({word})",
        fix="name a node's record, e.g. DIR/records/KOR.sqlite",
    )


def read_rows(db: apsw.Connection, table: str, step: int | None = None) -> Iterator[StoredRow]:
    """Rows of one table in the log's order: of one step, or of all."""
    columns = COLUMNS[table]
    parts = ", ".join(f"substr(typeof({name}), 1, 1), CAST({name} AS BLOB)" for name in columns)
    where, values = ("", ()) if step is None else ("WHERE step = ?", (step,))
    for number, *pairs in db.execute(
        f"SELECT step, {parts} FROM {table} {where} ORDER BY {_ORDER[table]}", values
    ):
        kinds, raws = pairs[::2], [raw or b"" for raw in pairs[1::2]]
        group, name = _GROUP.get(table), ""
        if group is None:
            group, name = raws[1].decode(errors="replace"), raws[3].decode(errors="replace")
        row = _canonical(table, kinds, raws)
        yield StoredRow(number if isinstance(number, int) else -1, group, name, row)


def rows_of(db: apsw.Connection, step: int) -> Rows:
    """Everything that the log covers of one step."""
    return Rows(
        step,
        tuple(
            [row.row for row in read_rows(db, table, step) if row.group == group]
            for group, table in zip(GROUPS, GROUP_TABLES, strict=True)
        ),
    )


def _canonical(table: str, kinds: list[str], raws: list[bytes]) -> bytes:
    """See tocsin.record.leaf.canonical; a kind that it does not know (r, a floating number) stays visible."""
    fields = [b"t%d:%b" % (len(table), table.encode())]
    fields += [b"%b%d:%b" % (kind.encode(), len(raw), raw) for kind, raw in zip(kinds, raws, strict=True)]
    return b"".join(fields)


def _schema(db: apsw.Connection) -> set[tuple[object, ...]]:
    return {tuple(row) for row in db.execute("SELECT type, name, sql FROM sqlite_schema")}


def _record_schema() -> set[tuple[object, ...]]:
    empty = apsw.Connection(":memory:")
    try:
        empty.execute(SCHEMA)
        return _schema(empty)
    finally:
        empty.close()

"""The nation's record: one SQLite file, one writer, one transaction a step.

A step's stimuli with their `now`, its effects and the hash of the state after it stand in it as JSON text
that any SQLite tool can read; together they are enough to run the fold again. In here too, because they must
be committed with the step: what was offered to the door and not yet taken, what the door handed over, and the
step's leaf in the Merkle log, which makes every later change of the record visible.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from secrets import token_bytes
from typing import NamedTuple

import apsw

from tocsin.errors import UserError
from tocsin.model.time import Instant
from tocsin.record.book import open_book, transaction
from tocsin.record.checkpoint import merged
from tocsin.record.leaf import SALT_BYTES, Rows, canonical
from tocsin.record.log import LOG_SCHEMA, read_frontier, write_leaf
from tocsin.record.merkle import Frontier
from tocsin.record.tick import TICK_SCHEMA, Tick

VERSION = 3

KEPT_SNAPSHOTS = 3
"""A newer tocsin may not read the newest; older ones cost disk and help nobody."""

SCHEMA = (
    """
CREATE TABLE steps(
  step INTEGER PRIMARY KEY,
  now_ns INTEGER NOT NULL,          -- the fold's clock: scenario time
  arrived_wall_ns INTEGER NOT NULL, -- wall clock when the first stimulus of the step came in
  stepped_wall_ns INTEGER NOT NULL, -- wall clock when the fold had run, just before the commit
  state_sha256 BLOB NOT NULL
);
CREATE TABLE entries(
  step INTEGER NOT NULL REFERENCES steps,
  side TEXT NOT NULL CHECK (side IN ('stimulus', 'effect')),
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (step, side, position)
) WITHOUT ROWID;
CREATE INDEX entries_kind ON entries(kind, step);
CREATE TABLE offers(
  number INTEGER PRIMARY KEY,
  step INTEGER NOT NULL REFERENCES steps,
  body BLOB NOT NULL
);
CREATE TABLE imports(
  origin TEXT NOT NULL,
  traffic TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  step INTEGER NOT NULL REFERENCES steps,
  issued_wall_ns INTEGER NOT NULL,
  PRIMARY KEY (origin, traffic, sequence)
) WITHOUT ROWID;
CREATE TABLE marks(name TEXT PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshots(             -- a shortcut for the restart, believed only by the hash in `steps`
  step INTEGER PRIMARY KEY REFERENCES steps,
  state BLOB NOT NULL
);
CREATE TABLE about(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
"""
    + LOG_SCHEMA
    + TICK_SCHEMA
)


UNPROVEN = "unproven"
"""The mark that `Ledger.unproven` keeps, and one more; 0 when the door was heard."""


def new_salt() -> bytes:
    """Chance that blinds one step in the log."""
    return token_bytes(SALT_BYTES)


class Entry(NamedTuple):
    """A stimulus or an effect: its kind and its JSON text."""

    kind: str
    body: str


ImportKey = tuple[str, str, int]
"""Origin, traffic, sequence: what a partner's product is known by."""


class Imported(NamedTuple):
    """The identity of a partner's product that a step took in."""

    origin: str
    traffic: str
    sequence: int
    issued_wall_ns: Instant


class Ticks(NamedTuple):
    """Of the national log: its generation, the number of its last leaf, and how many leaves before that this
    record knows nothing of: it was restored from an old backup, and the steps of that time are not in it.
    """

    generation: int
    last: int
    missing: int


class Step(NamedTuple):
    """One turn of the fold, as recorded."""

    step: int
    now_ns: Instant
    arrived_wall_ns: Instant
    stepped_wall_ns: Instant
    state_sha256: bytes
    stimuli: tuple[Entry, ...]
    effects: tuple[Entry, ...] = ()
    offers: tuple[tuple[int, bytes], ...] = ()
    imports: tuple[Imported, ...] = ()
    handed_upto: int | None = None
    checkpoints: tuple[tuple[str, int, bytes], ...] = ()
    """Of this nation's log, cosigned by a partner: origin, size, note."""
    offers_taken: int | None = None
    """The record was found to be an old copy: the door has taken offers up to this one."""
    snapshot: bytes | None = None
    """The state after the step, for a quick restart."""


def step_rows(step: Step) -> Rows:
    """What the log covers of a step, in the order in which an audit reads it back."""
    number = step.step
    offers = sorted(step.offers)
    imports = sorted(step.imports)
    return Rows(
        number,
        (
            [canonical("steps", (number, *step[1:5]))],
            _entry_rows(number, "stimulus", step.stimuli),
            _entry_rows(number, "effect", step.effects),
            [canonical("offers", (offer, number, body)) for offer, body in offers],
            [
                canonical("imports", (one.origin, one.traffic, one.sequence, number, one.issued_wall_ns))
                for one in imports
            ],
        ),
    )


def _entry_rows(step: int, side: str, entries: Sequence[Entry]) -> list[bytes]:
    return [canonical("entries", (step, side, n, e.kind, e.body)) for n, e in enumerate(entries)]


class LedgerReader:
    """A record open to read; `Ledger` adds its one writer."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def close(self) -> None:
        """Close the file; the record stays valid without it too."""
        self._db.close()

    def mark(self, name: str) -> int:
        """A high-water mark: `handed` (from the door) or `offers_taken` (by the door); 0 before the first."""
        row = self._db.execute("SELECT upto FROM marks WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def imported(self, keys: Iterable[ImportKey]) -> frozenset[ImportKey]:
        """Those of these products that were taken in."""
        asked = "SELECT 1 FROM imports WHERE origin = ? AND traffic = ? AND sequence = ?"
        return frozenset(key for key in keys if self._db.execute(asked, key).fetchone())

    def last_step(self) -> int:
        """Number of the last committed step; 0 for a new record."""
        row = self._db.execute("SELECT max(step) FROM steps").fetchone()
        return int(row[0] or 0) if row else 0

    def about(self) -> dict[str, str]:
        """What `describe` wrote."""
        return {str(name): str(text) for name, text in self._db.execute("SELECT name, text FROM about")}

    def steps(self, first: int = 1) -> Iterator[Step]:
        """Recorded steps in order, without their effects: what replay runs."""
        rows = self._db.execute("SELECT * FROM steps WHERE step >= ? ORDER BY step", (first,))
        for number, now_ns, arrived_ns, stepped_ns, sha256 in rows:
            yield Step(number, now_ns, arrived_ns, stepped_ns, sha256, self._entries(number, "stimulus"))

    def snapshots(self) -> Iterator[tuple[Step, bytes]]:
        """The newest first: the step (without stimuli and effects) and the state after it."""
        rows = self._db.execute(
            "SELECT steps.*, state FROM snapshots JOIN steps USING (step) ORDER BY 1 DESC"
        )
        for number, now_ns, arrived_ns, stepped_ns, sha256, state in rows:
            yield Step(number, now_ns, arrived_ns, stepped_ns, sha256, ()), bytes(state)

    def effects(self, kind: str) -> Iterator[tuple[int, str]]:
        """(step, JSON text) of every effect of one kind, in order."""
        rows = self._db.execute(
            "SELECT step, body FROM entries WHERE kind = ? AND side = 'effect' ORDER BY step, position",
            (kind,),
        )
        for step, body in rows:
            yield int(step), str(body)

    def stimuli(self, kind: str) -> Iterator[str]:
        """JSON text of every stimulus of one kind, in order."""
        rows = self._db.execute(
            "SELECT body FROM entries WHERE kind = ? AND side = 'stimulus' ORDER BY step, position", (kind,)
        )
        for (body,) in rows:
            yield str(body)

    def effects_at(self, kind: str) -> Iterator[tuple[Instant, str]]:
        """(`now` of its step, JSON text) of every effect of one kind, in order."""
        rows = self._db.execute(
            "SELECT now_ns, body FROM entries JOIN steps USING (step) "
            "WHERE kind = ? AND side = 'effect' ORDER BY step, position",
            (kind,),
        )
        for now_ns, body in rows:
            yield Instant(int(now_ns)), str(body)

    def ticks(self) -> Ticks:
        """Which leaves of the newest national log this record can open."""
        row = self._db.execute(
            "SELECT generation, max(number), count(*) FROM ticks GROUP BY generation ORDER BY 1 DESC LIMIT 1"
        ).fetchone()
        return Ticks(0, 0, 0) if row is None else Ticks(int(row[0]), int(row[1]), int(row[1]) - int(row[2]))

    def rows(self, sql: str) -> Iterator[Sequence[object]]:
        """Read-only query for reports."""
        yield from self._db.execute(sql)

    def _entries(self, step: int, side: str) -> tuple[Entry, ...]:
        rows = self._db.execute(
            "SELECT kind, body FROM entries WHERE step = ? AND side = ? ORDER BY position", (step, side)
        )
        return tuple(Entry(str(kind), str(body)) for kind, body in rows)


class Ledger(LedgerReader):
    """Open record of one node; `append` is the only writer. Every value it returns was committed."""

    def __init__(self, path: Path, salts: Callable[[], bytes] = new_salt) -> None:
        """Open or create. `salts` is the source of chance: a simulation hands in its own."""
        super().__init__(open_book(path, SCHEMA, VERSION))
        self._salts = salts
        try:
            self._frontier = read_frontier(self._db)
        except UserError:
            self._db.close()
            raise

    def append(self, step: Step) -> None:
        """Commit one step with all that belongs to it, its leaf in the log too, or nothing of it."""
        with transaction(self._db):
            run = self._db.execute
            run(
                "INSERT INTO steps VALUES (?,?,?,?,?)",
                (step.step, step.now_ns, step.arrived_wall_ns, step.stepped_wall_ns, step.state_sha256),
            )
            for side, entries in (("stimulus", step.stimuli), ("effect", step.effects)):
                rows = [(step.step, side, n, entry.kind, entry.body) for n, entry in enumerate(entries)]
                self._db.executemany("INSERT INTO entries VALUES (?,?,?,?,?)", rows)
            self._db.executemany(
                "INSERT INTO offers VALUES (?,?,?)", [(n, step.step, body) for n, body in step.offers]
            )
            self._db.executemany(
                "INSERT INTO imports VALUES (?,?,?,?,?)",
                [
                    (one.origin, one.traffic, one.sequence, step.step, one.issued_wall_ns)
                    for one in step.imports
                ],
            )
            if step.handed_upto is not None:
                self._mark("handed", step.handed_upto)
            if step.offers_taken is not None:
                self._put("offers_taken", step.offers_taken)
                self._put(UNPROVEN, 0)
            for origin, size, note in step.checkpoints:
                self._keep_checkpoint(origin, size, note)
            if step.snapshot is not None:
                self._keep_snapshot(step.step, step.snapshot)
            grown = write_leaf(self._db, self._frontier, step_rows(step), self._salts())
        self._frontier = grown

    def head(self) -> Frontier:
        """Size and root of the log after the last committed step."""
        return self._frontier

    def commit_to(self, generation: int, number: int, at_wall_ns: Instant) -> Tick:
        """Commit to the record as it is, as this leaf of the national log; the answer given before when there
        was one.
        """
        asked = "SELECT * FROM ticks WHERE generation = ? AND number = ?"
        row = self._db.execute(asked, (generation, number)).fetchone()
        if row is not None:
            return Tick(*row)
        head = self._frontier
        tick = Tick(generation, number, at_wall_ns, head.size, head.root(), self._salts())
        with transaction(self._db):
            self._db.execute("INSERT INTO ticks VALUES (?,?,?,?,?,?)", tick)
        return tick

    def offers_taken(self, upto: int) -> None:
        """The door has committed every offer up to this number; they need not be sent again. The last word
        counts: a door that was restored from a copy names a lower number, and is offered the rest again.
        """
        with transaction(self._db):
            self._put("offers_taken", upto)

    def unproven(self) -> int:
        """The last offer of the record when it was opened: what the door has beyond it, a record that was
        lost since has offered. As of an earlier start, if the door was not heard since.
        """
        known = self.mark(UNPROVEN)
        if known:
            return known - 1
        row = self._db.execute("SELECT max(number) FROM offers").fetchone()
        last = int(row[0] or 0) if row else 0
        with transaction(self._db):
            self._put(UNPROVEN, last + 1)
        return last

    def proven(self) -> None:
        """The door was heard, and has nothing that this record does not know of."""
        with transaction(self._db):
            self._put(UNPROVEN, 0)

    def offers_open(self, most: int) -> list[tuple[int, bytes]]:
        """The first `most` offers that the door has not acknowledged, in order."""
        rows = self._db.execute(
            "SELECT number, body FROM offers WHERE number > ? ORDER BY number LIMIT ?",
            (self.mark("offers_taken"), most),
        )
        return [(int(number), bytes(body)) for number, body in rows]

    def describe(self, **texts: str) -> None:
        """Write facts about the record itself (nation, plane, version); the same name replaces."""
        with transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO about VALUES (?,?)", list(texts.items()))

    def _keep_checkpoint(self, origin: str, size: int, note: bytes) -> None:
        key = (origin, size)
        row = self._db.execute("SELECT note FROM checkpoints WHERE origin = ? AND size = ?", key).fetchone()
        whole = note if row is None else merged(bytes(row[0]), note)
        self._db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?,?,?)", (*key, whole))

    def _keep_snapshot(self, step: int, state: bytes) -> None:
        self._db.execute("INSERT INTO snapshots VALUES (?,?)", (step, state))
        newest = "SELECT step FROM snapshots ORDER BY step DESC LIMIT ?"
        self._db.execute(f"DELETE FROM snapshots WHERE step NOT IN ({newest})", (KEPT_SNAPSHOTS,))

    def _put(self, name: str, upto: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO marks VALUES (?,?)", (name, upto))

    def _mark(self, name: str, upto: int) -> None:
        self._db.execute(
            "INSERT INTO marks VALUES (?,?) ON CONFLICT (name) DO UPDATE SET upto = max(upto, excluded.upto)",
            (name, upto),
        )

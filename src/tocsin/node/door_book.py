"""door.sqlite: what the door took, decided, sealed and received. One writer; one transaction a step.

A row of the outbox stays until the partner's receipt covers it, an item for the hall until the hall has
committed it. Everything that the fold must remember over a crash is written in the same transaction as what
it led to.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import apsw
import msgspec
from msgspec.structs import astuple, replace

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node.door_trust import settle
from tocsin.node.door_turn import CONTROL_SKIP, VALID_NS
from tocsin.node.door_words import DoorState, Flight, Held, Office, Store, Stream
from tocsin.node.log_book import LOG_SCHEMA, LogBook
from tocsin.record.book import BookFullError, book_errors, open_book, open_reader, transaction
from tocsin.release.seal import renewed
from tocsin.share.inbox import InStream
from tocsin.share.keylist import Believed, SignedList, believe
from tocsin.share.marks import Run
from tocsin.share.outbox import OutStream, allocate, receipted

VERSION = 3

LIST_SEEN = "list-seen"
"""The mark of the newest own trust list that a partner holds: `tocsin trust rotate` goes beyond it."""

MAX_EVIDENCE = 1_000
"""Refused messages whose bytes are kept (60 MB at the most); counts by reason are kept for ever."""

SCHEMA = (
    """
CREATE TABLE offer(number INTEGER PRIMARY KEY, made_ns INTEGER NOT NULL, taken_wall_ns INTEGER NOT NULL);
CREATE TABLE decision(
  offer INTEGER NOT NULL REFERENCES offer, partner TEXT NOT NULL, released INTEGER NOT NULL, rule TEXT NOT
  NULL, traffic TEXT NOT NULL, sequence INTEGER,
  PRIMARY KEY (offer, partner)
) WITHOUT ROWID;
CREATE TABLE outbox(
  partner TEXT NOT NULL, traffic TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  by_hub INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (partner, traffic, first)
) WITHOUT ROWID;
CREATE TABLE held(
  offer INTEGER NOT NULL, partner TEXT NOT NULL, due_wall_ns INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (offer, partner)
) WITHOUT ROWID;
CREATE TABLE inbox(
  origin TEXT NOT NULL, traffic TEXT NOT NULL, sequence INTEGER NOT NULL,
  number INTEGER NOT NULL UNIQUE, issued_wall_ns INTEGER NOT NULL, arrived_wall_ns INTEGER NOT NULL,
  path TEXT NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (origin, traffic, sequence)
) WITHOUT ROWID;
CREATE TABLE handoff(number INTEGER PRIMARY KEY, item BLOB NOT NULL);
CREATE TABLE evidence(
  id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, source TEXT NOT NULL, detail TEXT NOT NULL,
  at_wall_ns INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE TABLE refused(reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE stream(
  way TEXT NOT NULL CHECK (way IN ('in', 'out')), nation TEXT NOT NULL, traffic TEXT NOT NULL,
  marks BLOB NOT NULL,
  PRIMARY KEY (way, nation, traffic)
) WITHOUT ROWID;
CREATE TABLE key_list(
  nation TEXT PRIMARY KEY, root BLOB NOT NULL, body BLOB NOT NULL, signature BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE shown(
  at_wall_ns INTEGER NOT NULL, watcher TEXT NOT NULL, origin TEXT NOT NULL, track_id TEXT NOT NULL,
  sequence INTEGER NOT NULL, released INTEGER NOT NULL, rule TEXT NOT NULL
);
CREATE TABLE mark(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
    + LOG_SCHEMA
)

_Value = str | int | bytes | None

_PACK = msgspec.msgpack.Encoder(order="deterministic")
_ITEM = msgspec.msgpack.Decoder(HandedItem)
_HELD = msgspec.msgpack.Decoder(Held)
_OUT = msgspec.msgpack.Decoder(OutStream)
_IN = msgspec.msgpack.Decoder(InStream)


class ExchangeCounts(NamedTuple):
    """One door's running counts; `latencies_ms`: from the origin's seal to this door, by both wall clocks."""

    offered: int
    released: int
    withheld: int
    received: int
    copies: int
    refused: dict[str, int]
    latencies_ms: list[float]


class DoorBook:
    """The book, open for its one writer. Raises what tocsin.record.book says.

    `outbox`, `overlapping` and `handoff` may run in a thread beside `commit`: they have a connection of their
    own, which sees what is committed and nothing else.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_book(path, SCHEMA, VERSION)
        self._logs = LogBook(self._db)
        self._marked: dict[tuple[str, Stream], OutStream | InStream] = {}
        """Marks of streams as they were written last."""
        self._committed = open_reader(path)

    def close(self) -> None:
        """Let go of the book."""
        self._committed.close()
        self._db.close()

    # ---- writing
    # ---------------------------------------------------------------------------------------------

    def commit(self, store: Store) -> None:
        """Everything of one step, on disk when this returns. A sequence seen twice breaks a key and raises;
        BookFullError leaves the book as it was, and the step may be tried again."""
        try:
            with transaction(self._db):
                self._write(store)
        except BookFullError:
            self._logs.undone()
            self._marked.clear()
            raise

    def _many(self, sql: str, rows: Sequence[tuple[_Value, ...]]) -> None:
        if rows:
            self._db.executemany(sql, rows)

    def _write(self, store: Store) -> None:
        self._write_out(store)
        self._write_held(store)
        self._write_in(store)
        self._write_marks(store)
        if store.logs is not None:
            self._logs.write(store.logs, store.ticks, store.proofs)
        self._many(
            "INSERT OR REPLACE INTO key_list VALUES (?, ?, ?, ?)",
            [(b.keys.nation, b.root, b.signed.body, b.signed.signature) for b in store.lists],
        )

    def _write_out(self, store: Store) -> None:
        many = self._many
        many(
            "INSERT INTO offer VALUES (?, ?, ?)",
            [(offer.number, offer.made_ns, store.at_wall_ns) for offer in store.offers],
        )
        many(
            "INSERT INTO decision VALUES (?, ?, ?, ?, ?, ?)",
            [(d.offer, d.partner, d.released, d.rule, d.traffic, d.sequence) for d in store.decisions],
        )
        many(
            "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?)",
            [(s.recipient, s.traffic, s.first, s.last, s.by_hub, s.data) for s in store.sealed],
        )
        many(
            "INSERT INTO shown VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (store.at_wall_ns, d.watcher, d.origin, d.track_id, d.sequence, d.released, d.rule)
                for d in store.shown
            ],
        )
        many(
            "DELETE FROM outbox WHERE partner = ? AND traffic = ? AND first <= ? AND last <= ?",
            [
                (*key, row.receipted, row.receipted)
                for key, row in store.outs.items()
                if self._receipted(key) < row.receipted
            ],
        )

    def _receipted(self, key: Stream) -> int:
        """As it was written last."""
        row = self._marked.get(("out", key))
        return row.receipted if isinstance(row, OutStream) else -1

    def _write_held(self, store: Store) -> None:
        many = self._many
        many("DELETE FROM held WHERE offer = ? AND partner = ?", store.unheld)
        many(
            "INSERT INTO held VALUES (?, ?, ?, ?)",
            [(one.offer.number, one.partner, one.due_wall_ns, _PACK.encode(one)) for one in store.held],
        )

    def _write_in(self, store: Store) -> None:
        many = self._many
        # The columns are the fields of InRow.
        many("INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [astuple(row) for row in store.rows_in])
        many(
            "INSERT INTO handoff VALUES (?, ?)", [(item.number, _PACK.encode(item)) for item in store.handed]
        )
        self._db.execute("DELETE FROM handoff WHERE number <= ?", (store.hall_upto,))
        if store.evidence:
            refused = [(one.quarantined, one.data) for one in store.evidence]
            many(
                "INSERT INTO evidence(reason, source, detail, at_wall_ns, data) VALUES (?, ?, ?, ?, ?)",
                [(q.reason, q.source, q.detail, q.at_wall_ns, data) for q, data in refused],
            )
            many(
                "INSERT INTO refused VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                [(q.reason,) for q, _ in refused],
            )
            oldest = "(SELECT max(id) FROM evidence) - ?"
            self._db.execute(f"DELETE FROM evidence WHERE id <= {oldest}", (MAX_EVIDENCE,))

    def _write_marks(self, store: Store) -> None:
        rows: dict[tuple[str, Stream], OutStream | InStream] = {
            **{("out", key): row for key, row in store.outs.items()},
            **{("in", key): row for key, row in store.ins.items()},
        }
        fresh = {key: row for key, row in rows.items() if self._marked.get(key) is not row}
        self._many(
            "INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?)",
            [(way, *key, _PACK.encode(row)) for (way, key), row in fresh.items()],
        )
        self._marked |= fresh
        marks = {"handed": store.handed_upto, "hall": store.hall_upto, "copies": store.copies}
        marks[LIST_SEEN] = store.list_seen
        self._db.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", marks.items())

    # ---- reading
    # ---------------------------------------------------------------------------------------------

    def load(self, office: Office) -> DoorState:
        """The state as of the last commit."""
        hall_upto = self._mark("hall")
        state = DoorState(
            office=office,
            offers_upto=_number(self._db.execute("SELECT coalesce(max(number), 0) FROM offer")),
            handed_upto=self._mark("handed"),
            hall_upto=hall_upto,
            outs=outs_after_start({key: _OUT.decode(marks) for key, marks in self._streams("out")}),
            ins={key: _IN.decode(marks) for key, marks in self._streams("in")},
            flights=flights_of(self._uncommitted(hall_upto)),
            held=tuple(self._held()),
            copies=self._mark("copies"),
            logs=self._logs.read(),
            lists=dict(self._lists(office)),
            list_seen=self._mark(LIST_SEEN),
        )
        return settle(state)

    def outbox(self, stream: Stream, after: int, limit: int, office: Office, now: Instant) -> list[Sealed]:
        """Rows not yet receipted whose first sequence is past `after`, in order, their signatures checked and
        made anew where a partner would not take them any more."""
        where = "partner = ? AND traffic = ? AND first > ?"
        rows = self._committed.execute(
            f"SELECT data, by_hub FROM outbox WHERE {where} ORDER BY first LIMIT ?", (*stream, after, limit)
        )
        return opened(_rows(rows), office, now)

    def overlapping(
        self, stream: Stream, runs: Sequence[Run], limit: int, office: Office, now: Instant
    ) -> list[Sealed]:
        """Rows of the outbox that hold any sequence of `runs`, as `outbox` gives them; at most `limit`, the
        rest is asked for again."""
        found: list[Sealed] = []
        where = "partner = ? AND traffic = ? AND first <= ? AND last >= ?"
        for first, last in runs:
            rows = self._committed.execute(
                f"SELECT data, by_hub FROM outbox WHERE {where} ORDER BY first LIMIT ?",
                (*stream, last, first, limit - len(found)),
            )
            found += opened(_rows(rows), office, now)
        return found

    def handoff(self, after: int, limit: int) -> list[HandedItem]:
        """Items that the hall has not committed, past number `after`, in order."""
        rows = self._committed.execute(
            "SELECT item FROM handoff WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        )
        return [_ITEM.decode(bytes(item)) for (item,) in rows]

    def counts(self) -> ExchangeCounts:
        """What this door has done so far."""
        query = self._db.execute
        return ExchangeCounts(
            offered=_number(query("SELECT count(*) FROM offer")),
            released=_number(query("SELECT count(*) FROM decision WHERE released")),
            withheld=_number(query("SELECT count(*) FROM decision WHERE NOT released")),
            received=_number(query("SELECT count(*) FROM inbox")),
            copies=self._mark("copies"),
            refused={str(reason): _int(n) for reason, n in query("SELECT reason, count FROM refused")},
            latencies_ms=[
                _int(ns) / 1e6 for (ns,) in query("SELECT arrived_wall_ns - issued_wall_ns FROM inbox")
            ],
        )

    def _mark(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else _int(row[0])

    def _lists(self, office: Office) -> Iterator[tuple[Nation, Believed]]:
        for nation, root, body, signature in self._db.execute("SELECT * FROM key_list"):
            signed = SignedList(bytes(body), bytes(signature))
            found = believe(Nation(str(nation)), office.plane, bytes(root), signed)
            if isinstance(found, Believed):
                yield found.keys.nation, found

    def _held(self) -> Iterator[Held]:
        rows = self._db.execute("SELECT body FROM held ORDER BY due_wall_ns, offer, partner")
        for (body,) in rows:
            yield _HELD.decode(bytes(body))

    def _streams(self, way: str) -> Iterator[tuple[Stream, bytes]]:
        rows = self._db.execute("SELECT nation, traffic, marks FROM stream WHERE way = ?", (way,))
        for nation, traffic, marks in rows:
            yield (Nation(str(nation)), Traffic(str(traffic))), bytes(marks)

    def _uncommitted(self, hall_upto: int) -> Iterator[Flight]:
        rows = self._db.execute(
            "SELECT number, origin, traffic, sequence FROM inbox WHERE number > ? ORDER BY number",
            (hall_upto,),
        )
        for number, origin, traffic, sequence in rows:
            yield Flight(
                _int(number), Nation(str(origin)), Traffic(str(traffic)), _int(sequence), _int(sequence)
            )


class Told(NamedTuple):
    """What partners are known to have of us: products' sequences that they have receipted, by stream, and the
    newest own trust list."""

    receipted: dict[Stream, int]
    list_seen: int


def told_so_far(path: Path) -> Told:
    """Read beside the running door."""
    reader = open_reader(path)
    try:
        with book_errors(path):
            rows = reader.execute("SELECT nation, traffic, marks FROM stream WHERE way = 'out'")
            outs = {(Nation(str(n)), Traffic(str(t))): _OUT.decode(bytes(row)) for n, t, row in rows}
            seen = reader.execute("SELECT value FROM mark WHERE name = ?", (LIST_SEEN,)).fetchone()
    finally:
        reader.close()
    return Told(receipted(outs), 0 if seen is None else _int(seen[0]))


def outs_after_start(outs: dict[Stream, OutStream]) -> dict[Stream, OutStream]:
    """Marks of what was sent as they may be used again: control goes on past what may not be stored."""
    return {
        key: allocate(row, CONTROL_SKIP)[0] if key[1] is Traffic.CONTROL else row for key, row in outs.items()
    }


def flights_of(imports: Iterable[Flight]) -> tuple[Flight, ...]:
    """Imports that the hall has not committed, given one by one in order of their numbers, as runs."""
    flights: list[Flight] = []
    for one in imports:
        if flights and _follows(flights[-1], one):
            flights[-1] = replace(flights[-1], last=one.last)
        else:
            flights.append(one)
    return tuple(flights)


def opened(rows: Iterable[tuple[bytes, bool]], office: Office, now: Instant) -> list[Sealed]:
    """Rows (data, by_hub) of the outbox, ready to leave."""
    return [
        renewed(data, office.signer, former=office.former, by_hub=by_hub, now=now, life_ns=VALID_NS)
        for data, by_hub in rows
    ]


def _rows(rows: apsw.Cursor) -> Iterator[tuple[bytes, bool]]:
    return ((bytes(data), bool(by_hub)) for data, by_hub in rows)


def _follows(flight: Flight, one: Flight) -> bool:
    same = (flight.origin, flight.traffic) == (one.origin, one.traffic)
    step = one.number - flight.number
    return same and one.first == flight.last + 1 and step == one.first - flight.first


def _number(rows: apsw.Cursor) -> int:
    row = rows.fetchone()
    return 0 if row is None else _int(row[0])


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"the door's book holds {value!r} where a whole number belongs")
    return value

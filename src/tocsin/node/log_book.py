"""The logs' part of door.sqlite: written with the step that changed them, read back at the start.

A row for each part (own log, a partner's log, a direction), replaced when that part changed; ticks and proofs
are added. What came since a direction was last checked is read back from the inbox.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.alarm import Alarm
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import Instant
from tocsin.node.door_words import Proof
from tocsin.node.log_words import Checked, Heard, Logs, OwnLog, Seen, Telling, Told, Way
from tocsin.record.book import book_errors, open_reader

LOG_SCHEMA = """
CREATE TABLE log_part(name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE tick(
  generation INTEGER NOT NULL, number INTEGER NOT NULL, commitment BLOB NOT NULL,
  PRIMARY KEY (generation, number)
) WITHOUT ROWID;
CREATE TABLE proof(
  id INTEGER PRIMARY KEY AUTOINCREMENT, nation TEXT NOT NULL, says TEXT NOT NULL,
  at_wall_ns INTEGER NOT NULL, body BLOB NOT NULL
);
"""

_WAYS = tuple((nation, traffic) for nation in Nation for traffic in (Traffic.URGENT, Traffic.FLOW))

MOST_PROOFS = 100
"""One for each nation and generation: far more than there can be."""

_PACK = msgspec.msgpack.Encoder(order="deterministic")
_TYPES: dict[str, Any] = {
    "own": OwnLog,
    "seen": Seen,
    "telling": Telling,
    "checked": Checked,
    "alarms": tuple[Alarm, ...],
    "lost": bool,
}


class LogBook:
    """Writes inside the caller's transaction."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._written: dict[str, object] = {}

    def write(self, logs: Logs, ticks: Sequence[tuple[int, int, bytes]], proofs: Sequence[Proof]) -> None:
        """Those parts that are not the ones written last."""
        fresh = {name: part for name, part in _parts(logs) if self._written.get(name) is not part}
        self._db.executemany(
            "INSERT OR REPLACE INTO log_part VALUES (?, ?)",
            [(name, _PACK.encode(_stored(part))) for name, part in fresh.items()],
        )
        self._written |= fresh
        self._db.executemany("INSERT OR REPLACE INTO tick VALUES (?, ?, ?)", ticks)
        self._db.executemany(
            "INSERT INTO proof(nation, says, at_wall_ns, body) VALUES (?, ?, ?, ?)",
            [(one.nation, one.says, one.at_wall_ns, one.body) for one in proofs],
        )
        if proofs:
            self._db.execute("DELETE FROM proof WHERE id <= (SELECT max(id) FROM proof) - ?", (MOST_PROOFS,))

    def undone(self) -> None:
        """The transaction of the last `write` failed: nothing counts as written."""
        self._written.clear()

    def read(self) -> Logs:
        """As of the last commit."""
        parts = {str(name): bytes(body) for name, body in self._db.execute("SELECT name, body FROM log_part")}
        found: dict[str, dict[Any, Any]] = {kind: {} for kind in _TYPES}
        for name, body in parts.items():
            kind, _, rest = name.partition(" ")
            nation, _, traffic = rest.partition(" ")
            key = (Nation(nation), Traffic(traffic)) if traffic else Nation(nation) if nation else ""
            found[kind][key] = msgspec.msgpack.decode(body, type=_TYPES[kind])
        stored = Logs(
            own=self._own(found["own"].get("", OwnLog())),
            seen=found["seen"],
            telling=found["telling"],
            told={way: Told(one) for way, one in found["checked"].items()},
            alarms=found["alarms"].get("", ()),
            lost=found["lost"].get("", False),
        )
        return logs_after_start(stored, self._since)

    def proofs(self) -> list[Proof]:
        """Every proof that a nation signed two truths."""
        rows = self._db.execute("SELECT nation, says, at_wall_ns, body FROM proof ORDER BY id")
        return [Proof(Nation(str(n)), str(says), Instant(int(at)), bytes(body)) for n, says, at, body in rows]

    def _own(self, own: OwnLog) -> OwnLog:
        """With the leaves that partners that are away may need."""
        rows = self._db.execute(
            "SELECT commitment FROM tick WHERE generation = ? AND number > ? AND number <= ? ORDER BY number",
            (own.generation, own.base.size, own.tree.size),
        )
        return replace(own, leaves=b"".join(bytes(row[0]) for row in rows))

    def _since(self, way: Way, upto: int) -> Iterator[Heard]:
        """Envelopes past a sequence: neighbours in the inbox with one digest."""
        rows = self._db.execute(
            "SELECT sequence, digest FROM inbox WHERE origin = ? AND traffic = ? AND sequence > ? "
            "ORDER BY sequence",
            (*way, upto),
        )
        return heard_of((int(sequence), bytes(digest)) for sequence, digest in rows)


def heard_of(rows: Iterable[tuple[int, bytes]]) -> Iterator[Heard]:
    """Envelopes from rows of the inbox (sequence, digest), in order: neighbours of one digest are one."""
    heard: Heard | None = None
    for sequence, digest in rows:
        if heard is not None and heard.digest == digest and sequence == heard.last + 1:
            heard = heard._replace(last=sequence)
            continue
        if heard is not None:
            yield heard
        heard = Heard(sequence, sequence, digest)
    if heard is not None:
        yield heard


def logs_after_start(logs: Logs, since: Callable[[Way, int], Iterable[Heard]]) -> Logs:
    """What of logs is known again from the book; `since`: envelopes of a direction past a sequence."""
    checked = {way: logs.told[way].checked if way in logs.told else Checked() for way in _WAYS}
    told = {way: Told(one, tuple(since(way, one.upto))) for way, one in checked.items()}
    return Logs(
        own=logs.own,
        seen=logs.seen,
        telling=logs.telling,
        told={way: one for way, one in told.items() if one != Told()},
        alarms=logs.alarms,
        lost=logs.lost,
    )


def read_logs(path: Path) -> tuple[Logs, list[Proof]]:
    """Beside the running door. UserError for what is no door's book."""
    with book_errors(path):
        db = open_reader(path)
        try:
            book = LogBook(db)
            with db:
                found = book.read(), book.proofs()
        except apsw.SQLError as fault:
            raise UserError(
                f"{path} is no door's book of this tocsin ({fault})", fix="name another"
            ) from None
        finally:
            db.close()
    return found


def _parts(logs: Logs) -> Iterator[tuple[str, object]]:
    yield "own", logs.own
    yield "alarms", logs.alarms
    yield "lost", logs.lost
    for nation, seen in logs.seen.items():
        yield f"seen {nation}", seen
    for (nation, traffic), telling in logs.telling.items():
        yield f"telling {nation} {traffic}", telling
    for (nation, traffic), told in logs.told.items():
        yield f"checked {nation} {traffic}", told.checked


def _stored(part: object) -> object:
    """The own log's leaves stand in table `tick`."""
    return replace(part, leaves=b"") if isinstance(part, OwnLog) else part

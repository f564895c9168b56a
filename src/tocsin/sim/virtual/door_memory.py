"""door.sqlite in memory: the same tables, keys and deletions as node.door_book and node.log_book, and the
same state after `load`.

That it is the same is not taken on trust: a test puts the same Stores into both and compares.
"""

from collections.abc import Iterator, Sequence
from copy import copy

from msgspec import Struct, field

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node import door_book
from tocsin.node.door_trust import settle
from tocsin.node.door_words import DoorState, Flight, Held, InRow, Office, Store, Stream
from tocsin.node.log_book import heard_of, logs_after_start
from tocsin.node.log_words import Heard, Logs, Way
from tocsin.share.inbox import InStream
from tocsin.share.keylist import Believed
from tocsin.share.marks import Run
from tocsin.share.outbox import OutStream
from tocsin.sim.virtual.disk import BrokenKeyError, Disk


class OutRow(Struct, frozen=True):
    """A row of the outbox."""

    first: int
    last: int
    by_hub: bool
    data: bytes


class Tables(Struct):
    """What stands in the book. Rows that nothing reads again are not kept, their keys are."""

    offers_upto: int = 0
    outbox: dict[Stream, dict[int, OutRow]] = field(default_factory=dict)
    held: dict[tuple[int, Nation], Held] = field(default_factory=dict)
    inbox: set[tuple[Nation, Traffic, int]] = field(default_factory=set)
    digests: dict[Stream, dict[int, bytes]] = field(default_factory=dict)
    """Of the inbox, as far as the log of what a partner told us is not checked yet."""
    uncommitted: dict[int, tuple[Nation, Traffic, int]] = field(default_factory=dict)
    """Inbox rows by number, of those that the hall has not committed."""
    handoff: dict[int, HandedItem] = field(default_factory=dict)
    outs: dict[Stream, OutStream] = field(default_factory=dict)
    ins: dict[Stream, InStream] = field(default_factory=dict)
    handed_upto: int = 0
    hall_upto: int = 0
    copies: int = 0
    lists: dict[Nation, Believed] = field(default_factory=dict)
    list_seen: int = 0
    logs: Logs = Logs()

    def copied(self) -> "Tables":
        """A copy that later commits do not touch."""
        twin = copy(self)
        twin.outbox = {key: dict(rows) for key, rows in self.outbox.items()}
        twin.digests = {key: dict(rows) for key, rows in self.digests.items()}
        for name in ("held", "inbox", "uncommitted", "handoff", "outs", "ins", "lists"):
            setattr(twin, name, copy(getattr(self, name)))
        return twin


class MemoryDoorBook:
    """A door's book on a simulated disk."""

    def __init__(self, disk: Disk) -> None:
        self.disk, self.tables = disk, Tables()
        self._safe = self.tables

    # ---- what the disk keeps

    def checkpoint(self) -> None:
        """Everything committed so far is safe, whatever `synchronous` says."""
        if not self.disk.synchronous:
            self._safe = self.tables.copied()

    def crash(self) -> None:
        """Power is gone: what was not synchronous is lost back to the last checkpoint."""
        if not self.disk.synchronous:
            self.tables = self._safe.copied()

    # ---- writing

    def commit(self, store: Store) -> None:
        """One transaction. BrokenKeyError, BookFullError, DiskFailedError: nothing of it."""
        self.disk.write()
        self._check_keys(store)
        self._write_out(store)
        self._write_in(store)
        tables = self.tables
        tables.outs.update(store.outs)
        tables.ins.update(store.ins)
        tables.handed_upto, tables.hall_upto = store.handed_upto, store.hall_upto
        tables.copies, tables.list_seen = store.copies, store.list_seen
        tables.lists.update({one.keys.nation: one for one in store.lists})
        if store.logs is not None:
            self._write_logs(store.logs)

    def _write_logs(self, logs: Logs) -> None:
        self.tables.logs = logs
        for way, told in logs.told.items():
            digests = self.tables.digests.get(way, {})
            for sequence in [sequence for sequence in digests if sequence <= told.checked.upto]:
                del digests[sequence]

    def _check_keys(self, store: Store) -> None:
        tables = self.tables
        numbers = [offer.number for offer in store.offers]
        if any(number <= tables.offers_upto for number in numbers):
            raise BrokenKeyError("an offer's number twice")
        for sealed in store.sealed:
            if sealed.first in tables.outbox.get((sealed.recipient, sealed.traffic), ()):
                raise BrokenKeyError("a sequence of the outbox twice")
        keys = [(row.origin, row.traffic, row.sequence) for row in store.rows_in]
        if len(set(keys)) < len(keys) or not tables.inbox.isdisjoint(keys):
            raise BrokenKeyError("a sequence of the inbox twice")
        if any(item.number in tables.handoff for item in store.handed):
            raise BrokenKeyError("a number of the handoff twice")

    def _write_out(self, store: Store) -> None:
        tables = self.tables
        if store.offers:
            tables.offers_upto = store.offers[-1].number
        for one in store.sealed:
            rows = tables.outbox.setdefault((one.recipient, one.traffic), {})
            rows[one.first] = OutRow(one.first, one.last, one.by_hub, one.data)
        for stream, row in store.outs.items():
            waiting, before = tables.outbox.get(stream), tables.outs.get(stream)
            if waiting and (before is None or row.receipted > before.receipted):
                for first in [first for first, one in waiting.items() if one.last <= row.receipted]:
                    del waiting[first]
        for key in store.unheld:
            tables.held.pop(key, None)
        for held in store.held:
            tables.held[held.offer.number, held.partner] = held

    def _write_in(self, store: Store) -> None:
        tables = self.tables
        for row in store.rows_in:
            tables.inbox.add(_key(row))
            tables.uncommitted[row.number] = _key(row)
            tables.digests.setdefault((row.origin, row.traffic), {})[row.sequence] = row.digest
        for item in store.handed:
            tables.handoff[item.number] = item
        if store.hall_upto > tables.hall_upto:
            for table in (tables.handoff, tables.uncommitted):
                for number in [number for number in table if number <= store.hall_upto]:
                    del table[number]

    # ---- reading

    def load(self, office: Office) -> DoorState:
        """The state as of the last commit."""
        tables = self.tables
        state = DoorState(
            office=office,
            offers_upto=tables.offers_upto,
            handed_upto=tables.handed_upto,
            hall_upto=tables.hall_upto,
            outs=door_book.outs_after_start(dict(tables.outs)),
            ins=dict(tables.ins),
            flights=door_book.flights_of(_flights(tables)),
            held=tuple(sorted(tables.held.values(), key=lambda held: held.order)),
            copies=tables.copies,
            logs=logs_after_start(tables.logs, self._since),
            lists=dict(tables.lists),
            list_seen=tables.list_seen,
        )
        return settle(state)

    def _since(self, way: Way, upto: int) -> Iterator[Heard]:
        rows = sorted(self.tables.digests.get(way, {}).items())
        return heard_of((sequence, digest) for sequence, digest in rows if sequence > upto)

    def outbox(self, stream: Stream, after: int, limit: int, office: Office, now: Instant) -> list[Sealed]:
        """As DoorBook.outbox."""
        rows = [row for row in self._out_rows(stream) if row.first > after][:limit]
        return door_book.opened([(row.data, row.by_hub) for row in rows], office, now)

    def overlapping(
        self, stream: Stream, runs: Sequence[Run], limit: int, office: Office, now: Instant
    ) -> list[Sealed]:
        """As DoorBook.overlapping."""
        found: list[OutRow] = []
        for first, last in runs:
            hit = [row for row in self._out_rows(stream) if row.first <= last and row.last >= first]
            found += hit[: limit - len(found)]
        return door_book.opened([(row.data, row.by_hub) for row in found], office, now)

    def handoff(self, after: int, limit: int) -> list[HandedItem]:
        """As DoorBook.handoff."""
        numbers = sorted(number for number in self.tables.handoff if number > after)[:limit]
        return [self.tables.handoff[number] for number in numbers]

    def _out_rows(self, stream: Stream) -> list[OutRow]:
        return sorted(self.tables.outbox.get(stream, {}).values(), key=lambda row: row.first)


def _flights(tables: Tables) -> Iterator[Flight]:
    for number, (origin, traffic, sequence) in sorted(tables.uncommitted.items()):
        yield Flight(number, origin, traffic, sequence, sequence)


def _key(row: InRow) -> tuple[Nation, Traffic, int]:
    return row.origin, row.traffic, row.sequence

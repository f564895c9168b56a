"""Lost and duplicated over everything a run exchanged, from the durable truth of its nodes.

What was released stands in the origin door's book with its stream and sequence. What arrived is what the
partner's hall took: its record, and after it what the played hall took from the same door.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tocsin.bench.played import Stream
from tocsin.model.label import Nation
from tocsin.node.config import NodeConfig
from tocsin.record.book import open_reader

_RELEASED = "SELECT partner, traffic, sequence FROM decision WHERE released"
_OFFERED = "SELECT (SELECT count(*) FROM offer), (SELECT count(*) FROM decision WHERE NOT released)"
_OUTBOX = "SELECT first, last - first + 1, length(data) FROM outbox WHERE traffic = 'flow'"
_RECORDED = "SELECT origin, traffic, sequence FROM imports"
_TAKEN_UPTO = "SELECT coalesce(max(number), 0) FROM offers"
_HANDED = "SELECT coalesce(max(upto), 0) FROM marks WHERE name = 'handed'"


class Books(NamedTuple):
    """Where one node keeps its record and its door's book."""

    hall: Path
    door: Path

    @classmethod
    def of(cls, configs: Mapping[Nation, NodeConfig]) -> "dict[Nation, Books]":
        """Of every node."""
        return {nation: cls(config.hall_book, config.door_book) for nation, config in configs.items()}


class Account(NamedTuple):
    """Over all nations. `released` counts a product once per partner."""

    offered: int
    released: int
    withheld: int
    lost: int
    duplicated: int


class Marks(NamedTuple):
    """Where a hall's record left off."""

    offers_upto: int
    handed_upto: int


class Envelope(NamedTuple):
    """A row of a door's outbox, or the mean of many: records in it, and bytes on the wire."""

    records: float
    size_bytes: float

    def bytes_of(self, records: int) -> int:
        """Bytes of so many records at this size per record."""
        return round(records * self.size_bytes / self.records)


def take_account(books: Mapping[Nation, Books], later: Mapping[Nation, Sequence[Stream]]) -> Account:
    """`later`: what the played halls took. Nothing may be under way any more."""
    arrived = {
        nation: Counter([*_streams(own.hall, _RECORDED), *later[nation]]) for nation, own in books.items()
    }
    offered = released = withheld = lost = 0
    for origin, own in books.items():
        count, refused = _numbers(own.door, _OFFERED)
        offered, withheld = offered + count, withheld + refused
        for partner, traffic, sequence in _streams(own.door, _RELEASED):
            released += 1
            lost += (origin, traffic, sequence) not in arrived[Nation(partner)]
    duplicated = sum(counts.total() - len(counts) for counts in arrived.values())
    return Account(offered, released, withheld, lost, duplicated)


def marks(hall_book: Path) -> Marks:
    """What the next hall of this node has to know. Its own hall must have stopped."""
    return Marks(*_numbers(hall_book, _TAKEN_UPTO), *_numbers(hall_book, _HANDED))


def imported(hall_book: Path) -> int:
    """How many products of partners stand in a running hall's record now."""
    return len(_rows(hall_book, _RECORDED))


def flow_envelopes(door_book: Path) -> dict[int, Envelope]:
    """Flow that waits for its receipt in a running door's book, by its first sequence."""
    rows = _rows(door_book, _OUTBOX)
    return {_int(first): Envelope(_int(records), _int(size)) for first, records, size in rows}


def mean_envelope(rows: Iterable[Envelope]) -> Envelope | None:
    """The mean; null of none."""
    seen = list(rows)
    if not seen:
        return None
    return Envelope(
        sum(row.records for row in seen) / len(seen), sum(row.size_bytes for row in seen) / len(seen)
    )


def _streams(path: Path, sql: str) -> Iterable[Stream]:
    return ((str(one), str(traffic), _int(sequence)) for one, traffic, sequence in _rows(path, sql))


def _numbers(path: Path, sql: str) -> list[int]:
    return [_int(value) for value in _rows(path, sql)[0]]


def _rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    reader = open_reader(path)
    try:
        return [tuple(row) for row in reader.execute(sql)]
    finally:
        reader.close()


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a book holds {value!r} where a whole number belongs")
    return value

"""What became of every product between nations, read from the nations' own records and nothing else.

Origin's record: offer -> step -> decision -> sequence. Partner's record: sequence -> step that took it in.
Two records of one machine share a wall clock, so latencies of a demo are honest; between machines they are as
good as the clocks.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from tocsin.measure.timing import Spread, spread
from tocsin.model.label import Nation
from tocsin.record.ledger import LedgerReader

_MS_PER_NS = 1e-6

_DECIDED = """
SELECT json_extract(i.value, '$.item.partner'), json_extract(i.value, '$.item.traffic'),
       json_extract(i.value, '$.item.sequence'), json_extract(i.value, '$.item.offer'),
       json_extract(i.value, '$.item.released')
FROM entries, json_each(entries.body, '$.items') AS i
WHERE kind = 'handed' AND side = 'stimulus' AND json_extract(i.value, '$.item.type') = 'decision'
"""
_TAKEN = """
SELECT count(*) FROM entries, json_each(entries.body, '$.items') AS i
WHERE kind = 'handed' AND side = 'stimulus' AND json_extract(i.value, '$.item.type') = 'import'
"""
_ARRIVED = """
SELECT origin, traffic, sequence, stepped_wall_ns FROM imports JOIN steps USING (step)
"""
_OFFERED = """
SELECT number, arrived_wall_ns, stepped_wall_ns FROM offers JOIN steps USING (step)
"""
_COPIES = """
SELECT json_extract(body, '$.copies') FROM entries WHERE kind = 'links' AND side = 'stimulus'
ORDER BY step DESC LIMIT 1
"""


class Exchange(Struct, frozen=True):
    """One nation's side of the exchange. `lost`: released to this nation and never in its record."""

    offered: int
    released: int
    withheld: int
    received: int
    copies: int
    lost: int
    duplicated: int
    latency_ms: Spread


class Measured(NamedTuple):
    """Every nation's side, and the chain's latency over all of them."""

    by_nation: dict[Nation, Exchange]
    plot_to_partner_ms: Spread


class _Book(NamedTuple):
    offered: dict[int, tuple[int, int]]
    released: dict[tuple[str, str, int], int]
    withheld: int
    arrived: dict[tuple[str, str, int], int]
    taken: int
    copies: int


def measure(ledgers: Mapping[Nation, LedgerReader]) -> Measured:
    """Compare the records of all nations of a run."""
    books = {nation: _read(ledger) for nation, ledger in ledgers.items()}
    offer_ms: dict[Nation, list[float]] = {nation: [] for nation in books}
    chain_ms: list[float] = []
    lost = dict.fromkeys(books, 0)
    for origin, book in books.items():
        for (partner, traffic, sequence), offer in book.released.items():
            there = books.get(Nation(partner))
            if there is None:
                continue
            arrived = there.arrived.get((origin, traffic, sequence))
            if arrived is None:
                lost[Nation(partner)] += 1
                continue
            came_ns, stepped_ns = book.offered[offer]
            offer_ms[Nation(partner)].append((arrived - stepped_ns) * _MS_PER_NS)
            chain_ms.append((arrived - came_ns) * _MS_PER_NS)
    sides = {nation: _side(books[nation], lost[nation], offer_ms[nation]) for nation in books}
    return Measured(sides, spread(chain_ms))


def _side(book: _Book, lost: int, latencies_ms: Iterable[float]) -> Exchange:
    return Exchange(
        offered=len(book.offered),
        released=len(book.released),
        withheld=book.withheld,
        received=len(book.arrived),
        copies=book.copies,
        lost=lost,
        duplicated=book.taken - len(book.arrived),
        latency_ms=spread(latencies_ms),
    )


def _read(ledger: LedgerReader) -> _Book:
    decided = [tuple(row) for row in ledger.rows(_DECIDED)]
    released = {
        (str(partner), str(traffic), _int(sequence)): _int(offer)
        for partner, traffic, sequence, offer, free in decided
        if free
    }
    copies = [_int(row[0]) for row in ledger.rows(_COPIES)]
    return _Book(
        offered={_int(n): (_int(came), _int(stepped)) for n, came, stepped in ledger.rows(_OFFERED)},
        released=released,
        withheld=sum(1 for row in decided if not row[4]),
        arrived={
            (str(origin), str(traffic), _int(sequence)): _int(wall)
            for origin, traffic, sequence, wall in ledger.rows(_ARRIVED)
        },
        taken=sum(_int(row[0]) for row in ledger.rows(_TAKEN)),
        copies=copies[0] if copies else 0,
    )


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a record holds {value!r} where a whole number belongs")
    return value

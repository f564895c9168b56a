"""The account of a run, from the outside: what was accepted, what arrived, what was lost, doubled or taken
back.

It shares no code with what it judges: the nations' records are read as any SQLite tool reads them, their
texts as plain MessagePack and JSON. Accepted = seen committed in the origin hall's record; from then on it
stands in the driver's own ledger, which no fault touches. Arrived = stands in the partner hall's record.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec

from tocsin.model.label import Nation

Key = tuple[str, str, str, int]
"""Kind, origin, track, sequence: what a product is, whatever numbers it travels under."""

_OFFERS = "SELECT number, body FROM offers WHERE number > ? ORDER BY number"
_HANDED = (
    "SELECT step, body FROM entries WHERE kind = 'handed' AND side = 'stimulus' AND step > ? ORDER BY step"
)
BUSY_MS = 1_000
FLOW_KINDS = ("tracklet", "plot")
"""Everything else is urgent (tocsin.model.product)."""

NAMES = ("track_id", "of_track", "sensor")
"""What a product is of: a track, a track that single plots are of, a sensor."""


class Accepted(NamedTuple):
    """A line of the driver's ledger."""

    key: Key
    at_s: float
    """Monotonic time at which it was seen committed."""


class Arrival(NamedTuple):
    """A partner's product in a record."""

    key: Key
    stream: tuple[str, str]
    sequence: int
    at_s: float


class Side:
    """One nation's record as read so far."""

    def __init__(self, book: Path) -> None:
        self.book = book
        self.accepted: dict[int, Accepted] = {}
        self.decided: dict[tuple[int, str], bool] = {}
        self.arrivals: list[Arrival] = []
        self.counts: Counter[Key] = Counter()
        self._db: apsw.Connection | None = None
        self._offers_upto = self._step_upto = 0

    def close(self) -> None:
        """Let go of the file: before its disk goes away."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def read_on(self) -> None:
        """Take in what was committed since the last time; nothing when the record cannot be read just now."""
        with suppress(apsw.Error):
            db = self._reader()
            for row, body in db.execute(_OFFERS, (self._offers_upto,)).fetchall():
                number = self._offers_upto = _int(row)
                self.accepted.setdefault(number, Accepted(_offered(body), time.monotonic()))
            for step, body in db.execute(_HANDED, (self._step_upto,)).fetchall():
                self._step_upto = _int(step)
                self._take(json.loads(str(body))["items"])

    def kept(self) -> dict[int, Key]:
        """Every offer that stands in the record now, read anew."""
        with closing(_open(self.book)) as db:
            return {_int(number): _offered(body) for number, body in db.execute(_OFFERS, (0,))}

    def rewind(self) -> None:
        """After a power cut: the record is read from its beginning, the ledger stays as it is."""
        self.close()
        self._offers_upto = self._step_upto = 0
        self.arrivals.clear()
        self.counts.clear()

    def _reader(self) -> apsw.Connection:
        if self._db is None:
            self._db = _open(self.book)
        return self._db

    def _take(self, items: list[dict[str, Any]]) -> None:
        for item in (row["item"] for row in items):
            if item["type"] == "decision":
                self.decided[item["offer"], item["partner"]] = item["released"]
            elif item["type"] == "import":
                key = _key(item["product"])
                self.counts[key] += 1
                stream = (item["origin"], item["traffic"])
                self.arrivals.append(Arrival(key, stream, item["sequence"], time.monotonic()))


class Window(NamedTuple):
    """A stretch of a run: numbers of each nation's last offer before it, and how many arrivals each had."""

    offers: Mapping[Nation, int]
    arrivals: Mapping[Nation, int]


class Verdict(NamedTuple):
    """What became of everything accepted in a window."""

    offered: int
    due: int
    delivered: int
    lost: int
    duplicated: int
    unkept: int
    disordered: int


class Account:
    """All three nations."""

    def __init__(self, books: Mapping[Nation, Path]) -> None:
        self.sides = {nation: Side(book) for nation, book in books.items()}
        self._owing: set[tuple[Nation, int, Nation]] = set()
        self._known = dict.fromkeys(self.sides, 0)

    def close(self) -> None:
        """Let go of all files."""
        for side in self.sides.values():
            side.close()

    def read_on(self) -> None:
        """Take in what is new in every record."""
        for origin, side in self.sides.items():
            side.read_on()
            for number in _newest(side, self._known[origin]):
                self._owing |= {(origin, number, partner) for partner in self._partners(origin)}
            self._known[origin] = max(side.accepted, default=0)
        self._owing -= {debt for debt in self._owing if self._settled(*debt)}

    def window(self) -> Window:
        """A window that begins now."""
        self.read_on()
        return Window(
            {nation: max(side.accepted, default=0) for nation, side in self.sides.items()},
            {nation: len(side.arrivals) for nation, side in self.sides.items()},
        )

    def owing(self, upto: Window) -> int:
        """Products accepted before `upto` that some partner is still owed, or of which no word has come."""
        return sum(number <= upto.offers[origin] for origin, number, _ in self._owing)

    def news(self, since: Window) -> bool:
        """True when something that each nation offered after `since` has reached both of its partners."""
        return all(
            any(self.sides[partner].counts[side.accepted[n].key] for n in _newest(side, since.offers[origin]))
            for origin, side in self.sides.items()
            for partner in self._partners(origin)
        )

    def verdict(self, since: Window, upto: Window) -> Verdict:
        """On everything accepted in between. Nothing of it may be under way any more."""
        offered = due = delivered = doubled = 0
        for origin, partner, number, key in self._owed(since, upto):
            offered += partner == self._partners(origin)[0]
            came = self.sides[partner].counts[key]
            withheld = self.sides[origin].decided.get((number, partner)) is False
            due += not withheld
            delivered += bool(came)
            doubled += max(0, came - 1)
        return Verdict(
            offered, due, delivered, due - delivered, doubled, self._unkept(), self._disordered(since)
        )

    def last_arrival(self, since: Window, upto: Window, *, urgent: bool) -> float | None:
        """Monotonic time at which the last product of one class, accepted in between, was seen to have
        arrived."""
        wanted = {key for _, _, _, key in self._owed(since, upto) if (key[0] not in FLOW_KINDS) is urgent}
        times = (row.at_s for side in self.sides.values() for row in side.arrivals if row.key in wanted)
        return max(times, default=None)

    def _owed(self, since: Window, upto: Window) -> Iterator[tuple[Nation, Nation, int, Key]]:
        for origin, side in self.sides.items():
            for number, row in side.accepted.items():
                if since.offers[origin] < number <= upto.offers[origin]:
                    for partner in self._partners(origin):
                        yield origin, partner, number, row.key

    def _settled(self, origin: Nation, number: int, partner: Nation) -> bool:
        side = self.sides[origin]
        released = side.decided.get((number, partner))
        if released is None:
            return False
        return not released or self.sides[partner].counts[side.accepted[number].key] > 0

    def _unkept(self) -> int:
        """Lines of the ledger that the records do not hold, or not so, any more."""
        missing = 0
        for side in self.sides.values():
            kept = side.kept()
            missing += sum(kept.get(number) != row.key for number, row in side.accepted.items())
        return missing

    def _disordered(self, since: Window) -> int:
        """Arrivals of the flow whose sequence is below one of the same origin that came before."""
        late = 0
        for nation, side in self.sides.items():
            highest: dict[tuple[str, str], int] = {}
            for row in side.arrivals[since.arrivals[nation] :]:
                late += (row.key[0] in FLOW_KINDS) and row.sequence < highest.get(row.stream, 0)
                highest[row.stream] = max(row.sequence, highest.get(row.stream, 0))
        return late

    def _partners(self, origin: Nation) -> list[Nation]:
        return [nation for nation in self.sides if nation is not origin]


def _newest(side: Side, after: int) -> list[int]:
    return list(takewhile(lambda number: number > after, reversed(side.accepted)))


def _offered(body: object) -> Key:
    if not isinstance(body, bytes):
        raise TypeError("an offer in the record is no blob")
    return _key(msgspec.msgpack.decode(body)["product"])


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a record holds {value!r} where a whole number belongs")
    return value


def _key(product: Mapping[str, Any]) -> Key:
    name = next(product[key] for key in NAMES if key in product)
    return str(product["type"]), str(product["origin"]), str(name), int(product["sequence"])


def _open(book: Path) -> apsw.Connection:
    db = apsw.Connection(str(book), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(BUSY_MS)
    return db

"""The account finds what it is there for: losses, doubles, broken promises, disorder. Records made by
hand."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest
from exchange_samples import NOW, launch, plot, prediction, public_warning, silence, tracklet

from tocsin.faults.account import Account, Window
from tocsin.model.label import Nation
from tocsin.model.product import Offer, Product
from tocsin.release.terms import Kind

USA, KOR, JPN = Nation.USA, Nation.KOR, Nation.JPN
BEFORE = Window(dict.fromkeys(Nation, 0), dict.fromkeys(Nation, 0))


class Record:
    """A nation's record, as far as the account reads it."""

    def __init__(self, path: Path) -> None:
        self.db = apsw.Connection(str(path))
        self.db.execute("PRAGMA journal_mode=wal")
        self.db.execute("CREATE TABLE offers(number INTEGER PRIMARY KEY, step INTEGER, body BLOB)")
        self.db.execute("CREATE TABLE entries(step, side, position, kind, body)")
        self._step = 0

    def offer(self, number: int, origin: Nation, kind: str = "tracklet") -> None:
        body = msgspec.msgpack.encode({"number": number, "product": product(origin, number, kind)})
        self.db.execute("INSERT INTO offers VALUES (?, 1, ?)", (number, body))

    def hand(self, *items: dict[str, object]) -> None:
        self._step += 1
        body = msgspec.json.encode({"items": [{"number": 1, "item": item} for item in items]}).decode()
        self.db.execute("INSERT INTO entries VALUES (?, 'stimulus', 0, 'handed', ?)", (self._step, body))


def product(origin: Nation, sequence: int, kind: str = "tracklet") -> dict[str, object]:
    return {"type": kind, "origin": origin, "track_id": "t", "sequence": sequence}


def decided(number: int, partner: Nation, *, released: bool = True) -> dict[str, object]:
    return {"type": "decision", "offer": number, "partner": partner, "released": released}


def came(origin: Nation, sequence: int) -> dict[str, object]:
    made = product(origin, sequence)
    return {"type": "import", "origin": origin, "traffic": "flow", "sequence": sequence, "product": made}


@pytest.fixture
def records(tmp_path: Path) -> dict[Nation, Record]:
    return {nation: Record(tmp_path / f"{nation}.sqlite") for nation in Nation}


@pytest.fixture
def account(tmp_path: Path, records: dict[Nation, Record]) -> Account:
    return Account({nation: tmp_path / f"{nation}.sqlite" for nation in records})


def kor_offers(records: dict[Nation, Record], count: int) -> None:
    for number in range(1, count + 1):
        records[KOR].offer(number, KOR)
        records[KOR].hand(decided(number, USA), decided(number, JPN))


def test_everything_arrived_once(records: dict[Nation, Record], account: Account) -> None:
    kor_offers(records, 3)
    for partner in (USA, JPN):
        records[partner].hand(*(came(KOR, n) for n in (1, 2, 3)))
    upto = account.window()
    assert account.owing(upto) == 0
    assert account.verdict(BEFORE, upto) == (3, 6, 6, 0, 0, 0, 0)


def test_every_kind_that_travels_is_counted_by_what_it_is_of(tmp_path: Path) -> None:
    """Read as the record holds them, written by the code that writes them."""
    record = Record(tmp_path / "KOR.sqlite")
    some: tuple[Product, ...] = (
        tracklet(KOR, 1),
        launch(KOR, 2),
        prediction(KOR, 3),
        silence(KOR, 4),
        plot(KOR, 5),
        public_warning(KOR, 6),
    )
    for number, one in enumerate(some, start=1):
        body = msgspec.msgpack.encode(Offer(number, one, NOW))
        record.db.execute("INSERT INTO offers VALUES (?, 1, ?)", (number, body))
    for nation in (USA, JPN):
        Record(tmp_path / f"{nation}.sqlite")
    account = Account({nation: tmp_path / f"{nation}.sqlite" for nation in Nation})
    assert account.owing(account.window()) == 2 * len(some)
    keys = {row.key[0]: row.key[2] for row in account.sides[KOR].accepted.values()}
    assert keys.keys() == {str(kind) for kind in Kind}
    assert keys["plot"] == plot(KOR, 5).of_track


def test_a_lost_product_is_owed_and_lost(records: dict[Nation, Record], account: Account) -> None:
    kor_offers(records, 2)
    records[USA].hand(came(KOR, 1), came(KOR, 2))
    records[JPN].hand(came(KOR, 2))
    upto = account.window()
    assert account.owing(upto) == 1
    assert account.verdict(BEFORE, upto).lost == 1


def test_what_was_withheld_is_not_owed(records: dict[Nation, Record], account: Account) -> None:
    records[KOR].offer(1, KOR)
    records[KOR].hand(decided(1, USA), decided(1, JPN, released=False))
    records[USA].hand(came(KOR, 1))
    upto = account.window()
    assert account.owing(upto) == 0
    assert account.verdict(BEFORE, upto)[:4] == (1, 1, 1, 0)


def test_an_offer_without_a_decision_is_owed(records: dict[Nation, Record], account: Account) -> None:
    records[KOR].offer(1, KOR)
    assert account.owing(account.window()) == 2


def test_a_double_is_found(records: dict[Nation, Record], account: Account) -> None:
    kor_offers(records, 1)
    records[USA].hand(came(KOR, 1))
    records[USA].hand(came(KOR, 1))
    records[JPN].hand(came(KOR, 1))
    assert account.verdict(BEFORE, account.window()).duplicated == 1


@pytest.mark.parametrize(
    "change", ["DELETE FROM offers WHERE number = 2", "UPDATE offers SET number = 9 WHERE number = 1"]
)
def test_a_promise_not_kept_is_found(records: dict[Nation, Record], account: Account, change: str) -> None:
    kor_offers(records, 2)
    account.read_on()
    records[KOR].db.execute(change)
    account.sides[KOR].rewind()
    assert account.verdict(BEFORE, account.window()).unkept == 1


def test_disorder_is_counted(records: dict[Nation, Record], account: Account) -> None:
    kor_offers(records, 3)
    records[USA].hand(came(KOR, 2), came(KOR, 1), came(KOR, 3))
    assert account.verdict(BEFORE, account.window()).disordered == 1


def test_news_is_what_everybody_has_of_everybody(records: dict[Nation, Record], account: Account) -> None:
    for origin in Nation:
        records[origin].offer(1, origin)
        for partner in Nation:
            if partner is not origin and (origin, partner) != (KOR, JPN):
                records[partner].hand(came(origin, 1))
    account.read_on()
    assert not account.news(BEFORE)
    records[JPN].hand(came(KOR, 1))
    account.read_on()
    assert account.news(BEFORE)
    assert not account.news(account.window())

"""The account against books written by the nodes' own code, with a planted loss and a planted copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from exchange_samples import NOW, key, tracklet, trust_of

from tocsin.bench.account import Account, Books, Envelope, Marks, marks, mean_envelope, take_account
from tocsin.bench.played import Stream
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Offer
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import OffersCame, Office, Store
from tocsin.record.ledger import Imported, Ledger, Step
from tocsin.share.topology import Topology

OFFERED = 10
RECORDED = 4


def offer_all(path: Path, nation: Nation) -> None:
    """The door's own fold decides and its own book keeps."""
    book = DoorBook(path)
    office = Office(nation, Plane.EXERCISE, Topology(), trust_of(nation), key(nation))
    offers = tuple(Offer(n, tracklet(nation, n), NOW) for n in range(1, OFFERED + 1))
    _, effects = door_step(book.load(office), [OffersCame(offers)], NOW)
    for effect in effects:
        if isinstance(effect, Store):
            book.commit(effect)
    book.close()


def record_some(path: Path, nation: Nation) -> None:
    """The first imports of each partner stand in the hall's record."""
    ledger = Ledger(path)
    imports = tuple(Imported(o, "flow", n, NOW) for o, _, n in streams(nation, 1, RECORDED))
    ledger.append(
        Step(1, NOW, NOW, NOW, b"", (), offers=((1, b"a"), (2, b"b")), imports=imports, handed_upto=9)
    )
    ledger.close()


def streams(to: Nation, first: int, last: int) -> list[Stream]:
    return [(o, "flow", n) for o in Nation if o is not to for n in range(first, last + 1)]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[Nation, Books]:
    folder = tmp_path_factory.mktemp("books")
    made = {nation: Books(folder / f"hall-{nation}", folder / f"door-{nation}") for nation in Nation}
    for nation, own in made.items():
        offer_all(own.door, nation)
        record_some(own.hall, nation)
    return made


def later() -> dict[Nation, list[Stream]]:
    return {nation: streams(nation, RECORDED + 1, OFFERED) for nation in Nation}


def test_everything_once(books: dict[Nation, Books]) -> None:
    assert take_account(books, later()) == Account(3 * OFFERED, 6 * OFFERED, 0, 0, 0)


def test_a_missing_one_is_lost(books: dict[Nation, Books]) -> None:
    taken = later()
    taken[Nation.JPN].remove((Nation.KOR, "flow", 7))
    assert take_account(books, taken).lost == 1


def test_one_from_a_stranger_does_not_make_up_for_it(books: dict[Nation, Books]) -> None:
    taken = later()
    taken[Nation.JPN].remove((Nation.KOR, "flow", 7))
    taken[Nation.JPN].append((Nation.KOR, "urgent", 7))
    assert take_account(books, taken)[3:] == (1, 0)


@pytest.mark.parametrize("sequence", [RECORDED, OFFERED])
def test_one_taken_twice_is_duplicated(books: dict[Nation, Books], sequence: int) -> None:
    taken = later()
    taken[Nation.JPN].append((Nation.KOR, "flow", sequence))
    assert take_account(books, taken)[3:] == (0, 1)


def test_marks_are_where_the_record_left_off(books: dict[Nation, Books]) -> None:
    assert marks(books[Nation.USA].hall) == Marks(offers_upto=2, handed_upto=9)


def test_envelopes_mean() -> None:
    mean = mean_envelope([Envelope(1, 600), Envelope(3, 1_400)])
    assert mean == Envelope(2, 1_000)
    assert mean.bytes_of(50) == 25_000
    assert mean_envelope([]) is None

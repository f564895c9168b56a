"""The nation's record: a step is there whole or not at all, and nothing stands in it twice."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from tocsin.model.time import Instant
from tocsin.record.book import BookFullError
from tocsin.record.ledger import Entry, Imported, Ledger, Step


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    book = Ledger(tmp_path / "hall.sqlite")
    yield book
    book.close()


def step(number: int, **more: object) -> Step:
    row = Step(
        step=number,
        now_ns=Instant(number * 10),
        arrived_wall_ns=Instant(1),
        stepped_wall_ns=Instant(2),
        state_sha256=bytes([number]) * 32,
        stimuli=(Entry("plots", f'{{"n":{number}}}'),),
        effects=(Entry("pictured", "{}"),),
    )
    return row._replace(**more)  # type: ignore[arg-type]


def test_steps_come_back_in_order_with_their_stimuli(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        ledger.append(step(number))
    assert [row.step for row in ledger.steps()] == [1, 2, 3]
    assert [row.stimuli[0].body for row in ledger.steps()] == ['{"n":1}', '{"n":2}', '{"n":3}']
    assert [row.step for row in ledger.steps(first=3)] == [3]
    assert ledger.last_step() == 3


def test_a_step_that_cannot_be_written_whole_leaves_nothing(ledger: Ledger) -> None:
    twice = (Imported("KOR", "flow", 7, Instant(0)),) * 2
    with pytest.raises(apsw.ConstraintError):
        ledger.append(step(1, imports=twice, handed_upto=9, offers=((1, b"x"),)))
    assert ledger.last_step() == 0
    assert ledger.mark("handed") == 0
    assert ledger.offers_open(10) == []


def test_a_partners_product_stands_in_the_record_once(ledger: Ledger) -> None:
    one = (Imported("KOR", "flow", 7, Instant(0)),)
    ledger.append(step(1, imports=one))
    with pytest.raises(apsw.ConstraintError):
        ledger.append(step(2, imports=one))


def test_offers_stay_open_until_the_door_has_them_and_its_last_word_counts(ledger: Ledger) -> None:
    ledger.append(step(1, offers=((1, b"a"), (2, b"b"), (3, b"c"))))
    assert ledger.offers_open(2) == [(1, b"a"), (2, b"b")]
    ledger.offers_taken(2)
    assert ledger.offers_open(10) == [(3, b"c")]
    ledger.offers_taken(1)  # a door that was restored from a copy is offered the rest again
    assert ledger.offers_open(10) == [(2, b"b"), (3, b"c")]
    ledger.offers_taken(3)
    assert ledger.offers_open(10) == []


def test_marks_survive_closing(tmp_path: Path) -> None:
    book = Ledger(tmp_path / "hall.sqlite")
    book.append(step(1, handed_upto=5))
    book.describe(nation="KOR")
    book.close()
    again = Ledger(tmp_path / "hall.sqlite")
    try:
        assert again.mark("handed") == 5
        assert again.about() == {"nation": "KOR"}
    finally:
        again.close()


def test_effects_are_found_by_kind(ledger: Ledger) -> None:
    ledger.append(step(1))
    ledger.append(step(2, effects=(Entry("told", '{"a":1}'), Entry("pictured", "{}"))))
    assert list(ledger.effects("told")) == [(2, '{"a":1}')]
    assert [number for number, _ in ledger.effects("pictured")] == [1, 2]


def test_a_full_disk_is_told_as_such_and_takes_nothing_of_the_step(ledger: Ledger) -> None:
    ledger.append(step(1))
    (pages,) = next(iter(ledger.rows("PRAGMA page_count")))
    list(ledger.rows(f"PRAGMA max_page_count = {pages}"))  # SQLite's own full disk
    with pytest.raises(BookFullError, match=r"no space left on the disk of .*hall\.sqlite"):
        ledger.append(step(2, effects=(Entry("pictured", "x" * 1_000_000),)))
    assert ledger.last_step() == 1

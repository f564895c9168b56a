"""What the record holds is not taken in again, though a door that was restored from an old copy hands it over
under new numbers: the hall goes on, tells it, and acknowledges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from exchange_samples import NOW, tracklet
from hall_world import configured
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Import, Traffic
from tocsin.model.time import Instant
from tocsin.node.hall_words import HandedIn
from tocsin.node.replay import replay
from tocsin.node.turn import Turner
from tocsin.record.ledger import Ledger

KOR, JPN = Nation.KOR, Nation.JPN


def handed(number: int, sequence: int, origin: Nation = KOR) -> HandedItem:
    product = tracklet(origin, sequence)
    return HandedItem(number, Import(origin, Traffic.FLOW, sequence, product, NOW, NOW))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "hall.sqlite")
    yield made
    made.close()


def turned(ledger: Ledger, batches: Sequence[Sequence[int]]) -> Turner:
    """A hall of Japan that is handed these sequences of KOR's, a step a batch, numbered one after another."""
    turner = Turner(ledger, None, Instant(0))
    turner.turn([configured(JPN)], NOW, NOW)
    number = 0
    for n, batch in enumerate(batches, 1):
        items = tuple(handed(number + k, sequence) for k, sequence in enumerate(batch, 1))
        number += len(batch)
        turner.turn([HandedIn(items)], Instant(NOW + n), NOW)
    return turner


def test_the_hall_goes_on_and_says_so(ledger: Ledger) -> None:
    state = turned(ledger, [[1, 2, 3], [2, 3, 4]]).state
    assert state is not None
    assert ledger.mark("handed") == 6
    assert state.counts.received == 4
    assert state.counts.quarantined == {"replayed": 2}
    assert ledger.imported([(KOR, Traffic.FLOW, n) for n in range(1, 6)]) == {
        (KOR, Traffic.FLOW, n) for n in range(1, 5)
    }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=6), min_size=1, max_size=5))
def test_each_is_taken_once_in_whatever_order_it_comes(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("hall") / "hall.sqlite")
    state = turned(ledger, batches).state
    came = [sequence for batch in batches for sequence in batch]
    assert state is not None
    assert state.counts.received == len(set(came))
    assert ledger.mark("handed") == len(came)
    assert all(step.same for step in replay(ledger))
    ledger.close()

"""Loads and their tally over a way in memory whose faults are known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tocsin.bench import load
from tocsin.bench.load import Load, Tally, one_by_one, saturate, steady

RECIPIENTS = ("USA", "JPN")


class Wire:
    """Delivers after `delay_s`; `copies(number, recipient)` says how often."""

    def __init__(self, copies: Callable[[int, str], int] = lambda number, recipient: 1) -> None:
        self.tally = Tally(len(RECIPIENTS))
        self.delay_s, self.most = 0.01, 0
        self._copies, self._number = copies, 0

    async def offer(self, count: int) -> None:
        self.most = max(self.most, count, self.tally.under_way)
        for _ in range(count):
            self._number += 1
            self.tally.offered(self._number)
            asyncio.get_running_loop().call_later(self.delay_s, self._deliver, self._number)

    def _deliver(self, number: int) -> None:
        for recipient in RECIPIENTS:
            for _ in range(self._copies(number, recipient)):
                self.tally.arrived(number, recipient)


def loaded(wire: Wire, seconds: float = 0.3) -> Load:
    return asyncio.run(steady(wire, 500.0, seconds))


def test_counts_what_arrives_everywhere_once() -> None:
    found = loaded(Wire())
    assert 100 <= found.offered <= 150
    assert (found.lost, found.duplicated) == (0, 0)
    assert found.latency_ms.p50 is not None
    assert found.latency_ms.p50 >= 10.0


@pytest.fixture
def short_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "DRAIN_S", 0.1)


@pytest.mark.usefixtures("short_drain")
def test_what_one_recipient_misses_is_lost() -> None:
    found = loaded(Wire(lambda number, recipient: 0 if (number, recipient) == (7, "JPN") else 1))
    assert (found.lost, found.duplicated) == (1, 0)


def test_a_second_arrival_is_a_duplicate() -> None:
    found = loaded(Wire(lambda number, recipient: 2 if (number, recipient) == (7, "JPN") else 1))
    assert (found.lost, found.duplicated) == (0, 1)


@pytest.mark.usefixtures("short_drain")
def test_a_copy_does_not_stand_in_for_the_other_recipient() -> None:
    found = loaded(Wire(lambda number, recipient: {"USA": 2, "JPN": 0}[recipient]))
    assert found.lost == found.duplicated == found.offered


def test_saturation_keeps_its_window_and_outruns_a_steady_load() -> None:
    wire = Wire()
    found = asyncio.run(saturate(wire, 0.3, window=200))
    assert wire.most <= 200
    assert found.asked_per_s is None
    assert found.rate_per_s > loaded(Wire()).rate_per_s
    assert found.lost == 0


def test_single_products_go_one_at_a_time() -> None:
    wire = Wire()
    found = asyncio.run(one_by_one(wire, 0.02, 0.2))
    assert wire.most == 1
    assert 5 <= found.offered <= 10

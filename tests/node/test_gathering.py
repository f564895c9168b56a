"""When a door's next turn is due: on the loop, with events and no clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.node.gathering import GATHER_RECORDS, GATHER_S, LONGEST_GATHER_S, Gathering, pause_s

LONG_S = 3_600.0
"""Whoever waits for this has not been woken."""


def due_at_once(come: Callable[[Gathering], None], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a turn is due a moment after `come`, behind one that sealed flow and a pause without end."""
    monkeypatch.setattr("tocsin.node.gathering.GATHER_S", LONG_S)
    monkeypatch.setattr("tocsin.node.gathering.LONGEST_GATHER_S", LONG_S)

    async def work() -> bool:
        gathering = Gathering()
        gathering.sealed(0.0)
        come(gathering)
        waiting = asyncio.create_task(gathering.until_due(LONG_S))
        for _ in range(5):
            await asyncio.sleep(0)
        done = waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return done

    return asyncio.run(work())


def test_flow_waits_and_what_is_urgent_or_full_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not due_at_once(lambda one: one.came(1, urgent=False), monkeypatch)
    assert not due_at_once(lambda one: None, monkeypatch)
    assert due_at_once(lambda one: one.came(1, urgent=True), monkeypatch)
    assert due_at_once(lambda one: one.came(GATHER_RECORDS, urgent=False), monkeypatch)


def test_flow_that_comes_to_an_idle_door_waits_for_nobody() -> None:
    async def work() -> None:
        gathering = Gathering()
        gathering.came(1, urgent=False)
        await gathering.until_due(LONG_S)

    asyncio.run(work())


@given(st.floats(0, 10), st.floats(0, 10))
def test_turns_begin_a_pause_apart_and_long_ones_further(one_s: float, other_s: float) -> None:
    assert pause_s(one_s) <= LONGEST_GATHER_S
    assert one_s + pause_s(one_s) >= GATHER_S
    assert pause_s(one_s) >= min(one_s, LONGEST_GATHER_S)
    assert one_s + pause_s(one_s) <= other_s + pause_s(other_s) or one_s > other_s

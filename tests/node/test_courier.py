"""A stream's courier: in order, and what has left as a flash copy a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from exchange_samples import PLANE

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.node.courier import Courier
from tocsin.share.topology import Route
from tocsin.share.transport import Arrival


class Taken:
    """A transport that takes everything and remembers what."""

    def __init__(self) -> None:
        self.first: list[int] = []

    async def send(self, sealed: Sealed, attempt: int = 0) -> tuple[Route, ...]:
        self.first.append(sealed.first)
        return (Route.DIRECT,)

    async def say(self, sealed: Sealed) -> None:
        raise AssertionError("a courier only stores")

    def arrivals(self) -> AsyncIterator[Arrival]:
        raise AssertionError("a courier takes nothing in")

    def hold_flow(self, origins: frozenset[Nation]) -> None:
        raise AssertionError("a courier takes nothing in")

    def paths_up(self, partner: Nation) -> tuple[Route, ...]:
        return ()


async def nothing(after: int, limit: int) -> Sequence[Sealed]:
    """An empty book."""
    return ()


def sealed(first: int) -> Sealed:
    return Sealed(PLANE, Nation.KOR, Nation.JPN, Traffic.URGENT, first, first, True, b"%d" % first)


def sent_at_once() -> list[int]:
    """Of a row that was not flashed, one that was, and one that was not."""

    async def work() -> list[int]:
        taken = Taken()
        courier = Courier(taken, nothing)
        running = asyncio.create_task(courier.run())
        await asyncio.sleep(0.01)  # it looks into its book first
        for first, flashed in ((1, False), (2, True), (3, False)):
            courier.put(sealed(first), flashed=flashed)
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return taken.first

    return asyncio.run(work())


def test_a_flashed_row_waits_and_nothing_overtakes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.node.courier.BEHIND_FLASH_S", 3_600.0)
    assert sent_at_once() == [1]
    monkeypatch.setattr("tocsin.node.courier.BEHIND_FLASH_S", 0.0)
    assert sent_at_once() == [1, 2, 3]

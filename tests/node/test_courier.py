"""A stream's courier: in order, each until it is taken, bounded in memory; what has left as a flash copy a
moment later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from exchange_samples import PLANE
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.node.courier import IN_FLIGHT, MOST_WAITING, Caller, Courier
from tocsin.share.topology import Route
from tocsin.share.transport import Arrival, TransportError


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


class Broker(Taken):
    """A transport that takes nothing while `down`, and counts what is under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.attempts: list[int] = []
        self.said: list[int] = []
        self.under_way = self.most_under_way = 0

    async def send(self, sealed: Sealed, attempt: int = 0) -> tuple[Route, ...]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.down:
            raise TransportError("down")
        self.attempts.append(attempt)
        return await super().send(sealed, attempt)

    async def say(self, sealed: Sealed) -> None:
        self.said.append(sealed.first)


class Book:
    """Rows 1 to `last`."""

    def __init__(self, last: int) -> None:
        self.last = last

    async def read(self, after: int, limit: int) -> Sequence[Sealed]:
        last = self.last  # rows that are committed while it is read are not in it
        await asyncio.sleep(0)
        return [sealed(first) for first in range(after + 1, min(after + limit, last) + 1)]


async def settled(taken: Taken, count: int) -> list[int]:
    """What was taken once it is so much."""
    async with asyncio.timeout(10.0):
        while len(taken.first) < count:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    return taken.first


@asynccontextmanager
async def running(one: Courier | Caller) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_backlog_and_what_comes_meanwhile_are_sent_once_in_order_a_piece_at_a_time() -> None:
    async def work() -> tuple[list[int], int]:
        broker, book = Broker(), Book(2 * MOST_WAITING + 7)
        courier = Courier(broker, book.read)
        async with running(courier):
            while len(broker.first) < 3:
                await asyncio.sleep(0)
            for _ in range(5):
                book.last += 1
                courier.put(sealed(book.last))
                await asyncio.sleep(0)
            got = list(await settled(broker, book.last))
        return got, broker.most_under_way

    got, most = asyncio.run(work())
    assert got == list(range(1, 2 * MOST_WAITING + 13))
    assert most <= IN_FLIGHT


def test_what_does_not_fit_in_memory_is_read_from_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.node.courier.RETRY_S", 0.0)

    async def work() -> tuple[list[int], int]:
        broker, book = Broker(), Book(0)
        courier = Courier(broker, book.read)
        async with running(courier):
            await asyncio.sleep(0.01)
            broker.down = True
            for first in range(1, 3 * MOST_WAITING):
                book.last = first
                courier.put(sealed(first))
                courier.put(sealed(first))  # told twice
            held = len(courier._waiting)
            await asyncio.sleep(0.01)
            broker.down = False
            got = sorted(await settled(broker, book.last))
        return got, held

    got, held = asyncio.run(work())
    assert held == MOST_WAITING
    assert got == list(range(1, 3 * MOST_WAITING))


def test_what_a_partner_asks_for_goes_again_and_no_more_than_fits() -> None:
    async def work() -> tuple[list[int], list[int]]:
        broker = Broker()
        courier = Courier(broker, nothing)
        courier.again([sealed(first) for first in range(1, MOST_WAITING + 10)], 3)
        async with running(courier):
            await settled(broker, MOST_WAITING)
        return broker.first, broker.attempts

    first, attempts = asyncio.run(work())
    assert first == list(range(1, MOST_WAITING + 1))
    assert set(attempts) == {3}


def test_of_control_the_newest_counts_and_what_is_not_taken_is_dropped() -> None:
    async def work() -> tuple[list[int], list[int], list[int]]:
        broker = Broker()
        caller = Caller(broker)
        for first in range(1, MOST_WAITING + 10):
            caller.put(sealed(first))
        caller.put(replace(sealed(9_999), fleeting=True))
        async with running(caller):
            newest = list(await settled(broker, MOST_WAITING - 1))
            broker.down = True
            caller.put(sealed(10_000))
            await asyncio.sleep(0.01)
            broker.down = False
            caller.put(sealed(10_001))
            later = (await settled(broker, MOST_WAITING))[MOST_WAITING - 1 :]
        return newest, later, broker.said

    newest, later, said = asyncio.run(work())
    assert newest == list(range(11, MOST_WAITING + 10))
    assert (later, said) == ([10_001], [9_999])


def test_what_is_committed_while_the_book_is_read_comes_after_what_was_read() -> None:
    async def work() -> list[int]:
        broker, last = Broker(), 3

        async def read(after: int, limit: int) -> Sequence[Sealed]:
            nonlocal last
            rows = [sealed(first) for first in range(after + 1, last + 1)]
            if last == 3:
                last = 4
                courier.put(sealed(4))
            return rows

        courier = Courier(broker, read)
        async with running(courier):
            return list(await settled(broker, 4))

    assert asyncio.run(work()) == [1, 2, 3, 4]

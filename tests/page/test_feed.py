"""The feed through a real server on a loopback port, with a real WebSocket client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
import pytest
from made_picture import picture
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tocsin.model.label import Nation, Plane
from tocsin.model.picture import Picture
from tocsin.page import feed
from tocsin.page.server import make_app, serve

BULK = "x" * 500_000  # one message larger than what a connection buffers at once


class Source:
    """The newest picture, counted."""

    def __init__(self, scenario: str = "") -> None:
        self.base = msgspec.structs.replace(picture(Nation.JPN, 5.0, air=0), scenario=scenario)
        self.shown = self.base

    def __call__(self) -> Picture:
        return self.shown

    def step(self, number: int) -> None:
        self.shown = msgspec.structs.replace(self.base, step=number)


def against(source: Callable[[], Picture | None], use: Callable[[int], Awaitable[None]]) -> None:
    async def run() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        app = make_app(source, nation=Nation.JPN, plane=Plane.EXERCISE)
        server = asyncio.create_task(serve(app, "127.0.0.1", 0, on_ready=port.set_result))
        try:
            await asyncio.wait_for(use(await port), 30)
        finally:
            server.cancel()
            with pytest.raises(asyncio.CancelledError):
                await server

    asyncio.run(run())


def dial(port: int, **options: object) -> connect:
    return connect(f"ws://127.0.0.1:{port}/feed", compression=None, max_size=None, proxy=None, **options)  # type: ignore[arg-type]


async def step_of(client: ClientConnection) -> int:
    while True:
        message = json.loads(await client.recv())
        if message is not None:
            return int(message["step"])


def test_the_newest_picture_comes_at_once_and_then_every_change() -> None:
    source = Source()

    async def use(port: int) -> None:
        async with dial(port) as client:
            assert await step_of(client) == 0 or source.shown.step == 50
            for number in (1_001, 1_002):
                source.step(number)
                assert await step_of(client) == number

    source.step(50)
    against(source, use)


def test_a_slow_client_skips_to_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PERIOD_S", 0.005)
    source = Source(BULK)
    published = 200

    async def use(port: int) -> None:
        async with dial(port, max_queue=1, close_timeout=0.2) as slow:
            await step_of(slow)
            for number in range(1, published + 1):
                source.step(number)
                await asyncio.sleep(0.01)
            steps = [await step_of(slow)]
            while steps[-1] < published:
                steps.append(await step_of(slow))
        assert steps == sorted(set(steps))
        assert len(steps) < published / 2, "a slow client was queued for"

    against(source, use)


def test_a_fast_client_is_not_held_up_by_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PERIOD_S", 0.005)
    source = Source(BULK)

    async def use(port: int) -> None:
        async with dial(port, max_queue=1, close_timeout=0.2), dial(port) as fast:
            for number in range(1, 41):
                source.step(number)
                while await step_of(fast) < number:
                    pass

    against(source, use)


def test_one_encoding_for_all_clients_and_none_without_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PERIOD_S", 0.02)
    source = Source()
    count = 0
    encode = feed.encode

    def counted(shown: Picture) -> str:
        nonlocal count
        count += 1
        return encode(shown)

    monkeypatch.setattr(feed, "encode", counted)

    async def use(port: int) -> None:
        await asyncio.sleep(0.1)
        assert count == 0
        async with dial(port) as one, dial(port) as two:
            await asyncio.gather(step_of(one), step_of(two))
            source.step(7)
            assert list(await asyncio.gather(step_of(one), step_of(two))) == [7, 7]
        assert count == 2

    against(source, use)


def test_heartbeat_when_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.05)

    async def use(port: int) -> None:
        async with dial(port) as client:
            assert await client.recv() == feed.HEARTBEAT

    against(lambda: None, use)


def test_a_page_of_another_origin_gets_no_picture() -> None:
    async def use(port: int) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await dial(port, origin="http://evil.example")
        assert refused.value.response.status_code == 403
        async with dial(port, origin=f"http://127.0.0.1:{port}") as own:
            await step_of(own)

    against(Source(), use)


def test_clients_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_CLIENTS", 1)

    async def use(port: int) -> None:
        async with dial(port) as first:
            await step_of(first)
            async with dial(port) as second:
                with pytest.raises(ConnectionClosed):
                    await second.recv()
                assert second.close_code == feed.TRY_AGAIN_LATER

    against(Source(), use)


def test_a_closed_page_is_noticed() -> None:
    async def run() -> None:
        board = feed.Board()
        with board.client():
            assert board.clients == 1
        assert board.clients == 0

    asyncio.run(run())


def test_cancelling_ends_the_server_with_pages_open() -> None:
    async def use(port: int) -> None:
        client = await dial(port)
        await step_of(client)

    against(Source(), use)


class Silent:
    """Takes what is sent."""

    async def send_text(self, text: str) -> None:
        await asyncio.sleep(0)


def test_a_cancellation_is_heard_even_when_a_picture_comes_in_the_same_turn() -> None:
    # In Python 3.11 asyncio.wait_for returns the picture instead and the loop runs on for ever.
    async def run(turns: int) -> None:
        board = feed.Board()
        sender = asyncio.create_task(feed._send(cast(WebSocket, Silent()), board))
        await asyncio.sleep(0.01)
        board.put("new")
        for _ in range(turns):
            await asyncio.sleep(0)
        sender.cancel()
        done, _ = await asyncio.wait({sender}, timeout=0.2)
        heard = bool(done)
        sender.cancel()
        await asyncio.wait({sender}, timeout=1.0)
        assert heard, f"swallowed {turns} turns after the picture"

    for turns in range(5):
        asyncio.run(run(turns))

"""The line between brokers: it carries, breaks, and goes dead without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tocsin.demo.stage import free_ports
from tocsin.faults.relay import Relay, State

Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]
QUIET_S = 0.2


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


def over_a_line(work: Callable[[Relay, Talk], Awaitable[None]]) -> None:
    async def run() -> None:
        near, far = free_ports(2)
        server = await asyncio.start_server(echo, "127.0.0.1", far)
        relay = Relay(near, far)
        await relay.open()
        talk = await asyncio.open_connection("127.0.0.1", near)
        await said(talk)
        try:
            await work(relay, talk)
        finally:
            talk[1].close()
            await relay.close()
            server.close()

    asyncio.run(run())


async def said(talk: Talk) -> None:
    talk[1].write(b"hello")
    assert await asyncio.wait_for(talk[0].readexactly(5), 10) == b"hello"


async def broken(reader: asyncio.StreamReader) -> None:
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 10)


async def silent(talk: Talk) -> None:
    talk[1].write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(talk[0].read(5), QUIET_S)


def test_a_cut_breaks_and_refuses_until_it_is_mended() -> None:
    async def work(relay: Relay, talk: Talk) -> None:
        await relay.set(State.CUT)
        await broken(talk[0])
        refused = await asyncio.open_connection("127.0.0.1", relay.port)
        await broken(refused[0])
        refused[1].close()
        await relay.set(State.PASS)
        again = await asyncio.open_connection("127.0.0.1", relay.port)
        await said(again)
        again[1].close()

    over_a_line(work)


@pytest.mark.parametrize("state", [State.HOLE, State.DEAF])
def test_a_hole_says_nothing_and_gives_back_what_it_held(state: State) -> None:
    async def work(relay: Relay, talk: Talk) -> None:
        await relay.set(state)
        await silent(talk)
        await relay.set(State.PASS)
        assert await asyncio.wait_for(talk[0].readexactly(5), 10) == b"hello"

    over_a_line(work)

"""The conductor's line to a hall."""

import asyncio

import pytest

from tocsin.errors import UserError
from tocsin.model.time import Instant
from tocsin.model.warning import ActKind, OfficerAct
from tocsin.node.worldlink import Tick, Tock, WorldLink, serve_world

ACT = OfficerAct("kim", "key-1", ActKind.PROPOSE, "d1", "00" * 32)


async def answer(tick: Tick) -> Tock:
    return Tock(tick.now_ns, len(tick.acts), (), tick.pieces, 0, 0, 0)


def test_a_tick_is_answered_with_all_that_it_said() -> None:
    async def story() -> list[Tock]:
        server = await serve_world("127.0.0.1", 0, answer)
        port = server.sockets[0].getsockname()[1]
        link = await WorldLink.connect("127.0.0.1", port)
        tocks = [await link.tick(Tick(Instant(n), pieces=n, acts=(ACT,) * n)) for n in range(3)]
        await link.close()
        server.close()
        return tocks

    tocks = asyncio.run(story())
    assert [(tock.now_ns, tock.step, tock.offered) for tock in tocks] == [(0, 0, 0), (1, 1, 1), (2, 2, 2)]


def test_a_hall_that_hangs_up_is_a_connection_error() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        link = await WorldLink.connect("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(ConnectionError):
            await link.tick(Tick(Instant(1)))
        await link.close()
        server.close()

    asyncio.run(story())


def test_a_busy_port_is_named() -> None:
    async def story() -> None:
        taken = await serve_world("127.0.0.1", 0, answer)
        port = taken.sockets[0].getsockname()[1]
        with pytest.raises(UserError, match=str(port)):
            await serve_world("127.0.0.1", port, answer)
        taken.close()

    asyncio.run(story())

"""The delayed line between two brokers: every byte, in order, late by what was asked."""

import asyncio
import time

from tocsin.demo.stage import free_ports
from tocsin.demo.wire import DelayLine


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()


def test_bytes_come_whole_and_late() -> None:
    async def story() -> tuple[bytes, float]:
        far, near = free_ports(2)
        server = await asyncio.start_server(echo, "127.0.0.1", far)
        line = DelayLine(near, far, 0.1)
        await line.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", near)
        sent, begun = bytes(range(256)) * 400, time.monotonic()
        writer.write(sent)
        back = await reader.readexactly(len(sent))
        took = time.monotonic() - begun
        writer.close()
        await line.close()
        server.close()
        return back if back != sent else b"same", took

    back, took = asyncio.run(story())
    assert back == b"same"
    assert took >= 0.2  # there and back


def test_nobody_behind_it_is_a_closed_connection() -> None:
    async def story() -> bytes:
        far, near = free_ports(2)
        line = DelayLine(near, far, 0.0)
        await line.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", near)
        said = await reader.read(1)
        writer.close()
        await line.close()
        return said

    assert asyncio.run(story()) == b""

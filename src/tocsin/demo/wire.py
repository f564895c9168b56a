"""The scenario's links: a loopback TCP relay in front of a partner's leaf port that holds every byte back.

The delay is the scenario's; at `speed` times real time it is as much shorter on the wall clock.
"""

import asyncio
from contextlib import suppress

CHUNK_BYTES = 65_536
IN_FLIGHT = 4_096
"""Chunks that a delayed direction holds at once; a sender beyond that waits, as on a long line."""


class DelayLine:
    """Relays 127.0.0.1:`port` to 127.0.0.1:`to_port`, each direction late by `delay_s` of wall time."""

    def __init__(self, port: int, to_port: int, delay_s: float) -> None:
        self.port, self.to_port, self.delay_s = port, to_port, delay_s
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start to relay."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Cut every connection and stop listening."""
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.get_running_loop().create_task(self._relay(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.close()  # nobody at home yet: the dialling broker tries again
            return
        ways = [
            asyncio.create_task(self._carry(reader, far_writer)),
            asyncio.create_task(self._carry(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, far_writer):
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)

        async def let_go() -> None:
            while True:
                due, data = await held.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(data)
                await writer.drain()

        letting_go = asyncio.create_task(let_go())
        try:
            with suppress(ConnectionError):
                while data := await reader.read(CHUNK_BYTES):
                    await held.put((loop.time() + self.delay_s, data))
        finally:
            letting_go.cancel()
            await asyncio.gather(letting_go, return_exceptions=True)

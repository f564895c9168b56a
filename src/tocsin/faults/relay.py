"""A line between two brokers that can be cut or go dead: a loopback TCP relay in front of a leaf port.

PASS carries bytes. CUT breaks every connection and refuses new ones at once. HOLE carries nothing and tells
nobody: bytes wait, connections stay, as when a route vanishes. DEAF is a hole in one direction alone.
"""

import asyncio
from contextlib import suppress
from enum import Enum, auto

CHUNK_BYTES = 65_536


class State(Enum):
    """What the line does."""

    PASS = auto()
    CUT = auto()
    HOLE = auto()
    DEAF = auto()


class Relay:
    """127.0.0.1:`port` to 127.0.0.1:`to_port`."""

    def __init__(self, port: int, to_port: int) -> None:
        self.port, self.to_port = port, to_port
        self.state = State.PASS
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Break every connection and stop listening."""
        if self._server is not None:
            self._server.close()
        await self._break()

    async def set(self, state: State) -> None:
        """Change what the line does, now."""
        self.state = state
        self._changed.set()
        self._changed = asyncio.Event()
        if state is State.CUT:
            await self._break()

    async def _break(self) -> None:
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state is State.CUT:
            writer.close()
            return
        talk = asyncio.get_running_loop().create_task(self._relay(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
            ends.append(far_writer)
            ways = (self._carry(reader, far_writer, out=True), self._carry(far_reader, writer, out=False))
            tasks = [asyncio.create_task(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass  # nobody at home: the dialling broker tries again
        finally:
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, out: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._until_open(out=out)
                writer.write(data)
                await writer.drain()
            await self._until_open(out=out)  # a far end's good-bye does not cross a hole either

    async def _until_open(self, *, out: bool) -> None:
        while self.state is State.HOLE or (self.state is State.DEAF and out):
            await self._changed.wait()

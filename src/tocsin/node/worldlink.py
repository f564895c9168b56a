"""How a scenario's conductor drives a hall: one loopback connection, JSON lines, one answer a tick.

The conductor says what time it is in the scenario and how much it has sent; the hall answers when it
has stepped over that time. A hall that serves a world has no wall clock in its fold at all. Never used
in plane REAL.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model.picture import Picture
from tocsin.model.time import Instant
from tocsin.model.warning import Draft, OfficerAct

LINE_LIMIT = 64 * 1024 * 1024
"""A picture of 1,000 objects is about 2 MB of JSON; a line longer than this is a broken peer."""


class Tick(Struct, frozen=True):
    """Conductor to hall. `pieces` counts all lines and datagrams sent to this nation's feeds since the
    start.
    """

    now_ns: Instant
    pieces: int = 0
    acts: tuple[OfficerAct, ...] = ()
    want_picture: bool = False


class Tock(Struct, frozen=True):
    """Hall to conductor: stepped up to `now_ns`. Counts say whether the exchange has drained."""

    now_ns: Instant
    step: int
    drafts: tuple[Draft, ...]
    offered: int
    decided: int
    released: int
    received: int
    picture: Picture | None = None


_TICK = msgspec.json.Decoder(Tick)
_TOCK = msgspec.json.Decoder(Tock)
_ENCODER = msgspec.json.Encoder()


async def serve_world(host: str, port: int, on_tick: Callable[[Tick], Awaitable[Tock]]) -> asyncio.Server:
    """Listen for the conductor. UserError when the port is taken."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                tock = await on_tick(_TICK.decode(line))
                writer.write(_ENCODER.encode(tock) + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the conductor is gone; the next one may connect
        finally:
            writer.close()

    try:
        return await asyncio.start_server(converse, host, port, limit=LINE_LIMIT)
    except OSError as error:
        raise UserError(
            f"cannot listen for the scenario's clock on {host}:{port} ({error.strerror})",
            fix="choose another world port in the node's configuration or end what uses it",
        ) from error


class WorldLink:
    """The conductor's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, host: str, port: int) -> "WorldLink":
        """Connect to a hall that listens already. OSError when it does not."""
        return cls(*await asyncio.open_connection(host, port, limit=LINE_LIMIT))

    async def tick(self, tick: Tick) -> Tock:
        """Say the time and wait until the hall has stepped over it. ConnectionError when the hall is
        gone.
        """
        self._writer.write(_ENCODER.encode(tick) + b"\n")
        await self._writer.drain()
        line = await self._reader.readline()
        if not line:
            raise ConnectionError("the hall closed the world link")
        return _TOCK.decode(line)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()

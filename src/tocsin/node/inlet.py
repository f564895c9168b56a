"""What all live feeds share: the source's description, the bounded queue, the mistakes of listening."""

import asyncio
import errno
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from tocsin.errors import UserError

INLET_PIECES = 4096
"""Pieces that may wait: some seconds of a busy radar head; beyond it the node is too slow, and says so."""
SLICE_S = 0.01
"""Pieces are handed over for so long at a time. A full inlet takes 55 ms of small pieces, seconds of large
ones: officers' acts and the door's items would wait as long."""
READ_BYTES = 65_536
"""One read of a stream."""


class Feed(Struct, frozen=True, forbid_unknown_fields=True):
    """A source. udp: host, port, group if multicast; tcp: host, port; file: path. Port 0 is any free one."""

    kind: Literal["udp", "multicast", "tcp", "file"]
    format: str
    host: str = "127.0.0.1"
    port: int = 0
    group: str | None = None
    path: str | None = None

    @property
    def name(self) -> str:
        """How the feed is called in counts and messages."""
        if self.kind == "file":
            return f"file:{self.path}"
        return f"{self.kind}:{self.group or self.host}:{self.port}"


class Piece(NamedTuple):
    """A datagram, line or block, and the feed it came by."""

    feed: str
    data: bytes


class Inlet:
    """The one queue between all feeds and the node; counts what came and what had to be dropped, by feed."""

    def __init__(self, limit: int = INLET_PIECES) -> None:
        self._queue: asyncio.Queue[Piece] = asyncio.Queue(limit)
        self.received: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        """Datagrams refused for want of room, connections refused beyond the limit, streams that broke."""

    def offer(self, piece: Piece) -> None:
        """Take it, or count it as dropped when full (for senders that cannot wait)."""
        self.received[piece.feed] += 1
        try:
            self._queue.put_nowait(piece)
        except asyncio.QueueFull:
            self.dropped[f"{piece.feed} inlet full"] += 1

    async def put(self, piece: Piece) -> None:
        """Take it, waiting for room (for senders that can wait)."""
        self.received[piece.feed] += 1
        await self._queue.put(piece)

    async def take(self) -> Piece:
        """The oldest piece."""
        return await self._queue.get()

    async def hand(self, use: Callable[[Piece], None]) -> None:
        """Hand over the oldest piece, waiting for it, and those behind it for SLICE_S; other tasks come
        first. No piece is taken and not handed over, cancelled or not.
        """
        await asyncio.sleep(0)
        use(await self.take())
        until_s = time.monotonic() + SLICE_S
        while self.waiting() and time.monotonic() < until_s:
            use(self._queue.get_nowait())

    def waiting(self) -> int:
        """Pieces not yet taken."""
        return self._queue.qsize()


class Receiver(Protocol):
    """An open feed."""

    address: tuple[str, int] | None
    """Where it listens; None for files."""

    async def close(self) -> None:
        """Stop and release everything; safe to call twice."""
        ...


async def pour(inlet: Inlet, name: str, pieces: list[bytes]) -> None:
    """Put each piece, waiting for room."""
    for data in pieces:
        await inlet.put(Piece(name, data))


def listen_mistake(feed: Feed, error: OSError) -> UserError:
    """What a failed bind means to the user."""
    transport = "TCP" if feed.kind == "tcp" else "UDP"
    where = f"{transport} port {feed.port} on {feed.group or feed.host}"
    if error.errno == errno.EADDRINUSE:
        return UserError(
            f"{where} is busy: another program receives there",
            fix="stop it (find it with: ss -lnp), or give the feed another port",
        )
    if error.errno == errno.EACCES:
        return UserError(f"{where} may not be opened", fix="give the feed a port above 1023")
    return UserError(
        f"{where} cannot be opened: {error.strerror or error}",
        fix="give as host an address of this machine",
    )

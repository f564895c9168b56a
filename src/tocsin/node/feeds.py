"""Live sensor bytes: UDP (unicast, multicast), TCP and followed files, each cut into pieces for a decoder.

All feeds of a node pour into one bounded `Inlet`. Streams (TCP, files) wait when it is full, so that their senders
slow down; datagrams cannot wait: they are dropped, counted and told. A busy port is a UserError with its fix.
"""

import asyncio
import errno
import ipaddress
import os
import socket
import struct
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from tocsin.errors import UserError
from tocsin.sense.framing import Framer, framer

INLET_PIECES = 4096
"""Pieces that may wait: some seconds of a busy radar head; beyond it the node is too slow, and says so."""
READ_BYTES = 65_536
MAX_CONNECTIONS = 64
"""TCP senders at once: far more than a node has sensors; each may hold one line or block of buffer."""
POLL_S = 0.2
"""How often a followed file is looked at."""
UDP_BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the kernel; it may give less. Carries a burst while the fold is busy."""


class Feed(Struct, frozen=True, forbid_unknown_fields=True):
    """One source. udp: host, port, and group for multicast; tcp: host, port; file: path. Port 0 = any free one."""

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

    def take_all(self) -> list[Piece]:
        """All that wait now, oldest first, without waiting."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

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


async def open_feed(feed: Feed, inlet: Inlet) -> Receiver:
    """Start receiving. UserError for a busy port, a foreign address, no group or no path."""
    match feed.kind:
        case "tcp":
            return await TcpReceiver.start(feed, inlet)
        case "file":
            return await FileReceiver.start(feed, inlet)
        case _:
            return await UdpReceiver.start(feed, inlet)


# ---- UDP ----


class UdpReceiver(asyncio.DatagramProtocol):
    """One datagram is one piece."""

    def __init__(self, feed: Feed, inlet: Inlet, address: tuple[str, int]) -> None:
        self.address: tuple[str, int] | None = address
        self._feed = feed
        self._inlet = inlet
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def start(cls, feed: Feed, inlet: Inlet) -> "UdpReceiver":
        """Bind, join the group if there is one, receive."""
        bound = _udp_socket(feed)
        receiver = cls(feed, inlet, bound.getsockname()[:2])
        loop = asyncio.get_running_loop()
        receiver._transport, _ = await loop.create_datagram_endpoint(lambda: receiver, sock=bound)
        return receiver

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        """Called by asyncio."""
        self._inlet.offer(Piece(self._feed.name, data))

    def error_received(self, exc: Exception) -> None:
        """Called by asyncio for what the network reports: counted, the feed stays open."""
        self._inlet.dropped[f"{self._feed.name} {type(exc).__name__}"] += 1

    async def close(self) -> None:
        """Stop receiving."""
        if self._transport is not None:
            self._transport.abort()
            await asyncio.sleep(0)  # the transport closes its socket in the loop's next turn


def _udp_socket(feed: Feed) -> socket.socket:
    group = _group(feed)
    family = socket.AF_INET6 if ":" in feed.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
        if group is None:
            bound.bind((feed.host, feed.port))
        else:
            # Several programs may listen to one group; bound to the group, no other traffic of the port comes in.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((group, feed.port))
            member = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton(feed.host))
            bound.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except OSError as error:
        bound.close()
        raise _listen_mistake(feed, error) from error
    return bound


def _group(feed: Feed) -> str | None:
    """The multicast group to join; None for unicast."""
    if feed.group is None:
        if feed.kind == "multicast":
            raise UserError("a multicast feed has no group", fix='give group = "239.x.y.z"')
        return None
    try:
        if ipaddress.IPv4Address(feed.group).is_multicast and ipaddress.IPv4Address(feed.host):
            return feed.group
    except ipaddress.AddressValueError:
        pass
    raise UserError(
        f"{feed.group!r} on {feed.host!r} is no IPv4 multicast group on an interface's address",
        fix="give a group in 224.0.0.0/4 and as host the IPv4 address of the interface it comes in by",
    )


def _listen_mistake(feed: Feed, error: OSError) -> UserError:
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


# ---- TCP ----


class TcpReceiver:
    """Listens; each connection is a stream of lines or blocks. A full inlet makes the senders wait."""

    def __init__(self, feed: Feed, inlet: Inlet) -> None:
        self.address: tuple[str, int] | None = None
        self._feed = feed
        self._inlet = inlet
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, feed: Feed, inlet: Inlet) -> "TcpReceiver":
        """Bind and accept."""
        receiver = cls(feed, inlet)
        try:
            receiver._server = await asyncio.start_server(
                receiver._accept, feed.host, feed.port, limit=READ_BYTES
            )
        except OSError as error:
            raise _listen_mistake(feed, error) from error
        receiver.address = receiver._server.sockets[0].getsockname()[:2]
        return receiver

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= MAX_CONNECTIONS:
            self._inlet.dropped[f"{self._feed.name} connection refused"] += 1
            writer.close()
            return
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = framer(self._feed.format)
        try:
            while not cut.broken and (data := await reader.read(READ_BYTES)):
                await _pour(self._inlet, self._feed.name, cut.feed(data))
            await _pour(self._inlet, self._feed.name, cut.end())
        except ConnectionError:
            self._inlet.dropped[f"{self._feed.name} connection lost"] += 1
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is None:
            return
        self._server.close()
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await self._server.wait_closed()


async def _pour(inlet: Inlet, name: str, pieces: list[bytes]) -> None:
    for data in pieces:
        await inlet.put(Piece(name, data))


# ---- followed file ----


class FileReceiver:
    """Follows a file by name like `tail -F`: what is appended, also after it was rotated or cut.

    What stands in the file at the start is old and is passed over; a file that appears later is read from its start.
    """

    def __init__(self, feed: Feed, inlet: Inlet, path: Path) -> None:
        self.address: tuple[str, int] | None = None
        self._feed = feed
        self._inlet = inlet
        self._path = path
        self._file: int | None = None
        self._cut: Framer = framer(feed.format)
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, feed: Feed, inlet: Inlet) -> "FileReceiver":
        """Begin at the file's end. UserError when the path cannot be followed."""
        receiver = cls(feed, inlet, _followable(feed))
        if receiver._open():
            os.lseek(receiver._descriptor(), 0, os.SEEK_END)
        receiver._task = asyncio.get_running_loop().create_task(receiver._follow())
        return receiver

    async def _follow(self) -> None:
        while True:
            data = await asyncio.to_thread(self._read)
            if data and not self._cut.broken:
                await _pour(self._inlet, self._feed.name, self._cut.feed(data))
            elif not data:
                await self._pour_rest_if_moved()
                await asyncio.sleep(POLL_S)

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor(), READ_BYTES) if self._file is not None else b""
        except OSError as error:
            self._inlet.dropped[f"{self._feed.name} {error.strerror}"] += 1
            return b""

    async def _pour_rest_if_moved(self) -> None:
        """All is read: has another file taken the name, or was this one cut?"""
        if not self._moved():
            return
        await _pour(self._inlet, self._feed.name, self._cut.end())
        self._cut = framer(self._feed.format)
        self._shut()
        self._open()

    def _moved(self) -> bool:
        try:
            now = self._path.stat()
        except OSError:
            return False  # gone for the moment: the old file may still grow
        if self._file is None:
            return True
        mine = os.fstat(self._file)
        cut = mine.st_size < os.lseek(self._file, 0, os.SEEK_CUR)
        return cut or (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)

    def _open(self) -> bool:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._inlet.dropped[f"{self._feed.name} {error.strerror}"] += 1
            return False
        return True

    def _descriptor(self) -> int:
        if self._file is None:
            raise ValueError("no file is open")
        return self._file

    def _shut(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._shut()


def _followable(feed: Feed) -> Path:
    if feed.path is None:
        raise UserError("a file feed has no path", fix='give path = "/where/the/sensor/writes"')
    path = Path(feed.path)
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is not a file", fix="give the path of one file to follow")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", fix="make it, or correct the feed's path")
    if path.exists() and not os.access(path, os.R_OK):
        raise UserError(f"{path} may not be read", fix="check its permissions")
    return path

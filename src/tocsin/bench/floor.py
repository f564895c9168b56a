"""The floor: nats-py and nothing else over the same brokers, streams and links; no label, signature or fold.

Three floors. `core`: publish and subscribe across the leaf link, nothing stored. `stream`: publish to the
origin's OUT stream and wait for the PubAck; the partner's broker sources it into its IN stream, from which
the partner's consumer reads and acknowledges. `durable`: the same with a commit to an SQLite book (FULL) at
the origin before the publish and at each partner before the acknowledgement, as the doors do it.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from tocsin.bench.load import Tally
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.node.broker_plan import client_tls
from tocsin.node.config import NodeConfig
from tocsin.node.keys import KeyFolder, read_seed
from tocsin.record.book import open_book, transaction
from tocsin.share import subjects

HEAD = struct.Struct(">8sQI")
"""Whose message it is, first product and how many; the rest of the payload is filling."""

MAGIC = b"bare-run"

IN_FLIGHT = 64
"""Publishes that wait for their PubAck, per partner: as the door's courier."""

ANSWER_S = 10.0
SCHEMA = "CREATE TABLE message(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"


class Kind(StrEnum):
    """See the module."""

    CORE = "core"
    STREAM = "stream"
    DURABLE = "durable"


class Book:
    """An SQLite book with one writer thread; what waits shares one commit."""

    def __init__(self, path: Path) -> None:
        self._db = open_book(path, SCHEMA, 1)
        self._thread = ThreadPoolExecutor(1, "floor-book")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._busy = False

    async def put(self, data: bytes) -> None:
        """On disk when this returns."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((data, done))
        if not self._busy:
            self._busy = True
            while self._waiting:
                rows, self._waiting = self._waiting, []
                await loop.run_in_executor(self._thread, self._commit, [data for data, _ in rows])
                for _, one in rows:
                    one.set_result(None)
            self._busy = False
        await done

    def _commit(self, rows: Iterable[bytes]) -> None:
        with transaction(self._db):
            self._db.executemany("INSERT INTO message(data) VALUES (?)", ((data,) for data in rows))

    def close(self) -> None:
        """Finish the commit under way and let go of the file."""
        self._thread.shutdown(wait=True)
        self._db.close()


class FloorWay:
    """Way from one origin to its partners over bare connections: `connect` first. `run` keeps the message ids
    of two runs apart; `bytes_of` gives the size of a message with so many products."""

    def __init__(
        self, kind: Kind, origin: Nation, plane: Plane, run: str, bytes_of: Callable[[int], int]
    ) -> None:
        self.tally = Tally(len(Nation) - 1)
        self._kind, self._origin, self._plane, self._run = kind, origin, plane, run
        self._bytes_of = bytes_of
        self._lines: dict[Nation, Client] = {}
        self._books: dict[Nation, Book] = {}
        self._slots = {nation: asyncio.Semaphore(IN_FLIGHT) for nation in Nation}
        self._tasks: set[asyncio.Task[None]] = set()
        self._upto = 0

    async def offer(self, count: int) -> None:
        """See Way: one message with all of them to each partner."""
        first = self._upto + 1
        self._upto += count
        for number in range(first, first + count):
            self.tally.offered(number)
        data = HEAD.pack(MAGIC, first, count).ljust(self._bytes_of(count), b"x")
        self._spawn(self._send_all(first, data))

    async def _send_all(self, first: int, data: bytes) -> None:
        if self._kind is Kind.DURABLE:
            await self._books[self._origin].put(data)
        await asyncio.gather(*(self._send(partner, first, data) for partner in self._lines))

    async def _send(self, partner: Nation, first: int, data: bytes) -> None:
        line = self._lines[partner]
        if self._kind is Kind.CORE:
            await line.publish(subjects.heartbeat(self._plane, partner, self._origin), data)
            return
        subject = subjects.product(self._plane, partner, self._origin, Traffic.FLOW)
        headers = {"Nats-Msg-Id": f"{self._run}.{partner}.{first}"}
        async with self._slots[partner]:
            await line.jetstream().publish(subject, data, timeout=ANSWER_S, headers=headers)

    async def connect(self, configs: Mapping[Nation, NodeConfig], stack: AsyncExitStack) -> None:
        """A line per link at the origin and one at each partner, closed by `stack`."""
        if self._kind is Kind.DURABLE:
            for nation, config in configs.items():
                book = Book(config.root / f"floor-{self._run}.sqlite")
                stack.callback(book.close)
                self._books[nation] = book
        for partner in configs:
            if partner is not self._origin:
                far = await _connect(configs[partner], self._origin, stack)
                await self._listen(far, partner)
                self._lines[partner] = await _connect(configs[self._origin], partner, stack)
        stack.push_async_callback(self._settle)

    async def _listen(self, far: Client, partner: Nation) -> None:
        if self._kind is Kind.CORE:
            subject = subjects.heartbeat(self._plane, partner, self._origin)
        else:
            subject = subjects.local(self._plane, self._origin, Traffic.FLOW)

        async def take(msg: Msg) -> None:
            if self._kind is Kind.DURABLE:
                self._spawn(self._take_durably(msg, partner))
                return
            self._count(msg.data, partner)
            if self._kind is Kind.STREAM:
                await msg.ack()

        await far.subscribe(subject, cb=take)

    async def _take_durably(self, msg: Msg, partner: Nation) -> None:
        await self._books[partner].put(msg.data)
        self._count(msg.data, partner)
        await msg.ack()

    def _count(self, data: bytes, partner: Nation) -> None:
        magic, first, count = HEAD.unpack_from(data)
        if magic != MAGIC:
            return  # a door's last heartbeat
        for number in range(first, first + count):
            self.tally.arrived(number, partner)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a floor's message failed", "exception": task.exception()}
            )

    async def _settle(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _connect(config: NodeConfig, link: Nation, stack: AsyncExitStack) -> Client:
    """As the door connects to the account of one partner link: mutual TLS and its nkey."""
    folder = KeyFolder(config.keys_dir)
    files = client_tls(folder, "door")
    context = ssl.create_default_context(cafile=files.ca)
    context.load_cert_chain(files.cert, files.key)
    client = await nats.connect(
        config.broker_url, tls=context, nkeys_seed_str=read_seed(folder.nkey(f"door-{link}"))
    )
    stack.push_async_callback(client.close)
    return client

"""The floor: nats-py and nothing else over the same brokers, streams and links; no label, signature or fold.

Four floors. `core`: publish and subscribe across the leaf link, nothing stored. `stream`: publish to the
origin's OUT stream and wait for the PubAck; the partner's broker sources it into its IN stream, from which
the partner's consumer reads and acknowledges, each message at once. `durable`, the floor that the doors are
compared with: the same with the durable work that the doors do. A commit to an SQLite book (FULL) at the
origin before the publish and one at each partner before the acknowledgement; the door's pause between two
batches, in which what comes is gathered. `unstored`: the same durable work at the three nations, but core
messages between them, as the doors' flow goes while receipts come; nothing brings again what gets lost here.
All by the direct way; the copy that the doors store once a second is not in it.
"""

import asyncio
import ssl
import struct
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from tocsin.bench.load import BATCH, Tally
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.node.broker_plan import client_tls
from tocsin.node.config import NodeConfig
from tocsin.node.gathering import Gathering
from tocsin.node.keys import KeyFolder, read_seed
from tocsin.record.book import open_book, transaction
from tocsin.share import subjects

HEAD = struct.Struct(">8sQI")
"""Whose message it is, first product and how many; the rest of the payload is filling."""

MAGIC = b"bare-run"

IN_FLIGHT = 64
"""Publishes that wait for their PubAck, per partner: as the door's courier."""

ANSWER_S = 10.0
IDLE_S = 0.1
"""Between two looks whether anything came, as a door's TICK_S."""

SCHEMA = "CREATE TABLE message(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"


class Kind(StrEnum):
    """See the module."""

    CORE = "core"
    STREAM = "stream"
    DURABLE = "durable"
    UNSTORED = "unstored"

    @property
    def batched(self) -> bool:
        """In the doors' batches, with a commit at each nation."""
        return self in (Kind.DURABLE, Kind.UNSTORED)

    @property
    def stored(self) -> bool:
        """By way of streams."""
        return self in (Kind.STREAM, Kind.DURABLE)


class Book:
    """An SQLite book with one writer thread; what waits shares one commit."""

    def __init__(self, path: Path) -> None:
        self._db = open_book(path, SCHEMA, 1)
        self._thread = ThreadPoolExecutor(1, "floor-book")
        self._waiting: list[tuple[tuple[bytes, ...], asyncio.Future[None]]] = []
        self._busy = False

    async def put(self, *rows: bytes) -> None:
        """On disk when this returns."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((rows, done))
        if not self._busy:
            self._busy = True
            while self._waiting:
                groups, self._waiting = self._waiting, []
                together = [data for group, _ in groups for data in group]
                await loop.run_in_executor(self._thread, self._commit, together)
                for _, one in groups:
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
        self._taken: set[tuple[Nation, bytes]] = set()
        self._batching: asyncio.Task[None] | None = None
        self._upto = self._sent_upto = 0
        self._gathering = Gathering()

    async def offer(self, count: int) -> None:
        """See Way: one message with all of them to each partner, or what the next batch has room for."""
        first = self._upto + 1
        self._upto += count
        for number in range(first, first + count):
            self.tally.offered(number)
        if self._kind.batched:
            self._gathering.came(count, urgent=False)
        else:
            self._sent_upto = self._upto
            self._spawn(self._send_all([self._message(first, count)]))

    async def _batch(self) -> None:
        """For ever: when a door's turn would be due."""
        while True:
            await self._gathering.until_due(IDLE_S)
            began_s = time.monotonic()
            self._gathering.taken()
            first, self._sent_upto = self._sent_upto + 1, self._upto
            batch = [
                self._message(one, min(BATCH, self._upto - one + 1))
                for one in range(first, self._upto + 1, BATCH)
            ]
            await self._books[self._origin].put(*(data for _, data in batch))
            self._spawn(self._send_all(batch))
            if batch:
                self._gathering.sealed(time.monotonic() - began_s)

    def _message(self, first: int, count: int) -> tuple[int, bytes]:
        return first, HEAD.pack(MAGIC, first, count).ljust(self._bytes_of(count), b"x")

    async def _send_all(self, batch: Sequence[tuple[int, bytes]]) -> None:
        await asyncio.gather(
            *(
                self._send(partner, first, data)
                for first, data in batch
                for partner in Nation
                if partner is not self._origin
            )
        )

    async def _send(self, partner: Nation, first: int, data: bytes) -> None:
        line = self._lines[partner]
        if not self._kind.stored:
            await line.publish(self._core_subject(partner), data)
            return
        subject = subjects.product(self._plane, partner, self._origin, Traffic.FLOW)
        headers = {"Nats-Msg-Id": f"{self._run}.{partner}.{first}"}
        async with self._slots[partner]:
            await line.jetstream().publish(subject, data, timeout=ANSWER_S, headers=headers)

    async def connect(self, configs: Mapping[Nation, NodeConfig], stack: AsyncExitStack) -> None:
        """A line per link at the origin and one at each partner, closed by `stack`."""
        if self._kind.batched:
            for nation, config in configs.items():
                book = Book(config.root / f"floor-{self._run}.sqlite")
                stack.callback(book.close)
                self._books[nation] = book
        for partner in configs:
            if partner is not self._origin:
                await self._listen(await _connect(configs[partner], self._origin, stack), partner)
                self._lines[partner] = await _connect(configs[self._origin], partner, stack)
        stack.push_async_callback(self._settle)
        if self._kind.batched:
            self._batching = asyncio.create_task(self._batch())

    async def _listen(self, far: Client, partner: Nation) -> None:
        stored = self._kind.stored
        subject = (
            subjects.local(self._plane, self._origin, Traffic.FLOW) if stored else self._core_subject(partner)
        )

        async def take(msg: Msg) -> None:
            if self._kind.batched:
                self._spawn(self._take_durably(msg, partner))
                return
            self._count(msg.data, partner)
            if stored:
                await msg.ack()

        await far.subscribe(subject, cb=take)

    async def _take_durably(self, msg: Msg, partner: Nation) -> None:
        one = (partner, msg.data[: HEAD.size])
        if one not in self._taken:
            self._taken.add(one)
            await self._books[partner].put(msg.data)
            self._count(msg.data, partner)
        if self._kind.stored:
            await msg.ack()

    def _core_subject(self, partner: Nation) -> str:
        return subjects.flash(self._plane, partner, self._origin, Traffic.FLOW)

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
        if self._batching is not None:
            self._batching.cancel()
            await asyncio.gather(self._batching, return_exceptions=True)
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

"""A connection to the nation's own broker that comes back for ever: the only module that knows the broker's
client.

nats-py reconnects by itself, but closes for good on some errors (a slow TLS handshake on a loaded machine is
one): then a new client is opened with the same subscriptions. Requests that are open when the connection
breaks fail at once, so that the caller can repeat them when it is back.
"""

import asyncio
import ssl
from collections.abc import Coroutine, Mapping

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from tocsin.errors import TocsinError, UserError
from tocsin.model.label import Nation, Plane
from tocsin.share.broker_config import TlsFiles
from tocsin.share.exchange import Exchange
from tocsin.share.line import Handler, Line, Message, OnUp
from tocsin.share.topology import Topology
from tocsin.share.transport import TransportError

RECONNECT_S = 0.2
"""Pause between attempts: a broker restarts within half a second, and it is on this machine."""

CONNECT_S = 3
ANSWER_S = 5.0
"""A stored publish costs one fsync behind those queued before it: 512 in flight at 1 ms stay far below
this."""

PING_S = 2
PENDING_BYTES = 8 * 1024**2
"""Unsent bytes that the client holds before a publish waits; twice that on a subscription not yet handled."""

NO_RESPONDERS = "503"
NO_ANSWER = "no answer"


class Session:
    """A Line: mutual TLS and an nkey. `on_up` runs after every (re)connection."""

    def __init__(
        self,
        url: str,
        tls: TlsFiles,
        seed: str,
        name: str,
        on_up: OnUp | None = None,
    ) -> None:
        self._url, self._tls, self._seed, self._name = url, tls, seed, name
        self._on_up = on_up
        self._client = Client()
        self._subscriptions: list[tuple[str, Handler, int]] = []
        self._inbox = ""
        self._asked = 0
        self._open: dict[str, asyncio.Future[bytes]] = {}
        self._last_error = NO_ANSWER
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._wanted = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def up(self) -> bool:
        """True while the broker answers."""
        return bool(self._client.is_connected)

    async def open(self, timeout_s: float = 10.0, *, patient: bool = False) -> None:
        """Connect. After `timeout_s` a patient session goes on trying by itself, another raises TocsinError
        with the broker's last word. UserError for unusable certificates."""
        self._wanted = True
        self._context = _context(self._tls)
        connecting = self._spawn(self._connect())
        await asyncio.wait({connecting}, timeout=timeout_s)
        if connecting.done():
            connecting.result()
        elif not patient:
            await self.close()
            raise TocsinError(f"no session with the broker at {self._url}: {self._last_error}")

    async def close(self) -> None:
        """Say good-bye; what is unsent is flushed. The session can be opened again."""
        self._wanted = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._client.is_closed:
            await self._client.close()
        self._fail_open("the session was closed")

    async def subscribe(self, subject: str, handler: Handler, pending: int) -> None:
        """Hand every message on `subject` to `handler`, one after the other; `pending` may wait."""
        self._subscriptions.append((subject, handler, pending))
        if self.up:
            await self._subscribe(subject, handler, pending)

    async def publish(self, subject: str, data: bytes) -> None:
        """Hand to the broker, unacknowledged. TransportError while it is away."""
        if not self.up:
            raise TransportError("the broker is away")
        try:
            await self._client.publish(subject, data)
        except (nats.errors.Error, OSError) as failure:
            raise TransportError(f"the broker took no message on {subject}: {failure}") from None

    async def request(
        self, subject: str, data: bytes, headers: dict[str, str] | None = None, timeout_s: float = ANSWER_S
    ) -> bytes:
        """The answer's bytes. TransportError when there is none in time, or the connection breaks."""
        if not self.up:
            raise TransportError("the broker is away")
        loop = asyncio.get_running_loop()
        self._asked += 1
        token = str(self._asked)
        answer: asyncio.Future[bytes] = loop.create_future()
        self._open[token] = answer
        timer = loop.call_later(timeout_s, _fail, answer, f"no answer on {subject} in {timeout_s:.0f} s")
        try:
            await self._client.publish(subject, data, reply=f"{self._inbox}.{token}", headers=headers)
            return await answer
        except (nats.errors.Error, OSError) as failure:
            raise TransportError(f"the broker took no request on {subject}: {failure}") from None
        finally:
            timer.cancel()
            self._open.pop(token, None)

    async def _connect(self) -> None:
        client = Client()
        self._client = client
        await client.connect(
            self._url,
            name=self._name,
            tls=self._context,
            nkeys_seed_str=self._seed,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_S,  # type: ignore[arg-type]  # seconds, float too
            connect_timeout=CONNECT_S,
            ping_interval=PING_S,
            max_outstanding_pings=2,
            pending_size=PENDING_BYTES,
            error_cb=self._note,
            disconnected_cb=self._went_down,
            reconnected_cb=self._came_up,
            closed_cb=self._was_closed,
        )
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._answered)
        for row in self._subscriptions:
            await self._subscribe(*row)
        await self._came_up()

    async def _subscribe(self, subject: str, handler: Handler, pending: int) -> None:
        async def hand_on(msg: Msg) -> None:
            await handler(Message(msg.subject, msg.reply, msg.data))

        await self._client.subscribe(
            subject, cb=hand_on, pending_msgs_limit=pending, pending_bytes_limit=2 * PENDING_BYTES
        )

    async def _answered(self, msg: Msg) -> None:
        answer = self._open.get(msg.subject.rpartition(".")[2])
        if answer is None or answer.done():
            return
        if msg.headers and msg.headers.get("Status") == NO_RESPONDERS:
            _fail(answer, "nobody serves that subject")
        else:
            answer.set_result(msg.data)

    async def _note(self, failure: BaseException) -> None:
        # The broker's own words say more than a broken pipe.
        if not isinstance(failure, OSError) or self._last_error == NO_ANSWER:
            self._last_error = str(failure) or type(failure).__name__

    async def _went_down(self) -> None:
        self._fail_open("the connection to the broker broke")

    async def _came_up(self) -> None:
        if self._on_up is not None:
            self._spawn(self._on_up())

    async def _was_closed(self) -> None:
        self._fail_open("the connection to the broker was closed")
        if self._wanted:
            self._spawn(self._reopen())

    async def _reopen(self) -> None:
        await asyncio.sleep(RECONNECT_S)
        await self._connect()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _fail_open(self, why: str) -> None:
        for answer in list(self._open.values()):
            _fail(answer, why)


def _fail(answer: "asyncio.Future[bytes]", why: str) -> None:
    if not answer.done():
        answer.set_exception(TransportError(why))


def _context(files: TlsFiles) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=files.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(files.cert, files.key)
    except OSError as failure:
        raise UserError(
            f"cannot use the certificate {files.cert} ({failure})", fix="restore the node's keys"
        ) from None
    return context


def connect_exchange(
    nation: Nation,
    plane: Plane,
    topology: Topology,
    url: str,
    tls: TlsFiles,
    seeds: Mapping[Nation, str],
) -> Exchange:
    """The Transport of a door: `seeds` holds its broker user in the account of each linked partner. Not yet
    open."""

    def line(partner: Nation, on_up: OnUp) -> Line:
        return Session(url, tls, seeds[partner], f"door {nation} to {partner}", on_up)

    return Exchange(nation, plane, topology, tuple(seeds), line)

"""The Transport over the nation's own broker: one line per partner link, streams as share.streams makes
them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import msgspec
from msgspec import Struct

from tocsin.errors import TocsinError
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.share import streams, subjects
from tocsin.share.line import Handler, Line, Message, OnUp
from tocsin.share.mailbox import UNSTORED_LIMIT, Mailbox
from tocsin.share.sourcing import keep_awake
from tocsin.share.topology import Route, Topology
from tocsin.share.transport import UP_S, Arrival, TransportError

IN_FLIGHT = {Traffic.CONTROL: 128, Traffic.URGENT: 128, Traffic.FLOW: 512}
"""Publishes that may wait for their acknowledgement, per class; further ones wait here, before the broker."""

REMAKE_S = 1.0
"""Pause before streams are asked for again when the broker refused (it may still be recovering its store)."""


PAUSE_S = 2.0
"""Two heartbeats: a partner not heard for so long has paused."""

ACKNOWLEDGED = b"+ACK"
"""JetStream's word for it."""


class Stored(Struct, frozen=True):
    """The broker's answer to a stored publish or an API request."""

    domain: str = ""
    stream: str = ""
    error: dict[str, str | int] | None = None


_STORED = msgspec.json.Decoder(Stored)
_JSON = msgspec.json.Encoder()


class Exchange:
    """One nation's end. `make_line(partner, on_up)` gives an unopened line into that partner's account."""

    def __init__(
        self,
        nation: Nation,
        plane: Plane,
        topology: Topology,
        partners: tuple[Nation, ...],
        make_line: Callable[[Nation, OnUp], Line],
    ) -> None:
        self._nation, self._plane, self._topology, self._partners = nation, plane, topology, partners
        self._lines = {p: make_line(p, self._maker(p)) for p in partners}
        self._made = {partner: asyncio.Event() for partner in partners}
        self._mail = Mailbox(sum(streams.PENDING.values()) * max(1, len(partners)))
        self._slots = {traffic: asyncio.Semaphore(IN_FLIGHT[traffic]) for traffic in Traffic}
        self._watching: list[asyncio.Task[None]] = []
        self._refusal = "no answer"
        self._heard: dict[tuple[Nation, Route], float] = {}
        self._since: dict[tuple[Nation, Route], float] = {}

    async def open(self, timeout_s: float = 15.0) -> None:
        """Connect to the own broker and make the streams; partners may still be away. TocsinError when
        not."""
        for partner, line in self._lines.items():
            await self._listen(partner, line)
            await line.open(timeout_s)
        try:
            await asyncio.wait_for(asyncio.gather(*(made.wait() for made in self._made.values())), timeout_s)
        except TimeoutError:
            raise TocsinError(
                f"the broker did not make the streams of the partner links: {self._refusal}"
            ) from None
        self._watching = [
            asyncio.create_task(keep_awake(line, self._wanted(partner), self._hearing(partner)))
            for partner, line in self._lines.items()
        ]

    async def close(self) -> None:
        """End all lines."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(*(line.close() for line in self._lines.values()))

    async def send(self, sealed: Sealed, attempt: int = 0) -> tuple[Route, ...]:
        """See Transport."""
        routes = self.routes(sealed)
        if not routes:
            raise TransportError(f"no route from {self._nation} to {sealed.recipient} for this message")
        async with self._slots[sealed.traffic]:
            if len(routes) == 1:  # flow, usually: no task of its own
                await self._store(sealed, routes[0], attempt)
                return routes
            sent = await asyncio.gather(
                *(self._store(sealed, route, attempt) for route in routes), return_exceptions=True
            )
        accepted = tuple(route for route, failure in zip(routes, sent, strict=True) if failure is None)
        if not accepted:
            failures = [failure for failure in sent if failure is not None]
            raise next((f for f in failures if not isinstance(f, TransportError)), failures[0])
        return accepted

    def routes(self, sealed: Sealed) -> tuple[Route, ...]:
        """The routes that this message may take: the hub's only when the seal says so."""
        ways = self._topology.routes(self._nation, sealed.recipient)
        return tuple(
            way
            for way in ways
            if (way is Route.DIRECT or sealed.by_hub)
            and self._topology.via(sealed.recipient, way) in self._lines
        )

    async def say(self, sealed: Sealed) -> None:
        """See Transport."""
        subject = _unstored(self._plane, sealed.recipient, self._nation, sealed.traffic)
        for route in self.routes(sealed):
            if sealed.traffic is Traffic.FLOW and route is not Route.DIRECT:
                continue
            with suppress(TransportError):
                await self._lines[self._topology.via(sealed.recipient, route)].publish(subject, sealed.data)

    def arrivals(self) -> AsyncIterator[Arrival]:
        """See Transport."""
        return self._mail.arrivals()

    def hold_flow(self, origins: frozenset[Nation]) -> None:
        """See Transport."""
        self._mail.hold_flow(origins)

    def paths_up(self, partner: Nation) -> tuple[Route, ...]:
        """See Transport."""
        now = time.monotonic()
        return tuple(r for r in Route if now - self._heard.get((partner, r), -UP_S) < UP_S)

    def _hearing(self, partner: Nation) -> Callable[[], float]:
        """How long the partner has been heard over its own link without a pause."""

        def heard_s() -> float:
            now, key = time.monotonic(), (partner, Route.DIRECT)
            silent = now - self._heard.get(key, -PAUSE_S) >= PAUSE_S
            return 0.0 if silent else now - self._since[key]

        return heard_s

    async def _store(self, sealed: Sealed, route: Route, attempt: int) -> None:
        via = self._topology.via(sealed.recipient, route)
        subject = subjects.product(self._plane, sealed.recipient, self._nation, sealed.traffic)
        headers = {
            "Nats-Msg-Id": sealed.message_id if attempt == 0 else f"{sealed.message_id}#{attempt}",
            "Nats-Expected-Stream": subjects.out_stream(via, sealed.traffic),
        }
        stored = _decode(await self._lines[via].request(subject, sealed.data, headers))
        if stored.error is not None:
            raise TransportError(f"the broker did not store it: {stored.error.get('description')}")
        if stored.domain != subjects.domain(self._nation, self._plane):
            raise TransportError(f"stored by the foreign domain {stored.domain!r}")

    def _maker(self, partner: Nation) -> OnUp:
        async def make() -> None:
            self._made[partner].clear()
            while not await self._make_streams(partner):
                await asyncio.sleep(REMAKE_S)
            self._made[partner].set()

        return make

    def _wanted(self, partner: Nation) -> tuple[streams.Request, ...]:
        return streams.requests(self._nation, self._plane, self._topology, partner, self._partners)

    async def _make_streams(self, partner: Nation) -> bool:
        """True when all of them stand; false when the broker is away or not ready."""
        for request in self._wanted(partner):
            # A stream that stands with older settings is brought to these.
            for api in (request.api, request.api.replace("STREAM.CREATE", "STREAM.UPDATE")):
                refused = await self._ask(partner, api, request.body)
                if refused is None:
                    break
            else:
                return False
        return True

    async def _ask(self, partner: Nation, api: str, body: streams.Json) -> str | None:
        """Null when the broker did it, else its reason."""
        try:
            stored = _decode(await self._lines[partner].request(f"$JS.API.{api}", _JSON.encode(body)))
        except TransportError as failure:
            self._refusal = str(failure)
            return self._refusal
        if stored.error is None:
            return None
        self._refusal = f"{api}: {stored.error.get('description')}"
        return self._refusal

    async def _listen(self, partner: Nation, line: Line) -> None:
        for traffic in Traffic:
            heard = self._handler(partner, traffic, line, stored=False)
            subject = _unstored(self._plane, self._nation, "*", traffic)
            await line.subscribe(subject, heard, UNSTORED_LIMIT)
            heard = self._handler(partner, traffic, line, stored=True)
            pending = 2 * streams.PENDING[traffic]
            await line.subscribe(subjects.local(self._plane, partner, traffic), heard, pending)

    def _handler(self, partner: Nation, traffic: Traffic, line: Line, *, stored: bool) -> Handler:
        async def handle(message: Message) -> None:
            origin, route = self._whence(message.subject, partner)
            ack = _acknowledge(line, message.reply) if stored else _nothing
            self._mail.put(Arrival(origin, route, partner, traffic, message.data, stored, ack))

        return handle

    def _whence(self, subject: str, partner: Nation) -> tuple[Nation, Route]:
        """Origin by the subject (its fourth token), and the route; a nonsense origin counts as the
        partner's."""
        named = subject.split(".")[3:4]
        origin = next((nation for nation in Nation if [nation] == named), partner)
        route = Route.DIRECT if origin is partner else Route.HUB
        now = time.monotonic()
        if now - self._heard.get((origin, route), -PAUSE_S) >= PAUSE_S:
            self._since[(origin, route)] = now
        self._heard[(origin, route)] = now
        return origin, route


def _unstored(plane: Plane, recipient: Nation, origin: Nation | str, traffic: Traffic) -> str:
    """Subject of what no broker stores."""
    if traffic is Traffic.CONTROL:
        return subjects.heartbeat(plane, recipient, origin)
    return subjects.flash(plane, recipient, origin, traffic)


async def _nothing() -> None:
    """Acknowledges what no broker keeps."""


def _acknowledge(line: Line, reply: str) -> Callable[[], Awaitable[None]]:
    async def ack() -> None:
        with suppress(TransportError):  # a broker that was away brings the message again
            await line.publish(reply, ACKNOWLEDGED)

    return ack


def _decode(answer: bytes) -> Stored:
    try:
        return _STORED.decode(answer)
    except msgspec.MsgspecError as failure:
        raise TransportError(f"the broker's answer is malformed: {failure}") from None

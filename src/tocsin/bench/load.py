"""Load for any way from one origin to its partners: at a stated rate, one by one, or as much as it carries.

The same three loads drive tocsin's own path and the floors, so that what differs is the way alone.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from tocsin.measure.timing import Spread, spread

TICK_S = 0.005
"""Records of this long are offered together (EXCHANGE.md: micro-batches <= 5 ms or 50 records)."""

BATCH = 50
WINDOW = 2_000
"""Products under way at saturation: 40 full batches, far below what door and broker hold without pause."""

IDLE_S = 0.001
DRAIN_S = 30.0
"""Bound on waiting for the last arrivals; what is missing then counts as lost."""

MS_PER_NS = 1e-6


class Tally:
    """What became of every product: arrived at how many of its recipients, when, and how often too many."""

    def __init__(self, recipients: int) -> None:
        self._recipients = recipients
        self._offered_ns: dict[int, int] = {}
        self._seen: dict[int, set[str]] = {}
        self.latencies_ms: list[float] = []
        self.complete = 0
        self.copies = 0
        self.offered_count = 0

    @property
    def under_way(self) -> int:
        """Products that have not reached every recipient."""
        return len(self._offered_ns)

    def offered(self, number: int) -> None:
        """The product is handed to the way now."""
        self._offered_ns[number] = time.perf_counter_ns()
        self._seen[number] = set()
        self.offered_count += 1

    def arrived(self, number: int, recipient: str) -> None:
        """The product is durable at a recipient now. A second arrival there is a copy too many."""
        began_ns = self._offered_ns.get(number)
        seen = self._seen.get(number)
        if began_ns is None or seen is None or recipient in seen:
            self.copies += 1
            return
        self.latencies_ms.append((time.perf_counter_ns() - began_ns) * MS_PER_NS)
        seen.add(recipient)
        if len(seen) == self._recipients:
            self.complete += 1
            del self._offered_ns[number], self._seen[number]


class Way(Protocol):
    """One origin's way to its partners."""

    tally: Tally

    async def offer(self, count: int) -> None:
        """Hand over the next `count` products (at most BATCH), together; `tally` learns of each."""
        ...


class Load(Struct, frozen=True):
    """One load on one way. `asked_per_s` null: saturation. `rate_per_s`: products that reached all recipients
    within the loaded time."""

    asked_per_s: float | None
    rate_per_s: float
    latency_ms: Spread
    offered: int
    lost: int
    duplicated: int


async def steady(way: Way, rate_per_s: float, seconds: float) -> Load:
    """`rate_per_s` products a second in ticks of TICK_S, whatever the way does with them (open loop)."""

    def due(elapsed_s: float, sent: int) -> int:
        return int(elapsed_s * rate_per_s) - sent

    return await _run(way, seconds, TICK_S, due, rate_per_s)


async def one_by_one(way: Way, every_s: float, seconds: float) -> Load:
    """A single product now and then: what an otherwise idle way costs."""

    def due(elapsed_s: float, sent: int) -> int:
        return min(1, int(elapsed_s / every_s) - sent)

    return await _run(way, seconds, every_s, due, 1.0 / every_s)


async def saturate(way: Way, seconds: float, window: int = WINDOW) -> Load:
    """As much as arrives: `window` products are always under way (closed loop)."""

    def due(_elapsed_s: float, _sent: int) -> int:
        return window - way.tally.under_way

    return await _run(way, seconds, IDLE_S, due, None)


async def _run(
    way: Way, seconds: float, pause_s: float, due: Callable[[float, int], int], asked_per_s: float | None
) -> Load:
    tally = way.tally
    first, copies, before = len(tally.latencies_ms), tally.copies, tally.complete
    begun, sent = time.monotonic(), 0
    while (elapsed_s := time.monotonic() - begun) < seconds:
        count = min(BATCH, due(elapsed_s, sent))
        if count > 0:
            await way.offer(count)
            sent += count
        await asyncio.sleep(0 if count == BATCH else pause_s)
    rate = (tally.complete - before) / (time.monotonic() - begun)
    await _drain(tally)
    return Load(
        asked_per_s=asked_per_s,
        rate_per_s=round(rate, 1),
        latency_ms=spread(tally.latencies_ms[first:]),
        offered=sent,
        lost=sent - (tally.complete - before),
        duplicated=tally.copies - copies,
    )


async def _drain(tally: Tally) -> None:
    give_up = time.monotonic() + DRAIN_S
    while tally.under_way and time.monotonic() < give_up:
        await asyncio.sleep(TICK_S)

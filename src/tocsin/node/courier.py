"""Carries one partner's outbox to the transport: in order, many in flight, each until the broker has taken
it.

What waits is bounded: a backlog stays in the door's book and is read from there in pieces, so a link that was
down for hours costs disk and no memory.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from tocsin.model.sealed import Sealed
from tocsin.share.transport import Transport, TransportError

MOST_WAITING = 256
"""Envelopes kept in memory per stream; at 20 kB of a full batch 5 MB."""

IN_FLIGHT = 64
"""Publishes of one stream that wait for the broker's word; below what the transport itself allows."""

RETRY_S = 0.2
"""The broker restarts within about half a second, and it is on this machine."""

BEHIND_FLASH_S = 0.02
"""What has left as a flash copy is stored so much later: the copy then has the disks and processors of its
way to itself, and is across in a few milliseconds."""

Read = Callable[[int, int], Awaitable[Sequence[Sealed]]]


class Courier:
    """One stream. `read(after, limit)` gives rows of the outbox whose first sequence is past `after`, in
    order.
    """

    def __init__(self, transport: Transport, read: Read) -> None:
        self._transport, self._read = transport, read
        self._waiting: deque[tuple[Sealed, int, float]] = deque()
        """With the attempt, and the moment (s) before which it is not sent."""
        self._wake = asyncio.Event()
        self._cursor = 0
        self._behind = True  # after a start everything unreceipted is read from the book
        self._reading = False
        self._wake.set()

    def put(self, sealed: Sealed, *, flashed: bool = False) -> None:
        """A row that was just committed. While the book is read, it alone says what is next."""
        if sealed.first <= self._cursor:
            return
        if self._behind or self._reading or len(self._waiting) >= MOST_WAITING:
            self._behind = True
        else:
            due_s = time.monotonic() + BEHIND_FLASH_S if flashed else 0.0
            self._waiting.append((sealed, 0, due_s))
            self._cursor = sealed.first
        self._wake.set()

    def again(self, rows: Sequence[Sealed], attempt: int) -> None:
        """Rows that the partner asked for; what finds no room is asked for again."""
        self._waiting.extend((row, attempt, 0.0) for row in rows[: max(0, MOST_WAITING - len(self._waiting))])
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        slots = asyncio.Semaphore(IN_FLIGHT)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while await self._next():
                    sealed, attempt, due_s = self._waiting.popleft()
                    if (wait_s := due_s - time.monotonic()) > 0:
                        await asyncio.sleep(wait_s)
                    await slots.acquire()
                    tasks.create_task(self._deliver(sealed, attempt, slots))

    async def _next(self) -> bool:
        """True when something waits; reads on in the book when the memory is empty."""
        while not self._waiting and self._behind:
            self._behind, self._reading = False, True
            rows = await self._read(self._cursor, MOST_WAITING)
            self._reading = False
            # Rows committed while we read may be missing in the answer; `put` has then set `behind` again.
            self._behind = self._behind or len(rows) == MOST_WAITING
            for row in rows:
                self._waiting.append((row, 0, 0.0))
                self._cursor = row.first
        return bool(self._waiting)

    async def _deliver(self, sealed: Sealed, attempt: int, slots: asyncio.Semaphore) -> None:
        try:
            while True:
                try:
                    await self._transport.send(sealed, attempt)
                    return
                except TransportError:
                    await asyncio.sleep(RETRY_S)
        finally:
            slots.release()


class Caller:
    """Control: newest counts. What the broker does not take at once is dropped, the next heartbeat repeats
    it.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waiting: deque[Sealed] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()

    def put(self, sealed: Sealed) -> None:
        """A receipt, a request or a heartbeat; the oldest gives way."""
        self._waiting.append(sealed)
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                sealed = self._waiting.popleft()
                if sealed.fleeting:
                    await self._transport.say(sealed)
                    continue
                try:
                    await self._transport.send(sealed)
                except TransportError:
                    continue

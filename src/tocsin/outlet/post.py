"""The post box before one outlet: messages in order, each until the outlet has it or its time is over.

A failure never stops another outlet, never loses a message that is still in force, and is told from the first
try on. In order, because an Update must not overtake its Alert, nor a Cancel both.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.time import Instant
from tocsin.outlet.contract import Message, Outlet, OutletError, OutletRefusedError, Receipt

MOST_WAITING: Final = 256
"""Messages of some 20 objects with all their updates; what finds no room is told and comes again at a
start.
"""

FIRST_PAUSE_S: Final = 0.25
LAST_PAUSE_S: Final = 15.0
"""Pauses double from the first to the last: a receiver that restarts is served within seconds, one that is
down for hours is asked four times a minute."""

Carried = Callable[[str, Message, Receipt], None]


class Post:
    """One outlet's. `carried(outlet, message, receipt)` is called for each; `now` is scenario time
    (expiry).
    """

    def __init__(self, outlet: Outlet, carried: Carried, now: Callable[[], Instant]) -> None:
        self.outlet = outlet
        self._carried, self._now = carried, now
        self._waiting: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._trouble: dict[str, Alarm] = {}

    def put(self, message: Message) -> None:
        """Carry this when its turn comes."""
        if len(self._waiting) >= MOST_WAITING:
            self._tell(message, f"{MOST_WAITING} messages wait already")
            return
        self._waiting.append(message)
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Messages that the outlet does not have yet."""
        return len(self._waiting)

    def alarms(self) -> tuple[Alarm, ...]:
        """One for each message that failed; over when it was carried, or after a newer one was."""
        return tuple(self._trouble.values())

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._deliver(self._waiting[0])
                self._waiting.popleft()

    async def _deliver(self, message: Message) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                receipt = await self.outlet.carry(message)
            except OutletRefusedError as refused:
                self._tell(message, str(refused))
                return
            except OutletError as failure:
                self._tell(message, str(failure))
            else:
                self._trouble.clear()
                self._carried(self.outlet.name, message, receipt)
                return
            if self._now() >= message.warning.expires_ns:
                self._tell(message, "its time is over; it was not carried")
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, LAST_PAUSE_S)

    def _tell(self, message: Message, why: str) -> None:
        known = self._trouble.pop(message.name, None)
        since = known.since_wall_ns if known else Instant(time.time_ns())
        detail = f"{message.name}: {why}"
        self._trouble[message.name] = Alarm(AlarmKind.OUTLET_FAILED, self.outlet.name, detail, since)
        while len(self._trouble) > MOST_WAITING:
            del self._trouble[next(iter(self._trouble))]

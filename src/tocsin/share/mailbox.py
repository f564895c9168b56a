"""Arrivals waiting for the door: control before urgent before flow, each in its order of arrival. Bounded."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from tocsin.model.product import Traffic
from tocsin.share.transport import Arrival, CoreArrival

ORDER = (Traffic.CONTROL, Traffic.URGENT, Traffic.FLOW)
"""Of service: urgent never waits behind flow, nothing waits in front of control."""

CORE_LIMIT = 1_024
"""Heartbeats and flash copies kept unread: several minutes of both; older ones are worthless."""


class Mailbox:
    """One reader, any number of writers in the same loop. `limit` bounds each class."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[Traffic, deque[Arrival]] = {traffic: deque() for traffic in ORDER}
        self._core: deque[CoreArrival] = deque(maxlen=CORE_LIMIT)
        self._come = asyncio.Event()
        self._core_come = asyncio.Event()

    def put(self, arrival: Arrival) -> bool:
        """False when its class is full: left unacknowledged, the broker brings it again."""
        row = self._rows[arrival.traffic]
        if len(row) >= self._limit:
            return False
        row.append(arrival)
        self._come.set()
        return True

    def put_core(self, arrival: CoreArrival) -> None:
        """Keep the newest CORE_LIMIT."""
        self._core.append(arrival)
        self._core_come.set()

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """For ever, the most pressing first."""
        while True:
            row = next((self._rows[traffic] for traffic in ORDER if self._rows[traffic]), None)
            if row is None:
                self._come.clear()
                await self._come.wait()
            else:
                yield row.popleft()

    async def core_arrivals(self) -> AsyncIterator[CoreArrival]:
        """For ever, oldest first."""
        while True:
            if not self._core:
                self._core_come.clear()
                await self._core_come.wait()
            else:
                yield self._core.popleft()

"""Arrivals waiting for the door: stored control, stored urgent, unstored, then flow. Bounded."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from tocsin.model.product import Traffic
from tocsin.share.transport import Arrival

UNSTORED = "unstored"

ORDER = (Traffic.CONTROL, Traffic.URGENT, UNSTORED, Traffic.FLOW)
"""Of service: urgent never waits behind flow, and a flood of unstored messages never in front of stored
ones."""

UNSTORED_LIMIT = 1_024
"""Heartbeats and flash copies kept unread: minutes of both. The newest stay, for older ones are worthless."""


class Mailbox:
    """One reader, any number of writers in the same loop. `limit` bounds each class of stored messages."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[str, deque[Arrival]] = {kind: deque() for kind in ORDER}
        self._rows[UNSTORED] = deque(maxlen=UNSTORED_LIMIT)
        self._come = asyncio.Event()

    def put(self, arrival: Arrival) -> bool:
        """False when its class is full: left unacknowledged, the broker brings it again."""
        row = self._rows[arrival.traffic if arrival.stored else UNSTORED]
        if arrival.stored and len(row) >= self._limit:
            return False
        row.append(arrival)
        self._come.set()
        return True

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """For ever, the most pressing first."""
        while True:
            row = next((self._rows[kind] for kind in ORDER if self._rows[kind]), None)
            if row is not None:
                yield row.popleft()
            else:
                self._come.clear()
                await self._come.wait()

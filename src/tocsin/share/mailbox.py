"""Arrivals waiting for the door: stored control, stored urgent, unstored, then flow. Bounded, and the links
take turns: who floods its own waits behind itself, not before others."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.share.transport import Arrival

UNSTORED = "unstored"

ORDER = (Traffic.CONTROL, Traffic.URGENT, UNSTORED, Traffic.FLOW)
"""Of service: urgent never waits behind flow, and a flood of unstored messages never in front of stored
ones."""

UNSTORED_LIMIT = 1_024
"""Heartbeats and flash copies kept unread: minutes of both. The newest stay, for older ones are worthless."""


class Mailbox:
    """One reader, any number of writers in the same loop. `limit` bounds what is stored of each class and
    link."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[str, dict[Nation, deque[Arrival]]] = {kind: {} for kind in ORDER}
        self._come = asyncio.Event()

    def put(self, arrival: Arrival) -> bool:
        """False when its class is full: left unacknowledged, the broker brings it again."""
        links = self._rows[arrival.traffic if arrival.stored else UNSTORED]
        most = None if arrival.stored else UNSTORED_LIMIT
        row = links.setdefault(arrival.via, deque(maxlen=most))
        if arrival.stored and len(row) >= self._limit:
            return False
        row.append(arrival)
        self._come.set()
        return True

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """For ever, the most pressing first."""
        while True:
            links = next((self._rows[kind] for kind in ORDER if self._rows[kind]), None)
            if links:
                via, row = next(iter(links.items()))
                arrival = row.popleft()
                del links[via]
                if row:
                    links[via] = row  # the others first
                yield arrival
            else:
                self._come.clear()
                await self._come.wait()

"""Arrivals waiting for the door: stored control, stored urgent, unstored, then flow. Bounded, and the links
take turns: who floods its own waits behind itself, not before others. What a hub relayed waits while its
origin's own link has something: after an outage a backlog that came by both is served in its order."""

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

Way = tuple[Nation, Nation]
"""(via, origin): whose link it came over, and whose it is said to be."""


class Mailbox:
    """One reader, any number of writers in the same loop. `limit` bounds what is stored of each class, link
    and origin."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[str, dict[Way, deque[Arrival]]] = {kind: {} for kind in ORDER}
        self._come = asyncio.Event()
        self._order: tuple[str, ...] = ORDER

    def hold_flow(self, on: bool) -> None:
        """Leave flow where it is, and go on with all else; or serve it again."""
        order = ORDER[:-1] if on else ORDER
        if order != self._order:
            self._order = order
            self._come.set()

    def put(self, arrival: Arrival) -> bool:
        """False when its class is full: left unacknowledged, the broker brings it again."""
        links = self._rows[arrival.traffic if arrival.stored else UNSTORED]
        most = None if arrival.stored else UNSTORED_LIMIT
        row = links.setdefault((arrival.via, arrival.origin), deque(maxlen=most))
        if arrival.stored and len(row) >= self._limit:
            return False
        row.append(arrival)
        self._come.set()
        return True

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """For ever, the most pressing first."""
        while True:
            links = next((self._rows[kind] for kind in self._order if self._rows[kind]), None)
            if links:
                way = next(way for way in links if way[0] is way[1] or (way[1], way[1]) not in links)
                row = links.pop(way)
                arrival = row.popleft()
                if row:
                    links[way] = row  # the others first
                yield arrival
            else:
                self._come.clear()
                await self._come.wait()

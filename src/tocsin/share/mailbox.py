"""Arrivals waiting for the door: stored control, stored urgent, unstored, then flow, stored or not. Bounded,
and the links take turns: who floods its own waits behind itself, not before others. What a hub relayed waits
while its origin's own link has something: after an outage a backlog that came by both is served in its
order."""

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
"""Heartbeats and urgent flash copies kept unread: minutes of both. The newest stay."""

Way = tuple[Nation, Nation]
"""(via, origin): whose link it came over, and whose it is said to be."""


class Mailbox:
    """One reader, any number of writers in the same loop. `limit` bounds what is stored, and all flow, of
    each class, link and origin."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[str, dict[Way, deque[Arrival]]] = {kind: {} for kind in ORDER}
        self._come = asyncio.Event()
        self._held: frozenset[Nation] = frozenset()

    def hold_flow(self, origins: frozenset[Nation]) -> None:
        """Leave these nations' flow where it is, and go on with all else."""
        if origins != self._held:
            self._held = origins
            self._come.set()

    def put(self, arrival: Arrival) -> bool:
        """False when its class is full: the broker brings it again, or its origin, who gets no receipt."""
        kept = arrival.stored or arrival.traffic is Traffic.FLOW
        links = self._rows[arrival.traffic if kept else UNSTORED]
        row = links.setdefault((arrival.via, arrival.origin), deque(maxlen=None if kept else UNSTORED_LIMIT))
        if kept and len(row) >= self._limit:
            return False
        row.append(arrival)
        self._come.set()
        return True

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """For ever, the most pressing first."""
        while True:
            found = self._next()
            if found is None:
                self._come.clear()
                await self._come.wait()
                continue
            links, way = found
            row = links.pop(way)
            arrival = row.popleft()
            if row:
                links[way] = row  # the others first
            yield arrival

    def _next(self) -> tuple[dict[Way, deque[Arrival]], Way] | None:
        """The rows of the most pressing kind that has any to serve, and the first of them in turn."""
        for kind in ORDER:
            links = self._rows[kind]
            for via, origin in links:
                held = kind == Traffic.FLOW and origin in self._held
                relayed = via is not origin and (origin, origin) in links
                if not held and not relayed:
                    return links, (via, origin)
        return None

"""What the door says to its hall of what it took and did: partners' products at once, all else together.

At full flow a door decides in a hundred turns a second, and each message to the hall wakes the broker and the
hall, which answers. Decisions, receipts and acknowledgements share one for several turns; what a partner sent
takes along what waits, so that numbers stay in order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tocsin.model.handoff import HandedItem, ImportBatch, OfferAck
from tocsin.model.product import Import

LATER_S = 0.02
"""Four turns of flow. An officer does not see it; the hall sends offers again after half a second."""

ITEMS_AT_ONCE = 50
"""Items of one message to the hall: about 50 kB, under the broker's largest payload."""

Publish = Callable[[str, bytes], Awaitable[None]]

_PACK = msgspec.msgpack.Encoder(order="deterministic")


class Handing:
    """One door's way to its hall over `publish(topic, bytes)`. What gets lost stands in the door's book."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._items: list[HandedItem] = []
        self._taken: OfferAck | None = None
        self._wake = asyncio.Event()
        self._order = asyncio.Lock()
        """What waits may fill several messages; those of the next turn go after all of them."""

    async def hand(self, items: Sequence[HandedItem]) -> None:
        """Items of a turn, in order of their numbers."""
        self._items += items
        if len(self._items) >= ITEMS_AT_ONCE or any(isinstance(item.item, Import) for item in items):
            await self._flush()
        else:
            self._wake.set()

    def acknowledge(self, taken: OfferAck) -> None:
        """Offers are committed as far as that says; the newest word counts."""
        self._taken = taken
        self._wake.set()

    async def hand_again(self, items: Sequence[HandedItem]) -> None:
        """Items from the book, whatever waits."""
        for first in range(0, len(items), ITEMS_AT_ONCE):
            batch = ImportBatch(tuple(items[first : first + ITEMS_AT_ONCE]))
            await self._publish("import.data", _PACK.encode(batch))

    async def run(self) -> None:
        """For ever: what waits goes LATER_S after it began to."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(LATER_S)
            self._wake.clear()
            await self._flush()

    async def _flush(self) -> None:
        async with self._order:
            items, self._items = self._items, []
            await self.hand_again(items)
            if self._taken is not None:
                taken, self._taken = self._taken, None
                await self._publish("offer.ack", _PACK.encode(taken))

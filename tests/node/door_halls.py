"""A hall that keeps its half of the handoff in memory, and what is expected of three of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec
from exchange_samples import product

from tocsin.model.handoff import (
    DoorMessage,
    HandedItem,
    ImportAck,
    ImportBatch,
    LinkReport,
    OfferAck,
    OfferBatch,
)
from tocsin.model.label import Nation
from tocsin.model.product import Decision, Import, Offer, Product, Quarantined
from tocsin.model.time import Instant

Publish = Callable[[str, bytes], Awaitable[None]]

PACK = msgspec.msgpack.Encoder()


class Hall:
    """Offers are kept until acknowledged; items are taken once, in order, and acknowledged."""

    def __init__(self) -> None:
        self.publish: Publish | None = None
        self.offers: list[Offer] = []
        self.acked = 0
        self.items: list[HandedItem] = []
        self.report: LinkReport | None = None

    async def offer(self, *products: Product) -> None:
        rows = [Offer(len(self.offers) + n, one, Instant(0)) for n, one in enumerate(products, 1)]
        self.offers += rows
        await self._send(rows)

    async def _send(self, rows: list[Offer]) -> None:
        if self.publish is not None:
            await self.publish("offer.data", PACK.encode(OfferBatch(tuple(rows[:100]))))

    async def hear(self, topic: str, data: bytes) -> None:
        """Both topics, where there is no broker between."""
        await (self.on_ack if topic == "offer.ack" else self.on_data)(data)

    async def on_ack(self, data: bytes) -> None:
        self.acked = max(self.acked, msgspec.msgpack.decode(data, type=OfferAck).upto)

    async def on_data(self, data: bytes) -> None:
        message = msgspec.msgpack.decode(data, type=DoorMessage)
        if isinstance(message, ImportBatch):
            for row in message.items:
                if row.number == len(self.items) + 1:
                    self.items.append(row)
            await self._ack()
        elif isinstance(message, LinkReport):
            self.report = message

    async def _ack(self) -> None:
        if self.publish is not None:
            await self.publish("import.ack", PACK.encode(ImportAck(len(self.items), 1)))

    async def live(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self._ack()
            await self._send(self.offers[self.acked :])

    def imports(self) -> list[Import]:
        return [row.item for row in self.items if isinstance(row.item, Import)]

    def quarantined(self) -> list[Quarantined]:
        return [row.item for row in self.items if isinstance(row.item, Quarantined)]


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> bool:
    end = asyncio.get_running_loop().time() + within_s
    while not condition() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)
    return condition()


def counted(halls: dict[Nation, Hall]) -> dict[Nation, Counter[tuple[Nation, Product]]]:
    return {me: Counter((row.origin, row.product) for row in hall.imports()) for me, hall in halls.items()}


def wanted(count: int) -> dict[Nation, Counter[tuple[Nation, Product]]]:
    return {
        me: Counter(
            (origin, product(origin, n)) for origin in Nation if origin is not me for n in range(1, count + 1)
        )
        for me in Nation
    }


def decided(hall: Hall) -> list[Decision]:
    return [row.item for row in hall.items if isinstance(row.item, Decision)]

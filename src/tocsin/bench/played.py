"""Halls played by the benchmark in front of real door processes: the handoff as tocsin.node.hall_door speaks
it, without fold and record.

A played hall numbers its offers, repeats what the door has not acknowledged, takes items once and in order,
and acknowledges them at once. So what is measured is the doors' and brokers' work: offer -> decision, label,
signature, commit at the origin -> both routes -> verification and commit at each partner -> handed to its
hall.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from tocsin.bench.load import Tally
from tocsin.model.event import LaunchEvent
from tocsin.model.handoff import DoorMessage, ImportAck, ImportBatch, OfferAck, OfferBatch
from tocsin.model.label import Nation
from tocsin.model.product import Import, Offer, Product
from tocsin.model.time import Instant
from tocsin.model.track import Tracklet
from tocsin.node.bus import Bus, connect_bus
from tocsin.node.config import NodeConfig
from tocsin.node.turn import contiguous

RESEND_S = 0.5
AGAIN = 100
"""As the hall's own: repeated after half a second without progress, a hundred offers at once."""

_PACK = msgspec.msgpack.Encoder()
_FROM_DOOR: msgspec.msgpack.Decoder[DoorMessage] = msgspec.msgpack.Decoder(DoorMessage)
_ACK = msgspec.msgpack.Decoder(OfferAck)

Stream = tuple[str, str, int]


class PlayedHall:
    """One nation's hall, going on where its record left off. `takers` see every import that is taken."""

    def __init__(self, bus: Bus, offers_upto: int, handed_upto: int) -> None:
        self._bus = bus
        self._offers_upto, self._handed_upto = offers_upto, handed_upto
        self._acked = 0
        self._open: deque[Offer] = deque()
        self.imports: list[Stream] = []
        self.takers: list[Callable[[Import], None]] = []
        self._living: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, config: NodeConfig, offers_upto: int, handed_upto: int) -> "PlayedHall":
        """Connect to the private account and begin to listen."""
        hall = cls(await connect_bus(config, "hall"), offers_upto, handed_upto)
        await hall._bus.subscribe("offer.ack", hall._on_ack)
        await hall._bus.subscribe("import.data", hall._on_data)
        hall._living = asyncio.create_task(hall._live())
        return hall

    async def close(self) -> None:
        """Stop repeating and hang up."""
        if self._living is not None:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)
        await self._bus.close()

    async def offer(self, products: Sequence[Product]) -> None:
        """Offer them together."""
        rows = [Offer(self._offers_upto + n, one, Instant(0)) for n, one in enumerate(products, 1)]
        self._offers_upto += len(rows)
        self._open.extend(rows)
        await self._bus.publish("offer.data", _PACK.encode(OfferBatch(tuple(rows))))

    async def _on_ack(self, data: bytes) -> None:
        self._acked = max(self._acked, _ACK.decode(data).upto)
        while self._open and self._open[0].number <= self._acked:
            self._open.popleft()

    async def _on_data(self, data: bytes) -> None:
        message = _FROM_DOOR.decode(data)
        if not isinstance(message, ImportBatch):
            return
        for row in contiguous(message.items, self._handed_upto):
            self._handed_upto = row.number
            if isinstance(row.item, Import):
                self.imports.append((row.item.origin, row.item.traffic, row.item.sequence))
                for take in self.takers:
                    take(row.item)
        await self._acknowledge()

    async def _acknowledge(self) -> None:
        await self._bus.publish("import.ack", _PACK.encode(ImportAck(self._handed_upto, self._handed_upto)))

    async def _live(self) -> None:
        before = -1
        while True:
            await self._acknowledge()
            if self._acked == before and self._open:
                again = tuple(self._open[n] for n in range(min(AGAIN, len(self._open))))
                await self._bus.publish("offer.data", _PACK.encode(OfferBatch(again)))
            before = self._acked
            await asyncio.sleep(RESEND_S)


class DoorWay:
    """Way from one played hall through three real doors to the other two. `sample`: the product to repeat,
    its sequence replaced by the running number."""

    def __init__(
        self, halls: Mapping[Nation, PlayedHall], origin: Nation, sample: Tracklet | LaunchEvent
    ) -> None:
        self.tally = Tally(len(halls) - 1)
        self._hall, self._sample = halls[origin], sample
        self._number = 0
        for nation, hall in halls.items():
            if nation is not origin:
                hall.takers.append(self._taker(nation))

    async def offer(self, count: int) -> None:
        """See Way."""
        products: list[Product] = []
        for _ in range(count):
            self._number += 1
            products.append(replace(self._sample, sequence=self._number))
            self.tally.offered(self._number)
        await self._hall.offer(products)

    def _taker(self, nation: Nation) -> Callable[[Import], None]:
        kind, track_id = type(self._sample), self._sample.track_id

        def take(item: Import) -> None:
            product = item.product
            if isinstance(product, kind) and product.track_id == track_id:
                self.tally.arrived(product.sequence, nation)

        return take

"""What the door says to its hall: what a partner sent at once, all else together and in order."""

from __future__ import annotations

import asyncio

import msgspec
from exchange_samples import NOW, tracklet

from tocsin.model.handoff import DoorMessage, HandedItem, ImportBatch, OfferAck
from tocsin.model.label import Nation
from tocsin.model.product import Import, Receipt, Traffic
from tocsin.node.handing import ITEMS_AT_ONCE, LATER_S, Handing

Said = list[tuple[str, object]]


def receipt(number: int) -> HandedItem:
    return HandedItem(number, Receipt(Nation.JPN, Traffic.FLOW, number))


def imported(number: int) -> HandedItem:
    product = tracklet(Nation.JPN, number)
    return HandedItem(number, Import(Nation.JPN, Traffic.FLOW, number, product, NOW, NOW))


class Line:
    """Keeps what was said: numbers of items, or what was acknowledged."""

    def __init__(self) -> None:
        self.said: Said = []

    async def publish(self, topic: str, data: bytes) -> None:
        if topic == "offer.ack":
            self.said.append((topic, msgspec.msgpack.decode(data, type=OfferAck).upto))
            return
        batch = msgspec.msgpack.decode(data, type=DoorMessage)
        assert isinstance(batch, ImportBatch)
        self.said.append((topic, [item.number for item in batch.items]))


def test_what_a_partner_sent_goes_at_once_and_takes_along_what_waits() -> None:
    async def work() -> Said:
        line = Line()
        handing = Handing(line.publish)
        await handing.hand([receipt(1), receipt(2)])
        handing.acknowledge(OfferAck(7))
        assert line.said == []
        await handing.hand([receipt(3), imported(4)])
        return line.said

    assert asyncio.run(work()) == [("import.data", [1, 2, 3, 4]), ("offer.ack", 7)]


def test_the_rest_shares_a_message_and_only_the_newest_acknowledgement_is_said() -> None:
    async def work() -> Said:
        line = Line()
        handing = Handing(line.publish)
        running = asyncio.create_task(handing.run())
        for number in range(1, 4):
            await handing.hand([receipt(number)])
            handing.acknowledge(OfferAck(number))
        await asyncio.sleep(3 * LATER_S)
        first = [*line.said]
        handing.acknowledge(OfferAck(9))
        await asyncio.sleep(3 * LATER_S)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert first == [("import.data", [1, 2, 3]), ("offer.ack", 3)]
        return line.said

    assert asyncio.run(work())[2:] == [("offer.ack", 9)]


def test_what_fills_two_messages_leaves_before_what_came_meanwhile() -> None:
    """The hall drops what comes before its turn, and is sent it again half a second later."""

    async def work() -> Said:
        line = Line()

        async def slowly(topic: str, data: bytes) -> None:
            await asyncio.sleep(0)
            await line.publish(topic, data)

        handing = Handing(slowly)
        many = [receipt(n) for n in range(1, 2 * ITEMS_AT_ONCE)]
        await asyncio.gather(handing.hand(many), handing.hand([imported(2 * ITEMS_AT_ONCE)]))
        return line.said

    numbers = [n for _, batch in asyncio.run(work()) if isinstance(batch, list) for n in batch]
    assert numbers == list(range(1, 2 * ITEMS_AT_ONCE + 1))


def test_a_full_message_waits_for_nothing() -> None:
    async def work() -> Said:
        line = Line()
        await Handing(line.publish).hand([receipt(n) for n in range(1, ITEMS_AT_ONCE + 2)])
        return line.said

    numbers = list(range(1, ITEMS_AT_ONCE + 2))
    assert asyncio.run(work()) == [
        ("import.data", numbers[:ITEMS_AT_ONCE]),
        ("import.data", numbers[ITEMS_AT_ONCE:]),
    ]

"""The hall's side of the handoff: nothing is forgotten while the door is away, nothing is taken twice."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tocsin.model.event import LaunchEvent, LaunchPointEstimate
from tocsin.model.handoff import HandedItem, ImportAck, ImportBatch, LinkReport, OfferAck, OfferBatch
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Offer, Quarantined
from tocsin.model.space import Ellipse95
from tocsin.model.time import Instant
from tocsin.node import hall_door
from tocsin.node.hall_door import DoorLink
from tocsin.node.pending import Pending
from tocsin.record.ledger import Entry, Ledger, Step

LABEL = Label(Plane.TEST, frozenset((Nation.KOR,)), frozenset((Nation.JPN,)))
POINT = LaunchPointEstimate(40.6, 126.4, Ellipse95(1e3, 1e3, 0.0), Instant(1), 1.0)


def offer(number: int) -> Offer:
    return Offer(number, LaunchEvent(Nation.KOR, "KOR-1", number, Instant(1), POINT, LABEL), Instant(2))


class World:
    """A ledger with three offers in it and what the hall said."""

    def __init__(self, path: Path) -> None:
        self.ledger = Ledger(path)
        bodies = tuple((n, msgspec.msgpack.encode(offer(n))) for n in (1, 2, 3))
        self.ledger.append(
            Step(1, Instant(1), Instant(1), Instant(1), b"\0" * 32, (Entry("plots", "{}"),), offers=bodies)
        )
        self.pending = Pending()
        self.said: list[tuple[str, bytes]] = []
        self.woken = 0
        self.link = DoorLink(self.ledger, self.pending, self.publish, self.wake)

    async def publish(self, topic: str, data: bytes) -> None:
        self.said.append((topic, data))

    def wake(self) -> None:
        self.woken += 1

    def offers_said(self) -> list[int]:
        batches = [
            msgspec.msgpack.decode(data, type=OfferBatch)
            for topic, data in self.said
            if topic == "offer.data"
        ]
        return [row.number for batch in batches for row in batch.offers]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "hall.sqlite")
    yield made
    made.ledger.close()


def batch(*numbers: int) -> bytes:
    items = tuple(HandedItem(n, Quarantined("x", "y", "z", Instant(0))) for n in numbers)
    return msgspec.msgpack.encode(ImportBatch(items))


def test_open_offers_are_sent_again_until_the_door_has_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_door, "RESEND_S", 0.02)

    async def story() -> None:
        resending = asyncio.create_task(world.link.resend())
        await asyncio.sleep(0.1)
        await world.link.on_offer_ack(msgspec.msgpack.encode(OfferAck(2)))
        await asyncio.sleep(0.03)
        world.said.clear()
        await asyncio.sleep(0.1)
        resending.cancel()

    asyncio.run(story())
    assert set(world.offers_said()) == {3}


def test_nothing_is_said_again_once_all_is_acknowledged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hall_door, "RESEND_S", 0.02)

    async def story() -> None:
        await world.link.on_offer_ack(msgspec.msgpack.encode(OfferAck(3)))
        resending = asyncio.create_task(world.link.resend())
        await asyncio.sleep(0.1)
        resending.cancel()

    asyncio.run(story())
    assert world.offers_said() == []


def test_items_are_queued_once_and_in_order(world: World) -> None:
    async def story() -> None:
        await world.link.on_import_data(batch(1, 2))
        await world.link.on_import_data(batch(2, 3))
        await world.link.on_import_data(batch(5))

    asyncio.run(story())
    (stimulus, *rest), _ = world.pending.take()
    assert [item.number for item in stimulus.items] == [1, 2, 3]  # type: ignore[union-attr]
    assert rest == []
    assert world.woken == 2


def test_a_repeat_of_what_is_committed_is_acknowledged_again(tmp_path: Path) -> None:
    made = World(tmp_path / "hall.sqlite")
    made.ledger.append(Step(2, Instant(2), Instant(1), Instant(1), b"\0" * 32, (), handed_upto=4))
    link = DoorLink(made.ledger, made.pending, made.publish, made.wake)
    asyncio.run(link.on_import_data(batch(3, 4)))
    assert [msgspec.msgpack.decode(data, type=ImportAck) for _, data in made.said] == [ImportAck(4, 2)]
    assert not made.pending.waiting
    made.ledger.close()


def test_a_report_of_the_links_waits_for_the_next_turn(world: World) -> None:
    asyncio.run(world.link.on_import_data(msgspec.msgpack.encode(LinkReport((), 7))))
    assert not world.pending.waiting
    stimuli, _ = world.pending.take()
    assert [stimulus.copies for stimulus in stimuli] == [7]  # type: ignore[union-attr]

"""The hall's side of the handoff: nothing is forgotten while the door is away, nothing is taken twice."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tocsin.model.event import LaunchEvent, LaunchPointEstimate
from tocsin.model.handoff import (
    Committed,
    CommitWanted,
    HandedItem,
    ImportAck,
    ImportBatch,
    LinkReport,
    OfferAck,
    OfferBatch,
)
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Offer, Quarantined
from tocsin.model.space import Ellipse95
from tocsin.model.time import Instant
from tocsin.node import hall_door
from tocsin.node.hall_door import DoorLink
from tocsin.node.hall_words import AlarmsIn, Forgot
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


# ---- commitments for the log that partners witness


def asked(world: World, generation: int, number: int) -> Committed:
    message = CommitWanted(generation, number)
    asyncio.run(world.link.on_import_data(msgspec.msgpack.encode(message)))
    topic, data = world.said[-1]
    assert topic == "offer.data"
    return msgspec.msgpack.decode(data, type=Committed)


def wrong(world: World) -> list[str]:
    """Alarms about the record that the next step would take in; null news is an empty list."""
    stimuli, _ = world.pending.take()
    return [one.kind for word in stimuli if isinstance(word, AlarmsIn) for one in word.alarms]


def test_the_hall_commits_itself_and_stands_by_it(world: World) -> None:
    first = asked(world, 1, 1)
    assert asked(world, 1, 2).commitment != first.commitment, "a new salt, though nothing has changed"
    again = asked(world, 1, 1)
    assert again.commitment == first.commitment
    assert again.last == 2, "a door whose book is older asks on"
    assert wrong(world) == []


def test_an_old_record_put_back_is_told_by_the_doors_next_question(tmp_path: Path) -> None:
    path = tmp_path / "hall.sqlite"
    world = World(path)
    asked(world, 1, 1)
    world.ledger.close()
    shutil.copy(path, tmp_path / "old.sqlite")
    world.ledger = Ledger(path)
    world.link = DoorLink(world.ledger, world.pending, world.publish, world.wake)
    asked(world, 1, 2)
    asked(world, 1, 3)
    world.ledger.close()

    for left in tmp_path.glob("hall.sqlite*"):
        left.unlink()
    shutil.copy(tmp_path / "old.sqlite", path)
    world.ledger = Ledger(path)
    world.link = DoorLink(world.ledger, world.pending, world.publish, world.wake)
    assert wrong(world) == []
    asked(world, 1, 4)
    assert wrong(world) == ["old-backup"]
    world.link = DoorLink(world.ledger, world.pending, world.publish, world.wake)
    assert wrong(world) == ["old-backup"], "a restart does not make it forget"
    asked(world, 2, 1)
    stimuli, _ = world.pending.take()
    assert [word for word in stimuli if isinstance(word, AlarmsIn)] == [AlarmsIn("record", ())]
    world.ledger.close()


# ---- what the record does not hold


def more(world: World, step: int, *numbers: int) -> None:
    bodies = tuple((n, msgspec.msgpack.encode(offer(n))) for n in numbers)
    world.ledger.append(Step(step, Instant(2), Instant(1), Instant(1), b"\0" * 32, (), offers=bodies))


def acked(world: World, ack: OfferAck) -> list[Forgot]:
    asyncio.run(world.link.on_offer_ack(msgspec.msgpack.encode(ack)))
    stimuli, _ = world.pending.take()
    return [word for word in stimuli if isinstance(word, Forgot)]


@pytest.mark.parametrize("ack", [OfferAck(4, 0), OfferAck(3, 1)], ids=["offers", "items"])
def test_a_door_that_knows_of_more_tells_that_the_record_is_old(world: World, ack: OfferAck) -> None:
    assert acked(world, ack) == [Forgot(ack.upto, ack.taken, ())]
    assert world.offers_said() == []


def test_a_door_that_knows_of_as_much_is_sent_what_it_lacks(world: World) -> None:
    assert acked(world, OfferAck(2, 0)) == []
    assert world.offers_said() == [3]


def test_offers_under_numbers_that_the_door_has_already_are_made_again(world: World) -> None:
    """Made since the start, before the door was heard: 4 and 5 are others there, 6 is not taken."""
    more(world, 2, 4, 5, 6)
    (forgot,) = acked(world, OfferAck(5, 0))
    assert [one.number for one in forgot.again] == [4, 5]


def test_numbers_that_are_left_out_are_said_to_be(world: World) -> None:
    more(world, 2, 6, 7)
    assert acked(world, OfferAck(0, 0)) == []
    batches = [msgspec.msgpack.decode(data, type=OfferBatch) for _, data in world.said]
    assert [(one.after, [row.number for row in one.offers]) for one in batches] == [
        (0, [1, 2, 3]),
        (3, [6, 7]),
    ]


def test_many_offers_go_in_messages_that_the_broker_takes(world: World) -> None:
    assert acked(world, OfferAck(3, 0)) == []
    asyncio.run(world.link.send([offer(n) for n in range(4, 4 + 2 * hall_door.OFFERS_AT_ONCE + 5)]))
    batches = [msgspec.msgpack.decode(data, type=OfferBatch) for _, data in world.said]
    assert [len(one.offers) for one in batches] == [hall_door.OFFERS_AT_ONCE] * 2 + [5]
    assert world.offers_said() == list(range(4, 4 + 2 * hall_door.OFFERS_AT_ONCE + 5))


def test_while_the_door_goes_on_nothing_is_sent_again(world: World) -> None:
    acked(world, OfferAck(0, 0))
    for upto, again in ((0, []), (1, []), (1, [2, 3]), (3, [])):
        world.ledger.offers_taken(upto)
        world.said.clear()
        asyncio.run(world.link.resend_stalled())
        assert world.offers_said() == again

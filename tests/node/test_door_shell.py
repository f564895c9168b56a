"""Three doors' shells in one process over a transport that refuses, loses, doubles and delays on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from door_halls import PACK, Hall, Publish, counted, decided, until, wanted
from exchange_samples import PLANE, key, launch, product, tracklet, trust_of

from tocsin.model.event import LaunchEvent
from tocsin.model.handoff import DoorMessage, HandedItem, ImportBatch
from tocsin.model.label import Nation
from tocsin.model.product import Import, Traffic
from tocsin.model.track import Tracklet
from tocsin.node.door import Door
from tocsin.node.door_book import DoorBook
from tocsin.node.door_words import Office
from tocsin.share.lossy import Faults, LossyNet
from tocsin.share.topology import Topology


@contextlib.asynccontextmanager
async def doors(folder: Path, net: LossyNet, halls: dict[Nation, Hall]) -> AsyncIterator[dict[Nation, Door]]:
    """Doors and halls run until the block ends, then stop as at SIGTERM."""
    made: dict[Nation, Door] = {}
    books = [DoorBook(folder / f"{nation}.sqlite") for nation in Nation]
    jobs: list[asyncio.Task[None]] = []
    for nation, book in zip(Nation, books, strict=True):
        hall = halls[nation]
        office = Office(nation, PLANE, net.topology, trust_of(nation), key(nation))
        door = Door(office, book, net.ends[nation], hall.hear)
        hall.publish = _to(door)
        made[nation] = door
        jobs += [asyncio.create_task(job) for job in (*door.jobs(), hall.live())]
    try:
        yield made
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        for door, book in zip(made.values(), books, strict=True):
            door.close()
            book.close()


def _to(door: Door) -> Publish:
    async def publish(topic: str, data: bytes) -> None:
        await (door.on_offers if topic == "offer.data" else door.on_import_ack)(data)

    return publish


def assert_exactly_once(halls: dict[Nation, Hall], count: int) -> None:
    assert counted(halls) == wanted(count)
    for hall in halls.values():
        assert len(decided(hall)) == 2 * count
        assert not hall.quarantined()


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(refuse=0.3, lose=0.2, double=0.3, delay_s=0.2, again_s=0.3)],
    ids=["quiet", "bad"],
)
def test_exactly_once(tmp_path: Path, faults: Faults) -> None:
    halls = {nation: Hall() for nation in Nation}

    async def work() -> None:
        net = LossyNet(Topology(), faults, random.Random(7).random)
        async with doors(tmp_path, net, halls):
            for n in range(1, 201, 20):
                for nation, hall in halls.items():
                    await hall.offer(*(product(nation, k) for k in range(n, n + 20)))
                await asyncio.sleep(0.01)
            await until(
                lambda: counted(halls) == wanted(200) and all(len(decided(h)) == 400 for h in halls.values()),
                within_s=60.0,
            )

    asyncio.run(work())
    assert_exactly_once(halls, 200)


def test_backlog_of_a_dead_network_goes_out_after_a_restart(tmp_path: Path) -> None:
    """More envelopes than a courier keeps in memory, a door that stops in between, and nothing new to say
    later.
    """
    halls = {nation: Hall() for nation in Nation}
    count = 1_500  # urgent ones go singly: about 270 envelopes a partner, more than MOST_WAITING

    async def fill() -> None:
        net = LossyNet(Topology(), Faults(refuse=1.0), random.Random(1).random)
        async with doors(tmp_path, net, halls):
            for n in range(1, count + 1, 100):
                await halls[Nation.KOR].offer(*(product(Nation.KOR, k) for k in range(n, n + 100)))
            await until(lambda: len(decided(halls[Nation.KOR])) == 2 * count)

    async def drain() -> None:
        net = LossyNet(Topology(), Faults(), random.Random(1).random)
        async with doors(tmp_path, net, halls):
            await until(lambda: all(len(halls[n].imports()) >= count for n in (Nation.USA, Nation.JPN)))

    asyncio.run(fill())
    assert not halls[Nation.JPN].imports()
    asyncio.run(drain())
    everything = {product(Nation.KOR, n) for n in range(1, count + 1)}
    for nation in (Nation.USA, Nation.JPN):
        assert len(halls[nation].imports()) == count
        assert {row.product for row in halls[nation].imports()} == everything


class Shut(Hall):
    """Commits nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[HandedItem] = []
        self.shut = True

    async def on_data(self, data: bytes) -> None:
        message = msgspec.msgpack.decode(data, type=DoorMessage)
        if self.shut and isinstance(message, ImportBatch):
            self.waiting += message.items
        elif not self.shut:
            await super().on_data(data)

    async def open(self) -> None:
        self.shut = False
        await super().on_data(PACK.encode(ImportBatch(tuple(self.waiting))))

    def urgent(self) -> int:
        handed = {row.number: row.item for row in self.waiting}.values()
        return sum(isinstance(item, Import) and item.traffic is Traffic.URGENT for item in handed)


def test_what_is_urgent_passes_flow_that_its_hall_has_not_taken(tmp_path: Path) -> None:
    """As after an outage: more flow has come than the hall works off in seconds, then something urgent."""
    japan = Shut()
    halls: dict[Nation, Hall] = {Nation.USA: Hall(), Nation.KOR: Hall(), Nation.JPN: japan}
    flow, urgent = 5_000, 20

    async def work() -> None:
        net = LossyNet(Topology(), Faults(again_s=60.0), random.Random(3).random)
        async with doors(tmp_path, net, halls):
            for n in range(1, flow + 1, 100):
                await halls[Nation.KOR].offer(*(tracklet(Nation.KOR, k) for k in range(n, n + 100)))
                await asyncio.sleep(0.01)
            await until(lambda: halls[Nation.KOR].acked == flow)
            await halls[Nation.KOR].offer(*(launch(Nation.KOR, flow + n) for n in range(1, urgent + 1)))
            await until(lambda: japan.urgent() == urgent)
            await japan.open()
            await until(lambda: len(japan.imports()) == flow + urgent)

    asyncio.run(work())
    came = [row.product for row in japan.imports()]
    assert len(came) == flow + urgent
    last = max(n for n, one in enumerate(came) if isinstance(one, LaunchEvent))
    assert last < flow * 3 / 4
    for kind in (LaunchEvent, Tracklet):
        numbers = [one.sequence for one in came if isinstance(one, kind)]
        assert numbers == sorted(numbers)

"""The transport in memory: same seed, same faults; what a courier and an inbox can rely on."""

from __future__ import annotations

import asyncio
import random

import pytest
from brokers import sealed
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.share.lossy import Faults, LossyNet
from tocsin.share.mailbox import Mailbox
from tocsin.share.topology import Mode, Route, Topology
from tocsin.share.transport import Arrival, Transport, TransportError

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
ROUGH = Faults(refuse=0.2, lose=0.2, double=0.2, delay_s=0.02, again_s=0.05)


async def run(faults: Faults, seed: int, count: int = 60, listen_s: float = 0.3) -> list[tuple[Route, bytes]]:
    net = LossyNet(Topology(), faults, random.Random(seed).random)
    sender: Transport = net.ends[KOR]
    for number in range(count):
        while True:
            try:
                await sender.send(sealed(KOR, JPN, number))
                break
            except TransportError:
                continue
    return await listen(net.ends[JPN], listen_s)


async def listen(end: Transport, seconds: float) -> list[tuple[Route, bytes]]:
    came: list[tuple[Route, bytes]] = []

    async def read() -> None:
        async for arrival in end.arrivals():
            came.append((arrival.route, arrival.data))
            await arrival.ack()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), seconds)
    return came


def test_without_faults_everything_comes_once_by_each_route() -> None:
    came = asyncio.run(run(Faults(), 1, listen_s=0.05))
    assert sorted(came) == sorted((r, sealed(KOR, JPN, n).data) for r in Route for n in range(60))


def test_faults_lose_double_and_reorder_but_never_alter() -> None:
    came = asyncio.run(run(ROUGH, 1))
    sent = [sealed(KOR, JPN, n).data for n in range(60)]
    direct = [data for route, data in came if route is Route.DIRECT]
    assert set(direct) < set(sent)
    assert len(direct) > len(set(direct))
    assert direct != sorted(direct, key=sent.index)


def test_the_same_seed_has_the_same_faults() -> None:
    assert sorted(asyncio.run(run(ROUGH, 7))) == sorted(asyncio.run(run(ROUGH, 7)))
    assert sorted(asyncio.run(run(ROUGH, 7))) != sorted(asyncio.run(run(ROUGH, 8)))


def test_a_cut_hop_holds_messages_until_it_heals() -> None:
    async def work() -> tuple[list[tuple[Route, bytes]], list[tuple[Route, bytes]], tuple[Route, ...]]:
        net = LossyNet(Topology(Mode.HUB), Faults(again_s=0.02), random.Random(1).random)
        net.cut.add((USA, JPN))
        await net.ends[KOR].send(sealed(KOR, JPN, 1))
        during = await listen(net.ends[JPN], 0.05)
        net.cut.clear()
        after = await listen(net.ends[JPN], 0.1)
        return during, after, net.ends[JPN].paths_up(KOR)

    during, after, up = asyncio.run(work())
    assert during == []
    assert after == [(Route.HUB, sealed(KOR, JPN, 1).data)]
    assert up == (Route.HUB,)


def test_the_same_attempt_is_stored_once_and_the_hub_needs_leave() -> None:
    async def work() -> list[tuple[Route, bytes]]:
        net = LossyNet(Topology(), Faults(), random.Random(1).random)
        message = replace(sealed(KOR, JPN, 1), by_hub=False)
        for attempt in (0, 0, 1):
            assert await net.ends[KOR].send(message, attempt) == (Route.DIRECT,)
        return await listen(net.ends[JPN], 0.05)

    assert len(asyncio.run(work())) == 2


async def _no_ack() -> None: ...


def _arrival(traffic: Traffic, *, stored: bool = True) -> Arrival:
    return Arrival(KOR, Route.DIRECT, KOR, traffic, traffic.encode(), stored, _no_ack)


def test_a_mailbox_serves_by_urgency_and_is_bounded() -> None:
    async def work() -> list[tuple[Traffic, bool]]:
        box = Mailbox(limit=2)
        for traffic in (Traffic.FLOW, Traffic.URGENT, Traffic.CONTROL):
            assert [box.put(_arrival(traffic)) for _ in range(3)] == [True, True, False]
        assert all(box.put(_arrival(Traffic.CONTROL, stored=False)) for _ in range(3_000))
        reading = box.arrivals()
        return [((a := await anext(reading)).traffic, a.stored) for _ in range(6 + 1_024)]

    order = asyncio.run(work())
    stored = [traffic for traffic, is_stored in order if is_stored]
    assert stored == [Traffic.CONTROL] * 2 + [Traffic.URGENT] * 2 + [Traffic.FLOW] * 2
    assert order[4:-2] == [(Traffic.CONTROL, False)] * 1_024

"""The Transport over three real brokers: delivery on both routes, crashes, order of service."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from brokers import Trio, collect, sealed

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.node.broker_plan import door_exchange
from tocsin.share.exchange import Exchange
from tocsin.share.topology import Mode, Route
from tocsin.share.transport import Arrival, TransportError

PAIRS = tuple(itertools.permutations(Nation, 2))
KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA

Row = tuple[Nation, Route, bytes]


def rows(came: list[Arrival]) -> list[Row]:
    return sorted((a.origin, a.route, a.data) for a in came)


def complete(count: int, came: list[Arrival]) -> bool:
    return len(came) == count


async def deliver_everywhere(trio: Trio, run: str) -> tuple[dict[Nation, list[Row]], dict[Nation, list[Row]]]:
    """One message of each class in all six directions: (what should come, what came), by recipient."""
    wanted: dict[Nation, list[Row]] = {nation: [] for nation in Nation}
    async with trio.doors() as doors:
        for origin, recipient in PAIRS:
            for traffic in Traffic:
                message = sealed(origin, recipient, 1, traffic, run)
                routes = await doors[origin].send(message)
                wanted[recipient] += [(origin, route, message.data) for route in routes]
        came = await asyncio.gather(
            *(collect(doors[n], partial(complete, len(wanted[n])), run=run) for n in Nation)
        )
    return {n: sorted(wanted[n]) for n in Nation}, {n: rows(got) for n, got in zip(Nation, came, strict=True)}


def test_all_six_directions_and_classes_on_both_routes(trio: Trio) -> None:
    wanted, came = trio.run(deliver_everywhere(trio, "both"))
    assert came == wanted
    assert {route for _, route, _ in came[JPN]} == {Route.DIRECT, Route.HUB}


@pytest.mark.parametrize("mode", [Mode.HUB, Mode.MESH])
def test_other_topologies_deliver_on_their_only_route(make_trio: Callable[[Mode], Trio], mode: Mode) -> None:
    other = make_trio(mode)
    wanted, came = other.run(deliver_everywhere(other, mode))
    assert came == wanted
    korean = {route for origin, route, _ in came[JPN] if origin is KOR}
    assert korean == {Route.HUB if mode is Mode.HUB else Route.DIRECT}
    other.run(other.stop())


def test_the_hub_route_is_taken_only_when_the_seal_allows_it(trio: Trio) -> None:
    async def work() -> tuple[tuple[Route, ...], list[Arrival]]:
        async with trio.doors() as doors:
            message = msgspec.structs.replace(sealed(KOR, JPN, 1, run="narrow"), by_hub=False)
            routes = await doors[KOR].send(message)
            return routes, await collect(doors[JPN], lambda got: len(got) > 1, within_s=1.0, run="narrow")

    routes, came = trio.run(work())
    assert routes == (Route.DIRECT,)
    assert [arrival.route for arrival in came] == [Route.DIRECT]


def test_the_same_message_is_stored_once_and_a_new_attempt_anew(trio: Trio) -> None:
    async def work() -> list[Arrival]:
        async with trio.doors() as doors:
            message = sealed(KOR, USA, 1, run="again")
            for attempt in (0, 0, 0, 1):
                await doors[KOR].send(message, attempt)
            return await collect(doors[USA], lambda got: len(got) > 2, within_s=1.0, run="again")

    assert len(trio.run(work())) == 2


def test_what_is_not_acknowledged_comes_again_after_the_door_restarts(trio: Trio) -> None:
    async def first_of(door: Exchange) -> Arrival:
        async for arrival in door.arrivals():
            if arrival.data.startswith(b"unacknowledged/"):
                return arrival
        raise AssertionError("arrivals end never")

    async def work() -> tuple[Arrival, Arrival]:
        async with trio.doors() as doors:
            await doors[USA].send(sealed(USA, JPN, 1, run="unacknowledged"))
            seen = await asyncio.wait_for(first_of(doors[JPN]), 15.0)
        async with trio.doors() as doors:
            again = await asyncio.wait_for(first_of(doors[JPN]), 15.0)
            await again.ack()
        return seen, again

    seen, again = trio.run(work())
    assert seen.data == again.data


def test_urgent_overtakes_flow_that_waits(trio: Trio) -> None:
    async def work() -> list[Traffic]:
        async with trio.doors() as doors:
            await asyncio.gather(
                *(doors[KOR].send(sealed(KOR, USA, n, Traffic.FLOW, "queue")) for n in range(300))
            )
            await doors[KOR].send(sealed(KOR, USA, 1, Traffic.URGENT, "queue"))
            await asyncio.sleep(1.0)
            came = await collect(doors[USA], lambda got: len(got) == 301, run="queue")
            return [arrival.traffic for arrival in came]

    order = trio.run(work())
    assert len(order) == 301
    assert order[0] is Traffic.URGENT


def test_heartbeats_and_flash_copies_come_unstored_on_every_route_and_flow_directly(trio: Trio) -> None:
    async def work() -> tuple[list[Arrival], tuple[Route, ...]]:
        async with trio.doors() as doors:
            beat = sealed(KOR, JPN, 1, Traffic.CONTROL, "unstored")
            await doors[KOR].say(msgspec.structs.replace(beat, fleeting=True))
            await doors[KOR].say(sealed(KOR, JPN, 1, Traffic.URGENT, "unstored"))
            await doors[KOR].say(sealed(KOR, JPN, 1, Traffic.FLOW, "unstored"))
            came = await collect(doors[JPN], lambda got: len(got) == 5, within_s=3.0, run="unstored")
            return came, doors[JPN].paths_up(KOR)

    assert door_exchange(trio.configs[JPN]).paths_up(KOR) == ()
    came, up = trio.run(work())
    assert {(a.traffic, a.route, a.stored) for a in came} == {
        *((traffic, route, False) for traffic in (Traffic.CONTROL, Traffic.URGENT) for route in Route),
        (Traffic.FLOW, Route.DIRECT, False),
    }
    assert up == (Route.DIRECT, Route.HUB)


async def send_until_taken(door: Exchange, numbers: range, run: str, taken: set[tuple[Route, bytes]]) -> None:
    """As an outbox does: again and again until the own broker has it. `taken`: what it took for which
    route."""
    for number in numbers:
        message = sealed(KOR, JPN, number, run=run)
        while True:
            try:
                taken |= {(route, message.data) for route in await door.send(message)}
                break
            except TransportError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("victim", [USA, KOR, JPN])
def test_nothing_is_lost_when_a_broker_is_killed_and_restarted(trio: Trio, victim: Nation) -> None:
    """The hub, the sender's and the recipient's in turn; with the hub away the direct copies flow on."""
    run = f"killed {victim}"
    taken: set[tuple[Route, bytes]] = set()
    all_sent = asyncio.Event()

    def complete(came: list[Arrival]) -> bool:
        return all_sent.is_set() and taken <= {(a.route, a.data) for a in came}

    async def work() -> list[Arrival]:
        async with trio.doors() as doors:
            reading = asyncio.create_task(collect(doors[JPN], complete, run=run))
            await send_until_taken(doors[KOR], range(20), run, taken)
            await trio.brokers[victim].kill()
            sending = asyncio.create_task(send_until_taken(doors[KOR], range(20, 60), run, taken))
            await asyncio.sleep(0.5)
            await trio.brokers[victim].start()
            await sending
            all_sent.set()
            await doors[KOR].send(sealed(KOR, JPN, 60, run=run))  # wakes the reader
            came = await reading
            await trio.linked()
            return came

    came = trio.run(work())
    assert taken <= {(a.route, a.data) for a in came}
    assert {data for _, data in taken} == {sealed(KOR, JPN, n, run=run).data for n in range(60)}
    assert len(taken) >= 118  # one message at the moment of the kill may have found one route only

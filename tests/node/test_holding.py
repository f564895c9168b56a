"""Whose flow waits at the door: everybody's behind a busy hall, one nation's behind what is urgent of it."""

from __future__ import annotations

from pathlib import Path

from door_world import Net, World
from exchange_samples import launch, tracklet
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import Instant
from tocsin.node.door_words import Flight
from tocsin.node.holding import MOST_HANDED, held
from tocsin.share.inbox import CATCH_UP_NS, InStream, told

USA, KOR, JPN = Nation.USA, Nation.KOR, Nation.JPN


def test_a_nation_whose_urgent_ones_are_under_way_and_nobody_else(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    for n in range(1, 4):
        world.halls[KOR].offer(launch(KOR, n))
    world.run(1.5)
    state = world.doors[JPN].state
    assert held(state, world.now) == frozenset()
    world.cut = True
    world.halls[KOR].offer(launch(KOR, 4))
    world.run(0.1)
    world.cut = False
    for n in range(5, 15):
        world.halls[KOR].offer(tracklet(KOR, n))
        world.run(0.1)
        if KOR in held(world.doors[JPN].state, world.now):
            break
    assert held(world.doors[JPN].state, world.now) == {KOR}  # its heartbeat has told of number 4
    world.run(4.0)
    assert held(world.doors[JPN].state, world.now) == frozenset()
    world.close()


def test_what_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    world.run(0.1)
    state, way = world.doors[JPN].state, (USA, Traffic.URGENT)
    world.close()
    noticed = replace(told(InStream(), 10), gap_ns=world.now)
    later = Instant(world.now + CATCH_UP_NS)
    assert held(replace(state, ins={way: noticed}), world.now) == {USA}
    assert held(replace(state, ins={way: noticed}), later) == frozenset()


def test_everybody_waits_for_a_hall_that_is_behind(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    state = world.doors[JPN].state
    world.close()
    for traffic, waits in ((Traffic.FLOW, True), (Traffic.URGENT, False)):
        open_ones = (Flight(1, KOR, traffic, 1, MOST_HANDED + 1),)
        assert bool(held(replace(state, flights=open_ones), world.now)) is waits
    assert not held(replace(state, flights=(Flight(1, KOR, Traffic.FLOW, 1, MOST_HANDED),)), world.now)

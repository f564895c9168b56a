"""Salvos: plots that stand closer together than an object flies between two looks, with misses, clutter and
delays.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
import world
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import aer_to_ecef, ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import Plot, RadarFix, Track
from tocsin.sim import scenario_file
from tocsin.sim.scenario import Salvo, Scenario
from tocsin.sim.sensors import Delivery, plots
from tocsin.sim.truth import FlownFlight, fly_all
from tocsin.track import tracker
from tocsin.track.group import frames, modes_of, pairs_of
from tocsin.track.nursery import hatch, link
from tocsin.track.rows import ROW, sensor_table

Array = NDArray[np.float64]

SITE_RAD = (np.radians(36.5), np.radians(127.5))
SENSOR = world.radar("kor-a", Nation.KOR, 36.5, 127.5, period=2.0).sensor(Plane.TEST)
TABLE = sensor_table([SENSOR])
VELOCITY = np.array([3500.0, 1000.0, 2300.0])  # of the flight of 2017-08-29, just after burnout


@dataclass(frozen=True)
class Lattice:
    """Rows of some looks at a lattice of objects, whose each one is (by row), and their local velocity."""

    rows: Array
    owner: NDArray[np.int64]
    velocity: Array


def lattice(
    chance: np.random.Generator, side: int, spacing_m: float, looks: int, detected: float = 0.9
) -> Lattice:
    """A square lattice of objects at a random course, 2 s apart, detected with the given probability."""
    centre = geodetic_to_ecef(np.radians(39.7), np.radians(128.5), 160e3)
    frame = frames(centre.reshape(1, 3))[0]
    turn = chance.uniform(0.0, 2.0 * np.pi)
    east, north = np.array([np.cos(turn), np.sin(turn), 0.0]), np.array([-np.sin(turn), np.cos(turn), 0.0])
    steps = spacing_m * (np.arange(side) - 0.5 * side)
    local = np.array([a * east + b * north for a in steps for b in steps])
    places = centre + local @ frame
    velocities = np.einsum("nji,j->ni", frames(places), VELOCITY)
    states = np.column_stack((places, velocities, np.full(len(places), 8.7)))
    entry = TABLE[0]
    rows: list[list[float]] = []
    owner: list[int] = []
    for k in range(looks):
        moved = propagate_many(states, 2.0 * k)
        polar = np.column_stack(ecef_to_aer(moved[:, :3], entry[5:8], entry[8:].reshape(3, 3)))
        polar += entry[:3] * chance.standard_normal(polar.shape)
        for n in np.flatnonzero(chance.random(len(polar)) < detected).tolist():
            rows.append([2.0 * k, 0.0, 0.0, float(len(rows)), *polar[n], np.nan, 0.0, 0.0])
            owner.append(n)
    last = propagate_many(states, 2.0 * (looks - 1))
    mean = np.einsum("nij,nj->ni", frames(last[:, :3]), last[:, 3:6]).mean(axis=0)
    return Lattice(np.array(rows).reshape(-1, ROW), np.array(owner), mean)


@given(st.integers(0, 10**6), st.integers(4, 10), st.sampled_from([3e3, 8e3, 20e3]))
@settings(max_examples=15, deadline=None)
def test_a_lattice_of_objects_is_told_from_itself_shifted(seed: int, side: int, spacing_m: float) -> None:
    """Five whole looks: nearly every object has one chain of its own plots, and no chain mixes many."""
    seen = lattice(np.random.default_rng(seed), side, spacing_m, looks=5)
    born, _ = hatch(seen.rows, TABLE, 2.0, np.empty((0, 3)), 8.0, -np.inf, Instant(0))
    numbers = {row[3]: n for row, n in zip(seen.rows.tolist(), seen.owner.tolist(), strict=True)}
    owners = [{numbers[n] for n in np.frombuffer(r.rows).reshape(-1, ROW)[:, 3].tolist()} for r in born]
    pure = {next(iter(one)) for one in owners if len(one) == 1}
    assert len(born) <= side**2 + 1
    assert len(pure) >= 0.9 * side**2


def test_common_velocity_is_that_of_the_group() -> None:
    seen = lattice(np.random.default_rng(1), 10, 3e3, looks=4)
    looks = [np.flatnonzero(seen.rows[:, 0] == t) for t in np.unique(seen.rows[:, 0])]
    modes = modes_of(pairs_of(seen.rows, looks, TABLE, 2.0))
    assert min(np.linalg.norm(modes - seen.velocity, axis=1)) < 60.0


def test_chains_by_a_wrong_velocity_come_and_go() -> None:
    """Shifted by one place a look, a lattice fits itself; then objects begin and end within sight."""
    seen = lattice(np.random.default_rng(2), 10, 3e3, looks=5)
    right = link(seen.rows, TABLE, 2.0, seen.velocity, 25.0)
    chance = np.random.default_rng(3)
    for _ in range(4):
        wrong = link(seen.rows, TABLE, 2.0, seen.velocity + chance.normal(0.0, 800.0, 3), 25.0)
        assert len(wrong) > len(right)


@lru_cache(maxsize=1)
def salvo() -> tuple[Scenario, tuple[FlownFlight, ...], list[Delivery]]:
    """36 objects of the shipped salvo at 3 km, as Korea's radar sees them: misses, clutter, delays to 2 s."""
    shipped = scenario_file.load("salvo-3km")
    flight = replace(shipped.flights[0], salvo=Salvo(count=36, spacing_km=3.0))
    sensors = tuple(spec for spec in shipped.sensors if spec.nation is Nation.KOR)
    scenario = replace(shipped, flights=(flight,), sensors=sensors, duration_s=190.0)
    truths = fly_all(scenario.flights)
    return scenario, truths, plots(scenario, 7, truths)


def picture(until_s: int) -> tuple[tracker.TrackerState, tuple[Track, ...]]:
    scenario, _, deliveries = salvo()
    state = tracker.new_tracker(Nation.KOR, scenario.sensors_of(Nation.KOR, Plane.TEST))
    tracks: tuple[Track, ...] = ()
    k = 0
    for second in range(1, until_s + 1):
        now, arrived = after(scenario.start_ns, float(second)), []
        while k < len(deliveries) and deliveries[k].deliver_ns <= now:
            arrived.append(deliveries[k].plot)
            k += 1
        state, tracks = tracker.step(state, arrived, now)
    return state, tracks


def test_every_object_of_a_salvo_is_one_track_and_nothing_else_is() -> None:
    truths = salvo()[1]
    _, tracks = picture(175)
    nearest = []
    for track in tracks:
        age_s = (track.state.epoch_ns - truths[0].launch_ns) / SECOND_NS
        there = np.array([flown.states(np.array([age_s]))[0, :3] for flown in truths])
        off_m = np.linalg.norm(there - np.array(track.state.x[:3]), axis=1)
        assert off_m.min() < 1_500.0
        nearest.append(int(off_m.argmin()))
    assert len(tracks) == len(truths)
    assert len(set(nearest)) == len(truths)


def test_what_waits_in_a_crowd_is_bounded_and_in_the_end_begins_objects() -> None:
    """Plots close together that no velocity explains: none waits for ever."""
    chance, entry = np.random.default_rng(5), TABLE[0]
    state, number = tracker.new_tracker(Nation.KOR, [SENSOR]), 0
    for second in range(40):
        arrived = []
        for _ in range(6 if second % 2 == 0 and second < 20 else 0):
            number += 1
            spread = chance.normal(0.0, 1.0, 3) * (8e3, 0.02, 0.02)
            fix = RadarFix(500e3 + spread[0], 0.5 + spread[1], 0.4 + spread[2])
            arrived.append(Plot("kor-a", number, after(world_ns(), float(second)), fix))
        state, _ = tracker.step(state, arrived, after(world_ns(), second + 0.5))
        assert len(state.waiting) <= 8 * ROW * 6 * 7
    assert np.linalg.norm(aer_to_ecef(500e3, 0.5, 0.4, entry[5:8], enu_basis(*SITE_RAD)) - entry[5:8]) > 4e5
    lone = Plot("kor-a", 10**6, after(world_ns(), 40.0), RadarFix(900e3, 1.5, 0.6))
    state, _ = tracker.step(state, [lone], after(world_ns(), 41.0))
    assert len(state.records) == 1


def world_ns() -> Instant:
    return Instant(1_700_000_000 * SECOND_NS)


def test_a_look_in_parts_gives_an_object_one_plot() -> None:
    """Two plots of one look, close together, in two steps: one object cannot have made both."""
    state = tracker.new_tracker(Nation.KOR, [SENSOR])
    for k in range(3):
        fix = RadarFix(500e3, 0.5, 0.4)
        plot = Plot("kor-a", k, after(world_ns(), 2.0 * k), fix)
        state, _ = tracker.step(state, [plot], after(world_ns(), 2.0 * k + 0.1))
    assert [record.plots for record in state.records] == [3]
    beside = Plot("kor-a", 99, after(world_ns(), 4.0), RadarFix(500.02e3, 0.5001, 0.4))
    state, _ = tracker.step(state, [beside], after(world_ns(), 4.6))
    assert sorted(record.plots for record in state.records) == [1, 3]


@pytest.mark.parametrize("late", [False, True])
def test_a_lone_object_never_waits(late: bool) -> None:
    scenario = world.scenario([world.flight()], sensors=(world.radar("kor-a", Nation.KOR, 37.0, 127.5),))
    state = tracker.new_tracker(Nation.KOR, scenario.sensors_of(Nation.KOR, Plane.EXERCISE))
    deliveries = plots(scenario, 3, fly_all(scenario.flights))[:400]
    for entry in deliveries:
        now = after(entry.deliver_ns, 3.0 if late else 0.0)
        state, _ = tracker.step(state, [entry.plot], now)
        assert not state.waiting
        assert not state.held

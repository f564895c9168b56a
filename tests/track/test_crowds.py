"""Salvos: plots that stand closer together than an object flies between two looks, with misses, clutter and
delays.
"""

from functools import lru_cache

import numpy as np
import pytest
import world
from hypothesis import given, settings
from hypothesis import strategies as st
from lattices import SENSOR, SITE_RAD, TABLE, lattice
from msgspec.structs import replace
from scipy.optimize import linear_sum_assignment

from tocsin.earth.frames import aer_to_ecef, enu_basis
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import FusedTrack, Plot, RadarFix
from tocsin.sim import scenario_file
from tocsin.sim.scenario import Salvo, Scenario
from tocsin.sim.sensors import Delivery, plots
from tocsin.sim.truth import FlownFlight, fly_all
from tocsin.track import fuse, tracker
from tocsin.track.chains import link
from tocsin.track.group import frames, modes_of, pairs_of
from tocsin.track.nursery import hatch
from tocsin.track.rows import ROW, row_table, sensor_table
from tocsin.track.shift import best


@given(st.integers(0, 10**6), st.integers(4, 10), st.sampled_from([3e3, 8e3, 20e3]))
@settings(max_examples=15, deadline=None)
def test_a_lattice_of_objects_is_told_from_itself_shifted(seed: int, side: int, spacing_m: float) -> None:
    """Five whole looks: nearly every object has one chain of its own plots, and no chain mixes many."""
    seen = lattice(np.random.default_rng(seed), side, spacing_m, looks=5)
    born, _ = hatch(seen.rows, TABLE, 2.0, np.empty((0, 3)), 8.0, True, 4.0, Instant(0))
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
    right = link(seen.rows, TABLE, 2.0, seen.velocity, 25.0).chains
    chance = np.random.default_rng(3)
    for _ in range(4):
        wrong = link(seen.rows, TABLE, 2.0, seen.velocity + chance.normal(0.0, 800.0, 3), 25.0).chains
        assert len(wrong) > len(right)


@pytest.mark.parametrize("seed", [1, 10, 12, 18])
def test_three_looks_tell_a_lattice_of_a_kilometre_from_one_shifted_by_half_a_place(seed: int) -> None:
    """A look errs by 400 m aside here: only how well the ranges fit tells where a place ends."""
    seen = lattice(np.random.default_rng(seed), 8, 1e3, looks=3)
    found = best(seen.rows, TABLE, 2.0, 4.0)
    assert found is not None
    assert np.linalg.norm(found - seen.velocity) < 200.0


def test_a_lattice_that_comes_over_the_horizon_is_not_taken_for_one_that_stands_still() -> None:
    """Shifted by one place a look it has as many links, and better ones; but objects come and go in sight."""
    scenario, truths, deliveries = salvo(3.0, 100)
    sensors = scenario.sensors_of(Nation.KOR, Plane.TEST)
    first_ns = min(d.plot.time_ns for d in deliveries if d.plot.time_ns > truths[0].launch_ns)
    rows = row_table([(d.plot, 0) for d in deliveries], first_ns)
    contact = next(
        k for k in range(200) if np.sum((rows[:, 0] >= 2.0 * k) & (rows[:, 0] < 2.0 * k + 1.0)) > 20
    )
    part = rows[(rows[:, 0] > 2.0 * contact - 1.0) & (rows[:, 0] < 2.0 * contact + 9.0)]
    part = np.ascontiguousarray(part[np.argsort(part[:, 0], kind="stable")])
    now = after(first_ns, float(part[-1, 0]))
    states = np.array([f.states(np.array([(now - f.launch_ns) / SECOND_NS]))[0] for f in truths])
    truth = np.einsum("nij,nj->ni", frames(states[:, :3]), states[:, 3:6]).mean(axis=0)
    found = best(part, sensor_table(sensors), 2.0, float(part[-1, 0]))
    assert found is not None
    assert np.linalg.norm(found - truth) < 200.0


@lru_cache(maxsize=3)
def salvo(spacing_km: float, count: int = 36) -> tuple[Scenario, tuple[FlownFlight, ...], list[Delivery]]:
    """Objects of the shipped salvo, as Korea's radar sees them: misses, clutter, delays to 2 s."""
    shipped = scenario_file.load("salvo-3km")
    flight = replace(shipped.flights[0], salvo=Salvo(count=count, spacing_km=spacing_km))
    sensors = tuple(spec for spec in shipped.sensors if spec.nation is Nation.KOR)
    scenario = replace(shipped, flights=(flight,), sensors=sensors, duration_s=190.0)
    truths = fly_all(scenario.flights)
    return scenario, truths, plots(scenario, 7, truths)


def picture(spacing_km: float, until_s: int) -> tuple[tracker.TrackerState, tuple[FusedTrack, ...]]:
    scenario, _, deliveries = salvo(spacing_km)
    state = tracker.new_tracker(Nation.KOR, scenario.sensors_of(Nation.KOR, Plane.TEST))
    fusion = fuse.new_fusion(Nation.KOR)
    tracks: tuple[FusedTrack, ...] = ()
    k = 0
    for second in range(1, until_s + 1):
        now, arrived = after(scenario.start_ns, float(second)), []
        while k < len(deliveries) and deliveries[k].deliver_ns <= now:
            arrived.append(deliveries[k].plot)
            k += 1
        state, own = tracker.step(state, arrived, now)
        fusion, tracks = fuse.step(fusion, own, (), now)
    return state, tracks


@pytest.mark.parametrize(("spacing_km", "off_m"), [(3.0, 1_500.0), (1.0, 900.0)])
def test_every_object_of_a_salvo_is_one_track_and_nothing_else_is(spacing_km: float, off_m: float) -> None:
    truths = salvo(spacing_km)[1]
    _, tracks = picture(spacing_km, 175)
    age_s = (tracks[0].state.epoch_ns - truths[0].launch_ns) / SECOND_NS
    there = np.array([flown.states(np.array([age_s]))[0] for flown in truths])
    moved = np.array([t.state.x[:6] for t in tracks])
    late_s = np.array([age_s - (t.state.epoch_ns - truths[0].launch_ns) / SECOND_NS for t in tracks])
    places = moved[:, :3] + late_s[:, None] * moved[:, 3:]
    apart = np.linalg.norm(places[:, None] - there[None, :, :3], axis=2)
    assert len(tracks) == len(truths)
    one, two = linear_sum_assignment(apart)
    assert apart[one, two].max() < off_m


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

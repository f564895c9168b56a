"""Registration: a turned radar among three is found within what is said of it, none is invented, and tracks
are better for it.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from world import radar

from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.model.label import Nation, Plane
from tocsin.model.sensor import Offsets
from tocsin.model.time import after, seconds_between
from tocsin.model.track import Phase
from tocsin.sim import scenario_file
from tocsin.sim.scenario import Bias
from tocsin.sim.sensors import plots
from tocsin.sim.truth import fly_all
from tocsin.track import registration, tracker
from tocsin.track.rows import LOS, ROW, sensor_table

Array = NDArray[np.float64]

TURNED = "JPN-R1"
UNTIL_S = 250
SEEDS = (1, 2, 3)
SITES = (("kor-a", 37.0, 127.5), ("kor-b", 35.5, 129.0))


class Flown(NamedTuple):
    """What came of one run: the last state, offsets, and position errors (m) by second."""

    state: tracker.TrackerState
    offsets: dict[str, Offsets]
    error_m: dict[int, float]


@lru_cache(maxsize=16)
def flown(seed: int, az_mrad: float, learns: bool = True) -> Flown:
    """The near scenario's three radars as those of one nation, one of them turned."""
    shipped = scenario_file.load("near")
    bias = Bias(az_mrad=az_mrad) if az_mrad else None
    sensors = tuple(
        replace(spec, nation=Nation.KOR, bias=bias if spec.id == TURNED else None) for spec in shipped.sensors
    )
    scenario = replace(shipped, sensors=sensors, duration_s=float(UNTIL_S))
    truths = fly_all(scenario.flights)
    deliveries = plots(scenario, seed, truths)
    state, k = tracker.new_tracker(Nation.KOR, scenario.sensors_of(Nation.KOR, Plane.TEST)), 0
    error_m: dict[int, float] = {}
    for second in range(1, UNTIL_S):
        now, arrived = after(scenario.start_ns, float(second)), []
        while k < len(deliveries) and deliveries[k].deliver_ns <= now:
            arrived.append(deliveries[k].plot)
            k += 1
        if not learns:
            state = replace(state, registration=registration.Registration())
        state, tracks = tracker.step(state, arrived, now)
        for track in tracks:
            if track.phase is Phase.COAST:
                age_s = seconds_between(truths[0].launch_ns, track.state.epoch_ns)
                there = truths[0].states(np.array([age_s]))[0, :3]
                error_m[second] = float(np.linalg.norm(there - np.array(track.state.x[:3])))
    return Flown(state, tracker.offsets(state), error_m)


def standardised(found: Offsets, az_rad: float) -> Array:
    """Errors of the three offsets in sigmas."""
    errors = np.array([found.range_m, found.az_rad - az_rad, found.el_rad])
    return errors / (found.range_sigma_m, found.az_sigma_rad, found.el_sigma_rad)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_turned_radar_is_found_and_taken_off(seed: int) -> None:
    found = flown(seed, 1.0).offsets
    turned = found[TURNED]
    assert np.all(np.abs(standardised(turned, 1e-3)) < 3.0)
    assert turned.az_sigma_rad < 0.3e-3
    assert turned.applied
    assert [name for name, one in found.items() if one.applied] == [TURNED]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_offset_is_invented(seed: int) -> None:
    found = flown(seed, 0.0).offsets
    assert len(found) == 3
    for one in found.values():
        assert np.all(np.abs(standardised(one, 0.0)) < 3.5)
        assert not one.applied
        assert not one.large


def test_tracks_are_better_for_it() -> None:
    """Late in the flight, root mean square over seeds."""

    def rms_m(learns: bool) -> float:
        late = [flown(seed, 1.0, learns).error_m[UNTIL_S - 10] for seed in SEEDS]
        return float(np.sqrt(np.mean(np.square(late))))

    assert rms_m(True) < 0.9 * rms_m(False)


def test_a_radar_turned_by_more_than_its_noise_is_shown_as_such() -> None:
    assert flown(1, 2.5).offsets[TURNED].large


def test_same_plots_give_the_same_registration() -> None:
    first = flown(1, 1.0).state.registration
    flown.cache_clear()
    assert flown(1, 1.0).state.registration == first


def test_a_window_keeps_its_correction() -> None:
    """Rows get what held for their window, however late they come."""
    state = flown(1, 1.0).state
    table, learnt = sensor_table(state.sensors), state.registration
    held = registration.corrections(learnt, table)[:, 3 * [s.id for s in state.sensors].index(TURNED) + 1]
    row = np.zeros((1, ROW))
    row[0, 2] = float([s.id for s in state.sensors].index(TURNED))
    for n, correction in enumerate(held.tolist()):
        row[0, 0] = learnt.mark_s + (1.5 - n) * registration.WINDOW_S
        assert registration.corrected(row, learnt, table)[0, 5] == pytest.approx(-correction, abs=1e-15)
    row[0, 1] = LOS
    assert np.array_equal(registration.corrected(row, learnt, table), row)


def test_what_is_not_known_of_an_offset_is_added_to_its_radars_errors() -> None:
    state = flown(1, 1.0).state
    bare, turned = sensor_table(state.sensors), [s.id for s in state.sensors].index(TURNED)
    table, found = registration.widened(state.registration, bare), flown(1, 1.0).offsets[TURNED]
    assert table[turned, 1] == pytest.approx(np.hypot(bare[turned, 1], found.az_sigma_rad))
    taken_off = registration.corrections(state.registration, bare)[0].reshape(-1, 3) != 0.0
    assert np.array_equal(table[:, :3] > bare[:, :3], taken_off)
    assert np.array_equal(table[:, 3:], bare[:, 3:])


def test_one_radar_alone_says_nothing_of_itself() -> None:
    state = tracker.new_tracker(Nation.KOR, scenario_file.load("near").sensors_of(Nation.KOR, Plane.TEST))
    assert tracker.offsets(state) == {}


def window(state: registration.Registration, x: Array, table: Array, off: Array) -> tuple[Array, Array]:
    """What two radars see of one object in the window after `state`, the second one with offsets; and the
    object's state at the window's begin.
    """
    times = state.mark_s + np.arange(0.5, registration.WINDOW_S, 1.0)
    begun = propagate_many(x[None], float(times[0]))[0]
    rows = []
    for n, time_s in enumerate(times.tolist()):
        place = propagate_many(x[None], time_s)[0, :3]
        for sensor, entry in enumerate(table):
            polar = np.array(ecef_to_aer(place, entry[5:8], entry[8:].reshape(3, 3))) + sensor * off
            rows.append([time_s, 0.0, sensor, n, *polar, np.nan, 0.0, 0.0])
    return np.array(rows), begun


def two_radars() -> tuple[Array, Array]:
    """Their table, and an object in free flight that both see."""
    sensors = [radar(name, Nation.KOR, lat, lon).sensor(Plane.TEST) for name, lat, lon in SITES]
    place = geodetic_to_ecef(np.radians(40.0), np.radians(130.0), 300e3)
    basis = enu_basis(float(np.radians(40.0)), float(np.radians(130.0)))
    return sensor_table(sensors), np.concatenate((place, basis.T @ np.array([2500.0, 500.0, 1500.0]), (8.7,)))


@pytest.mark.parametrize("drift_rad", [0.0, 2e-3])
def test_what_no_constant_offset_explains_teaches_nothing(drift_rad: float) -> None:
    """An object that does not fly freely, or a radar that turns while it looks."""
    table, x = two_radars()
    rows, begun = window(registration.Registration(), x, table, np.zeros(3))
    rows[:, 5] += drift_rad * rows[:, 2] * (rows[:, 0] - 4.0) ** 2
    told = registration.learnt(registration.Registration(), [(rows, begun)], table, 11.0)
    assert bool(np.frombuffer(told.information).any()) is (drift_rad == 0.0)


def test_what_is_taken_off_is_not_forgotten_and_old_knowledge_is_slowly() -> None:
    """Rows that are corrected show no offset any more: what was taken off them counts."""
    (table, x), off = two_radars(), np.array([0.0, 2e-3, 0.0])
    state = registration.Registration()
    applied = 0
    for _ in range(25):
        rows, begun = window(state, x, table, off)
        rows = registration.corrected(rows, state, table)
        newest_s = state.mark_s + registration.WINDOW_S + registration.LATE_S
        assert registration.due(state, newest_s)
        assert not registration.due(state, newest_s - 0.1)
        state = registration.learnt(state, [(rows, begun)], table, newest_s)
        found = registration.shown(state, table)[1]
        applied += found is not None and found.applied
    assert applied > 10
    assert found is not None
    assert found.az_rad == pytest.approx(off[1], abs=0.3e-3)
    pause = registration.learnt(state, [], table, state.mark_s + 100.0)
    assert state.mark_s + 80.0 < pause.mark_s <= state.mark_s + 100.0 - registration.LATE_S
    held = registration.corrections(pause, table)
    assert (held == registration.corrections(state, table)[0]).all()
    quiet = state
    for _ in range(45):
        quiet = registration.learnt(quiet, [], table, quiet.mark_s + 12.0)
    part = np.exp(-45.0 * registration.WINDOW_S / registration.FORGET_S)
    before, later = (np.frombuffer(one.information) for one in (state, quiet))
    assert later == pytest.approx(part * before)

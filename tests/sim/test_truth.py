"""Truth: consistent states from launch to impact, areas as the public record says, the scorer's columns."""

import csv
import io

import numpy as np
import pymap3d
import pytest
from msgspec.structs import replace

from tocsin.earth.places import load_areas
from tocsin.errors import UserError
from tocsin.model.time import seconds_between
from tocsin.sim.scenario_file import load
from tocsin.sim.truth import FlownFlight, fly, fly_all, ground_track, overflights, truth_csv


@pytest.fixture(scope="module")
def flown() -> FlownFlight:
    return fly_all(load("2022-10-04").flights)[0]


def test_it_starts_at_the_recorded_place_and_ends_on_the_ground(flown: FlownFlight) -> None:
    ends = flown.states(np.array([0.0, flown.flight_time_s]))
    lat, lon, alt = pymap3d.ecef2geodetic(*ends[:, :3].T)
    assert lat[0] == pytest.approx(flown.flight.lat_deg, abs=1e-9)
    assert lon[0] == pytest.approx(flown.flight.lon_deg, abs=1e-9)
    assert np.abs(alt).max() < 1.0
    assert (lat[1], lon[1]) == (
        pytest.approx(flown.impact.lat_deg, abs=1e-5),
        pytest.approx(flown.impact.lon_deg, abs=1e-5),
    )


def test_velocity_is_the_slope_of_position_also_across_burnout(flown: FlownFlight) -> None:
    times = np.arange(0.5, flown.flight_time_s - 1.0, 0.05)
    states = flown.states(times)
    slope = (states[2:, :3] - states[:-2, :3]) / 0.1
    quiet = np.abs(times[1:-1] - flown.burnout_s) > 0.1
    assert np.abs(slope - states[1:-1, 3:])[quiet].max() < 0.05
    # No jump of velocity: no more than the air's 60 g on the way down within a step.
    assert np.linalg.norm(np.diff(states[:, 3:], axis=0), axis=1).max() < 30.0


def test_apogee_is_the_published_one(flown: FlownFlight) -> None:
    assert ground_track(flown)[:, 3].max() == pytest.approx(970e3, abs=50.0)
    assert flown.apogee_m == pytest.approx(970e3, abs=20.0)


def test_aomori_is_entered_at_373_s(flown: FlownFlight) -> None:
    entered = {iso: seconds_between(flown.launch_ns, at) for iso, at in overflights(flown, load_areas())}
    assert entered["JP-02"] == pytest.approx(373.0, abs=2.0)
    # Public record: alerted were Hokkaido and Aomori, which was overflown at 07:28 to 07:29, launch 07:22.
    assert set(entered) == {"JP-01", "JP-02"}
    assert 360.0 <= entered["JP-02"] <= 480.0


def test_outside_the_flight_there_is_no_state(flown: FlownFlight) -> None:
    for time_s in (-0.1, flown.flight_time_s + 0.1):
        with pytest.raises(ValueError, match="no state"):
            flown.states(np.array([time_s]))


def test_csv_is_at_whole_seconds_of_the_scenario() -> None:
    scenario = load("salvo")
    rows = list(csv.DictReader(io.StringIO(truth_csv(scenario))))
    assert list(rows[0]) == ["t", "id", "x", "y", "z", "vx", "vy", "vz"]
    assert {row["id"] for row in rows} == set("ABCDEFGH")
    assert [int(row["t"]) for row in rows] == sorted(int(row["t"]) for row in rows)
    for flown in fly_all(scenario.flights):
        mine = [row for row in rows if row["id"] == flown.flight.object]
        assert len(mine) == pytest.approx(flown.flight_time_s, abs=1.0)
        offset_s = seconds_between(scenario.start_ns, flown.launch_ns)
        middle = mine[len(mine) // 2]
        right = flown.states(np.array([int(middle["t"]) - offset_s]))[0]
        assert [float(middle[key]) for key in ("x", "y", "z")] == pytest.approx(list(right[:3]), abs=0.01)


def test_a_flight_that_cannot_be_is_the_users_mistake() -> None:
    flight = load("2022-10-04").flights[0]
    with pytest.raises(UserError, match="flight A: no ballistic arc") as mistake:
        fly(replace(flight, apogee_km=50.0, range_km=300.0, boost_s=400.0))
    assert "boost_s" in mistake.value.fix

"""Launch points against flights whose launch is known: planted ones by formula, and the simulator's."""

import numpy as np
import pytest

from tocsin.assess.launch import combined, launch_point
from tocsin.earth.frames import enu_basis, geodetic_to_ecef, ground_distance_m
from tocsin.model.event import LaunchPointEstimate
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import Instant, after
from tocsin.sim import scenario_file
from tocsin.sim.truth import fly_all

NOW = Instant(1_664_835_600_000_000_000)


def state(x6: np.ndarray, age_s: float, sigma_m: float = 100.0, sigma_mps: float = 20.0) -> EcefState:
    p = np.diag([sigma_m**2] * 3 + [sigma_mps**2] * 3 + [0.25])
    return EcefState(after(NOW, age_s), (*x6.tolist(), 8.7), tuple(p[np.triu_indices(7)].tolist()))


def off_m(estimate: LaunchPointEstimate, lat_deg: float, lon_deg: float) -> float:
    return float(ground_distance_m(*np.radians([estimate.lat_deg, estimate.lon_deg, lat_deg, lon_deg])))


def test_straight_up_at_constant_acceleration_comes_from_below() -> None:
    place = geodetic_to_ecef(np.radians(40.5), np.radians(126.5), 10e3)
    up = enu_basis(float(np.radians(40.5)), float(np.radians(126.5)))[2]
    speed = np.sqrt(2.0 * 20.0 * 10e3)
    found = launch_point([state(np.concatenate((place, speed * up)), 0.0)])
    assert found is not None
    assert off_m(found, 40.5, 126.5) < 50.0
    assert (NOW - found.time_ns) / 1e9 == pytest.approx(speed / 20.0, rel=0.03)


@pytest.mark.parametrize("name", ["2022-10-04", "2023-12-18", "salvo"])
@pytest.mark.parametrize("age_s", [22.0, 30.0, 38.0])
def test_simulated_climbs_lie_inside(name: str, age_s: float) -> None:
    for flown in fly_all(scenario_file.load(name).flights):
        found = launch_point([state(flown.states(np.array([age_s]))[0], age_s)])
        assert found is not None
        assert off_m(found, flown.flight.lat_deg, flown.flight.lon_deg) < 1.1 * found.ellipse95.semi_major_m
        assert abs(found.time_ns - NOW) / 1e9 < 2.5 * found.time_sigma_s


def test_doubt_grows_with_the_height_of_first_sight() -> None:
    flown = fly_all(scenario_file.load("2022-10-04").flights)[0]
    sizes = [
        found.ellipse95.semi_major_m
        for age_s in (25.0, 40.0, 60.0, 80.0)
        if (found := launch_point([state(flown.states(np.array([age_s]))[0], age_s)])) is not None
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 4.0 * sizes[0]


def test_falling_or_high_objects_have_no_launch_point() -> None:
    place = geodetic_to_ecef(np.radians(40.5), np.radians(126.5), 200e3)
    up = enu_basis(float(np.radians(40.5)), float(np.radians(126.5)))[2]
    assert launch_point([]) is None
    assert launch_point([state(np.concatenate((place, 2000.0 * up)), 0.0)]) is None
    assert launch_point([state(np.concatenate((0.97 * place, -500.0 * up)), 0.0)]) is None


def estimate(lat_deg: float, major_m: float) -> LaunchPointEstimate:
    return LaunchPointEstimate(lat_deg, 126.5, Ellipse95(major_m, major_m / 2, 0.3), NOW, 5.0)


def test_together_is_no_worse_than_the_best_and_repetition_gains_nothing() -> None:
    good, poor = estimate(40.5, 4e3), estimate(40.52, 40e3)
    both = combined([poor, good])
    assert both is not None
    assert both.ellipse95.semi_major_m <= 4.01e3
    assert off_m(both, 40.5, 126.5) < 1e3
    twice = combined([good, good, good])
    assert twice is not None
    assert twice.ellipse95.semi_major_m == pytest.approx(4e3, rel=1e-3)
    assert combined([]) is None

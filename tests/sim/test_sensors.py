"""Plots: repeatable, independent between sensors, as wrong as stated, and only from where a sensor sees."""

from collections import Counter

import numpy as np
import pymap3d
import pytest
from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.sensor import SensorKind
from tocsin.model.track import LineOfSight, Plot, RadarFix
from tocsin.sense.jsonl import JsonlDecoder, encode_plot
from tocsin.sim.scenario import Coverage, Errors, Orbit, Scenario, SensorSpec
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import first_contacts, looks_ns, platform_ecef, plots
from tocsin.sim.truth import FlownFlight, fly_all

RADAR = SensorSpec(
    id="R",
    nation=Nation.KOR,
    kind=SensorKind.RADAR,
    lat_deg=37.5,
    lon_deg=128.5,
    alt_m=300.0,
    errors=Errors(range_m=50.0, az_mrad=1.0, el_mrad=2.0, range_rate_mps=3.0),
    coverage=Coverage(max_range_km=3_000.0, min_el_deg=1.0),
)
INFRARED = SensorSpec(
    id="I",
    nation=Nation.USA,
    kind=SensorKind.INFRARED,
    period_s=0.5,
    orbit=Orbit(altitude_km=35_786.0, node_lon_deg=165.0),
    errors=Errors(los_mrad=0.1),
    coverage=Coverage(min_alt_km=8.0, after_burnout_s=2.0, min_el_deg=5.0),
)


def world(*sensors: SensorSpec) -> Scenario:
    return replace(load("2022-10-04"), sensors=sensors)


def of(scenario: Scenario, sensor: str, seed: int = 1) -> list[Plot]:
    return [entry.plot for entry in plots(scenario, seed) if entry.plot.sensor == sensor]


def truth_at(scenario: Scenario, found: list[Plot]) -> tuple[FlownFlight, np.ndarray, np.ndarray]:
    flown = fly_all(scenario.flights)[0]
    times = np.array([(plot.time_ns - flown.launch_ns) / 1e9 for plot in found])
    return flown, times, flown.states(times)


@pytest.mark.parametrize("name", ["2022-10-04", "2023-12-18", "salvo"])
def test_the_same_seed_gives_the_same_plots(name: str) -> None:
    scenario = load(name)
    one, again, other = plots(scenario, 7), plots(scenario, 7), plots(scenario, 8)
    assert one == again
    assert one != other
    assert [entry.deliver_ns for entry in one] == sorted(entry.deliver_ns for entry in one)
    for sensor in scenario.sensors:
        numbers = [entry.plot.number for entry in one if entry.plot.sensor == sensor.id]
        assert numbers == list(range(1, len(numbers) + 1))
        assert all(e.nation is sensor.nation for e in one if e.plot.sensor == sensor.id)


def test_another_sensor_changes_no_plot_of_the_others() -> None:
    scenario = load("salvo")
    more = replace(scenario, sensors=(replace(RADAR, id="NEW"), *scenario.sensors))
    kept = [entry for entry in plots(more, 3) if entry.plot.sensor != "NEW"]
    assert kept == plots(scenario, 3)
    assert len(plots(more, 3)) > len(kept)


def test_two_sensors_of_one_kind_err_independently() -> None:
    scenario = world(RADAR, replace(RADAR, id="S"))
    errors = []
    for sensor in ("R", "S"):
        found = of(scenario, sensor)
        _, _, states = truth_at(scenario, found)
        _, _, distance = pymap3d.ecef2aer(*states[:, :3].T, 37.5, 128.5, 300.0)
        fixes = [plot.measurement for plot in found]
        errors.append(
            [f.range_m - d for f, d in zip(fixes, distance, strict=True) if isinstance(f, RadarFix)]
        )
    shared = min(map(len, errors))
    assert abs(np.corrcoef(errors[0][:shared], errors[1][:shared])[0, 1]) < 0.2


def test_another_object_changes_no_measurement_of_the_others() -> None:
    scenario = load("salvo")
    fewer = replace(scenario, flights=scenario.flights[1:])
    every = {entry.plot.measurement for entry in plots(scenario, 3)}
    assert {entry.plot.measurement for entry in plots(fewer, 3)} < every


def test_radar_errors_are_as_stated() -> None:
    scenario = world(RADAR)
    found = of(scenario, "R")
    _, _, states = truth_at(scenario, found)
    az, el, distance = pymap3d.ecef2aer(*states[:, :3].T, 37.5, 128.5, 300.0)  # another library's geometry
    fixes = [plot.measurement for plot in found]
    assert len(fixes) > 400
    off = np.array(
        [
            (fix.range_m - d, fix.az_rad - np.radians(a), (fix.el_rad or 0.0) - np.radians(e))
            for fix, d, a, e in zip(fixes, distance, az, el, strict=True)
            if isinstance(fix, RadarFix)
        ]
    ) / np.array([50.0, 1e-3, 2e-3])
    assert np.abs(off.mean(axis=0)).max() < 4.0 / np.sqrt(len(off))
    assert off.std(axis=0) == pytest.approx(1.0, abs=0.12)
    assert np.abs(np.corrcoef(off.T) - np.eye(3)).max() < 0.2


def test_range_rate_is_the_slope_of_range() -> None:
    scenario = world(
        replace(RADAR, errors=Errors(range_m=1e-6, az_mrad=1e-6, el_mrad=1e-6, range_rate_mps=1e-6))
    )
    fixes = [(p.time_ns, p.measurement) for p in of(scenario, "R") if isinstance(p.measurement, RadarFix)]
    times = np.array([time for time, _ in fixes]) / 1e9
    ranges = np.array([fix.range_m for _, fix in fixes])
    rates = np.array([fix.range_rate_mps for _, fix in fixes])
    slope = (ranges[2:] - ranges[:-2]) / (times[2:] - times[:-2])
    assert np.median(np.abs(slope - rates[1:-1])) < 1.0
    assert all(f.range_rate_mps is None for _, f in _without_rate())


def _without_rate() -> list[tuple[int, RadarFix]]:
    plain = world(replace(RADAR, errors=Errors(range_m=50.0, az_mrad=1.0, el_mrad=1.0)))
    return [(p.time_ns, p.measurement) for p in of(plain, "R") if isinstance(p.measurement, RadarFix)]


def test_infrared_errors_are_as_stated_and_it_sees_the_motor_only() -> None:
    scenario = world(INFRARED)
    found = of(scenario, "I")
    flown, times, states = truth_at(scenario, found)
    assert times.max() <= flown.burnout_s + 2.0
    _, _, alt = pymap3d.ecef2geodetic(*states[:, :3].T)
    assert alt.min() >= 8_000.0
    angles = []
    for plot, state in zip(found, states, strict=True):
        assert isinstance(plot.measurement, LineOfSight)
        right = state[:3] - np.array(plot.measurement.from_ecef_m)
        cosine = right @ np.array(plot.measurement.unit) / np.linalg.norm(right)
        angles.append(np.arccos(min(cosine, 1.0)))
        assert np.linalg.norm(plot.measurement.unit) == pytest.approx(1.0, abs=1e-12)
    # Two independent angles: the offset is Rayleigh distributed, its mean square twice the variance.
    assert np.mean(np.square(angles)) == pytest.approx(2e-8, rel=0.3)


def test_infrared_sees_coasting_objects_where_the_scenario_says_so() -> None:
    coasting = world(replace(INFRARED, coverage=Coverage(min_alt_km=8.0, coast=True, min_el_deg=-10.0)))
    flown, times, _ = truth_at(coasting, of(coasting, "I"))
    assert times.max() > flown.burnout_s + 600.0


def test_the_horizon_hides_what_is_low() -> None:
    far = replace(RADAR, lat_deg=31.5, lon_deg=130.0, coverage=Coverage(max_range_km=5_000.0, min_el_deg=0.0))
    scenario = world(far)
    _, times, states = truth_at(scenario, of(scenario, "R"))
    _, _, alt = pymap3d.ecef2geodetic(*states[:, :3].T)
    # 1,050 km away the tangent plane passes about 86 km above the ground.
    assert alt[np.argmin(times)] == pytest.approx(86e3, abs=10e3)


def test_range_azimuth_and_elevation_limits() -> None:
    narrow = replace(
        RADAR,
        coverage=Coverage(
            min_range_km=400.0,
            max_range_km=600.0,
            min_el_deg=5.0,
            max_el_deg=40.0,
            az_from_deg=340.0,
            az_to_deg=30.0,
        ),
    )
    scenario = world(narrow)
    _, _, states = truth_at(scenario, of(scenario, "R"))
    az, el, distance = pymap3d.ecef2aer(*states[:, :3].T, 37.5, 128.5, 300.0)
    assert len(az) > 10
    assert ((az >= 340.0) | (az <= 30.0)).all()
    assert ((el >= 5.0) & (el <= 40.0)).all()
    assert ((distance >= 400e3) & (distance <= 600e3)).all()


def test_detection_probability_and_delay() -> None:
    sure = of(world(RADAR), "R")
    half = plots(world(replace(RADAR, detection_probability=0.5, report_delay_s=0.75)), 1)
    assert len(half) / len(sure) == pytest.approx(0.5, abs=0.08)
    assert {entry.deliver_ns - entry.plot.time_ns for entry in half} == {750_000_000}


@pytest.mark.parametrize("sensor", [RADAR, INFRARED])
def test_clutter_comes_at_its_rate_and_within_the_coverage(sensor: SensorSpec) -> None:
    noisy = replace(load("2022-10-04"), flights=(), sensors=(replace(sensor, false_plots_per_min=60.0),))
    found = plots(noisy, 1)
    assert len(found) == pytest.approx(noisy.duration_s, rel=0.1)
    for entry in found:
        if isinstance(entry.plot.measurement, RadarFix):
            assert entry.plot.measurement.range_m <= 3_000e3
            assert entry.plot.measurement.el_rad is not None
            assert np.radians(1.0) - 1e-9 <= entry.plot.measurement.el_rad


def test_looks_are_evenly_apart_and_within_the_scenario() -> None:
    scenario = world(INFRARED)
    times = looks_ns(scenario, INFRARED)
    assert set(np.diff(times)) == {500_000_000}
    assert 0 <= times[0] - scenario.start_ns < 500_000_000
    assert 0 <= scenario.start_ns + scenario.duration_s * 1e9 - times[-1] < 500_000_000


def test_a_geostationary_platform_stands_still_and_a_low_one_goes_round() -> None:
    high = platform_ecef(Orbit(altitude_km=35_786.0, node_lon_deg=165.0), np.array([0.0, 3_600.0]))
    lat, lon, _ = pymap3d.ecef2geodetic(*high.T)
    assert lat == pytest.approx(0.0, abs=1e-6)
    assert lon == pytest.approx(165.0, abs=0.01)
    low = Orbit(altitude_km=1_000.0, inclination_deg=60.0, node_lon_deg=100.0)
    period_s = 6_307.0  # 2 pi sqrt(r^3 / GM) for r = 7,378.137 km
    lat, lon, _ = pymap3d.ecef2geodetic(*platform_ecef(low, np.array([0.0, period_s / 4, period_s])).T)
    assert lat == pytest.approx([0.0, 60.0, 0.0], abs=0.3)
    assert lon[2] - lon[0] == pytest.approx(-360.0 * period_s / 86_164.0, abs=0.2)


def test_first_contact_is_the_first_plot_of_a_sure_sensor() -> None:
    scenario = world(RADAR, INFRARED)
    for sensor, table in first_contacts(scenario).items():
        _, times, _ = truth_at(scenario, of(scenario, sensor))
        assert table == {"A": pytest.approx(times.min(), abs=0.06)}


def test_plots_pass_the_nations_own_decoder() -> None:
    scenario = load("salvo")
    for nation in Nation:
        mine = [entry.plot for entry in plots(scenario, 1) if entry.nation is nation]
        decoder = JsonlDecoder(scenario.sensors_of(nation, Plane.EXERCISE), plane=Plane.EXERCISE)
        decoded = decoder.decode(b"".join(encode_plot(p, Plane.EXERCISE) for p in mine), scenario.start_ns)
        assert not decoded.faults
        assert Counter(p.sensor for p in decoded.plots) == Counter(p.sensor for p in mine)

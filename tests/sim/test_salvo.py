"""Many objects from one flight: a grid that stays one, plots that come late, a radar that is out of true."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.earth.frames import ecef_to_aer
from tocsin.model.label import Nation, Plane
from tocsin.sim.scenario import Bias, Errors, Resolution, Salvo, Scenario
from tocsin.sim.scenario_file import load, parse, render
from tocsin.sim.sensors import _site, plots
from tocsin.sim.truth import fly, fly_all, members

SPACINGS_KM = (20, 3, 1)


def small(spacing_km: float = 3.0, count: int = 9) -> Scenario:
    whole = load("salvo-3km")
    flight = replace(whole.flights[0], salvo=Salvo(count=count, spacing_km=spacing_km))
    quiet = tuple(replace(spec, false_plots_per_min=0.0) for spec in whole.sensors)
    return replace(whole, flights=(flight,), sensors=quiet)


@pytest.mark.parametrize("km", SPACINGS_KM)
def test_a_hundred_objects_stay_their_spacing_apart(km: int) -> None:
    flown = fly_all(load(f"salvo-{km}km").flights)
    assert len({one.flight.object for one in flown}) == 100
    for age_s in (110.0, 350.0, 800.0):
        places = np.array([one.states(np.array([age_s]))[0, :3] for one in flown])
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e12 * np.eye(len(places))
        assert apart.min(axis=1) == pytest.approx(1e3 * km, rel=0.1)


def test_the_first_is_the_recorded_flight_itself() -> None:
    whole = load("salvo-20km")
    alone = fly(replace(whole.flights[0], salvo=None))
    first = fly_all(whole.flights)[0]
    assert first.flight.object == "A"
    assert np.array_equal(first.burnout7, alone.burnout7)


@pytest.mark.parametrize("count", [2, 9, 10, 101])
def test_as_many_as_asked_and_none_twice(count: int) -> None:
    flights = members(replace(load("near").flights[0], salvo=Salvo(count=count, spacing_km=1.0)))
    assert len(flights) == count
    assert len({(one.lat_deg, one.lon_deg) for one in flights}) == count
    assert all(one.salvo is None for one in flights)


def test_plots_are_late_by_up_to_the_spread_and_out_of_order() -> None:
    found = plots(small(), 1)
    late = np.array([(entry.deliver_ns - entry.plot.time_ns) / 1e9 for entry in found])
    assert late.min() >= 0.2
    assert late.max() <= 2.0
    assert late.max() - late.min() > 1.7
    times = np.array([entry.plot.time_ns for entry in found])
    assert (np.diff(times) < 0).any()


def test_a_bias_is_in_every_plot_and_in_no_registry() -> None:
    """The same draws with and without: the difference is the bias."""
    whole = small()
    true = replace(whole, sensors=tuple(replace(spec, bias=None) for spec in whole.sensors))
    bias = Bias(range_m=250.0, az_mrad=-2.0, el_mrad=0.5)
    off = replace(whole, sensors=tuple(replace(spec, bias=bias) for spec in whole.sensors))
    for one, other in zip(plots(true, 3), plots(off, 3), strict=True):
        a, b = one.plot.measurement, other.plot.measurement
        assert b.range_m - a.range_m == pytest.approx(250.0, abs=1e-6)  # type: ignore[union-attr]
        turned = (b.az_rad - a.az_rad + np.pi) % (2 * np.pi) - np.pi  # type: ignore[union-attr]
        assert turned == pytest.approx(-2e-3, abs=1e-9)
        assert b.el_rad - a.el_rad == pytest.approx(5e-4, abs=1e-9)  # type: ignore[union-attr, operator]
    assert off.sensors_of(Nation.JPN, Plane.TEST) == true.sensors_of(Nation.JPN, Plane.TEST)
    assert parse(render(off).encode(), "off.toml") == off


def test_ten_false_plots_a_scan_and_nine_of_ten_looks_seen() -> None:
    whole = load("salvo-20km")
    nobody = replace(whole, flights=())
    scans = sum(whole.duration_s / spec.period_s for spec in whole.sensors)
    assert len(plots(nobody, 1)) / scans == pytest.approx(10.0, rel=0.05)
    assert {spec.detection_probability for spec in whole.sensors} == {0.9}
    assert [spec.id for spec in whole.sensors if spec.bias is not None] == ["JPN-R1"]


def test_the_biased_radar_looks_beside_the_object() -> None:
    """Mean azimuth error of its plots of one object: a milliradian."""
    whole = replace(small(), flights=(replace(small().flights[0], salvo=None),))
    truth = fly_all(whole.flights)[0]
    spec = next(spec for spec in whole.sensors if spec.id == "JPN-R1")
    errors = []
    for entry in plots(whole, 5):
        if entry.plot.sensor == spec.id:
            state = truth.states(np.array([(entry.plot.time_ns - truth.launch_ns) / 1e9]))
            _, az, _ = ecef_to_aer(state[:, :3], *_site(spec))
            errors.append(entry.plot.measurement.az_rad - float(az[0]))  # type: ignore[union-attr]
    assert len(errors) > 100
    assert np.mean(errors) == pytest.approx(1e-3, abs=4e-3 / np.sqrt(len(errors)))


def near_radar(resolution: Resolution | None, **given: object) -> Scenario:
    """Nine objects 0.3 km apart before a radar with cells."""
    whole = small(0.3)
    spec = next(spec for spec in whole.sensors if spec.id == "KOR-R1")
    return replace(whole, sensors=(replace(spec, resolution=resolution, **given),))


def test_objects_in_a_cell_give_one_plot_at_their_middle() -> None:
    sizes = np.array([150.0, 15e-3, 15e-3])
    cells = Resolution(range_m=150.0, az_mrad=15.0, el_mrad=15.0)
    sharp = Errors(range_m=1e-3, az_mrad=1e-6, el_mrad=1e-6)
    whole = near_radar(cells, detection_probability=1.0, errors=sharp)
    truth, (spec,) = fly_all(whole.flights), whole.sensors
    found: dict[int, list[np.ndarray]] = {}
    for entry in plots(whole, 1):
        fix = entry.plot.measurement
        found.setdefault(entry.plot.time_ns, []).append(np.array([fix.range_m, fix.az_rad, fix.el_rad]))  # type: ignore[union-attr]
    merged = 0
    for time_ns in sorted(found)[5:200:10]:
        states = np.array([one.states(np.array([(time_ns - one.launch_ns) / 1e9]))[0] for one in truth])
        polar = np.column_stack(ecef_to_aer(states[:, :3], *_site(spec)))
        held: dict[tuple[int, ...], list[int]] = {}
        for n, cell in enumerate(np.floor(polar / sizes).astype(int).tolist()):
            held.setdefault(tuple(cell), []).append(n)
        middles = [states[members, :3].mean(axis=0) for members in held.values()]
        wanted = np.column_stack(ecef_to_aer(np.array(middles), *_site(spec)))
        shown = np.array(found[time_ns])
        assert shown[np.argsort(shown[:, 0])] == pytest.approx(wanted[np.argsort(wanted[:, 0])], abs=0.01)
        merged += len(truth) - len(held)
    assert merged > 20


def test_cells_that_part_every_object_change_no_plot() -> None:
    fine = near_radar(Resolution(range_m=0.1, az_mrad=1e-3, el_mrad=1e-3))
    one, other = plots(near_radar(None), 2), plots(fine, 2)
    assert {(e.plot.time_ns, e.plot.measurement) for e in one} == {
        (e.plot.time_ns, e.plot.measurement) for e in other
    }
    assert len(one) == len(other)
    assert parse(render(fine).encode(), "fine.toml") == fine


def test_what_shares_a_cell_is_seen_if_any_of_it_is() -> None:
    """Nine objects, each seen in one look of four: a look shows nothing once in thirteen."""
    cell = Resolution(range_m=1e6, az_mrad=1e4, el_mrad=1e4)
    looks = len(plots(near_radar(cell, detection_probability=1.0), 1))
    seen = len(plots(near_radar(cell, detection_probability=0.25), 1))
    assert seen / looks == pytest.approx(1.0 - 0.75**9, abs=0.05)

"""Single looks on the way: the same numbers on the other side, each once, only where they are worth it."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from world import flight, radar
from world import scenario as world

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after
from tocsin.model.track import Phase, SharedPlot, SightLook
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.track import looks, tracker
from tocsin.track.body import tracklet_of
from tocsin.track.looks import Looks, Shown, heard, own_looks, shared, telling
from tocsin.track.rows import MIXED, ROW, SENSOR, pack, rows_of, sensor_table, unpack

from runs import plots_by_second  # isort: skip


def tracked(scenario: Scenario, nation: Nation, until_s: int) -> list[tuple[Instant, Any, Any]]:
    """(now, tracker state, own tracks) by second."""
    state = tracker.new_tracker(nation, scenario.sensors_of(nation, Plane.EXERCISE))
    arriving, out = plots_by_second(scenario, 1, nation), []
    for second in range(until_s):
        now = after(scenario.start_ns, second + 1.0)
        state, own = tracker.step(state, arriving.get(second, []), now)
        out.append((now, state, own))
    return out


@pytest.fixture(scope="module")
def boost() -> list[tuple[Instant, Any, Any]]:
    """A radar that sees the object under power."""
    return tracked(world([flight()], 300.0, [radar("R", Nation.JPN, 40.0, 139.5)]), Nation.JPN, 200)


def test_looks_under_power_arrive_as_they_are_and_once(boost: list[tuple[Instant, Any, Any]]) -> None:
    shown = Shown()
    known: tuple[Looks, ...] = ()
    said: list[SharedPlot] = []
    for now, state, own in boost:
        for one in own_looks(state, own):
            shown, products = shared(one, shown, state.sensors)
            said += products
            known = heard(known, (), [*products, *products], now)
            assert shared(one, shown, state.sensors) == (shown, ())
            mine, theirs = rows_of(one.rows), rows_of(known[0].rows)
            recent = theirs[theirs[:, 0] > theirs[-1, 0] - 5.0][:, 4:]
            assert np.array_equal(mine[-len(recent) :, 4:], recent, equal_nan=True)
            entry, sensor = unpack(one.table, -1, SENSOR)[0], unpack(known[0].table, -1, SENSOR)[0]
            assert sensor[[0, 1, 2, 5, 6, 7]] == pytest.approx(entry[[0, 1, 2, 5, 6, 7]], rel=1e-12)
    assert len(said) > 30
    assert [one.sequence for one in said] == list(range(1, len(said) + 1))
    assert len({one.time_ns for one in said}) == len(said)
    assert {one.of_track for one in said} == {"JPN-1"}


def test_an_object_in_known_free_flight_is_told_by_tracklets_alone(
    boost: list[tuple[Instant, Any, Any]],
) -> None:
    _, state, own = boost[-1]
    (track,) = own
    coasting = replace(track, phase=Phase.COAST, burnout_ns=None)
    old = replace(coasting, first_ns=Instant(track.last_ns - 60 * 10**9))
    assert own_looks(state, [track])
    assert own_looks(state, [old]) == ()
    down = replace(old, state=replace(old.state, x=(0.0, 0.0, 6.43e6, 0.0, 0.0, -3e3, 9.0)))
    up = replace(old, state=replace(old.state, x=(0.0, 0.0, 6.43e6, 0.0, 0.0, 3e3, 9.0)))
    assert telling(tracklet_of(down, Nation.JPN))
    assert not telling(tracklet_of(up, Nation.JPN))


def test_a_mixed_look_is_told_with_its_errors() -> None:
    """As large as its spread makes them; what stands in the range rate's place is none."""
    sensors = world([flight()], 300.0, [radar("R", Nation.JPN, 40.0, 139.5)]).sensors_of(
        Nation.JPN, Plane.EXERCISE
    )
    row = np.array([[1.0, MIXED, 0.0, 7.0, 4e5, 0.7, 0.4, 400.0**2, 2e-3**2, 3e-3**2]])
    one = Looks(Nation.JPN, "JPN-1", Instant(0), Instant(0), pack(row), pack(sensor_table(sensors)))
    look = shared(one, Shown(), sensors)[1][0].look
    assert not isinstance(look, SightLook)
    assert (look.range_m, look.az_rad, look.el_rad, look.range_rate_mps) == (4e5, 0.7, 0.4, None)
    range_m, az_rad, el_rad = unpack(one.table, -1, SENSOR)[0, :3].tolist()
    assert look.range_sigma_m == pytest.approx(np.hypot(range_m, 400.0))
    assert look.az_sigma_rad == pytest.approx(np.hypot(az_rad, 2e-3))
    assert look.el_sigma_rad == pytest.approx(np.hypot(el_rad, 3e-3))


def test_lines_of_sight_arrive_as_they_are() -> None:
    space = load("near-space")
    nation = next(spec.nation for spec in space.sensors if spec.orbit is not None)
    for now, state, own in tracked(space, nation, 200):
        for one in own_looks(state, own):
            _, products = shared(one, Shown(), state.sensors)
            sights = [product for product in products if isinstance(product.look, SightLook)]
            if sights:
                (there,) = heard((), (), products, now)
                mine, theirs = rows_of(one.rows), rows_of(there.rows)
                assert np.allclose(mine[:, 4:], theirs[:, 4:], rtol=1e-15, atol=0.0, equal_nan=True)
                sigmas = unpack(there.table, -1, SENSOR)[theirs[:, 2].astype(int), 4]
                true = unpack(one.table, -1, SENSOR)[mine[:, 2].astype(int), 4]
                assert np.array_equal(sigmas[mine[:, 1] == 1.0], true[mine[:, 1] == 1.0])
                return
    pytest.fail("no line of sight was told")


def test_what_partners_tell_is_bounded(boost: list[tuple[Instant, Any, Any]]) -> None:
    now, state, own = boost[-1]
    (one,) = own_looks(state, own)
    _, products = shared(one, Shown(), state.sensors)
    many = [
        replace(products[0], sequence=n, time_ns=after(products[0].time_ns, 1e-3 * n))
        for n in range(1, 2 * looks.ROWS)
    ]
    (full,) = heard((), (), many, now)
    assert len(unpack(full.rows, -1, ROW)) == looks.ROWS
    sensors = [turned(plot, n) for n, plot in enumerate(many)]
    (full,) = heard((), (), sensors, now)
    assert len(unpack(full.table, -1, SENSOR)) <= looks.ROWS
    sources = [replace(products[0], of_track=f"JPN-{n}") for n in range(2 * looks.SOURCES)]
    assert len(heard((), (), sources, now)) == looks.SOURCES
    own = replace(heard((), (), products, after(now, -30.0))[0], origin=Nation.USA)
    assert own in heard((), [own], sources, now)
    for off_s in (-looks.NEAR_S - 1.0, looks.AHEAD_S + 1.0):  # from long ago, or from what is yet to come
        assert heard((), (), [replace(products[0], time_ns=after(now, off_s))], now) == ()
    kept: tuple[Looks, ...] = heard((), (), products, now)
    assert heard(kept, (), (), after(now, looks.NEAR_S + 10.0)) == ()


def turned(plot: SharedPlot, n: int) -> SharedPlot:
    assert not isinstance(plot.look, SightLook)
    return replace(plot, look=replace(plot.look, alt_m=float(n)))


def test_own_looks_that_the_tracker_lets_go_are_kept(boost: list[tuple[Instant, Any, Any]]) -> None:
    """It keeps ten seconds of rows once its filter goes on by itself; here all of a minute count."""
    now, state, own = boost[-1]
    (one,) = own_looks(state, own)
    rows = rows_of(one.rows)
    later = replace(one, rows=rows[-10:].tobytes())
    (kept,) = heard(heard((), [one], (), now), [later], (), now)
    assert np.array_equal(rows_of(kept.rows), rows, equal_nan=True)
    assert kept.first_ns == one.first_ns

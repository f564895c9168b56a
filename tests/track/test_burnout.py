"""When a motor went out, what is known then, and that one which burns again is no free flight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.flight import derivative, propagate
from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track.batch import LN_BETA_MEAN, poly_fit, quiet
from tocsin.track.burnout import Burnout, burnout, weighed
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, estimate
from tocsin.track.rows import RADAR, SENSOR, pack
from tocsin.track.solve import update

Array = NDArray[np.float64]

SITE = geodetic_to_ecef(0.65, 2.22, 100.0)
BASIS = enu_basis(0.65, 2.22)
NEAR = (30.0, 1e-3, 1e-3)
START = np.concatenate((geodetic_to_ecef(0.69, 2.23, 60e3), (900.0, 1_100.0, 700.0), (LN_BETA_MEAN,)))
OUT_S = 30.0
STEP_S = 0.25


def flown(seconds: int, burns: tuple[tuple[float, float, float], ...]) -> Array:
    """States (n, 7) at whole seconds under pushes (from, to, m/s^2) along the velocity."""
    state, found = START.copy(), [START.copy()]
    for n in range(round(seconds / STEP_S)):
        push = sum(p for from_s, to_s, p in burns if from_s <= n * STEP_S < to_s)
        state[3:6] += STEP_S * push * state[3:6] / np.linalg.norm(state[3:6])
        state = propagate(state, STEP_S)
        if (n + 1) % round(1.0 / STEP_S) == 0:
            found.append(state.copy())
    return np.array(found)


def seen(states: Array, seed: int) -> tuple[Array, Array]:
    """Rows at one plot a second, and the sensor's table."""
    table = np.zeros((1, SENSOR))
    table[0, :5] = (*NEAR, 10.0, 1e-3)
    table[0, 5:8], table[0, 8:] = SITE, BASIS.ravel()
    chance = np.random.default_rng(seed)
    rows = []
    for n, x in enumerate(states):
        measured = np.array([float(v) for v in ecef_to_aer(x[:3], SITE, BASIS)])
        measured += chance.standard_normal(3) * NEAR
        rows.append([float(n), RADAR, 0.0, float(n), *measured, np.nan, 0.0, 0.0])
    return np.array(rows), table


def looked(states: Array, seed: int) -> Burnout | None:
    rows, table = seen(states, seed)
    last_s = float(rows[-1, 0])
    guess = np.concatenate((states[-1, :6], np.zeros(6)))
    fit = poly_fit(np.ascontiguousarray(rows[rows[:, 0] >= last_s - 16.0]), table, guess, last_s)
    return burnout(rows, table, fit.x, last_s)


ONCE = ((0.0, OUT_S, 40.0),)


@pytest.mark.parametrize("seed", range(4))
def test_a_burnout_is_found_to_the_second_and_its_state_is_as_good_as_it_says(seed: int) -> None:
    states = flown(42, ONCE)
    out = looked(states, seed)
    assert out is not None
    assert out.odds > np.log(20.0)
    assert out.fits
    assert out.time_s == pytest.approx(OUT_S, abs=1.0)
    assert abs(out.push_mps2) < 4.0 * out.push_sigma
    for state, true in ((out.now, states[-1]), (out.held, propagate(states[30], out.start_s - OUT_S))):
        off = state.x[:6] - true[:6]
        assert off @ np.linalg.solve(state.p[:6, :6], off) < 30.0  # chi-squared, 6: one in 25,000


def test_what_was_learnt_under_power_is_not_thrown_away() -> None:
    """Ten seconds after burnout free flight alone knows its velocity three times worse."""
    rows, table = seen(flown(40, ONCE), 1)
    out = looked(flown(40, ONCE), 1)
    assert out is not None
    after = np.ascontiguousarray(rows[rows[:, 0] > OUT_S])
    cubic = poly_fit(after, table, np.concatenate((out.now.x[:6], np.zeros(6))), 40.0)
    assert np.trace(out.now.p[3:6, 3:6]) < np.trace(cubic.p[3:6, 3:6]) / 9.0


@pytest.mark.parametrize("seed", range(4))
def test_a_motor_that_burns_is_not_said_to_be_out(seed: int) -> None:
    out = looked(flown(40, ((0.0, 60.0, 40.0),)), seed)
    assert out is None or out.odds < np.log(100.0) or not quiet(out.push_mps2, out.push_sigma)


@pytest.mark.parametrize("seed", range(4))
def test_a_weaker_motor_that_takes_over_at_once_is_no_coast(seed: int) -> None:
    out = looked(flown(42, (*ONCE, (OUT_S, 90.0, 12.0))), seed)
    assert out is None or out.odds < np.log(100.0) or not quiet(out.push_mps2, out.push_sigma)


@given(st.floats(-30.0, 30.0), st.floats(0.1, 30.0))
@settings(max_examples=300)
def test_nothing_is_quiet_that_may_be_a_motor(push: float, sigma: float) -> None:
    if quiet(push, sigma):
        assert push <= 2.5 * sigma
        assert push + sigma < 10.0
    elif quiet(push + 0.5, sigma):
        pytest.fail("less push is not more of a motor")


def test_a_push_known_to_be_none_is_quiet() -> None:
    assert quiet(0.0, 3.0)
    assert quiet(-2.0, 5.0)
    assert quiet(-100.0, 1.0)
    assert not quiet(0.0, 12.0)
    assert not quiet(8.0, 4.0)


def test_two_models_are_weighed_by_their_odds() -> None:
    burning = Gaussian(np.zeros(7), np.eye(7))
    out = Burnout(0.0, 0.0, 0.0, Gaussian(np.full(7, 2.0), np.eye(7)), START, burning, 0.0, 1.0, True)
    half = weighed(out, burning)
    assert np.allclose(half.x, 1.0)
    assert np.allclose(half.p, np.eye(7) + 1.0)
    assert np.allclose(weighed(out._replace(odds=800.0), burning).x, 2.0)


def followed(states: Array, seed: int) -> list[Record]:
    """The record of one object after every row from the tenth on, a motor seen before."""
    rows, table = seen(states, seed)
    accel = derivative(states[9])[3:] + 40.0 * states[9, 3:6] / np.linalg.norm(states[9, 3:6])
    head = np.concatenate((states[9, :6], accel, np.zeros(3), np.eye(12).ravel()))
    record = Record(
        number=1,
        life=Life.CONFIRMED,
        phase=Phase.BOOST,
        kind=ObjectClass.BALLISTIC,
        first_ns=Instant(0),
        last_ns=Instant(0),
        plots=0,
        sensors=(),
        rows=pack(rows[:9]),
        head_s=9.0,
        head=pack(head),
        motor_mps2=30.0,
    )
    found = []
    for row in rows[9:]:
        record = update(record, row.reshape(1, -1), table, Instant(0))
        found.append(record)
    return found


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_coast_begins_with_what_the_climb_has_shown(seed: int) -> None:
    states = flown(45, ONCE)
    records = followed(states, seed)
    assert all(record.phase is Phase.BOOST for record in records if record.head_s <= OUT_S + 1.0)
    last = records[-1]
    assert last.phase is Phase.COAST
    assert last.resumed  # with a prior
    assert last.burnout_ns is not None
    assert last.burnout_ns / 1e9 == pytest.approx(OUT_S, abs=2.5)
    now = estimate(last)[0]
    off = now.x[:6] - states[-1, :6]
    assert off @ np.linalg.solve(now.p[:6, :6], off) < 30.0


def test_one_sure_look_is_no_coast_and_is_not_counted_on() -> None:
    """A weak motor takes over at once: one look is sure of free flight, the next one is not."""
    records = followed(flown(46, (*ONCE, (OUT_S, 90.0, 8.0))), 2)
    assert all(record.phase is Phase.BOOST for record in records)
    passes = [record.passes for record in records]
    assert max(passes) == 1
    assert passes[-1] == 0


def test_free_flight_against_the_old_motor_is_not_enough() -> None:
    """A look is sure that the old motor is out, not that no other one pushes: it does not count."""
    states = flown(41, (*ONCE, (OUT_S, 90.0, 8.0)))
    out = looked(states[:41], 4)
    assert out is not None
    assert out.odds > np.log(100.0)
    assert not any(record.passes for record in followed(states, 4))


@pytest.mark.parametrize("seed", range(3))
def test_the_prior_of_a_coast_is_what_rows_under_power_say_with_a_second_s_thrust_open(seed: int) -> None:
    states = flown(42, ONCE)
    rows, table = seen(states, seed)
    out = looked(states, seed)
    assert out is not None
    kept = (rows[:, 0] >= out.start_s - 16.0) & (rows[:, 0] <= out.start_s)
    alone = poly_fit(
        np.ascontiguousarray(rows[kept]), table, np.append(out.held.x[:6], np.zeros(6)), out.start_s
    )
    assert out.held.p[:3, :3] == pytest.approx(alone.p[:3, :3] * max(1.0, alone.ratio), rel=1e-3)
    along = states[30, 3:6] / np.linalg.norm(states[30, 3:6])
    wider = out.held.p[3:6, 3:6] - alone.p[3:6, 3:6] * max(1.0, alone.ratio)
    assert np.sqrt(along @ wider @ along) == pytest.approx(
        40.0, rel=0.35
    )  # the motor's, as far as it is known


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gap_s", [12.0, 25.0])
def test_a_motor_that_burns_again_ends_the_coast(gap_s: float, seed: int) -> None:
    """A free flight through the last few rows always fits: a cut that is too short to show a motor is no
    coast.
    """
    again_s = OUT_S + gap_s
    records = followed(flown(round(again_s) + 25, (*ONCE, (again_s, again_s + 60.0, 20.0))), seed)
    phases = {record.head_s: record.phase for record in records}
    assert Phase.COAST in phases.values()
    assert all(phases[s] is not Phase.COAST for s in phases if s >= again_s + 12.0)


def test_a_group_keeps_its_own_prior() -> None:
    states = flown(45, ONCE)
    rows, table = seen(states, 2)
    before = followed(states[:31], 2)[-1]
    record = replace(before, group=pack(np.array([*states[0, 3:6], 80.0, 0.0])))
    for row in rows[31:]:
        record = update(record, row.reshape(1, -1), table, Instant(0))
    assert record.phase is Phase.COAST
    assert record.burnout_ns is not None
    assert record.burnout_ns % 1_000_000_000  # by the fit, at no row's time
    assert not record.resumed

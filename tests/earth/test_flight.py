"""Flight against heyoka (vacuum), scipy (air), finite differences, and closed forms of mechanics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zonal_truth import derivatives, impact, in_vacuum

from tocsin.earth import constants as c
from tocsin.earth import flight, kernels
from tocsin.earth.atmosphere import density
from tocsin.earth.flight import VACUUM_LN_BETA, Array
from tocsin.earth.frames import ecef_to_geodetic, enu_basis, geodetic_to_ecef


def start(
    speed_m_s: float,
    climb_rad: float,
    *,
    lat_rad: float = 0.7,
    lon_rad: float = 2.2,
    az_rad: float = 1.4,
    alt_m: float = 120e3,
    ln_beta: float = VACUUM_LN_BETA,
) -> Array:
    level = np.cos(climb_rad)
    enu = speed_m_s * np.array([np.sin(az_rad) * level, np.cos(az_rad) * level, np.sin(climb_rad)])
    r_m = geodetic_to_ecef(lat_rad, lon_rad, alt_m)
    return np.concatenate((r_m, enu_basis(lat_rad, lon_rad).T @ enu, [ln_beta]))


LAT, LON, AZ = st.floats(-1.5, 1.5), st.floats(-3.1, 3.1), st.floats(0.0, 6.28)
SPEED, CLIMB = st.floats(5_500.0, 7_400.0), st.floats(0.35, 1.2)
WITH_AIR = [
    (3000, 0.8, 300),
    (3000, 0.8, 3000),
    (6000, 0.6, 8000),
    (6500, 0.3, 500),
    (2000, 1.3, 50),
    (7000, 0.25, 2000),
]


@given(LAT, LON, AZ, SPEED, CLIMB)
def test_vacuum_flight_agrees_with_heyoka(
    lat: float, lon: float, az: float, speed: float, climb: float
) -> None:
    x7 = start(speed, climb, lat_rad=lat, lon_rad=lon, az_rad=az, alt_m=150e3)
    dt_s = min(2_400.0, flight.fall(x7).time_s - 60.0)
    ours, truth = flight.propagate(x7, dt_s), in_vacuum(x7[:6], dt_s)
    assert np.linalg.norm(ours[:3] - truth[:3]) < 0.03
    assert np.linalg.norm(ours[3:6] - truth[3:]) < 1e-4
    assert ours[6] == x7[6]


def test_a_whole_2400_s_arc_agrees_with_heyoka_forward_and_back() -> None:
    x7 = start(7_150.0, 0.9)
    assert flight.fall(x7).time_s > 2_400.0
    there = flight.propagate(x7, 2_400.0)
    assert np.linalg.norm(there[:3] - in_vacuum(x7[:6], 2_400.0)[:3]) < 0.03
    assert np.linalg.norm(flight.propagate(there, -2_400.0)[:3] - x7[:3]) < 0.05


@given(LAT, AZ, SPEED, CLIMB, st.floats(-40.0, 1_000.0))
def test_jacobi_s_integral_is_kept(lat: float, az: float, speed: float, climb: float, dt_s: float) -> None:
    def energy(x7: Array) -> float:
        pull = float(np.asarray(derivatives()(np.ascontiguousarray(x7[:3])))[0])
        turning = 0.5 * c.WGS84_OMEGA_RAD_S**2 * float(x7[:2] @ x7[:2])
        return 0.5 * float(x7[3:6] @ x7[3:6]) - pull - turning

    x7 = start(speed, climb, lat_rad=lat, az_rad=az, alt_m=400e3)
    assert energy(flight.propagate(x7, dt_s)) == pytest.approx(energy(x7), abs=0.3)


@pytest.mark.parametrize(("speed", "climb", "beta"), WITH_AIR)
def test_impact_through_the_air_agrees_with_scipy(speed: float, climb: float, beta: float) -> None:
    x7 = start(speed, climb, ln_beta=np.log(beta))
    fell = flight.fall(x7)
    time_s, state = impact(x7)
    assert fell.hit
    assert abs(fell.time_s - time_s) < 1e-3
    assert np.linalg.norm(fell.x_impact7[:3] - state[:3]) < 0.1
    np.testing.assert_allclose(fell.x_impact7[3:6], state[3:], atol=0.05)


@pytest.mark.parametrize("beta", [100.0, 300.0, 1_000.0])
def test_a_light_object_arrives_at_terminal_speed(beta: float) -> None:
    fell = flight.fall(start(100.0, -1.5, alt_m=12e3, ln_beta=np.log(beta)))
    # Steady fall, and the first-order lag behind it where the air thickens by a scale height of 10.4 km.
    braking_m = beta / density(0.0)
    terminal = np.sqrt(2.0 * braking_m * 9.80 * (1.0 + braking_m / 10.4e3))
    assert np.linalg.norm(fell.x_impact7[3:6]) == pytest.approx(terminal, rel=0.01)


def test_a_fast_vertical_fall_loses_speed_by_the_column_of_air_it_crossed() -> None:
    # dv/dh = rho v / (2 beta): ln(v0 / v) = column / (2 beta), column by the published pressures at 0, 30 km.
    beta = 20_000.0
    fell = flight.fall(start(6_000.0, -np.pi / 2, lat_rad=0.0, alt_m=30e3, ln_beta=np.log(beta)))
    column = (101_325.0 - 1_197.0) / 9.79
    without_gravity = 6_000.0 * np.exp(-column / (2.0 * beta))
    gravity_gain = 9.75 * fell.time_s
    assert np.linalg.norm(fell.x_impact7[3:6]) == pytest.approx(without_gravity + gravity_gain, rel=0.01)


@pytest.mark.parametrize(
    ("x7", "dt_s"),
    [
        (start(6_000.0, 0.7), 900.0),
        (start(3_000.0, 0.8, ln_beta=6.0), 200.0),
        (start(3_000.0, -0.6, alt_m=90e3, ln_beta=7.0), 30.0),
        (start(4_000.0, -0.3, lat_rad=-1.2, alt_m=60e3, ln_beta=8.0), 15.0),
        (start(3_000.0, -0.5, alt_m=45e3, ln_beta=8.0), -12.0),
    ],
)
def test_transition_matrix_agrees_with_finite_differences(x7: Array, dt_s: float) -> None:
    after, phi = flight.propagate_stm(x7, dt_s)
    np.testing.assert_array_equal(after, flight.propagate(x7, dt_s))
    for column, nudge in enumerate([10.0] * 3 + [0.05] * 3 + [1e-3]):
        step = np.eye(7)[column] * nudge
        numeric = (flight.propagate(x7 + step, dt_s) - flight.propagate(x7 - step, dt_s)) / (2.0 * nudge)
        scale = np.array([np.abs(phi[:3, column]).max()] * 3 + [np.abs(phi[3:6, column]).max()] * 3 + [1.0])
        np.testing.assert_allclose((numeric - phi[:, column]) / np.maximum(scale, 1e-9), 0.0, atol=1e-4)


def test_fall_s_matrix_is_the_one_of_its_time() -> None:
    x7 = start(5_000.0, 0.8, ln_beta=8.0)
    fell = flight.fall(x7)
    state, phi = flight.propagate_stm(x7, fell.time_s)
    np.testing.assert_allclose(fell.x_impact7, state, atol=2e-2)
    np.testing.assert_allclose(fell.phi, phi, rtol=1e-3, atol=1e-6 * np.abs(phi).max())


def test_no_impact_within_the_time_is_said() -> None:
    fell = flight.fall(start(6_000.0, 0.7), max_s=100.0)
    assert not fell.hit
    assert fell.time_s == pytest.approx(100.0)


@given(LAT, AZ, st.floats(500.0, 7_000.0), st.floats(-1.5, 1.5), st.floats(4.0, 50.0), st.floats(-100.0, 3e3))
def test_fall_ends_on_the_ground_and_knows_its_highest_point(
    lat: float, az: float, speed: float, climb: float, ln_beta: float, ground_m: float
) -> None:
    x7 = start(speed, climb, lat_rad=lat, az_rad=az, ln_beta=ln_beta)
    fell = flight.fall(x7, ground_alt_m=ground_m)
    assert fell.hit
    assert abs(float(ecef_to_geodetic(fell.x_impact7[:3])[2]) - ground_m) < 1e-2
    dense = flight.sample(x7, np.linspace(0.0, fell.time_s, 400))
    heights = ecef_to_geodetic(dense[:, :3])[2]
    assert fell.apogee_m >= heights.max() - 0.01
    at_apogee = ecef_to_geodetic(flight.propagate(x7, fell.apogee_time_s)[:3])[2]
    assert fell.apogee_m == pytest.approx(float(at_apogee), abs=0.05)


def test_an_object_that_comes_down_already_has_its_apogee_now() -> None:
    fell = flight.fall(start(3_000.0, -0.4))
    assert fell.apogee_time_s == 0.0
    assert fell.apogee_m == pytest.approx(120e3, abs=1e-6)


def test_ground_track_ends_at_the_impact_or_at_its_time() -> None:
    x7 = start(3_000.0, 0.8, ln_beta=8.0)
    fell = flight.fall(x7)
    whole = flight.ground_track(x7, 7_000.0, 10.0)
    assert whole[-1, 0] == pytest.approx(fell.time_s)
    assert abs(whole[-1, 3]) < 1.0
    np.testing.assert_allclose(np.diff(whole[:-1, 0]), 10.0)
    np.testing.assert_allclose(
        whole[7, 1:], np.array(ecef_to_geodetic(flight.propagate(x7, 70.0)[:3])), rtol=1e-9
    )
    part = flight.ground_track(x7, 95.0, 10.0)
    assert part[-1, 0] == pytest.approx(95.0)
    assert len(part) == 11


@pytest.mark.parametrize(("until_s", "every_s"), [(100.0, 0.0), (-1.0, 10.0), (1e9, 1.0)])
def test_a_ground_track_has_bounds(until_s: float, every_s: float) -> None:
    with pytest.raises(ValueError, match="rows"):
        flight.ground_track(start(3_000.0, 0.8), until_s, every_s)


def test_many_are_each_one_and_samples_are_one_flight() -> None:
    states = np.array([start(3_000.0 + 500.0 * i, 0.5, ln_beta=8.0) for i in range(4)])
    times = np.array([10.0, -20.0, 0.0, 200.0])
    for row, x7, dt_s in zip(flight.propagate_many(states, times), states, times, strict=True):
        np.testing.assert_array_equal(row, flight.propagate(x7, dt_s))
    assert flight.propagate_many(np.empty((0, 7)), 1.0).shape == (0, 7)
    for row, at_s in zip(flight.sample(states[0], [0.0, 30.0, 100.0]), [0.0, 30.0, 100.0], strict=True):
        np.testing.assert_allclose(row, flight.propagate(states[0], at_s), atol=1e-3)


def test_rates_are_the_limit_of_propagation() -> None:
    x7 = start(3_000.0, -0.5, alt_m=50e3, ln_beta=7.0)
    numeric = (flight.propagate(x7, 0.01) - flight.propagate(x7, -0.01))[:6] / 0.02
    np.testing.assert_allclose(flight.derivative(x7), numeric, rtol=1e-5, atol=1e-4)


def test_any_layout_of_a_state_is_taken_without_compiling_again() -> None:
    x7 = start(3_000.0, 0.8)
    flight.propagate(x7, 10)
    known = len(kernels.propagate_block.signatures)
    strided = np.repeat(x7, 2)[::2]
    frozen = x7.copy()
    frozen.flags.writeable = False
    for same in (strided, frozen, list(x7), np.asfortranarray(np.vstack((x7, x7)))[0]):
        np.testing.assert_array_equal(flight.propagate(same, 10), flight.propagate(x7, 10.0))
    assert len(kernels.propagate_block.signatures) == known


@pytest.mark.parametrize("x7", [np.zeros(6), np.zeros((7, 1))])
def test_a_state_of_another_shape_is_refused(x7: Array) -> None:
    with pytest.raises(ValueError, match="7 numbers"):
        flight.propagate(x7, 1.0)


def test_a_step_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        flight.fall(start(3_000.0, 0.8), step_s=0.0)

"""The measurement models against the frames of `earth` and against differences; the filter against textbook
algebra.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.track import kernels
from tocsin.track.rows import LOS, RADAR, ROW, SENSOR

Array = NDArray[np.float64]

SITE = geodetic_to_ecef(0.65, 2.25, 100.0)
BASIS = enu_basis(0.65, 2.25)
PLACE = geodetic_to_ecef(0.70, 2.30, 180e3)
VELOCITY = np.array([-900.0, 2500.0, 1200.0])
PLATFORM = geodetic_to_ecef(0.0, 1.6, 35_786e3)


def table() -> Array:
    sensor = np.zeros((1, SENSOR))
    sensor[0, :5] = (30.0, 1e-3, 2e-3, 5.0, 4e-5)
    sensor[0, 5:8], sensor[0, 8:] = SITE, BASIS.ravel()
    return sensor


def radar_row(rate: float) -> Array:
    distance, az, el = (float(v) for v in ecef_to_aer(PLACE, SITE, BASIS))
    return np.array([0.0, RADAR, 0.0, 1.0, distance, az, el, rate, 0.0, 0.0])


def sight_row() -> Array:
    unit = (PLACE - PLATFORM) / np.linalg.norm(PLACE - PLATFORM)
    return np.array([0.0, LOS, 0.0, 1.0, *unit, *PLATFORM])


def measured(row: Array, state: Array) -> tuple[Array, Array, int]:
    z, h, r = np.empty(4), np.zeros((4, 6)), np.empty(4)
    used = kernels.measure(row, table()[0], state[:3].copy(), state[3:].copy(), z, h, r)
    return z[:used].copy(), h[:used].copy(), used


@pytest.mark.parametrize("kind", ["radar", "rate", "sight"])
def test_residual_is_zero_at_the_truth_and_partials_match_differences(kind: str) -> None:
    truth = np.concatenate((PLACE, VELOCITY))
    rate = float((PLACE - SITE) @ VELOCITY / np.linalg.norm(PLACE - SITE))
    row = {"radar": radar_row(np.nan), "rate": radar_row(rate), "sight": sight_row()}[kind]
    z, h, used = measured(row, truth)
    assert used == {"radar": 3, "rate": 4, "sight": 2}[kind]
    assert np.allclose(z, 0.0, atol=1e-8)
    for i in range(6):
        step = np.zeros(6)
        step[i] = 5.0
        slope = -(measured(row, truth + step)[0] - measured(row, truth - step)[0]) / 10.0
        assert np.allclose(h[:, i], slope, rtol=1e-5, atol=1e-12)


def test_azimuth_residual_is_short_way_round() -> None:
    row = radar_row(np.nan)
    row[5] += 2.0 * np.pi
    assert abs(measured(row, np.concatenate((PLACE, VELOCITY)))[0][1]) < 1e-9


def test_filter_step_is_the_textbook_update() -> None:
    x = np.concatenate((np.add(PLACE, (300.0, -200.0, 100.0)), VELOCITY, (8.7,)))
    root = np.random.default_rng(5).normal(size=(7, 7)) * [200, 200, 200, 20, 20, 20, 0.3]
    p = root.T @ root
    row, out_x, out_p = radar_row(np.nan).reshape(1, ROW), x.copy(), p.copy()
    kernels.run_filter(row, table(), out_x, out_p, 0.0, 0.0, 0.0)
    z, h, _ = measured(row[0], x[:6])
    wide = np.hstack((h, np.zeros((3, 1))))
    noise = np.diag([30.0**2, 1e-3**2, 2e-3**2])
    gain = p @ wide.T @ np.linalg.inv(wide @ p @ wide.T + noise)
    assert np.allclose(out_x, x + gain @ z, rtol=1e-9)
    assert np.allclose(out_p, p - gain @ wide @ p, rtol=1e-6, atol=1e-6)


def test_gate_costs_are_mahalanobis_and_log_det() -> None:
    state = np.concatenate((np.add(PLACE, (900.0, 0.0, -500.0)), VELOCITY))
    p = np.diag([1e6, 2e6, 3e6, 1e4, 1e4, 1e4])
    row = radar_row(np.nan).reshape(1, ROW)
    out = np.empty((1, 1))
    kernels.gate_costs(row, table(), state[None], p[None], np.zeros(1), np.full(4, 50.0), out)
    z, h, _ = measured(row[0], state)
    s = h @ p @ h.T + np.diag([30.0**2, 1e-3**2, 2e-3**2])
    assert out[0, 0] == pytest.approx(z @ np.linalg.solve(s, z) + np.linalg.slogdet(s)[1], rel=1e-9)
    kernels.gate_costs(row, table(), state[None], p[None], np.zeros(1), np.full(4, 1e-3), out)
    assert np.isinf(out[0, 0])

"""The measurement models against the frames of `earth` and against differences; the filter against textbook
algebra.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_stm
from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.track import fleet_kernels, gate_kernels, kernels
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
    row = radar_row(np.nan)
    z, h, _ = measured(row, x[:6])
    wide = np.hstack((h, np.zeros((3, 1))))
    noise = np.diag([30.0**2, 1e-3**2, 2e-3**2])
    gain = p @ wide.T @ np.linalg.inv(wide @ p @ wide.T + noise)
    out_x, out_p = x.copy(), p.copy()
    for m, variance in enumerate(np.diag(noise)):
        left = z[m] - h[m] @ (out_x[:6] - x[:6])
        fleet_kernels.correct(out_x, out_p, h[m].copy(), float(left), float(variance), np.empty((3, 7)))
    assert np.allclose(out_x, x + gain @ z, rtol=1e-9)
    assert np.allclose(out_p, p - gain @ wide @ p, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dt_s", [-8.0, 0.5, 1.0, 10.0])
def test_a_short_step_is_the_long_integrators(dt_s: float) -> None:
    x = np.concatenate((geodetic_to_ecef(0.7, 2.3, 400e3), (-900.0, 5500.0, 1200.0), (8.7,)))
    phi, moved = np.empty((7, 7)), x.copy()
    fleet_kernels.hop(moved, dt_s, phi, np.empty((8, 3)))
    truth, transition = propagate_stm(x, dt_s)
    assert np.allclose(moved, truth, rtol=0.0, atol=1e-3)
    assert np.allclose(moved[3:6], truth[3:6], rtol=0.0, atol=5e-5)
    assert np.allclose(phi[:6, :6], transition[:6, :6], rtol=0.0, atol=1e-5)


def test_gate_costs_are_mahalanobis_and_log_det() -> None:
    state = np.concatenate((np.add(PLACE, (900.0, 0.0, -500.0)), VELOCITY)).reshape(1, 6)
    p = np.diag([1e4, 2e4, 3e4, 1e2, 1e2, 1e2])[None]
    row = radar_row(np.nan).reshape(1, ROW)
    z, h, _ = measured(row[0], state[0])
    out = state[0, :3] - SITE
    dist = float(np.linalg.norm(out))
    bend = (6e4 - out @ p[0, :3, :3] @ out / dist**2) / dist
    s = h @ p[0] @ h.T + np.diag([30.0**2 + bend**2, 1e-3**2, 2e-3**2])
    d2 = float(z @ np.linalg.solve(s, z))
    ((track, plot, cost),) = pairs(row, state, p, np.full(4, 1.01 * d2))
    assert (track, plot) == (0, 0)
    assert cost == pytest.approx(d2 + np.linalg.slogdet(s)[1], rel=1e-9)
    assert pairs(row, state, p, np.full(4, 0.99 * d2)) == []


def pairs(rows: Array, means: Array, covs: Array, gates: Array) -> list[tuple[int, int, float]]:
    keys = np.empty(len(rows))
    gate_kernels.sort_keys(rows, keys)
    order = np.argsort(keys)
    room = len(rows) * len(means)
    tracks, plots, costs = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    count = gate_kernels.sparse_gate(
        rows, order, keys[order], table(), means, covs, 0.0, gates, tracks, plots, costs
    )
    return list(zip(tracks[:count].tolist(), plots[:count].tolist(), costs[:count].tolist(), strict=True))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_sparse_gate_leaves_nothing_out(seed: int, sights: bool) -> None:
    """Whatever one track finds among many rows it finds alone with each row, where nothing is sorted."""
    chance = np.random.default_rng(seed)
    means = np.tile(np.concatenate((PLACE, VELOCITY)), (6, 1))
    means[:, :3] += chance.normal(0.0, 3e3, (6, 3))
    root = chance.normal(size=(6, 6, 6)) * [300, 300, 300, 20, 20, 20]
    covs = np.swapaxes(root, 1, 2) @ root
    rows = np.array([sight_row() if sights else radar_row(np.nan) for _ in range(8)])
    rows[:, 0] = chance.uniform(-0.3, 0.3, 8)
    if sights:
        rows[:, 4:7] += chance.normal(0.0, 1e-4, (8, 3))
        rows[:, 4:7] /= np.linalg.norm(rows[:, 4:7], axis=1)[:, None]
    else:
        rows[:, 4:7] += chance.normal(0.0, (2e3, 5e-3, 5e-3), (8, 3))
    gates = np.full(4, 23.5)
    together = {(i, j) for i, j, _ in pairs(rows, means, covs, gates)}
    apart = {
        (i, j)
        for i in range(6)
        for j in range(8)
        if pairs(rows[j : j + 1], means[i : i + 1], covs[i : i + 1], gates)
    }
    assert together == apart

"""Young objects: steps bend as ranges do, two models tell a motor from free flight, nothing gets stuck."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.earth.flight import propagate
from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.track.batch import LN_BETA_MEAN
from tocsin.track.polar import bent, bent_step, straight_guess
from tocsin.track.rows import RADAR, SENSOR
from tocsin.track.young import Young, young_fit

Array = NDArray[np.float64]

SITE = geodetic_to_ecef(0.65, 2.35, 100.0)
BASIS = enu_basis(0.65, 2.35)
START = np.concatenate((geodetic_to_ecef(0.76, 2.22, 300e3), (1_000.0, 3_500.0, 1_800.0), (LN_BETA_MEAN,)))
FAR = (5.0, 3e-3, 3e-3)  # the far radar of docs/evaluation.md
NEAR = (30.0, 1e-3, 1e-3)
MOTOR_MPS2 = 10.0
Sigmas = tuple[float, float, float]

unit = st.floats(-1.0, 1.0)


def seen(sigmas: Sigmas, seconds: int, push_mps2: float, seed: int) -> tuple[Array, Array]:
    """Rows of one object at one plot a second, pushed along its velocity, and the sensor's table."""
    table = np.zeros((1, SENSOR))
    table[0, :5] = (*sigmas, 10.0, 1e-3)
    table[0, 5:8], table[0, 8:] = SITE, BASIS.ravel()
    chance = np.random.default_rng(seed)
    rows = []
    for n in range(seconds):
        x = propagate(START, float(n))
        x[:3] += 0.5 * n * n * push_mps2 * START[3:6] / np.linalg.norm(START[3:6])
        measured = np.array([float(v) for v in ecef_to_aer(x[:3], SITE, BASIS)])
        measured += chance.standard_normal(3) * sigmas
        rows.append([float(n), RADAR, 0.0, float(n), *measured, np.nan, 0.0, 0.0])
    return np.array(rows), table


def fitted(sigmas: Sigmas, seconds: int, push_mps2: float, seed: int, guess: Array) -> Young:
    rows, table = seen(sigmas, seconds, push_mps2, seed)
    found = young_fit(rows, table, np.append(guess, 0.0), 0.0, MOTOR_MPS2)
    assert found is not None
    return found


@given(st.lists(unit, min_size=6, max_size=6))
def test_a_small_bent_step_is_a_straight_one(values: list[float]) -> None:
    step = np.array(values) * [1.0, 1.0, 1.0, 0.01, 0.01, 0.01]
    moved = bent_step(START[:6], step, SITE) - START[:6]
    assert np.allclose(moved[:3], step[:3], atol=1e-4)
    assert np.allclose(moved[3:], step[3:], atol=1e-6)


def test_a_step_across_keeps_the_range() -> None:
    out = START[:3] - SITE
    across = np.cross(out, BASIS[2])
    step = np.concatenate((8e3 * across / np.linalg.norm(across), np.zeros(3)))
    assert np.linalg.norm(bent_step(START[:6], step, SITE)[:3] - SITE) == pytest.approx(
        float(np.linalg.norm(out)), abs=1e-3
    )
    assert np.linalg.norm(START[:3] + step[:3] - SITE) > np.linalg.norm(out) + 10.0


def test_a_bent_error_holds_the_range_bend_and_a_small_one_is_left_alone() -> None:
    out = (START[:3] - SITE) / np.linalg.norm(START[:3] - SITE)
    wide = np.diag([1.0] * 3 + [1.0] * 3 + [0.25])
    wide[:3, :3] = 4e3**2 * (np.eye(3) - np.outer(out, out)) + 5.0**2 * np.outer(out, out)
    x, p = bent(START.copy(), wide, SITE, 5.0)
    drawn = np.random.default_rng(1).standard_normal((20_000, 3)) @ np.linalg.cholesky(wide[:3, :3]).T
    points = bent_step(START[:6], np.column_stack((drawn, np.zeros_like(drawn))), SITE)[:, :3]
    assert out @ (x[:3] - START[:3]) == pytest.approx(out @ (points.mean(axis=0) - START[:3]), rel=0.1)
    assert out @ p[:3, :3] @ out >= 0.8 * np.var(points @ out)
    narrow = np.eye(7)
    assert bent(START, narrow, SITE, 5.0)[1] is narrow


@pytest.mark.parametrize("seed", range(6))
def test_a_far_radars_search_does_not_get_stuck(seed: int) -> None:
    """From a guess with the velocity reversed: where a narrow valley bends away from the truth."""
    wrong = START.copy()
    wrong[3:6] *= -1.0
    found = fitted(FAR, 10, 0.0, seed, wrong)
    off = found.state.x[:6] - propagate(START, 9.0)[:6]
    assert off @ np.linalg.solve(found.state.p[:6, :6], off) < 30.0
    assert straight_guess(*seen(NEAR, 10, 0.0, seed)) is None


@pytest.mark.parametrize("seed", range(6))
def test_free_flight_is_believed_and_a_motor_is_not_taken_for_it(seed: int) -> None:
    free = fitted(NEAR, 30, 0.0, seed, START)
    pushed = fitted(NEAR, 30, 25.0, seed, START)
    assert free.coast or abs(free.pushed.push_mps2) > 2.0 * free.pushed.push_sigma
    assert not pushed.coast
    assert pushed.pushed.push_mps2 == pytest.approx(25.0, abs=4.0 * pushed.pushed.push_sigma)

"""What a state under power claims when the motor may have gone out unnoticed."""

import numpy as np
import pytest
from numpy.typing import NDArray
from test_burnout import ONCE, OUT_S, flown, seen

from tocsin.track import kernels
from tocsin.track.batch import Fit, poly_fit
from tocsin.track.lately import undecided
from tocsin.track.rows import RADAR

Array = NDArray[np.float64]

WINDOW_S = 16.0


def told(states: Array, seed: int) -> tuple[Fit, Fit, Array]:
    """The cubic of a motor that burns on, what is told, and the table's rows."""
    rows, table = seen(states, seed)
    last_s = float(rows[-1, 0])
    part = np.ascontiguousarray(rows[rows[:, 0] >= last_s - WINDOW_S])
    burning = poly_fit(part, table, np.concatenate((states[-1, :6], np.zeros(6))), last_s)
    return burning, undecided(part, table, burning, last_s), part


def squared(fit: Fit, truth: Array) -> float:
    """Normalised square of six numbers."""
    off, p = fit.x[:6] - truth[:6], fit.p[:6, :6] * max(1.0, fit.ratio)
    return float(off @ np.linalg.solve(p, off))


def test_seconds_after_a_burnout_that_nobody_knows_of_the_state_says_what_it_errs() -> None:
    states = flown(round(OUT_S) + 5, ONCE)
    runs = [told(states, seed)[:2] for seed in range(16)]
    before, now = (np.array([squared(pair[k], states[-1]) for pair in runs]) for k in (0, 1))
    assert np.mean(before) > 12.0  # what is at stake
    assert np.mean(now) < 8.5  # of six numbers and 16 runs: 4.4 to 7.8 in 95 of 100 if all were Gaussian
    errors = [np.linalg.norm([pair[k].x[3:6] - states[-1, 3:6] for pair in runs], axis=1) for k in (0, 1)]
    assert np.mean(errors[1] ** 2) < 0.75 * np.mean(errors[0] ** 2)
    places = [np.linalg.norm([pair[k].x[:3] - states[-1, :3] for pair in runs], axis=1) for k in (0, 1)]
    assert np.mean(places[1] ** 2) < np.mean(places[0] ** 2)


def test_a_motor_that_burns_on_keeps_its_state_and_nearly_its_claim() -> None:
    states = flown(40, ((0.0, 60.0, 40.0),))
    for seed in range(8):
        burning, fit, _ = told(states, seed)
        off = fit.x[:6] - burning.x[:6]
        assert off @ np.linalg.solve(burning.p[:6, :6], off) < 2.0
        assert squared(fit, states[-1]) < 30.0
        assert np.all(np.diag(fit.p)[3:6] < 2.0 * np.diag(burning.p)[3:6])
        assert np.all(np.linalg.eigvalsh(fit.p[:6, :6]) > 0.0)


def test_rows_that_make_no_sense_leave_the_cubic_as_it_is() -> None:
    rows, table = seen(flown(40, ONCE), 0)
    lost = Fit(np.full(12, np.nan), np.full((12, 12), np.nan), np.nan, 48)
    fit = undecided(rows, table, lost, 40.0)
    assert np.isnan(fit.x).all()
    assert fit.numbers == lost.numbers


def test_partials_of_a_cubic_that_ends_match_differences() -> None:
    """Also of a range rate."""
    states = flown(40, ONCE)
    rows, table = seen(states, 0)
    rows[:, 1], rows[:, 7] = RADAR, 700.0
    c, fall = (
        np.concatenate((states[-1, :6], (20.0, 10.0, 15.0, 0.1, 0.2, -0.1))),
        np.array([-4.0, 3.0, -6.0]),
    )

    def equations(at: Array) -> tuple[Array, Array, float]:
        matrix, right = np.zeros((12, 12)), np.zeros(12)
        chi2, _ = kernels.poly_normal(rows[-12:].copy(), table, at, 40.0, matrix, right, -3.4, fall)
        return matrix, right, chi2

    right = equations(c)[1]
    for i, size in enumerate(np.repeat([1.0, 0.1, 0.02, 0.005], 3)):
        step = np.zeros(12)
        step[i] = size
        slope = (equations(c + step)[2] - equations(c - step)[2]) / (2.0 * size)
        assert slope == pytest.approx(-2.0 * right[i], rel=1e-4)

"""Figures over draws whose true statistics are known; scipy's distributions as the outside truth."""

import numpy as np
import pytest
from scipy import stats

from tocsin.measure import accuracy

RUNS = 4_000


def drawn(scale: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Errors whose covariance is `scale`^2 times the bound, and the bounds."""
    bound = np.array([[4.0, 1.0], [1.0, 9.0]])
    errors = scale * np.random.default_rng(seed).multivariate_normal(np.zeros(2), bound, RUNS)
    return errors, np.tile(bound, (RUNS, 1, 1))


@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_ratio_is_the_scale_and_knows_its_error(scale: float) -> None:
    found = accuracy.rmse_ratio(*drawn(scale))
    assert found is not None
    assert found.value == pytest.approx(scale, abs=4.0 * found.standard_error)
    many = [accuracy.rmse_ratio(*(a[:200] for a in drawn(scale, seed))) for seed in range(100)]
    values = [one.value for one in many if one is not None]
    errors = [one.standard_error for one in many if one is not None]
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.25)


def test_quotient_of_two_estimators_of_the_same_runs() -> None:
    errors, _ = drawn(1.0)
    found = accuracy.rms_quotient(1.2 * errors, errors)
    assert found is not None
    assert found.value == pytest.approx(1.2)
    assert found.standard_error == pytest.approx(0.0, abs=1e-9)  # they share every draw
    apart = accuracy.rms_quotient(1.2 * drawn(1.0, 2)[0], errors)
    assert apart is not None
    assert apart.value == pytest.approx(1.2, abs=4.0 * apart.standard_error)
    assert apart.standard_error > 0.005


@pytest.mark.parametrize(("runs", "dimensions"), [(1, 6), (20, 6), (200, 6), (200, 2)])
def test_band_is_scipys_chi_squared(runs: int, dimensions: int) -> None:
    found = accuracy.anees_band(runs, dimensions)
    expected = [float(stats.chi2.ppf(tail, runs * dimensions)) / runs for tail in (0.025, 0.975)]
    assert found == pytest.approx(tuple(expected))
    assert accuracy.anees_band(0, dimensions) is None


def test_honest_and_overconfident_errors_are_told_apart() -> None:
    errors, bounds = drawn(1.0)
    honest = [accuracy.standardised(e, p) for e, p in zip(errors, bounds, strict=True)]
    band = accuracy.anees_band(RUNS, 2)
    found = accuracy.anees(honest)
    assert band is not None
    assert found is not None
    assert band[0] < found < band[1]
    inside = accuracy.coverage(honest, 2)
    assert inside is not None
    for level, part in inside.items():
        assert part == pytest.approx(float(level) / 100.0, abs=0.03)
    too_sure = [accuracy.standardised(e, p / 4.0) for e, p in zip(errors, bounds, strict=True)]
    worse = accuracy.coverage(too_sure, 2)
    assert worse is not None
    assert worse["95"] < 0.8
    assert float(np.mean(too_sure)) > band[1]


def test_standardised_is_the_solved_square_whatever_the_units() -> None:
    p = np.array([[1e12, 1e5], [1e5, 1e-1]])
    e = np.array([2e6, 0.3])
    assert accuracy.standardised(e, p) == pytest.approx(float(e @ np.linalg.solve(p, e)))
    assert accuracy.standardised(e, np.array([[1.0, 2.0], [2.0, 1.0]])) == float("inf")


def test_time_to_counts_from_when_it_stays_small() -> None:
    ages = [1.0, 2.0, 3.0, 4.0, 5.0]
    inf = float("inf")
    assert accuracy.time_to(ages, [inf, 40.0, 9.0, 8.0, 2.0], 10.0) == 3.0
    assert accuracy.time_to(ages, [inf, 9.0, 40.0, 8.0, 2.0], 10.0) == 4.0
    assert accuracy.time_to(ages, [9.0, 9.0, 9.0, 8.0, inf], 10.0) == inf
    assert accuracy.time_to(ages, [1.0] * 5, 10.0) == 1.0
    assert accuracy.time_to(ages, [float("nan")] * 5, 10.0) == inf


def test_median_counts_those_who_never_get_there() -> None:
    inf = float("inf")
    assert accuracy.median_time([3.0, 1.0, 2.0]) == 2.0
    assert accuracy.median_time([3.0, inf, 2.0]) == 3.0
    assert accuracy.median_time([inf, inf, 2.0]) is None
    assert accuracy.median_time([]) is None


def test_nothing_gives_null() -> None:
    assert accuracy.rmse_ratio(np.empty((0, 3)), np.empty((0, 3, 3))) is None
    assert accuracy.rms_quotient(np.empty((0, 3)), np.empty((0, 3))) is None
    assert accuracy.coverage([], 2) is None
    assert accuracy.anees([]) is None

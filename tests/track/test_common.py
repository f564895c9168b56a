"""Sources that share the object's own unrest: the fused region holds what it says (simulated filters)."""

import numpy as np
import pytest

from tocsin.earth.frames import geodetic_to_ecef
from tocsin.track.common import correlation, noise_m2_s3, widening
from tocsin.track.fleet import NOISE_M2_S3
from tocsin.track.motion import Gaussian

Array = np.ndarray
RUNS = 2_000
CHI2_6_95 = 12.592  # table of the chi-squared distribution
F = np.eye(6) + np.eye(6, k=3)  # a second of straight flight
START = np.diag([1e6] * 3 + [1e4] * 3)


def gains(q: float, sigma_m: Array, steps: int) -> tuple[list[Array], Array]:
    """A textbook Kalman filter of places with white acceleration, a look a second."""
    one = np.eye(3)
    noise = q * np.block([[one / 3.0, one / 2.0], [one / 2.0, one]])
    found, p = [], START
    for _ in range(steps):
        p = F @ p @ F.T + noise
        gain = p[:, :3] @ np.linalg.inv(p[:3, :3] + np.diag(sigma_m**2))
        p = p - gain @ p[:3]
        found.append(gain)
    return found, p


def fused_squares(q: float, sigmas_m: list[Array], steps: int) -> tuple[Array, float]:
    """Squares of RUNS fused errors by the covariance of independent sources, and the widening."""
    chance = np.random.default_rng(5)
    filters = [gains(q, sigma_m, steps) for sigma_m in sigmas_m]
    errors = [chance.standard_normal((RUNS, 6)) * np.sqrt(np.diag(START)) for _ in sigmas_m]
    one = np.eye(3)
    push = np.linalg.cholesky(q * np.block([[one / 3.0, one / 2.0], [one / 2.0, one]]))
    for step in range(steps):
        common = chance.standard_normal((RUNS, 6)) @ push.T
        for i, (found, _) in enumerate(filters):
            ahead = errors[i] @ F.T + common
            seen = ahead[:, :3] + sigmas_m[i] * chance.standard_normal((RUNS, 3))
            errors[i] = ahead - seen @ found[step].T
    parts = [np.linalg.inv(p) for _, p in filters]
    fused = np.linalg.inv(np.sum(parts, axis=0))
    x = np.sum([e @ part for e, part in zip(errors, parts, strict=True)], axis=0) @ fused
    seven = [Gaussian(np.zeros(7), np.pad(p, (0, 1))) for _, p in filters]
    wider = widening(np.pad(fused, (0, 1)), [np.pad(part, (0, 1)) for part in parts], seven, q)
    return np.einsum("ni,ij,nj->n", x, np.linalg.inv(fused), x), wider


EQUAL = np.array([30.0, 30.0, 30.0])


@pytest.mark.parametrize(
    ("q", "sigmas_m", "steps"),
    [
        (25.0, [EQUAL] * 3, 30),  # re-entry at a drag of 100 m/s^2
        (0.01, [EQUAL] * 3, 60),
        (1e-4, [EQUAL] * 3, 60),  # not settled yet
        (NOISE_M2_S3, [EQUAL] * 3, 100),  # space
        (25.0, [EQUAL] * 2, 30),
        (25.0, [EQUAL, 10.0 * EQUAL, 10.0 * EQUAL], 30),
    ],
)
def test_the_fused_region_holds_what_it_says(q: float, sigmas_m: list[Array], steps: int) -> None:
    squares, wider = fused_squares(q, sigmas_m, steps)
    assert 0.93 <= np.mean(squares / wider < CHI2_6_95) <= 0.97
    if q >= 0.01:
        assert np.mean(squares < CHI2_6_95) < 0.85  # what independence claims


def test_sources_that_see_other_directions_are_never_told_too_small() -> None:
    for q, across_m in ((25.0, 500.0), (1.0, 500.0), (25.0, 3_000.0)):
        sigmas_m = [np.where(np.arange(3) == axis, 30.0, across_m) for axis in range(3)]
        squares, wider = fused_squares(q, sigmas_m, 40)
        assert np.mean(squares / wider < CHI2_6_95) >= 0.93  # too large here: it holds up to 99 %


def test_the_noise_is_that_of_space_above_the_air_and_of_drag_below() -> None:
    fast = np.array([0.0, 3_000.0, 0.0])
    high = np.concatenate((geodetic_to_ecef(0.7, 2.3, 400e3), fast, [8.75]))
    low = np.concatenate((geodetic_to_ecef(0.7, 2.3, 20e3), fast, [8.75]))
    assert noise_m2_s3(high) == pytest.approx(NOISE_M2_S3, rel=1e-3)
    drag = 0.5 * 8.891e-2 * 3_000.0**2 / np.exp(8.75)  # density at 20 km: U.S. Standard Atmosphere 1976
    assert noise_m2_s3(low) == pytest.approx((0.05 * drag) ** 2, rel=0.01)


def test_one_source_and_nonsense_are_left_alone() -> None:
    assert correlation(np.zeros((7, 7)), 1.0) == 0.0
    p = np.diag([900.0] * 3 + [1.0] * 3 + [0.25])
    alone = widening(p, [np.linalg.inv(p)], [Gaussian(np.zeros(7), p)], 25.0)
    assert alone == pytest.approx(1.0)


def test_a_ballistic_coefficient_without_bound_gives_a_push_with_one() -> None:
    """Sources that contradict each other add up to anything (found by hostile products)."""
    x = np.concatenate((geodetic_to_ecef(0.7, 2.3, 40e3), (0.0, 0.0, 5e3)))
    assert np.isfinite(noise_m2_s3(np.append(x, -700.0)))
    assert noise_m2_s3(np.append(x, -700.0)) > noise_m2_s3(np.append(x, 8.0))

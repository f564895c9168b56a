"""Where a group is and how wide: against closed forms and drawn clouds."""

import numpy as np
import pytest
from groups_world import BASIS, MIDDLE
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.track.extent import (
    AGAIN,
    EVEN,
    LEAST_MISSED,
    Cloud,
    Seen,
    cloud_of,
    doubted,
    extent_of,
    measured,
    placed,
)

Array = NDArray[np.float64]

P = np.diag([200.0**2] * 3 + [5.0**2] * 3 + [0.1])
STATE = np.array([*MIDDLE, 3000.0, 500.0, 1500.0, 8.7])


def cloud(spread: Array, whole: Array | None = None, draws: int = 10_000) -> Cloud:
    return Cloud(STATE, P, spread, 5.0, spread if whole is None else whole, draws)


def members(chance: np.random.Generator, count: int) -> tuple[Array, Array]:
    """States and covariances."""
    return STATE + chance.normal(0.0, 300.0, (count, 7)), np.array([P] * count)


def test_a_vague_member_moves_nothing() -> None:
    """One that was lost before its motion was known is soon twenty kilometres off, and says so."""
    x, p = members(np.random.default_rng(1), 20)
    far, vague = STATE + 20e3 * np.eye(7)[0], P * 1e4
    rushing = np.diag([1.0] * 3 + [1e4] * 3 + [1.0]) * P
    one = cloud_of(x, p)
    other = cloud_of(np.vstack((x, far, far)), np.concatenate((p, [vague, rushing])))
    assert np.array_equal(one.x, other.x)
    assert np.array_equal(one.spread, other.spread)
    assert np.array_equal(one.p, other.p)


def test_members_say_where_their_mean_is_no_better_than_one_of_them() -> None:
    x, p = members(np.random.default_rng(2), 40)
    found = cloud_of(x, p)
    assert np.allclose(found.x, x.mean(axis=0))
    assert np.allclose(found.p, P)
    assert np.allclose(found.spread, np.cov(x[:, :3].T) - P[:3, :3], rtol=1e-6)
    assert (found.draws, found.each[0, 0]) == (39, pytest.approx(found.p[0, 0] + found.spread[0, 0]))


@given(st.integers(2, 60), st.floats(0.3, 1.0), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_a_look_s_mean_is_weighed_as_a_kalman_filter_does(count: int, part: float, seed: int) -> None:
    """A measurement of the place: its error is the plots' by their number, and what missed ones hide."""
    chance = np.random.default_rng(seed)
    errors, spread = np.diag([900.0, 4e5, 3e5]), np.diag([1e5, 2e5, 3e5])
    off = chance.normal(0.0, 500.0, (count, 3))
    objects = max(round(count / part), 1)
    found = placed(cloud(spread), [Seen(0.0, off, errors, 0.0)], objects)
    noise = (errors + max(1.0 - count / objects, LEAST_MISSED) * spread) / count
    gain = AGAIN * P[:3, :3] @ np.linalg.inv(AGAIN * P[:3, :3] + noise)
    assert np.allclose(found.x[:3] - STATE[:3], gain @ off.mean(axis=0), atol=1e-6)
    assert np.allclose(found.p[:3, :3], AGAIN * P[:3, :3] - gain @ (AGAIN * P[:3, :3]), rtol=1e-6)
    assert np.array_equal(found.x[3:], STATE[3:])


def test_looks_that_drift_show_the_velocity() -> None:
    """Plots ten metres farther off each second that passed: the state is wrong by 10 m/s."""
    errors = np.diag([100.0] * 3)
    looks = [
        Seen(-t, np.tile([50.0 - 10.0 * t, 0.0, 0.0], (400, 1)), errors, 0.0) for t in (0.0, 4.0, 8.0, 12.0)
    ]
    found = placed(cloud(np.zeros((3, 3))), looks, 400)
    assert found.x[0] - STATE[0] == pytest.approx(50.0, abs=1.0)
    assert found.x[3] - STATE[3] == pytest.approx(10.0, abs=0.2)


def test_without_looks_all_stays_as_it_was() -> None:
    one = cloud(np.eye(3))
    assert placed(one, [], 9) is one
    assert measured(one, []) is one
    assert measured(one, [Seen(0.0, np.zeros((1, 3)), np.eye(3), 0.0)] * 5) is one


def test_the_scatter_of_plots_less_their_errors_is_the_objects() -> None:
    """60 looks at 50 objects: a variance within a twentieth of itself and its errors."""
    chance = np.random.default_rng(4)
    places = chance.normal(0.0, 1.0, (50, 3)) * [900.0, 600.0, 200.0]
    errors = np.diag([500.0**2, 300.0**2, 100.0**2])
    looks = [
        Seen(-t, places + chance.normal(0.0, 1.0, (50, 3)) * np.sqrt(np.diag(errors)) + 1e4 * t, errors, 0.0)
        for t in range(60)
    ]
    found = measured(cloud(np.zeros((3, 3))), looks)
    true = np.cov(places.T)
    assert np.abs(found.spread - true).max() < 0.05 * (true + errors).max()
    assert found.draws == 60 * 49
    assert np.allclose(found.whole, found.spread + errors)


@given(st.floats(200.0, 5e3), st.floats(0.2, 0.9), st.floats(0.05, 3.1), st.floats(10.0, 500.0))
@settings(max_examples=25, deadline=None)
def test_half_axes_and_bearing_are_those_of_an_even_filling(
    major: float, part: float, bearing: float, high: float
) -> None:
    """Clockwise from north; no draw is left to chance."""
    along = np.array([np.sin(bearing), np.cos(bearing), 0.0])
    aside = np.array([np.cos(bearing), -np.sin(bearing), 0.0])
    local = major**2 * np.outer(along, along) + (part * major) ** 2 * np.outer(aside, aside)
    local[2, 2] = high**2
    found = extent_of(cloud(BASIS.T @ local @ BASIS / EVEN, draws=10**12))
    assert found.semi_major_m == pytest.approx(major, rel=1e-4)
    assert found.semi_minor_m == pytest.approx(part * major, rel=1e-4)
    assert found.azimuth_rad == pytest.approx(bearing, abs=1e-4)
    assert found.half_height_m == pytest.approx(high, rel=1e-4)


def test_a_round_group_is_not_told_as_a_long_one_by_chance() -> None:
    """Objects scatter by 500 m, plots by 900 m more: over many draws the longer half axis is right (it was a
    tenth too long), and one sigma of it is what it scatters by.
    """
    chance, errors, true = np.random.default_rng(5), 900.0**2 * np.eye(3), np.sqrt(EVEN) * 500.0
    axes, claimed = [], []
    for _ in range(200):
        offs = chance.normal(0.0, np.hypot(500.0, 900.0), (12, 24, 3))
        looks = [Seen(0.0, off, errors, 0.0) for off in offs]
        found = extent_of(measured(cloud(np.zeros((3, 3))), looks))
        axes.append(found.semi_major_m)
        claimed.append(found.sigma_m)
    assert np.mean(axes) == pytest.approx(true, rel=0.06)
    assert np.std(axes) == pytest.approx(np.mean(claimed), rel=0.35)


def test_what_nations_differ_by_is_doubt_of_the_middle() -> None:
    near, far = np.array([30.0, -40.0, 0.0]), np.array([800.0, 0.0, 0.0])
    one = cloud(np.eye(3))
    assert doubted(one, []) is one
    for asides in ([near], [near, far], [far, near]):
        found = doubted(one, asides)
        assert np.allclose(found.p[:3, :3] - P[:3, :3], np.outer(near, near))
        assert np.array_equal(found.p[3:, 3:], P[3:, 3:])
        assert np.array_equal(found.x, one.x)


def test_tracks_told_in_one_place_have_no_extent_and_no_doubt_of_it() -> None:
    """Partners may tell exactly the same state for several tracks; a group of those ends no fold."""
    found = extent_of(cloud_of(np.array([STATE] * 3), np.array([P] * 3)))
    assert (found.semi_major_m, found.semi_minor_m, found.sigma_m) == (0.0, 0.0, 0.0)

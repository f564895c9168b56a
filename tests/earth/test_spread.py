"""Impact with its covariance: against nudged falls where the theory is straight, against many falls where
drag bends it.
"""

import numpy as np
import pytest

from tocsin.earth import flight
from tocsin.earth.frames import ecef_to_geodetic, enu_basis, geodetic_to_ecef
from tocsin.earth.spread import STRAIGHT_SIGMA, landing

LN_BETA, SIGMA = 8.75, 0.5
CHI2 = {0.5: 1.386, 0.9: 4.605, 0.95: 5.991}


def start(speed: float, climb: float, height_m: float = 200e3) -> np.ndarray:
    lat, lon = np.radians([39.0, 126.0])
    basis = enu_basis(float(lat), float(lon))
    level = np.sin(1.3) * basis[0] + np.cos(1.3) * basis[1]
    velocity = speed * (np.cos(climb) * level + np.sin(climb) * basis[2])
    return np.concatenate((geodetic_to_ecef(lat, lon, height_m), velocity, [LN_BETA]))


def test_a_known_drag_gives_the_straight_theory() -> None:
    x7 = start(3_000.0, 0.8)
    p7 = np.diag([200.0, 300.0, 100.0, 1.0, 2.0, 1.5, 0.9 * STRAIGHT_SIGMA]) ** 2
    fell = flight.fall(x7)
    lat, lon, _ = ecef_to_geodetic(fell.x_impact7[:3])
    basis = enu_basis(float(lat), float(lon))
    jacobian = np.empty((3, 7))
    for column, nudge in enumerate([10.0] * 3 + [0.05] * 3 + [1e-3]):
        ahead, behind = (flight.fall(x7 + s * np.eye(7)[column] * nudge) for s in (1, -1))
        apart = basis @ (ahead.x_impact7[:3] - behind.x_impact7[:3])
        jacobian[:, column] = np.append(apart[:2], ahead.time_s - behind.time_s) / (2.0 * nudge)
    expected = jacobian @ p7 @ jacobian.T
    found = landing(x7, p7)
    assert found is not None
    np.testing.assert_allclose(found.covariance, expected, rtol=2e-3, atol=1e-3 * abs(expected).max())
    assert (found.lat_rad, found.lon_rad) == pytest.approx((lat, lon), abs=1e-8)
    assert found.time_s == pytest.approx(fell.time_s, abs=1e-3)


@pytest.mark.parametrize(("speed", "climb", "height_m"), [(4_200.0, 0.6, 200e3), (2_500.0, -0.7, 300e3)])
def test_an_unknown_drag_bends_the_impact_and_the_ellipse_still_holds(
    speed: float, climb: float, height_m: float
) -> None:
    """2,000 falls with drag, place and speed drawn: mean, covariance and coverage are what was said."""
    x7, chance = start(speed, climb, height_m), np.random.default_rng(7)
    half = np.diag([30.0] * 3 + [0.3] * 3 + [SIGMA])
    half[3:6, 6] = 0.2  # the state knows something of its drag, and so does the rest of it
    found = landing(x7, half @ half.T)
    assert found is not None
    basis = enu_basis(found.lat_rad, found.lon_rad)
    origin = geodetic_to_ecef(found.lat_rad, found.lon_rad, 0.0)
    ends = [flight.fall(x7 + half @ chance.standard_normal(7)) for _ in range(2_000)]
    off = np.array([(basis @ (end.x_impact7[:3] - origin))[:2] for end in ends])
    late = np.array([end.time_s - found.time_s for end in ends])
    sigma = np.sqrt(np.diag(found.covariance))
    assert np.all(abs(off.mean(axis=0)) < 0.1 * sigma[:2])
    assert abs(late.mean()) < 0.1 * sigma[2]
    assert late.std() == pytest.approx(sigma[2], rel=0.1)
    squares = np.einsum("ni,ij,nj->n", off, np.linalg.inv(found.covariance[:2, :2]), off)
    assert 0.93 < np.mean(squares < CHI2[0.95]) < 0.97
    assert 0.87 < np.mean(squares < CHI2[0.9]) < 0.94
    assert np.mean(squares < CHI2[0.5]) > 0.5
    straight = flight.fall(x7)
    nominal = (basis @ (straight.x_impact7[:3] - origin))[:2]
    bent = np.einsum("ni,ij,nj->n", off - nominal, np.linalg.inv(_straight(x7, half @ half.T)), off - nominal)
    assert np.mean(bent < CHI2[0.95]) < 0.93  # why the straight line is not enough


def _straight(x7: np.ndarray, p7: np.ndarray) -> np.ndarray:
    end = flight.fall(x7)
    lat, lon, _ = ecef_to_geodetic(end.x_impact7[:3])
    basis = enu_basis(float(lat), float(lon))
    velocity, error = basis @ end.x_impact7[3:6], basis @ end.phi[:3]
    partials = error[:2] + np.outer(velocity[:2], -error[2] / velocity[2])
    return np.asarray(partials @ p7 @ partials.T)


def test_what_does_not_come_down_or_is_no_number_has_no_landing() -> None:
    fast = start(9_500.0, 0.0)
    assert landing(fast, np.eye(7)) is None
    assert landing(start(3_000.0, 0.5) * np.nan, np.eye(7)) is None
    assert landing(start(3_000.0, 0.5), np.full((7, 7), np.inf)) is None


@pytest.mark.parametrize(
    ("speed", "climb", "height_m"),
    [
        (4_200.0, 0.6, 200e3),
        (2_500.0, -0.7, 300e3),
        (6_900.0, 1.3, 150e3),
        (7_000.0, 0.3, 200e3),
        (1_500.0, 0.1, 90e3),
    ],
)
def test_long_steps_lose_nothing_of_the_sensitivities(speed: float, climb: float, height_m: float) -> None:
    """Partials and path against a run with a fifth of the path's step, from space and from within the air."""
    x7 = start(speed, climb, height_m)
    found = landing(x7, np.diag([100.0] * 3 + [1.0] * 3 + [0.5 * STRAIGHT_SIGMA]) ** 2)
    assert found is not None
    tight = flight.fall(x7, step_s=2.0)
    np.testing.assert_allclose(found.fall.x_impact7[:3], tight.x_impact7[:3], atol=0.2)
    assert found.fall.time_s == pytest.approx(tight.time_s, abs=1e-3)
    assert found.fall.apogee_m == pytest.approx(tight.apogee_m, abs=0.1)
    whole = flight.propagate_stm(x7, found.fall.time_s, step_s=2.0)[1]
    assert np.all(abs(found.fall.phi - whole)[:3].max(axis=0) <= 3e-4 * abs(whole[:3]).max(axis=0))

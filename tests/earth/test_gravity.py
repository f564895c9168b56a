"""Gravity against the potential's own derivatives, which heyoka takes symbolically, and published figures."""

import numpy as np
import pytest
from zonal_truth import derivatives

from tocsin.earth import constants as c
from tocsin.earth.frames import geodetic_to_ecef
from tocsin.earth.gravity import gravity, gravity_gradient


def test_acceleration_and_gradient_are_the_potential_s_derivatives() -> None:
    rng = np.random.default_rng(7)
    lat, lon = np.arcsin(rng.uniform(-1, 1, 50)), rng.uniform(-np.pi, np.pi, 50)
    lat[:3] = 0.0, np.pi / 2, -np.pi / 2
    for r_m in geodetic_to_ecef(lat, lon, rng.uniform(0, 5e6, 50)):
        acceleration, gradient = np.zeros(3), np.zeros((3, 3))
        gravity(r_m, acceleration)
        gravity_gradient(r_m, gradient)
        expected = np.asarray(derivatives()(r_m))
        np.testing.assert_allclose(acceleration, expected[1:4], rtol=0, atol=1e-12)
        np.testing.assert_allclose(gradient.ravel(), expected[4:], rtol=0, atol=1e-18)
        assert abs(np.trace(gradient)) < 1e-18  # Laplace: no mass outside the Earth


@pytest.mark.parametrize(("lat_deg", "published"), [(0.0, 9.7803253359), (90.0, 9.8321849379)])
def test_gravity_on_the_ellipsoid_is_wgs84_s_normal_gravity(lat_deg: float, published: float) -> None:
    # NGA.STND.0036_1.0.0_WGS84 table 3.6; the normal field has no J3, whose pull here is 7e-5 m/s^2.
    r_m = geodetic_to_ecef(np.radians(lat_deg), 0.0, 0.0)
    acceleration = np.zeros(3)
    gravity(r_m, acceleration)
    acceleration[:2] += c.WGS84_OMEGA_RAD_S**2 * r_m[:2]
    assert np.linalg.norm(acceleration) == pytest.approx(published, abs=1.5e-4)


def test_zonal_coefficients_are_the_published_ones() -> None:
    # EGM2008's C20, C30, C40 as other toolkits (SatelliteToolbox.jl among them) print them unnormalised.
    assert pytest.approx(0.0010826261738522, rel=1e-9) == c.J2
    assert pytest.approx(-0.0000025324105186, rel=1e-8) == c.J3
    assert pytest.approx(-0.0000016198975999, rel=1e-8) == c.J4

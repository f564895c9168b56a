"""Frames against pymap3d and PROJ: two outside truths for every conversion."""

import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from tocsin.earth import frames

LAT = st.floats(-np.pi / 2, np.pi / 2)
LON = st.floats(-np.pi, np.pi)
ALT = st.floats(-10e3, 40_000e3)
TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
GEOD = Geod(ellps="WGS84")


@given(LAT, LON, ALT)
def test_geodetic_to_ecef_agrees_with_pymap3d_and_proj(lat: float, lon: float, alt: float) -> None:
    ours = frames.geodetic_to_ecef(lat, lon, alt)
    np.testing.assert_allclose(ours, pymap3d.geodetic2ecef(lat, lon, alt, deg=False), rtol=0, atol=1e-7)
    proj = TO_ECEF.transform(np.degrees(lon), np.degrees(lat), alt)
    np.testing.assert_allclose(ours, proj, rtol=0, atol=1e-7)


@given(LAT, LON, ALT)
def test_ecef_to_geodetic_undoes_proj_to_a_micrometre(lat: float, lon: float, alt: float) -> None:
    there = TO_ECEF.transform(np.degrees(lon), np.degrees(lat), alt)
    back_lat, back_lon, back_alt = frames.ecef_to_geodetic(there)
    radius_m = 6.4e6 + max(alt, 0.0)
    assert abs(back_lat - lat) * radius_m < 1e-6
    turn = (float(back_lon) - lon + np.pi) % (2 * np.pi) - np.pi
    assert abs(turn) * np.cos(lat) * radius_m < 1e-6
    assert abs(back_alt - alt) < 1e-6


def test_poles_equator_and_many_at_once() -> None:
    lat = np.radians([90.0, -90.0, 0.0, 0.0, 45.0])
    lon = np.radians([0.0, 0.0, 180.0, -90.0, 7.0])
    alt = np.array([0.0, 1e5, -1e4, 4e7, 1.0])
    points = frames.geodetic_to_ecef(lat, lon, alt)
    assert points.shape == (5, 3)
    back = frames.ecef_to_geodetic(points.reshape(5, 1, 3))
    np.testing.assert_allclose(back[0][:, 0], lat, atol=1e-13)
    np.testing.assert_allclose(back[2][:, 0], alt, atol=1e-6)


@given(LAT, LON, st.floats(-100.0, 5e3), LAT, LON, ALT)
def test_range_azimuth_elevation_agree_with_pymap3d(
    lat: float, lon: float, alt: float, lat2: float, lon2: float, alt2: float
) -> None:
    site, point = frames.geodetic_to_ecef(lat, lon, alt), frames.geodetic_to_ecef(lat2, lon2, alt2)
    basis = frames.enu_basis(lat, lon)
    range_m, az, el = frames.ecef_to_aer(point, site, basis)
    az_ref, el_ref, range_ref = pymap3d.ecef2aer(*point, lat, lon, alt, deg=False)
    assert 0.0 <= az < 2 * np.pi
    # pymap3d sets components below a millimetre to nought.
    assert range_m == pytest.approx(range_ref, abs=2e-3)
    across_m = range_m * np.cos(el)
    if range_m > 1.0:
        assert abs(el - el_ref) * range_m < 2e-3
    if across_m > 1.0:
        assert abs((az - az_ref + np.pi) % (2 * np.pi) - np.pi) * across_m < 2e-3
    np.testing.assert_allclose(frames.aer_to_ecef(range_m, az, el, site, basis), point, atol=1e-6)


@given(LAT, LON)
def test_the_local_basis_is_a_rotation_with_up_along_the_normal(lat: float, lon: float) -> None:
    basis = frames.enu_basis(lat, lon)
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(basis) == pytest.approx(1.0)
    rise = frames.geodetic_to_ecef(lat, lon, 1e3) - frames.geodetic_to_ecef(lat, lon, 0.0)
    np.testing.assert_allclose(basis @ rise, [0.0, 0.0, 1e3], atol=1e-6)


def test_geodesics_known_line_and_round_trip() -> None:
    # Flinders Peak - Buninyong, a published line (GDA technical manual, GRS80): 54,972.271 m, 306 52 05.37.
    flinders = np.radians([-(37 + 57 / 60 + 3.72030 / 3600), 144 + 25 / 60 + 29.52440 / 3600])
    buninyong = np.radians([-(37 + 39 / 60 + 10.15610 / 3600), 143 + 55 / 60 + 35.38390 / 3600])
    assert frames.ground_distance_m(*flinders, *buninyong) == pytest.approx(54_972.271, abs=2e-3)
    azimuth = np.degrees(frames.ground_azimuth_rad(*flinders, *buninyong))
    assert azimuth == pytest.approx(306 + 52 / 60 + 5.37 / 3600, abs=1e-5)


@given(LAT, LON, st.lists(st.tuples(st.floats(0, 6.28), st.floats(1.0, 5e6)), min_size=1, max_size=5))
def test_destination_is_at_its_distance(lat: float, lon: float, legs: list[tuple[float, float]]) -> None:
    az, distance = np.array(legs).T
    end_lat, end_lon = frames.ground_destination(lat, lon, az, distance)
    assert end_lat.shape == az.shape
    np.testing.assert_allclose(frames.ground_distance_m(lat, lon, end_lat, end_lon), distance, atol=1e-5)
    reference = GEOD.fwd(np.degrees(lon), np.degrees(lat), np.degrees(az[0]), distance[0])
    away_m = GEOD.inv(reference[0], reference[1], np.degrees(end_lon[0]), np.degrees(end_lat[0]))[2]
    assert away_m < 1e-3

"""Places on and above the WGS-84 ellipsoid: geodetic, ECEF, local east-north-up, and geodesics on the ground.

All functions take scalars or arrays (numpy broadcasting); lengths in metres, angles in radians.
Conversions are checked against pymap3d and PROJ in tests/earth/test_frames.py.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from tocsin.earth.constants import WGS84_A_M, WGS84_B_M, WGS84_E2, WGS84_EP2, WGS84_F

Array = NDArray[np.float64]

_GEOD: Final = Geod(a=WGS84_A_M, f=WGS84_F)
_TWO_PI: Final = 2.0 * np.pi


def geodetic_to_ecef(lat_rad: ArrayLike, lon_rad: ArrayLike, alt_m: ArrayLike) -> Array:
    """ECEF position, shape (..., 3), of a geodetic latitude, longitude and height above the ellipsoid."""
    lat, lon, alt = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (lat_rad, lon_rad, alt_m)))
    sin_lat, cos_lat = np.sin(lat), np.cos(lat)
    normal_m = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * sin_lat**2)
    across_m = (normal_m + alt) * cos_lat
    along_axis_m = (normal_m * (1.0 - WGS84_E2) + alt) * sin_lat
    return np.stack((across_m * np.cos(lon), across_m * np.sin(lon), along_axis_m), axis=-1)


def ecef_to_geodetic(r_m: ArrayLike) -> tuple[Array, Array, Array]:
    """Latitude, longitude (-pi to pi) and height above the ellipsoid of ECEF positions of shape (..., 3).

    Bowring's iteration (1976, start of 1985), twice: below 1e-6 m from 10 km under ground to 40,000 km above.
    """
    r = np.asarray(r_m, dtype=np.float64)
    x, y, z = r[..., 0], r[..., 1], r[..., 2]
    p = np.hypot(x, y)
    distance_m = np.maximum(np.hypot(p, z), 1.0)
    reduced = np.arctan2(WGS84_B_M * z * (1.0 + WGS84_EP2 * WGS84_B_M / distance_m), WGS84_A_M * p)
    for _ in range(2):
        up = z + WGS84_EP2 * WGS84_B_M * np.sin(reduced) ** 3
        out = p - WGS84_E2 * WGS84_A_M * np.cos(reduced) ** 3
        reduced = np.arctan2(WGS84_B_M * up, WGS84_A_M * out)
    lat = np.arctan2(up, out)
    sin_lat = np.sin(lat)
    alt = p * np.cos(lat) + z * sin_lat - WGS84_A_M * np.sqrt(1.0 - WGS84_E2 * sin_lat**2)
    return lat, np.arctan2(y, x), alt


def enu_basis(lat_rad: float, lon_rad: float) -> Array:
    """Rotation ECEF -> local plane, shape (3, 3): rows are the unit vectors east, north, up."""
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(lat_rad), np.cos(lat_rad), np.sin(lon_rad), np.cos(lon_rad)
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )


def ecef_to_aer(r_m: ArrayLike, site_ecef_m: ArrayLike, basis: Array) -> tuple[Array, Array, Array]:
    """Range, azimuth and elevation of `r_m` seen from `site_ecef_m`; `basis` is the site's enu_basis."""
    enu = (np.asarray(r_m, dtype=np.float64) - np.asarray(site_ecef_m, dtype=np.float64)) @ basis.T
    level_m = np.hypot(enu[..., 0], enu[..., 1])
    azimuth = _full_circle(np.arctan2(enu[..., 0], enu[..., 1]))
    return np.hypot(level_m, enu[..., 2]), azimuth, np.arctan2(enu[..., 2], level_m)


def aer_to_ecef(
    range_m: ArrayLike, az_rad: ArrayLike, el_rad: ArrayLike, site_ecef_m: ArrayLike, basis: Array
) -> Array:
    """ECEF position, shape (..., 3), of what a sensor measured; the inverse of `ecef_to_aer`."""
    distance, az, el = (np.asarray(a, dtype=np.float64) for a in (range_m, az_rad, el_rad))
    level = distance * np.cos(el)
    enu = np.stack(
        np.broadcast_arrays(level * np.sin(az), level * np.cos(az), distance * np.sin(el)), axis=-1
    )
    ecef: Array = np.asarray(site_ecef_m, dtype=np.float64) + enu @ basis
    return ecef


def ground_distance_m(
    lat1_rad: ArrayLike, lon1_rad: ArrayLike, lat2_rad: ArrayLike, lon2_rad: ArrayLike
) -> Array:
    """Length of the geodesic between points on the ellipsoid."""
    return _inverse(lat1_rad, lon1_rad, lat2_rad, lon2_rad)[1]


def ground_azimuth_rad(
    lat1_rad: ArrayLike, lon1_rad: ArrayLike, lat2_rad: ArrayLike, lon2_rad: ArrayLike
) -> Array:
    """Azimuth at the first point of the geodesic to the second, 0 to 2 pi from north."""
    return _inverse(lat1_rad, lon1_rad, lat2_rad, lon2_rad)[0]


def ground_destination(
    lat_rad: ArrayLike, lon_rad: ArrayLike, az_rad: ArrayLike, distance_m: ArrayLike
) -> tuple[Array, Array]:
    """Latitude and longitude reached along the geodesic from a point at an azimuth over a distance."""
    lon, lat, az, distance = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (lon_rad, lat_rad, az_rad, distance_m))
    )
    end_lon, end_lat, _ = _GEOD.fwd(lon, lat, az, distance, radians=True)
    return np.asarray(end_lat, dtype=np.float64), np.asarray(end_lon, dtype=np.float64)


def _inverse(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> tuple[Array, Array]:
    points = (np.asarray(a, dtype=np.float64) for a in (lon1, lat1, lon2, lat2))
    start_lon, start_lat, end_lon, end_lat = np.broadcast_arrays(*points)
    azimuth, _, distance = _GEOD.inv(start_lon, start_lat, end_lon, end_lat, radians=True)
    return _full_circle(np.asarray(azimuth, dtype=np.float64)), np.asarray(distance, dtype=np.float64)


def _full_circle(angle_rad: Array) -> Array:
    """The angle from 0 up to, never to, 2 pi: the remainder of a tiny negative one rounds to 2 pi again."""
    turned = angle_rad % _TWO_PI
    return np.where(turned < _TWO_PI, turned, 0.0)

"""What each sensor's look says about a state: partial derivatives, whitened by the sensor's errors.

Written apart from the estimator's own kernels: a yardstick must not share the faults of what it measures.
A look is four rows (fewer numbers measured: rows of zeros) by seven columns, the state [r (m), v (m/s),
ln beta] in ECEF.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.sensor import Sensor
from tocsin.model.track import LineOfSight, Plot, RadarFix

Array = NDArray[np.float64]

NUMBERS: Final = 4


def look(plot: Plot, sensor: Sensor, state: Array) -> Array:
    """Whitened partials (4, 7) of one plot at a true state (6,) or (7,).

    ValueError for a plot that says nothing of three dimensions (no elevation, a finished position).
    """
    rows = np.zeros((NUMBERS, 7))
    measured = plot.measurement
    if isinstance(measured, LineOfSight):
        rows[:2, :3] = _across(np.asarray(measured.from_ecef_m), state, sensor.errors.los_rad)
    elif isinstance(measured, RadarFix) and measured.el_rad is not None:
        rows[:, :6] = _radar(sensor, state, measured.range_rate_mps is not None)
    else:
        raise ValueError(f"plot {plot.sensor} {plot.number} has no elevation")
    return rows


def _radar(sensor: Sensor, state: Array, with_rate: bool) -> Array:
    """Range, azimuth, elevation and range rate by position and velocity, each over its sigma."""
    errors, place = sensor.errors, sensor.place
    if place is None or errors.range_m is None or errors.az_rad is None or errors.el_rad is None:
        raise ValueError(f"radar {sensor.id} has no place, or no errors stated")
    lat, lon = float(np.radians(place.lat_deg)), float(np.radians(place.lon_deg))
    basis = enu_basis(lat, lon)
    off = state[:3] - geodetic_to_ecef(lat, lon, place.alt_m)
    east, north, up = basis @ off
    distance, level = float(np.linalg.norm(off)), float(np.hypot(east, north))
    rows = np.zeros((NUMBERS, 6))
    rows[0, :3] = off / distance / errors.range_m
    rows[1, :3] = np.array([north, -east, 0.0]) / level**2 @ basis / errors.az_rad
    rows[2, :3] = np.array([-east * up / level, -north * up / level, level]) / distance**2 @ basis
    rows[2] /= errors.el_rad
    if with_rate and errors.range_rate_mps is not None:
        unit = off / distance
        rows[3, :3] = (state[3:6] - (state[3:6] @ unit) * unit) / distance / errors.range_rate_mps
        rows[3, 3:] = unit / errors.range_rate_mps
    return rows


def _across(platform: Array, state: Array, los_rad: float | None) -> Array:
    """Two angles across a line of sight by position (2, 3), over their sigma."""
    if los_rad is None:
        raise ValueError("an infrared sensor without a stated error")
    off = state[:3] - platform
    distance = float(np.linalg.norm(off))
    unit = off / distance
    one = np.cross(unit, np.eye(3)[int(np.argmin(np.abs(unit)))])
    one /= np.linalg.norm(one)
    return np.stack((one, np.cross(unit, one))) / distance / los_rad

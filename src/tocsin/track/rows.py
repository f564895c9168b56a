"""Plots and sensors as numbers for the compiled estimators, and numbers as bytes for the state.

A row is a plot of the main path (radar with elevation, or a line of sight), ROW numbers: [time_s since the
tracker's base, kind, sensor index, plot number, six values]; radar: range, azimuth, elevation, range rate
or nan, 0, 0; line of sight: unit vector (3), platform (3), both ECEF; mixed, of radar plots of which nobody
knows whose is whose (`contest`): range, azimuth, elevation, and by what their variances are larger. A sensor
is SENSOR numbers: [sigma range, azimuth, elevation, range rate, line of sight, site ECEF (3), east, north, up
(9)]. States hold arrays as bytes (float64, C order): immutable, so no step can change an older state, and
quick to hash.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.sensor import Sensor
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import LineOfSight, Plot, RadarFix

Array = NDArray[np.float64]

ROW: Final = 10
SENSOR: Final = 17
SITE: Final = slice(5, 8)  # of a sensor's numbers; nil of one that has no place
RADAR: Final = 0.0
LOS: Final = 1.0
MIXED: Final = 2.0

# For a sensor whose registry entry leaves a figure out: coarse, so that it adds little (ours, notional).
_RANGE_M: Final = 500.0
_ANGLE_RAD: Final = 5e-3
_RANGE_RATE_MPS: Final = 50.0
_LOS_RAD: Final = 1e-3


def pack(values: Array) -> bytes:
    """An array as bytes."""
    return np.ascontiguousarray(values, dtype=np.float64).tobytes()


def unpack(data: bytes, *shape: int) -> Array:
    """The read-only array of `pack`."""
    return np.frombuffer(data, dtype=np.float64).reshape(shape)


def rows_of(data: bytes) -> Array:
    """Packed rows as a writable array (n, ROW): compiled code knows one array type only."""
    return unpack(data, -1, ROW).copy()


def sensor_table(sensors: Sequence[Sensor]) -> Array:
    """(n, SENSOR) in the order given."""
    return _sensor_table(tuple(sensors)).copy()


@lru_cache(maxsize=16)
def _sensor_table(sensors: tuple[Sensor, ...]) -> Array:
    """Asked for in every step, and the same in all of them."""
    table = np.zeros((max(len(sensors), 1), SENSOR))
    for entry, sensor in zip(table, sensors, strict=False):
        errors = sensor.errors
        entry[:5] = (
            errors.range_m or _RANGE_M,
            errors.az_rad or _ANGLE_RAD,
            errors.el_rad or _ANGLE_RAD,
            errors.range_rate_mps or _RANGE_RATE_MPS,
            errors.los_rad or _LOS_RAD,
        )
        if sensor.place is not None:
            lat, lon = np.radians(sensor.place.lat_deg), np.radians(sensor.place.lon_deg)
            entry[5:8] = geodetic_to_ecef(lat, lon, sensor.place.alt_m)
            entry[8:] = enu_basis(float(lat), float(lon)).ravel()
    return table


def sites(rows: Array, table: Array) -> Array:
    """Places (m, 3), ECEF, of the radars that made these rows (n, ROW)."""
    radars = np.unique(rows[rows[:, 1] != LOS, 2]).astype(np.int64)
    return np.asarray(table[radars, SITE])


def is_main(plot: Plot) -> bool:
    """Does this plot say enough of three dimensions for the main path? All others are air traffic's."""
    measured = plot.measurement
    return isinstance(measured, LineOfSight) or (
        isinstance(measured, RadarFix) and measured.el_rad is not None
    )


def seconds(base_ns: Instant, time_ns: Instant) -> float:
    """Seconds since the base; exact to 0.1 ns for weeks."""
    return (time_ns - base_ns) / SECOND_NS


def instant(base_ns: Instant, time_s: float) -> Instant:
    """The inverse of `seconds`, to the nearest nanosecond."""
    return Instant(base_ns + round(time_s * SECOND_NS))


def row_of(plot: Plot, sensor: int, base_ns: Instant) -> tuple[float, ...]:
    """The row of a plot for which `is_main` holds."""
    head = (seconds(base_ns, plot.time_ns), RADAR, float(sensor), float(plot.number))
    measured = plot.measurement
    if isinstance(measured, LineOfSight):
        return (head[0], LOS, *head[2:], *measured.unit, *measured.from_ecef_m)
    if not isinstance(measured, RadarFix) or measured.el_rad is None:
        raise ValueError("a plot without elevation has no row")
    rate = float("nan") if measured.range_rate_mps is None else measured.range_rate_mps
    return (*head, measured.range_m, measured.az_rad, measured.el_rad, rate, 0.0, 0.0)


def row_table(plots: Sequence[tuple[Plot, int]], base_ns: Instant) -> Array:
    """Rows (n, ROW) of plots with their sensors' indices."""
    return np.array([row_of(plot, sensor, base_ns) for plot, sensor in plots], dtype=np.float64).reshape(
        -1, ROW
    )


def merged(rows: Array, new: Array) -> Array:
    """Both sets in order of (time, sensor, number)."""
    together = np.concatenate((rows, new))
    order = np.lexsort((together[:, 3], together[:, 2], together[:, 0]))
    return np.ascontiguousarray(together[order])


def triangle(matrix: Array) -> tuple[float, ...]:
    """The upper triangle, row-wise."""
    values: list[float] = matrix[np.triu_indices(len(matrix))].tolist()
    return tuple(values)


def from_triangle(values: Iterable[float], size: int = 7) -> Array:
    """The symmetric matrix of an upper triangle."""
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size)] = np.fromiter(values, dtype=np.float64)
    return np.asarray(matrix + np.triu(matrix, 1).T)

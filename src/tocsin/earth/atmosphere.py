"""Air density against height: a smooth curve through published rows of the U.S. Standard Atmosphere, 1976.

A natural-ended cubic spline of ln(density) over geometric height, twice continuously differentiable from 0 to
1,000 km, so that integrators and state-transition matrices meet no kink. Below 0 km the first slope goes on;
above 1,000 km the last slope does, which leaves a density without any effect. Heights above the ellipsoid are
taken as the standard's heights above sea level. The real density above 100 km varies several-fold with the
Sun; the process noise of a filter must carry it.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]

# Geometric height (km), density (kg/m^3): NOAA-S/T 76-1562, tables I (to 86 km) and VIII (above).
US76_ROWS: Final[tuple[tuple[float, float], ...]] = (
    (0.0, 1.2250), (2.0, 1.0066), (4.0, 8.1935e-1), (6.0, 6.6011e-1), (8.0, 5.2579e-1), (10.0, 4.1351e-1),
    (12.0, 3.1194e-1), (14.0, 2.2786e-1), (16.0, 1.6647e-1), (18.0, 1.2165e-1), (20.0, 8.8910e-2),
    (25.0, 4.0084e-2), (30.0, 1.8410e-2), (35.0, 8.4634e-3), (40.0, 3.9957e-3), (45.0, 1.9663e-3),
    (50.0, 1.0269e-3), (55.0, 5.6810e-4), (60.0, 3.0968e-4), (65.0, 1.6321e-4), (70.0, 8.2829e-5),
    (75.0, 3.9921e-5), (80.0, 1.8458e-5), (86.0, 6.958e-6), (90.0, 3.416e-6), (95.0, 1.393e-6),
    (100.0, 5.604e-7), (105.0, 2.325e-7), (110.0, 9.708e-8), (115.0, 4.289e-8), (120.0, 2.222e-8),
    (130.0, 8.152e-9), (140.0, 3.831e-9), (150.0, 2.076e-9), (160.0, 1.233e-9), (180.0, 5.194e-10),
    (200.0, 2.541e-10), (250.0, 6.073e-11), (300.0, 1.916e-11), (400.0, 2.803e-12), (500.0, 5.215e-13),
    (600.0, 1.137e-13), (700.0, 3.070e-14), (800.0, 1.136e-14), (900.0, 5.759e-15), (1000.0, 3.561e-15),
)  # fmt: skip

_HEIGHT_M: Final[Array] = 1e3 * np.array([row[0] for row in US76_ROWS])
_SPLINE: Final = CubicSpline(_HEIGHT_M, np.log([row[1] for row in US76_ROWS]), bc_type="natural")
_COEFFICIENTS: Final[Array] = np.ascontiguousarray(_SPLINE.c.T)  # (segment, power 3..0)
# The spline's segment by whole kilometres: every row stands at one.
_SEGMENT: Final[NDArray[np.int64]] = (
    np.searchsorted(_HEIGHT_M, 1e3 * np.arange(1001), side="right").clip(max=len(_HEIGHT_M) - 1) - 1
)
_FLOOR_LN: Final = float(_SPLINE(0.0))
_FLOOR_SLOPE: Final = float(_SPLINE(0.0, 1))
_TOP_LN: Final = float(_SPLINE(_HEIGHT_M[-1]))
_TOP_SLOPE: Final = float(_SPLINE(_HEIGHT_M[-1], 1))


@njit(cache=True)
def log_density(alt_m: float) -> tuple[float, float]:
    """ln(density / (kg/m^3)) and its derivative (1/m) at a geometric height."""
    if alt_m <= 0.0:
        return _FLOOR_LN + _FLOOR_SLOPE * alt_m, _FLOOR_SLOPE
    last = _HEIGHT_M.shape[0] - 1
    if alt_m >= _HEIGHT_M[last]:
        return _TOP_LN + _TOP_SLOPE * (alt_m - _HEIGHT_M[last]), _TOP_SLOPE
    low = _SEGMENT[int(1e-3 * alt_m)]
    u = alt_m - _HEIGHT_M[low]
    a, b, c, d = _COEFFICIENTS[low, 0], _COEFFICIENTS[low, 1], _COEFFICIENTS[low, 2], _COEFFICIENTS[low, 3]
    return ((a * u + b) * u + c) * u + d, (3.0 * a * u + 2.0 * b) * u + c


@njit(cache=True)
def density(alt_m: float) -> float:
    """Air density (kg/m^3) at a geometric height."""
    value, _ = log_density(alt_m)
    return np.exp(value)

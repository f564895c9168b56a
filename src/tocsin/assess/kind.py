"""What kind of flight an arc is: how far its energy reaches, and whether it is flown high or low.

Range bands as published by the U.S. National Air and Space Intelligence Center (Ballistic and Cruise Missile
Threat, 2020, NASIC-1031-0985-20): short below 1,000 km, medium 1,000 to 3,000 km, intermediate 3,000 to
5,500 km, intercontinental above. They are bands of what a system reaches, so an arc counts by the farthest
range of its energy, not by where this one comes down: a lofted flight of 1,000 km stays intercontinental.

Shape: the apogee against that of the arc of least energy over the same range. No body publishes a bound for
"lofted"; LOFTED and DEPRESSED are ours, with the public record's rows on either side.

Two-body geometry over a sphere: right to about 3 % of the range, which a band does not need better.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.constants import WGS84_A_M, WGS84_B_M, WGS84_GM_M3_S2, WGS84_OMEGA_RAD_S
from tocsin.model.event import ArcShape, RangeBand

Array = NDArray[np.float64]

BANDS_M: Final = (
    (1_000e3, RangeBand.SHORT),
    (3_000e3, RangeBand.MEDIUM),
    (5_500e3, RangeBand.INTERMEDIATE),
    (float("inf"), RangeBand.INTERCONTINENTAL),
)
LOFTED: Final = 1.5
DEPRESSED: Final = 0.6
EARTH_M: Final = (2.0 * WGS84_A_M + WGS84_B_M) / 3.0
ORBIT_PERIGEE_M: Final = 100e3  # who stays above this goes round: the air takes hours, not minutes


class Arc(NamedTuple):
    """Band and shape of an arc; ranges (m) over an Earth that does not turn; inf: it goes round."""

    band: RangeBand
    shape: ArcShape | None
    range_m: float
    reach_m: float


def arc_of(x6: Array) -> Arc:
    """The arc through an ECEF state (position m, velocity m/s) above the air."""
    r = float(np.linalg.norm(x6[:3]))
    velocity = x6[3:6] + WGS84_OMEGA_RAD_S * np.array([-x6[1], x6[0], 0.0])
    momentum2 = float(np.sum(np.cross(x6[:3], velocity) ** 2))
    energy = 0.5 * float(velocity @ velocity) - WGS84_GM_M3_S2 / r
    parameter = momentum2 / WGS84_GM_M3_S2
    if energy >= 0.0:
        return Arc(RangeBand.SPACE_LAUNCH, None, float("inf"), float("inf"))
    axis = -0.5 * WGS84_GM_M3_S2 / energy
    e = float(np.sqrt(max(1.0 - parameter / axis, 0.0)))
    if axis * (1.0 - e) > EARTH_M + ORBIT_PERIGEE_M:
        return Arc(RangeBand.SPACE_LAUNCH, None, float("inf"), float("inf"))
    half = np.pi - float(np.arccos(np.clip((parameter / EARTH_M - 1.0) / max(e, 1e-9), -1.0, 1.0)))
    range_m, apogee_m = 2.0 * half * EARTH_M, axis * (1.0 + e) - EARTH_M
    reach_m = reach(energy)
    band = next(band for limit, band in BANDS_M if reach_m < limit or limit == float("inf"))
    return Arc(band, shape_of(apogee_m, range_m), range_m, reach_m)


def reach(energy_m2_s2: float) -> float:
    """The farthest range (m) over the ground of an arc with this specific energy; half the Earth at most.

    At the surface with Q = v^2 R / GM: sin(range angle / 2) = Q / (2 - Q) (Bate, Mueller and White 1971,
    section 6.2).
    """
    q = 2.0 * (energy_m2_s2 * EARTH_M / WGS84_GM_M3_S2 + 1.0)
    if q >= 1.0:
        return np.pi * EARTH_M
    return 2.0 * float(np.arcsin(max(q, 0.0) / (2.0 - q))) * EARTH_M


def shape_of(apogee_m: float, range_m: float) -> ArcShape:
    """High or low for its range. The arc of least energy over an angle a has the apogee
    R / 2 (sin(a/2) + cos(a/2) - 1).
    """
    half = 0.5 * range_m / EARTH_M
    least_m = 0.5 * EARTH_M * float(np.sin(half) + np.cos(half) - 1.0)
    if apogee_m > LOFTED * least_m:
        return ArcShape.LOFTED
    return ArcShape.DEPRESSED if apogee_m < DEPRESSED * least_m else ArcShape.NORMAL

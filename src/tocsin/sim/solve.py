"""Find the notional boost whose arc meets a published apogee and range about the recorded azimuth.

The geometry is SIGNED: the geodesic from launch to impact is split into its part along the recorded
azimuth and its part to the right of it. An unsigned range is met as well by an arc that comes down on the
wrong side, for lofted ones 1,000 km west.

What a recorded azimuth means is not said in the record, and the turning Earth makes it matter:
- DEPARTURE: the azimuth of the plane in which the boost turns over. The impact may lie to its side.
- IMPACT: the azimuth at the launch place of the geodesic to the impact. Needed for lofted arcs, whose
  impact slides hundreds of kilometres west under them; the boost's plane is corrected for it.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from tocsin.earth import kernels
from tocsin.earth.constants import STANDARD_GRAVITY_M_S2, WGS84_A_M, WGS84_GM_M3_S2
from tocsin.earth.frames import ecef_to_geodetic, ground_azimuth_rad, ground_distance_m
from tocsin.errors import TocsinError
from tocsin.sim.boost import LN_BETA, Program, Site, climb, site

Array = NDArray[np.float64]

TOLERANCE_M: Final = 10.0  # far below the kilometres in which figures are published
MAX_EVALUATIONS: Final = 30  # per start; well-posed rows of the public record need 5 to 20
STEP_S: Final = 10.0
MAX_FALL_S: Final = 7_200.0  # longer than any flight of the public record
# Notional boost length, seconds = BASE + RISE * (arc's speed in km/s)^2: 45 s for the shortest rows of the
# record, 140 s for 4 October 2022, and such for lofted arcs that their flight times agree with the published
# ones to 1 %.
BOOST_BASE_S: Final = 40.0
BOOST_RISE_S: Final = 3.1
SHORTER: Final = (1.0, 0.75, 0.5, 0.35)
"""Parts of the notional boost that are tried: a low and long arc of a gliding object needs a short one.
"""


class AzimuthOf(StrEnum):
    """Which direction the recorded azimuth is taken for."""

    DEPARTURE = "departure"
    IMPACT = "impact"


class NoArcError(TocsinError):
    """No arc of this boost meets the published figures."""


class Published(NamedTuple):
    """What the record says of one flight: launch place, azimuth, apogee and range. Nothing else goes in."""

    lat_deg: float
    lon_deg: float
    azimuth_deg: float
    apogee_m: float
    range_m: float


class Arc(NamedTuple):
    """What one program flies: apogee, signed distances to the impact, burnout state (7,), flight time.

    `rising`: it climbs all through the boost, so that the apogee comes after burnout.
    """

    apogee_m: float
    along_m: float
    right_m: float
    burnout7: Array
    flight_time_s: float
    rising: bool

    @property
    def signed_range_m(self) -> float:
        """Ground distance to the impact, negative behind the launch place."""
        return float(np.copysign(np.hypot(self.along_m, self.right_m), self.along_m))


def notional_boost_s(published: Published) -> float:
    """A boost length for a flight without a stated one, to whole 5 s."""
    speed_mps, _ = _kepler_start(published)
    return 5.0 * round((BOOST_BASE_S + BOOST_RISE_S * (speed_mps / 1e3) ** 2) / 5.0)


def workable_boost(published: Published) -> tuple[float, float]:
    """A boost length that meets the figures, and the part of the notional one that it is."""
    notional_s = notional_boost_s(published)
    for part in SHORTER:
        try:
            solve(published, part * notional_s, likely_azimuth_of(published))
        except NoArcError as failure:
            why = failure
        else:
            return part * notional_s, part
    raise why


def likely_azimuth_of(published: Published) -> AzimuthOf:
    """IMPACT for lofted arcs (apogee above range), DEPARTURE otherwise."""
    return AzimuthOf.IMPACT if published.apogee_m > published.range_m else AzimuthOf.DEPARTURE


def solve(published: Published, boost_s: float, azimuth_of: AzimuthOf) -> Program:
    """The program that meets the figures within TOLERANCE_M. NoArcError when no start leads to one."""
    start = site(published.lat_deg, published.lon_deg, published.azimuth_deg)
    corrected = azimuth_of is AzimuthOf.IMPACT
    scale = np.array([published.apogee_m, published.range_m, published.range_m])[: 3 if corrected else 2]

    def misses(z: Array) -> Array:
        arc = fly_program(published, start, _program(z, boost_s))
        if corrected:
            reached = [arc.apogee_m, arc.along_m - published.range_m, arc.right_m]
        else:
            reached = [arc.apogee_m, arc.signed_range_m - published.range_m]
        wanted = np.array([published.apogee_m, 0.0, 0.0])[: len(scale)]
        return np.asarray((np.array(reached) - wanted) / scale)

    closest_m, late = np.inf, False
    for guess in _guesses(published, boost_s, len(scale)):
        found = least_squares(misses, guess, xtol=1e-12, ftol=1e-14, gtol=1e-14, max_nfev=MAX_EVALUATIONS)
        miss_m = float(np.max(np.abs(found.fun * scale)))
        program = _program(found.x, boost_s)
        if miss_m > TOLERANCE_M:
            closest_m = min(closest_m, miss_m)
        elif fly_program(published, start, program).rising:
            return program
        else:
            late = True
            break  # other starts lead to the same arc
    why = "the boost would last beyond the apogee" if late else f"closest: {closest_m / 1e3:.1f} km off"
    raise NoArcError(
        f"no ballistic arc with a boost of {boost_s:g} s reaches apogee {published.apogee_m / 1e3:g} km and"
        f" range {published.range_m / 1e3:g} km ({why})"
    )


def fly_program(published: Published, start: Site, program: Program) -> Arc:
    """Climb, then fall. A program that never lifts off gives far-off figures instead of an error."""
    _, states = climb(start, program)
    burnout = np.append(states[-1, :6], LN_BETA)
    block, _, fall_s, apogee_m, apogee_s = kernels.fall_block(burnout, STEP_S, MAX_FALL_S, 0.0, 1)
    lat, lon, _ = ecef_to_geodetic(block[:3, 0])
    here = np.radians([published.lat_deg, published.lon_deg])
    distance = float(ground_distance_m(here[0], here[1], lat, lon))
    off = float(ground_azimuth_rad(here[0], here[1], lat, lon)) - np.radians(published.azimuth_deg)
    time_s = program.boost_s + fall_s
    _, _, heights = ecef_to_geodetic(states[:, :3])
    rising = bool(np.all(np.diff(heights) > 0.0)) and apogee_s > 0.0
    along, right = distance * float(np.cos(off)), distance * float(np.sin(off))
    return Arc(float(apogee_m), along, right, burnout, time_s, rising)


def _program(z: Array, boost_s: float) -> Program:
    """The solver's unknowns: mean thrust in g, tilt along, and tilt to the right where it is free."""
    right = float(z[2]) if len(z) > 2 else 0.0
    return Program(float(z[0]) * STANDARD_GRAVITY_M_S2, float(z[1]), right, boost_s)


def _kepler_start(published: Published) -> tuple[float, float]:
    """Speed (m/s) and elevation (rad) at the surface of the Kepler arc with this apogee and range; no
    air.

    From r = p / (1 + e cos(nu)): apogee p / (1 - e), surface p / (1 - e cos(half the range's angle)).
    """
    half = 0.5 * published.range_m / WGS84_A_M
    crest_m = WGS84_A_M + published.apogee_m
    e = published.apogee_m / (crest_m - WGS84_A_M * np.cos(half))
    unit_mps = np.sqrt(WGS84_GM_M3_S2 / (crest_m * (1.0 - e)))
    level, up = unit_mps * (1.0 - e * np.cos(half)), unit_mps * e * np.sin(half)
    return float(np.hypot(level, up)), float(np.arctan2(up, level))


def _guesses(published: Published, boost_s: float, unknowns: int) -> list[Array]:
    """A few starts, the likeliest first: thrust that also holds against gravity, tilt near the arc's own."""
    speed_mps, elevation = _kepler_start(published)
    gain = speed_mps / boost_s / STANDARD_GRAVITY_M_S2
    thrust = np.hypot(gain * np.cos(elevation), gain * np.sin(elevation) + 0.9)
    tilt = np.pi / 2 - elevation
    return [
        np.array([thrust * k, tilt * m, 0.0])[:unknowns]
        for k in (1.0, 1.25, 0.85, 1.6)
        for m in (0.9, 0.6, 1.3)
    ]

"""Does an object still do what free flight said it would? And where can it come down if it does not?

The impact that was predicted best so far is held against the one predicted now: as long as nothing but
gravity and air moves the object, the two differ by no more than both admit. An impact that wanders off is a
manoeuvre, and so is a motor that burns again after a coast. The test rests on published estimates alone, so
that it serves partners' tracks as well; a sensor out of true moves impacts too, hence the floors.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.assess.impact import Prediction
from tocsin.earth.constants import STANDARD_GRAVITY_M_S2
from tocsin.earth.frames import (
    ecef_to_geodetic,
    enu_basis,
    ground_azimuth_rad,
    ground_destination,
    ground_distance_m,
)
from tocsin.earth.gauss import mahalanobis2
from tocsin.earth.places import Area
from tocsin.model.event import AreaRisk, Footprint
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import Phase

Array = NDArray[np.float64]

FLOOR_M: Final = 3e3  # one sigma: what a milliradian of bias does to the impact of a whole arc (ours)
LEAST_M: Final = 15e3  # no smaller wandering is a manoeuvre: an area warned is larger
GATE2: Final = 36.0  # six sigma: with two numbers, one honest prediction in 7e7
CONTRADICTED: Final = 3  # predictions in a row
AGREED_S: Final = 60.0  # free flight again after so long without a contradiction
SETTLED_S: Final = 20.0  # a coast's first seconds may be taken back: a motor that only paused
RELIT_S: Final = 3.0

# Farthest glide: lift is at most GLIDE times drag. Published estimates for hypersonic gliders lie at 2.6
# (Acton, Science & Global Security 23 (2015) 191, on HTV-2); a region must not be too small.
GLIDE: Final = 3.0
TURN_RAD: Final = float(np.radians(45.0))  # of the sector ahead (ours)
CORNERS: Final = 13
SLOWED: Final = 0.4  # a glide's mean speed, of the present one (ours)
EARTH_M: Final = 6_371e3
LEAST_SHARE: Final = 1e-3


class Watch(Struct, frozen=True):
    """What is remembered of one object: its best prediction so far (east, north covariance), and how often it
    was contradicted since. `since_ns`: when free flight was last contradicted, null while it holds.
    """

    first_ns: Instant | None = None
    place: tuple[float, float] = (0.0, 0.0)
    covariance: tuple[float, float, float] = (0.0, 0.0, 0.0)
    contradictions: int = 0
    since_ns: Instant | None = None
    relit_ns: Instant | None = None

    @property
    def manoeuvring(self) -> bool:
        """Is free flight refuted?"""
        return self.since_ns is not None


def predicted(watch: Watch, found: Prediction) -> Watch:
    """After another prediction."""
    now = found.epoch_ns
    watch = replace(watch, relit_ns=None)
    if watch.first_ns is None:
        return _best(replace(watch, first_ns=now), found)
    if not _contradicts(watch, found):
        if watch.since_ns is not None and seconds_between(watch.since_ns, now) > AGREED_S:
            watch = replace(watch, since_ns=None)
        watch = replace(watch, contradictions=0)
        return _best(watch, found) if _smaller(watch, found) else watch
    count = watch.contradictions + 1
    if count < CONTRADICTED:
        return replace(watch, contradictions=count)
    return _best(replace(watch, contradictions=0, since_ns=now), found)


def unpredicted(watch: Watch, phase: Phase, now: Instant) -> Watch:
    """After a step without a prediction: a motor that burns again, if there had been a settled coast."""
    if watch.first_ns is None or phase is not Phase.BOOST:
        return watch
    first, relit = watch.first_ns, watch.relit_ns if watch.relit_ns is not None else now
    watch = replace(watch, relit_ns=relit)
    if seconds_between(first, relit) < SETTLED_S:
        return Watch() if seconds_between(relit, now) > RELIT_S else watch
    return replace(watch, since_ns=now) if seconds_between(relit, now) >= RELIT_S else watch


def footprint(state: EcefState) -> Footprint:
    """Where a state can come down with lift: ahead of it, as far as its height and speed can carry it."""
    x = np.array(state.x)
    lat, lon, height = (float(v) for v in ecef_to_geodetic(x[:3]))
    east, north, _ = enu_basis(lat, lon) @ x[3:6]
    speed = max(float(np.linalg.norm(x[3:6])), 1.0)
    farthest_m = _farthest_m(max(height, 0.0), speed)
    turns = np.linspace(-TURN_RAD, TURN_RAD, CORNERS)
    heading = float(np.arctan2(east, north))
    ends_lat, ends_lon = ground_destination(lat, lon, heading + turns, farthest_m * np.cos(turns))
    corners = [(lat, lon), *zip(np.ravel(ends_lat).tolist(), np.ravel(ends_lon).tolist(), strict=True)]
    return Footprint(
        region=tuple((float(np.degrees(a)), float(np.degrees(b))) for a, b in corners),
        earliest_ns=after(state.epoch_ns, max(height, 0.0) / speed),
        latest_ns=after(state.epoch_ns, farthest_m / (SLOWED * speed)),
    )


def footprint_risks(region: Footprint, areas: Sequence[Area]) -> tuple[AreaRisk, ...]:
    """Areas that the region touches, with their part of it."""
    lon0 = region.region[0][1]
    ring = [((lon - lon0 + 180.0) % 360.0 - 180.0 + lon0, lat) for lat, lon in region.region]
    whole = shapely.Polygon(ring).convex_hull
    rows = []
    for area in areas:
        if not whole.intersects(area.polygon):
            continue
        share = float(whole.intersection(area.polygon).area / whole.area)
        rows.append(AreaRisk(area.iso, max(share, LEAST_SHARE), 1.0, region.earliest_ns, region.latest_ns))
    return tuple(rows)


def _farthest_m(height_m: float, speed_mps: float) -> float:
    """Range of an equilibrium glide, R/2 (L/D) ln(1 / (1 - v^2 / g R)) (Eggers, Allen and Neice 1957, NACA
    TN 4046), and of the height; half the Earth at most.
    """
    part = min(speed_mps**2 / (STANDARD_GRAVITY_M_S2 * EARTH_M), 0.999)
    glide_m = -0.5 * EARTH_M * GLIDE * float(np.log(1.0 - part)) + GLIDE * height_m
    return min(glide_m, 0.9 * np.pi * EARTH_M)


def _contradicts(watch: Watch, found: Prediction) -> bool:
    """Does the impact of now lie where the best one said it could not?"""
    lat, lon = np.radians(watch.place)
    there_lat, there_lon = np.radians((found.impact.lat_deg, found.impact.lon_deg))
    apart_m = float(ground_distance_m(lat, lon, there_lat, there_lon))
    if apart_m < LEAST_M:
        return False
    bearing = float(ground_azimuth_rad(lat, lon, there_lat, there_lon))
    ee, en, nn = watch.covariance
    both = np.array([[ee, en], [en, nn]]) + found.covariance_en + FLOOR_M**2 * np.eye(2)
    off = apart_m * np.array([np.sin(bearing), np.cos(bearing)])
    return mahalanobis2(off, both) > GATE2


def _smaller(watch: Watch, found: Prediction) -> bool:
    ee, en, nn = watch.covariance
    return float(np.linalg.det(found.covariance_en)) < ee * nn - en * en


def _best(watch: Watch, found: Prediction) -> Watch:
    c = found.covariance_en
    return replace(
        watch,
        place=(found.impact.lat_deg, found.impact.lon_deg),
        covariance=(float(c[0, 0]), float(c[0, 1]), float(c[1, 1])),
    )

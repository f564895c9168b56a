"""Objects close together on their way, before one radar: places, tracks as if tracker and fusion made them,
plots.
"""

import numpy as np
import world
from numpy.typing import NDArray

from tocsin.earth.flight import propagate, propagate_many
from tocsin.earth.frames import aer_to_ecef, ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.model.label import Nation, Plane
from tocsin.model.space import EcefState
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase, Plot, RadarFix, Track
from tocsin.track.rows import triangle

Array = NDArray[np.float64]

SENSOR = world.radar("kor-a", Nation.KOR, 36.5, 127.5, period=2.0).sensor(Plane.TEST)
SITE_RAD = (np.radians(36.5), np.radians(127.5))
SITE = geodetic_to_ecef(*SITE_RAD, 0.0)
MIDDLE = geodetic_to_ecef(np.radians(39.0), np.radians(129.5), 200e3)
BASIS = enu_basis(np.radians(39.0), np.radians(129.5))
VELOCITY = np.array([3500.0, 1000.0, 2300.0]) @ BASIS
START = Instant(1_700_000_000 * SECOND_NS)


def lattice(side: int, spacing_m: float) -> Array:
    """Places (n, 3) of a level square about MIDDLE."""
    line = spacing_m * (np.arange(side) - 0.5 * (side - 1))
    east, north = (grid.ravel() for grid in np.meshgrid(line, line))
    return np.asarray(MIDDLE + np.column_stack((east, north, np.zeros(side**2))) @ BASIS)


def tracks_at(
    places: Array, errors: Array, sigma_m: float, now: Instant
) -> tuple[list[FusedTrack], list[Track]]:
    """Confirmed tracks in free flight, `errors` (n, 3) off their places, own ones and fused."""
    velocity = propagate(np.array([*MIDDLE, *VELOCITY, 8.7]), (now - START) / SECOND_NS)[3:6]
    p = np.diag([sigma_m**2] * 3 + [4.0] * 3 + [0.25])
    own, fused = [], []
    for n, x in enumerate(places + errors):
        state = EcefState(now, (*x.tolist(), *velocity.tolist(), 8.7), triangle(p))
        shared = {"life": Life.CONFIRMED, "phase": Phase.COAST, "kind": ObjectClass.BALLISTIC, "state": state}
        shared |= {"first_ns": START, "last_ns": now, "label": SENSOR.label}
        own.append(Track(id=f"KOR-{n}", sensors=(SENSOR.id,), plots=9, **shared))  # type: ignore[arg-type]
        member = (Member(Nation.KOR, f"KOR-{n}"),)
        fused.append(FusedTrack(id=f"F-{n}", members=member, **shared))  # type: ignore[arg-type]
    return fused, own


def plots_of(
    places: Array, now: Instant, chance: np.random.Generator, detected: float = 0.9, turned_rad: float = 0.0
) -> list[Plot]:
    """A radar's look at these places; it is turned so far without knowing."""
    polar = np.column_stack(ecef_to_aer(places, SITE, enu_basis(*SITE_RAD)))
    polar += chance.normal(0.0, 1.0, polar.shape) * [30.0, 1e-3, 1e-3] + [0.0, turned_rad, 0.0]
    seen = polar[chance.random(len(polar)) < detected]
    number = int((now - START) // SECOND_NS) * 1_000
    return [Plot(SENSOR.id, number + n, now, RadarFix(*row)) for n, row in enumerate(seen.tolist())]


def flown(places: Array, age_s: float) -> Array:
    """Places after a time of free flight."""
    x = np.column_stack((places, np.tile(VELOCITY, (len(places), 1)), np.full(len(places), 8.7)))
    return np.asarray(propagate_many(x, np.full(len(x), age_s))[:, :3])


def seen_aside(place: Array, turned_rad: float) -> Array:
    """By how much (3,) a radar that is turned so far sees a place aside."""
    basis = enu_basis(*SITE_RAD)
    far, az, el = ecef_to_aer(place[None], SITE, basis)
    return np.asarray(aer_to_ecef(far, az + turned_rad, el, SITE, basis)[0] - place)

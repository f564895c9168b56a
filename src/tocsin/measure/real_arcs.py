"""Real unpowered arcs: first stages of two space launches, from webcast telemetry, followed by the production
tracker.

The telemetry knows height and speed as the webcasts showed them (height in three digits: steps of 0.1 km, of
1 km above 100 km; speed in km/h; once a second), and the level part of the speed; no place and no azimuth.
It is laid over the Earth at the launch site with the azimuth that such launches take. Height and way along
the path are data; the course aside, of which there is none, is that of the free flight that leaves the first
row. A notional radar stands beside the path and sees the places without any noise of its own: noise is what
was recorded.
"""

import csv
from collections.abc import Sequence
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.assess.impact import matrix_of
from tocsin.earth.flight import fall, propagate_stm, sample
from tocsin.earth.frames import (
    ecef_to_aer,
    ecef_to_geodetic,
    enu_basis,
    geodetic_to_ecef,
    ground_destination,
)
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import EcefState, Geodetic
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import Phase, Plot, RadarFix, Track
from tocsin.track import tracker
from tocsin.track.batch import LN_BETA_MEAN

Array = NDArray[np.float64]

SEEN_S: Final = 30.0
EPOCH_NS: Final = Instant(1_500_000_000 * SECOND_NS)
EARTH_M: Final = 6_371e3
QUANTUM_M: Final = 500.0  # half a step of the recorded height above 100 km
RADAR_ASIDE_M: Final = 250e3
RADAR_ALONG_M: Final = 150e3
RANGE_M: Final = 300.0  # above 100 km the webcast shows whole kilometres: one sigma of such a step, 289 m
ANGLE_RAD: Final = 1.2e-3
RATE_MPS: Final = 2.0  # speed in steps of 1 km/h, its direction smoothed out of the heights


class Site(NamedTuple):
    """Launch site (degrees) and azimuth (degrees) of a flight."""

    lat_deg: float
    lon_deg: float
    azimuth_deg: float


# NASA's Kennedy Space Center, pad 39A; a geostationary transfer orbit leaves eastward, the Space Station's
# north-east (both published; CRS-11's stage flies back, so its arc runs the other way).
FLIGHTS: Final = {"BulgariaSat-1": Site(28.608, -80.604, 90.0), "CRS-11": Site(28.608, -80.604, 225.0)}


class Rows(NamedTuple):
    """Telemetry by second (n,): time after lift-off, height (m), way over the ground since the first row (m),
    speed and its level part (m/s).
    """

    times_s: Array
    height_m: Array
    way_m: Array
    speed_mps: Array
    level_mps: Array


class Followed(NamedTuple):
    """What was predicted from SEEN_S of coast, and what was recorded: apogee (m, s after lift-off, one sigma
    each), and the place at the last unpowered row as (along, up) errors (m) with their covariance.
    """

    name: str
    predicted_apogee_m: float
    apogee_sigma_m: float
    predicted_apogee_s: float
    apogee_time_sigma_s: float
    recorded_apogee_m: float
    recorded_apogee_s: float
    last_s: float
    last_error_m: Array
    last_covariance: Array
    rows: Rows
    foretold: Array  # heights (m) at the rows' times

    @property
    def last_squared(self) -> float:
        """Squared Mahalanobis distance of the last place: 5.99 is the 95 % ellipse."""
        return float(self.last_error_m @ np.linalg.solve(self.last_covariance, self.last_error_m))


def telemetry(name: str) -> Rows:
    """The rows of a flight in FLIGHTS."""
    text = (resources.files("tocsin") / "data" / "telemetry" / f"{name}.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    t, height, speed, level = (
        np.array([float(line[key]) for line in lines])
        for key in ("t_s", "altitude_km", "speed_mps", "level_mps")
    )
    height *= 1e3
    over_ground = np.abs(level) * EARTH_M / (EARTH_M + height)
    way = np.concatenate(([0.0], np.cumsum(0.5 * (over_ground[1:] + over_ground[:-1]) * np.diff(t))))
    return Rows(t, height, way, speed, np.abs(level))


def laid_out(rows: Rows, site: Site) -> Array:
    """ECEF places (n, 3) of the rows."""
    lat, lon, azimuth = (float(v) for v in np.radians(site))
    first = _first_state(rows, lat, lon, azimuth)
    free = sample(np.append(first, LN_BETA_MEAN), rows.times_s - rows.times_s[0])[:, :3]
    east, north, _ = enu_basis(lat, lon)
    right = np.cos(azimuth) * east - np.sin(azimuth) * north
    aside = (free - first[:3]) @ right
    there_lat, there_lon = ground_destination(lat, lon, azimuth, rows.way_m)
    on_path = geodetic_to_ecef(there_lat, there_lon, rows.height_m)
    chord = (on_path - first[:3]) @ right
    return np.asarray(on_path + np.outer(aside - chord, right))


def _first_state(rows: Rows, lat: float, lon: float, azimuth: float) -> Array:
    """Position and velocity of the first row, the climb from the recorded heights of the first seconds."""
    seen = slice(0, int(SEEN_S))
    climb = float(np.polyfit(rows.times_s[seen] - rows.times_s[0], rows.height_m[seen], 2)[1])
    east, north, up = enu_basis(lat, lon)
    along = np.sin(azimuth) * east + np.cos(azimuth) * north
    velocity = rows.level_mps[0] * along + climb * up
    return np.concatenate((geodetic_to_ecef(lat, lon, float(rows.height_m[0])), velocity))


def radar(site: Site) -> Sensor:
    """A notional radar beside the path."""
    lat, lon, azimuth = (float(v) for v in np.radians(site))
    lat, lon = (float(v) for v in ground_destination(lat, lon, azimuth, RADAR_ALONG_M))
    lat, lon = (float(v) for v in ground_destination(lat, lon, azimuth + np.pi / 2, RADAR_ASIDE_M))
    return Sensor(
        id="R",
        nation=Nation.USA,
        kind=SensorKind.RADAR,
        errors=SensorErrors(range_m=RANGE_M, az_rad=ANGLE_RAD, el_rad=ANGLE_RAD, range_rate_mps=RATE_MPS),
        label=Label(Plane.TEST, frozenset((Nation.USA,)), frozenset()),
        place=Geodetic(float(np.degrees(lat)), float(np.degrees(lon))),
        period_s=1.0,
    )


def fixes(rows: Rows, places: Array, sensor: Sensor) -> list[Plot]:
    """The radar's plots of the places, with the recorded speed along the line of sight."""
    if sensor.place is None:
        raise ValueError("the radar has no place")
    lat, lon = (float(v) for v in np.radians((sensor.place.lat_deg, sensor.place.lon_deg)))
    here, basis = geodetic_to_ecef(lat, lon, 0.0), enu_basis(lat, lon)
    lines = places - here
    lines /= np.linalg.norm(lines, axis=1)[:, None]
    rates = np.sum(lines * _velocities(rows, places), axis=1)
    seen = np.column_stack((*ecef_to_aer(places, here, basis), rates))
    return [
        Plot(
            "R",
            n,
            after(EPOCH_NS, float(t)),
            RadarFix(float(r), float(az % (2 * np.pi)), float(el), float(rate)),
        )
        for n, (t, (r, az, el, rate)) in enumerate(zip(rows.times_s, seen, strict=True), 1)
    ]


def _velocities(rows: Rows, places: Array) -> Array:
    """ECEF velocities (n, 3): level and climbing part as recorded, the direction over the ground that of the
    places.
    """
    lat, lon, _ = ecef_to_geodetic(places)
    up = np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=-1)
    ahead = np.gradient(places, axis=0)
    ahead -= np.sum(ahead * up, axis=1)[:, None] * up
    ahead /= np.linalg.norm(ahead, axis=1)[:, None]
    top = int(np.argmin(rows.speed_mps))  # speed is least at the apogee
    rising = np.where(np.arange(len(rows.times_s)) < top, 1.0, -1.0)
    climb = rising * np.sqrt(np.maximum(rows.speed_mps**2 - rows.level_mps**2, 0.0))
    return np.asarray(rows.level_mps[:, None] * ahead + climb[:, None] * up)


def tracked(plots: Sequence[Plot], sensor: Sensor, until_s: float) -> EcefState | None:
    """The production tracker's coasting state after the plots up to `until_s`; None when it has none."""
    state = tracker.new_tracker(Nation.USA, [sensor])
    tracks: tuple[Track, ...] = ()
    for plot in plots:
        if plot.time_ns > after(EPOCH_NS, until_s):
            break
        state, tracks = tracker.step(state, [plot], plot.time_ns)
    coast = [track.state for track in tracks if track.phase is Phase.COAST]
    return coast[0] if coast else None


def follow(name: str) -> Followed | None:
    """One flight; None when the tracker has no coast after SEEN_S."""
    rows, site = telemetry(name), FLIGHTS[name]
    places, sensor = laid_out(rows, site), radar(site)
    state = tracked(fixes(rows, places, sensor), sensor, float(rows.times_s[0]) + SEEN_S)
    if state is None:
        return None
    x, p = np.array(state.x), matrix_of(state)
    now_s = (state.epoch_ns - EPOCH_NS) / SECOND_NS
    crest = fall(x, ground_alt_m=0.0)
    top, phi = propagate_stm(x, crest.apogee_time_s)
    lat, lon, _ = ecef_to_geodetic(top[:3])
    basis = enu_basis(float(lat), float(lon))
    spread = basis[2] @ phi[:3] @ p @ phi[:3].T @ basis[2]
    climb = basis[2] @ phi[3:6] @ p @ phi[3:6].T @ basis[2]
    gravity = 9.5  # at this height, less the turn of the vertical along the way: good to a few per cent
    end_x, end_phi = propagate_stm(x, float(rows.times_s[-1]) - now_s)
    error, covariance = _along_up(places[-1], end_x, end_phi @ p @ end_phi.T)
    ahead = np.maximum(rows.times_s - now_s, 0.0)
    best = np.polyfit(rows.times_s - rows.times_s[0], rows.height_m, 4)
    inside = np.linspace(0.0, float(rows.times_s[-1] - rows.times_s[0]), 4_000)
    top_at = int(np.argmax(np.polyval(best, inside)))
    return Followed(
        name=name,
        predicted_apogee_m=crest.apogee_m,
        apogee_sigma_m=float(np.sqrt(spread)),
        predicted_apogee_s=now_s + crest.apogee_time_s,
        apogee_time_sigma_s=float(np.sqrt(climb)) / gravity,
        recorded_apogee_m=float(np.polyval(best, inside)[top_at]),
        recorded_apogee_s=float(rows.times_s[0] + inside[top_at]),
        last_s=float(rows.times_s[-1]),
        last_error_m=error,
        last_covariance=covariance,
        rows=rows,
        foretold=ecef_to_geodetic(sample(x, ahead)[:, :3])[2],
    )


def _along_up(place: Array, state7: Array, covariance7: Array) -> tuple[Array, Array]:
    """Recorded less predicted, along the path and up, with the covariance of both (2, 2)."""
    lat, lon, _ = ecef_to_geodetic(state7[:3])
    up = enu_basis(float(lat), float(lon))[2]
    along = state7[3:6] - (state7[3:6] @ up) * up
    axes = np.stack((along / np.linalg.norm(along), up))
    recorded = np.diag([RANGE_M**2, (QUANTUM_M / np.sqrt(3.0)) ** 2])
    return axes @ (place - state7[:3]), axes @ covariance7[:3, :3] @ axes.T + recorded

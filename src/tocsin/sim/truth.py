"""Truth: what each object really does, from launch to impact, and which areas it really flies over."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from tocsin.earth import flight as ballistic
from tocsin.earth.frames import ecef_to_geodetic, ground_destination
from tocsin.earth.places import Area, overflown
from tocsin.errors import UserError
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant, after
from tocsin.sim.boost import LN_BETA, Program, climb, site
from tocsin.sim.departures import Nodes, disturbed, manoeuvred, parted
from tocsin.sim.scenario import Flight, Scenario
from tocsin.sim.solve import NoArcError, solve

Array = NDArray[np.float64]

CORRIDOR_M: Final = 50_000.0
"""Half-width of the corridor about the ground track within which an area counts as overflown."""

TRACK_EVERY_S: Final = 1.0
STEP_S: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class FlownFlight:
    """One object's truth. Times are seconds since launch; before 0 and after impact it is on the ground."""

    flight: Flight
    burnout_s: float
    burnout7: Array
    flight_time_s: float
    apogee_m: float
    apogee_s: float
    impact: Geodetic
    _position: CubicHermiteSpline
    _velocity: CubicHermiteSpline
    begins_s: float = 0.0
    """A piece of an object is one from here on; before, it is nowhere."""
    _nodes: Nodes | None = None

    @property
    def launch_ns(self) -> Instant:
        """When it lifts off."""
        return self.flight.launch_ns

    @property
    def impact_ns(self) -> Instant:
        """When it reaches the ellipsoid."""
        return after(self.launch_ns, self.flight_time_s)

    def states(self, times_s: Array) -> Array:
        """ECEF position and velocity, shape (n, 6), at rising times in [0, flight_time_s]; ValueError
        outside.
        """
        times = np.asarray(times_s, dtype=np.float64)
        if len(times) and (times[0] < 0.0 or times[-1] > self.flight_time_s + 1e-6):
            raise ValueError("no state before launch or after impact")
        up = int(np.searchsorted(times, self.burnout_s))
        powered = np.column_stack((self._position(times[:up]), self._velocity(times[:up])))
        coast = times[up:] - self.burnout_s
        if self._nodes is not None:
            return np.concatenate((powered, self._nodes.at(coast, STEP_S)[:, :6]))
        return np.concatenate((powered, ballistic.sample(self.burnout7, coast, STEP_S)[:, :6]))


def fly(flight: Flight) -> FlownFlight:
    """Solve the boost and fly it. UserError when no arc of this boost meets the figures."""
    return _flown(flight, _solved(flight))


def fly_salvo(flight: Flight) -> tuple[FlownFlight, ...]:
    """The flight, or all of its salvo: one program flown from every place of the grid; or its pieces."""
    program = _solved(flight)
    return tuple(
        piece
        for one in members(flight)
        for piece in _departed(_flown(replace(one, failure=None), program), one)
    )


def _departed(flown: FlownFlight, flight: Flight) -> tuple[FlownFlight, ...]:
    """What the scenario makes of a free flight: a manoeuvre, an end, or pieces."""
    if flight.manoeuvre is not None:
        push = flight.manoeuvre
        from_s = push.from_s - flown.burnout_s
        return (along(flown, manoeuvred(flown.burnout7, from_s, push.for_s, push.up_mps2, push.right_mps2)),)
    if flight.failure is None:
        return (flown,)
    at_s = min(flight.failure.at_s, flown.flight_time_s)
    last7 = ballistic.propagate(flown.burnout7, at_s - flown.burnout_s)
    if not flight.failure.pieces:
        lat, lon, _ = ecef_to_geodetic(last7[:3])
        under = Geodetic(float(np.degrees(lat)), float(np.degrees(lon)))
        return (dataclasses.replace(flown, flight_time_s=at_s, impact=under),)
    found = []
    for n, start in enumerate(parted(last7, flight.failure.pieces, flight.failure.apart_mps)):
        nodes = Nodes(np.array([0.0, at_s - flown.burnout_s]), np.array([flown.burnout7, start]))
        name = flight.object if n == 0 else f"{flight.object}-{n + 1}"
        piece = along(dataclasses.replace(flown, flight=replace(flown.flight, object=name)), nodes)
        found.append(dataclasses.replace(piece, begins_s=at_s if n else 0.0))
    return tuple(found)


def along(flown: FlownFlight, nodes: Nodes) -> FlownFlight:
    """The same flight, from burnout on by these nodes."""
    end = ballistic.fall(nodes.states[-1], STEP_S)
    lat, lon, _ = ecef_to_geodetic(end.x_impact7[:3])
    return dataclasses.replace(
        flown,
        flight_time_s=flown.burnout_s + float(nodes.times_s[-1]) + end.time_s,
        impact=Geodetic(float(np.degrees(lat)), float(np.degrees(lon))),
        _nodes=nodes,
    )


def with_noise(flown: FlownFlight, density_m2_s3: float, stream: np.random.Generator) -> FlownFlight:
    """The same flight under a random walk of its velocity (white acceleration of this density, m^2/s^3)."""
    return along(flown, disturbed(flown.burnout7, density_m2_s3, stream))


def members(flight: Flight) -> tuple[Flight, ...]:
    """The flights of a salvo, the recorded one first, the others by their distance from it on the grid.

    Headings are parallel to the recorded one: the azimuth turns with the meridians.
    """
    if flight.salvo is None:
        return (flight,)
    side = int(np.ceil(np.sqrt(flight.salvo.count)))
    steps = np.arange(side) - (side - 1) // 2
    cells = sorted(((int(a), int(b)) for a in steps for b in steps), key=lambda ab: (max(map(abs, ab)), ab))
    found = [replace(flight, salvo=None)]
    for n, (along, right) in enumerate(cells[1 : flight.salvo.count], 2):
        found.append(_displaced(flight, n, along * flight.salvo.spacing_km, right * flight.salvo.spacing_km))
    return tuple(found)


def _displaced(flight: Flight, number: int, along_km: float, right_km: float) -> Flight:
    lat, lon, azimuth = (float(v) for v in np.radians([flight.lat_deg, flight.lon_deg, flight.azimuth_deg]))
    toward, distance_m = (
        azimuth + float(np.arctan2(right_km, along_km)),
        1e3 * float(np.hypot(along_km, right_km)),
    )
    there_lat, there_lon = ground_destination(lat, lon, toward, distance_m)
    turned = (there_lon - lon) * np.sin(0.5 * (lat + there_lat))
    return replace(
        flight,
        object=f"{flight.object}-{number}",
        lat_deg=float(np.degrees(there_lat)),
        lon_deg=float(np.degrees(there_lon)),
        azimuth_deg=float(np.degrees(azimuth + turned) % 360.0),
        flight_time_s=None,
        salvo=None,
    )


def _solved(flight: Flight) -> Program:
    try:
        return solve(flight.published, flight.boost_s, flight.azimuth_of)
    except NoArcError as failure:
        raise UserError(
            f"flight {flight.object}: {failure}", fix="mend apogee_km or range_km, or try another boost_s"
        ) from failure


def _flown(flight: Flight, program: Program) -> FlownFlight:
    times, rows = climb(site(flight.lat_deg, flight.lon_deg, flight.azimuth_deg), program)
    return _fallen(
        flight,
        np.append(rows[-1, :6], LN_BETA),
        CubicHermiteSpline(times, rows[:, :3], rows[:, 3:6]),
        CubicHermiteSpline(times, rows[:, 3:6], rows[:, 6:]),
    )


def with_ln_beta(flown: FlownFlight, ln_beta: float) -> FlownFlight:
    """The same flight with another ballistic coefficient from burnout on: evaluation draws one a run."""
    return _fallen(flown.flight, np.append(flown.burnout7[:6], ln_beta), flown._position, flown._velocity)


def _fallen(
    flight: Flight, burnout7: Array, position: CubicHermiteSpline, velocity: CubicHermiteSpline
) -> FlownFlight:
    fall = ballistic.fall(burnout7, STEP_S)
    lat, lon, _ = ecef_to_geodetic(fall.x_impact7[:3])
    return FlownFlight(
        flight=flight,
        burnout_s=flight.boost_s,
        burnout7=burnout7,
        flight_time_s=flight.boost_s + fall.time_s,
        apogee_m=fall.apogee_m,
        apogee_s=flight.boost_s + fall.apogee_time_s,
        impact=Geodetic(float(np.degrees(lat)), float(np.degrees(lon))),
        _position=position,
        _velocity=velocity,
    )


@lru_cache(maxsize=8)
def fly_all(scenario_flights: tuple[Flight, ...]) -> tuple[FlownFlight, ...]:
    """All flights of a scenario, in its order, every object of a salvo by itself."""
    return tuple(flown for flight in scenario_flights for flown in fly_salvo(flight))


def ground_track(flown: FlownFlight, every_s: float = TRACK_EVERY_S) -> Array:
    """Rows [t_s, lat_rad, lon_rad, alt_m], shape (n, 4), from launch to impact."""
    times = np.append(np.arange(0.0, flown.flight_time_s, every_s), flown.flight_time_s)
    lat, lon, alt = ecef_to_geodetic(flown.states(times)[:, :3])
    return np.stack((times, lat, lon, alt), axis=-1)


def overflights(flown: FlownFlight, areas: Sequence[Area]) -> list[tuple[str, Instant]]:
    """(ISO 3166-2 code, time of entry) of areas within CORRIDOR_M of the ground track, by time of entry."""
    found = overflown(ground_track(flown), areas, CORRIDOR_M)
    return [(entry.iso, after(flown.launch_ns, entry.enter_s)) for entry in found]


def truth_rows(scenario: Scenario) -> Iterator[tuple[int, str, Array]]:
    """(t, object, [x, y, z, vx, vy, vz]) at every whole second t of the scenario at which an object
    flies.
    """
    flights = []
    for flown in fly_all(scenario.flights):
        offset_s = (flown.launch_ns - scenario.start_ns) / 1e9
        seconds = np.arange(
            np.ceil(offset_s + flown.begins_s), min(offset_s + flown.flight_time_s, scenario.duration_s)
        )
        flights.append((flown.flight.object, seconds, flown.states(seconds - offset_s)))
    rows = [
        (int(t), name, state)
        for name, seconds, states in flights
        for t, state in zip(seconds, states, strict=True)
    ]
    yield from sorted(rows, key=lambda row: (row[0], row[1]))


def truth_csv(scenario: Scenario) -> str:
    """truth.csv: `t,id,x,y,z,vx,vy,vz`; t in s since the scenario's start, ECEF, m and m/s, to the
    millimetre.
    """
    lines = ["t,id,x,y,z,vx,vy,vz"]
    lines += [
        f"{t},{name}," + ",".join(f"{value:.3f}" for value in state)
        for t, name, state in truth_rows(scenario)
    ]
    return "\n".join(lines) + "\n"

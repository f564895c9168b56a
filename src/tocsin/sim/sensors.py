"""What the illustrative sensors report of the truth: plots, from one random stream per sensor and object.

A stream is seeded by (seed, sensor, object): another sensor changes no plot of this one, and another
object none but their numbering. The times of the looks are the sensor's own: their phase follows from its
name, not from the seed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.constants import WGS84_A_M, WGS84_GM_M3_S2, WGS84_OMEGA_RAD_S
from tocsin.earth.frames import aer_to_ecef, ecef_to_aer, ecef_to_geodetic, enu_basis, geodetic_to_ecef
from tocsin.model.label import Nation
from tocsin.model.sensor import SensorKind
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import LineOfSight, Measurement, Plot, RadarFix
from tocsin.sim.scenario import Coverage, Orbit, Resolution, Scenario, SensorSpec
from tocsin.sim.truth import FlownFlight, fly_all

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLUTTER_BOX_DEG: Final = (32.0, 46.0, 122.0, 150.0)
"""Latitudes and longitudes between which an infrared sensor's false plots lie: the exercise's seas and
lands.
"""

CLUTTER_ALT_M: Final = 10_000.0  # sun on high cloud: the usual false alarm of an infrared sensor
CLUTTER_MAX_EL_RAD: Final = float(np.radians(30.0))  # a radar's false plots lie low: birds, sea, ducting


class Delivery(NamedTuple):
    """A plot on its way: when it reaches the node, whose it is."""

    deliver_ns: Instant
    nation: Nation
    plot: Plot


class _Looked(NamedTuple):
    """What is seen before it is measured: times (n,), states (n, 6), standard normal errors (n, 4), and how
    late each is (n,), 0 to 1.
    """

    times_ns: NDArray[np.int64]
    states: Array
    noise: Array
    late: Array


class _Seen(NamedTuple):
    """One measurement before it gets its number."""

    time_ns: int
    measurement: Measurement
    late: float
    """How late it is, as a part of the sensor's spread of delays."""


def plots(scenario: Scenario, seed: int, flown: Sequence[FlownFlight] | None = None) -> list[Delivery]:
    """All plots of a scenario by time of delivery. The same seed gives the same list, to the last bit.

    `flown`: other truths for the scenario's flights than its own (`truth.with_ln_beta`).
    """
    found: list[Delivery] = []
    truths = fly_all(scenario.flights) if flown is None else flown
    for sensor in scenario.sensors:
        seen = sorted(_all_seen(scenario, sensor, seed, truths), key=lambda entry: entry.time_ns)
        for number, (time_ns, measurement, late) in enumerate(seen, 1):
            plot = Plot(sensor=sensor.id, number=number, time_ns=Instant(time_ns), measurement=measurement)
            delay_ns = round((sensor.report_delay_s + late * sensor.report_delay_spread_s) * SECOND_NS)
            found.append(Delivery(Instant(time_ns + delay_ns), sensor.nation, plot))
    return sorted(found, key=lambda entry: (entry.deliver_ns, entry.plot.sensor, entry.plot.number))


def first_contacts(scenario: Scenario) -> dict[str, dict[str, float]]:
    """By sensor and object: seconds from launch to the first look with the object in coverage; absent =
    never.
    """
    found: dict[str, dict[str, float]] = {}
    for sensor in scenario.sensors:
        table = found.setdefault(sensor.id, {})
        for flown in fly_all(scenario.flights):
            looks_ns, states = _looks_at(scenario, sensor, flown)
            visible = in_coverage(scenario, sensor, flown, looks_ns, states)
            if visible.any():
                first_ns = int(looks_ns[int(np.argmax(visible))])
                table[flown.flight.object] = round((first_ns - flown.launch_ns) / SECOND_NS, 1)
    return found


def looks_ns(scenario: Scenario, sensor: SensorSpec) -> NDArray[np.int64]:
    """Instants of all looks of a sensor within the scenario."""
    phase = int.from_bytes(hashlib.sha256(sensor.id.encode()).digest()[:4], "big") / 2**32
    period_ns = round(sensor.period_s * SECOND_NS)
    count = int((scenario.duration_s / sensor.period_s) - phase) + 1
    return scenario.start_ns + round(phase * period_ns) + period_ns * np.arange(count, dtype=np.int64)


def in_coverage(
    scenario: Scenario, sensor: SensorSpec, flown: FlownFlight, times_ns: NDArray[np.int64], states: Array
) -> Mask:
    """Which of the looks have the object where the sensor can see it."""
    if sensor.kind is SensorKind.RADAR:
        distance, az, el = ecef_to_aer(states[:, :3], *_site(sensor))
        return _in_radar_coverage(sensor.coverage, distance, az, el)
    if sensor.kind is SensorKind.INFRARED and sensor.orbit is not None:
        since_launch_s = (times_ns - flown.launch_ns) / SECOND_NS
        bright = sensor.coverage.coast | (since_launch_s <= flown.burnout_s + sensor.coverage.after_burnout_s)
        platform = platform_ecef(sensor.orbit, (times_ns - scenario.start_ns) / SECOND_NS)
        return bright & _in_view(sensor.coverage, platform, states[:, :3])
    return np.zeros(
        len(times_ns), dtype=bool
    )  # surveillance sources report aircraft, which a scenario does not fly


def platform_ecef(orbit: Orbit, times_s: Array) -> Array:
    """ECEF places (n, 3) of a circular orbit at times since the scenario's start."""
    radius_m = WGS84_A_M + orbit.altitude_km * 1e3
    along = np.radians(orbit.phase_deg) + np.sqrt(WGS84_GM_M3_S2 / radius_m**3) * times_s
    node = np.radians(orbit.node_lon_deg) - WGS84_OMEGA_RAD_S * times_s
    tilt = np.radians(orbit.inclination_deg)
    x, y, z = np.cos(along), np.sin(along) * np.cos(tilt), np.sin(along) * np.sin(tilt)
    return radius_m * np.stack(
        (x * np.cos(node) - y * np.sin(node), x * np.sin(node) + y * np.cos(node), z), axis=-1
    )


def _all_seen(
    scenario: Scenario, sensor: SensorSpec, seed: int, truths: Sequence[FlownFlight]
) -> Iterator[_Seen]:
    seen = [_looked(scenario, sensor, seed, flown) for flown in truths]
    if sensor.resolution is not None and seen:
        seen = [_unresolved(sensor, sensor.resolution, seen)]
    for one in seen:
        yield from _measured(scenario, sensor, one)
    yield from _clutter(scenario, sensor, _stream(seed, sensor.id, "/clutter"))


def _looked(scenario: Scenario, sensor: SensorSpec, seed: int, flown: FlownFlight) -> _Looked:
    """What the sensor's looks show of one object."""
    stream = _stream(seed, sensor.id, flown.flight.object)
    times_ns, states = _looks_at(scenario, sensor, flown)
    detected = stream.random(len(times_ns)) < sensor.detection_probability
    noise = stream.standard_normal((len(times_ns), 4))
    late = stream.random(len(times_ns))
    kept = np.flatnonzero(detected & in_coverage(scenario, sensor, flown, times_ns, states))
    return _Looked(times_ns[kept], states[kept], noise[kept], late[kept])


def _unresolved(sensor: SensorSpec, cell: Resolution, seen: Sequence[_Looked]) -> _Looked:
    """One plot of all objects in a cell, at their middle: Koch and van Keuk, IEEE Trans. Aerospace and
    Electronic Systems 33 (1997) 883, with cells that lie fast in place of a chance by distance.
    """
    times_ns, states, noise, late = (np.concatenate(column) for column in zip(*seen, strict=True))
    sizes = np.array([cell.range_m, 1e-3 * cell.az_mrad, 1e-3 * cell.el_mrad])
    cells = np.floor(np.column_stack(ecef_to_aer(states[:, :3], *_site(sensor))) / sizes).astype(np.int64)
    keys, first, of, count = np.unique(
        np.column_stack((times_ns, cells)), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    middles = np.zeros((len(keys), states.shape[1]))
    np.add.at(middles, of.ravel(), states)
    return _Looked(keys[:, 0], middles / count[:, None], noise[first], late[first])


def _looks_at(scenario: Scenario, sensor: SensorSpec, flown: FlownFlight) -> tuple[NDArray[np.int64], Array]:
    """The looks while the object flies, and its states then."""
    times_ns = looks_ns(scenario, sensor)
    begins_ns = flown.launch_ns + round(flown.begins_s * SECOND_NS)
    times_ns = times_ns[(times_ns >= begins_ns) & (times_ns <= flown.impact_ns)]
    return times_ns, flown.states((times_ns - flown.launch_ns) / SECOND_NS)


def _measured(
    scenario: Scenario,
    sensor: SensorSpec,
    looked: _Looked,
) -> Iterator[_Seen]:
    """Truth plus errors."""
    times_ns, states, noise, late = looked
    if sensor.kind is SensorKind.RADAR:
        fixes: Iterator[Measurement] = _radar_fixes(sensor, states, noise)
    elif sensor.orbit is not None:
        platform = platform_ecef(sensor.orbit, (times_ns - scenario.start_ns) / SECOND_NS)
        fixes = _lines_of_sight(
            platform, states[:, :3], 1e-3 * (sensor.errors.los_mrad or 0.0) * noise[:, :2]
        )
    else:
        return
    for time_ns, fix, part in zip(times_ns, fixes, late, strict=True):
        yield _Seen(int(time_ns), fix, float(part))


def _radar_fixes(sensor: SensorSpec, states: Array, noise: Array) -> Iterator[RadarFix]:
    place, basis = _site(sensor)
    errors = sensor.errors
    distance, az, el = ecef_to_aer(states[:, :3], place, basis)
    sigma = np.array([errors.range_m or 0.0, 1e-3 * (errors.az_mrad or 0.0), 1e-3 * (errors.el_mrad or 0.0)])
    measured = np.column_stack((distance, az, el)) + bias_of(sensor) + sigma * noise[:, :3]
    rate = (
        np.sum((states[:, :3] - place) * states[:, 3:], axis=1) / distance
        + (errors.range_rate_mps or 0.0) * noise[:, 3]
    )
    for (range_m, az_rad, el_rad), rate_mps in zip(measured, rate, strict=True):
        shown = None if errors.range_rate_mps is None else float(rate_mps)
        height = None if errors.el_mrad is None else float(el_rad)
        yield RadarFix(float(range_m), float(az_rad % (2 * np.pi)), height, range_rate_mps=shown)


def bias_of(sensor: SensorSpec) -> Array:
    """Its constant errors of range (m), azimuth and elevation (rad), shape (3,)."""
    if sensor.bias is None:
        return np.zeros(3)
    return np.array([sensor.bias.range_m, 1e-3 * sensor.bias.az_mrad, 1e-3 * sensor.bias.el_mrad])


def _lines_of_sight(platform: Array, objects: Array, angles_rad: Array) -> Iterator[LineOfSight]:
    """Unit vectors turned by two small angles about axes across the line."""
    unit = _unit(objects - platform)
    across = _unit(np.cross(unit, np.array([0.0, 0.0, 1.0])))
    other = np.cross(unit, across)
    seen = _unit(unit + angles_rad[:, :1] * across + angles_rad[:, 1:] * other)
    for place, line in zip(platform.tolist(), seen.tolist(), strict=True):
        yield LineOfSight(tuple(place), tuple(line))


def _clutter(scenario: Scenario, sensor: SensorSpec, stream: np.random.Generator) -> Iterator[_Seen]:
    """False plots: a Poisson number of them, each at a random look and a random place in the coverage."""
    all_ns = looks_ns(scenario, sensor)
    count = int(stream.poisson(sensor.false_plots_per_min * scenario.duration_s / 60.0))
    times_ns = np.sort(all_ns[stream.integers(0, len(all_ns), count)])
    draws = stream.random((count, 3))
    late = stream.random(count)
    if sensor.kind is SensorKind.RADAR:
        limits = sensor.coverage
        distance = 1e3 * (limits.min_range_km + (limits.max_range_km - limits.min_range_km) * draws[:, 0])
        az = np.radians(limits.az_from_deg + _sector_deg(limits) * draws[:, 1])
        low = float(np.radians(limits.min_el_deg))
        high = min(float(np.radians(limits.max_el_deg)), max(CLUTTER_MAX_EL_RAD, low))
        places = aer_to_ecef(distance, az, low + (high - low) * draws[:, 2], *_site(sensor))
    else:
        south, north, west, east = np.radians(CLUTTER_BOX_DEG)
        lat, lon = south + (north - south) * draws[:, 0], west + (east - west) * draws[:, 1]
        places = geodetic_to_ecef(lat, lon, CLUTTER_ALT_M)
    states = np.column_stack((places, np.zeros((count, 3))))
    yield from _measured(scenario, sensor, _Looked(times_ns, states, np.zeros((count, 4)), late))


def _in_radar_coverage(limits: Coverage, distance_m: Array, az_rad: Array, el_rad: Array) -> Mask:
    sector = np.degrees(az_rad) - limits.az_from_deg
    inside = (distance_m >= 1e3 * limits.min_range_km) & (distance_m <= 1e3 * limits.max_range_km)
    inside &= (el_rad >= np.radians(limits.min_el_deg)) & (el_rad <= np.radians(limits.max_el_deg))
    return np.asarray(inside & (sector % 360.0 <= _sector_deg(limits)))


def _in_view(limits: Coverage, platform: Array, objects: Array) -> Mask:
    """Above cloud, in reach, and with the platform high enough above the object's own horizon."""
    lat, lon, alt = ecef_to_geodetic(objects)
    up = np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=-1)
    line = platform - objects
    distance = np.linalg.norm(line, axis=1)
    height = np.sum(_unit(line) * up, axis=1)
    inside = (alt >= 1e3 * limits.min_alt_km) & (distance <= 1e3 * limits.max_range_km)
    return np.asarray(inside & (height >= np.sin(np.radians(limits.min_el_deg))))


def _sector_deg(limits: Coverage) -> float:
    """Width of the azimuth sector; equal ends mean all round."""
    return (limits.az_to_deg - limits.az_from_deg) % 360.0 or 360.0


def _site(sensor: SensorSpec) -> tuple[Array, Array]:
    place = sensor.place
    if place is None:
        raise ValueError(f"radar {sensor.id} has no place")
    lat, lon = float(np.radians(place.lat_deg)), float(np.radians(place.lon_deg))
    return geodetic_to_ecef(lat, lon, place.alt_m), enu_basis(lat, lon)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _stream(seed: int, *names: str) -> np.random.Generator:
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    words = [int.from_bytes(digest[n : n + 4], "big") for n in range(0, 16, 4)]
    return np.random.default_rng([seed, *words])

"""One estimate against the truth, and against the bound of the looks that had arrived when it was made."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.assess.impact import predict
from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.earth.gauss import ellipse95
from tocsin.measure import crlb
from tocsin.measure.accuracy import standardised
from tocsin.measure.looks import NUMBERS, look
from tocsin.model.label import Nation, Plane
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import FusedTrack, ObjectClass, Track
from tocsin.sim.scenario import Scenario, SensorSpec
from tocsin.sim.sensors import Delivery, bias_of, plots
from tocsin.sim.truth import FlownFlight
from tocsin.track.body import moved, tracklet_of
from tocsin.track.life import ENDED

Array = NDArray[np.float64]
AnyTrack = Track | FusedTrack

REACH_M: Final = 100e3  # a track farther from the object is not its estimate but something else; ours


class Bounds(NamedTuple):
    """What the looks of one run allow. `deliver_ns` (n,) in the order of the path's times; `contact_ns`: the
    first look in free flight, `contact_s` the same in seconds since launch; `ground`: see `crlb`.
    """

    information: crlb.Information
    deliver_ns: NDArray[np.int64]
    ground: crlb.Ground
    contact_ns: Instant
    contact_s: float


class Sample(NamedTuple):
    """One draw. Errors and their bounds: position and velocity (6,), (6, 6); impact east, north (2,), (2, 2).

    `*_squared`: errors standardised by the claimed covariance. None where there was no track, or no
    prediction. Sizes: semi-major axes of 95 % impact ellipses, claimed (inf: none) and best possible;
    `reachable_m`: see `crlb.ImpactBound`.
    """

    error: Array | None
    bound: Array | None
    squared: float | None
    position_squared: float | None
    impact_error: Array | None
    impact_bound: Array
    impact_squared: float | None
    claimed_m: float
    best_m: float
    reachable_m: float


def bounds_of(
    sensors: frozenset[str], scenario: Scenario, seed: int, flown: FlownFlight, ln_beta: tuple[float, float]
) -> Bounds | None:
    """From the plots that a run's sensors really made of one object, with the prior of ln beta (mean, sigma);
    None when none saw it in free flight.
    """
    seen = _true_plots(sensors, scenario, seed, flown)
    burnout_ns = after(flown.launch_ns, flown.burnout_s)
    under_power = [entry for entry in seen if entry.plot.time_ns < burnout_ns]
    free = [entry for entry in seen if entry.plot.time_ns >= burnout_ns]
    if not free:
        return None
    registry = {spec.id: spec.sensor(Plane.TEST) for spec in scenario.sensors}
    powered = None
    if under_power:
        ages = np.array([seconds_between(flown.launch_ns, entry.plot.time_ns) for entry in under_power])
        rows = [
            look(entry.plot, registry[entry.plot.sensor], state)
            for entry, state in zip(under_power, flown.states(ages), strict=True)
        ]
        powered = crlb.powered_information(ages, np.array(rows), flown.burnout_s)
    times = np.array([seconds_between(burnout_ns, entry.plot.time_ns) for entry in free])
    path = crlb.free_path(flown.burnout7, times)
    whitened = [
        look(entry.plot, registry[entry.plot.sensor], state)
        for entry, state in zip(free, path.states, strict=True)
    ]
    offsets, sigma = _offsets(scenario, [entry.plot.sensor for entry in free], sensors)
    start = crlb.prior(ln_beta[1], powered)
    information = crlb.inform(path, np.array(whitened), start, offsets, sigma)
    contact = free[0].plot.time_ns
    return Bounds(
        information,
        np.array([entry.deliver_ns for entry in free], dtype=np.int64),
        crlb.grounded(flown.burnout7, *ln_beta),
        contact,
        seconds_between(flown.launch_ns, contact),
    )


def _offsets(scenario: Scenario, seen_by: Sequence[str], sensors: frozenset[str]) -> tuple[Array, Array]:
    """Whitened partials (n, NUMBERS, b) of looks by the registration errors that the scenario hides, and
    their prior sigmas (b,): each is taken as known to about its own size.
    """
    hidden = [
        (spec.id, row, float(size), float(error))
        for spec in scenario.sensors
        if spec.id in sensors
        for row, (size, error) in enumerate(zip(bias_of(spec), _sigmas(spec), strict=True))
        if size
    ]
    offsets = np.zeros((len(seen_by), NUMBERS, len(hidden)))
    for column, (sensor, row, _, error) in enumerate(hidden):
        offsets[[name == sensor for name in seen_by], row, column] = 1.0 / error
    return offsets, np.array([abs(size) for _, _, size, _ in hidden])


def _sigmas(spec: SensorSpec) -> Array:
    """Random errors of range (m), azimuth and elevation (rad)."""
    errors = spec.errors
    return np.array([errors.range_m or 1.0, 1e-3 * (errors.az_mrad or 1.0), 1e-3 * (errors.el_mrad or 1.0)])


def _true_plots(sensors: frozenset[str], scenario: Scenario, seed: int, flown: FlownFlight) -> list[Delivery]:
    """The object's own plots by time: a stream per sensor and object makes them the same as in the crowd."""
    quiet = [replace(spec, false_plots_per_min=0.0) for spec in scenario.sensors if spec.id in sensors]
    if not quiet:
        return []
    own = plots(replace(scenario, sensors=tuple(quiet)), seed, [flown])
    return sorted(own, key=lambda entry: (entry.plot.time_ns, entry.plot.sensor))


def nearest(tracks: Iterable[AnyTrack], flown: FlownFlight, now: Instant) -> AnyTrack | None:
    """The track that is nearest to the object now, within REACH_M; aircraft and ended tracks left out."""
    best: tuple[float, AnyTrack] | None = None
    now_s = seconds_between(flown.launch_ns, now)
    if not 0.0 <= now_s <= flown.flight_time_s:
        return None
    truth = flown.states(np.array([now_s]))[0, :3]
    for track in tracks:
        if track.kind is ObjectClass.AIR or track.life in ENDED:
            continue
        shared = (
            tracklet_of(track, Nation.USA) if isinstance(track, Track) else track
        )  # whose does not matter
        off = float(np.linalg.norm(truth - moved(shared, now).x[:3]))
        if off < REACH_M and (best is None or off < best[0]):
            best = (off, track)
    return None if best is None else best[1]


def judged(track: AnyTrack | None, flown: FlownFlight, bounds: Bounds, now: Instant) -> Sample:
    """A track's state at its epoch and its predicted impact, against the looks delivered by `now`."""
    used = bounds.deliver_ns <= now
    least = crlb.impact_bound(bounds.information, used, bounds.ground)
    best_m = ellipse95(least.covariance)[0]
    sample = Sample(
        None, None, None, None, None, least.covariance, None, float("inf"), best_m, least.reachable_m
    )
    if track is None:
        return sample
    after_s = seconds_between(flown.launch_ns, track.state.epoch_ns) - flown.burnout_s
    if after_s >= 0.0:
        truth = flown.states(np.array([after_s + flown.burnout_s]))[0]
        error = np.array(track.state.x[:6]) - truth
        claimed = _matrix(track.state.p)[:6, :6]
        sample = sample._replace(
            error=error,
            bound=crlb.state_bound(bounds.information, used, after_s)[:6, :6],
            squared=standardised(error, claimed),
            position_squared=standardised(error[:3], claimed[:3, :3]),
        )
    found = predict(track)
    if found is None:
        return sample
    off = impact_error(found.impact.lat_deg, found.impact.lon_deg, flown.impact)
    return sample._replace(
        impact_error=off,
        impact_squared=standardised(off, found.covariance_en),
        claimed_m=found.impact.ellipse95.semi_major_m,
    )


def impact_error(lat_deg: float, lon_deg: float, truth: Geodetic) -> Array:
    """(east, north) of a predicted place seen from the true one, along the plane that touches there."""
    lat, lon = float(np.radians(truth.lat_deg)), float(np.radians(truth.lon_deg))
    off = geodetic_to_ecef(np.radians(lat_deg), np.radians(lon_deg), 0.0) - geodetic_to_ecef(lat, lon, 0.0)
    return np.asarray((enu_basis(lat, lon) @ off)[:2])


def _matrix(triangle: tuple[float, ...]) -> Array:
    matrix = np.zeros((7, 7))
    matrix[np.triu_indices(7)] = triangle
    return np.asarray(matrix + np.triu(matrix, 1).T)

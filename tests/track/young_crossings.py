"""Objects that cross within a radar's error soon after it saw them first: a tracker that knew neither before,
their plots, how well it tells them apart, and what trackers make of them that know whose each plot is.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from crossings import BASIS, DETECTED, PERIOD_S, SENSOR, SITE_M, error, number
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.bench.crowd import BASE
from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import aer_to_ecef, ecef_to_aer
from tocsin.model.label import Nation
from tocsin.model.sensor import Sensor, SensorErrors
from tocsin.model.time import after
from tocsin.model.track import Plot, RadarFix, Track
from tocsin.track import tracker

Array = NDArray[np.float64]

AFTER_S: Final = 40.0  # they are followed for so long after they were nearest


class Radar(NamedTuple):
    """How far it is from where they are nearest, at what elevation, and its errors."""

    away_m: float
    el_rad: float
    sigmas: tuple[float, float, float]


NEAR: Final = Radar(400e3, 0.7, (30.0, 1e-3, 1e-3))
FAR: Final = Radar(1_000e3, 0.35, (30.0, 1e-3, 1e-3))
SHARP: Final = Radar(1_000e3, 0.35, (5.0, 3e-3, 3e-3))  # in range; the far one of TRACKING.md


class YoungCrossing(NamedTuple):
    """Two objects, nearest `met_s` after they were seen first: their ranges differ by `apart_m` then, they
    move aside and along the sight.
    """

    radar: Radar
    met_s: float
    aside_mps: float
    apart_m: float = 0.0
    closing_mps: float = 0.0


class YoungPassed(NamedTuple):
    """Of a run: part of the objects nearest, in sigmas, to a track at the end that was so before they met;
    normalised squared errors of six numbers and errors of position (m), of tracks after every look, and those
    of trackers that know whose each plot is; how many tracks there were.
    """

    kept: float
    nees: Array
    off_m: Array
    told_nees: Array
    told_off_m: Array
    tracks: int


def sensor_of(radar: Radar) -> Sensor:
    range_m, az_rad, el_rad = radar.sigmas
    return replace(SENSOR, errors=SensorErrors(range_m=range_m, az_rad=az_rad, el_rad=el_rad))


def starts_of(crossing: YoungCrossing) -> Array:
    """States (2, 7) when they are seen first."""
    radar = crossing.radar
    place = aer_to_ecef(radar.away_m, 0.7, radar.el_rad, SITE_M, BASIS)
    sight = (place - SITE_M) / np.linalg.norm(place - SITE_M)
    level = np.cross(sight, BASIS[2]) / np.linalg.norm(np.cross(sight, BASIS[2]))
    nearest = np.tile(np.concatenate((place, (3_000.0, 500.0, 500.0) @ BASIS, [8.7])), (2, 1))
    nearest[1, :3] += crossing.apart_m * sight
    nearest[1, 3:6] += crossing.aside_mps * level + crossing.closing_mps * sight
    return propagate_many(nearest, -crossing.met_s)


def looks_of(crossing: YoungCrossing, chance: np.random.Generator) -> list[list[tuple[int, Plot]]]:
    """Plots by look, each with its object, in any order of number."""
    starts, found = starts_of(crossing), []
    sigmas, name = np.array(crossing.radar.sigmas), SENSOR.id
    for look in range(int((crossing.met_s + AFTER_S) / PERIOD_S) + 1):
        truth = propagate_many(starts, PERIOD_S * look)
        places = np.column_stack(ecef_to_aer(truth[:, :3], SITE_M, BASIS))
        fixes = [
            (k, place + chance.standard_normal(3) * sigmas)
            for k, place in enumerate(places)
            if chance.random() < DETECTED
        ]
        time_ns = after(BASE, PERIOD_S * look)
        found.append(
            [
                (
                    k,
                    Plot(
                        name, 100 * look + int(n), time_ns, RadarFix(fix[0], fix[1] % (2.0 * np.pi), fix[2])
                    ),
                )
                for n, (k, fix) in zip(chance.permutation(len(fixes)), fixes, strict=True)
            ]
        )
    return found


def followed(crossing: YoungCrossing, looks: Sequence[Sequence[Plot]]) -> list[tuple[Track, ...]]:
    """Tracks after every look, by a tracker that has seen nothing before."""
    state, found = tracker.new_tracker(Nation.KOR, (sensor_of(crossing.radar),)), []
    for look, plots in enumerate(looks):
        state, tracks = tracker.step(state, plots, after(BASE, PERIOD_S * look + 1.9))
        found.append(tracks)
    return found


def run_young(crossing: YoungCrossing, seed: int) -> YoungPassed:
    """One run through the tracker, and through one for each object by itself."""
    starts, looks = starts_of(crossing), looks_of(crossing, np.random.default_rng(seed))
    by_look = followed(crossing, [[plot for _, plot in look] for look in looks])
    errors: dict[int, list[list[tuple[float, float]]]] = {}
    for tracks in by_look:
        for track in tracks:
            errors.setdefault(number(track), []).append([error(track, start) for start in starts])
    own = _own(crossing, by_look, starts)
    kept = {
        k
        for track in by_look[-1]
        if (k := own.get(number(track))) is not None and _nearest(track, starts) == k
    }
    mine = np.array([one[own[n]] for n, all_ in errors.items() if n in own for one in all_]).reshape(-1, 2)
    told = np.array(
        [
            error(track, start)
            for k, start in enumerate(starts)
            for tracks in followed(crossing, [[plot for i, plot in look if i == k] for look in looks])
            for track in tracks
        ]
    )
    return YoungPassed(len(kept) / len(starts), mine[:, 0], mine[:, 1], told[:, 0], told[:, 1], len(errors))


def _own(crossing: YoungCrossing, by_look: Sequence[Sequence[Track]], starts: Array) -> dict[int, int]:
    """The object that each track was nearer to, in sigmas, until they met, of tracks that were there then."""
    off: dict[int, list[list[float]]] = {}
    for look, tracks in enumerate(by_look):
        if PERIOD_S * look < crossing.met_s:
            for track in tracks:
                off.setdefault(number(track), []).append([error(track, start)[0] for start in starts])
    return {n: int(np.argmin(np.mean(parts, axis=0))) for n, parts in off.items()}


def _nearest(track: Track, starts: Array) -> int:
    return int(np.argmin([error(track, start)[0] for start in starts]))

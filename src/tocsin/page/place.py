"""Where each object is shown, and how that is known: measured just now, predicted, or not known at all.

A track's state is of its last measurement. What is in free flight is carried on to the picture's time, and is
then called predicted; after its predicted impact no place is given, for nobody saw what happened. Nothing
else is carried on: an object lost under power may be anywhere.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import hypot
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import fall
from tocsin.earth.frames import ecef_to_geodetic
from tocsin.model.space import STATE_SIZE, TRIANGLE_SIZE
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase, Track, Tracklet

PREDICT_AFTER_S: Final = 4.0
"""A measured place stays a measured one for so long. Of the places of a followed object nine in ten are at
most 3.1 s old (a recorded run, partners' shares included): a shorter limit makes the sign flicker.
"""

NO_SIGMA: Final = -1.0

Array = NDArray[np.float64]
AnyTrack = FusedTrack | Track | Tracklet


class Basis(StrEnum):
    """What a shown place rests on."""

    MEASURED = "measured"
    PREDICTED = "predicted"  # carried on in free flight from the last measurement
    PASSED = "passed"  # predicted to be down by now, and not seen: no place
    UNSEEN = "unseen"  # not seen lately and not predictable: the last measured place


class Place(NamedTuple):
    """Degrees, km, km/s. PASSED has none but `seen`: last measured lat, lon, alt (None while measured)."""

    basis: Basis
    lat: float | None
    lon: float | None
    alt: float | None
    speed: float | None
    course: float | None
    sigma_km: float
    seen: tuple[float, float, float] | None


def places_of(tracks: Sequence[AnyTrack], now: Instant, impacts: Mapping[str, Instant]) -> list[Place]:
    """Where each track is shown at `now`. `impacts`: predicted impact times by fused track's id, if known.

    The sigma is the root of the position covariance's trace, carried on with the place; NO_SIGMA: unknown.
    """
    if not tracks:
        return []
    carried = [_carried(track, now, impacts) for track in tracks]
    measured = _rows(np.array([track.state.x[:6] for track in tracks]))
    shown = _rows(np.array([x for _, x, _ in carried]))
    return [
        _place(basis, row, last, p) for (basis, _, p), row, last in zip(carried, shown, measured, strict=True)
    ]


def _carried(track: AnyTrack, now: Instant, impacts: Mapping[str, Instant]) -> tuple[Basis, Array, float]:
    """Basis, position and velocity (6,) and sigma_km of one track at `now`."""
    x = np.array(track.state.x, dtype=np.float64)
    p = track.state.p
    basis = _basis(track, now, impacts)
    if basis is Basis.PREDICTED:
        flown = fall(x, max_s=seconds_between(track.state.epoch_ns, now))
        if flown.hit:
            basis = Basis.PASSED
        else:
            return basis, flown.x_impact7[:6], _sigma_km(flown.phi @ _matrix(p) @ flown.phi.T, p)
    return basis, x[:6], _sigma_km(_matrix(p), p)


def _basis(track: AnyTrack, now: Instant, impacts: Mapping[str, Instant]) -> Basis:
    """What can be said of the track's place before anything is computed (PREDICTED may come down first)."""
    if track.life is Life.MERGED:
        return Basis.UNSEEN  # under another name it flies on
    gone = track.life in (Life.COASTING, Life.LOST)
    if track.kind is ObjectClass.AIR or track.phase is not Phase.COAST:
        return Basis.UNSEEN if gone else Basis.MEASURED
    if track.life is Life.IMPACTED or seconds_between(track.state.epoch_ns, now) <= PREDICT_AFTER_S:
        return Basis.MEASURED
    impact_ns = impacts.get(track.id) if isinstance(track, FusedTrack) else None
    return Basis.PASSED if impact_ns is not None and now >= impact_ns else Basis.PREDICTED


def _matrix(p: Sequence[float]) -> Array:
    """The covariance (7, 7) of its upper triangle; zeros when a track carries none."""
    whole = np.zeros((STATE_SIZE, STATE_SIZE))
    if len(p) == TRIANGLE_SIZE:
        whole[np.triu_indices(STATE_SIZE)] = p
    return whole + np.triu(whole, 1).T


def _sigma_km(covariance: Array, p: Sequence[float]) -> float:
    if len(p) != TRIANGLE_SIZE:
        return NO_SIGMA
    return round(hypot(*np.sqrt(np.maximum(np.diag(covariance)[:3], 0.0)).tolist()) / 1e3, 3)


def _rows(x: Array) -> list[tuple[float, float, float, float, float]]:
    """lat_deg, lon_deg, alt_km, speed_kmps, course_deg of positions and velocities (N, 6), rounded."""
    lat, lon, alt = ecef_to_geodetic(x[:, :3])
    east = -np.sin(lon) * x[:, 3] + np.cos(lon) * x[:, 4]
    level = np.cos(lon) * x[:, 3] + np.sin(lon) * x[:, 4]
    north = -np.sin(lat) * level + np.cos(lat) * x[:, 5]
    speed = np.linalg.norm(x[:, 3:6], axis=1)
    course = np.degrees(np.arctan2(east, north)) % 360.0
    digits = ((np.degrees(lat), 4), (np.degrees(lon), 4), (alt / 1e3, 2), (speed / 1e3, 3), (course, 1))
    return list(zip(*(np.round(column, n).tolist() for column, n in digits), strict=True))


def _place(
    basis: Basis,
    shown: tuple[float, float, float, float, float],
    measured: tuple[float, float, float, float, float],
    sigma_km: float,
) -> Place:
    seen = None if basis is Basis.MEASURED else measured[:3]
    if basis is Basis.PASSED:
        return Place(basis, None, None, None, None, None, NO_SIGMA, seen)
    return Place(basis, *shown, sigma_km, seen)

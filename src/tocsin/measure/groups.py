"""What a picture says of objects that it cannot tell apart, against the truth: how many, where, how wide, and
where they come down.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tocsin.assess.groups import with_impacts
from tocsin.assess.impact import matrix_of, of_state
from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.earth.gauss import CHI2_95_2
from tocsin.measure.accuracy import standardised
from tocsin.measure.judge import impact_error
from tocsin.model.group import Group
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack
from tocsin.sim.truth import FlownFlight
from tocsin.track.extent import EVEN

Array = NDArray[np.float64]


class Grouped(NamedTuple):
    """The largest group at one age. `counted`: low, likely, high; `objects`: that fly. `squared`: the
    middle's error standardised, over its three numbers; `extent`: the longer half axis claimed, true, and its
    sigma (m); `held`: part of the objects inside the 95 % impact ellipse (None: none predicted), `claimed_m`
    its semi-major axis.
    """

    tracks: int
    counted: tuple[int, int, int]
    objects: int
    squared: float
    extent: tuple[float, float, float]
    held: float | None
    claimed_m: float | None


class GroupFigures(Struct, frozen=True):
    """Over the runs in which a group is stated at an age (`stated` of them, members over objects `members`):
    count over truth, and the part of runs whose interval holds it, its width over truth, and that in which at
    least so many fly as are said to (all that holds where radars merge plots); the middle's squared
    error in its covariance per number (ideal 1); the half axis over truth, and its error in its own sigmas
    (root mean square); the part of objects in the 95 % impact ellipse, whose semi-major axis is `impact_m`.
    """

    stated: float
    members: float | None = None
    count_ratio: float | None = None
    count_held: float | None = None
    count_width: float | None = None
    count_least: float | None = None
    middle_nees: float | None = None
    extent_ratio: float | None = None
    extent_sigmas: float | None = None
    impact_held: float | None = None
    impact_m: float | None = None


def grouped(
    groups: Sequence[Group], fused: Sequence[FusedTrack], truths: Sequence[FlownFlight], now: Instant
) -> Grouped | None:
    """The largest group against all objects that fly; None where there is no group, or nothing flies."""
    flying = [one for one in truths if 0.0 <= seconds_between(one.launch_ns, now) <= one.flight_time_s]
    if not groups or not flying:
        return None
    group = max(with_impacts(groups, fused), key=lambda one: len(one.members))
    states = [one.states(np.array([seconds_between(one.launch_ns, now)]))[0, :3] for one in flying]
    places = np.array(states)
    error = np.array(group.centre.x[:3]) - places.mean(axis=0)
    impact = of_state(group.each) if group.impact is not None else None
    held = None
    if impact is not None:
        at = impact.impact.lat_deg, impact.impact.lon_deg
        off = [standardised(impact_error(*at, one.impact), impact.covariance_en) for one in flying]
        held = float(np.mean(np.array(off) < CHI2_95_2))
    return Grouped(
        len(group.members),
        (group.count.low, group.count.likely, group.count.high),
        len(flying),
        standardised(error, matrix_of(group.centre)[:3, :3]) / 3.0,
        (group.extent.semi_major_m, _half_axis_m(places), group.extent.sigma_m),
        held,
        None if impact is None else impact.impact.ellipse95.semi_major_m,
    )


def _half_axis_m(places: Array) -> float:
    """The longer half axis over the ground of objects at these places (n, 3), as `Extent` has it."""
    lat, lon, _ = (float(v) for v in ecef_to_geodetic(places.mean(axis=0)))
    local = (places - places.mean(axis=0)) @ enu_basis(lat, lon)[:2].T
    return float(np.sqrt(EVEN * np.linalg.eigvalsh(local.T @ local / len(local))[-1]))


def figures(found: Sequence[Grouped | None]) -> GroupFigures:
    """Over runs, at one age."""
    told = [one for one in found if one is not None]
    stated = round(len(told) / max(len(found), 1), 3)
    if not told:
        return GroupFigures(stated)
    objects = np.array([one.objects for one in told], dtype=np.float64)
    low, likely, high = np.array([one.counted for one in told], dtype=np.float64).T
    axis, true, sigma = np.array([one.extent for one in told]).T
    held = [one.held for one in told if one.held is not None]
    claimed = [one.claimed_m for one in told if one.claimed_m is not None]
    return GroupFigures(
        stated,
        _mean([one.tracks for one in told] / objects),
        _mean(likely / objects),
        _mean((low <= objects) & (objects <= high)),
        _mean((high - low) / objects),
        _mean(low <= objects),
        _mean([one.squared for one in told]),
        _mean(axis / true),
        _mean(((axis - true) / sigma) ** 2, root=True),
        _mean(held) if held else None,
        _mean(claimed) if claimed else None,
    )


def _mean(values: Sequence[float] | NDArray[np.generic], root: bool = False) -> float:
    mean = float(np.mean(np.asarray(values, dtype=np.float64)))
    return round(float(np.sqrt(mean)) if root else mean, 3)

"""Where and when an object was launched: its first smoothed states under power, followed back to the
ground.

The climb from rest to the first sight is taken as one family: speed grows as a power of time, the path
leans over from the vertical as a power of time, in the plane of the velocity seen. Height and angle seen
then fix time and distance. The members of the family differ by what nobody knows of the object; their
spread, and a part of the height, is the model's error. It grows with the height of first sight, as it must.
No vehicle data goes in, and a first sight above HIGHEST_M says nothing.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.frames import ecef_to_geodetic, enu_basis, geodetic_to_ecef, ground_destination
from tocsin.earth.gauss import CHI2_95_2, covariance_intersection, ellipse95
from tocsin.model.event import LaunchPointEstimate
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import Instant, after, seconds_between

Array = NDArray[np.float64]

# Powers of time: speed about constant acceleration (air and the turn hold it back, a lighter body gains);
# lean from steady to late (ours, notional).
SPEED_POWERS: Final = (0.75, 1.0, 1.25)
LEAN_POWERS: Final = (1.0, 1.5, 2.0)
FLOOR_M: Final = 500.0  # the ground's height and the site's extent, which the model leaves out
HEIGHT_PART: Final = 0.03
TIME_FLOOR_S: Final = 1.0
TIME_PART: Final = 0.05
HIGHEST_M: Final = 120e3
SLOWEST_CLIMB_MPS: Final = 50.0
# No partner's estimate counts as better than this: a claim of no doubt at all has no inverse.
LEAST_M: Final = 1.0
LEAST_PART: Final = 1e-3  # of the half axis across by the half axis along
LEAST_S: Final = 1e-3
_PARTS: Final = (np.arange(40) + 0.5) / 40  # midpoint rule: right to a thousandth
_STEPS: Final = np.array([10.0] * 3 + [1.0] * 3)
_LONGEST_S: Final = 400.0


class _Back(NamedTuple):
    """A launch as (east, north) m from the state's foot point and s before the state, over the family's
    members.
    """

    mean: Array  # (3,)
    spread: Array  # (3,) standard deviation over the members


def launch_point(early: Sequence[EcefState]) -> LaunchPointEstimate | None:
    """The estimate of whichever early state gives the smallest ellipse; None when none of them allows one."""
    found = [estimate for estimate in map(_from_state, early) if estimate is not None]
    return min(found, key=lambda e: e.ellipse95.semi_major_m * e.ellipse95.semi_minor_m, default=None)


def combined(estimates: Sequence[LaunchPointEstimate]) -> LaunchPointEstimate | None:
    """Estimates of one launch by covariance intersection: they share the model's error, so they are not
    independent.
    """
    if not estimates:
        return None
    ordered = sorted(
        estimates, key=lambda e: (e.ellipse95.semi_major_m * e.ellipse95.semi_minor_m, e.time_ns)
    )
    first = ordered[0]
    x, p = np.zeros(3), _covariance(first)
    for other in ordered[1:]:
        x, p, _ = covariance_intersection((x, p), (_relative(first, other), _covariance(other)))
    return _estimate(np.radians(first.lat_deg), np.radians(first.lon_deg), first.time_ns, x, p)


def _from_state(state: EcefState) -> LaunchPointEstimate | None:
    x = np.array(state.x[:6])
    lat, lon, height = (float(v) for v in ecef_to_geodetic(x[:3]))
    basis = enu_basis(lat, lon)
    if float(basis[2] @ x[3:]) < SLOWEST_CLIMB_MPS or not 0.0 < height < HIGHEST_M:
        return None
    back = _followed(x, basis)
    if back is None or back.mean[2] > _LONGEST_S:
        return None
    jacobian = np.zeros((3, 6))
    for i in range(6):
        high, low = x.copy(), x.copy()
        high[i] += _STEPS[i]
        low[i] -= _STEPS[i]
        ahead, behind = _followed(high, basis, x), _followed(low, basis, x)
        if ahead is None or behind is None:
            return None
        jacobian[:, i] = (ahead.mean - behind.mean) / (2.0 * _STEPS[i])
    p = jacobian @ _six(state.p) @ jacobian.T + _model_error(back, height, basis @ x[3:])
    x3 = back.mean * np.array([1.0, 1.0, -1.0])
    p[:2, 2] *= -1.0
    p[2, :2] *= -1.0
    return _estimate(lat, lon, state.epoch_ns, x3, p)


def _followed(x: Array, basis: Array, origin: Array | None = None) -> _Back | None:
    """Back to the ground by every member of the family; positions from the foot point of `origin`."""
    enu_v = basis @ x[3:]
    level, climb = float(np.hypot(enu_v[0], enu_v[1])), float(enu_v[2])
    height = float(ecef_to_geodetic(x[:3])[2])
    if climb <= 0.0 or height <= 0.0:
        return None
    lean = np.arctan2(level, climb)
    speed = np.hypot(level, climb)
    shift = np.zeros(3) if origin is None else basis @ (x[:3] - origin[:3])
    toward = enu_v[:2] / max(level, 1e-6)
    rows = []
    for faster in SPEED_POWERS:
        for later in LEAN_POWERS:
            angle = lean * _PARTS**later
            weight = _PARTS**faster / len(_PARTS)
            up, along = float(weight @ np.cos(angle)), float(weight @ np.sin(angle))
            time_s = height / (speed * up)
            rows.append([*(shift[:2] - toward * speed * time_s * along), time_s])
    table = np.array(rows)
    return _Back(table.mean(axis=0), table.std(axis=0))


def _model_error(back: _Back, height_m: float, enu_v: Array) -> Array:
    """The family's spread, along the plane of flight; across it the plane may have turned a little."""
    heading = np.arctan2(enu_v[0], enu_v[1])
    along = np.array([np.sin(heading), np.cos(heading)])
    spread_m = 2.0 * float(np.hypot(back.spread[0], back.spread[1])) + HEIGHT_PART * height_m + FLOOR_M
    across_m = HEIGHT_PART * height_m + FLOOR_M
    p = np.zeros((3, 3))
    p[:2, :2] = spread_m**2 * np.outer(along, along) + across_m**2 * (np.eye(2) - np.outer(along, along))
    p[2, 2] = (2.0 * back.spread[2] + TIME_PART * back.mean[2] + TIME_FLOOR_S) ** 2
    return p


def _estimate(lat_rad: float, lon_rad: float, time_ns: Instant, x3: Array, p3: Array) -> LaunchPointEstimate:
    """From (east, north, later) of a place and instant."""
    lat, lon = ground_destination(
        lat_rad, lon_rad, float(np.arctan2(x3[0], x3[1])), float(np.hypot(x3[0], x3[1]))
    )
    return LaunchPointEstimate(
        lat_deg=float(np.degrees(lat)),
        lon_deg=float(np.degrees(lon)),
        ellipse95=Ellipse95(*ellipse95(p3[:2, :2])),
        time_ns=after(time_ns, float(x3[2])),
        time_sigma_s=float(np.sqrt(p3[2, 2])),
    )


def _covariance(estimate: LaunchPointEstimate) -> Array:
    """(east, north, time) covariance; time counts as independent."""
    region = estimate.ellipse95
    major = np.array([np.sin(region.azimuth_rad), np.cos(region.azimuth_rad)])
    minor = np.array([major[1], -major[0]])
    p = np.zeros((3, 3))
    along_m = max(region.semi_major_m, LEAST_M)
    across_m = max(region.semi_minor_m, LEAST_PART * along_m)
    p[:2, :2] = along_m**2 * np.outer(major, major) + across_m**2 * np.outer(minor, minor)
    p[:2, :2] /= CHI2_95_2
    p[2, 2] = max(estimate.time_sigma_s, LEAST_S) ** 2
    return p


def _relative(first: LaunchPointEstimate, other: LaunchPointEstimate) -> Array:
    """Another estimate as (east, north, later) of the first: near enough for a few tens of kilometres."""
    basis = enu_basis(float(np.radians(first.lat_deg)), float(np.radians(first.lon_deg)))
    east, north, _ = basis @ (_ground(other) - _ground(first))
    return np.array([east, north, seconds_between(first.time_ns, other.time_ns)])


def _ground(estimate: LaunchPointEstimate) -> Array:
    return geodetic_to_ecef(np.radians(estimate.lat_deg), np.radians(estimate.lon_deg), 0.0)


def _six(triangle: tuple[float, ...]) -> Array:
    """Position and velocity covariance of a state's upper triangle."""
    matrix = np.zeros((7, 7))
    matrix[np.triu_indices(7)] = triangle
    return np.asarray(matrix + np.triu(matrix, 1).T)[:6, :6]

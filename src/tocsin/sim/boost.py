"""A notional powered climb: one smooth pitch program and thrust profile for every flight, no vehicle
data.

Thrust acceleration grows linearly over the boost, from (1 - GROWTH) to (1 + GROWTH) of its mean, as it
does when a body gets lighter. Its direction leaves the launch site's vertical along a smooth step, is
`tilt_along_rad` over in the azimuth's plane and `tilt_cross_rad` to the right of it from TURNED_PART
of the boost on, and is held in the site's frame. Gravity, the Earth's rotation and drag are those of
`tocsin.earth`.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth import kernels
from tocsin.earth.frames import enu_basis, geodetic_to_ecef

Array = NDArray[np.float64]

GROWTH: Final = 0.25  # notional: a mild growth, so that no published vehicle is imitated
STEP_S: Final = 0.25  # fourth order: halving it moves burnout by less than 1 mm (tests/sim/test_boost.py)
VERTICAL_PART: Final = 0.05  # notional: the first twentieth of the boost is flown straight up
TURNED_PART: Final = 0.4  # notional: attitude is held from here on
LN_BETA: Final = float(
    np.log(6_000.0)
)  # notional ballistic coefficient (kg/m^2) of every object, in boost and after


class Site(NamedTuple):
    """Launch place and plane: `r_m` (3,) ECEF; `frame` (3, 3) rows along the azimuth, to its right, up."""

    r_m: Array
    frame: Array


class Program(NamedTuple):
    """The three numbers that a solution finds, and the boost's length."""

    mean_mps2: float
    tilt_along_rad: float
    tilt_cross_rad: float
    boost_s: float


def site(lat_deg: float, lon_deg: float, azimuth_deg: float) -> Site:
    """The launch site on the ellipsoid and its plane."""
    lat, lon, azimuth = np.radians([lat_deg, lon_deg, azimuth_deg])
    east, north, up = enu_basis(float(lat), float(lon))
    along = np.sin(azimuth) * east + np.cos(azimuth) * north
    right = np.cos(azimuth) * east - np.sin(azimuth) * north
    return Site(geodetic_to_ecef(lat, lon, 0.0), np.stack((along, right, up)))


def climb(start: Site, program: Program) -> tuple[Array, Array]:
    """Times (n,) in s from launch to burnout and states (n, 9): ECEF position, velocity and acceleration."""
    steps = max(int(np.ceil(program.boost_s / STEP_S)), 1)
    states = _climb(start.r_m, start.frame, np.array(program, dtype=np.float64), LN_BETA, steps)
    return np.linspace(0.0, program.boost_s, steps + 1), np.asarray(states)


def warm_boost() -> None:
    """Call every compiled function once (`tocsin.earth.warm`)."""
    climb(site(40.0, 127.0, 80.0), Program(30.0, 0.5, 0.0, 1.0))


@njit(cache=True, error_model="numpy")
def _thrust(part: float, frame: Array, program: Array, out: Array) -> None:
    """Add the thrust acceleration at `part` (0 launch, 1 burnout) to `out` (3,)."""
    strength = program[0] * (1.0 + GROWTH * (2.0 * part - 1.0))
    turn = min(max((part - VERTICAL_PART) / (TURNED_PART - VERTICAL_PART), 0.0), 1.0)
    smooth = turn * turn * (3.0 - 2.0 * turn)
    along, cross = smooth * program[1], smooth * program[2]
    tilt = np.sqrt(along * along + cross * cross)
    sideways = np.sin(tilt) / tilt if tilt > 0.0 else 0.0
    for i in range(3):
        out[i] += strength * (
            sideways * (along * frame[0, i] + cross * frame[1, i]) + np.cos(tilt) * frame[2, i]
        )


@njit(cache=True, error_model="numpy")
def _climb(r_m: Array, frame: Array, program: Array, ln_beta: float, steps: int) -> Array:
    """Classical fourth-order Runge-Kutta over the boost in `steps` equal steps; rows as in `climb`."""
    rows = np.empty((steps + 1, 9))
    state, rate, total, trial = np.zeros((6, 1)), np.empty((6, 1)), np.empty((6, 1)), np.empty((6, 1))
    partials = np.empty((4, 7))
    state[:3, 0] = r_m
    step_s = program[3] / steps
    for n in range(steps + 1):
        for stage in range(4):
            weight = 2.0 if stage in (1, 2) else 1.0
            reach = step_s if stage == 2 else 0.5 * step_s
            kernels.rates(trial if stage else state, ln_beta, rate, partials)
            _thrust((n + 0.5 * ((stage + 1) // 2)) / steps, frame, program, rate[3:, 0])
            if stage == 0:
                rows[n, :6] = state[:, 0]
                rows[n, 6:] = rate[3:, 0]
                total[:] = 0.0
            total += weight * rate
            trial[:] = state + reach * rate
        state += step_s / 6.0 * total
    return rows

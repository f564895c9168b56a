"""Independent truths for flight: heyoka in inertial space, scipy's DOP853 with forces written anew."""

from functools import cache

import heyoka as hy
import numpy as np
import pymap3d
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from tocsin.earth import constants as c
from tocsin.earth.atmosphere import US76_ROWS

Array = NDArray[np.float64]

SPIN = np.array([0.0, 0.0, c.WGS84_OMEGA_RAD_S])
LN_DENSITY = CubicSpline(
    [1e3 * r[0] for r in US76_ROWS], np.log([r[1] for r in US76_ROWS]), bc_type="natural"
)


def potential(x: hy.expression, y: hy.expression, z: hy.expression) -> hy.expression:
    """The zonal potential to J4, written as in textbooks."""
    r = hy.sqrt(x * x + y * y + z * z)
    s, q = z / r, c.WGS84_A_M / r
    s2, q2 = (
        s * s,
        q * q,
    )  # products, not powers: heyoka's series of a power is undefined at s = 0, the equator
    p2, p3, p4 = (3.0 * s2 - 1.0) / 2.0, (5.0 * s2 - 3.0) * s / 2.0, ((35.0 * s2 - 30.0) * s2 + 3.0) / 8.0
    return c.WGS84_GM_M3_S2 / r * (1.0 - q2 * (c.J2 * p2 + c.J3 * q * p3 + c.J4 * q2 * p4))


@cache
def derivatives() -> hy.cfunc:
    """Potential, its gradient (3) and Hessian (9) as one function of (x, y, z)."""
    x, y, z = hy.make_vars("x", "y", "z")
    first = [hy.diff(potential(x, y, z), v) for v in (x, y, z)]
    return hy.cfunc(
        [potential(x, y, z), *first, *(hy.diff(f, v) for f in first for v in (x, y, z))], vars=[x, y, z]
    )


@cache
def taylor() -> hy.taylor_adaptive:
    """heyoka's integrator in inertial space, symbolic derivatives of the potential, machine precision."""
    x, y, z, u, v, w = hy.make_vars("x", "y", "z", "u", "v", "w")
    pull = [hy.diff(potential(x, y, z), s) for s in (x, y, z)]
    return hy.taylor_adaptive([(x, u), (y, v), (z, w), (u, pull[0]), (v, pull[1]), (w, pull[2])], [0.0] * 6)


def in_vacuum(x6: Array, dt_s: float) -> Array:
    """Position and velocity in ECEF after a free flight without air: to inertial axes, heyoka, and back."""
    engine = taylor()
    engine.time = 0.0
    engine.state[:3] = x6[:3]
    engine.state[3:] = x6[3:] + np.cross(SPIN, x6[:3])
    engine.propagate_until(dt_s)
    turn = c.WGS84_OMEGA_RAD_S * dt_s
    to_ecef = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    r_m = to_ecef @ engine.state[:3]
    return np.concatenate((r_m, to_ecef @ engine.state[3:] - np.cross(SPIN, r_m)))


def height(t: float, y: Array) -> float:
    """Geodetic height by pymap3d."""
    return float(pymap3d.ecef2geodetic(*y[:3])[2])


def impact(x7: Array) -> tuple[float, Array]:
    """Time and state (6,) at the ground, through the air."""

    def rate(t: float, y: Array) -> Array:
        r_m, v = y[:3], y[3:]
        pull = np.asarray(derivatives()(np.ascontiguousarray(r_m)))[1:4]
        drag = (
            0.5 * np.exp(LN_DENSITY(height(t, y)) - x7[6]) * np.linalg.norm(v) * v
            if height(t, y) < 1e6
            else 0.0
        )
        return np.concatenate((v, pull - 2 * np.cross(SPIN, v) - np.cross(SPIN, np.cross(SPIN, r_m)) - drag))

    height.terminal, height.direction = True, -1  # type: ignore[attr-defined]
    run = solve_ivp(rate, (0.0, 7e3), x7[:6], method="DOP853", rtol=1e-11, atol=1e-6, events=height)
    assert run.t_events is not None
    assert run.y_events is not None
    return float(run.t_events[0][0]), np.asarray(run.y_events[0][0])

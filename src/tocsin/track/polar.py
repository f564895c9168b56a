"""Steps and errors as a radar sees them: a range is known to metres where its direction is not to kilometres,
so that a straight step, or a straight error ellipsoid, cuts the corner of the sphere of equal range.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.gauss import nearest_psd
from tocsin.track.rows import LOS

Array = NDArray[np.float64]

_BENT: Final = 0.1  # of the range's sigma: a bend below that changes nothing

_SHORTEST: Final = 1e-300  # a direction that turned into nothing stays nothing

LEAST_ROWS: Final = 4


def site_of(rows: Array, table: Array) -> Array | None:
    """Place (3,) of the last row's radar; None where it is a line of sight."""
    last = rows[-1]
    return table[int(last[2]), 5:8] if last[1] != LOS else None


def bent_step(x: Array, step: Array, site: Array) -> Array:
    """States (..., 6) after steps (..., 6) from x (6,), taken in range and direction from `site`, and their
    rates.

    Equal to x + step to first order.
    """
    rel = x[:3] - site
    r = max(float(np.linalg.norm(rel)), 1.0)
    u, v = rel / r, x[3:6]
    rate = float(u @ v)
    turn = (v - rate * u) / r
    dr = step[..., :3] @ u
    du = (step[..., :3] - dr[..., None] * u) / r
    d_rate = du @ v + step[..., 3:6] @ u
    d_turn = (step[..., 3:6] - d_rate[..., None] * u - rate * du - dr[..., None] * turn) / r
    u2 = u + du
    u2 = u2 / np.maximum(np.linalg.norm(u2, axis=-1, keepdims=True), _SHORTEST)
    turn2 = turn + d_turn
    turn2 = turn2 - np.sum(turn2 * u2, axis=-1, keepdims=True) * u2
    r2 = (r + dr)[..., None]
    return np.concatenate((site + r2 * u2, (rate + d_rate)[..., None] * u2 + r2 * turn2), axis=-1)


def bent(x: Array, p: Array, site: Array | None, sigma_m: float) -> tuple[Array, Array]:
    """A least-squares estimate (7,) and its error (7, 7) carried from range and direction to ECEF with their
    bend: mean and covariance of 14 points of the error (unscented, Julier and Uhlmann 1997). `sigma_m`: of
    the radar's range.
    """
    if site is None:
        return x, p
    out = x[:3] - site
    dist2 = max(float(out @ out), 1.0)
    across = float(np.trace(p[:3, :3]) - out @ p[:3, :3] @ out / dist2)
    if not across / (2.0 * np.sqrt(dist2)) > _BENT * sigma_m:
        return x, p
    scale = np.sqrt(np.diag(p))
    root = np.linalg.cholesky(nearest_psd(p / np.outer(scale, scale), 1e-10)) * scale[:, None]
    steps = np.sqrt(7.0) * np.concatenate((root.T, -root.T))
    points = np.column_stack((bent_step(x[:6], steps[:, :6], site), x[6] + steps[:, 6]))
    mean = points.mean(axis=0)
    return mean, (points - mean).T @ (points - mean) / len(points)


def straight_guess(rows: Array, table: Array) -> Array | None:
    """State (6,) at the first row's time from straight lines through one radar's directions and a parabola
    through its ranges; None when it has too few of the rows, or its directions are as good as its ranges.

    Where range is so much better, angular rates and range's curvature form a narrow bent valley, in which a
    search from elsewhere gets stuck.
    """
    sensor = int(rows[-1, 2])
    part = rows[(rows[:, 2] == sensor) & (rows[:, 1] != LOS)]
    if len(part) < LEAST_ROWS:
        return None
    entry = table[sensor]
    if 0.5 * float(part[-1, 4]) * max(entry[1], entry[2]) ** 2 < _BENT * entry[0]:
        return None
    t = part[:, 0] - rows[0, 0]
    az, el = part[:, 5], part[:, 6]
    level = np.cos(el)
    units = np.column_stack((level * np.sin(az), level * np.cos(az), np.sin(el))) @ entry[8:].reshape(3, 3)
    line = np.linalg.lstsq(np.column_stack((np.ones_like(t), t)), units, rcond=None)[0]
    bow = np.linalg.lstsq(np.column_stack((np.ones_like(t), t, t * t)), part[:, 4], rcond=None)[0]
    length = max(float(np.linalg.norm(line[0])), 1e-9)
    u, turn = line[0] / length, line[1] / length
    turn = turn - (turn @ u) * u
    return np.concatenate((entry[5:8] + bow[0] * u, bow[1] * u + bow[0] * turn))

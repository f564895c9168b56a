"""Compiled inner loops of initiation in a crowd: how many pairs of plots a common velocity explains, and one
look's rows into the estimates they were given to.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.track import fleet_kernels as fleet
from tocsin.track import kernels

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def vote(velocities: Array, sights: Array, sigmas: Array, modes: Array, gate: float, out: Array) -> None:
    """How well each of the modes (k, 3) explains velocities (n, 3): the sum of 1 - d^2 / gate over those
    within the gate into out (k, 4), with the information-weighted mean of these behind it.

    `sights` (n, 3): unit vectors along which a velocity is known to sigmas[:, 0], across them to
    sigmas[:, 1].
    """
    normal, right, off = np.empty((3, 3)), np.empty(3), np.empty(3)
    for k in range(modes.shape[0]):
        normal[:] = 0.0
        right[:] = 0.0
        total = 0.0
        for n in range(velocities.shape[0]):
            along, square = 0.0, 0.0
            for i in range(3):
                off[i] = velocities[n, i] - modes[k, i]
                along += off[i] * sights[n, i]
                square += off[i] * off[i]
            near, far = 1.0 / sigmas[n, 0] ** 2, 1.0 / sigmas[n, 1] ** 2
            d2 = along * along * near + (square - along * along) * far
            if d2 >= gate:
                continue
            total += 1.0 - d2 / gate
            for i in range(3):
                right[i] += far * off[i] + (near - far) * along * sights[n, i]
                for j in range(3):
                    normal[i, j] += (near - far) * sights[n, i] * sights[n, j]
                normal[i, i] += far
        out[k, 0] = total
        out[k, 1:] = modes[k]
        if total > 0.0:
            out[k, 1:] += np.linalg.solve(normal, right)


@njit(cache=True, error_model="numpy")
def take_rows(x: Array, p: Array, chosen: Index, rows: Array, table: Array) -> None:
    """Each of `rows` (m, ROW) into the state x (n, 7) and covariance p (n, 7, 7) of its `chosen` (m,), in
    place.
    """
    z, h, r = np.empty(4), np.zeros((4, 6)), np.empty(4)
    before, work = np.empty(7), np.empty((3, 7))
    for n in range(rows.shape[0]):
        k = chosen[n]
        used = kernels.measure(rows[n], table[int(rows[n, 2])], x[k, :3], x[k, 3:6], z, h, r)
        before[:] = x[k]
        for m in range(used):
            shift = 0.0
            for i in range(6):
                shift += h[m, i] * (x[k, i] - before[i])
            fleet.correct(x[k], p[k], h[m], z[m] - shift, r[m], work)

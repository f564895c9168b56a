"""Compiled normal equations of one object's free flight together with the offsets of the radars that saw
it.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tocsin.earth import kernels as flight
from tocsin.track import kernels

Array = NDArray[np.float64]

_STEP_S: Final = 10.0
OFFSETS: Final = 3  # of a radar: range, azimuth, elevation


@njit(cache=True, error_model="numpy")
def offset_normal(rows: Array, table: Array, x7: Array, t0_s: float, normal: Array, right: Array) -> float:
    """Normal equations of a free flight from x7 at t0 and of every radar's offsets, (7 + 3 n,): written into
    `normal` and `right`; chi-squared without offsets. Rows in order of time, of radars; their rates of range
    are left out.
    """
    z, h, r = np.empty(4), np.zeros((4, 6)), np.empty(4)
    pos, vel, jac = np.empty(3), np.empty(3), np.empty(7)
    work, partials = np.empty((3, 6, 8)), np.empty((4, 7))
    block = flight.start_block(x7, 8)
    at_s, chi2 = t0_s, 0.0
    for n in range(rows.shape[0]):
        if not kernels.flyable(block):
            return np.inf
        if rows[n, 0] != at_s:
            flight.advance(block, x7[6], rows[n, 0] - at_s, _STEP_S, work, partials)
            at_s = rows[n, 0]
        for i in range(3):
            pos[i], vel[i] = block[i, 0], block[3 + i, 0]
        sensor = int(rows[n, 2])
        kernels.radar(rows[n], table[sensor], pos, vel, z, h, r)
        for m in range(OFFSETS):
            for j in range(7):
                jac[j] = 0.0
                for i in range(6):
                    jac[j] += h[m, i] * block[i, 1 + j]
            b, weight = 7 + OFFSETS * sensor + m, 1.0 / r[m]
            for j in range(7):
                right[j] += weight * jac[j] * z[m]
                for k in range(7):
                    normal[j, k] += weight * jac[j] * jac[k]
                normal[j, b] += weight * jac[j]
                normal[b, j] += weight * jac[j]
            normal[b, b] += weight
            right[b] += weight * z[m]
            chi2 += weight * z[m] * z[m]
    return chi2

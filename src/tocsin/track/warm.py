"""Compile this room's functions at installation (`tocsin.earth.warm`): no alert waits for a compiler."""

import numpy as np

from tocsin.earth.frames import geodetic_to_ecef
from tocsin.track import kernels
from tocsin.track.rows import ROW, SENSOR


def warm_track() -> None:
    """Call every compiled function with the argument types it will see."""
    place = geodetic_to_ecef(0.7, 2.3, 60e3)
    x8 = np.concatenate((place, (0.0, -900.0, 300.0), (8.0, 0.0)))
    rows, table = np.ones((2, ROW)), np.ones((1, SENSOR))
    rows[:, :4] = ((0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 0.0, 2.0))
    kernels.poly_normal(rows, table, np.concatenate((x8[:6], np.zeros(6))), 0.0, np.eye(12), np.zeros(12))
    kernels.flight_normal(rows, table, x8, 0.0, np.eye(8), np.zeros(8), np.empty((7, 8)))
    kernels.run_filter(rows, table, x8[:7].copy(), np.eye(7), 0.0, 1e-6, 0.05)
    means, covs = x8[:6].reshape(1, 6).copy(), np.eye(6).reshape(1, 6, 6)
    kernels.gate_costs(rows, table, means, covs, np.zeros(1), np.ones(4), np.empty((1, 2)))

"""Call this room's compiled functions: at installation (`tocsin.earth.warm`), so that no alert waits for a
compiler, and when a hall has started, so that none waits until they are loaded.
"""

import numpy as np

from tocsin.earth.frames import geodetic_to_ecef
from tocsin.track import gate_kernels, group_kernels, kernels, registration_kernels
from tocsin.track.associate import gate
from tocsin.track.fleet import Fleet, Flock
from tocsin.track.rows import ROW, SENSOR


def warm_track() -> None:
    """Call every compiled function with the argument types it will see."""
    place = geodetic_to_ecef(0.7, 2.3, 60e3)
    x8 = np.concatenate((place, (0.0, -900.0, 300.0), (8.0, 0.0)))
    rows, table = np.ones((2, ROW)), np.ones((1, SENSOR))
    rows[:, :4] = ((0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 0.0, 2.0))
    cubic = np.concatenate((x8[:6], np.zeros(6)))
    kernels.poly_normal(rows, table, cubic, 0.0, np.eye(12), np.zeros(12), np.inf, np.zeros(3))
    kernels.flight_normal(rows, table, x8, 0.0, np.eye(8), np.zeros(8), np.empty((7, 8)))
    kernels.flight_rows(rows, table, x8, 0.0, np.empty((2, 4)), np.empty((2, 4, 8)), np.empty((2, 4)))
    gate(rows[:1], table, x8[:6].reshape(1, 6).copy(), np.eye(6).reshape(1, 6, 6), 0.0)
    gate_kernels.joint(np.ones((2, 2)), np.empty((2, 2)))
    x, p, times = np.tile(x8[:7], (1, 3, 1)), np.tile(np.eye(7), (1, 3, 1, 1)), np.full((1, 3), -1.0)
    flock = Flock(Fleet(), 1)
    flock.numbers, flock.times, flock.x, flock.p = np.ones(1, dtype=np.int64), times, x, p
    flock.tally, flock.plots = np.zeros((1, 4)), np.zeros(1, dtype=np.int64)
    flock.seen = np.zeros((1, 1), dtype=np.uint8)
    flock.take(np.zeros(2, dtype=np.int64), rows, table)
    flock.moved(np.zeros(1, dtype=np.int64), 2.0)
    group_kernels.vote(
        np.ones((1, 3)), np.ones((1, 3)), np.ones((1, 2)), np.ones((1, 3)), 1.0, np.empty((1, 4))
    )
    one = np.zeros(1, dtype=np.int64)
    group_kernels.take_rows(x[:, 0].copy(), p[:, 0].copy(), one, rows[:1], table)
    registration_kernels.offset_normal(rows, table, x8[:7].copy(), 0.0, np.eye(10), np.zeros(10))

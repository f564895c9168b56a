"""The first seconds of sight of an object under power, smoothed: what its launch point is told from."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.model.space import EcefState
from tocsin.model.time import Instant
from tocsin.track.batch import Fit, evaluate_poly, poly_fit
from tocsin.track.motion import seven
from tocsin.track.rows import instant, triangle

Array = NDArray[np.float64]

STATES: Final = 4


def smoothed(rows: Array, table: Array, guess: Array, base_ns: Instant) -> tuple[EcefState, ...]:
    """States over the time of rows (n, ROW), by one cubic through them; `guess` (12,) at the first."""
    part = np.ascontiguousarray(rows)
    first_s = float(part[0, 0])
    fit = poly_fit(part, table, guess, first_s)
    span_s = float(part[-1, 0]) - first_s
    return tuple(_state(fit, first_s, s, base_ns) for s in np.linspace(0.0, span_s, STATES).tolist())


def _state(fit: Fit, epoch_s: float, s: float, base_ns: Instant) -> EcefState:
    position, velocity, _ = evaluate_poly(fit.x, s)
    phi = np.kron(np.array([[1.0, s, s**2 / 2, s**3 / 6], [0.0, 1.0, s, s**2 / 2]]), np.eye(3))
    state = seven(np.concatenate((position, velocity)), phi @ fit.p @ phi.T * max(1.0, fit.ratio))
    return EcefState(instant(base_ns, epoch_s + s), tuple(state.x.tolist()), triangle(state.p))

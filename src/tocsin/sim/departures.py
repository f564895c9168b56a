"""What leaves free flight: an object that manoeuvres, one that fails in flight, air and motors that nobody
models.

All three are notional. A manoeuvre is a constant acceleration for a while, up and to the right of the path:
no vehicle flies so, but its track does what tracks of gliding objects do, it leaves the arc. A mishap ends an
object, or makes several of it. Process noise is a random walk of the velocity, the same for all who look.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth import flight as ballistic
from tocsin.earth.frames import ecef_to_geodetic, enu_basis

Array = NDArray[np.float64]

STEP_S: Final = 0.25  # of a manoeuvre: free flight between the steps errs by 5 mm for each m/s^2
NOISE_STEP_S: Final = 1.0
LONGEST_S: Final = 3_600.0


class Nodes(NamedTuple):
    """A flight in pieces: from each of `times_s` (n,) after burnout it flies freely from `states` (n, 7)."""

    times_s: Array
    states: Array

    def at(self, times_s: Array, step_s: float) -> Array:
        """States (m, 7) at times (m,) after burnout."""
        piece = np.maximum(np.searchsorted(self.times_s, times_s, side="right") - 1, 0)
        return ballistic.propagate_many(self.states[piece], times_s - self.times_s[piece], step_s)


def manoeuvred(burnout7: Array, from_s: float, for_s: float, up_mps2: float, right_mps2: float) -> Nodes:
    """A constant push across the path from `from_s` after burnout on, for `for_s` or until the ground."""
    times, states = [0.0, from_s], [burnout7, ballistic.propagate(burnout7, from_s)]
    while times[-1] < from_s + for_s and _height_m(states[-1]) > 0.0:
        kicked = _kicked(states[-1], STEP_S * up_mps2, STEP_S * right_mps2)
        states.append(ballistic.propagate(kicked, STEP_S))
        times.append(times[-1] + STEP_S)
    return Nodes(np.array(times), np.array(states))


def disturbed(burnout7: Array, density_m2_s3: float, stream: np.random.Generator) -> Nodes:
    """White acceleration of this spectral density, as kicks once a second until the ground."""
    sigma = np.sqrt(density_m2_s3 * NOISE_STEP_S)
    times, states = [0.0], [burnout7]
    while times[-1] < LONGEST_S:
        state = ballistic.propagate(states[-1], NOISE_STEP_S)
        if _height_m(state) <= 0.0:
            break
        state[3:6] += sigma * stream.standard_normal(3)
        states.append(state)
        times.append(times[-1] + NOISE_STEP_S)
    return Nodes(np.array(times), np.array(states))


def parted(state7: Array, pieces: int, apart_mps: float) -> list[Array]:
    """States of the pieces of one object: a fan across the path, half along and half across, sum nil."""
    basis = _path_basis(state7)
    found = []
    for n in range(pieces):
        angle = 2.0 * np.pi * n / pieces
        state = state7.copy()
        state[3:6] += apart_mps * (np.cos(angle) * basis[0] + np.sin(angle) * basis[1])
        found.append(state)
    return found


def _kicked(state7: Array, up_mps: float, right_mps: float) -> Array:
    basis = _path_basis(state7)
    state = state7.copy()
    state[3:6] += up_mps * basis[2] + right_mps * basis[1]
    return state


def _path_basis(state7: Array) -> Array:
    """Rows: along the path, to its right, and up across it."""
    lat, lon, _ = ecef_to_geodetic(state7[:3])
    along = state7[3:6] / np.linalg.norm(state7[3:6])
    right = np.cross(along, enu_basis(float(lat), float(lon))[2])
    right /= np.linalg.norm(right)
    return np.stack((along, right, np.cross(right, along)))


def _height_m(state7: Array) -> float:
    return float(ecef_to_geodetic(state7[:3])[2])

"""A square lattice of objects that move alike, as one radar sees them: rows, and whose each is."""

from dataclasses import dataclass

import numpy as np
import world
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import ecef_to_aer, geodetic_to_ecef
from tocsin.model.label import Nation, Plane
from tocsin.track.group import frames
from tocsin.track.rows import ROW, sensor_table

Array = NDArray[np.float64]

SITE_RAD = (np.radians(36.5), np.radians(127.5))
SENSOR = world.radar("kor-a", Nation.KOR, 36.5, 127.5, period=2.0).sensor(Plane.TEST)
TABLE = sensor_table([SENSOR])
VELOCITY = np.array([3500.0, 1000.0, 2300.0])  # of the flight of 2017-08-29, just after burnout


@dataclass(frozen=True)
class Lattice:
    """Rows of some looks at a lattice of objects, whose each one is (by row), and their local velocity at the
    last look; states (n, 7) at the first look.
    """

    rows: Array
    owner: NDArray[np.int64]
    velocity: Array
    states: Array


def lattice(
    chance: np.random.Generator, side: int, spacing_m: float, looks: int, detected: float = 0.9
) -> Lattice:
    """A square lattice of objects at a random course, 2 s apart, detected with the given probability."""
    centre = geodetic_to_ecef(np.radians(39.7), np.radians(128.5), 160e3)
    frame = frames(centre.reshape(1, 3))[0]
    turn = chance.uniform(0.0, 2.0 * np.pi)
    east, north = np.array([np.cos(turn), np.sin(turn), 0.0]), np.array([-np.sin(turn), np.cos(turn), 0.0])
    steps = spacing_m * (np.arange(side) - 0.5 * side)
    local = np.array([a * east + b * north for a in steps for b in steps])
    places = centre + local @ frame
    velocities = np.einsum("nji,j->ni", frames(places), VELOCITY)
    states = np.column_stack((places, velocities, np.full(len(places), 8.7)))
    entry = TABLE[0]
    rows: list[list[float]] = []
    owner: list[int] = []
    for k in range(looks):
        moved = propagate_many(states, 2.0 * k)
        polar = np.column_stack(ecef_to_aer(moved[:, :3], entry[5:8], entry[8:].reshape(3, 3)))
        polar += entry[:3] * chance.standard_normal(polar.shape)
        for n in np.flatnonzero(chance.random(len(polar)) < detected).tolist():
            rows.append([2.0 * k, 0.0, 0.0, float(len(rows)), *polar[n], np.nan, 0.0, 0.0])
            owner.append(n)
    last = propagate_many(states, 2.0 * (looks - 1))
    mean = np.einsum("nij,nj->ni", frames(last[:, :3]), last[:, 3:6]).mean(axis=0)
    return Lattice(np.array(rows).reshape(-1, ROW), np.array(owner), mean, states)

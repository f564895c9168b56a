"""N objects in free flight before one radar: a tracker that knows them all, and its next scans.

Made by hand, since flying 1,000 objects from launch would take minutes: every record is what the tracker
holds of an object in the filter's steady state, marks and open rows after HISTORY_S seconds. What is
measured afterwards is the production code on it.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import Life, ObjectClass, Phase, Plot, RadarFix
from tocsin.track.fleet import Fleet, Flock
from tocsin.track.numbers import Numbers
from tocsin.track.record import Record
from tocsin.track.rows import pack, row_of, sensor_table
from tocsin.track.tracker import TrackerState, new_tracker

Array = NDArray[np.float64]

BASE: Final = Instant(1_700_000_000 * SECOND_NS)
HISTORY_S: Final = 15  # between one and two of the filter's KEEP_S: what it holds open on average
SPACING_M: Final = 10e3
HEIGHT_M: Final = 400e3
VELOCITY_ENU_MPS: Final = (3_000.0, 500.0, 500.0)
LN_BETA: Final = 8.7
SITE: Final = Geodetic(36.5, 127.5)
CENTRE_DEG: Final = (40.5, 131.0)
SIGMAS: Final = (30.0, 1e-3, 1e-3)  # of the near radar of TRACKING.md
POSITION_SIGMA_M: Final = 50.0
VELOCITY_SIGMA_MPS: Final = 1.0
LN_BETA_SIGMA: Final = 0.5


class Crowd(NamedTuple):
    """A tracker with its records, and the plots of the scans after it, each one second later."""

    state: TrackerState
    scans: tuple[tuple[Plot, ...], ...]

    def now(self, scan: int) -> Instant:
        """A moment after that scan."""
        return after(BASE, HISTORY_S + 1.5 + scan)


def radar() -> Sensor:
    """The one radar."""
    label = Label(Plane.TEST, frozenset((Nation.KOR,)), frozenset())
    errors = SensorErrors(range_m=SIGMAS[0], az_rad=SIGMAS[1], el_rad=SIGMAS[2])
    return Sensor("R", Nation.KOR, SensorKind.RADAR, errors, label, SITE)


def crowd(objects: int, scans: int = 3, seed: int = 1) -> Crowd:
    """`objects` on a grid of SPACING_M, flying side by side."""
    stream = np.random.default_rng(seed)
    starts = _starts(objects)
    sensor = radar()
    seen = [
        _plots(propagate_many(starts, float(t)), t, sensor, stream) for t in range(1, HISTORY_S + scans + 1)
    ]
    heads = propagate_many(starts, float(HISTORY_S))
    records = tuple(
        _record(n, starts[n], heads[n], [plots[n] for plots in seen[:HISTORY_S]]) for n in range(objects)
    )
    state = new_tracker(Nation.KOR, (sensor,))
    known = Numbers(b"")
    for plots in seen[:HISTORY_S]:
        for plot in plots:
            known.seen(plot.number)
    flock = Flock(Fleet(), 1)
    inside = flock.admit(records, sensor_table([sensor]))
    state = TrackerState(
        nation=state.nation,
        sensors=state.sensors,
        base_ns=BASE,
        newest_ns=after(BASE, float(HISTORY_S)),
        next_number=objects + 1,
        numbers=(known.packed(after(BASE, float(HISTORY_S)), 0),),
        records=tuple(inside),
        fleet=flock.packed(),
    )
    return Crowd(state, tuple(tuple(plots) for plots in seen[HISTORY_S:]))


def _starts(objects: int) -> Array:
    lat, lon = np.radians(CENTRE_DEG)
    basis = enu_basis(float(lat), float(lon))
    side = int(np.ceil(np.sqrt(objects)))
    grid = np.array([(n % side, n // side) for n in range(objects)], dtype=float) - 0.5 * (side - 1)
    off = np.column_stack((SPACING_M * grid, np.full(objects, HEIGHT_M))) @ basis
    states = np.empty((objects, 7))
    states[:, :3] = geodetic_to_ecef(lat, lon, 0.0) + off
    states[:, 3:6] = np.array(VELOCITY_ENU_MPS) @ basis
    states[:, 6] = LN_BETA
    return states


def _plots(states: Array, second: int, sensor: Sensor, stream: np.random.Generator) -> list[Plot]:
    lat, lon = float(np.radians(SITE.lat_deg)), float(np.radians(SITE.lon_deg))
    aer = ecef_to_aer(states[:, :3], geodetic_to_ecef(lat, lon, SITE.alt_m), enu_basis(lat, lon))
    seen = np.column_stack(aer) + stream.standard_normal((len(states), 3)) * SIGMAS
    return [
        Plot(
            sensor.id,
            second * len(states) + n,
            after(BASE, float(second)),
            RadarFix(float(distance), float(az % (2 * np.pi)), float(el)),
        )
        for n, (distance, az, el) in enumerate(seen)
    ]


def _record(n: int, start: Array, head: Array, plots: list[Plot]) -> Record:
    sigmas = np.array([POSITION_SIGMA_M] * 3 + [VELOCITY_SIGMA_MPS] * 3 + [LN_BETA_SIGMA])
    p = np.diag(sigmas**2).ravel()
    rows = np.array([row_of(plot, 0, BASE) for plot in plots])
    return Record(
        number=n + 1,
        life=Life.CONFIRMED,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        first_ns=BASE,
        last_ns=after(BASE, float(HISTORY_S)),
        plots=len(plots),
        sensors=(0,),
        rows=pack(rows),
        head_s=float(HISTORY_S),
        head=pack(np.concatenate((head, p))),
        confirmed_ns=BASE,
        start_s=0.0,
        anchor_s=0.0,
        anchor=pack(np.concatenate((start, p))),
    )

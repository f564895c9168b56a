"""The first moments of a track: from one radar plot, or from two platforms' lines of sight; and what kind
of object it is.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.frames import aer_to_ecef, ecef_to_geodetic, enu_basis
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track.associate import crossing
from tocsin.track.batch import poly_fit
from tocsin.track.life import CONFIRM_GROUPED, CONFIRM_PLOTS
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, estimate
from tocsin.track.rows import LOS, instant, pack
from tocsin.track.work import behind

Array = NDArray[np.float64]

LOOSE_S: Final = 5.0  # a line of sight waits so long for one of another platform
CONFIRM_SIGHTS: Final = 6  # plots when all are lines of sight: three from each of two platforms
SURE_POSITION_M: Final = 50e3
SURE_VELOCITY_MPS: Final = 1_500.0
SURE_MISFIT: Final = 5.0

# No aircraft in service flies faster, higher or climbs steeper than the first three; none of these is a
# ballistic object that has left the first seconds of its climb, below the last three (ours, with wide gaps
# between: UNKNOWN is said as such).
FASTER_MPS: Final = 1_000.0
HIGHER_M: Final = 30e3
STEEPER_MPS: Final = 250.0
AIR_SLOWER_MPS: Final = 400.0
AIR_LOWER_M: Final = 20e3
AIR_FLATTER_MPS: Final = 100.0
AIR_PLOTS: Final = 6


def from_radar(row: Array, table: Array, base_ns: Instant) -> Record:
    """A tentative record of one radar row."""
    sensor = table[int(row[2])]
    point = aer_to_ecef(row[4], row[5], row[6], sensor[5:8], sensor[8:].reshape(3, 3))
    return _tentative(row.reshape(1, -1), table, point, base_ns)


def from_sights(row: Array, loose: Array, table: Array, base_ns: Instant) -> tuple[Record, int] | None:
    """A tentative record of a line of sight and the best-crossing loose one of another platform; with that
    one's index.
    """
    best: tuple[float, int, Array] | None = None
    for i, other in enumerate(loose):
        if other[2] == row[2] or abs(other[0] - row[0]) > LOOSE_S:
            continue
        found = crossing(row, other, table[int(row[2]), 4], table[int(other[2]), 4])
        if found is not None and (best is None or found[1] < best[0]):
            best = (found[1], i, found[0])
    if best is None:
        return None
    both = np.stack((loose[best[1]], row)) if loose[best[1], 0] <= row[0] else np.stack((row, loose[best[1]]))
    return _tentative(both, table, best[2], base_ns), best[1]


def _tentative(rows: Array, table: Array, point: Array, base_ns: Instant) -> Record:
    last_s = float(rows[-1, 0])
    fit = poly_fit(np.ascontiguousarray(rows), table, np.concatenate((point, np.zeros(9))), last_s)
    return Record(
        number=0,
        life=Life.TENTATIVE,
        phase=Phase.UNKNOWN,
        kind=ObjectClass.UNKNOWN,
        first_ns=instant(base_ns, float(rows[0, 0])),
        last_ns=instant(base_ns, last_s),
        plots=len(rows),
        sensors=tuple(sorted({int(i) for i in rows[:, 2]})),
        rows=pack(rows),
        head_s=last_s,
        head=pack(np.concatenate((fit.x, fit.p.ravel()))),
    )


def sure(record: Record, all_sights: bool) -> bool:
    """Seen often enough, and the fit is one of an object? What waits to be estimated is not sure yet."""
    if behind(record):
        return False
    needed = CONFIRM_SIGHTS if all_sights else CONFIRM_PLOTS
    if record.plots < (CONFIRM_GROUPED if record.group else needed) or record.chi2_ratio > SURE_MISFIT:
        return False
    p = estimate(record)[0].p
    return bool(np.trace(p[:3, :3]) < SURE_POSITION_M**2 and np.trace(p[3:6, 3:6]) < SURE_VELOCITY_MPS**2)


def only_sights(rows: Array) -> bool:
    """Are all rows lines of sight?"""
    return bool(np.all(rows[:, 1] == LOS))


def kind_of(record: Record, now: Gaussian) -> ObjectClass:
    """BALLISTIC once three sigmas say that nothing that flies on wings does this; AIR when it behaves like
    that long enough.
    """
    if record.kind is ObjectClass.BALLISTIC:
        return record.kind
    lat, lon, height = (float(v) for v in ecef_to_geodetic(now.x[:3]))
    up = enu_basis(lat, lon)[2]
    speed, climb = float(np.linalg.norm(now.x[3:6])), float(up @ now.x[3:6])
    position_m = 3.0 * float(np.sqrt(up @ now.p[:3, :3] @ up))
    velocity_mps = 3.0 * float(np.sqrt(np.trace(now.p[3:6, 3:6])))
    climb_mps = 3.0 * float(np.sqrt(up @ now.p[3:6, 3:6] @ up))
    if speed - velocity_mps > FASTER_MPS or height - position_m > HIGHER_M or climb - climb_mps > STEEPER_MPS:
        return ObjectClass.BALLISTIC
    slow = speed + velocity_mps < AIR_SLOWER_MPS and height + position_m < AIR_LOWER_M
    if slow and abs(climb) + climb_mps < AIR_FLATTER_MPS and record.plots >= AIR_PLOTS:
        return ObjectClass.AIR
    return ObjectClass.UNKNOWN

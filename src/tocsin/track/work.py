"""How many estimates are made anew in a step, so that a scan full of new objects costs no more than it may.

A young object's estimate is least squares over all its rows, about a millisecond; one in steady flight costs
microseconds (`fleet`) and is never put off. Those that find no room keep their new rows and wait: who was
estimated longest ago comes first in the next step, and takes all rows that came meanwhile. Nothing is lost,
and no object waits for ever. The allowance grows with time, so that a hall that turns often spreads the work.
"""

from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.time import Instant
from tocsin.track.record import Record
from tocsin.track.rows import ROW, instant, merged, pack, rows_of, unpack

Array = NDArray[np.float64]

# A sixth of a processor: 30 in a hall's tick of 0.2 s, 35 ms beside the 15 ms of a scan of 1,000 in steady
# flight (docs/benchmarks.md).
FITS_PER_S: Final = 150.0
CARRIED: Final = 10.0  # what a quiet time may leave for the next step
LONGEST_S: Final = 1.0  # of time that counts: after a pause the first step is no longer than others


def allowance(left: float, dt_s: float) -> float:
    """Estimates that a step may make, `dt_s` after the one before it, which left so many."""
    return float(np.clip(left, 0.0, CARRIED)) + FITS_PER_S * float(np.clip(dt_s, 0.0, LONGEST_S))


def put_off(record: Record, new: Array, base_ns: Instant) -> Record:
    """The record with `new` rows, its estimate as it was: `behind` until it is brought up to date."""
    return replace(
        record,
        rows=pack(merged(rows_of(record.rows), new)),
        last_ns=max(record.last_ns, instant(base_ns, float(new[:, 0].max()))),
        plots=record.plots + len(new),
        sensors=tuple(sorted({*record.sensors, *(int(i) for i in new[:, 2])})),
    )


def behind(record: Record) -> bool:
    """Has it rows that are newer than its estimate?"""
    if record.filtered or not record.rows:
        return False
    return float(unpack(record.rows, -1, ROW)[-1, 0]) > record.head_s

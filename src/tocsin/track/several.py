"""Objects in free flight that several radars saw within a time: what radars' offsets are learnt from."""

import numpy as np
from numpy.typing import NDArray

from tocsin.model.track import Phase
from tocsin.track.life import ENDED
from tocsin.track.record import at
from tocsin.track.registration import LEAST_ROWS, OBJECTS
from tocsin.track.rows import RADAR, rows_of
from tocsin.track.scene import Scene

Array = NDArray[np.float64]


def seen_by_several(scene: Scene, from_s: float, to_s: float) -> list[tuple[Array, Array]]:
    """Rows after `from_s` and up to `to_s` of the few objects that most radars saw, in order of time, each
    with its state (7,) at its first row.
    """
    found = [(number, _within(rows, from_s, to_s)) for number, rows in _rows(scene)]
    rich = [(len(np.unique(rows[:, 2])), -number, rows) for number, rows in found if len(rows) >= LEAST_ROWS]
    rich = sorted((one for one in rich if one[0] > 1), key=lambda one: one[:2], reverse=True)
    return [(rows, _state(scene, -number, float(rows[0, 0]))) for _, number, rows in rich[:OBJECTS]]


def _rows(scene: Scene) -> list[tuple[int, Array]]:
    flock = scene.flock
    own = flock.shares[:, 0] == 1.0
    owners, log = flock.owners[own], flock.log[own]
    order = np.argsort(owners, kind="stable")
    numbers, starts = np.unique(owners[order], return_index=True)
    parts = np.split(log[order], starts[1:]) if len(numbers) else []
    found = list(zip(numbers.tolist(), parts, strict=True))
    found += [
        (record.number, rows_of(record.rows))
        for record in scene.records
        if record.number and not record.filtered and record.phase is Phase.COAST and record.life not in ENDED
    ]
    return found


def _within(rows: Array, from_s: float, to_s: float) -> Array:
    part = rows[(rows[:, 0] > from_s) & (rows[:, 0] <= to_s) & (rows[:, 1] == RADAR)]
    return np.ascontiguousarray(part[np.lexsort((part[:, 3], part[:, 2], part[:, 0]))])


def _state(scene: Scene, number: int, time_s: float) -> Array:
    if number in scene.flock.slots:
        slot = np.array([scene.flock.slots[number]], dtype=np.int64)
        return np.asarray(scene.flock.moved(slot, time_s)[0][0])
    record = next(record for record in scene.records if record.number == number)
    return at(record, time_s).x

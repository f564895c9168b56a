"""Cost of tracking: per update, per scan, per prediction, beside Stone Soup in the same run.

- us_per_update: the estimator alone, one plot to each of N objects that it is known to belong to.
- scan_ms: the whole `tracker.step` of a scan of N plots: duplicates, gates, assignment, updates, lives.
- predict_ms: impact with its covariance from one track.
- batch_us_per_update: one object in its first BATCH_AGE_S of coast, where least squares runs over all rows.
- stonesoup: its EKF, predict and update with the plot given, constant velocity instead of gravity, rotation
  and drag, which is less work than ours.

Times are medians of REPEATS (fewer once they took BUDGET_S) on one thread, compiled code warm.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from tocsin.assess.impact import predict
from tocsin.bench.crowd import BASE, Crowd, crowd
from tocsin.bench.foreign import foreign_us_per_update
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase
from tocsin.track import tracker
from tocsin.track.fleet import Flock
from tocsin.track.rows import row_of, row_table, sensor_table
from tocsin.track.solve import update

COUNTS: Final = (1, 100, 1_000)
LARGE: Final = 10_000
REPEATS: Final = 5
BUDGET_S: Final = 4.0
PREDICTIONS: Final = 50
BATCH_AGE_S: Final = 15  # the crowd's history, taken as the young coast of one object
COMPARED: Final = 1_000


class Foreign(Struct, frozen=True):
    """Stone Soup's cost, and how many times ours at N = 1,000 that is; null where it is not installed."""

    us_per_update: float | None
    ratio: float | None
    version: str | None


class TrackBench(Struct, frozen=True):
    """What `tocsin bench track --json` prints; keys of the tables are N."""

    us_per_update: dict[str, float]
    scan_ms: dict[str, float]
    predict_ms: float
    batch_us_per_update: float
    stonesoup: Foreign


def measure(counts: Sequence[int], say: Callable[[str], None]) -> TrackBench:
    """All of it; `say` takes lines of progress."""
    updates: dict[str, float] = {}
    scans: dict[str, float] = {}
    small = crowd(1)
    for count in counts:
        say(f"bench track: {count} objects")
        crowded = crowd(count)
        updates[str(count)] = round(_update_s(crowded) * 1e6, 2)
        scans[str(count)] = round(_scan_s(crowded) * 1e3, 3)
    say("bench track: prediction, batch, Stone Soup")
    theirs, version = foreign_us_per_update()
    ours = updates.get(str(COMPARED), list(updates.values())[-1])
    return TrackBench(
        us_per_update=updates,
        scan_ms=scans,
        predict_ms=round(_predict_s(small) * 1e3, 4),
        batch_us_per_update=round(_batch_s(small) * 1e6, 1),
        stonesoup=Foreign(
            None if theirs is None else round(theirs, 1),
            None if theirs is None else round(theirs / ours, 2),
            version,
        ),
    )


def _median_s(work: Callable[[], object], repeats: int = REPEATS) -> float:
    spent: list[float] = []
    for n in range(repeats + 1):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
        if n == 0 and spent[0] < BUDGET_S:
            spent.clear()  # the first one warms caches; where one alone takes long, it counts
        elif sum(spent) > BUDGET_S:
            break
    return float(np.median(spent))


def _update_s(crowded: Crowd) -> float:
    """Seconds per object: the whole crowd's plots into the fleet, from a copy of it each time."""
    table = sensor_table(crowded.state.sensors)
    rows = row_table([(plot, 0) for plot in crowded.scans[0]], BASE)
    slots = np.arange(len(rows))
    flocks = [Flock(crowded.state.fleet, len(table)) for _ in range(REPEATS + 1)]

    def work() -> list[int]:
        return flocks.pop().take(slots, rows, table)

    return _median_s(work) / len(rows)


def _scan_s(crowded: Crowd) -> float:
    return _median_s(lambda: tracker.step(crowded.state, crowded.scans[0], crowded.now(0)))


def _batch_s(crowded: Crowd) -> float:
    """The same object, young: its history as the rows of the batch."""
    state = crowded.state
    table = sensor_table(state.sensors)
    record = Flock(state.fleet, len(table)).view(state.records[0], BASE)
    start = np.frombuffer(record.anchor)[:7].tobytes()
    young = replace(record, anchor=b"", start=start, start_s=0.0)
    row = np.array([row_of(crowded.scans[0][0], 0, BASE)])
    return _median_s(lambda: update(young, row, table, BASE), PREDICTIONS)


def _predict_s(crowded: Crowd) -> float:
    _, tracks = tracker.step(crowded.state, crowded.scans[0], crowded.now(0))
    own = tracks[0]
    fused = FusedTrack(
        id="F-1",
        members=(),
        life=Life.CONFIRMED,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=own.state,
        first_ns=own.first_ns,
        last_ns=own.last_ns,
        label=own.label,
    )
    return _median_s(lambda: predict(fused), PREDICTIONS)

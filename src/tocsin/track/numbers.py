"""Plot numbers seen, by sensor: so that a plot that comes twice counts once.

Sensors count their plots, so that what was seen lately is a few runs of numbers, however many plots there
are. A run is four integers [first, last, first time it grew, last time it grew] (ns); it is forgotten once
plots as old as it are not taken any more, so that a sensor that begins to count anew is heard.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.model.time import SECOND_NS, Instant

Runs = NDArray[np.int64]

GROWS_NS: Final = 10 * SECOND_NS  # a run older than this grows no more, so that it can be forgotten
LIMIT: Final = 4_096  # runs kept of a sensor; the oldest go first


class Numbers:
    """What is known of one sensor's numbers during one step."""

    def __init__(self, packed: bytes) -> None:
        self._runs = np.frombuffer(packed, dtype=np.int64).reshape(-1, 4)
        self._firsts: list[int] = self._runs[:, 0].tolist()
        self._lasts: list[int] = self._runs[:, 1].tolist()
        self._new: set[int] = set()

    def seen(self, number: int) -> bool:
        """Was it seen before? It is now."""
        at = bisect_right(self._firsts, number) - 1
        if number in self._new or (at >= 0 and number <= self._lasts[at]):
            return True
        self._new.add(number)
        return False

    def packed(self, now_ns: Instant, kept_ns: int) -> bytes:
        """The runs as they are now, those that nothing can repeat any more left out."""
        if not self._new:
            return self._runs.tobytes()
        runs = [run for run in self._runs.tolist() if run[3] > now_ns - kept_ns]
        joined = _joined(sorted([*runs, *(list(run) for run in _runs(self._new, now_ns))]))
        newest = sorted(joined, key=lambda run: run[3])[-LIMIT:]
        return np.array(sorted(newest), dtype=np.int64).tobytes()


def _runs(numbers: Iterable[int], now_ns: Instant) -> list[tuple[int, int, int, int]]:
    ordered = np.array(sorted(numbers), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(ordered) != 1) + 1
    return [(int(part[0]), int(part[-1]), now_ns, now_ns) for part in np.split(ordered, breaks)]


def _joined(runs: list[list[int]]) -> list[list[int]]:
    """Neighbours as one run, unless it would live too long."""
    out: list[list[int]] = []
    for run in runs:
        last = out[-1] if out else None
        if (
            last is not None
            and last[1] + 1 == run[0]
            and max(last[3], run[3]) - min(last[2], run[2]) < GROWS_NS
        ):
            last[1], last[2], last[3] = run[1], min(last[2], run[2]), max(last[3], run[3])
        else:
            out.append(run)
    return out

"""What each kind of program takes of the processors under a load: the figure that other work on the machine
changes least. Linux alone tells it of another process; elsewhere there is none.
"""

import os
from collections.abc import Coroutine, Mapping
from pathlib import Path

from msgspec import Struct

from tocsin.bench.load import Load
from tocsin.model.label import Nation
from tocsin.node.station import Station

PRODUCTS = 1_000.0


class Spent(Struct, frozen=True):
    """Seconds of processor time (user and system): three brokers, three doors, the benchmark itself."""

    broker_s: float
    door_s: float
    bench_s: float


class Meter:
    """Reads the processes of three nodes."""

    def __init__(self, stations: Mapping[Nation, Station]) -> None:
        self._stations = stations

    async def per_thousand(self, loading: Coroutine[None, None, Load]) -> tuple[Load, Spent | None]:
        """A load, and what a thousand of its products took; null where it cannot be told."""
        before = self._now()
        load = await loading
        now = self._now()
        if before is None or now is None or not load.offered:
            return load, None
        share = PRODUCTS / load.offered
        broker_s, door_s, bench_s = (round((b - a) * share, 4) for a, b in zip(before, now, strict=True))
        return load, Spent(broker_s, door_s, bench_s)

    def _now(self) -> tuple[float, float, float] | None:
        rows = self._stations.values()
        try:
            return (
                sum(_spent_s(row.broker.pid) for row in rows),
                sum(_spent_s(row.door.pid) for row in rows),
                _spent_s(os.getpid()),
            )
        except (OSError, ValueError):
            return None


def _spent_s(pid: int | None) -> float:
    """User and system time of a process so far (proc(5): fields 14 and 15 of stat). OSError: none such."""
    if pid is None:
        raise ProcessLookupError("the process is between two runs")
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

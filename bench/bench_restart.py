"""How long a hall takes to come back: from its newest snapshot, and by its whole record.

A watch of HOURS (first argument, 2 by default) of quiet steps, five a second as on a wall clock, with a
recorded launch at its end: the hall dies in the middle of the flight, with drafts on the desk. Both restarts
run in a process of their own; `start` is what Python and the compiled code cost before either.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tocsin.earth.places import areas_sha256
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.warning import Thresholds
from tocsin.node.hall_words import Configured, HallStimulus, PlotsIn
from tocsin.node.turn import Turner
from tocsin.record.ledger import Ledger
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots

STEPS_A_SECOND = 5
FLIGHT_S = 400

RESTART = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from tocsin.node import hall
from tocsin.node.replay import rebuild
from tocsin.record.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
if sys.argv[2] == "whole":
    ledger._db.execute("DELETE FROM snapshots")
started = time.perf_counter()
state, _ = rebuild(ledger)
print(started - began, time.perf_counter() - started, state.step, len(state.warn.drafts))
"""


def watch(path: Path, hours: float) -> None:
    """Write the record."""
    scenario = load("2022-10-04")
    config = Configured(
        Nation.JPN,
        Plane.EXERCISE,
        "2022-10-04",
        scenario.sensors_of(Nation.JPN, Plane.EXERCISE),
        Thresholds(),
        areas_sha256(),
    )
    ledger = Ledger(path)
    turner = Turner(ledger, None, Instant(0))
    period_ns = SECOND_NS // STEPS_A_SECOND
    now = scenario.start_ns - round(hours * 3600 * SECOND_NS)
    first: list[HallStimulus] = [config]
    while now < scenario.start_ns:
        turner.turn(first, Instant(now), Instant(1))
        first, now = [], now + period_ns
    waiting = [row for row in plots(scenario, 1) if row.nation is Nation.JPN]
    waiting.sort(key=lambda row: row.deliver_ns)
    at, end = 0, scenario.start_ns + FLIGHT_S * SECOND_NS
    while now < end:
        begin = at
        while at < len(waiting) and waiting[at].deliver_ns <= now:
            at += 1
        turner.turn([PlotsIn(tuple(row.plot for row in waiting[begin:at]))], Instant(now), Instant(1))
        now += period_ns
    ledger.close()


def restart(path: Path, how: str) -> tuple[float, float, int, int]:
    """(start, rebuild) in seconds, last step, drafts."""
    argv = [sys.executable, "-c", RESTART, str(path), how]
    started, rebuilt, step, drafts = subprocess.run(
        argv, check=True, capture_output=True, text=True
    ).stdout.split()
    return float(started), float(rebuilt), int(step), int(drafts)


def main() -> None:
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hall.sqlite"
        began = time.perf_counter()
        watch(path, hours)
        size_mb, took_s = path.stat().st_size / 1e6, time.perf_counter() - began
        print(f"record: {hours:g} h, {size_mb:.0f} MB, in {took_s:.0f} s")
        for how in ("snapshot", "whole"):
            started_s, rebuilt_s, step, drafts = restart(path, how)
            print(
                f"by {how}: {started_s:.2f} s start + {rebuilt_s:.2f} s to step {step}, {drafts} drafts back"
            )


if __name__ == "__main__":
    main()

"""After `warm` nothing is loaded or compiled any more, whatever objects do."""

import subprocess
import sys
from pathlib import Path

FLY = """
import sys
from crossings import Crossing, run
from young_crossings import NEAR, YoungCrossing, run_young
from tocsin.earth.warm import warm_flight
from tocsin.track.warm import warm_track

def loaded():
    rooms = [vars(module) for name, module in sys.modules.items() if name.startswith("tocsin.")]
    compiled = [value for room in rooms for value in room.values() if hasattr(value, "py_func")]
    return {f"{one.py_func.__module__}.{one.py_func.__name__}": len(one.overloads) for one in compiled}

warm_flight(), warm_track()
before = loaded()
run_young(YoungCrossing(NEAR, 20.0, 100.0), 0)
run(Crossing(0.0, 30.0), 0)
print(len(before), sorted(name for name, count in loaded().items() if before.get(name) != count))
"""


def test_pairs_that_cross_load_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FLY], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    count, rest = done.stdout.split(maxsplit=1)
    assert int(count) > 20
    assert rest.strip() == "[]"

"""Objects that cross within a radar's error: identities kept, calibration and errors, with every plot given
out whole (the best assignment of a look) and with plots shared (docs/adr/0040).

    python bench/bench_crossing.py [RUNS [CASE ...]]

Cases are counted from 1; all without.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "track"))
from crossings import LOOKS, Crossing, run  # the worlds that tests fly, too

from tocsin.track import scene
from tocsin.track.shares import shares

CASES = (
    Crossing(0.0, 100.0),
    Crossing(0.0, 30.0),
    Crossing(0.0, 10.0),
    Crossing(0.0, 30.0, false_plots=0.5),
    Crossing(0.0, 30.0, false_plots=1.0),
    Crossing(0.0, 30.0, false_plots=2.0),
    Crossing(30.0, 30.0),
    Crossing(60.0, 10.0),
    Crossing(60.0, 10.0, false_plots=1.0),
    Crossing(120.0, 10.0),
    Crossing(0.0, 300.0),
    Crossing(0.0, 0.0, closing_mps=300.0),
    Crossing(0.0, 30.0, closing_mps=3.0),
    Crossing(0.0, 30.0, objects=3),
    Crossing(60.0, 10.0, objects=3),
)
SHARES = shares


def whole(*_: Any) -> list[Any]:
    """Nothing is shared."""
    return []


def line(crossing: Crossing, runs: int, method: Callable[..., Any]) -> str:
    """Kept, ANEES (ideal 6), RMS of position, tracks that are nobody's, CPU of a look."""
    vars(scene)["shares"] = method
    begun = time.process_time()
    passed = [run(crossing, seed) for seed in range(runs)]
    ms = 1e3 * (time.process_time() - begun) / runs / LOOKS
    nees = np.concatenate([one.nees for one in passed])
    rms = float(np.sqrt(np.mean(np.concatenate([one.off_m for one in passed]) ** 2)))
    kept, others = np.mean([one.kept for one in passed]), np.mean([one.others for one in passed]) / LOOKS
    return f"{kept:5.2f} {np.mean(nees):6.1f} {rms:5.0f} {others:5.2f} {ms:5.2f}"


def main() -> None:
    """A row for each case: whole, then shared."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    run(CASES[1], 0)  # compiled code warm
    print(
        "apart aside closing false n, then whole and shared: kept, ANEES, RMS (m), others' tracks, ms a look"
    )
    for crossing in [CASES[int(k) - 1] for k in sys.argv[2:]] or CASES:
        case = " ".join(f"{value:5g}" for value in crossing)
        print(f"{case} | {line(crossing, runs, whole)} | {line(crossing, runs, SHARES)}", flush=True)


if __name__ == "__main__":
    main()

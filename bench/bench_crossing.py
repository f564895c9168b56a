"""Objects that cross within a radar's error: identities kept, calibration and errors.

    python bench/bench_crossing.py [RUNS [CASE ...]] [--young] [--jobs N] [--json]

Cases are counted from 1; all without. Each is flown with every plot given out whole (the best assignment of a
look) and with plots shared (docs/adr/0040). `--young`: pairs that cross in their first 20 to 60 s, whole and
with rows given out anew (docs/adr/0044), beside trackers that know whose each plot is. Standard errors are
those over runs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "track"))
from crossings import Crossing, run  # the worlds that tests fly, too
from young_crossings import FAR, NEAR, SHARP, YoungCrossing, run_young

from tocsin.track import scene
from tocsin.track.contest import contested
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
YOUNG_CASES = (
    YoungCrossing(NEAR, 20.0, 100.0),
    YoungCrossing(NEAR, 40.0, 30.0),
    YoungCrossing(NEAR, 60.0, 30.0),
    YoungCrossing(NEAR, 150.0, 30.0),
    YoungCrossing(FAR, 40.0, 100.0),
    YoungCrossing(FAR, 60.0, 100.0),
    YoungCrossing(FAR, 150.0, 100.0),
    YoungCrossing(SHARP, 20.0, 300.0),
    YoungCrossing(SHARP, 40.0, 300.0),
    YoungCrossing(SHARP, 60.0, 100.0),
    YoungCrossing(SHARP, 60.0, 100.0, closing_mps=3.0),
    YoungCrossing(SHARP, 150.0, 100.0),
)
NAMES = {NEAR: "near", FAR: "far", SHARP: "sharp"}


class Figure(NamedTuple):
    """A mean over runs and its standard error."""

    mean: float
    error: float


def figure(values: Any) -> Figure:
    """Of one number a run."""
    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    if not len(found):
        return Figure(float("nan"), float("nan"))
    return Figure(float(found.mean()), float(found.std() / np.sqrt(max(len(found) - 1, 1))))


def rooted(squares: Any) -> Figure:
    """Root of the mean of squares (one mean a run), its error by that of the mean."""
    mean = figure(squares)
    root = float(np.sqrt(mean.mean))
    return Figure(root, 0.5 * mean.error / root)


def nothing_shared(*_: Any) -> list[Any]:
    """Every plot whole."""
    return []


def nothing_contested(*given: Any) -> float:
    """Every row stays whose it was; the room for estimates too."""
    return float(given[-1])


def one_run(crossing: Any, method: str, seed: int) -> tuple[dict[str, float], float]:
    """Figures of a run, and its processor time (ms)."""
    vars(scene)["shares"] = nothing_shared if method == "whole" else shares
    vars(scene)["contested"] = nothing_contested if method == "whole" else contested
    begun = time.process_time()
    young = isinstance(crossing, YoungCrossing)
    passed: Any = (run_young if young else run)(crossing, seed)
    ms = 1e3 * (time.process_time() - begun)
    found = {"kept": passed.kept, "anees": _mean(passed.nees), "square_m2": _mean(passed.off_m**2)}
    if young:
        found |= {"told_anees": _mean(passed.told_nees), "told_square_m2": _mean(passed.told_off_m**2)}
    return found, ms


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def measured(crossing: Any, method: str, runs: int, each: Callable[..., Any]) -> dict[str, Any]:
    """Figures of a case by one method."""
    found = list(each(partial(one_run, crossing, method), range(runs)))
    columns = {name: [one[name] for one, _ in found] for name in found[0][0]}
    out: dict[str, Any] = {name: figure(values) for name, values in columns.items() if "square" not in name}
    out |= {
        name.replace("square_m2", "rms_m"): rooted(values)
        for name, values in columns.items()
        if "square" in name
    }
    return out | {"run_ms": figure([ms for _, ms in found])}


def case_of(crossing: Any) -> dict[str, Any]:
    """A case in words."""
    values = crossing._asdict()
    return values | ({"radar": NAMES[values["radar"]]} if "radar" in values else {})


def main() -> None:
    """A row for each case: whole, then shared."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="?", type=int, default=10)
    parser.add_argument("cases", nargs="*", type=int)
    parser.add_argument("--young", action="store_true", help="pairs that cross in their first 20 to 60 s")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="one JSON object for each case")
    asked = parser.parse_args()
    cases: tuple[Any, ...] = YOUNG_CASES if asked.young else CASES
    pool: Executor | None = ProcessPoolExecutor(asked.jobs) if asked.jobs > 1 else None
    each: Callable[..., Any] = pool.map if pool else map
    for place in asked.cases or range(1, len(cases) + 1):
        crossing = cases[place - 1]
        both = {name: measured(crossing, name, asked.runs, each) for name in ("whole", "shared")}
        if asked.json:
            told = {name: {k: v._asdict() for k, v in found.items()} for name, found in both.items()}
            print(json.dumps({"case": place, "runs": asked.runs, **case_of(crossing), **told}), flush=True)
            continue
        print(f"{place}: " + ", ".join(f"{name} {value}" for name, value in case_of(crossing).items()))
        for name, found in both.items():
            print(
                f"    {name:6} " + ", ".join(f"{k} {v.mean:.4g} ± {v.error:.2g}" for k, v in found.items()),
                flush=True,
            )


if __name__ == "__main__":
    main()

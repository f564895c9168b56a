"""The set of figures of docs/evaluation.md: `make evaluate` writes JSON and pictures into docs/evaluation/.

    make evaluate RUNS=200 JOBS=2 ONLY=near-KOR

Each figure is one command, printed before it runs; what is there already is made anew.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from tocsin.measure.pictures import Chart, Line, write
from tocsin.measure.real_arcs import FLIGHTS, Followed, follow

OUT: Final = Path(__file__).resolve().parent.parent / "docs" / "evaluation"
# name: scenario, further options, part of the runs (salvos and three nations cost most)
FIGURES: Final[dict[str, tuple[str, tuple[str, ...], float]]] = {
    "near-KOR": ("near", ("--sensors", "KOR"), 1.0),
    "far-JPN": ("far", ("--sensors", "JPN"), 1.0),
    "lofted-KOR": ("lofted", ("--sensors", "KOR"), 1.0),
    "near-all": ("near", (), 0.2),
    "near-space": ("near-space", (), 0.2),
    "near-noise": ("near", ("--process-noise", "0.01"), 0.2),
    "near-delayed": ("near", ("--share-delay", "2"), 0.2),
    "far-all": ("far", (), 0.2),
    "far-cues": ("far", ("--compare-sharing",), 0.1),
    "salvo-20km": ("salvo-20km", (), 0.01),
    "salvo-3km": ("salvo-3km", (), 0.01),
    "salvo-1km": ("salvo-1km", (), 0.01),
}


def main() -> int:
    """Make what was asked for; the exit code of the first command that fails."""
    asked = _asked()
    OUT.mkdir(parents=True, exist_ok=True)
    for name in FLIGHTS:
        found = follow(name)
        if found is not None:
            _write_arc(found)
    for name in asked.only or FIGURES:
        scenario, options, part = FIGURES[name]
        runs = max(round(asked.runs * part), 1)
        words = ["evaluate", "--scenario", scenario, "--runs", str(runs), *options]
        words += ["--jobs", str(asked.jobs), "--json"]
        if "--compare-sharing" not in options:
            words += ["--plot", str(OUT)]
        print("tocsin", *words, file=sys.stderr, flush=True)
        done = subprocess.run(
            [str(Path(sys.executable).parent / "tocsin"), *words], stdout=subprocess.PIPE, check=False
        )
        if done.returncode:
            return done.returncode
        (OUT / f"{name}.json").write_bytes(msgspec.json.format(done.stdout, indent=1) + b"\n")
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200, help="of a single sensor; the others take a part")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("only", nargs="*", metavar="NAME", help="names of figures; none: all")
    return parser.parse_args()


def _write_arc(found: Followed) -> None:
    """Heights as recorded and as foretold from the first half minute of coast."""
    times = found.rows.times_s.tolist()
    lines = (
        Line("recorded", times[::5], (found.rows.height_m[::5] / 1e3).tolist(), dots=True),
        Line("foretold", times, (found.foretold / 1e3).tolist()),
    )
    chart = Chart(f"{found.name}: unpowered arc, foretold from 30 s", "s after lift-off", "km", lines)
    write(chart, OUT / f"arc-{found.name}.svg")


if __name__ == "__main__":
    sys.exit(main())

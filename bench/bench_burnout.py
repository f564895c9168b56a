"""Under power, through burnout, and again: errors, what is claimed of them, how soon coast is said and how
wide the impact ellipse is, and how long a motor that burns again is taken for a coast (docs/adr/0039, 0043).

    python bench/bench_burnout.py --runs 200 --jobs 2
    python bench/bench_burnout.py --sensors far --tail 4 --json

The flight of 4 October 2022 through the whole tracker. `near`: one radar; `several`: two infrared sensors
and three radars in one tracker; `far`: one radar 1,050 km away, 3 mrad. Seconds count from the burnout, or
from where the thrust begins to die away (`--tail`).
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "track"))
from burnouts import SETS, Motor, Second, run  # the worlds that tests fly, too

from tocsin.measure.accuracy import anees_band, chi2_quantile, coverage, median_time, time_to

AGES_S = (-20, -10, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60)
SIZES_KM = (100, 50, 20, 10)
UNTIL_S = 75
FAR_OUTSIDE = 0.9999  # a confident ellipse that excludes the truth: by chance one second in 10,000
AGAIN = (  # gap (s), push (m/s^2); 30 s each
    (0.0, 8.0),
    (0.0, 12.0),
    (4.0, 20.0),
    (7.0, 20.0),
    (12.0, 20.0),
    (12.0, 10.0),
    (25.0, 20.0),
    (45.0, 20.0),
)


def runs_of(sensors: str, motor: Motor, seeds: range, until_s: int, jobs: int) -> np.ndarray:
    """Every run's seconds (runs, seconds, 7), see burnouts.Second."""
    one = partial(run, sensors, motor, until_s=until_s)
    if jobs == 1:
        return np.array([one(seed) for seed in seeds])
    with ProcessPoolExecutor(jobs) as pool:
        return np.array(list(pool.map(one, seeds)))


def column(found: np.ndarray, name: str) -> np.ndarray:
    """(runs, seconds) of one number."""
    return found[:, :, Second._fields.index(name)]


def at(found: np.ndarray, age_s: int) -> dict[str, Any]:
    """Figures of one second, over the runs that have a track, or a prediction, then."""
    k = int(np.argmin(np.abs(column(found, "age_s")[0] - age_s)))
    now = {name: column(found, name)[:, k] for name in Second._fields}
    seen = {name: values[np.isfinite(values)] for name, values in now.items()}
    held = coverage(seen["impact_squared"], 2)
    told = len(seen["impact_squared"])
    return {
        "runs": len(seen["squared"]),
        "position_m": rms(seen["position_m"]),
        "velocity_mps": rms(seen["velocity_mps"]),
        "anees": float(np.mean(seen["squared"])) if len(seen["squared"]) else None,
        "anees_band": anees_band(len(seen["squared"]), 6),
        "told": told,
        "coverage": held,
        "coverage_se": None if held is None else {k: standard_error(p, told) for k, p in held.items()},
    }


def rms(values: np.ndarray) -> float | None:
    """Root mean square; None of nothing."""
    return float(np.sqrt(np.mean(values**2))) if len(values) else None


def standard_error(part: float, count: int) -> float:
    """Of a part of so many draws; of none or all as if half a draw were not."""
    part = min(max(part, 0.5 / count), 1.0 - 0.5 / count)
    return float(np.sqrt(part * (1.0 - part) / count))


def delays(found: np.ndarray) -> dict[str, Any]:
    """When coast is said and ellipses of a size stay, medians in seconds; the first ellipse of each run."""
    ages = column(found, "age_s")[0]
    coast, sizes = column(found, "coast") == 1.0, column(found, "claimed_m")
    said = [float(ages[np.argmax(one)]) if one.any() else np.inf for one in coast]
    told = [squares[np.isfinite(squares)] for squares in column(found, "impact_squared")]
    first = [float(one[0]) for one in told if len(one)]
    return {
        "coast_s": median_time(said),
        "coast_from_to_s": [float(v) for v in np.quantile(said, [0.1, 0.9], method="nearest")],
        "coast_under_power": float(np.sum(coast[:, ages < 0.0])) / len(found),
        "to_km": {str(km): median_time([time_to(ages, one, 1e3 * km) for one in sizes]) for km in SIZES_KM},
        "first_ellipse": coverage(first, 2),
        "far_outside_s": [int(np.sum(one > chi2_quantile(2, FAR_OUTSIDE))) for one in told],
    }


def again(sensors: str, seeds: range, jobs: int) -> list[dict[str, Any]]:
    """Seconds of false coast in second burns, run by run, and of those with an impact ellipse."""
    rows = []
    for gap_s, push_mps2 in AGAIN:
        motor = Motor(gap_s=gap_s, push_mps2=push_mps2)
        from_s, to_s = motor.again_s()
        found = runs_of(sensors, motor, seeds, round(to_s), jobs)
        burning = (column(found, "age_s") > from_s) & (column(found, "age_s") <= to_s)
        coast = np.sum(burning & (column(found, "coast") == 1.0), axis=1)
        ellipse = np.sum(burning & np.isfinite(column(found, "claimed_m")), axis=1)
        rows.append(
            {"gap_s": gap_s, "push_mps2": push_mps2, "coast_s": coast.tolist(), "ellipse_s": ellipse.tolist()}
        )
    return rows


def once(sensors: str, motor: Motor, seeds: range, jobs: int) -> dict[str, Any]:
    """One set of sensors, one burnout."""
    found = runs_of(sensors, motor, seeds, UNTIL_S, jobs)
    return {"runs": len(seeds), "at": {str(s): at(found, s) for s in AGES_S}, **delays(found)}


def show(name: str, figures: dict[str, Any]) -> None:
    """For people."""
    print(f"{name}, {figures['runs']} runs\n   s position velocity  ANEES         band  50 90 95 % held (n)")
    for age_s, one in figures["at"].items():
        if not one["runs"]:
            continue
        low, high = one["anees_band"]
        line = f"{age_s:>4} {one['position_m']:8.0f} {one['velocity_mps']:8.1f} {one['anees']:6.1f}"
        line += f" {low:5.1f} to {high:3.1f}"
        if one["coverage"] is not None:
            parts = [f"{100 * p:.0f}" for p in one["coverage"].values()]
            line += f"  {' '.join(parts)} +- {100 * one['coverage_se']['95']:.1f} ({one['told']})"
        print(line)
    low, high = figures["coast_from_to_s"]
    print(f"coast said after {figures['coast_s']} s (10 and 90 %: {low:g}, {high:g}); a 95 % ellipse of")
    print("   " + ", ".join(f"{km} km after {s} s" for km, s in figures["to_km"].items()))
    held, outside = figures["first_ellipse"], figures["far_outside_s"]
    if held is not None:
        print(f"first ellipse held {100 * held['95']:.0f} %; seconds far outside {sum(outside)}", flush=True)


def show_again(rows: list[dict[str, Any]]) -> None:
    """For people."""
    for row in rows:
        burn = f"burns again after {row['gap_s']:g} s for 30 s, {row['push_mps2']:g} m/s^2"
        print(
            f"{burn}: called coast for {row['coast_s']} s, with an ellipse {row['ellipse_s']} s", flush=True
        )


def main(
    runs: Annotated[int, typer.Option(min=1, help="Runs of each set of sensors.")] = 6,
    again_runs: Annotated[int, typer.Option(min=0, help="Runs of each second burn; 0: none.")] = 1,
    sensors: Annotated[list[str] | None, typer.Option(help="near, several, far; all without.")] = None,
    tail: Annotated[float, typer.Option(min=0.0, help="Seconds in which the thrust dies away.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Tables, or an object of them."""
    found: dict[str, Any] = {}
    for name in sensors or SETS:
        if name not in SETS:
            raise typer.BadParameter(f"no set of sensors is called {name}; there are {', '.join(SETS)}")
        figures = found[name] = once(name, Motor(tail_s=tail), range(seed, seed + runs), jobs)
        if not as_json:
            show(name, figures)
        if again_runs:
            figures["again"] = again(name, range(seed, seed + again_runs), jobs)
        if not as_json:
            show_again(figures.get("again", []))
    if as_json:
        print(json.dumps(found))


if __name__ == "__main__":
    typer.run(main)

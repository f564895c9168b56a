"""`tocsin evaluate`: how near tracking and prediction come to the best that anybody could do, and how honest
they are about the rest.
"""

import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from tocsin.errors import UserError
from tocsin.measure.cues import Cues, cue
from tocsin.measure.evaluation import AtAge, Evaluation, evaluated
from tocsin.measure.kept import Kept, merged, read_runs, write_runs
from tocsin.measure.pictures import write_pictures
from tocsin.measure.trial import Plan, Trial, run
from tocsin.model.label import Nation
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import first_contacts
from tocsin.sim.truth import fly_all

CROWD = 10
"""Objects above which a run takes minutes, and says how far it is."""

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


Saved = Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the runs here, for --merge.")]
Compare = Annotated[
    bool, typer.Option("--compare-sharing", help="Every nation with and without its partners.")
]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Single plots too, in boost and re-entry.")]
Merged = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Judge runs kept by --save, and fly none; once for each file."),
]


def evaluate_command(
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME|FILE", help="A shipped scenario's name or a .toml file."),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Runs, each with its own noise.")] = 200,
    sensors: Annotated[
        str, typer.Option(metavar="SET", help="'all', or nations and sensor ids: KOR or JPN-R1,USA.")
    ] = "all",
    nation: Annotated[
        Nation | None, typer.Option(help="Whose picture is judged [default: who sees it first].")
    ] = None,
    sharing: Annotated[bool, typer.Option("--sharing/--no-sharing", help="Nations share tracklets.")] = True,
    plots: Plots = True,
    share_delay: Annotated[
        float, typer.Option(metavar="S", min=0, max=60, help="Tracklets arrive so much later.")
    ] = 0.0,
    noise: Annotated[
        float,
        typer.Option(
            "--process-noise", metavar="Q", min=0, max=10, help="White acceleration of the objects, m^2/s^3."
        ),
    ] = 0.0,
    until: Annotated[
        int, typer.Option(metavar="S", min=10, max=240, help="Runs end so long after first contact.")
    ] = 240,
    compare: Compare = False,
    plot: Annotated[Path | None, typer.Option(metavar="DIR", help="Pictures (SVG) into this folder.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The first run's; the others follow it.")] = 1,
    save: Saved = None,
    merge: Merged = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """RMSE over the Cramer-Rao bound, ANEES, coverage of ellipses, time to a small ellipse, SIAP.

    Production trackers and fusion run in this process over simulated plots. The first flight is judged, from
    the first look at it in free flight on; SIAP counts all flights. Method: docs/evaluation.md.

    Example: tocsin evaluate --scenario near --runs 200 --json
    In pieces: tocsin evaluate --scenario near --runs 100 --seed 101 --save b.runs, then
    tocsin evaluate --merge a.runs --merge b.runs
    """
    if merge:
        kept = merged([(str(path), read_runs(path)) for path in merge])
        _told(kept, plot, as_json)
        return
    if scenario is None:
        raise UserError("no scenario is given", fix="give --scenario, or runs kept before with --merge")
    whole = chosen(load(scenario), sensors)
    plan = Plan(whole, nation or _first_to_see(whole), sharing, share_delay, noise, until, plots)
    with _interruptible():
        if compare:
            _show_cues(_cues(plan, seed, runs, jobs), as_json)
            return
        kept = Kept(plan, seed, runs, tuple(_collected(plan, seed, runs, jobs)))
    if save is not None:
        write_runs(kept, save)
    _told(kept, plot, as_json)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and killed processes end in words."""
    try:
        yield
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenProcessPool as failure:
        raise UserError(
            "a process of --jobs was killed", fix="give fewer --jobs, or more memory"
        ) from failure


def _told(kept: Kept, plot: Path | None, as_json: bool) -> None:
    found = evaluated(kept.plan, kept.seed, kept.runs, kept.trials)
    if plot is not None:
        write_pictures(found, plot)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _show(found)


def _cues(plan: Plan, seed: int, runs: int, jobs: int) -> Cues:
    """Every nation's picture with and without the others' tracklets, over the same runs."""
    rows = {}
    for nation in sorted({spec.nation for spec in plan.scenario.sensors}):
        trials = [
            _collected(plan._replace(nation=nation, sharing=sharing), seed, runs, jobs)
            for sharing in (True, False)
        ]
        rows[str(nation)] = cue(*trials)
    return Cues(plan.scenario.name, runs, seed, rows)


def _show_cues(found: Cues, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        return
    table = Table("nation", title=f"{found.scenario}: {found.runs} runs, median seconds after launch")
    for name in ("first track", "alone", "10 km ellipse", "alone"):
        table.add_column(name, justify="right")
    for nation, row in found.nations.items():
        cells = (row.track_s, row.track_alone_s, row.ten_km_s, row.ten_km_alone_s)
        table.add_row(nation, *(_number(cell, 1) for cell in cells))
    Console().print(table)


def chosen(whole: Scenario, sensors: str) -> Scenario:
    """The scenario with only the asked sensors. UserError for a name that is neither."""
    words = [word.strip() for word in sensors.split(",") if word.strip()]
    if not whole.flights:
        raise UserError(f"scenario {whole.name} has no flight", fix="choose one that has, e.g. near")
    if words == ["all"]:
        return whole
    known = {spec.id for spec in whole.sensors} | {str(spec.nation) for spec in whole.sensors}
    for word in words:
        if word not in known:
            raise UserError(
                f"scenario {whole.name} has no sensor {word!r}", fix=f"choose from {', '.join(sorted(known))}"
            )
    kept = tuple(spec for spec in whole.sensors if spec.id in words or spec.nation in words)
    if not kept:
        raise UserError("no sensor is chosen", fix="give --sensors all")
    return replace(whole, sensors=kept)


def _first_to_see(whole: Scenario) -> Nation:
    """The nation whose sensor has the first flight in coverage first."""
    name = whole.flights[0].object
    contacts = first_contacts(whole)
    seen = [(contacts[spec.id][name], spec.nation) for spec in whole.sensors if name in contacts[spec.id]]
    if not seen:
        raise UserError(f"no chosen sensor ever sees flight {name}", fix="choose other --sensors")
    return min(seen)[1]


def _collected(plan: Plan, seed: int, runs: int, jobs: int) -> list[Trial]:
    """All trials in order of seed, with a line of progress on stderr now and then."""
    trials: list[Trial] = []
    every = max(runs // 20, 1)
    begun_s = time.monotonic()
    for done, trial in enumerate(_trials(plan, range(seed, seed + runs), jobs), 1):
        if trial is not None:
            trials.append(trial)
        if done % every == 0 or done == runs:
            left_s = (time.monotonic() - begun_s) / done * (runs - done)
            said = f"evaluate {plan.scenario.name}: {done} of {runs} runs, {left_s:.0f} s to go"
            print(said, file=sys.stderr, flush=True)
    return trials


def _trials(plan: Plan, seeds: range, jobs: int) -> Iterator[Trial | None]:
    if jobs == 1:
        crowded = len(fly_all(plan.scenario.flights)) > CROWD
        yield from map(partial(run, plan, tell=_said if crowded else None), seeds)
        return
    with ProcessPoolExecutor(min(jobs, len(seeds)), initializer=_ignore_interrupt) as pool:
        yield from pool.map(partial(run, plan), seeds)


def _said(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _ignore_interrupt() -> None:
    """The parent alone answers Ctrl-C; its pool then ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _show(found: Evaluation) -> None:
    console = Console()
    console.print(_table(found))
    times = ", ".join(
        f"{km} km {_number(found.time_to_km[km], 0)} s (bound {_number(found.bound_time_to_km[km], 0)})"
        for km in found.time_to_km
    )
    console.print(f"95 % impact ellipse after first contact, median: {times}")
    score = found.siap
    console.print(
        f"SIAP by {found.siap_by}: completeness {score.C:.3f}, ambiguity {score.A:.3f},"
        f" spuriousness {score.S:.3f}"
    )
    console.print(
        f"first contact T+{_number(found.contact_s, 1)} s,"
        f" first track T+{_number(found.track_s, 1)} s (median);"
        f" sharing: {found.sharing}; {found.unseen_runs} runs without contact"
    )


def _table(found: Evaluation) -> Table:
    title = (
        f"{found.scenario}: {found.runs} runs, {found.nation}'s picture, sensors {', '.join(found.sensors)}"
    )
    table = Table("s after first contact", title=title)
    for age in found.at:
        table.add_column(age, justify="right")
    rows = list(found.at.values())
    table.add_row("runs: track / prediction", *(f"{a.tracked} / {a.predicted}" for a in rows))
    table.add_row("position RMSE / bound", *(_ratio(a.position_ratio, a.position_ratio_se) for a in rows))
    table.add_row("velocity RMSE / bound", *(_ratio(a.velocity_ratio, a.velocity_ratio_se) for a in rows))
    table.add_row("impact RMSE / bound", *(_ratio(a.impact_ratio, a.impact_ratio_se) for a in rows))
    table.add_row("impact RMSE / reachable", *(_ratio(a.reachable_ratio, a.reachable_ratio_se) for a in rows))
    table.add_row(
        "fused / all plots in one tracker", *(_ratio(a.fused_ratio, a.fused_ratio_se) for a in rows)
    )
    table.add_section()
    table.add_row("position RMSE, m", *(_number(a.position_rmse_m, 0) for a in rows))
    table.add_row("impact RMSE, m", *(_number(a.impact_rmse_m, 0) for a in rows))
    table.add_section()
    table.add_row("ANEES (ideal 6)", *(_number(a.anees, 2) for a in rows))
    table.add_row("  its 95 % band", *(_band(a.anees_band) for a in rows))
    for level in ("50", "90", "95"):
        table.add_row(f"impact in {level} % ellipse", *(_part(a, level) for a in rows))
    return table


def _ratio(value: float | None, error: float | None) -> str:
    return _number(value, 2) if error is None else f"{_number(value, 2)}±{error:.2f}"


def _band(band: tuple[float, float] | None) -> str:
    return "-" if band is None else f"{band[0]:.2f}-{band[1]:.2f}"


def _part(at: AtAge, level: str) -> str:
    return "-" if at.coverage is None else f"{100.0 * at.coverage[level]:.1f} %"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"

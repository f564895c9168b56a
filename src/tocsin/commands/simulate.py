"""`tocsin simulate`: three nations in virtual time, on seed, with faults; planted bugs to be caught."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tocsin.errors import UserError
from tocsin.sim.virtual.faults import FAULTS
from tocsin.sim.virtual.invariants import INVARIANTS
from tocsin.sim.virtual.kept import Kept
from tocsin.sim.virtual.mutants import MUTANTS
from tocsin.sim.virtual.run import Caught, Outcome, Summary, catch_all, simulate, tell, watch_plan

BROKEN = 1
"""Exit code when an invariant did not hold, or a planted bug was not caught."""


def simulate_command(
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="How many worlds.")] = 4,
    hours: Annotated[float, typer.Option(min=0.01, max=1_000, help="Simulated hours of each.")] = 1.0,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first world.")] = 1,
    faults: Annotated[str, typer.Option(help="Names, with commas; 'all' or 'none'.")] = "all",
    mutant: Annotated[str | None, typer.Option(help="Plant this bug; 'all': each in turn.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    keep: Annotated[
        Path | None, typer.Option(help="File of outcomes; seeds that stand in it are not run again.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run the production folds of three nations in virtual time; faults are drawn by seed.

    A seed is a run: the same seed gives the same trace (a hash of everything said and committed). Exit code 1
    when an invariant did not hold, or when a planted bug was not caught.

    Examples: tocsin simulate --seeds 8 --hours 24 --jobs 2 --json; tocsin simulate --seeds 1 --first-seed 17
    --faults loss,crash-door; tocsin simulate --mutant all
    """
    if mutant is not None:
        raise typer.Exit(_mutants(mutant, jobs, as_json))
    chosen = _chosen(faults)
    plans = [watch_plan(seed, hours, chosen) for seed in range(first_seed, first_seed + seeds)]
    kept = Kept(keep, chosen) if keep is not None else None

    def done(outcome: Outcome) -> None:
        tell(outcome)
        if kept is not None:
            kept.keep(outcome)

    found = simulate(plans, jobs, done, kept.known() if kept is not None else ())
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _show(found)
    if found.broken:
        raise typer.Exit(BROKEN)


def _chosen(faults: str) -> tuple[str, ...]:
    if faults in ("all", "none"):
        return tuple(FAULTS) if faults == "all" else ()
    names = tuple(name.strip() for name in faults.split(",") if name.strip())
    unknown = sorted(set(names) - set(FAULTS))
    if unknown or not names:
        what = f"there is no fault {', '.join(unknown)}" if unknown else "no fault is named"
        raise UserError(what, fix=f"choose from: all, none, {', '.join(FAULTS)}")
    return names


def _show(found: Summary) -> None:
    console = Console()
    console.print(
        f"{found.sim_hours:g} h of {found.seeds} worlds at {found.speedup:,.0f} times real time"
        f" ({found.jobs} processes; {found.speedup_per_core:,.0f} a core), signatures: {found.signatures}"
    )
    console.print(
        f"{found.offered:,} offered, {found.delivered:,} delivered ({found.products_per_s:,.0f} a second),"
        f" {found.objects:,} objects, {found.launches} launches"
    )
    console.print(
        f"lost {found.lost}, duplicated {found.duplicated}, leaked {found.leaked},"
        f" forged accepted {found.forged_accepted}, otherwise broken {found.other_broken}"
    )
    console.print("faults: " + ", ".join(f"{name} {n:,}" for name, n in found.faults.items()))
    for seed, broken in found.broken:
        meaning = INVARIANTS[broken.invariant]
        where = f"seed {seed} at {broken.at_s} s"
        console.print(f"[red]{where}: {broken.invariant}[/]: {broken.detail} ({meaning})")


def _mutants(name: str, jobs: int, as_json: bool) -> int:
    if name != "all" and name not in MUTANTS:
        raise UserError(f"there is no planted bug {name}", fix=f"choose from: all, {', '.join(MUTANTS)}")
    names = list(MUTANTS) if name == "all" else [name]
    caught = []
    for one in catch_all(names, jobs):
        print(f"{one.mutant}: {', '.join(one.invariants) or 'NOT CAUGHT'}", file=sys.stderr, flush=True)
        caught.append(one)
    caught.sort(key=lambda one: names.index(one.mutant))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"mutants": caught}) + b"\n")
    else:
        _show_mutants(caught)
    return 0 if all(one.seed is not None for one in caught) else BROKEN


def _show_mutants(caught: Sequence[Caught]) -> None:
    table = Table("planted bug", "what", "seed", "caught by", "detail", title="Planted bugs")
    for one in caught:
        by = ", ".join(one.invariants) or "NOT CAUGHT"
        table.add_row(one.mutant, one.what, str(one.seed or "-"), by, one.detail)
    Console().print(table)

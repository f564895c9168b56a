"""Runs of many seeds, their sums, and the search for the seed that catches a planted bug."""

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from msgspec import Struct

from tocsin.sim.virtual.faults import FAULTS
from tocsin.sim.virtual.invariants import Broken
from tocsin.sim.virtual.mutants import MUTANTS, Mutant, planted
from tocsin.sim.virtual.plan import Plan
from tocsin.sim.virtual.world import World

SEEDS_PER_MUTANT = 12
"""A bug that as many runs do not show is not caught."""

YOUNG = 50_000
"""Objects made between two searches for cycles: nearly all that a run makes is gone by its count of users."""

WATCH_STORM_S, WATCH_BURST_S = 1_800.0, 3_600.0
"""A watch: a storm of faults twice an hour, products now and then, a launch a day."""


class Outcome(Struct, frozen=True):
    """One seed's run."""

    seed: int
    sim_s: float
    cpu_s: float
    counts: dict[str, int]
    objects: int
    faults: dict[str, int]
    broken: tuple[Broken, ...]
    trace: str


class Summary(Struct, frozen=True):
    """All seeds together. `speedup`: time simulated by this command by its real time, with `jobs` processes;
    `speedup_per_core`: all of it by processor time."""

    seeds: int
    sim_hours: float
    speedup: float
    speedup_per_core: float
    jobs: int
    signatures: str
    signed: int
    checked: int
    """By the library; what was signed or checked before in the same run is known again."""
    offered: int
    delivered: int
    lost: int
    duplicated: int
    leaked: int
    forged_accepted: int
    other_broken: int
    objects: int
    launches: int
    isolated_warnings: int
    products_per_s: float
    """Delivered, by real time."""
    faults: dict[str, int]
    broken: list[tuple[int, Broken]]
    traces: dict[str, str]


class Caught(Struct, frozen=True):
    """What became of a planted bug: the seed and the invariants that showed it, null when none did."""

    mutant: str
    what: str
    seed: int | None
    invariants: tuple[str, ...]
    at_s: float | None
    detail: str


def watch_plan(seed: int, hours: float, faults: Sequence[str]) -> Plan:
    """A watch of that length; short ones are denser, so that they hold a few of everything."""
    length_s = hours * 3_600.0
    return Plan(
        seed=seed,
        length_s=length_s,
        faults=tuple(faults),
        storm_every_s=min(WATCH_STORM_S, length_s / 8),
        storm_s=(min(20.0, length_s / 20), min(240.0, length_s / 10)),
        burst_every_s=min(WATCH_BURST_S, length_s / 6),
    )


def run_seed(plan: Plan) -> Outcome:
    """One world from its beginning to its verdict."""
    began_s = time.process_time()
    gc.freeze()
    gc.set_threshold(YOUNG)
    world = World(plan)
    world.run()
    seen = world.observer
    return Outcome(
        plan.seed,
        plan.length_s,
        time.process_time() - began_s,
        {**seen.counts, "signed": world.signatures.signed, "checked": world.signatures.checked},
        len(seen.objects),
        dict(world.faults),
        tuple(seen.broken),
        world.trace,
    )


def simulate(
    plans: Sequence[Plan],
    jobs: int,
    progress: Callable[[Outcome], None] = lambda _: None,
    known: Sequence[Outcome] = (),
) -> Summary:
    """Every plan that is not among those `known` from an earlier run, `jobs` at a time; the sum of all."""
    began_s = time.perf_counter()
    past = {(one.seed, one.sim_s): one for one in known}
    outcomes = [past[key] for plan in plans if (key := (plan.seed, plan.length_s)) in past]
    old = len(outcomes)
    for outcome in _outcomes([plan for plan in plans if (plan.seed, plan.length_s) not in past], jobs):
        progress(outcome)
        outcomes.append(outcome)
    wall_s = time.perf_counter() - began_s
    fresh_s = sum(one.sim_s for one in outcomes[old:])
    return _summed(sorted(outcomes, key=lambda one: one.seed), jobs, fresh_s, wall_s)


def _outcomes(plans: Sequence[Plan], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(run_seed, plans)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run_seed, plan) for plan in plans]):
            yield done.result()


def _summed(outcomes: Sequence[Outcome], jobs: int, fresh_s: float, wall_s: float) -> Summary:
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
    for one in outcomes:
        counts.update(one.counts)
        faults.update(one.faults)
    named = ("lost", "duplicated", "leaked", "forged")
    sim_s = sum(one.sim_s for one in outcomes)
    broken = [(one.seed, what) for one in outcomes for what in one.broken]
    return Summary(
        seeds=len(outcomes),
        sim_hours=round(sim_s / 3_600.0, 3),
        speedup=round(fresh_s / wall_s, 1),
        speedup_per_core=round(sim_s / sum(one.cpu_s for one in outcomes), 1),
        jobs=jobs,
        signatures="Ed25519; the very bytes that a run has signed or checked are known again in it",
        signed=counts["signed"],
        checked=counts["checked"],
        offered=counts["offered"],
        delivered=counts["delivered"],
        lost=counts["lost"],
        duplicated=counts["duplicated"],
        leaked=counts["leaked"],
        forged_accepted=counts["forged"],
        other_broken=sum(what.invariant not in named for _, what in broken),
        objects=sum(one.objects for one in outcomes),
        launches=counts["launches"],
        isolated_warnings=counts["isolated_warnings"],
        products_per_s=round(counts["delivered"] / sim_s * fresh_s / wall_s, 1),
        faults=dict(sorted(faults.items())),
        broken=broken,
        traces={str(one.seed): one.trace for one in outcomes},
    )


# ---- planted bugs


def mutant_plan(mutant: Mutant, seed: int) -> Plan:
    """A minute and a half in which everything that shows the bug happens often."""
    if mutant.launch:
        return Plan(
            seed=seed,
            length_s=2_400.0,
            faults=mutant.faults,
            launches_per_day=500.0,
            most_launches=1,
            only=("2022-10-04",),
            isolate=1.0,
        )
    return Plan(
        seed=seed,
        length_s=90.0,
        faults=mutant.faults,
        storm_every_s=8.0,
        storm_s=(10.0, 25.0),
        burst_every_s=12.0,
        launches_per_day=0.0,
    )


def catch(name: str, seeds: Sequence[int] = range(1, SEEDS_PER_MUTANT + 1)) -> Caught:
    """The first of these seeds that shows the bug."""
    mutant = MUTANTS[name]
    for seed in seeds:
        with planted(mutant):
            world = World(mutant_plan(mutant, seed))
            if mutant.world is not None:
                mutant.world(world)
            world.run()
        if world.observer.broken:
            first = world.observer.broken[0]
            shown = tuple(dict.fromkeys(one.invariant for one in world.observer.broken))
            return Caught(name, mutant.what, seed, shown, first.at_s, first.detail)
    return Caught(name, mutant.what, None, (), None, f"not shown by seeds {seeds[0]} to {seeds[-1]}")


def catch_all(names: Sequence[str], jobs: int) -> Iterator[Caught]:
    """Every planted bug, as they are caught."""
    if jobs == 1:
        yield from map(catch, names)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(catch, name) for name in names]):
            yield done.result()


def tell(outcome: Outcome) -> None:
    """One line of progress."""
    verdict = "ok" if not outcome.broken else f"{len(outcome.broken)} BROKEN"
    length = f"{outcome.sim_s / 3600:.2f} h in {outcome.cpu_s:.1f} s of processor time"
    print(f"seed {outcome.seed}: {length}, {verdict}", file=sys.stderr, flush=True)

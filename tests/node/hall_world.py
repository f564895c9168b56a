"""A hall in one process, fed by the simulator: for tests of the fold, the record and the handoff."""

from collections import defaultdict
from functools import lru_cache

from tocsin.earth.places import areas_sha256
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after
from tocsin.model.track import Plot
from tocsin.model.warning import Thresholds
from tocsin.node.hall_words import Configured
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots


@lru_cache(maxsize=1)
def scenario() -> Scenario:
    return load("2022-10-04")


def configured(nation: Nation) -> Configured:
    sensors = scenario().sensors_of(nation, Plane.EXERCISE)
    return Configured(nation, Plane.EXERCISE, "2022-10-04", sensors, Thresholds(), areas_sha256())


@lru_cache(maxsize=3)
def seconds_of(nation: Nation, until_s: int) -> tuple[tuple[Instant, tuple[Plot, ...]], ...]:
    """(now, plots that arrived in the second before) for one nation, from the scenario's start."""
    start = scenario().start_ns
    by_second: dict[int, list[Plot]] = defaultdict(list)
    for row in plots(scenario(), 1):
        if row.nation is nation:
            by_second[int((row.deliver_ns - start) / 1e9) + 1].append(row.plot)
    return tuple((after(start, n), tuple(by_second[n])) for n in range(until_s))

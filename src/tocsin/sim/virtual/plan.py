"""What one run is asked to be."""

from msgspec import Struct

from tocsin.share.topology import Mode
from tocsin.sim.virtual import watch
from tocsin.sim.virtual.faults import FAULTS


class Plan(Struct, frozen=True):
    """One run. `faults`: names that may happen; times in seconds of the world."""

    seed: int
    length_s: float
    faults: tuple[str, ...] = tuple(FAULTS)
    storm_every_s: float = 1_800.0
    """Mean time from one storm of faults to the next."""
    storm_s: tuple[float, float] = (20.0, 240.0)
    burst_every_s: float = 3_600.0
    """Mean time between bursts of scripted products; every storm brings one of its own."""
    burst: tuple[int, int] = (5, 40)
    launches_per_day: float = 1.0
    most_launches: int = 1_000_000
    only: tuple[str, ...] = watch.FLIGHTS
    """Scenario files whose flights are launched."""
    isolate: float = 0.3
    """Share of launches during which a nation is cut off from everybody."""
    mode: Mode | None = None

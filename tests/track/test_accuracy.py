"""Monte Carlo: errors as large as they say, no coast said in boost, burnout told soon. One draw is one
flight.
"""

import numpy as np
import pytest
import runs
from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.time import after, seconds_between
from tocsin.model.track import Phase
from tocsin.sim import scenario_file
from tocsin.sim.scenario import Scenario
from tocsin.track import tracker
from tocsin.track.rows import from_triangle

SEEDS = 20
AGES_S = (15, 60)
# Sum of 20 independent chi-squared with 6 degrees of freedom, its 0.01 % and 99.99 % points over 20
# (scipy.stats.chi2).
LOW, HIGH = 3.53, 9.32


@pytest.fixture(scope="module")
def draws() -> tuple[list[float], dict[int, list[float]]]:
    """Delays of the coast after burnout, and squared standardised errors by age of the coast."""
    whole = scenario_file.load("salvo")
    flight = whole.flights[0]
    start_s = seconds_between(whole.start_ns, flight.launch_ns)
    own = tuple(sensor for sensor in whole.sensors if sensor.nation is Nation.KOR)
    short = replace(whole, flights=(flight,), sensors=own, duration_s=start_s + flight.boost_s + 90.0)
    delays: list[float] = []
    squares: dict[int, list[float]] = {age: [] for age in AGES_S}
    for seed in range(SEEDS):
        _fly(short, seed, delays, squares)
    return delays, squares


def _fly(scenario: Scenario, seed: int, delays: list[float], squares: dict[int, list[float]]) -> None:
    flown = runs.Run(scenario).flights()[0]
    arriving = runs.plots_by_second(scenario, seed, Nation.KOR)
    state = tracker.new_tracker(Nation.KOR, scenario.sensors_of(Nation.KOR, Plane.EXERCISE))
    first_s: float | None = None
    for second in range(int(scenario.duration_s)):
        now = after(scenario.start_ns, second + 1.0)
        state, tracks = tracker.step(state, arriving.get(second, []), now)
        for track in tracks:
            if track.phase is not Phase.COAST:
                continue
            burnt_s = seconds_between(flown.launch_ns, now) - flown.burnout_s
            if first_s is None:
                first_s = burnt_s
                delays.append(burnt_s)
            age_s = seconds_between(flown.launch_ns, track.state.epoch_ns)
            if round(burnt_s - first_s) in squares:
                off = np.array(track.state.x[:6]) - flown.states(np.array([age_s]))[0]
                p = from_triangle(track.state.p)[:6, :6]
                squares[round(burnt_s - first_s)].append(float(off @ np.linalg.solve(p, off)))


def test_coast_is_never_said_in_boost_and_soon_after(
    draws: tuple[list[float], dict[int, list[float]]],
) -> None:
    delays = draws[0]
    assert len(delays) == SEEDS
    assert min(delays) > 0.0
    assert float(np.mean(delays)) < 12.0
    assert max(delays) < 20.0


@pytest.mark.parametrize("age_s", AGES_S)
def test_errors_are_as_large_as_they_say(
    age_s: int, draws: tuple[list[float], dict[int, list[float]]]
) -> None:
    squares = draws[1][age_s]
    assert len(squares) == SEEDS
    assert LOW < float(np.mean(squares)) < HIGH

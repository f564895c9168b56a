"""The search for a free flight in the narrow valley of a far radar, whose ranges are so much sharper."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.measure.trial import draw_truths
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, seconds_between
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots
from tocsin.track.batch import flight_fit
from tocsin.track.rows import row_table, sensor_table

FIRST = 20


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_best_fit_is_found_from_an_earlier_one_and_from_the_truth(seed: int) -> None:
    """Forty seconds of a radar of 5 m and 3 mrad: where the search begins must not show."""
    far = load("far")
    own = tuple(replace(s, false_plots_per_min=0.0) for s in far.sensors if s.nation is Nation.KOR)
    far = replace(far, sensors=own)
    (flown,) = draw_truths(far, seed)
    seen = [entry.plot for entry in plots(far, seed, [flown])][: 2 * FIRST]
    table = sensor_table(far.sensors_of(Nation.KOR, Plane.TEST))
    rows = row_table([(plot, 0) for plot in seen], Instant(seen[0].time_ns))
    age_s = seconds_between(flown.launch_ns, seen[0].time_ns)
    truth = np.append(flown.states(np.array([age_s]))[0], 8.75)
    early = flight_fit(rows[:FIRST].copy(), table, truth, 0.0)
    warm, sure = (flight_fit(rows, table, start, 0.0) for start in (early.start, truth))
    assert warm.cost == pytest.approx(sure.cost, abs=0.05)

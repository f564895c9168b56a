"""One object that leaves its arc stays one track: the flight of 14 January 2024, which glided."""

import pytest
import runs

from tocsin.model.label import Nation, Plane
from tocsin.model.time import after
from tocsin.model.track import Phase
from tocsin.sim import scenario_file
from tocsin.track import tracker

UNTIL_S = 360  # Korea's radars lose it then


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_an_object_that_glides_keeps_its_track(seed: int) -> None:
    """Free flight was believed, and then did not hold: no plot was taken for seconds, and it is still one."""
    scenario = scenario_file.load("2024-01-14")
    arriving = runs.plots_by_second(scenario, seed, Nation.KOR)
    state = tracker.new_tracker(Nation.KOR, scenario.sensors_of(Nation.KOR, Plane.EXERCISE))
    ids: set[str] = set()
    coasted = False
    for second in range(UNTIL_S):
        state, tracks = tracker.step(state, arriving.get(second, []), after(scenario.start_ns, second + 1.0))
        ids |= {track.id for track in tracks}
        coasted |= any(track.phase is Phase.COAST for track in tracks)
    assert coasted
    assert ids == {"KOR-1"}

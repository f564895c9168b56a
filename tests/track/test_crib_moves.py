"""Objects begun too early in a crowd are taken back while a chunk of several looks is worked off: rows that
others took stay theirs.
"""

import pytest

from tocsin.bench import chain
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant
from tocsin.track import tracker


@pytest.mark.parametrize("chunk_s", [0.5, 1.0, 2.0])
def test_a_chunk_of_several_looks_into_a_crowd(chunk_s: float) -> None:
    """The salvo launched at one moment, as `tocsin bench exchange` sends it: KOR's hall died of it."""
    scenario = chain.material(6.0)
    rows = [(at, plot) for at, nation, plot in chain.rows_of(scenario) if nation is Nation.KOR]
    sensors = [one.sensor(Plane.EXERCISE) for one in scenario.sensors if one.nation is Nation.KOR]
    state, end, given = tracker.new_tracker(Nation.KOR, sensors), rows[0][0], 0
    while given < len(rows):
        end = Instant(end + round(chunk_s * SECOND_NS))
        chunk = [plot for at, plot in rows[given:] if at < end]
        given += len(chunk)
        state, tracks = tracker.step(state, chunk, end)
    assert {track.life for track in tracks}

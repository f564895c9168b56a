"""The benchmark's crowd is what the tracker would hold, and every figure is measured."""

import numpy as np
import pytest

from tocsin.bench.crowd import BASE, HISTORY_S, crowd
from tocsin.bench.foreign import foreign_us_per_update
from tocsin.bench.track import measure
from tocsin.model.time import seconds_between
from tocsin.model.track import Life, Phase
from tocsin.track import tracker
from tocsin.track.fleet_kernels import HEAD


def test_crowd_goes_on_as_tracks_of_the_same_objects() -> None:
    crowded = crowd(9, scans=4)
    state = crowded.state
    for n, plots in enumerate(crowded.scans):
        state, tracks = tracker.step(state, plots, crowded.now(n))
    assert [track.id for track in tracks] == [f"KOR-{n}" for n in range(1, 10)]
    assert {track.life for track in tracks} == {Life.CONFIRMED}
    assert {track.phase for track in tracks} == {Phase.COAST}
    assert {track.plots for track in tracks} == {HISTORY_S + 4}
    assert len(state.records) == 9
    for track in tracks:
        assert seconds_between(BASE, track.state.epoch_ns) == HISTORY_S + 4
        assert np.sqrt(track.state.p[0]) < 100.0


def test_crowd_keeps_its_distance() -> None:
    states = np.frombuffer(crowd(25).state.fleet.x).reshape(-1, 3, 7)[:, HEAD, :3]
    gaps = np.linalg.norm(states[:, None] - states[None], axis=2) + np.eye(25) * 1e9
    assert gaps.min() == pytest.approx(10e3, rel=0.01)


@pytest.mark.filterwarnings("default")  # the other library's own
def test_every_figure_is_measured() -> None:
    found = measure((1, 4), lambda line: None)
    assert set(found.us_per_update) == set(found.scan_ms) == {"1", "4"}
    figures = [*found.us_per_update.values(), *found.scan_ms.values(), found.predict_ms]
    assert min(figures) > 0.0
    other, version = foreign_us_per_update()
    assert other is not None
    assert found.stonesoup.version == version
    assert found.stonesoup.ratio is not None
    assert found.stonesoup.ratio > 0.0

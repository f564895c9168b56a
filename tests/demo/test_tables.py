"""Tables for other tools: the columns that the independent scorer reads."""

import csv
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.demo.tables import TRACK_COLUMNS, track_rows, write_tracks, write_truth
from tocsin.earth.flight import propagate
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import STATE_SIZE, EcefState
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase
from tocsin.node.hall_words import Pictured

ROOT = np.arange(1.0, STATE_SIZE + 1)
COVARIANCE = np.outer(ROOT, ROOT) + np.diag(ROOT)
PLACE = (-4.0e6, 3.5e6, 4.2e6, 1_000.0, 2_000.0, 3_000.0, 8.5)


def at(seconds: float) -> Instant:
    return Instant(round(seconds * SECOND_NS))


def track(seen_s: float, life: Life = Life.CONFIRMED, phase: Phase = Phase.COAST) -> FusedTrack:
    triangle = tuple(COVARIANCE[np.triu_indices(STATE_SIZE)].tolist())
    return FusedTrack(
        id="F-1",
        members=(Member(Nation.KOR, "KOR-1"),),
        life=life,
        phase=phase,
        kind=ObjectClass.BALLISTIC,
        state=EcefState(at(seen_s), PLACE, triangle),
        first_ns=Instant(0),
        last_ns=at(seen_s),
        label=Label(Plane.EXERCISE, frozenset((Nation.KOR,)), frozenset()),
    )


def rows(*pictures: tuple[float, FusedTrack], start_s: float = 0.0) -> list[dict[str, float | str]]:
    seen = [(at(now_s), Pictured((row,), ())) for now_s, row in pictures]
    return [dict(zip(TRACK_COLUMNS, row, strict=True)) for row in track_rows(seen, at(start_s))]


def test_the_position_and_velocity_covariance_is_cut_out_row_by_row() -> None:
    (said,) = rows((10, track(10)), start_s=4)
    assert said["t"] == 6.0
    assert [said[name] for name in ("x", "y", "z", "vx", "vy", "vz")] == list(PLACE[:6])
    for i in range(6):
        for j in range(i, 6):
            assert said[f"P{i}{j}"] == COVARIANCE[i, j]


def test_there_is_one_row_for_each_whole_second() -> None:
    said = rows((1.0, track(1)), (1.4, track(1.3)), (2.2, track(2.1)), (3.0, track(2.1)))
    assert [row["t"] for row in said] == [1.0, 2.0, 3.0]


def test_an_unseen_coast_is_carried_on_with_growing_doubt() -> None:
    near, far = rows((10, track(10)), (60, track(10, Life.COASTING)))
    truth = propagate(np.array(PLACE), 50.0)
    assert [far[name] for name in ("x", "y", "z")] == pytest.approx(truth[:3].tolist(), abs=1e-3)
    assert float(far["P00"]) > float(near["P00"])


def test_an_unseen_boost_is_not_placed_for_long() -> None:
    boost = track(10, phase=Phase.BOOST)
    assert [row["t"] for row in rows((12, boost), (20, boost), (26, boost))] == [12.0, 20.0]


def test_nothing_is_placed_under_the_ground_nor_after_loss() -> None:
    down = replace(track(10), state=replace(track(10).state, x=(*PLACE[:3], -2e3, 1.5e3, -3e3, 8.5)))
    assert [row["t"] for row in rows((10, down), (2_000, down))] == [10.0]
    assert rows((10, track(10, Life.LOST))) == []


def test_files_read_back_by_the_csv_module(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.csv", [(0.0, "one", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)])
    pictured = Pictured((replace(track(1), id="F-9"),), ())
    write_tracks(tmp_path / "tracks.csv", [(at(1), pictured)], Instant(0))
    with (tmp_path / "truth.csv").open() as file:
        assert next(csv.DictReader(file))["vz"] == "6.0"
    with (tmp_path / "tracks.csv").open() as file:
        assert next(csv.DictReader(file))["track_id"] == "F-9"

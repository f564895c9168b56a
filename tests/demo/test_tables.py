"""Tables for other tools: the columns that the independent scorer reads."""

import csv
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from tocsin.demo.tables import TRACK_COLUMNS, track_rows, write_tracks, write_truth
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import STATE_SIZE, EcefState
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase
from tocsin.node.hall_words import Pictured

COVARIANCE = np.arange(STATE_SIZE * STATE_SIZE, dtype=float).reshape(STATE_SIZE, STATE_SIZE)
COVARIANCE = COVARIANCE + COVARIANCE.T


def track(second: int, life: Life = Life.CONFIRMED) -> FusedTrack:
    triangle = tuple(COVARIANCE[np.triu_indices(STATE_SIZE)])
    return FusedTrack(
        id="F-1",
        members=(Member(Nation.KOR, "KOR-1"),),
        life=life,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=EcefState(Instant(second * SECOND_NS), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.5), triangle),
        first_ns=Instant(0),
        last_ns=Instant(second * SECOND_NS),
        label=Label(Plane.EXERCISE, frozenset((Nation.KOR,)), frozenset()),
    )


def test_the_position_and_velocity_covariance_is_cut_out_row_by_row() -> None:
    (row,) = track_rows([Pictured((track(10),), ())], Instant(4 * SECOND_NS))
    said = dict(zip(TRACK_COLUMNS, row, strict=True))
    assert said["t"] == 6.0
    assert [said[name] for name in ("x", "y", "z", "vx", "vy", "vz")] == [1, 2, 3, 4, 5, 6]
    for i in range(6):
        for j in range(i, 6):
            assert said[f"P{i}{j}"] == COVARIANCE[i, j]


def test_an_estimate_is_said_once_and_a_lost_track_not_at_all() -> None:
    same = Pictured((track(1),), ())
    newer = Pictured((track(2),), ())
    lost = Pictured((track(3, Life.LOST),), ())
    assert [row[0] for row in track_rows([same, same, newer, lost], Instant(0))] == [1.0, 2.0]


def test_files_read_back_by_the_csv_module(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.csv", [(0.0, "one", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)])
    write_tracks(tmp_path / "tracks.csv", [Pictured((replace(track(1), id="F-9"),), ())], Instant(0))
    with (tmp_path / "truth.csv").open() as file:
        assert next(csv.DictReader(file))["vz"] == "6.0"
    with (tmp_path / "tracks.csv").open() as file:
        assert next(csv.DictReader(file))["track_id"] == "F-9"

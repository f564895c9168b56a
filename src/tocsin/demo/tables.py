"""The run as tables: truth.csv and tracks-<NATION>.csv (columns of TRACKING.md, ECEF metres)."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tocsin.model.space import STATE_SIZE
from tocsin.model.time import SECOND_NS, Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, Phase
from tocsin.node.hall_words import Pictured
from tocsin.track.body import moved
from tocsin.track.motion import Gaussian, under_ground

TRUTH_COLUMNS = ("t", "id", "x", "y", "z", "vx", "vy", "vz")
COVARIANCE_COLUMNS = tuple(f"P{i}{j}" for i in range(6) for j in range(i, 6))
TRACK_COLUMNS = ("t", "track_id", "x", "y", "z", "vx", "vy", "vz", *COVARIANCE_COLUMNS)

SHOWN = (Life.CONFIRMED, Life.COASTING)
"""A lost track is no longer claimed to be anywhere."""

UNKNOWN_S = 15.0
"""Unless it is known to fall freely, an object unseen for longer is not placed any more."""


def _kept_terms() -> tuple[int, ...]:
    """Where the 6x6 upper triangle stands in the stored triangle of the larger state."""
    rows = [(i, j) for i in range(STATE_SIZE) for j in range(i, STATE_SIZE)]
    return tuple(n for n, (i, j) in enumerate(rows) if i < 6 and j < 6)


_KEPT = _kept_terms()


def write_truth(path: Path, rows: Iterable[tuple[float | str, ...]]) -> None:
    """truth.csv from rows in the order of TRUTH_COLUMNS."""
    _write(path, TRUTH_COLUMNS, rows)


def write_tracks(path: Path, pictures: Iterable[tuple[Instant, Pictured]], start_ns: Instant) -> None:
    """One row per fused track and whole second; `t` = seconds since the scenario's start."""
    _write(path, TRACK_COLUMNS, track_rows(pictures, start_ns))


def track_rows(
    pictures: Iterable[tuple[Instant, Pictured]], start_ns: Instant
) -> Iterator[tuple[float | str, ...]]:
    """Rows of tracks-<NATION>.csv: where each live track was believed to be at every whole second.

    A coasting track is carried along its free flight, with its growing covariance, down to the ground.
    """
    said: dict[str, int] = {}
    for now, picture in pictures:
        second = (now - start_ns) // SECOND_NS
        at = Instant(start_ns + second * SECOND_NS)
        for track in picture.fused:
            if track.life in SHOWN and said.get(track.id, -1) < second and _placed(track, at):
                said[track.id] = second
                believed = moved(track, at)
                if not under_ground(believed.x):
                    yield _track_row(track.id, float(second), believed)


def _placed(track: FusedTrack, at: Instant) -> bool:
    return track.phase is Phase.COAST or seconds_between(track.last_ns, at) <= UNKNOWN_S


def _track_row(name: str, t_s: float, believed: Gaussian) -> tuple[float | str, ...]:
    triangle = believed.p[np.triu_indices(STATE_SIZE)]
    return (t_s, name, *believed.x[:6].tolist(), *(float(triangle[n]) for n in _KEPT))


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[float | str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)

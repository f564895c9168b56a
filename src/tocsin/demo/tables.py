"""The run as tables: truth.csv and tracks-<NATION>.csv (columns of TRACKING.md, ECEF metres)."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from tocsin.model.space import STATE_SIZE
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Life
from tocsin.node.hall_words import Pictured

TRUTH_COLUMNS = ("t", "id", "x", "y", "z", "vx", "vy", "vz")
COVARIANCE_COLUMNS = tuple(f"P{i}{j}" for i in range(6) for j in range(i, 6))
TRACK_COLUMNS = ("t", "track_id", "x", "y", "z", "vx", "vy", "vz", *COVARIANCE_COLUMNS)

SHOWN = (Life.CONFIRMED, Life.COASTING)
"""A lost track is no longer claimed to be anywhere."""


def _kept_terms() -> tuple[int, ...]:
    """Where the 6x6 upper triangle stands in the stored triangle of the larger state."""
    rows = [(i, j) for i in range(STATE_SIZE) for j in range(i, STATE_SIZE)]
    return tuple(n for n, (i, j) in enumerate(rows) if i < 6 and j < 6)


_KEPT = _kept_terms()


def write_truth(path: Path, rows: Iterable[tuple[float | str, ...]]) -> None:
    """truth.csv from rows in the order of TRUTH_COLUMNS."""
    _write(path, TRUTH_COLUMNS, rows)


def write_tracks(path: Path, pictures: Iterable[Pictured], start_ns: Instant) -> None:
    """One row per fused track and epoch; `t` = seconds since the scenario's start."""
    _write(path, TRACK_COLUMNS, track_rows(pictures, start_ns))


def track_rows(pictures: Iterable[Pictured], start_ns: Instant) -> Iterator[tuple[float | str, ...]]:
    """Rows of tracks-<NATION>.csv; the same estimate is not repeated while nothing new came."""
    said: dict[str, Instant] = {}
    for picture in pictures:
        for track in picture.fused:
            epoch = track.state.epoch_ns
            if track.life in SHOWN and said.get(track.id, Instant(-1)) < epoch:
                said[track.id] = epoch
                yield _track_row(track, start_ns)


def _track_row(track: FusedTrack, start_ns: Instant) -> tuple[float | str, ...]:
    t = (track.state.epoch_ns - start_ns) / SECOND_NS
    return (t, track.id, *track.state.x[:6], *(track.state.p[n] for n in _KEPT))


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[float | str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)

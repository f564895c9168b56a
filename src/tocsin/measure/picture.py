"""SIAP: is every object in the picture (completeness), once (ambiguity), and nothing else (spuriousness)?

Definitions of Votruba et al., Single Integrated Air Picture Metrics Implementation (2001), summed over time:
C = objects that have a track / objects, A = tracks on objects / objects that have one, S = tracks on no
object / tracks. A track belongs to the nearest object within `reach_m`, at each time by itself.

`independent` computes the same with Stone Soup, which also does the association; it needs CONFIRM times in a
row to call a track an object's, so it is a little severer at the ends of tracks.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Array = NDArray[np.float64]

REACH_M: Final = 20e3  # a track farther from every object is of none; ours
START: Final = datetime(2000, 1, 1, tzinfo=UTC)  # of the scorer's clock; only differences count


class Frame(NamedTuple):
    """Truth and picture at one time: ECEF positions (3,) by name."""

    time_s: float
    objects: Mapping[str, Array]
    tracks: Mapping[str, Array]


class Siap(Struct, frozen=True):
    """Completeness, ambiguity, spuriousness; ambiguity 1 and the others 0 where nothing is to be counted."""

    C: float
    A: float
    S: float


class Counts(NamedTuple):
    """Sums over time: objects, objects with a track, tracks on objects, tracks."""

    objects: int
    held: int
    on_objects: int
    tracks: int


def siap(frames: Sequence[Frame], reach_m: float = REACH_M) -> Siap:
    """Our own count."""
    return of_counts([count(frame, reach_m) for frame in frames])


def count(frame: Frame, reach_m: float) -> Counts:
    """Of one time."""
    names = list(frame.objects)
    nearest = [_nearest(place, names, frame.objects, reach_m) for place in frame.tracks.values()]
    held = {name for name in nearest if name is not None}
    on_objects = sum(name is not None for name in nearest)
    return Counts(len(names), len(held), on_objects, len(nearest))


def of_counts(rows: Sequence[Counts]) -> Siap:
    """From sums over times, or over runs."""
    objects, held, on_objects, tracks = (
        (sum(column) for column in zip(*rows, strict=True)) if rows else [0] * 4
    )
    return Siap(
        held / objects if objects else 0.0,
        on_objects / held if held else 1.0,
        (tracks - on_objects) / tracks if tracks else 0.0,
    )


def _nearest(place: Array, names: Sequence[str], objects: Mapping[str, Array], reach_m: float) -> str | None:
    if not names:
        return None
    off = [float(np.linalg.norm(objects[name] - place)) for name in names]
    best = int(np.argmin(off))
    return names[best] if off[best] < reach_m else None


def independent(frames: Sequence[Frame], reach_m: float = REACH_M, confirm: int = 3) -> Siap | None:
    """The same by Stone Soup; null where that is not installed. `confirm`: times in a row that make a track
    an object's.
    """
    try:
        from stonesoup.dataassociator.tracktotrack import TrackToTruth
        from stonesoup.measures import Euclidean
        from stonesoup.metricgenerator.manager import MultiManager
        from stonesoup.metricgenerator.tracktotruthmetrics import SIAPMetrics
        from stonesoup.types.groundtruth import GroundTruthPath, GroundTruthState
        from stonesoup.types.state import State
        from stonesoup.types.track import Track
    except ImportError:
        return None
    near = Euclidean(mapping=[0, 1, 2])
    scorer = SIAPMetrics(position_measure=near, velocity_measure=near)
    judge = TrackToTruth(association_threshold=reach_m, consec_pairs_confirm=confirm, measure=near)
    manager = MultiManager([scorer], associator=judge)
    truths = [GroundTruthPath(states) for states in _series(frames, "objects", GroundTruthState)]
    tracks = [Track(states) for states in _series(frames, "tracks", State)]
    manager.add_data({"groundtruth_paths": truths, "tracks": tracks})
    found = manager.generate_metrics()["siap_generator"]
    C, A, S = (found[f"SIAP {name}"].value for name in ("Completeness", "Ambiguity", "Spuriousness"))
    return Siap(float(C), float(A), float(S))


def scorer_name() -> str:
    """Which library `independent` would use, with its version; "tocsin" where there is none."""
    try:
        return f"Stone Soup {metadata.version('stonesoup')}"
    except metadata.PackageNotFoundError:
        return "tocsin"


def _series(frames: Sequence[Frame], of: str, make: type) -> list[list[object]]:
    """States of every name in order of time."""
    rows: dict[str, list[object]] = {}
    for frame in frames:
        when = START + timedelta(seconds=frame.time_s)
        for name, place in getattr(frame, of).items():
            rows.setdefault(name, []).append(make(np.asarray(place).reshape(3, 1), timestamp=when))
    return list(rows.values())

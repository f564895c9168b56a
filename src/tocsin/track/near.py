"""Which tracks may be one object at all: not all with all, of which a salvo has half a million pairs.

Most have an estimate of the last seconds: all that lie close are told. One that nobody has heard of for a
while (a line is cut, and its nation alone saw it) is vague, and close to everything: it is told with the few
nearest of the others, so that the work of a step grows with the tracks, not with their pairs.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.model.time import Instant
from tocsin.model.track import FusedTrack, Tracklet
from tocsin.track.body import moved

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FLOOR_M: Final = 150.0  # what is not known of a motor after a second (see motion.doubt)
BEND_MPS2: Final = 200.0  # of acceleration unseen for a while, at the gate's five sigmas
STALE_S: Final = 60.0
NEAREST: Final = 4  # neighbours of a stale one: its own object, and what is mistaken for it
REACH_M: Final = 3e6  # further apart at one epoch is not worth the algebra


def close(
    tracks: Sequence[Tracklet | FusedTrack], now: Instant, gate: float, least_m: float = 0.0
) -> list[tuple[int, int]]:
    """Pairs (indices, the lower first) that may lie within a gate (d^2), or within twice `least_m`.

    All are flown straight on to the newest epoch; BEND_MPS2 is what gravity and a motor make of that. Those
    whose epoch is further than STALE_S from it are moved there as they fly.
    """
    if len(tracks) < 2:
        return []
    epochs = np.array([track.state.epoch_ns for track in tracks])
    newest = min(int(epochs.max()), max(now, int(epochs.min())))  # a clock that is ahead makes nobody stale
    dt_s = (newest - epochs) / 1e9
    states = np.array([track.state.x[:6] for track in tracks])
    diagonals = np.array([[track.state.p[k] for k in (0, 7, 13, 18, 22, 25)] for track in tracks])
    spread = np.sqrt(np.maximum(diagonals[:, :3].sum(axis=1), 0.0))
    spread += np.abs(dt_s) * np.sqrt(np.maximum(diagonals[:, 3:].sum(axis=1), 0.0))
    reach = np.minimum(np.sqrt(gate) * (spread + FLOOR_M) + 0.5 * BEND_MPS2 * dt_s**2, REACH_M)
    places = states[:, :3] + dt_s[:, None] * states[:, 3:]
    stale = np.abs(dt_s) > STALE_S
    for i in np.flatnonzero(stale).tolist():
        places[i], reach[i] = _flown(tracks[i], Instant(newest), gate)
    return sorted(set(_pairs(places, np.maximum(reach, least_m), np.flatnonzero(~stale))))


def _pairs(places: Array, reach: Array, fresh: Index) -> Iterator[tuple[int, int]]:
    """Of the `fresh` (indices) all that lie close, of every other one the nearest fresh ones."""
    if not len(fresh):
        return
    tree = cKDTree(places[fresh])
    order = fresh.tolist()
    for i, found in zip(order, tree.query_ball_point(places[fresh], 2.0 * reach[fresh]), strict=True):
        yield from ((min(i, order[k]), max(i, order[k])) for k in found if order[k] != i)
    ranks = list(range(1, min(NEAREST, len(order)) + 1))
    for i in np.setdiff1d(np.arange(len(places)), fresh).tolist():
        for apart_m, k in zip(*tree.query(places[i], k=ranks), strict=True):
            if apart_m < reach[i] + reach[order[k]]:
                yield min(i, order[k]), max(i, order[k])


def _flown(track: Tracklet | FusedTrack, time_ns: Instant, gate: float) -> tuple[Array, float]:
    """Place (3,) at a time, and how far (m) what may be the same object lies from it at most; what has no
    place any more is near nothing.
    """
    x, p = moved(track, time_ns)
    variance = float(np.trace(p[:3, :3]))
    if not (np.isfinite(x).all() and 0.0 <= variance < np.inf):
        return np.zeros(3), 0.0
    return x[:3], min(float(np.sqrt(gate) * (np.sqrt(variance) + FLOOR_M)), REACH_M)

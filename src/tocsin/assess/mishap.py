"""Flights that fail: an object that nobody sees any more though several sensors should, and one that is
suddenly several.

VANISHED: two own sensors at least, or all nations' tracks of it where two partners have some, lost it within
the same look, high above the ground. One sensor alone may
have lost it behind its limits, and the registry knows no limits: then nothing is said. It is a finding about
sight, not about the object: what was predicted stays, and is told as an extrapolation by the track's life.

BROKEN_UP: a new track that, flown back, was at an older one's place a moment before it was first seen, and
left it at some speed. Neighbours in a salvo fly beside one another and never meet; they are no pieces.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_stm
from tocsin.earth.frames import ecef_to_geodetic
from tocsin.model.event import Mishap
from tocsin.model.label import Nation
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase, Track

Array = NDArray[np.float64]

LOOK_S: Final = 10.0  # one turn of a slow rotating radar
VANISHED_ABOVE_M: Final = 30e3  # below, every radar loses a falling object behind its horizon
YOUNG_S: Final = 90.0  # a piece is known as one so long after it was first seen
OLDER_S: Final = 10.0  # than its pieces an object must be
NEAR_M: Final = 60e3
BEFORE_S: Final = 40.0  # pieces part so long before a sensor sees them apart
PARTED_MPS: Final = 15.0  # slower and the place of meeting cannot be told
SAME_S: Final = 10.0  # break-ups within so long are one: the time of one is known to a few seconds
SIGMAS2: Final = 11.34  # chi-squared, 3 dimensions, 99 %
TOO_VAGUE_M: Final = 3e3  # a meeting known no better than this proves nothing


class Broken(Struct, frozen=True):
    """Pieces of one object by track id, the older one's first, and when it came apart."""

    tracks: tuple[str, ...]
    time_ns: Instant


class Source(NamedTuple):
    """One nation's own track of an object, as far as it says who sees it."""

    nation: Nation
    life: Life
    last_ns: Instant


def vanished(mine: Track) -> Instant | None:
    """When an own track went from the sight of all its sensors at once; None when it did not."""
    if mine.life is not Life.COASTING or mine.phase is Phase.UNKNOWN or len(mine.lost_by) < 2:
        return None
    height = float(ecef_to_geodetic(np.array(mine.state.x[:3]))[2])
    return mine.last_ns if height > VANISHED_ABOVE_M else None


def vanished_to_all(track: FusedTrack, sources: Sequence[Source]) -> Instant | None:
    """The same by what the track is made of: two nations' tracks at least, all coasting, all seen last within
    one look.
    """
    if len({one.nation for one in sources}) < 2 or any(one.life is not Life.COASTING for one in sources):
        return None
    last_ns = max(one.last_ns for one in sources)
    if seconds_between(min(one.last_ns for one in sources), last_ns) > LOOK_S:
        return None
    height = float(ecef_to_geodetic(np.array(track.state.x[:3]))[2])
    return last_ns if height > VANISHED_ABOVE_M else None


def broken(
    known: Sequence[Broken], tracks: Sequence[FusedTrack], ids: Mapping[str, Instant], now: Instant
) -> tuple[Broken, ...]:
    """Break-ups so far with what these tracks add; `ids`: when each track was first assessed."""
    found = list(known)
    flying = [track for track in tracks if _counts(track)]
    young = [track for track in flying if seconds_between(ids.get(track.id, now), now) <= YOUNG_S]
    for piece in young:
        if any(piece.id in entry.tracks for entry in found):
            continue
        for older in flying:
            when = _parted(older, piece) if _older(older, piece) else None
            if when is not None:
                found = _joined(found, Broken((older.id, piece.id), when))
                break
    return tuple(found)


def _joined(known: Sequence[Broken], new: Broken) -> list[Broken]:
    """Break-ups with one more; one that shares an object with another, or happened with it, is the same."""
    same = [
        entry
        for entry in known
        if set(entry.tracks) & set(new.tracks) or abs(seconds_between(entry.time_ns, new.time_ns)) < SAME_S
    ]
    names = dict.fromkeys(name for entry in [*same, new] for name in entry.tracks)
    first = min([*same, new], key=lambda entry: entry.time_ns)
    return [*(entry for entry in known if entry not in same), Broken(tuple(names), first.time_ns)]


def mishap_of(
    track_id: str, breaks: Sequence[Broken], seen: Collection[str]
) -> tuple[Mishap, Instant, int] | None:
    """BROKEN_UP with its time and how many of the pieces are `seen` now (two at least), for each of them."""
    for entry in breaks:
        if track_id in entry.tracks:
            return Mishap.BROKEN_UP, entry.time_ns, max(sum(name in seen for name in entry.tracks), 2)
    return None


def _counts(track: FusedTrack) -> bool:
    return track.kind is ObjectClass.BALLISTIC and track.phase is Phase.COAST and track.life is Life.CONFIRMED


def _older(one: FusedTrack, piece: FusedTrack) -> bool:
    if one.id == piece.id or seconds_between(one.first_ns, piece.first_ns) < OLDER_S:
        return False
    off = np.array(one.state.x[:3]) - np.array(piece.state.x[:3])
    apart_s = abs(seconds_between(one.state.epoch_ns, piece.state.epoch_ns))
    return float(np.linalg.norm(off)) < NEAR_M + apart_s * float(np.linalg.norm(piece.state.x[3:6]))


def _parted(older: FusedTrack, piece: FusedTrack) -> Instant | None:
    """When the two were at one place and left it, if that was just before the piece was first seen."""
    epoch = min(older.state.epoch_ns, piece.state.epoch_ns)
    (x, p), (y, q) = _at(older.state, epoch), _at(piece.state, epoch)
    apart, drift = y[:3] - x[:3], y[3:6] - x[3:6]
    speed = float(np.linalg.norm(drift))
    if speed < PARTED_MPS:
        return None
    back_s = -float(apart @ drift) / speed**2
    met = after(epoch, back_s)
    early_s = seconds_between(met, piece.first_ns)
    if not -OLDER_S < early_s < BEFORE_S or back_s > 0.0:
        return None
    (x, p), (y, q) = _at(older.state, met), _at(piece.state, met)
    miss, doubt = y[:3] - x[:3], (p + q)[:3, :3]
    known_m = float(np.sqrt(np.trace(doubt)))
    if known_m > TOO_VAGUE_M or float(np.linalg.norm(apart)) < 3.0 * known_m:
        return None
    return met if float(miss @ np.linalg.solve(doubt, miss)) < SIGMAS2 else None


def _at(state: EcefState, time_ns: Instant) -> tuple[Array, Array]:
    """State and covariance at another time."""
    matrix = np.zeros((7, 7))
    matrix[np.triu_indices(7)] = state.p
    p = matrix + np.triu(matrix, 1).T
    dt_s = seconds_between(state.epoch_ns, time_ns)
    if dt_s == 0.0:
        return np.array(state.x), p
    x, phi = propagate_stm(np.array(state.x), dt_s)
    return x, phi @ p @ phi.T

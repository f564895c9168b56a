"""Where other nations see a group: beside where its tracks are, if one of them is turned.

Of a crowd that several nations see one speaks for the fused tracks, the others' tracks say nothing of the
states (ADR 42). A radar that is a milliradian out sees a group at 900 km a kilometre aside at every look; no
number of looks shows its own nation that, but the nations' tracks differ by it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.model.label import Nation
from tocsin.model.space import STATE_SIZE
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack, Phase, Tracklet
from tocsin.track.body import key_of, moved
from tocsin.track.fleet_kernels import move_all
from tocsin.track.parting import REACH_M

Array = NDArray[np.float64]
Index = NDArray[np.int64]

UPPER: Final = np.triu_indices(STATE_SIZE)
MOSTLY: Final = 0.5  # of a group's tracks: a nation that is silent on more is silent on the group


def states_at(tracks: Sequence[FusedTrack | Tracklet], now: Instant) -> tuple[Array, Array]:
    """States (n, 7) and covariances (n, 7, 7) at one time."""
    x, p = np.array([t.state.x for t in tracks]), np.empty((len(tracks), STATE_SIZE, STATE_SIZE))
    p[:, UPPER[0], UPPER[1]] = p[:, UPPER[1], UPPER[0]] = np.array([t.state.p for t in tracks])
    dt_s = np.array([seconds_between(t.state.epoch_ns, now) for t in tracks])
    out_x, out_p = np.empty_like(x), np.empty_like(p)
    move_all(x, p, dt_s, out_x, out_p)
    for i, track in enumerate(tracks):
        if track.phase is not Phase.COAST:
            out_x[i], out_p[i] = moved(track, now)
    return out_x, out_p


def asides(
    tracks: Sequence[FusedTrack], x: Array, silent: Sequence[Tracklet], now: Instant
) -> dict[Nation, Array]:
    """By how much (n, 3) each nation's silent tracks lie beside the tracks at states x (n, 7); nan where
    there is none, or one so far off that it is of something else.
    """
    home = {key_of(member): i for i, track in enumerate(tracks) for member in track.members}
    found: dict[Nation, Array] = {}
    for nation in sorted({source.origin for source in silent if key_of(source) in home}):
        theirs = [source for source in silent if source.origin is nation and key_of(source) in home]
        at = [home[key_of(source)] for source in theirs]
        off = states_at(theirs, now)[0][:, :3] - x[at, :3]
        off[~(np.linalg.norm(off, axis=1) < REACH_M)] = np.nan
        found[nation] = np.full((len(tracks), 3), np.nan)
        found[nation][at] = off
    return found


def silent_on(part: Index, aside: Mapping[Nation, Array]) -> dict[Nation, Array]:
    """Nations that say nothing of a group (indices of tracks), and by how much (3,) they see it aside."""
    found: dict[Nation, Array] = {}
    for nation, every in aside.items():
        mine = every[part][~np.isnan(every[part, 0])]
        if len(mine) > MOSTLY * len(part):
            found[nation] = np.median(mine, axis=0)
    return found

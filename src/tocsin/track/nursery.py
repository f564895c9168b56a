"""Where plots stand close together, no plot begins an object by itself: rows wait until a common velocity
says which of them belong together.

Rows of one radar are linked over its looks (`chains`) with a group's velocity as prior. Which velocity: that
of tracks close by, or else the one that the pattern's shift shows (`shift`).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track.chains import CLOSE_MPS, Chain, flown, link, looks_of
from tocsin.track.group import places_of
from tocsin.track.record import Record, packed
from tocsin.track.rows import instant, pack
from tocsin.track.shift import best
from tocsin.track.sweep import sweep
from tocsin.track.young import GROUP_MPS

Array = NDArray[np.float64]

CROWD: Final = 2  # neighbours that make a crowd
CROWD_MPS: Final = 16_000.0  # as far as anything flies in two periods: no plot tells whose the next one is
CROWD_LEAST_M: Final = 5e3
CROWD_MOST_M: Final = 50e3
WAIT_PERIODS: Final = 5.5  # so long a row waits; then it begins an object by itself, as outside a crowd
ALONE_PERIODS: Final = 2.5  # the same, where only tracks are close by
HOLD_S: Final = 2.0  # after so long a look's plots are there, on any link that is one
LIMIT: Final = 3_000  # rows that wait

NEAR_M: Final = 150e3  # tracks so close may be of the same group
ALIKE_MPS: Final = 300.0
MOST_KNOWN: Final = 3
LOOKS: Final = 3  # that a velocity is taken from
HITS_NEAR: Final = 2  # rows that make an object, once its velocity is known
LATELY_PERIODS: Final = 1.6  # so long before the last whole look an object was seen, at the latest


def crowded(rows: Array, others: Array, table: Array, period_s: float) -> NDArray[np.bool_]:
    """Which rows of one radar's look have a crowd about them: other rows of it, and `others` (m, 3)."""
    places = places_of(rows, table)
    around = np.concatenate((places, others))
    return np.asarray(
        cKDTree(around).query_ball_point(places, reach_of(period_s), return_length=True) > CROWD
    )


def reach_of(period_s: float) -> float:
    """How close (m) a neighbour is one that a plot may be mistaken for."""
    return float(np.clip(CROWD_MPS * period_s, CROWD_LEAST_M, CROWD_MOST_M))


def distinct(velocities: Array) -> Array:
    """Local velocities (n, 3) of tracks, in their order, as a few that all of them are near to."""
    found: list[Array] = []
    while len(velocities) and len(found) < MOST_KNOWN:
        near = np.linalg.norm(velocities - np.median(velocities, axis=0), axis=1)
        alike = np.linalg.norm(velocities - velocities[int(np.argmin(near))], axis=1) < ALIKE_MPS
        found.append(velocities[alike].mean(axis=0))
        velocities = velocities[~alike]
    return np.array(found).reshape(-1, 3)


def hatch(
    waiting: Array,
    table: Array,
    period_s: float,
    known: Array,
    whole_s: float,
    try_it: bool,
    since_s: float,
    base_ns: Instant,
) -> tuple[list[Record], Array]:
    """Objects that one radar's waiting rows (in order of time) show, and the rows that wait on. `known`
    (k, 3): local velocities of tracks close by; looks until `whole_s` are there with all their plots.
    `try_it`: look for a velocity that no track has. Objects that were not seen after `since_s` are none.
    """
    born: list[Record] = []
    for mode in known:
        chains = _objects(waiting, table, period_s, mode, since_s)
        waiting, records = _born(chains, waiting, base_ns)
        born += records
    whole = waiting[: int(np.searchsorted(waiting[:, 0], whole_s, side="right"))]
    if try_it and len(looks_of(whole, period_s)) >= LOOKS:
        found = best(waiting, table, period_s, whole_s)
        if found is not None:
            chains = _objects(waiting, table, period_s, found, since_s)
            waiting, records = _born(chains, waiting, base_ns)
            born += records
    return born, waiting


def _objects(rows: Array, table: Array, period_s: float, mode: Array, since_s: float) -> list[Chain]:
    """Objects that have a group's velocity: clutter does not move with it, and what a look or two did not see
    may be rows of others.
    """
    if not len(rows):
        return []
    owner = np.full(len(rows), -1, dtype=np.int64)
    linked = link(rows, table, period_s, mode, CLOSE_MPS).chains
    for k, chain in enumerate(chain for chain in linked if len(chain.rows) > 1):
        owner[chain.rows] = k
    owner, states = sweep(rows, owner, table, period_s, mode, float(rows[-1, 0]), CLOSE_MPS)
    members = [np.flatnonzero(owner == k).tolist() for k in range(len(states))]
    found = [
        Chain(mine, state, float(rows[mine[-1], 0]))
        for mine, state in zip(members, states, strict=True)
        if len(mine) >= HITS_NEAR
    ]
    return [chain for chain in found if chain.time_s > since_s]


def _born(chains: Sequence[Chain], rows: Array, base_ns: Instant) -> tuple[Array, list[Record]]:
    """Chains as objects, and the rows that are left."""
    records = [_record(chain, rows[chain.rows], base_ns) for chain in chains]
    used = [n for chain in chains for n in chain.rows]
    return np.ascontiguousarray(np.delete(rows, used, axis=0)), records


def _record(chain: Chain, rows: Array, base_ns: Instant) -> Record:
    first_s = float(rows[0, 0])
    begun, _ = flown(chain.state.x[None], chain.state.p[None], np.array([first_s - chain.time_s]))
    return Record(
        number=0,
        life=Life.TENTATIVE,
        phase=Phase.UNKNOWN,
        kind=ObjectClass.UNKNOWN,
        first_ns=instant(base_ns, first_s),
        last_ns=instant(base_ns, chain.time_s),
        plots=len(rows),
        sensors=tuple(sorted({int(i) for i in rows[:, 2]})),
        rows=pack(rows),
        head_s=chain.time_s,
        head=packed(chain.state),
        start=pack(np.append(begun[0], 0.0)),
        start_s=first_s,
        group=pack(np.concatenate((begun[0, 3:6], [GROUP_MPS, first_s]))),
    )

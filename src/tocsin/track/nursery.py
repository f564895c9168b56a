"""Where plots stand close together, no plot begins an object by itself: rows wait until a common velocity
says which of them belong together.

Rows of one radar are linked over its looks with a group's velocity as prior. Which velocity: that of tracks
close by, or else the one that explains the rows with the fewest objects that come and go. A lattice shifted
by one place per look also matches most of its plots, but then objects begin at one of its edges, in sight of
the radar, and end at the other.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.earth.frames import ecef_to_aer
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track import fleet_kernels, group_kernels
from tocsin.track.associate import assign, gate
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.group import (
    apart,
    falling,
    frames,
    modes_of,
    pairs_at,
    pairs_of,
    places_of,
    settled,
)
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, packed
from tocsin.track.rows import instant, pack

Array = NDArray[np.float64]
Index = NDArray[np.int64]

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
SIGMA_MPS: Final = 100.0  # of an object's velocity about its group's, while that is found
CLOSE_MPS: Final = 25.0  # and afterwards: over 200 km a salvo's velocities differ so much
PUSH_MPS2: Final = 10.0  # what free flight may miss within a period, while a motor may still burn
LOOKS: Final = 3  # that a velocity is taken from
SURE_LOOKS: Final = 5  # with so many the best velocity is taken, however close the second
CLOSER: Final = 2
MOST_MODES: Final = 6
MIDDLE: Final = 120  # rows of a look that a velocity is taken from
MARGIN_SIGMAS: Final = 1.5  # by which the second best must be worse; such counts scatter by their root
LEAST_CHAINS: Final = 3  # that a velocity which nothing else supports must make
PERIODS_OPEN: Final = 2.6  # a chain may miss one look, not two
HITS: Final = 3
HITS_NEAR: Final = 2  # with a velocity that tracks close by have


class Chain(NamedTuple):
    """Rows of one object (indices), its state and covariance at the last of them."""

    rows: list[int]
    state: Gaussian
    time_s: float


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
    tried_s: float,
    base_ns: Instant,
) -> tuple[list[Record], Array]:
    """Objects that one radar's waiting rows (in order of time) show, and the rows that wait on. `known`
    (k, 3): local velocities of tracks close by; looks until `whole_s` are there with all their plots, and
    until `tried_s` a velocity was looked for before.
    """
    born: list[Record] = []
    for mode in known:
        chains = [c for c in link(waiting, table, period_s, mode, CLOSE_MPS) if len(c.rows) >= HITS_NEAR]
        waiting, records = _born(chains, waiting, base_ns)
        born += records
    whole = waiting[: int(np.searchsorted(waiting[:, 0], whole_s, side="right"))]
    if tried_s < whole_s and len(_looks(whole, period_s)) >= LOOKS:
        chains = _best(whole, table, period_s)
        waiting, records = _born(chains, waiting, base_ns)
        born += records
    return born, waiting


def link(rows: Array, table: Array, period_s: float, mode: Array, sigma_mps: float) -> list[Chain]:
    """Rows of one radar as chains, each of one object that has this local velocity at the last row's time,
    give or take a sigma.
    """
    x, p, times = np.empty((0, 7)), np.empty((0, 7, 7)), np.empty(0)
    members: list[list[int]] = []
    for look in _looks(rows, period_s):
        scan = np.ascontiguousarray(rows[look])
        time_s = float(scan[0, 0])
        open_ = np.flatnonzero(time_s - times < PERIODS_OPEN * period_s)
        moved, cov = _moved(x[open_], p[open_], time_s - times[open_])
        pairs = assign(gate(scan, table, np.ascontiguousarray(moved[:, :6]), cov[:, :6, :6].copy(), time_s))
        tracks = np.array([t for t, _ in pairs], dtype=np.int64)
        plots = np.array([n for _, n in pairs], dtype=np.int64)
        group_kernels.take_rows(moved, cov, tracks, scan[plots], table)
        hit = open_[tracks]
        x[hit], p[hit], times[hit] = moved[tracks], cov[tracks], time_s
        for k, n in zip(hit.tolist(), plots.tolist(), strict=True):
            members[k].append(int(look[n]))
        new = np.setdiff1d(np.arange(len(scan)), plots)
        begun_x, begun_p = _begun(scan[new], table, mode, float(rows[-1, 0]), sigma_mps)
        x, p = np.concatenate((x, begun_x)), np.concatenate((p, begun_p))
        times = np.concatenate((times, np.full(len(new), time_s)))
        members += [[int(look[n])] for n in new.tolist()]
    return [Chain(m, Gaussian(x[k], p[k]), float(times[k])) for k, m in enumerate(members)]


def _looks(rows: Array, period_s: float) -> list[Index]:
    """Rows of one radar (in order of time) by look."""
    if not len(rows):
        return []
    marks = [0]
    for n in range(1, len(rows)):
        if rows[n, 0] - rows[marks[-1], 0] >= 0.6 * period_s:
            marks.append(n)
    return [np.arange(a, b) for a, b in zip(marks, [*marks[1:], len(rows)], strict=True)]


def _moved(x: Array, p: Array, dt_s: Array) -> tuple[Array, Array]:
    """Free flight, with what a motor may do meanwhile."""
    out_x, out_p = np.empty_like(x), np.empty_like(p)
    fleet_kernels.move_all(np.ascontiguousarray(x), np.ascontiguousarray(p), dt_s, out_x, out_p)
    for i in range(3):
        out_p[:, i, i] += (0.5 * PUSH_MPS2 * dt_s**2) ** 2
        out_p[:, 3 + i, 3 + i] += (PUSH_MPS2 * dt_s) ** 2
    return out_x, out_p


def _begun(rows: Array, table: Array, mode: Array, time_s: float, sigma_mps: float) -> tuple[Array, Array]:
    """States and covariances of objects that were seen once, by a group's local velocity at `time_s`."""
    places = places_of(rows, table)
    local = frames(places)
    velocities = np.einsum("nji,j->ni", local, mode)
    velocities += falling(places, velocities) * (rows[:, :1] - time_s)
    x = np.column_stack((places, velocities, np.full(len(rows), LN_BETA_MEAN)))
    p = np.zeros((len(rows), 7, 7))
    for n, row in enumerate(rows):
        entry = table[int(row[2])]
        sight = (places[n] - entry[5:8]) / row[4]
        across2 = (row[4] * max(entry[1], entry[2])) ** 2
        p[n, :3, :3] = across2 * np.eye(3) + (entry[0] ** 2 - across2) * np.outer(sight, sight)
    p[:, [3, 4, 5], [3, 4, 5]] = sigma_mps**2
    p[:, 6, 6] = LN_BETA_SIGMA**2
    return x, p


def _best(rows: Array, table: Array, period_s: float) -> list[Chain]:
    """The chains of the velocity that has the fewest objects come and go; none while two are about as
    good.
    """
    part = _middle(rows, table, period_s)
    looks = _looks(part, period_s)
    pairs = pairs_of(part, looks, table, period_s)
    same_mps = float(np.median(pairs.sigmas[:, 1])) if len(pairs.sigmas) else 0.0
    found: list[tuple[int, int, Array]] = []
    for mode in apart(modes_of(pairs), same_mps)[:MOST_MODES]:
        close = _closer(mode, part, table, period_s)
        if all(np.linalg.norm(close - other) > same_mps for _, _, other in found):
            chains = link(part, table, period_s, close, CLOSE_MPS)
            found.append((sudden(chains, part, table, period_s), _long(chains), close))
    found.sort(key=lambda one: one[0])
    if not found or found[0][1] < LEAST_CHAINS:
        return []
    clear = len(found) == 1 or found[1][0] - found[0][0] >= MARGIN_SIGMAS * np.sqrt(found[0][0] + 1.0)
    if not clear and len(looks) < SURE_LOOKS:
        return []
    return [c for c in link(rows, table, period_s, found[0][2], CLOSE_MPS) if len(c.rows) >= HITS]


def _long(chains: Sequence[Chain]) -> int:
    return sum(len(chain.rows) >= HITS for chain in chains)


def _middle(rows: Array, table: Array, period_s: float) -> Array:
    """Of every look the rows nearest to its middle, as many as a velocity is sure from: the work stays
    bounded.
    """
    kept = np.zeros(len(rows), dtype=np.bool_)
    for look in _looks(rows, period_s):
        places = places_of(rows[look], table)
        off_m = np.linalg.norm(places - np.median(places, axis=0), axis=1)
        kept[look[np.argsort(off_m, kind="stable")[:MIDDLE]]] = True
    return np.ascontiguousarray(rows[kept])


def _closer(mode: Array, rows: Array, table: Array, period_s: float) -> Array:
    """A velocity made sharper by the objects that it finds."""
    for _ in range(CLOSER):
        chains = [c for c in link(rows, table, period_s, mode, SIGMA_MPS) if len(c.rows) >= HITS]
        if len(chains) < LEAST_CHAINS:
            break
        ends = np.array([(chain.rows[0], chain.rows[-1]) for chain in chains])
        mode = settled(pairs_at(rows, ends[:, 0], ends[:, 1], table), mode)
    return mode


def sudden(chains: Sequence[Chain], rows: Array, table: Array, period_s: float) -> int:
    """How many times an object must have come or gone within sight of the radar: it began where it would have
    been among the plots one look before, or it was not seen any more above the lowest of them.
    """
    x = np.array([chain.state.x for chain in chains])
    p = np.array([chain.state.p for chain in chains])
    last = np.array([chain.time_s for chain in chains])
    first = rows[[chain.rows[0] for chain in chains], 0]
    early, _ = _moved(x, p, first - period_s - last)
    late, _ = _moved(x, p, np.full(len(x), period_s))
    began, ended = _polar(early, rows, table), _polar(late, rows, table)
    seen = _polar(places_of(rows, table), rows, table)
    low, high = seen.min(axis=0), seen.max(axis=0)
    margin = table[int(rows[0, 2]), :3]
    inside = np.all((began > low + margin) & (began < high - margin), axis=1)
    came = inside & (first > rows[0, 0] + 0.6 * period_s)
    gone = (ended[:, 2] > low[2] + margin[2]) & (last < rows[-1, 0] - 0.6 * period_s)
    return int(np.sum(came) + np.sum(gone))


def _polar(x: Array, rows: Array, table: Array) -> Array:
    """Range, azimuth from the middle of the rows, and elevation (n, 3) as their radar sees them."""
    entry = table[int(rows[0, 2])]
    distance, az, el = ecef_to_aer(x[:, :3], entry[5:8], entry[8:].reshape(3, 3))
    middle = np.arctan2(np.sin(rows[:, 5]).mean(), np.cos(rows[:, 5]).mean())
    return np.column_stack((distance, (az - middle + np.pi) % (2.0 * np.pi) - np.pi, el))


def _born(chains: Sequence[Chain], rows: Array, base_ns: Instant) -> tuple[Array, list[Record]]:
    """Chains as objects, and the rows that are left."""
    records = [_record(chain, rows[chain.rows], base_ns) for chain in chains]
    used = [n for chain in chains for n in chain.rows]
    return np.ascontiguousarray(np.delete(rows, used, axis=0)), records


def _record(chain: Chain, rows: Array, base_ns: Instant) -> Record:
    first_s = float(rows[0, 0])
    begun, _ = _moved(chain.state.x[None], chain.state.p[None], np.array([first_s - chain.time_s]))
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
        group=pack(begun[0, 3:6]),
    )

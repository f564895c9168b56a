"""Which common velocity a crowd's rows show: the shift of the whole pattern from look to look.

A lattice shifted by one place a look also matches most of its plots, but then objects begin at one of its
edges, in sight of the radar, and end at the other; shifted by half a place, its plots fit badly. So every
candidate links the rows, and is judged by how likely its links make them and how many objects come and go.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.frames import ecef_to_aer
from tocsin.track.chains import CLOSE_MPS, Chain, flown, from_middle, link, looks_of
from tocsin.track.group import apart, modes_of, pairs_at, pairs_of, places_of, settled

Array = NDArray[np.float64]
Index = NDArray[np.int64]

SIGMA_MPS: Final = 100.0  # of an object's velocity about its group's, while that is found
SURE_LOOKS: Final = 5  # with so many the best velocity is taken, however close the second
CLOSER: Final = 2
MOST_MODES: Final = 8
MIDDLE: Final = 120  # rows of a look that a velocity is taken from
LEAST_CHAINS: Final = 3  # that a velocity which nothing else supports must make
# An object that comes or goes in sight was missed by two looks, with a detection probability of 0.9
# (notional).
SUDDEN_NATS: Final = 2.0 * float(np.log(0.9 / 0.1))
CLEAR_SIGMAS: Final = 1.5  # by which the second best must be worse; such counts scatter by their root


def best(rows: Array, table: Array, period_s: float, whole_s: float) -> Array | None:
    """The local velocity (3,) at the last row's time; None while two are about as good. Looks until `whole_s`
    are there with all their plots.
    """
    part = _middle(rows, table, period_s)
    looks = looks_of(part, period_s)
    pairs = pairs_of(part, looks, table, period_s)
    if not len(pairs.sigmas):
        return None
    same_mps = 0.5 * float(np.median(pairs.sigmas[:, 1]))
    found = [
        _judged(_closer(mode, part, table, period_s), part, table, period_s, whole_s)
        for mode in apart(modes_of(pairs), same_mps)[:MOST_MODES]
    ]
    found = sorted(found, key=lambda one: -one[0])
    worth, long, came, mode = found[0]
    second = max((w for w, _, _, m in found if np.linalg.norm(m - mode) > same_mps), default=-np.inf)
    clear = worth - second > CLEAR_SIGMAS * SUDDEN_NATS * float(np.sqrt(came + 1.0))
    if long < LEAST_CHAINS or not (clear or len(looks) >= SURE_LOOKS):
        return None
    return mode


def _judged(
    mode: Array, rows: Array, table: Array, period_s: float, whole_s: float
) -> tuple[float, int, int, Array]:
    """A velocity's worth in nats, how many objects it finds and how many come and go."""
    links = link(rows, table, period_s, mode, CLOSE_MPS)
    come_and_go = sudden(links.chains, rows, table, period_s, whole_s)
    return links.nats - SUDDEN_NATS * come_and_go, len(links.long), come_and_go, mode


def _middle(rows: Array, table: Array, period_s: float) -> Array:
    """Of every look the rows nearest to its middle, as many as a velocity is sure from: the work stays
    bounded.
    """
    kept = np.zeros(len(rows), dtype=np.bool_)
    for look in looks_of(rows, period_s):
        places = places_of(rows[look], table)
        off_m = np.linalg.norm(places - np.median(places, axis=0), axis=1)
        kept[look[np.argsort(off_m, kind="stable")[:MIDDLE]]] = True
    return np.ascontiguousarray(rows[kept])


def _closer(mode: Array, rows: Array, table: Array, period_s: float) -> Array:
    """A velocity made sharper by the objects that it finds."""
    for _ in range(CLOSER):
        chains = link(rows, table, period_s, mode, SIGMA_MPS).long
        if len(chains) < LEAST_CHAINS:
            break
        ends = np.array([(chain.rows[0], chain.rows[-1]) for chain in chains])
        mode = settled(pairs_at(rows, ends[:, 0], ends[:, 1], table), mode)
    return mode


def sudden(chains: Sequence[Chain], rows: Array, table: Array, period_s: float, whole_s: float) -> int:
    """How many times an object must have come or gone within sight of the radar: it began where it would have
    been among the plots one look before, or it was not seen any more above the lowest of them.
    """
    x = np.array([chain.state.x for chain in chains])
    p = np.array([chain.state.p for chain in chains])
    last = np.array([chain.time_s for chain in chains])
    first = rows[[chain.rows[0] for chain in chains], 0]
    early, _ = flown(x, p, first - period_s - last)
    late, _ = flown(x, p, np.full(len(x), period_s))
    began, ended = _polar(early, rows, table), _polar(late, rows, table)
    seen = _polar(places_of(rows, table), rows, table)
    low, high = seen.min(axis=0), seen.max(axis=0)
    margin = table[int(rows[0, 2]), :3]
    inside = np.all((began > low + margin) & (began < high - margin), axis=1)
    came = inside & (first > rows[0, 0] + 0.6 * period_s)
    gone = (ended[:, 2] > low[2] + margin[2]) & (last < min(rows[-1, 0], whole_s) - 0.6 * period_s)
    return int(np.sum(came) + np.sum(gone))


def _polar(x: Array, rows: Array, table: Array) -> Array:
    """Range, azimuth from the middle of the rows, and elevation (n, 3) as their radar sees them."""
    entry = table[int(rows[0, 2])]
    distance, az, el = ecef_to_aer(x[:, :3], entry[5:8], entry[8:].reshape(3, 3))
    return np.column_stack((distance, from_middle(az, rows[:, 5]), el))

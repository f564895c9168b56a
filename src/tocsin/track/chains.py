"""Rows of one radar linked over its looks, with the velocity of a group as prior of every object.

How well a velocity explains the rows is told by the likelihood of its links, against that of rows which are
nobody's and lie anywhere in the group's region (the track score of Sittler 1964; Blackman and Popoli 1999,
section 6.2).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track import fleet_kernels, group_kernels
from tocsin.track.associate import assign, gate
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.group import FASTEST_MPS, falling, frames, places_of
from tocsin.track.motion import Gaussian
from tocsin.track.parting import look_errors

Array = NDArray[np.float64]
Index = NDArray[np.int64]

CLOSE_MPS: Final = 25.0  # of an object's velocity about its group's: over 200 km a salvo's differ so much
PUSH_MPS2: Final = 10.0  # what free flight may miss within a period, while a motor may still burn
PERIODS_OPEN: Final = 2.6  # a chain may miss one look, not two
HITS: Final = 3
INNER: Final = 0.5  # part of a look's rows that its density is taken from: clutter lies outside
LEAST_SIGMAS: Final = 10.0


class Chain(NamedTuple):
    """Rows of one object (indices), its state and covariance at the last of them."""

    rows: list[int]
    state: Gaussian
    time_s: float


class Links(NamedTuple):
    """Chains of all rows (also of single ones), and how many nats more likely they make the rows."""

    chains: list[Chain]
    nats: float

    @property
    def long(self) -> list[Chain]:
        """Those of at least HITS rows."""
        return [chain for chain in self.chains if len(chain.rows) >= HITS]


def link(rows: Array, table: Array, period_s: float, mode: Array, sigma_mps: float) -> Links:
    """Rows of one radar as chains, each of one object that has this local velocity at the last row's time,
    give or take a sigma.
    """
    x, p, times = np.empty((0, 7)), np.empty((0, 7, 7)), np.empty(0)
    members: list[list[int]] = []
    by_look, nats = looks_of(rows, period_s), 0.0
    stray = stray_nats(rows, by_look, table) if by_look else 0.0
    for look in by_look:
        scan = np.ascontiguousarray(rows[look])
        time_s = float(scan[0, 0])
        open_ = np.flatnonzero(time_s - times < PERIODS_OPEN * period_s)
        moved, cov = flown(x[open_], p[open_], time_s - times[open_])
        found = gate(scan, table, np.ascontiguousarray(moved[:, :6]), cov[:, :6, :6].copy(), time_s)
        pairs = assign(found)
        costs = dict(
            zip(zip(found.tracks.tolist(), found.plots.tolist(), strict=True), found.costs, strict=True)
        )
        nats += sum(_nats(scan[n], float(costs[t, n]), stray) for t, n in pairs)
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
    return Links([Chain(m, Gaussian(x[k], p[k]), float(times[k])) for k, m in enumerate(members)], nats)


def stray_nats(rows: Array, by_look: Sequence[Index], table: Array) -> float:
    """ln of the density (per metre and square radian) of the rows of the fullest look; of a few, as if they
    filled a room that a radar can part.
    """
    fullest = rows[max(by_look, key=len), 4:7].copy()
    fullest[:, 1] = from_middle(fullest[:, 1], fullest[:, 1])
    edge = 50.0 * (1.0 - INNER)
    wide = np.ptp(np.percentile(fullest, [edge, 100.0 - edge], axis=0), axis=0) / INNER
    least = LEAST_SIGMAS * table[int(rows[0, 2]), :3]
    return float(np.log(len(fullest)) - np.sum(np.log(np.maximum(wide, least))))


def from_middle(azimuths: Array, others: Array) -> Array:
    """Azimuths (rad) from the middle of others, -pi to pi: north is no edge."""
    middle = np.arctan2(np.sin(others).mean(), np.cos(others).mean())
    return np.asarray((azimuths - middle + np.pi) % (2.0 * np.pi) - np.pi)


def _nats(row: Array, cost: float, stray: float) -> float:
    """By how much a link (cost d^2 + ln det S) makes a row more likely than as nobody's."""
    numbers = 3
    if np.isfinite(row[7]):
        numbers, stray = 4, stray - float(np.log(2.0 * FASTEST_MPS))
    return -0.5 * (cost + numbers * float(np.log(2.0 * np.pi))) - stray


def looks_of(rows: Array, period_s: float) -> list[Index]:
    """Rows of one radar (in order of time) by look."""
    if not len(rows):
        return []
    marks = [0]
    for n in range(1, len(rows)):
        if rows[n, 0] - rows[marks[-1], 0] >= 0.6 * period_s:
            marks.append(n)
    return [np.arange(a, b) for a, b in zip(marks, [*marks[1:], len(rows)], strict=True)]


def flown(x: Array, p: Array, dt_s: Array) -> tuple[Array, Array]:
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
    if len(rows):
        entry = table[int(rows[0, 2])]
        p[:, :3, :3] = look_errors(places, entry[None], [np.arange(len(rows))])[0]
    p[:, [3, 4, 5], [3, 4, 5]] = sigma_mps**2
    p[:, 6, 6] = LN_BETA_SIGMA**2
    return x, p

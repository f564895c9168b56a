"""What the objects of a group tell each other: velocities that are nearly alike.

A young object's velocity is known badly by its own plots, and it is what makes its place vague and lets its
neighbours' plots pass for its own. Its group's is known well. So the velocities of a group's members, each
from its own plots alone, give a mean and a spread (one number for all directions, by maximum likelihood:
empirical Bayes, Efron and Morris 1973), and these are every member's prior (`Record.group`). What does not
move as the others do has no part in it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.track import kernels
from tocsin.track.group import LEAST, common, falling, frames
from tocsin.track.nursery import ALIKE_MPS, NEAR_M
from tocsin.track.record import Record
from tocsin.track.rows import pack, rows_of
from tocsin.track.sweep import VAGUE

Array = NDArray[np.float64]
Index = NDArray[np.int64]

LEAST_ROWS: Final = 3


class Own(NamedTuple):
    """Members' velocities by their own plots alone: which records (n,), local frames (n, 3, 3), places and
    velocities (n, 3) at their starts (s, n), information (n, 3, 3); velocities and information local, at the
    last start.
    """

    records: list[int]
    frames: Array
    places: Array
    starts_s: Array
    velocities: Array
    information: Array


def agree(records: list[Record], table: Array) -> list[Record]:
    """The records, those of a group with what all of it says of their velocity."""
    left = _own(records, table)
    found = list(records)
    while left is not None and len(left.records) >= LEAST:
        near = _alike(left)
        if int(near.sum()) >= LEAST:
            _tell(found, _part(left, near))
        left = _part(left, ~near)
    return found


def _own(records: Sequence[Record], table: Array) -> Own | None:
    young = [
        i
        for i, record in enumerate(records)
        if record.group and record.start and not (record.filtered or record.resumed)
    ]
    rows: list[tuple[int, Array, Array, float, Array]] = []
    for i in young:
        own = _velocity(records[i], table)
        if own is not None:
            rows.append((i, own[0], own[1], records[i].start_s, own[2]))
    if not rows:
        return None
    places, velocities = np.array([r[1][:3] for r in rows]), np.array([r[1][3:6] for r in rows])
    velocities += np.array([r[4] for r in rows])
    starts_s, local = np.array([r[3] for r in rows]), frames(places)
    last = velocities + falling(places, velocities) * (starts_s.max() - starts_s)[:, None]
    information = local @ np.array([r[2] for r in rows]) @ local.transpose(0, 2, 1)
    return Own(
        [r[0] for r in rows], local, places, starts_s, np.einsum("nij,nj->ni", local, last), information
    )


def _velocity(record: Record, table: Array) -> tuple[Array, Array, Array] | None:
    """State at its start, information (3, 3) on its velocity there by its own rows, and by how much (3,)
    these move it; None where they say nothing.
    """
    rows = rows_of(record.rows)
    if len(rows) < LEAST_ROWS or rows[0, 0] != record.start_s:
        return None
    x = np.append(np.frombuffer(record.start)[:7], 0.0)
    matrix, right, ends = np.zeros((8, 8)), np.zeros(8), np.empty((7, 8))
    chi2, _ = kernels.flight_normal(rows, table, x, record.start_s, matrix, right, ends)
    if not np.isfinite(chi2):
        return None
    gain = np.linalg.solve(matrix[:3, :3] + VAGUE * np.eye(3), matrix[:3, 3:6]).T
    information = matrix[3:6, 3:6] - gain @ matrix[:3, 3:6]
    if np.linalg.eigvalsh(information)[0] < VAGUE:
        return None
    return x, np.asarray(information), np.asarray(np.linalg.solve(information, right[3:6] - gain @ right[:3]))


def _alike(own: Own) -> NDArray[np.bool_]:
    """Those near the one nearest to the middle, in place and velocity."""
    middle = np.median(own.velocities, axis=0)
    first = int(np.argmin(np.linalg.norm(own.velocities - middle, axis=1)))
    wide = 3.0 * np.sqrt(np.trace(np.linalg.inv(own.information), axis1=1, axis2=2))
    off = np.linalg.norm(own.velocities - own.velocities[first], axis=1)
    close = np.linalg.norm(own.places - own.places[first], axis=1) < NEAR_M
    alike = np.asarray(close & (off < ALIKE_MPS + wide))
    alike[first] = True  # whoever asks takes these away, and ends
    return alike


def _part(own: Own, chosen: NDArray[np.bool_]) -> Own:
    kept = np.flatnonzero(chosen)
    return Own([own.records[k] for k in kept.tolist()], *(values[kept] for values in own[1:]))


def _tell(records: list[Record], own: Own) -> None:
    """Mean and spread of a family into the priors of its members, in place. Whoever is strange to it goes
    without.
    """
    mean, sigma, kin = common(own.velocities, np.asarray(np.linalg.inv(own.information)))
    told = np.einsum("nji,j->ni", own.frames, mean)
    told -= falling(own.places, told) * (own.starts_s.max() - own.starts_s)[:, None]
    for k, i in enumerate(own.records):
        if kin[k]:
            records[i] = replace(records[i], group=pack(np.concatenate((told[k], [sigma, own.starts_s[k]]))))

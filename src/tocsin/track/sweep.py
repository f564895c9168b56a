"""Rows of a crowd given out anew, look by look, to objects that move alike, until nothing changes.

Linked from look to look, a row goes to the object that is nearest by what was known until then. Here every
look's rows are given out by what all other looks say, earlier and later ones (iterated conditional modes,
Besag 1986), and the group's velocity and spread are taken anew before each sweep. Within seconds free flight
is a straight line and a fall that neighbours share, so that an object's estimate is a sum over its rows: one
row is taken out and put back at no cost.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track.associate import assign, gate
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.chains import HITS, looks_of, stray_nats
from tocsin.track.group import LEAST, common, falling, frames, places_of
from tocsin.track.motion import Gaussian
from tocsin.track.parting import look_errors

Array = NDArray[np.float64]
Index = NDArray[np.int64]

SWEEPS: Final = 4
MOST: Final = 250  # objects; the rows of more are left as they are: an assignment grows with the cube of them
# What a row must be worth to be an object's: likelier than that a look missed the object (detection
# probability 0.9, notional) and the row is nobody's.
MISS_NATS: Final = float(np.log(0.9 / 0.1))
VAGUE: Final = 1e-12  # information (s^2/m^2) on a velocity below which there is none
_ANYWHERE: Final = 1e-14  # information (1/m^2) on a place before anything is seen


class _Sums(NamedTuple):
    """Of rows or of objects: information (n, 6, 6) on place and velocity at the middle time, and information
    times these (n, 6).
    """

    matrix: Array
    right: Array


def sweep(
    rows: Array, owner: Index, table: Array, period_s: float, mode: Array, mode_s: float, sigma_mps: float
) -> tuple[Index, list[Gaussian]]:
    """Owners (n,) of one radar's rows given out anew (objects 0, 1, ...; -1: nobody's), and the objects'
    estimates at their last rows. `mode`: the group's local velocity at a time, `sigma_mps`: of a member's
    about it.
    """
    objects = int(owner.max(initial=-1)) + 1
    if not objects:
        return owner, []
    work = _Sweeping(rows, owner.copy(), table, period_s, mode, mode_s, sigma_mps)
    for _ in range(SWEEPS if objects <= MOST else 0):
        work.agree()
        if not work.once():
            break
    return work.owner, work.states()


class _Sweeping:
    """`owner` (n,): whose each row is, -1 nobody's."""

    def __init__(
        self,
        rows: Array,
        owner: Index,
        table: Array,
        period_s: float,
        mode: Array,
        mode_s: float,
        sigma_mps: float,
    ) -> None:
        self.rows, self.owner, self.table, self.sigma_mps = rows, owner, table, sigma_mps
        self.objects = int(owner.max(initial=-1)) + 1
        self.looks = looks_of(rows, period_s)
        self.middle_s = 0.5 * float(rows[0, 0] + rows[-1, 0])
        self.places = places_of(rows, table)
        self.price = 2.0 * (MISS_NATS - stray_nats(rows, self.looks, table)) - 3.0 * float(
            np.log(2.0 * np.pi)
        )
        centre = self.places.mean(axis=0, keepdims=True)
        local = frames(centre)[0]
        self.mode = mode - local @ falling(centre, mode[None] @ local)[0] * (mode_s - self.middle_s)
        self.parts = self._of_rows()

    def _of_rows(self) -> _Sums:
        dt = self.rows[:, 0] - self.middle_s
        velocities = np.einsum("nji,j->ni", frames(self.places), self.mode)
        still = self.places - 0.5 * falling(self.places, velocities) * (dt**2)[:, None]
        entry = self.table[int(self.rows[0, 2])]
        weight = np.linalg.inv(look_errors(self.places, entry[None], [np.arange(len(self.rows))])[0])
        partials = np.concatenate(
            (np.broadcast_to(np.eye(3), weight.shape), dt[:, None, None] * np.eye(3)), 2
        )
        turned = partials.transpose(0, 2, 1) @ weight
        return _Sums(turned @ partials, np.einsum("nij,nj->ni", turned, still))

    def _of_objects(self) -> tuple[_Sums, Index, Array]:
        """Sums over every object's rows, how many these are, and its local frame."""
        mine = self.owner >= 0
        count = np.bincount(self.owner[mine], minlength=self.objects)
        sums = _Sums(np.zeros((self.objects, 6, 6)), np.zeros((self.objects, 6)))
        np.add.at(sums.matrix, self.owner[mine], self.parts.matrix[mine])
        np.add.at(sums.right, self.owner[mine], self.parts.right[mine])
        middle = self.places.mean(axis=0)
        off = np.zeros((self.objects, 3))
        np.add.at(off, self.owner[mine], self.places[mine] - middle)
        return sums, count, frames(middle + off / np.maximum(count, 1)[:, None])

    def agree(self) -> None:
        """The group's velocity and spread from its members' rows."""
        sums, count, local = self._of_objects()
        used = count >= HITS
        if int(used.sum()) < LEAST:
            return
        part = sums.matrix[used]
        gain = np.linalg.solve(part[:, :3, :3], part[:, :3, 3:]).transpose(0, 2, 1)
        information = part[:, 3:, 3:] - gain @ part[:, :3, 3:]
        if np.linalg.eigvalsh(information).min() < VAGUE:
            return
        right = sums.right[used, 3:] - np.einsum("nij,nj->ni", gain, sums.right[used, :3])
        errors = np.asarray(np.linalg.inv(information))
        velocities = np.einsum("nij,njk,nk->ni", local[used], errors, right)
        turned = np.asarray(local[used] @ errors @ local[used].transpose(0, 2, 1))
        self.mode, self.sigma_mps, _ = common(velocities, turned)

    def _estimates(self) -> tuple[_Sums, Index]:
        sums, count, local = self._of_objects()
        held = np.diag([_ANYWHERE] * 3 + [self.sigma_mps**-2.0] * 3)
        right = sums.right + np.concatenate((_ANYWHERE * self.places.mean(axis=0), np.zeros(3)))
        right[:, 3:] += np.einsum("nji,j->ni", local, self.mode) * self.sigma_mps**-2.0
        return _Sums(sums.matrix + held, right), count

    def once(self) -> int:
        """Every look's rows given out once; how many have another owner now."""
        changed = 0
        sums, count = self._estimates()
        for look in self.looks:
            before = self.owner[look]
            self._put(sums, count, look, before, -1.0)
            after = self._given_out(sums, count, look)
            alone = (before >= 0) & (after < 0) & (count[before] == 0)
            kept, first = np.unique(before[alone], return_index=True)
            after[np.flatnonzero(alone)[first]] = kept
            self._put(sums, count, look, after, 1.0)
            self.owner[look] = after
            changed += int(np.sum(after != before))
        return changed

    def _put(self, sums: _Sums, count: Index, look: Index, owner: Index, sign: float) -> None:
        mine = owner >= 0
        np.add.at(sums.matrix, owner[mine], sign * self.parts.matrix[look[mine]])
        np.add.at(sums.right, owner[mine], sign * self.parts.right[look[mine]])
        np.add.at(count, owner[mine], int(sign))

    def _given_out(self, sums: _Sums, count: Index, look: Index) -> Index:
        """Owners (m,) of a look's rows by what the other looks say."""
        seen, time_s = np.flatnonzero(count > 0), float(self.rows[look[0], 0])
        means, covs = _at(_Sums(sums.matrix[seen], sums.right[seen]), time_s - self.middle_s)
        found = gate(np.ascontiguousarray(self.rows[look]), self.table, means, covs, time_s)
        owner = np.full(len(look), -1, dtype=np.int64)
        for k, n in assign(found, self.price):
            owner[n] = seen[k]
        return owner

    def states(self) -> list[Gaussian]:
        """Objects at their last rows; of no use where they have none."""
        sums, _ = self._estimates()
        last_s = np.full(self.objects, self.middle_s)
        mine = self.owner >= 0
        np.maximum.at(last_s, self.owner[mine], self.rows[mine, 0])
        means, covs = _at(sums, last_s - self.middle_s)
        p = np.zeros((self.objects, 7, 7))
        p[:, :6, :6], p[:, 6, 6] = covs, LN_BETA_SIGMA**2
        return [Gaussian(np.append(x, LN_BETA_MEAN), cov) for x, cov in zip(means, p, strict=True)]


def _at(sums: _Sums, dt_s: float | Array) -> tuple[Array, Array]:
    """States (n, 6) and covariances (n, 6, 6) so long after the middle time."""
    p = np.linalg.inv(sums.matrix)
    x = np.einsum("nij,nj->ni", p, sums.right)
    dt = np.broadcast_to(np.asarray(dt_s, dtype=np.float64), len(x))
    moved = np.tile(np.eye(6), (len(x), 1, 1))
    moved[:, :3, 3:] = dt[:, None, None] * np.eye(3)
    pull = falling(x[:, :3], x[:, 3:])
    fall = np.concatenate((0.5 * dt[:, None] ** 2 * pull, dt[:, None] * pull), axis=1)
    means = np.einsum("nij,nj->ni", moved, x) + fall
    return np.ascontiguousarray(means), np.ascontiguousarray(moved @ p @ moved.transpose(0, 2, 1))

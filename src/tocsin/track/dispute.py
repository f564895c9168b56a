"""Whose rows are whose, among a few flights: first the likeliest way, then how sure each row of it is.

The likeliest way is found by exchanges between two flights: all rows from a look on, or those of one look.
Flights that were mixed up in their first looks, or left a crossing with each other's plots, are parted so.
Then each look's rows are shared by probability, all other looks being held as they are shared (expectation
propagation, Minka 2001, with moments matched in what the radar measures).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track.gate_kernels import joint
from tocsin.track.paths import NOBODY, Path, both_swap
from tocsin.track.shares import LEAST

Array = NDArray[np.float64]
Index = NDArray[np.int64]

EXCHANGES: Final = 10
# -2 ln of how much likelier a way must be: those that are alike do not take turns, and two tracks
# of one object do not take each other's rows (ours).
GAIN: Final = 2.0
SWEEPS: Final = 3
# An exchange that makes the whole dearer by more changes no share: twice the cost of one of LEAST, since the
# estimates are drawn to the rows that they have.
_RIM: Final = -4.0 * float(np.log(LEAST))
_WHOLE: Final = 1.0 - 1e-9  # of an estimate's information that one row may be
_PRICE: Final = 60.0  # of a way without a row: whoever has a row has one of them


class Shared(NamedTuple):
    """Of a look: its flights (m,), and what each makes of the rows: shares (m, m), residuals (m, m, 4)."""

    flights: Index
    parts: Array
    off: Array


def parted(paths: Sequence[Path], own: Index, free: NDArray[np.bool_]) -> Index:
    """Rows of flights by look (paths, looks) after exchanges in `free` looks (looks,); the shorter part of
    two moves.
    """
    own, looks = own.copy(), own.shape[1]
    for _ in range(EXCHANGES):
        dearer = [(both_swap(paths, own, a, b, free), a, b) for a, b in combinations(range(len(paths)), 2)]
        best, a, b = min(dearer, key=lambda one: (float(one[0].min()), one[1:]))
        if not best.min() < -GAIN:
            break
        place = int(np.argmin(best))
        moved = np.arange(looks) >= place if place < looks else np.arange(looks) == place - looks
        if free.all() and 2 * moved.sum() > looks:
            moved = ~moved  # the same way, the names exchanged
        moved &= free
        own[a, moved], own[b, moved] = own[b, moved], own[a, moved].copy()
    return own


def unsure(paths: Sequence[Path], own: Index, free: NDArray[np.bool_]) -> Index:
    """Looks in which two flights could exchange their rows."""
    found = np.zeros(own.shape[1], dtype=np.bool_)
    for a, b in combinations(range(len(paths)), 2):
        both = free & (own[a] != NOBODY) & (own[b] != NOBODY)
        found |= both & (both_swap(paths, own, a, b, both)[len(free) :] < _RIM)
    return np.flatnonzero(found)


def shared(paths: Sequence[Path], own: Index, looks: Index) -> dict[int, Shared]:
    """Shares in the rows of `looks`. Who has no row of a look takes part in none."""
    sites = [Sites(path, rows, looks) for path, rows in zip(paths, own, strict=True)]
    off = np.array([[path.off[rows[looks]] for rows in own] for path in paths])
    found: dict[int, Shared] = {}
    for _ in range(SWEEPS if len(looks) else 0):
        costs = np.array([site.costs(off[k]) for k, site in enumerate(sites)])
        for n, look in enumerate(looks.tolist()):
            here = np.flatnonzero(own[:, look] != NOBODY)
            among = np.ix_(here, here)
            found[look] = Shared(here, _parts(costs[..., n][among]), off[..., n, :][among])
            for k, part, rows_off in zip(here.tolist(), found[look].parts, found[look].off, strict=True):
                sites[k].put(n, part, rows_off)
    return found


def mean_and_spread(part: Array, off: Array) -> tuple[Array, Array]:
    """Mean (4,) of residuals (m, 4) by their shares (m,), and by how much their spread makes each number's
    variance larger (4,).
    """
    mean = part @ off
    return mean, part @ (off - mean) ** 2


def _parts(costs: Array) -> Array:
    """Probabilities (m, m) that a flight made a row, each having made one."""
    parts = np.empty_like(costs)
    exponents = 0.5 * (np.trace(costs) / len(costs) + _PRICE - costs)
    joint(np.exp(np.clip(exponents, -300.0, 300.0)), parts)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))


class Sites:
    """What one flight has of unsure looks: residuals and variances (looks, 4) that stand for their rows."""

    def __init__(self, path: Path, own: Index, looks: Index) -> None:
        self.path = path
        sure = np.ones(len(own), dtype=np.bool_)
        sure[looks] = False
        self.sure = own[sure]
        mine = own[looks]
        self.jac = path.jac[mine] * (mine != NOBODY)[:, None, None]
        self.var, self.off = path.var[mine], path.off[mine]
        self.wide = self.var.copy()

    def put(self, look: int, part: Array, off: Array) -> None:
        """A look's rows (m, 4 residuals) by their shares."""
        self.off[look], more = mean_and_spread(part, off)
        self.wide[look] = self.var[look] + more

    def costs(self, off: Array) -> Array:
        """d^2 + ln det S (m, looks) of residuals (m, looks, 4) by all other looks."""
        weighed = self.jac / self.wide[..., None]
        matrix, right = self.path.held
        matrix = matrix + self.path.matrix[self.sure].sum(axis=0)
        matrix = matrix + np.einsum("nij,nik->jk", weighed, self.jac)
        right = right + self.path.right[self.sure].sum(axis=0) + np.einsum("nij,ni->j", weighed, self.off)
        p = np.linalg.inv(matrix)
        scale = np.sqrt(self.wide)
        inner = self.jac @ p @ self.jac.transpose(0, 2, 1) / (scale[:, :, None] * scale[:, None])
        gain = np.linalg.solve(np.eye(4) - _WHOLE * inner, inner)
        told = (self.jac @ (p @ right)) / scale
        mean = told + np.einsum("nij,nj->ni", gain, told - self.off / scale)
        cov = inner + gain @ inner + (self.var / self.wide)[:, :, None] * np.eye(4)
        away = off / scale - mean
        d2 = np.sum(away * np.linalg.solve(cov, away[..., None])[..., 0], axis=-1)
        return np.asarray(d2 + np.linalg.slogdet(cov)[1] + np.sum(np.log(self.wide), axis=1))

"""Free flights linearised along all rows that any of them may have made: what it costs to give a row to one
or the other is then a matter of sums.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tocsin.earth.flight import propagate
from tocsin.model.track import Phase
from tocsin.track import kernels
from tocsin.track.batch import NO_PRIOR, plausible
from tocsin.track.record import Record, estimate
from tocsin.track.young import PUSH_MPS2, prior_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NOBODY: Final = -1  # the row of a look that an object has none of
_STILL: Final = 1e-12  # (m/s^2)^2: the push of one that is in coast
_UNMEASURED: Final = 1e12  # variance of a number that a plot has not, whatever its unit
_UNITS: Final = np.array([1e3] * 3 + [10.0] * 3 + [1.0, 10.0])  # so that no number is far larger than others
_FIT_SIGMAS: Final = 4.0
_STEPS: Final = 3
_CLOSE: Final = 0.05  # units that a step moves by when it changes nothing any more


class Prior(NamedTuple):
    """What is held of x8 (a state x7 and a push along the velocity) before the rows."""

    mean: Array
    information: Array


class Path(Struct):
    """A flight x8 at the first row's time, and along rows (n, ROW): residuals (n, 4), partials (n, 4, 8) in
    _UNITS, variances (n, 4); of each row, and of none as the last: information (n + 1, 8, 8), information
    times state (n + 1, 8), squared residual (n + 1,).
    """

    x8: Array
    prior: Prior
    off: Array
    jac: Array
    var: Array
    matrix: Array
    right: Array
    square: Array

    def fits(self, rows: Index) -> bool:
        """Does the flight explain these rows?"""
        rows = rows[rows != NOBODY]
        numbers = int(np.sum(self.var[rows] < _UNMEASURED))
        return plausible(float(self.square[rows].sum()), numbers, 7, _FIT_SIGMAS)

    @property
    def held(self) -> tuple[Array, Array]:
        """The prior, as information (8, 8) and information times state (8,)."""
        matrix = self.prior.information * np.outer(_UNITS, _UNITS)
        return matrix, matrix @ ((self.prior.mean - self.x8) / _UNITS)

    def solved(self, rows: Index) -> tuple[Array, Array]:
        """Covariance (8, 8) and step (8,) by these rows."""
        matrix, right = self.held
        p = np.asarray(np.linalg.inv(matrix + self.matrix[rows].sum(axis=0)))
        return p, p @ (right + self.right[rows].sum(axis=0))


def begun(record: Record, t0_s: float) -> tuple[Array, Prior]:
    """Where the search for a record's flight at a time begins, and its prior."""
    coast = record.phase is Phase.COAST
    values = np.frombuffer(record.start) if record.start else np.append(estimate(record)[0].x, 0.0)
    since_s = record.start_s if record.start else record.head_s
    x7 = propagate(values[:7], t0_s - since_s)
    prior = NO_PRIOR if coast else prior_of(x7[:3], None)
    information = np.zeros((8, 8))
    information[:7, :7] = prior.information
    information[7, 7] = 1.0 / _STILL if coast else PUSH_MPS2**-2
    push = 0.0 if coast or len(values) < 8 else float(values[7])
    return np.append(x7, push), Prior(np.append(prior.mean, 0.0), information)


def along(x8: Array, prior: Prior, rows: Array, table: Array) -> Path | None:
    """The flight along rows in order of time; None where no falling body flies so."""
    n = len(rows)
    off, jac, var = np.empty((n, 4)), np.empty((n, 4, 8)), np.empty((n, 4))
    if not kernels.flight_rows(rows, table, x8, float(rows[0, 0]), off, jac, var):
        return None
    jac, var = jac * _UNITS, np.minimum(var, _UNMEASURED)
    weighed = jac / var[:, :, None]
    none = np.zeros((1, 8, 8))
    return Path(
        x8,
        prior,
        off,
        jac,
        var,
        np.concatenate((weighed.transpose(0, 2, 1) @ jac, none)),
        np.concatenate((np.einsum("nij,ni->nj", weighed, off), none[0, :1])),
        np.append(np.sum(off * off / var, axis=1), 0.0),
    )


def fitted(path: Path, own: Index, rows: Array, table: Array) -> Path | None:
    """The flight moved to where its own rows say, and linearised there."""
    for _ in range(_STEPS):
        _, step = path.solved(own)
        if float(np.abs(step).max()) < _CLOSE:
            break
        moved = along(path.x8 + step * _UNITS, path.prior, rows, table)
        if moved is None:
            return None
        path = moved
    return path


def cost(path: Path, matrix: Array, right: Array, square: Array) -> Array:
    """-2 ln of the evidence (...,) of rows whose sums these are (..., 8, 8), (..., 8), (...,), but for what
    does not depend on whose they are.
    """
    held, toward = path.held
    whole = matrix + held
    state = np.linalg.solve(whole, (right + toward)[..., None])[..., 0]
    return np.asarray(square - np.sum((right + toward) * state, axis=-1) + np.linalg.slogdet(whole)[1])


def swaps(path: Path, own: Index, other: Index, free: NDArray[np.bool_]) -> Array:
    """Costs (1 + 2 looks,) of a flight as it is, with all rows from a look on changed for the `other` one's,
    and with those of one look; `own`, `other` (looks,): rows; only `free` looks change.
    """
    found = []
    for values in (path.matrix, path.right, path.square):
        mine = values[own]
        change = (values[other] - mine) * free.reshape(-1, *[1] * (mine.ndim - 1))
        tails = np.cumsum(change[::-1], axis=0)[::-1]
        found.append(mine.sum(axis=0) + np.concatenate((0.0 * tails[:1], tails, change)))
    return cost(path, *found)


def both_swap(paths: Sequence[Path], own: Index, a: int, b: int, free: NDArray[np.bool_]) -> Array:
    """By how much the whole gets dearer (2 looks,) if two exchange what `swaps` says; own (paths, looks)."""
    total = swaps(paths[a], own[a], own[b], free) + swaps(paths[b], own[b], own[a], free)
    return np.asarray(total[1:] - total[0])

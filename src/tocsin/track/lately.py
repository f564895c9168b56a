"""A motor that may have gone out in the last few seconds, which no row can refute yet.

Any second may be the last of a boost. Until a few rows have come the cubic of one that burns on follows them
as well, and its state says far less than it may err. So it is one of several: the motor burns on, or it went
out one second ago, two, ... Each is a cubic up to there that falls after; all are weighed by how likely they
make the rows and by how rarely motors go out, and told as one (docs/adr/0043). That it is out at all is found
by `burnout`, once the rows can tell.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import derivative
from tocsin.track import kernels
from tocsin.track.batch import LN_BETA_MEAN, POLY_PRIOR, Fit, evaluate_poly
from tocsin.track.burnout import RATE_HZ
from tocsin.track.polar import bent_step, site_of

Array = NDArray[np.float64]

# Every second of the last six: an older burnout is likelier than none by then, and `burnout` speaks of it.
AGO_S: Final = np.arange(0.75, 6.0)
EACH_S: Final = 1.0
_OPEN: Final = 1e-12  # least eigenvalue of scaled normal equations


class _Bank(NamedTuple):
    """Cubics (k, 12) that ended at their times, at the last row; normal equations (k, 12, 12), right sides
    (k, 12), costs with the prior (k,), chi-squared (k,).
    """

    x: Array
    matrix: Array
    right: Array
    cost: Array
    chi2: Array


def undecided(rows: Array, table: Array, burning: Fit, last_s: float) -> Fit:
    """The cubic (12,) at the last row that stands for all, from that of a motor that burns on.

    One Gauss-Newton step from there and what the next one would bring: they are nearly linear in each other.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # absurd plots: what is not finite is left out
        return _weighed(rows, table, burning, last_s)


def _weighed(rows: Array, table: Array, burning: Fit, last_s: float) -> Fit:
    place, velocity, _ = evaluate_poly(burning.x, -float(np.mean(AGO_S)))
    fall = derivative(np.concatenate((place, velocity, [LN_BETA_MEAN])))[3:]
    first = _bank(rows, table, np.tile(burning.x, (len(AGO_S), 1)), burning.x, last_s, fall)
    steps = _times(_inverses(first.matrix), first.right)
    reached, site = first.x + steps, site_of(rows, table)
    if site is not None:
        reached[:, :6] = bent_step(burning.x[:6], steps[:, :6], site)
    last = _bank(rows, table, reached, burning.x, last_s, fall)
    p = _inverses(last.matrix)
    more = _times(p, last.right)
    cost = last.cost - np.sum(last.right * more, axis=1)
    odds = 0.5 * (_log_dets(p) - cost) - _evidence(burning) + np.log(RATE_HZ * EACH_S)
    to = np.array([_falling(ago_s) for ago_s in AGO_S])
    ends = _times(to, last.x + more) + _since(fall)
    return _together(burning, odds, ends, to @ p @ to.transpose(0, 2, 1), last.chi2)


def _bank(rows: Array, table: Array, x: Array, centre: Array, last_s: float, fall_mps2: Array) -> _Bank:
    count = len(AGO_S)
    off = np.zeros((count, 12)) - x
    off[:, :3] += centre[:3]
    matrix = np.tile(np.diag(POLY_PRIOR), (count, 1, 1))
    right, chi2 = POLY_PRIOR * off, np.empty(count)
    cost = np.sum(off * right, axis=1)
    for k, ago_s in enumerate(AGO_S.tolist()):
        chi2[k], _ = kernels.poly_normal(rows, table, x[k], last_s, matrix[k], right[k], -ago_s, fall_mps2)
    return _Bank(x, matrix, right, cost + chi2, chi2)


def _together(burning: Fit, odds: Array, ends: Array, p: Array, chi2: Array) -> Fit:
    """All as one, what parts them in its covariance. `odds`: logarithms, against one that burns on."""
    usable = np.isfinite(odds)
    weights = np.exp(np.append(0.0, odds[usable]) - max(0.0, float(np.max(odds[usable], initial=0.0))))
    weights /= np.sum(weights)
    states, squares = np.vstack((burning.x, ends[usable])), np.append(burning.chi2, chi2[usable])
    x = weights @ states
    told = Fit(x, burning.p, float(weights @ squares), burning.numbers)
    ratios = np.maximum(squares / max(burning.numbers - 9, 1), 1.0) / max(told.ratio, 1.0)
    apart = states - x
    cov = np.einsum("k,kij->ij", weights * ratios, np.vstack((burning.p[None], p[usable])))
    cov += np.einsum("k,ki,kj->ij", weights / max(told.ratio, 1.0), apart, apart)
    return told._replace(p=np.asarray(cov))


def _falling(ago_s: float) -> Array:
    """(12, 12): the cubic that ended so long ago as that of what falls since, gravity left out."""
    row = np.zeros((4, 4))
    row[0] = 1.0, 0.0, -0.5 * ago_s**2, ago_s**3 / 3.0
    row[1] = 0.0, 1.0, -ago_s, 0.5 * ago_s**2
    return np.asarray(np.kron(row, np.eye(3)), dtype=np.float64)


def _since(fall_mps2: Array) -> Array:
    """(k, 12): what gravity did since."""
    each = np.array([0.5 * AGO_S**2, AGO_S, np.ones_like(AGO_S), np.zeros_like(AGO_S)])
    return np.asarray((each.T[:, :, None] * fall_mps2).reshape(len(AGO_S), 12))


def _evidence(fit: Fit) -> float:
    cost = fit.chi2 + float(POLY_PRIOR[3:] @ fit.x[3:] ** 2)
    return 0.5 * float(_log_dets(fit.p)) - 0.5 * cost


def _inverses(matrices: Array) -> Array:
    """Of normal equations (k, n, n), metres and m/s^3 in one."""
    scale = 1.0 / np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    both = scale[:, :, None] * scale[:, None, :]
    return np.asarray(np.linalg.inv(matrices * both + _OPEN * np.eye(matrices.shape[1])) * both)


def _log_dets(matrices: Array) -> Array:
    sign, size = np.linalg.slogdet(matrices)
    return np.where(sign > 0.0, size, np.nan)


def _times(matrices: Array, vectors: Array) -> Array:
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])

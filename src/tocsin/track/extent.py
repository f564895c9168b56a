"""Where a group is and how wide, by the plots that looks show of it, whatever track each was given to.

The mean of a look's plots is a measurement of the group's middle, their scatter one of its extent once what
the radar errs by is taken off: Koch, IEEE Trans. Aerospace and Electronic Systems 44 (2008) 1042, and with
the errors apart Feldmann, Fraenken and Koch, IEEE Trans. Signal Processing 59 (2011) 1409. An even filling
of an ellipsoid with half axes a has the variances a^2 / 5. Without looks, members' tracks say the same, less
surely.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.earth.gauss import invert, symmetrise
from tocsin.model.group import Extent
from tocsin.track.group import SPREAD_LEAST_MPS

Array = NDArray[np.float64]

EVEN: Final = 5.0  # squared half axes of an evenly filled ellipsoid to variances
NORMAL: Final = 1.4826  # a normal distribution's sigma over its median distance from the middle
VAGUE: Final = 2.0  # times as uncertain as the usual member: says nothing of the group (ours)
AGAIN: Final = 10.0  # members err by 5 to 40 times what they claim, squared (ADR 41), and hold looks' plots
LEAST_MISSED: Final = 0.05  # share of the objects that a look does not show, at least


class Cloud(NamedTuple):
    """A group: state of its middle (7,) and its covariance (7, 7); the objects' scatter in place (3, 3) and
    in velocity (one sigma, every direction); and what the first was taken from, `whole` (3, 3) of so many
    `draws`.
    """

    x: Array
    p: Array
    spread: Array
    speeds_mps: float
    whole: Array
    draws: int

    @property
    def each(self) -> Array:
        """Covariance (7, 7) of any one object of the group."""
        p = self.p.copy()
        p[:3, :3] += self.spread
        p[3:6, 3:6] += self.speeds_mps**2 * np.eye(3)
        return p


class Seen(NamedTuple):
    """One look of a radar at a group: how long after the group's time (s), places of the plots inside less
    the middle then (n, 3), a plot's errors (3, 3), and how many of the plots are nobody's.
    """

    dt_s: float
    off: Array
    errors: Array
    strays: float


def cloud_of(x: Array, p: Array) -> Cloud:
    """By members' states (n, 7) and covariances (n, 7, 7) at one time. How their errors are correlated is not
    known: their mean is not believed to be better than one of them. A vague one, that was lost from sight
    before its motion was known, would be everywhere soon, and the group with it.
    """
    usual = _usual(p)
    x, p = x[usual], p[usual]
    mean, errors = x.mean(axis=0), symmetrise(p.mean(axis=0))
    off = (x - mean)[:, :3]
    scatter = symmetrise(off.T @ off / max(len(x) - 1, 1))
    spread = _positive(scatter - errors[:3, :3])
    return Cloud(mean, errors, spread, _speeds_mps(x, p), scatter, max(len(x) - 1, 1))


def _usual(p: Array) -> NDArray[np.bool_]:
    """Which of the members (n,) are known about as well as the middle one of them, in place and velocity."""
    sizes = np.column_stack([np.trace(p[:, at, at], axis1=1, axis2=2) for at in (slice(3), slice(3, 6))])
    return np.asarray((sizes <= VAGUE**2 * np.median(sizes, axis=0)).all(axis=1))


def _speeds_mps(x: Array, p: Array) -> float:
    """By how much velocities differ, one sigma; from medians, for a track of mixed plots may have any."""
    sigmas = NORMAL * np.median(np.abs(x[:, 3:6] - np.median(x[:, 3:6], axis=0)), axis=0)
    own = np.median([np.diag(one)[3:6] for one in p], axis=0)
    return float(np.sqrt(max(np.mean(sigmas**2 - own), SPREAD_LEAST_MPS**2)))


def measured(cloud: Cloud, looks: Sequence[Seen]) -> Cloud:
    """The same with the scatter that looks show."""
    draws = sum(len(look.off) - 1 for look in looks if len(look.off))
    if not draws:
        return cloud
    scatters = [(look.off - look.off.mean(axis=0)).T @ (look.off - look.off.mean(axis=0)) for look in looks]
    whole = symmetrise(np.sum(scatters, axis=0) / draws)
    errors = np.sum([(len(look.off) - 1) * look.errors for look in looks], axis=0) / draws
    return cloud._replace(spread=_positive(whole - errors), whole=whole, draws=draws)


def placed(cloud: Cloud, looks: Sequence[Seen], objects: int) -> Cloud:
    """The same with the middle where looks at a group of so many objects show it."""
    if not looks:
        return cloud
    matrix, right = invert(AGAIN * cloud.p), np.zeros(7)
    for look in looks:
        missed = max(1.0 - len(look.off) / max(objects, 1), LEAST_MISSED)
        weight = np.linalg.inv((look.errors + missed * cloud.spread) / len(look.off))
        partials = np.zeros((3, 7))
        partials[:, :3], partials[:, 3:6] = np.eye(3), look.dt_s * np.eye(3)
        matrix += partials.T @ weight @ partials
        right += partials.T @ weight @ look.off.mean(axis=0)
    p = invert(symmetrise(matrix))
    return cloud._replace(x=cloud.x + p @ right, p=p)


def doubted(cloud: Cloud, asides: Sequence[Array]) -> Cloud:
    """The same, where other nations see it aside by these (3,) and say nothing of it: one of them is turned,
    or who speaks is. Who agrees best with another one is not.
    """
    if not asides:
        return cloud
    least = min(asides, key=lambda aside: float(np.linalg.norm(aside)))
    p = cloud.p.copy()
    p[:3, :3] += np.outer(least, least)
    return cloud._replace(p=p)


def _positive(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(symmetrise(matrix))
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def extent_of(cloud: Cloud) -> Extent:
    """The ellipsoid about the middle, in the local frame."""
    lat, lon, _ = (float(v) for v in ecef_to_geodetic(cloud.x[:3]))
    basis = enu_basis(lat, lon)
    local = basis @ cloud.spread @ basis.T
    values, vectors = np.linalg.eigh(symmetrise(local[:2, :2]))
    level = basis[:2] @ cloud.whole @ basis[:2].T
    minor, major = np.sqrt(EVEN * np.maximum(_apart(values, level, cloud.draws), 0.0))
    axis = basis[:2].T @ vectors[:, 1]
    return Extent(
        semi_major_m=float(major),
        semi_minor_m=float(minor),
        azimuth_rad=float(np.arctan2(vectors[0, 1], vectors[1, 1]) % np.pi),
        half_height_m=float(np.sqrt(EVEN * max(float(local[2, 2]), 0.0))),
        sigma_m=_sigma_m(float(axis @ cloud.whole @ axis), cloud.draws, float(major)),
    )


def _apart(values: Array, whole: Array, draws: int) -> Array:
    """Variances (2,) along the axes, the smaller first, less what chance parts them by: those of `whole`
    (2, 2), drawn so often, lie in the mean square by trace^2 / (2 draws) off their middle (Wishart).
    """
    middle, half = values.mean(), 0.5 * (values[1] - values[0])
    half = np.sqrt(max(half**2 - np.trace(whole) ** 2 / (2.0 * draws), 0.0))
    return np.array([middle - half, middle + half])


def _sigma_m(whole_m2: float, draws: int, axis_m: float) -> float:
    """Of a half axis: a variance from n draws errs by sqrt(2 / n) of itself, errors included."""
    error_m2 = EVEN * whole_m2 * float(np.sqrt(2.0 / draws))
    scale_m = max(axis_m, float(np.sqrt(error_m2)))
    return error_m2 / (2.0 * scale_m) if scale_m > 0.0 else 0.0  # tracks told in one place have no extent

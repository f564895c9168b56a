"""Gaussian algebra for states and covariances: gates, fusion, ellipses, repair. Small and pure."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaincinv

Array = NDArray[np.float64]

CHI2_95_2: Final = 5.991464547107979  # chi-squared, 2 degrees of freedom, 95 %: -2 ln 0.05


@lru_cache(maxsize=256)
def chi2_gate(dimension: int, probability: float) -> float:
    """Squared Mahalanobis distance that a `dimension`-variate normal stays within with `probability`."""
    return float(2.0 * gammaincinv(0.5 * dimension, probability))


def mahalanobis2(residual: Array, covariance: Array) -> float:
    """Squared Mahalanobis distance of a residual (n,) under a positive definite covariance (n, n)."""
    half = np.linalg.solve(np.linalg.cholesky(covariance), residual)
    return float(half @ half)


def symmetrise(matrix: Array) -> Array:
    """The symmetric part of a square matrix: removes the rounding that breaks symmetry."""
    return 0.5 * (matrix + matrix.T)


def nearest_psd(matrix: Array, floor: float = 0.0) -> Array:
    """Nearest symmetric matrix (Frobenius norm) with no eigenvalue below `floor` (Higham 1988)."""
    values, vectors = np.linalg.eigh(symmetrise(matrix))
    if values[0] >= floor:
        return symmetrise(matrix)
    return symmetrise((vectors * np.maximum(values, floor)) @ vectors.T)


def information_fuse(estimates: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Fuse independent estimates [(x (n,), P (n, n)), ...] by adding information; ValueError for none.

    Only for errors without correlation: fusing the same data twice makes the result overconfident.
    """
    if not estimates:
        raise ValueError("nothing to fuse")
    information = [invert(covariance) for _, covariance in estimates]
    covariance = invert(np.sum(information, axis=0))
    weighted = np.sum([i @ x for i, (x, _) in zip(information, estimates, strict=True)], axis=0)
    return covariance @ weighted, covariance


def covariance_intersection(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array, float]:
    """Fuse two estimates of unknown correlation (Julier and Uhlmann 1997): mean, covariance, weight of `a`.

    The weight makes the determinant of the result least; the result is never overconfident.
    """
    info_a, info_b = invert(a[1]), invert(b[1])

    def minus_log_information(weight: float) -> float:
        return -float(np.linalg.slogdet(weight * info_a + (1.0 - weight) * info_b)[1])

    weight = float(minimize_scalar(minus_log_information, bounds=(0.0, 1.0), method="bounded").x)
    covariance = invert(weight * info_a + (1.0 - weight) * info_b)
    return covariance @ (weight * info_a @ a[0] + (1.0 - weight) * info_b @ b[0]), covariance, weight


def invert(covariance: Array) -> Array:
    """Inverse of a positive definite matrix; scaled first, since metres and ln beta differ by many powers."""
    scale = 1.0 / np.sqrt(np.diag(covariance))
    scaled = np.linalg.inv(covariance * np.outer(scale, scale))
    return symmetrise(scaled * np.outer(scale, scale))


def ellipse95(covariance_en: Array) -> tuple[float, float, float]:
    """95 % ellipse of an (east, north) covariance (2, 2) in m^2: semi-major, semi-minor (m), azimuth of the
    major axis.

    The azimuth runs from north through east, 0 to pi.
    """
    values, vectors = np.linalg.eigh(symmetrise(covariance_en))
    minor, major = np.sqrt(CHI2_95_2 * np.maximum(values, 0.0))
    return float(major), float(minor), float(np.arctan2(vectors[0, 1], vectors[1, 1]) % np.pi)

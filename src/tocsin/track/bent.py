"""What is told of an estimate that a radar's ranges have bent.

A far radar knows range to metres and direction to kilometres. Where the object may be is then a piece of a
thin shell about the radar, and so are its range rates' velocities; a covariance is flat. At a distance s
aside the flat one is off by s^2 / 2R: 0.7 m at 1.4 km and 1,400 km, as much as half a sigma of range. The
tracker's own least squares runs over bent ranges and needs nothing of this; but who adds the told state to
another nation's, or asks how far off it is, takes it for a plane.

So what is told has the shell's own mean and covariance, to the second order: with z the error aside (two
numbers of place, two of velocity) the error along the sight has the quadratic parts z'Az (place) and z'Bz
(velocity), of mean tr(AS) and covariance 2 tr(ASBS) for z of covariance S (Bar-Shalom, Li and Kirubarajan
2001, section 10.3.2: the second-order filter's terms; here of the inverse map, from range to place).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track.motion import Gaussian

Array = NDArray[np.float64]

SLIGHT: Final = 0.01  # of the variance along the sight: a bend that adds less is left out
_PLACE: Final = np.kron([[1.0, 0.0], [0.0, 0.0]], np.eye(2))
_BOTH: Final = np.kron([[0.0, 1.0], [1.0, 0.0]], np.eye(2))


def bends(x: Array, p: Array, sites: Array) -> NDArray[np.bool_]:
    """(n, m): does the shell about a site (m, 3) differ from the plane of a state (n, 7), (n, 7, 7)? Not
    where nobody knows on which side of the site it is.
    """
    with np.errstate(all="ignore"):  # absurd plots make absurd states: those are no shells
        sight = x[:, None, :3] - sites
        range_m = np.linalg.norm(sight, axis=2)
        unit = sight / range_m[:, :, None]
        along = np.einsum("nmi,nij,nmj->nm", unit, p[:, :3, :3], unit)
        aside = np.trace(p[:, :3, :3], axis1=1, axis2=2)[:, None] - along
        # Two equal parts aside give the least bend, one alone twice that: the most, none is passed over.
        much = aside**2 > 2.0 * SLIGHT * along * range_m**2
        return np.asarray(much & (aside < range_m**2))


class Bend(NamedTuple):
    """Of one site: unit vector of the sight (3,); mean (2,) and covariance (2, 2) of the bend along it, place
    (m) and velocity (m/s); `thick` (2, 2): the covariance along it once all that is aside is given.
    """

    unit: Array
    mean: Array
    cov: Array
    thick: Array


def bend(state: Gaussian, site: Array) -> Bend:
    """What a plane leaves out of the shell about a site (3,), ECEF."""
    sight = state.x[:3] - site
    range_m = float(np.linalg.norm(sight))
    unit = sight / range_m
    aside = np.kron(np.eye(2), np.linalg.svd(unit[None, :])[2][1:])
    along = np.kron(np.eye(2), unit)
    p = state.p[:6, :6]
    s = aside @ p @ aside.T
    rate = float(unit @ state.x[3:6]) / range_m
    forms = (-0.5 / range_m * _PLACE @ s, 0.5 / range_m * (rate * _PLACE - _BOTH) @ s)
    mean = np.array([np.trace(one) for one in forms])
    cov = np.array([[2.0 * np.trace(one @ other) for other in forms] for one in forms])
    across = along @ p @ aside.T
    return Bend(unit, mean, cov, along @ p @ along.T - across @ np.linalg.solve(s, across.T))


def told(state: Gaussian, sites: Array) -> Gaussian:
    """Mean and covariance of the shells about these sites (m, 3): x7 and p (7, 7), ECEF."""
    x, p = state.x.copy(), state.p.copy()
    for site in sites:
        found = bend(state, site)
        x[:6] += np.kron(found.mean, found.unit)
        p[:6, :6] += np.kron(found.cov, np.outer(found.unit, found.unit))
    return Gaussian(x, p)


def flat(state: Gaussian, sites: Array, part: float) -> bool:
    """Is each bend less than this part of the shell's own thickness?

    Not of the variance along the sight: with the sight's direction what is across it turns into it, 6 km/s
    and a milliradian into 6 m/s, and a flat covariance has that.
    """
    found = (bend(state, site) for site in sites)
    return all(
        bool((np.abs(one.mean) <= part * np.sqrt(np.maximum(np.diag(one.thick), 0.0))).all()) for one in found
    )

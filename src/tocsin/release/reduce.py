"""What a caveat takes out of a product before it leaves: COARSEN blurs places, speeds and what sensors can
do.

Every blurred number is rounded to a grid and its uncertainty widened by more than the rounding can have moved
it, so that a partner's filter stays honest. Finer fields (identity, acceleration) are struck out.
"""

from math import ceil, cos, log2, radians
from typing import TypeVar

from msgspec.structs import replace

from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate
from tocsin.model.label import Caveat
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.space import STATE_SIZE, EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Tracklet
from tocsin.model.warning import SharedWarning
from tocsin.release.terms import DEFAULT, FlowTerms, Policy

M_PER_DEG = 111_700.0
"""Upper bound of a degree of meridian or parallel at the surface (WGS-84: 110,574 to 111,694)."""

GRID_NS = 60 * SECOND_NS
"""Of the moment at which a sensor fell silent: to the second it would tell what made it. Own choice."""

Place = TypeVar("Place", LaunchPointEstimate, ImpactPointPrediction)


def reduced(product: Product, policy: Policy = DEFAULT) -> Product:
    """The product as its label's caveats let it leave under these terms; the same object when none asks for
    anything.
    """
    if Caveat.COARSEN not in product.label.caveats or isinstance(product, SharedWarning):
        return product  # a warning is public, and names nothing finer than areas
    if isinstance(product, Tracklet):
        return replace(product, state=_blurred(product.state, policy.flow), accel_mps2=None, identity=None)
    if isinstance(product, SensorWord):
        return replace(product, since_ns=Instant(product.since_ns // GRID_NS * GRID_NS))
    grid_deg, grid_m = policy.urgent.grid_deg, policy.urgent.grid_apogee_m
    if isinstance(product, LaunchEvent):
        return replace(product, launch=_blurred_place(product.launch, grid_deg))
    apogee_m = grid_m * round(product.apogee_m / grid_m)
    return replace(product, impact=_blurred_place(product.impact, grid_deg), apogee_m=apogee_m)


def _blurred(state: EcefState, terms: FlowTerms) -> EcefState:
    grids = (terms.grid_m,) * 3 + (terms.grid_mps,) * 3 + (terms.grid_ln_beta,)
    x = tuple(grid * round(value / grid) for value, grid in zip(state.x, grids, strict=True))
    # n * diag(P) is never smaller than P (n states); the powers of two hide how good the sensor is.
    wide = (
        _power_of_two(STATE_SIZE * p + grid**2) for p, grid in zip(_diagonal(state.p), grids, strict=True)
    )
    return EcefState(state.epoch_ns, x, _triangle_of_diagonal(tuple(wide)))


def _blurred_place(place: Place, grid_deg: float) -> Place:
    ellipse = place.ellipse95
    half_m = _power_of_two(ellipse.semi_major_m + grid_deg * M_PER_DEG)
    return replace(
        place,
        lat_deg=max(-90.0, min(90.0, _rounded_deg(place.lat_deg, grid_deg))),
        lon_deg=_rounded_deg(place.lon_deg, grid_deg / max(cos(radians(place.lat_deg)), 0.1)),
        ellipse95=Ellipse95(half_m, half_m, 0.0),
    )


def _rounded_deg(value_deg: float, grid_deg: float) -> float:
    return round(grid_deg * round(value_deg / grid_deg), 6)


def _power_of_two(value: float) -> float:
    return float(2.0 ** ceil(log2(value)))


def _diagonal(p: tuple[float, ...]) -> tuple[float, ...]:
    """Diagonal of an upper triangle stored row-wise: row i begins i*(2n-i+1)/2 numbers in."""
    return tuple(p[row * (2 * STATE_SIZE - row + 1) // 2] for row in range(STATE_SIZE))


def _triangle_of_diagonal(diagonal: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(
        diagonal[row] if row == column else 0.0
        for row in range(STATE_SIZE)
        for column in range(row, STATE_SIZE)
    )

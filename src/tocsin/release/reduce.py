"""What a caveat takes out of a product before it leaves: COARSEN blurs places, speeds and what sensors can
do.

Every blurred number is rounded to a grid and its uncertainty widened by more than the rounding can have moved
it, so that a partner's filter stays honest. Finer fields (identity, acceleration) are struck out.
"""

from math import ceil, cos, log2, pi, radians
from typing import TypeVar

from msgspec.structs import replace

from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate
from tocsin.model.label import Caveat
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.space import STATE_SIZE, EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import RadarLook, SharedPlot, SightLook, Tracklet
from tocsin.model.warning import SharedWarning
from tocsin.release.terms import DEFAULT, FlowTerms, Policy

M_PER_DEG = 111_700.0
"""Upper bound of a degree of meridian or parallel at the surface (WGS-84: 110,574 to 111,694)."""

EARTH_M = 6_356_752.0
"""Polar radius (WGS-84): how far a place on the ground turns its axes when it moves."""

NEAREST_M = 100_000.0
"""No platform in orbit is nearer to what flies below it (own choice: how far a blurred place turns a line of
sight)."""

MAX_SIGMA_RAD = 4.0
"""More than half a turn: nothing is known of a direction."""

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
    if isinstance(product, SharedPlot):
        return replace(product, look=_blurred_look(product.look, policy.flow.grid_m))
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


def _blurred_look(look: RadarLook | SightLook, grid_m: float) -> RadarLook | SightLook:
    """The sensor's place to the grid, what it measured to as much; no range rate."""
    if isinstance(look, RadarLook):
        return _blurred_radar(look, grid_m)
    x, y, z = (grid_m * round(part / grid_m) for part in look.from_ecef_m)
    grid_rad = _power_of_two(grid_m / NEAREST_M)
    one, two, three = (grid_rad * round(part / grid_rad) for part in look.unit)
    length = (one**2 + two**2 + three**2) ** 0.5
    unit = (one / length, two / length, three / length) if length else (0.0, 0.0, 1.0)
    return SightLook((x, y, z), unit, min(_power_of_two(look.sigma_rad + 2.0 * grid_rad), MAX_SIGMA_RAD))


def _blurred_radar(look: RadarLook, grid_m: float) -> RadarLook:
    grid_deg = grid_m / M_PER_DEG
    lat_deg = max(-90.0, min(90.0, _rounded_deg(look.lat_deg, grid_deg)))
    lon_deg = _rounded_deg(look.lon_deg, grid_deg / max(cos(radians(look.lat_deg)), 0.1))
    # The place may have moved by 0.9 grids (half in each of three), and its axes have turned with it.
    range_m = max(grid_m, grid_m * round(look.range_m / grid_m))
    el_grid = _power_of_two(grid_m / min(range_m, EARTH_M))
    turned = max(el_grid / max(cos(look.el_rad), 0.01), grid_m / EARTH_M / max(cos(radians(lat_deg)), 0.01))
    az_grid = min(_power_of_two(turned), pi)
    el_rad = max(-0.5 * pi, min(0.5 * pi, el_grid * round(look.el_rad / el_grid)))
    return RadarLook(
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        alt_m=grid_m * round(look.alt_m / grid_m),
        range_m=range_m,
        az_rad=az_grid * int(look.az_rad / az_grid),
        el_rad=el_rad,
        range_sigma_m=_power_of_two(look.range_sigma_m + 2.0 * grid_m),
        az_sigma_rad=min(_power_of_two(look.az_sigma_rad + 3.0 * az_grid), MAX_SIGMA_RAD),
        el_sigma_rad=min(_power_of_two(look.el_sigma_rad + 2.0 * el_grid), MAX_SIGMA_RAD),
    )


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

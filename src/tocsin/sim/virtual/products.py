"""What a product is called, and what it says when it is coarse: written a second time, for the observer."""

from typing import NamedTuple

from tocsin.model.event import SharedPrediction
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.time import SECOND_NS
from tocsin.model.track import RadarLook, SharedPlot, Tracklet
from tocsin.model.warning import SharedWarning

Uid = tuple[str, str, str, int]
"""Origin, kind, track, sequence: names a product for ever."""


class Due(NamedTuple):
    """An offer that a partner should get, or may get."""

    product: Product
    number: int
    committed_ns: int
    must: bool
    delay_s: int


def kind(product: Product) -> str:
    """As it is called on the wire."""
    return str(product.__struct_config__.tag)


def uid(product: Product) -> Uid:
    """Names a product for ever."""
    return product.origin, kind(product), product.track_id, product.sequence


def coarse(fine: Product, got: Product) -> bool:
    """True when nothing finer than the terms' default grids is left."""
    if isinstance(got, Tracklet):
        steps = (10_000.0,) * 3 + (100.0,) * 3
        on_grid = all(abs(v / g - round(v / g)) < 1e-6 for v, g in zip(got.state.x, steps, strict=False))
        return on_grid and got.identity is None and got.accel_mps2 is None
    if isinstance(got, SharedPlot):
        rated = isinstance(got.look, RadarLook) and got.look.range_rate_mps is not None
        return not rated and fine != got
    if isinstance(got, SensorWord):
        return got.since_ns % (60 * SECOND_NS) == 0
    if isinstance(got, SharedWarning):
        return True  # areas and minutes
    if isinstance(got, SharedPrediction):
        return abs(got.impact.lat_deg * 10 - round(got.impact.lat_deg * 10)) < 1e-6 and fine != got
    return abs(got.launch.lat_deg * 10 - round(got.launch.lat_deg * 10)) < 1e-6 and fine != got

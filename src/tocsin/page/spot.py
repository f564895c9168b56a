"""A place on the ground with its ellipse, as the page draws it."""

from math import degrees

from msgspec import Struct

from tocsin.model.event import ImpactPointPrediction, LaunchPointEstimate
from tocsin.page.moment import ms


class Spot(Struct, frozen=True, omit_defaults=True):
    """A launch or impact point: place, 95 % ellipse (km, km, bearing deg), time and its sigma."""

    lat: float
    lon: float
    ellipse: tuple[float, float, float]
    t: int
    sigma_s: float


def spot_of(point: LaunchPointEstimate | ImpactPointPrediction | None) -> Spot | None:
    """Of an estimate, if there is one."""
    if point is None:
        return None
    e = point.ellipse95
    return Spot(
        lat=round(point.lat_deg, 4),
        lon=round(point.lon_deg, 4),
        ellipse=(
            round(e.semi_major_m / 1e3, 2),
            round(e.semi_minor_m / 1e3, 2),
            round(degrees(e.azimuth_rad) % 360.0, 1),
        ),
        t=ms(point.time_ns),
        sigma_s=round(point.time_sigma_s, 1),
    )

"""A group of objects that cannot be told apart, as the page shows it: one row, one region."""

from math import degrees

import numpy as np
from msgspec import Struct

from tocsin.earth.frames import ecef_to_geodetic
from tocsin.model.group import Group
from tocsin.page.moment import ms
from tocsin.page.spot import Spot, spot_of


class Together(Struct, frozen=True, omit_defaults=True):
    """`count`: at least, likely, at most (95 %); `size`: km long, km wide, bearing (degrees), km high of the
    ellipsoid that they fill, `size_sigma_km` of each; `impact`: of any of them. `members`: marks' ids.
    """

    id: str
    since: int
    members: tuple[str, ...]
    count: tuple[int, int, int]
    lat: float
    lon: float
    alt: float
    size: tuple[float, float, float, float]
    size_sigma_km: float
    impact: Spot | None = None


def together_of(group: Group) -> Together:
    """The page's form of a group."""
    lat, lon, alt_m = (float(v) for v in ecef_to_geodetic(np.array(group.centre.x[:3])))
    extent = group.extent
    return Together(
        id=group.id,
        since=ms(group.since_ns),
        members=group.members,
        count=(group.count.low, group.count.likely, group.count.high),
        lat=round(degrees(lat), 4),
        lon=round(degrees(lon), 4),
        alt=round(alt_m / 1e3, 1),
        size=(
            round(2.0 * extent.semi_major_m / 1e3, 1),
            round(2.0 * extent.semi_minor_m / 1e3, 1),
            round(degrees(extent.azimuth_rad) % 360.0, 0),
            round(2.0 * extent.half_height_m / 1e3, 1),
        ),
        size_sigma_km=round(2.0 * extent.sigma_m / 1e3, 2),
        impact=spot_of(group.impact),
    )

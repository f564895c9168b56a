"""Where and when a manoeuvring object can come down, as the page draws it."""

from msgspec import Struct

from tocsin.model.event import Footprint
from tocsin.model.time import MILLISECOND_NS


class Region(Struct, frozen=True):
    """Corners (lat, lon) in degrees, earliest and latest time in ms."""

    corners: tuple[tuple[float, float], ...]
    earliest: int
    latest: int


def region_of(footprint: Footprint | None) -> Region | None:
    """The region of a footprint, to a hundred metres."""
    if footprint is None:
        return None
    corners = tuple((round(lat, 3), round(lon, 3)) for lat, lon in footprint.region)
    earliest, latest = footprint.earliest_ns // MILLISECOND_NS, footprint.latest_ns // MILLISECOND_NS
    return Region(corners, earliest, latest)

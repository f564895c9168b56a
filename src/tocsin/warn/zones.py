"""Local time at the edge: the zone in which an area's people read a clock, and how an instant is written.

The zone is that of most of the area's people; states that lie in two zones are written in their larger one.
"""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.model.label import Nation
from tocsin.model.time import SECOND_NS, Instant, to_datetime
from tocsin.model.warning import Warning

# ISO 3166-2 prefix or code -> zone of the IANA time zone database.
_PREFIX_ZONES: Final = {"JP": "Asia/Tokyo", "KR": "Asia/Seoul", "GU": "Pacific/Guam", "MP": "Pacific/Saipan"}
_STATES: Final = {
    "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "Pacific/Guam": "GU",
    "Pacific/Saipan": "MP",
    "Pacific/Pago_Pago": "AS",
    "America/Puerto_Rico": "PR VI",
}
STATE_ZONES: Final = {f"US-{code}": zone for zone, codes in _STATES.items() for code in codes.split()}
_SEA_ZONES: Final = {
    "US-SEA-1": "Pacific/Guam",
    "US-SEA-2": "Pacific/Honolulu",
    "US-SEA-3": "America/Anchorage",
    "US-SEA-4": "America/Anchorage",
    "US-SEA-5": "America/Anchorage",
    "US-SEA-6": "America/Los_Angeles",
}
_DESK_ZONES: Final = {Nation.JPN: "Asia/Tokyo", Nation.KOR: "Asia/Seoul"}


def zone_of(area: str) -> tzinfo:
    """The zone of an area (at sea: of people on the nearest land); UTC for one that is in no table."""
    name = STATE_ZONES.get(area) or _SEA_ZONES.get(area) or _PREFIX_ZONES.get(area.split("-")[0])
    return ZoneInfo(name) if name else UTC


def desk_zone(warning: Warning) -> tzinfo:
    """The one zone for what belongs to no area (issue, launch): the nation's, or the areas' if they share
    one.
    """
    if warning.nation in _DESK_ZONES:
        return ZoneInfo(_DESK_ZONES[warning.nation])
    return area_zone(warning) or UTC


def area_zone(warning: Warning) -> tzinfo | None:
    """The zone that all areas of a warning share, or None."""
    zones = {zone_of(row.area) for row in warning.areas}
    return next(iter(zones)) if len(zones) == 1 else None


def local(instant: Instant, zone: tzinfo) -> datetime:
    """The instant in a zone, cut to whole seconds (CAP has no fractions, and earlier is the safe side)."""
    return to_datetime(Instant(instant // SECOND_NS * SECOND_NS)).astimezone(zone)


def clock(instant: Instant, zone: tzinfo) -> str:
    """`07:28 JST`: 24-hour clock, cut to the minute, with the zone's own short name."""
    return _named(local(instant, zone), "%H:%M")


def dated_clock(instant: Instant, zone: tzinfo) -> str:
    """`2022-10-04 07:28 JST`."""
    return _named(local(instant, zone), "%Y-%m-%d %H:%M")


def clock_beside(instant: Instant, zone: tzinfo, other: Instant) -> str:
    """A clock, with its date only when that is not the date of `other` in the same zone."""
    same = local(instant, zone).date() == local(other, zone).date()
    return clock(instant, zone) if same else dated_clock(instant, zone)


def _named(moment: datetime, form: str) -> str:
    return f"{moment.strftime(form)} {moment.tzname()}"

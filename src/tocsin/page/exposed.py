"""What officers read beside a draft, area by area: what is expected, how soon, and how many live there."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from tocsin.earth.cities import load_cities, people_in
from tocsin.model.time import Instant, seconds_between
from tocsin.model.warning import Draft, MsgType

MOST_CITIES: Final = 3
"""Named beside an area: what a person takes in at a glance."""


class Exposed(Struct, frozen=True):
    """`left_s`: until what is expected there, negative when it is past; null for a Cancel. `lead_s`: from
    the release to it, null before. `people`: in cities of 15,000 and more.
    """

    area: str
    threat: str
    expected_ns: Instant
    left_s: float | None
    lead_s: float | None
    people: int
    cities: tuple[tuple[str, int], ...]


def exposed(draft: Draft, now: Instant) -> tuple[Exposed, ...]:
    """The areas of a draft at `now` (scenario time), in the message's order."""
    lifted = draft.warning.msg_type is MsgType.CANCEL
    released = draft.released_ns
    return tuple(
        Exposed(
            area=row.area,
            threat=str(row.threat),
            expected_ns=row.expected_ns,
            left_s=None if lifted else round(seconds_between(now, row.expected_ns), 1),
            lead_s=None
            if lifted or released is None
            else round(seconds_between(released, row.expected_ns), 1),
            people=people_in(row.area),
            cities=tuple((city.name, city.people) for city in load_cities().get(row.area, ())[:MOST_CITIES]),
        )
        for row in draft.warning.areas
    )


def people_of(areas: Sequence[str]) -> int:
    """People in the cities of these areas."""
    return sum(people_in(area) for area in areas)

"""From recorded launches to a scenario: rows by date, a publisher's figures, the illustrative world about
them.
"""

import math
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from tocsin.earth.frames import ground_distance_m
from tocsin.errors import UserError
from tocsin.sim.record_rows import DOCUMENTED, Figures, RecordRow, read_record
from tocsin.sim.scenario import Flight, Link, Officers, Publisher, Scenario, SensorSpec
from tocsin.sim.sensors import first_contacts
from tocsin.sim.solve import NoArcError, Published, likely_azimuth_of, solve, workable_boost
from tocsin.sim.truth import fly_all

KOREAN_ZONE: Final = "Asia/Seoul"
LEAD_S: Final = 30.0
"""A scenario starts so long before its first launch."""

TAIL_S: Final = 60.0
ROUND_S: Final = 30.0
SAME_LAUNCH_S: Final = 600.0  # the table's own columns differ by up to two minutes
SAME_PLACE_M: Final = 100e3
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a scenario that no record holds."""

    officers: Officers
    links: tuple[Link, ...]
    sensors: tuple[SensorSpec, ...]


def illustrative_world() -> World:
    """The sensors, links and officers that come with tocsin."""
    text = (resources.files("tocsin") / "data" / "world.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), World)


def on_date(rows: Sequence[RecordRow], day: date, zone: str) -> tuple[RecordRow, ...]:
    """Rows launched on a day of a zone. A row without a time counts for its recorded date."""
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as failure:
        raise UserError(
            f"no time zone {zone!r}", fix="give a name such as Asia/Seoul, Asia/Tokyo or UTC"
        ) from failure
    return tuple(row for row in rows if _day(row, there) == day)


def choose(rows: Sequence[RecordRow], numbers: Sequence[int]) -> tuple[RecordRow, ...]:
    """The rows with these numbers, in the record's order. UserError for a number that is not among them."""
    have = {row.row for row in rows}
    for number in numbers:
        if number not in have:
            raise UserError(
                f"row {number} is not among the matches",
                fix=f"choose from {', '.join(map(str, sorted(have)))}",
            )
    return tuple(row for row in rows if row.row in numbers)


def describe(row: RecordRow, zone: str) -> str:
    """One line of a list of matches."""
    when = "time unknown"
    if row.launch_utc is not None:
        local = row.launch_utc.astimezone(ZoneInfo(zone))
        when = f"{row.launch_utc:%Y-%m-%d %H:%M:%S}Z = {local:%Y-%m-%d %H:%M} {local.tzname()}"
    said = "; ".join(
        f"{name}: {_said(figures)}"
        for name, figures in row.figures.items()
        if figures.apogee or figures.range
    )
    flags = f" [{'; '.join(row.flags)}]" if row.flags else ""
    where = f"{row.place}, azimuth {row.azimuth_deg:g} deg"
    return f"--row {row.row}: {when}, {where}, {said or 'no figures'}{flags}"


def with_documented(row: RecordRow, record: Path) -> RecordRow:
    """The row with the publishers' figures of documented_launches.csv beside the record, if that has the
    launch.
    """
    table = record.with_name(DOCUMENTED)
    if row.launch_utc is None or table == record or not table.exists():
        return row
    for other in read_record(table):
        if other.launch_utc is None or abs(other.launch_utc - row.launch_utc) > timedelta(
            seconds=SAME_LAUNCH_S
        ):
            continue
        if _apart_m(row, other) <= SAME_PLACE_M:
            return replace(row, figures=row.figures | other.figures)
    return row


def to_scenario(
    rows: Sequence[RecordRow], name: str, publisher: Publisher | None = None, boost_s: float | None = None
) -> Scenario:
    """A whole scenario from one or more recorded launches; flight times and first contacts are computed
    into it.
    """
    launches = _launches(rows)
    flights = tuple(
        _flight(row, _object(n, len(rows)), launch, publisher, boost_s)
        for n, (row, launch) in enumerate(zip(rows, launches, strict=True))
    )
    world = illustrative_world()
    start = min(launches) - timedelta(seconds=LEAD_S)
    flown = fly_all(flights)
    end_s = max(
        (flight.launch_utc - start).total_seconds() + f.flight_time_s
        for flight, f in zip(flights, flown, strict=True)
    )
    places = dict.fromkeys(row.place for row in rows)
    scenario = Scenario(
        name=name,
        title=f"{_count(len(rows))} from {', '.join(places)}, {min(launches):%Y-%m-%d %H:%M}Z",
        source=_sources(rows, publisher),
        start_utc=start,
        duration_s=math.ceil((end_s + TAIL_S) / ROUND_S) * ROUND_S,
        officers=world.officers,
        links=world.links,
        flights=tuple(
            replace(one, flight_time_s=round(f.flight_time_s, 1))
            for one, f in zip(flights, flown, strict=True)
        ),
        sensors=world.sensors,
    )
    return with_contacts(scenario)


def with_contacts(scenario: Scenario) -> Scenario:
    """The same with every sensor's expected first contacts computed; of a salvo, with the recorded flight."""
    contacts = first_contacts(
        replace(scenario, flights=tuple(replace(f, salvo=None) for f in scenario.flights))
    )
    return replace(
        scenario,
        sensors=tuple(replace(one, expected_first_contact_s=contacts[one.id]) for one in scenario.sensors),
    )


def _flight(
    row: RecordRow, name: str, launch: datetime, publisher: Publisher | None, boost_s: float | None
) -> Flight:
    whose, figures = _figures(row, publisher)
    if figures.apogee is None or figures.range is None:
        raise _no_figures(row, whose)
    published = Published(
        row.lat_deg, row.lon_deg, row.azimuth_deg, figures.apogee.value_km * 1e3, figures.range.value_km * 1e3
    )
    boost, flags = _boost(row, published, boost_s)
    for what, one in (("apogee", figures.apogee), ("range", figures.range)):
        if one.bound:
            flags.append(f"{what} is a bound: {one.bound}{one.value_km:g} km published")
    return Flight(
        object=name,
        place=row.place,
        lat_deg=row.lat_deg,
        lon_deg=row.lon_deg,
        launch_utc=launch,
        azimuth_deg=row.azimuth_deg,
        azimuth_of=likely_azimuth_of(published),
        apogee_km=figures.apogee.value_km,
        range_km=figures.range.value_km,
        boost_s=boost,
        publisher=whose,
        flags=(*row.flags, *flags, *(["time unknown: 12:00 UTC assumed"] if row.launch_utc is None else [])),
    )


def _boost(row: RecordRow, published: Published, boost_s: float | None) -> tuple[float, list[str]]:
    """A length of boost that reaches the figures, and what is to be said about it."""
    try:
        if boost_s is None:
            length, part = workable_boost(published)
            return length, [] if part == 1.0 else [
                f"notional boost shortened to {part:g} of its usual length"
            ]
        solve(published, boost_s, likely_azimuth_of(published))
    except NoArcError as failure:
        raise UserError(f"row {row.row}: {failure}", fix="give another --boost or --publisher") from failure
    return boost_s, []


def _figures(row: RecordRow, publisher: Publisher | None) -> tuple[Publisher, Figures]:
    """The asked publisher's figures; unasked, the first who gives both."""
    order = [publisher] if publisher else [Publisher.RECORD, Publisher.KOR, Publisher.JPN, Publisher.KCNA]
    for whose in order:
        found = row.figures.get(whose)
        if found is not None and found.complete:
            return whose, found
    raise _no_figures(row, publisher)


def _sources(rows: Sequence[RecordRow], publisher: Publisher | None) -> str:
    """Every source that something was taken from, once."""
    used = [source for row in rows for source in (row.source, _figures(row, publisher)[1].source)]
    return "; ".join(dict.fromkeys(source for source in used if source))


def _no_figures(row: RecordRow, publisher: Publisher | None) -> UserError:
    names = [str(name) for name, figures in row.figures.items() if figures.complete]
    others = f"choose --publisher {' or '.join(names)}" if names else "choose another row: nobody gives both"
    return UserError(f"row {row.row}: {publisher or 'nobody'} gives no apogee or no range", fix=others)


def _launches(rows: Sequence[RecordRow]) -> list[datetime]:
    """Launch times; launches of one recorded minute are spread over it in order, since the record knows
    minutes only.
    """
    noon = [datetime.fromisoformat(row.date).replace(hour=12, tzinfo=UTC) for row in rows]
    times = [row.launch_utc or instead for row, instead in zip(rows, noon, strict=True)]
    return [t + timedelta(seconds=60.0 * times[:n].count(t) / times.count(t)) for n, t in enumerate(times)]


def _object(n: int, count: int) -> str:
    return _LETTERS[n] if count <= len(_LETTERS) else f"O{n + 1}"


def _count(objects: int) -> str:
    return "1 object" if objects == 1 else f"{objects} objects"


def _day(row: RecordRow, zone: ZoneInfo) -> date | None:
    """The day of the launch there; null for the few rows of which the record knows the month only."""
    if row.launch_utc is None:
        return date.fromisoformat(row.date) if len(row.date) == len("YYYY-MM-DD") else None
    return row.launch_utc.astimezone(zone).date()


def _said(figures: Figures) -> str:
    parts = [
        f"{what} {one.bound}{one.value_km:g} km"
        for what, one in (("apogee", figures.apogee), ("range", figures.range))
        if one is not None
    ]
    return ", ".join(parts)


def _apart_m(one: RecordRow, other: RecordRow) -> float:
    place = [math.radians(v) for v in (one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg)]
    return float(ground_distance_m(*place))

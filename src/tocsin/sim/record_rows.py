"""The public launch record as rows: the JSON (missile and facility files beside it) or the documented
launches.

In the room: reading, known defects mended and flagged, unknown times of a series interpolated and
flagged. Not in the room: which row becomes a flight (`record_import`). Times are UTC in both files;
the JSON's dates are UTC dates.
"""

import csv
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.sim.scenario import Publisher

MAX_FILE_BYTES: Final = 20_000_000
DOCUMENTED: Final = "documented_launches.csv"

# Defects of the record known to be such: (date, time) as recorded -> launch time in UTC, and why.
MENDED: Final = {
    ("2017-07-04", "12:40 (UTC)"): (
        datetime(2017, 7, 4, 0, 40, tzinfo=UTC),
        "recorded time is 12 h off: mended",
    ),
    ("2017-05-14", "20:28 (UTC)"): (
        datetime(2017, 5, 13, 20, 28, tzinfo=UTC),
        "recorded date is Korean beside a UTC time: mended",
    ),
}
# The publishers' column prefixes in the table of documented launches.
_COLUMNS: Final = {Publisher.JPN: "jp", Publisher.KOR: "rok", Publisher.KCNA: "kcna"}
_FIGURE: Final = re.compile(r"(>=|<=|>|<|~|)\s*(\d+(?:\.\d+)?)")
_TIME: Final = re.compile(r"(\d{2}):(\d{2})(?: \(UTC\))?")
_UNKNOWN: Final = frozenset(("", "unknown", "na"))


class Figure(Struct, frozen=True):
    """A published figure in km; `bound` is what stands before it ("" = as it is, ">" = more than)."""

    value_km: float
    bound: str = ""


class Figures(Struct, frozen=True):
    """What one publisher says of one launch; null = nothing."""

    apogee: Figure | None = None
    range: Figure | None = None
    flight_time_s: float | None = None
    source: str = ""

    @property
    def complete(self) -> bool:
        """True when an arc can be solved from them."""
        return self.apogee is not None and self.range is not None


class RecordRow(Struct, frozen=True):
    """One recorded launch. `row` counts from 1 in the file; `launch_utc` is null when nobody knows it."""

    row: int
    date: str
    launch_utc: datetime | None
    series: int | None
    vehicle: str
    place: str
    lat_deg: float
    lon_deg: float
    azimuth_deg: float
    figures: dict[Publisher, Figures]
    source: str
    flags: tuple[str, ...] = ()


class _Facility(Struct):
    name: str
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]


class _Facilities(Struct):
    facilities: dict[str, _Facility]


class _Missile(Struct):
    name: str
    maneuver: str | None = None


class _Test(Struct):
    """A row of the JSON; unknown keys (landing, description) are left alone."""

    date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
    time: str
    missile: str
    facility: str
    apogee: float | str
    distance: float | str
    bearing: Annotated[float, Meta(ge=0, le=360)]
    outcome: str
    series: int | None = None


class _Bin(Struct):
    data: list[_Test]


class _Tests(Struct):
    timeBins: list[_Bin]


def read_record(path: Path) -> tuple[RecordRow, ...]:
    """All rows of a record file: `*.json` (facility and missile files beside it) or `*.csv`. UserError
    otherwise.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist", fix="check the path")
    if path.is_dir():
        raise UserError(
            f"{path} is a directory", fix="give test.en.json or documented_launches.csv in such a one"
        )
    if path.suffix == ".json":
        return _read_json(path)
    if path.suffix == ".csv":
        return _read_csv(path)
    raise UserError(f"{path} is neither .json nor .csv", fix="give test.en.json or documented_launches.csv")


def figure(text: float | str) -> Figure | None:
    """A figure as the record writes it: a number, a string of one, with a bound before it, or none."""
    plain = str(text).strip()
    if plain in _UNKNOWN:
        return None
    found = _FIGURE.fullmatch(plain)
    if not found:
        raise UserError(f"the record's figure {plain!r} is not a number", fix="mend the record file")
    return Figure(float(found[2]), found[1])


def _read_json(path: Path) -> tuple[RecordRow, ...]:
    tests = [test for group in _decode(path, _Tests).timeBins for test in group.data]
    facilities = _decode(_beside(path, "facility"), _Facilities).facilities
    missiles = _decode(_beside(path, "missile"), dict[str, _Missile])
    rows = []
    for number, test in enumerate(tests, 1):
        if test.facility not in facilities:
            what = f"{path} row {number}: facility {test.facility!r} is not in the facility file"
            raise UserError(what, fix="use files of one version")
        rows.append(_row_of(number, test, facilities[test.facility], missiles.get(test.missile), path))
    return _interpolated(rows)


def _row_of(number: int, test: _Test, facility: _Facility, missile: _Missile | None, path: Path) -> RecordRow:
    launch, flags = _launch_time(test, path, number)
    if missile is not None and missile.maneuver:
        flags.append(
            f"the record says that this class manoeuvres ({missile.maneuver}): flown as a ballistic arc"
        )
    if test.outcome == "failure":
        flags.append("the record calls this launch a failure")
    return RecordRow(
        row=number,
        date=test.date,
        launch_utc=launch,
        series=test.series,
        vehicle=missile.name if missile else test.missile,
        place=facility.name,
        lat_deg=facility.lat,
        lon_deg=facility.lon,
        azimuth_deg=test.bearing,
        figures={Publisher.RECORD: Figures(figure(test.apogee), figure(test.distance))},
        source=f"{path.name} row {number} (github nagix/nk-missile-tests, Apache-2.0; facts: CNS North Korea"
        " Missile Test Database); azimuth is that repository's estimate",
        flags=tuple(flags),
    )


def _launch_time(test: _Test, path: Path, number: int) -> tuple[datetime | None, list[str]]:
    mended = MENDED.get((test.date, test.time))
    if mended:
        return mended[0], [mended[1]]
    if test.time in _UNKNOWN:
        return None, []
    clock = _TIME.fullmatch(test.time)
    try:
        day = datetime.fromisoformat(test.date).replace(tzinfo=UTC)
        if not clock:
            raise ValueError(test.time)
        return day.replace(hour=int(clock[1]), minute=int(clock[2])), []
    except ValueError as failure:
        what = f"{path} row {number}: {failure} is not a date and time"
        raise UserError(what, fix="mend the record file") from failure


def _interpolated(rows: Sequence[RecordRow]) -> tuple[RecordRow, ...]:
    """Unknown times of a series: equal steps between known ones, else that of the nearest known; flagged."""
    done = list(rows)
    for n, row in enumerate(rows):
        if row.launch_utc is not None or row.series is None:
            continue
        before, after = _known(rows, n, -1), _known(rows, n, 1)
        if before and after:
            share = before[1] / (before[1] + after[1])
            launch, flag = before[0] + (after[0] - before[0]) * share, "time interpolated within the series"
        elif nearest := before or after:
            launch, flag = nearest[0], "time unknown: that of the nearest launch of the series taken"
        else:
            continue
        done[n] = replace(row, launch_utc=launch, flags=(*row.flags, flag))
    return tuple(done)


def _known(rows: Sequence[RecordRow], n: int, step: int) -> tuple[datetime, int] | None:
    """The nearest known time of the same series in a direction, and how many rows away it is."""
    series = rows[n].series or 0
    other = n + step
    while 0 <= other < len(rows) and rows[other].series == series + (other - n):
        launch = rows[other].launch_utc
        if launch is not None:
            return launch, abs(other - n)
        other += step
    return None


def _read_csv(path: Path) -> tuple[RecordRow, ...]:
    text = _text(path)
    lines = list(csv.DictReader(text.splitlines()))
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(_documented_row(number, line, path))
        except (KeyError, ValueError, AttributeError) as failure:
            what = f"{path} row {number} is not a documented launch ({failure!r})"
            raise UserError(what, fix="give documented_launches.csv") from failure
    return tuple(rows)


def _documented_row(number: int, line: dict[str, str], path: Path) -> RecordRow:
    launch = datetime.fromisoformat(line["launch_utc"]).astimezone(UTC)
    korean = datetime.fromisoformat(line["launch_kst"] + "+09:00").astimezone(UTC)
    flags = []
    if korean != launch:
        apart_s = abs(korean - launch) / timedelta(seconds=1)
        flags.append(f"the table's KST and UTC columns differ by {apart_s:g} s: UTC taken")
    if line["value_status"] != "READ":
        flags.append(f"the table says of its values: {line['value_status']}")
    return RecordRow(
        row=number,
        date=line["launch_utc"][:10],
        launch_utc=launch,
        series=None,
        vehicle=line["missile_as_reported"],
        place=line["site_nagix"],
        lat_deg=float(line["lat"]),
        lon_deg=float(line["lon"]),
        azimuth_deg=float(line["bearing_deg_nagix"]),
        figures={
            publisher: _published(line, prefix, f"{path.name} row {number} (compiled from press reports)")
            for publisher, prefix in _COLUMNS.items()
        },
        source=f"{path.name} row {number}; azimuth is an estimate of github nagix/nk-missile-tests",
        flags=tuple(flags),
    )


def _published(line: dict[str, str], prefix: str, source: str) -> Figures:
    minutes, seconds = line.get(f"{prefix}_flight_min"), line.get(f"{prefix}_flight_s")
    time_s = float(minutes) * 60.0 if minutes else float(seconds) if seconds else None
    return Figures(figure(line[f"{prefix}_apogee_km"]), figure(line[f"{prefix}_range_km"]), time_s, source)


def _beside(path: Path, kind: str) -> Path:
    """`facility.en.json` beside `test.en.json`."""
    _, _, rest = path.name.partition(".")
    return path.with_name(f"{kind}.{rest}")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{path} is larger than {MAX_FILE_BYTES} bytes", fix="give the launch record")
        return path.read_text(encoding="utf-8")
    except OSError as failure:
        fix = "check the path; the JSON record needs its facility and missile files beside it"
        raise UserError(f"cannot read {path} ({failure.strerror})", fix=fix) from failure
    except UnicodeDecodeError as failure:
        raise UserError(f"{path} is not UTF-8 text", fix="give the launch record") from failure


def _decode(path: Path, kind: Any) -> Any:
    try:
        return msgspec.convert(json.loads(_text(path)), kind)
    except (ValueError, msgspec.ValidationError) as failure:
        raise UserError(
            f"{path} is not the launch record's JSON ({failure})", fix="give test.en.json"
        ) from failure

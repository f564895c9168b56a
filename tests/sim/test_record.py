"""The launch record: zones, unknown times, defects, bounds, publishers; what is shipped comes of it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import UserError
from tocsin.sim.record_import import choose, describe, on_date, to_scenario, with_documented
from tocsin.sim.record_rows import Figure, RecordRow, figure, read_record
from tocsin.sim.scenario import Publisher
from tocsin.sim.scenario_file import load, render
from tocsin.sim.solve import AzimuthOf

SEOUL = "Asia/Seoul"


def recorded(**keys: Any) -> dict[str, Any]:
    return {
        "date": "2022-06-05",
        "time": "00:06 (UTC)",
        "missile": "x",
        "facility": "here",
        "landing": "sea-of-japan",
        "apogee": 50,
        "distance": 350,
        "bearing": 76,
        "outcome": "unknown",
        "description": "",
        **keys,
    }


def record(folder: Path, *tests: dict[str, Any]) -> Path:
    facilities = {"facilities": {"here": {"name": "Here", "lat": 39.0, "lon": 126.0}}}
    (folder / "facility.en.json").write_text(json.dumps(facilities))
    (folder / "missile.en.json").write_text(
        json.dumps({"x": {"name": "X", "type": "?", "maneuver": "glide"}})
    )
    path = folder / "test.en.json"
    path.write_text(json.dumps({"timeBins": [{"year": 2022, "data": list(tests)}]}))
    return path


def launches(shared_data: Path) -> Path:
    return shared_data / "launches"


@pytest.mark.parametrize(
    ("name", "day", "scenario"),
    [("2022-10-04", "2022-10-04", 1), ("2023-12-18", "2023-12-18", 1), ("salvo", "2022-06-05", 8)],
)
def test_shipped_scenarios_are_made_from_the_record(
    shared_data: Path, name: str, day: str, scenario: int
) -> None:
    path = launches(shared_data) / "test.en.json"
    rows = [with_documented(r, path) for r in on_date(read_record(path), date.fromisoformat(day), SEOUL)]
    assert len(rows) == scenario
    assert render(to_scenario(rows, name)) == render(load(name))


def test_dates_are_of_the_asked_zone(shared_data: Path) -> None:
    rows = read_record(launches(shared_data) / "test.en.json")
    assert len(rows) == 339

    def found(day: str, zone: str) -> list[int]:
        return [row.row for row in on_date(rows, date.fromisoformat(day), zone)]

    assert len(found("2022-10-04", SEOUL)) == 1
    assert found("2022-10-04", SEOUL) == found("2022-10-03", "UTC")
    assert not found("2022-10-03", SEOUL)
    assert len(found("2023-12-17", "UTC")) == 2
    assert len(found("2023-12-17", SEOUL)) == len(found("2023-12-18", SEOUL)) == 1


def test_known_defects_are_mended_and_flagged(shared_data: Path) -> None:
    rows = read_record(launches(shared_data) / "test.en.json")
    # 4 July 2017 09:40 and 14 May 2017 05:28 Korean time, as announced on the day.
    for day, launch in (
        ("2017-07-04", datetime(2017, 7, 4, 0, 40, tzinfo=UTC)),
        ("2017-05-14", datetime(2017, 5, 13, 20, 28, tzinfo=UTC)),
    ):
        (row,) = on_date(rows, date.fromisoformat(day), SEOUL)
        assert row.launch_utc == launch
        assert "mended" in row.flags[0]


def test_unknown_times_of_5_june_2022_are_interpolated(shared_data: Path) -> None:
    rows = on_date(read_record(launches(shared_data) / "test.en.json"), date(2022, 6, 5), SEOUL)
    flagged = {row.series: row.launch_utc for row in rows if any("interpolated" in f for f in row.flags)}
    assert flagged == {
        4: datetime(2022, 6, 5, 0, 19, 30, tzinfo=UTC),
        7: datetime(2022, 6, 5, 0, 35, 30, tzinfo=UTC),
    }


def test_unknown_times_without_known_neighbours(tmp_path: Path) -> None:
    path = record(
        tmp_path,
        recorded(series=1),
        recorded(series=2, time="unknown"),
        recorded(series=3, time="unknown"),
        recorded(series=4, time="00:15 (UTC)"),
        recorded(series=5, time="unknown"),
        recorded(date="2022-06-06", time="unknown"),
        recorded(date="2022-06", time="unknown"),
    )
    rows = read_record(path)
    first = datetime(2022, 6, 5, 0, 6, tzinfo=UTC)
    assert [row.launch_utc for row in rows[:4]] == [first + timedelta(minutes=3 * n) for n in range(4)]
    assert rows[4].launch_utc == rows[3].launch_utc
    assert "nearest launch" in rows[4].flags[-1]
    assert rows[5].launch_utc is rows[6].launch_utc is None
    scenario = to_scenario(on_date(rows, date(2022, 6, 6), SEOUL), "x")
    assert scenario.flights[0].launch_utc == datetime(2022, 6, 6, 12, tzinfo=UTC)
    assert "time unknown: 12:00 UTC assumed" in scenario.flights[0].flags


def test_launches_of_one_minute_are_spread_over_it(tmp_path: Path) -> None:
    rows = read_record(
        record(tmp_path, *[recorded(series=n, apogee="97", distance="350") for n in (1, 2, 3)])
    )
    scenario = to_scenario(rows, "x")
    starts = [flight.launch_utc.second for flight in scenario.flights]
    assert starts == [0, 20, 40]
    assert [flight.object for flight in scenario.flights] == ["A", "B", "C"]
    assert scenario.flights[0].apogee_km == 97.0  # a number that the record writes as a string
    assert any("manoeuvres (glide)" in flag for flag in scenario.flights[0].flags)


def test_figures_as_the_record_writes_them() -> None:
    assert figure(970) == Figure(970.0)
    assert figure("2111.5") == Figure(2111.5)
    assert figure(">4000") == Figure(4000.0, ">")
    assert figure(">=50") == Figure(50.0, ">=")
    assert figure("unknown") is figure("na") is figure("") is None
    with pytest.raises(UserError, match="is not a number"):
        figure("about 3")


def row_of_table(shared_data: Path, day: str) -> RecordRow:
    (row,) = on_date(
        read_record(launches(shared_data) / "documented_launches.csv"), date.fromisoformat(day), SEOUL
    )
    return row


def test_publishers_stand_side_by_side(shared_data: Path) -> None:
    row = row_of_table(shared_data, "2022-10-04")
    japanese = to_scenario([row], "x", Publisher.JPN).flights[0]
    korean = to_scenario([row], "x", Publisher.KOR).flights[0]
    assert (japanese.apogee_km, japanese.range_km) == (1_000.0, 4_600.0)
    assert (korean.apogee_km, korean.range_km) == (970.0, 4_500.0)
    assert japanese.publisher is Publisher.JPN
    assert (japanese.flight_time_s or 0.0) > (korean.flight_time_s or 0.0)


def test_bounds_and_disagreeing_columns_are_flagged(shared_data: Path) -> None:
    lofted = to_scenario([row_of_table(shared_data, "2023-12-18")], "x", Publisher.JPN)
    assert "apogee is a bound: >6000 km published" in lofted.flights[0].flags
    assert lofted.flights[0].azimuth_of is AzimuthOf.IMPACT
    assert any("columns differ by 60 s" in flag for flag in row_of_table(shared_data, "2022-11-18").flags)


def test_a_publisher_without_figures_is_named_with_those_who_have_them(shared_data: Path) -> None:
    with pytest.raises(UserError, match="KOR gives no apogee or no range") as mistake:
        to_scenario([row_of_table(shared_data, "2023-12-18")], "x", Publisher.KOR)
    assert "JPN or KCNA" in mistake.value.fix


def test_the_json_takes_publishers_figures_from_the_table_beside_it(shared_data: Path) -> None:
    path = launches(shared_data) / "test.en.json"
    (row,) = on_date(read_record(path), date(2022, 10, 4), SEOUL)
    scenario = to_scenario([with_documented(row, path)], "x", Publisher.JPN)
    assert scenario.flights[0].range_km == 4_600.0
    assert "documented_launches.csv row 3" in scenario.source


def test_a_stated_boost_is_taken_or_refused(tmp_path: Path) -> None:
    (row,) = read_record(record(tmp_path, recorded(distance=300)))
    assert to_scenario([row], "x", boost_s=70.0).flights[0].boost_s == 70.0
    with pytest.raises(UserError, match="no ballistic arc") as mistake:
        to_scenario([row], "x", boost_s=400.0)
    assert "--boost" in mistake.value.fix


def test_rows_are_chosen_by_number(tmp_path: Path) -> None:
    rows = read_record(record(tmp_path, recorded(series=1), recorded(series=2)))
    assert choose(rows, [2]) == rows[1:]
    assert "--row 2: 2022-06-05 00:06:00Z = 2022-06-05 09:06 KST, Here" in describe(rows[1], SEOUL)
    with pytest.raises(UserError, match="row 3 is not among") as mistake:
        choose(rows, [3])
    assert "1, 2" in mistake.value.fix
    with pytest.raises(UserError, match="no time zone"):
        on_date(rows, date(2022, 6, 5), "Asia/Soul")


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (recorded(facility="there"), "facility 'there'"),
        (recorded(time="25:00 (UTC)"), "not a date and time"),
        (recorded(date="2022-02-30"), "not a date and time"),
        (recorded(apogee="high"), "'high' is not a number"),
        (recorded(bearing=400), "not the launch record's JSON"),
        ({"date": "2022-06-05"}, "not the launch record's JSON"),
    ],
)
def test_a_broken_record_is_named(tmp_path: Path, test: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_record(record(tmp_path, test))


def test_files_that_are_no_record(tmp_path: Path) -> None:
    record(tmp_path, recorded())
    (tmp_path / "facility.en.json").unlink()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "other.txt").touch()
    for name, words in (
        ("test.en.json", "facility.en.json"),
        ("none.json", "none.json does not exist"),
        ("other.csv", "not a documented launch"),
        ("other.txt", "neither .json nor .csv"),
    ):
        with pytest.raises(UserError, match=words):
            read_record(tmp_path / name)


def test_what_is_not_there_is_not_blamed_on_its_name(tmp_path: Path) -> None:
    for name in ("nonexistent", "nonexistent.json", "nonexistent.csv"):
        with pytest.raises(UserError, match=f"{name} does not exist"):
            read_record(tmp_path / name)
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for path in (tmp_path, folder):
        with pytest.raises(UserError, match="is a directory"):
            read_record(path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match=r"neither \.json nor \.csv"):
        read_record(tmp_path / "notes.txt")

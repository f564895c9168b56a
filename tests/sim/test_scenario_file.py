"""Scenario files: shipped ones hold what they state, keys are explained, mistakes named with line and fix."""

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.sim import scenario as structs
from tocsin.sim.record_import import with_contacts
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import MAX_FILE_BYTES, load, parse, render, shipped
from tocsin.sim.scenario_keys import KEYS
from tocsin.sim.sensors import in_coverage, looks_ns
from tocsin.sim.truth import fly_all

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "": structs.Scenario,
    "officers": structs.Officers,
    "links": structs.Link,
    "flights": structs.Flight,
    "flights.salvo": structs.Salvo,
    "flights.manoeuvre": structs.Manoeuvre,
    "flights.failure": structs.Failure,
    "sensors": structs.SensorSpec,
    "sensors.orbit": structs.Orbit,
    "sensors.errors": structs.Errors,
    "sensors.bias": structs.Bias,
    "sensors.resolution": structs.Resolution,
    "sensors.coverage": structs.Coverage,
}


def text_of(name: str = "2022-10-04") -> str:
    return render(load(name))


def refused(text: str) -> str:
    with pytest.raises(UserError) as mistake:
        parse(text.encode(), "mine.toml")
    said = str(mistake.value)
    assert said.startswith("error: mine.toml")
    assert "\n" not in said
    return said


def line_of(text: str, start: str, nth: int = 1) -> int:
    return [n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start)][nth - 1]


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_hold_what_they_state(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    assert parse(render(scenario).encode(), name) == scenario
    assert {sensor.nation for sensor in scenario.sensors} == set(Nation)
    recorded = {flight.object: flight.flight_time_s for flight in scenario.flights}
    for flown in fly_all(scenario.flights):
        if flown.flight.object in recorded:
            assert recorded[flown.flight.object] == pytest.approx(flown.flight_time_s, abs=0.1)
        assert (flown.impact_ns - scenario.start_ns) / 1e9 < scenario.duration_s
    for stated, right in zip(scenario.sensors, with_contacts(scenario).sensors, strict=True):
        assert stated.expected_first_contact_s == pytest.approx(right.expected_first_contact_s, abs=0.2)


def test_these_are_shipped() -> None:
    assert shipped() == (
        "2017-08-29",
        "2022-01-30",
        "2022-10-04",
        "2022-11-03",
        "2022-11-03-overflight",
        "2023-04-13",
        "2023-12-18",
        "2024-01-14",
        "far",
        "lofted",
        "near",
        "near-space",
        "quiet",
        "salvo",
        "salvo-0.3km",
        "salvo-1km",
        "salvo-20km",
        "salvo-3km",
        "salvo-overflight",
    )


def test_japan_alone_sees_the_flight_of_4_october_2022_well_after_burnout_and_before_aomori() -> None:
    first = {
        nation: min(
            s.expected_first_contact_s.get("A", 1e9) for s in load("2022-10-04").sensors if s.nation is nation
        )
        for nation in Nation
    }
    assert 190.0 <= first[Nation.JPN] <= 230.0
    assert max(first[Nation.USA], first[Nation.KOR]) < 60.0


def test_every_object_of_the_salvo_is_seen_by_somebody_for_most_of_its_flight() -> None:
    scenario = load("salvo")
    assert len(scenario.flights) == 8
    assert len({flight.place for flight in scenario.flights}) == 4
    launches = [flight.launch_utc for flight in scenario.flights]
    assert (max(launches) - min(launches)).total_seconds() == 35 * 60
    for flown in fly_all(scenario.flights):
        best = 0.0
        for sensor in scenario.sensors:
            times = looks_ns(scenario, sensor)
            times = times[(times >= flown.launch_ns) & (times <= flown.impact_ns)]
            seen = in_coverage(scenario, sensor, flown, times, flown.states((times - flown.launch_ns) / 1e9))
            best = max(best, float(seen.sum()) * sensor.period_s / flown.flight_time_s)
        assert best > 0.6, flown.flight.object


def test_quiet_has_no_launch_and_makes_no_noise_of_its_own() -> None:
    scenario = load("quiet")
    assert not scenario.flights
    assert all(sensor.false_plots_per_min == 0.0 for sensor in scenario.sensors)
    codes = {(sensor.sac, sensor.sic) for sensor in scenario.sensors if sensor.sac is not None}
    assert codes == {(25, sic) for sic in (11, 12, 13, 14, 201, 204, 205, 100)}


def test_registry_entries_carry_label_and_si_units() -> None:
    scenario = load("2022-10-04")
    (korean, _) = scenario.sensors_of(Nation.KOR, Plane.EXERCISE)
    assert korean.errors.az_rad == pytest.approx(0.0008)
    assert korean.label.plane is Plane.EXERCISE
    assert korean.label.originators == {Nation.KOR}
    assert korean.label.releasable_to == {Nation.USA, Nation.JPN}
    assert korean.place is not None
    infrared = scenario.sensors_of(Nation.USA, Plane.TEST)[0]
    assert infrared.place is None
    assert infrared.errors.los_rad == pytest.approx(2e-5)


def test_links_are_found_from_both_ends() -> None:
    links = (structs.Link(nations=(Nation.USA, Nation.KOR), delay_s=0.25),)
    scenario = replace(load("quiet"), links=links)
    assert (
        scenario.link_delay_s(Nation.KOR, Nation.USA) == scenario.link_delay_s(Nation.USA, Nation.KOR) == 0.25
    )
    assert scenario.link_delay_s(Nation.JPN, Nation.USA) == 0.0


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_explained_in_the_documentation(section: str, root: Path) -> None:
    fields = set(SECTIONS[section].__struct_fields__)
    tables = {
        "": {"officers", "links", "flights", "sensors"},
        "flights": {"salvo", "manoeuvre", "failure"},
        "sensors": {"orbit", "errors", "bias", "resolution", "coverage"},
    }
    nested = tables.get(section, set()) | ({"expected_first_contact_s"} if section == "sensors" else set())
    assert set(KEYS[section]) == fields - nested
    page = (root / "docs" / "scenario-format.md").read_text(encoding="utf-8")
    for key, meaning in KEYS[section].items():
        assert f"| `{key}` | {meaning} |" in page


def test_every_key_of_a_written_file_is_explained_once() -> None:
    text = text_of()
    assert text.count("# published apogee") == 1
    for key in set(re.findall(r"^([a-z_]+) = ", text, re.M)):
        assert re.search(rf"^{key} = .*  # ", text, re.M), key


def test_unknown_keys_are_named_with_their_line() -> None:
    text = text_of("salvo")
    wrong = text.replace('object = "C"', 'object = "C"\naltitude_km = 3')
    said = refused(wrong)
    assert f"line {line_of(wrong, 'altitude_km = 3')}: flights[3].altitude_km: unknown key" in said
    assert "docs/scenario-format.md" in said


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("apogee_km", '"high"', "Expected float, got str"),
        ("apogee_km", "-3.0", "flights[1].apogee_km"),
        ("apogee_km", "nan", "flights[1].apogee_km"),
        ("range_km", "inf", "flights[1].range_km"),
        ("lat_deg", "91.0", "<= 90"),
        ("launch_utc", "2022-10-03T22:22:00", "timezone"),
        ("launch_utc", "2021-10-03T22:22:00Z", "outside the scenario"),
        ("azimuth_of", '"both"', "Invalid enum value"),
        ("object", '"../A"', "flights[1].object"),
    ],
)
def test_bad_values_are_named_with_their_line(key: str, value: str, words: str) -> None:
    text = re.sub(rf"^{key} = [^#\n]*", f"{key} = {value} ", text_of(), count=1, flags=re.M)
    said = refused(text)
    assert f"line {line_of(text, f'{key} = ')}: " in said
    assert words in said


@pytest.mark.parametrize(
    ("pattern", "value", "words"),
    [
        (r'^id = "KOR-R2"', 'id = "KOR-R1"', "'KOR-R1' is there twice"),
        (r"^lat_deg = 36.5", "lat_deg = 36.57", "rounded to half a degree"),
        (r"^lat_deg = 36.5\n", "", "a radar needs lat_deg and lon_deg"),
        (r"^az_mrad = 0.8\n", "", "a radar needs range_m and az_mrad"),
        (r"^los_mrad = 0.02\n", "", "an infrared sensor needs los_mrad"),
        (r"^max_range_km = 1000.0", "max_range_km = 1.0", "coverage is empty"),
        (r'^releasable_to = \["USA", "JPN"\]', 'releasable_to = ["KOR"]', "remove KOR"),
        (r'^nations = \["KOR", "JPN"\]', 'nations = ["KOR", "KOR"]', "two different nations"),
        (r"^format = 1", "format = 2", "reads format 1"),
        (r"^duration_s = [0-9.]+", "duration_s = 0", "duration_s"),
        (r'^name = "2022-10-04"', "", "name is missing"),
        (r'^kind = "infrared"', 'kind = "radar"', "a radar needs lat_deg"),
        (r"^\[officers\]", "[officers", "not valid TOML"),
    ],
)
def test_contradictions_are_refused(pattern: str, value: str, words: str) -> None:
    text = re.sub(r"  # .*$", "", text_of(), flags=re.M)
    wrong, changed = re.subn(pattern, value, text, count=1, flags=re.M)
    assert changed == 1
    assert words in refused(wrong)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    for name, words in (
        (str(tmp_path / "long.toml"), "at most"),
        (str(tmp_path / "latin.toml"), "not UTF-8"),
        (str(tmp_path / "none.toml"), "cannot read"),
        (str(tmp_path), "no scenario|cannot read"),
        ("slavo", "did you mean salvo"),
    ):
        with pytest.raises(UserError) as mistake:
            load(name)
        assert re.search(words, str(mistake.value)), str(mistake.value)


@given(
    title=st.text(max_size=40),
    flags=st.lists(st.text(max_size=20), max_size=3),
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    contact=st.floats(0, 5_000),
)
def test_what_is_written_is_read_back(title: str, flags: list[str], name: str, contact: float) -> None:
    scenario = load("2022-10-04")
    flight = replace(scenario.flights[0], object=name, flags=tuple(flags))
    sensor = replace(scenario.sensors[0], expected_first_contact_s={name: contact})
    changed = replace(scenario, title=title, flights=(flight,), sensors=(sensor,))
    assert parse(render(changed).encode(), "x") == changed


def test_a_smallest_file_by_hand() -> None:
    text = """
    name = "mine"
    title = "t"
    source = "s"
    start_utc = 2022-10-04T07:21:30+09:00
    duration_s = 60
    sensors = []
    """
    scenario = parse(text.encode(), "mine.toml")
    assert scenario == Scenario(
        name="mine",
        title="t",
        source="s",
        start_utc=datetime(2022, 10, 3, 22, 21, 30, tzinfo=UTC),
        duration_s=60.0,
        sensors=(),
    )
    assert scenario.officers.propose_delay_s == 5.0

import json
import math
from typing import Any

import pytest
from asterix_blocks import sensor
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.label import Plane
from tocsin.model.sensor import SensorKind
from tocsin.model.time import Instant, from_iso
from tocsin.model.track import LineOfSight, Measurement, Plot, RadarFix, ReportedPosition
from tocsin.sense.format import Decoded
from tocsin.sense.framing import MAX_LINE_BYTES
from tocsin.sense.jsonl import MAX_NUMBER, JsonlDecoder, encode_plot

NOW = Instant(0)
SENSORS = (
    sensor("R", SensorKind.RADAR, None, None),
    sensor("I", SensorKind.INFRARED, None, None),
    sensor("S", SensorKind.SURVEILLANCE, None, None),
)
LINE: dict[str, Any] = {
    "sensor": "R", "number": 1, "plane": "EXERCISE", "time_ns": 1_664_835_720_000_000_000,
    "radar": {"range_m": 1000.0, "az_deg": 90.0, "el_deg": 30.0},
}  # fmt: skip


def decode(*lines: dict[str, Any] | bytes, plane: Plane | None = Plane.EXERCISE) -> Decoded:
    raw = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return JsonlDecoder(SENSORS, plane=plane).decode(b"\n".join(raw), NOW)


def reasons(decoded: Decoded) -> list[str]:
    return [fault.reason for fault in decoded.faults]


numbers = st.floats(-2e4, 2e4)
heights = st.none() | st.floats(-1e3, 1e8)
radars = st.builds(
    RadarFix,
    range_m=st.floats(1e-3, 1e8),
    az_rad=st.floats(-math.pi, 2 * math.pi),
    el_rad=st.none() | st.floats(-math.pi / 2, math.pi / 2),
    range_rate_mps=st.none() | numbers,
    alt_m=heights,
)
units = (
    st.tuples(*[st.floats(-1, 1)] * 3)
    .filter(lambda v: math.hypot(*v) > 0.01)
    .map(lambda v: (v[0] / math.hypot(*v), v[1] / math.hypot(*v), v[2] / math.hypot(*v)))
)
sights = st.builds(LineOfSight, st.tuples(*[st.floats(-1e9, 1e9)] * 3), units)
places = st.builds(
    ReportedPosition,
    st.floats(-90, 90),
    st.floats(-180, 180),
    heights,
    st.none() | numbers,
    st.none() | numbers,
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)


@given(radars | sights | places, st.integers(0, MAX_NUMBER), st.integers(0, 2**63 - 1), st.none() | names)
def test_what_is_written_is_read_back(
    measurement: Measurement, number: int, time_ns: int, identity: str | None
) -> None:
    name = {RadarFix: "R", LineOfSight: "I", ReportedPosition: "S"}[type(measurement)]
    plot = Plot(name, number, Instant(time_ns), measurement, identity)
    decoded = JsonlDecoder(SENSORS, plane=Plane.TEST).decode(encode_plot(plot, Plane.TEST), NOW)
    assert decoded.faults == ()
    [back] = decoded.plots
    assert (back.sensor, back.number, back.time_ns, back.identity) == (name, number, time_ns, identity)
    if not isinstance(measurement, RadarFix):
        assert back.measurement == measurement
        return
    # Angles pass through degrees: equal to a few units in the last place, azimuth in 0..360.
    assert isinstance(back.measurement, RadarFix)
    assert back.measurement.range_m == measurement.range_m
    assert back.measurement.range_rate_mps == measurement.range_rate_mps
    assert back.measurement.alt_m == measurement.alt_m
    assert (back.measurement.el_rad is None) == (measurement.el_rad is None)
    assert (back.measurement.el_rad or 0.0) == pytest.approx(measurement.el_rad or 0.0, rel=1e-15, abs=1e-300)
    turn = math.remainder(back.measurement.az_rad - measurement.az_rad, 2 * math.pi)
    assert abs(turn) < 5e-15


@pytest.mark.parametrize(("az_rad", "az_deg"), [(-math.pi / 2, 270.0), (2.5 * math.pi, 90.0), (0.0, 0.0)])
def test_azimuth_is_written_within_one_turn(az_rad: float, az_deg: float) -> None:
    line = json.loads(encode_plot(Plot("R", 1, NOW, RadarFix(1.0, az_rad)), None))
    assert line["radar"]["az_deg"] == pytest.approx(az_deg)


def test_time_as_iso_or_both_forms() -> None:
    iso = {key: value for key, value in LINE.items() if key != "time_ns"}
    iso["time_utc"] = "2022-10-03T22:22:00.000123Z"
    both = LINE | {"time_utc": "2022-10-03T22:22:00.000Z"}
    decoded = decode(iso, both)
    assert reasons(decoded) == []
    assert [plot.time_ns for plot in decoded.plots] == [from_iso(iso["time_utc"]), LINE["time_ns"]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plane": "REAL"}, "wrong-plane"),
        ({"plane": None}, "wrong-plane"),
        ({"plane": "DRILL"}, "bad-plot"),
        ({"sensor": "X"}, "unknown-sensor"),
        ({"sensor": "I"}, "wrong-measurement"),
        ({"sensor": ""}, "bad-plot"),
        ({"sensor": 7}, "bad-plot"),
        ({"number": -1}, "bad-plot"),
        ({"number": 1.5}, "bad-plot"),
        ({"number": 2**53}, "bad-plot"),
        ({"time_ns": 2**63}, "bad-plot"),
        ({"time_ns": 1.664e18 + 0.5}, "bad-plot"),
        ({"time_ns": None}, "bad-plot"),
        ({"time_utc": "2022-10-03T22:22:00"}, "bad-plot"),
        ({"time_utc": "2022-10-04T07:22:00+09:00"}, "bad-plot"),
        ({"time_utc": "2022-10-03T22:22:01Z"}, "bad-plot"),
        ({"radar": {"range_m": 0.0, "az_deg": 1.0}}, "bad-plot"),
        ({"radar": {"range_m": -5.0, "az_deg": 1.0}}, "bad-plot"),
        ({"radar": {"range_m": 5.0}}, "bad-plot"),
        ({"radar": {"range_m": 5.0, "az_deg": 360.1}}, "bad-plot"),
        ({"radar": {"range_m": 5.0, "az_deg": 6.0, "el_deg": 91.0}}, "bad-plot"),
        ({"radar": {"range_m": 5.0, "az_deg": 6.0, "az_rad": 0.1}}, "bad-plot"),
        ({"radar": None}, "bad-plot"),
        ({"reported": {"lat_deg": 1.0, "lon_deg": 2.0}}, "bad-plot"),
        ({"sensor": "I", "radar": ..., "los": {"from_ecef_m": [7e6, 0, 0], "unit": [1, 1, 0]}}, "bad-plot"),
        ({"sensor": "I", "radar": ..., "los": {"from_ecef_m": [7e6, 0], "unit": [1, 0, 0]}}, "bad-plot"),
        ({"sensor": "S", "radar": ..., "reported": {"lat_deg": 91.0, "lon_deg": 2.0}}, "bad-plot"),
        ({"sensor": "S", "radar": ..., "reported": {"lat_deg": 35.0, "lon_deg": 181.0}}, "bad-plot"),
        ({"radar": ...}, "bad-plot"),
        ({"extra": 1}, "bad-plot"),
    ],
)
def test_what_is_refused_and_the_lines_around_it_are_taken(change: dict[str, Any], reason: str) -> None:
    bad = {key: value for key, value in (LINE | change).items() if value is not ...}
    decoded = decode(LINE, bad, LINE)
    assert len(decoded.plots) == 2
    [fault] = decoded.faults
    assert fault.reason == reason
    assert fault.offset == len(json.dumps(LINE)) + 1
    assert fault.detail


GOOD = json.dumps(LINE).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "not-json"),
        (b"{", "not-json"),
        (b"[]", "bad-plot"),
        (b"null", "bad-plot"),
        (b'"text"', "bad-plot"),
        (GOOD + b"x", "not-json"),
        (GOOD + GOOD, "not-json"),
        (GOOD.replace(b"1000.0", b"NaN"), "not-json"),
        (GOOD.replace(b"1000.0", b"Infinity"), "not-json"),
        (GOOD.replace(b"1000.0", b"1e999"), "bad-plot"),
        (GOOD.replace(b'"R"', b'"R\xff"'), "not-json"),
        (b"\xff\xfe" + GOOD, "not-json"),
        (GOOD.replace(b'"number": 1', b'"number": 1, "number": 1'), "bad-plot"),
        (GOOD.replace(b'"az_deg"', b'"range_m": 1.0, "az_deg"'), "bad-plot"),
        (b"[" * 5000, "bad-plot"),
        (b'{"radar":' * 500, "bad-plot"),
        (GOOD[:-1] + b', "identity": "' + b"x" * MAX_LINE_BYTES + b'"}', "line-too-long"),
        (b"x" * (MAX_LINE_BYTES + 1), "line-too-long"),
    ],
)
def test_junk_is_named_and_the_rest_goes_on(line: bytes, reason: str) -> None:
    decoded = decode(LINE, line, LINE)
    assert len(decoded.plots) == 2
    [fault] = decoded.faults
    assert (fault.offset, fault.reason) == (len(GOOD) + 1, reason)


def test_blank_lines_and_carriage_returns_are_nothing() -> None:
    decoded = JsonlDecoder(SENSORS, plane=Plane.EXERCISE).decode(b"\n\r\n" + GOOD + b"\r\n\n", NOW)
    assert (len(decoded.plots), decoded.faults, decoded.counts) == (1, (), {"lines": 1})


def test_a_look_takes_every_plane_and_sensor() -> None:
    lines = [GOOD.replace(b"EXERCISE", plane.encode()).replace(b'"R"', b'"any"') for plane in Plane]
    no_plane = GOOD.replace(b'"plane": "EXERCISE", ', b"")
    decoded = JsonlDecoder((), accept_unknown=True).decode(b"\n".join([*lines, no_plane]), NOW)
    assert (len(decoded.plots), decoded.faults) == (4, ())


def test_a_line_without_plane_can_be_looked_at_but_no_node_takes_it() -> None:
    line = encode_plot(Plot("R", 1, Instant(5), RadarFix(1.0, 0.0)), None)
    assert b"plane" not in line
    assert reasons(decode(line)) == ["wrong-plane"]
    assert len(decode(line, plane=None).plots) == 1


@given(st.binary(max_size=200))
def test_random_bytes_never_raise(data: bytes) -> None:
    decoded = decode(data)
    assert decoded.plots == ()


@given(st.data())
def test_mutated_lines_never_raise_and_never_lose_the_next(data: st.DataObject) -> None:
    line = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(
            st.integers(0, 255).filter(lambda b: b != 10)
        )
    decoded = decode(bytes(line), LINE)
    assert decoded.plots[-1].number == 1
    assert len(decoded.plots) + len(decoded.faults) == 2

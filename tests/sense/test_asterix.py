import json
import math
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyasteryx
import pytest
from asterix_blocks import adsb_record, block, radar_record, sensor, track_record
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.sensor import SensorKind
from tocsin.model.time import Instant, after, from_iso, to_datetime
from tocsin.model.track import Plot, RadarFix, ReportedPosition
from tocsin.sense.asterix import AsterixDecoder
from tocsin.sense.capture import datagrams, decode_all
from tocsin.sense.format import Decoded

NOON = from_iso("2022-10-04T12:00:00Z")
SPEED_UNIT = 2.0**-14 * 1852.0
BOTH = pytest.mark.parametrize("name", ["croatia_cat_034_048.pcap", "croatia_cat_062_065.pcap"])


def decode(data: bytes, now: Instant = NOON, plane: Plane | None = None) -> Decoded:
    return AsterixDecoder((), plane=plane, accept_unknown=True).decode(data, now)


def decode_capture(path: Path) -> Decoded:
    return decode_all(path.read_bytes(), AsterixDecoder((), accept_unknown=True), NOON)


def only(decoded: Decoded) -> Plot:
    assert not decoded.faults
    assert len(decoded.plots) == 1
    return decoded.plots[0]


def tod_s(plot: Plot) -> float:
    return (plot.time_ns % (86_400 * 10**9)) / 1e9


# ---- real captures against independent decoders ----


def test_radar_capture_equals_the_decoder_that_came_with_it(shared_data: Path) -> None:
    text = (shared_data / "asterix" / "croatia_cat_034_048.txt").read_text()
    records = [part for part in re.split(r"(?m)^Data Record \d+$", text)[1:] if "Item 140 :" in part]
    theirs = [part for part in records if "Item 040 :" in part]
    decoded = decode_capture(shared_data / "asterix" / "croatia_cat_034_048.pcap")

    assert decoded.faults == ()
    assert decoded.counts["CAT048"] == len(records) == 128
    assert len(decoded.plots) == len(theirs) == 126
    assert decoded.counts["CAT048 without position"] == len(records) - len(theirs)
    assert len(decoded.services) == decoded.counts["CAT034"] == text.count("Item 000 :")
    for plot, record in zip(decoded.plots, theirs, strict=True):
        _same_report(plot, record)


def _same_report(plot: Plot, text: str) -> None:
    def found(pattern: str) -> str:
        match = re.search(pattern, text)
        assert match is not None
        return match[1]

    fix = plot.measurement
    assert isinstance(fix, RadarFix)
    code = found(r"System Area Code: (\d+)"), found(r"Identification Code: (\d+)")
    assert plot.sensor == "SAC/SIC {}/{}".format(*code)
    assert tod_s(plot) == pytest.approx(float(found(r"Time Of Day: \d+ \(([\d.]+) s")), abs=1e-6)
    assert fix.range_m == pytest.approx(float(found(r"RHO: \d+ \(([\d.]+) NM")) * 1852, abs=1e-3)
    assert math.degrees(fix.az_rad) == pytest.approx(float(found(r"THETA: \d+ \(([\d.]+) deg")), abs=1e-6)
    assert plot.identity == (found(r"AircraftAddress: (\w+)") if "Item 220" in text else None)
    height = r"FlightLevel: -?\d+ \((-?[\d.]+) FL" if "Item 110" not in text else r"3D.*\((-?[\d.]+) "
    unit_m = 30.48 if "Item 110" not in text else 0.3048
    assert fix.alt_m == pytest.approx(float(found(height)) * unit_m, abs=1e-3)
    assert to_datetime(plot.time_ns).date() == date(2016, 5, 5)  # the capture's own clock


def test_tracker_capture_equals_the_decoder_that_came_with_it(shared_data: Path) -> None:
    lines = (shared_data / "asterix" / "croatia_cat_062_065_json.txt").read_text().splitlines()
    theirs = [record["CAT062"] for line in lines if "CAT062" in (record := json.loads(line))]
    decoded = decode_capture(shared_data / "asterix" / "croatia_cat_062_065.pcap")

    assert decoded.faults == ()
    assert [service.kind for service in decoded.services] == ["end of batch"]
    for plot, record in zip(decoded.plots, theirs, strict=True):
        at = plot.measurement
        assert isinstance(at, ReportedPosition)
        assert tod_s(plot) == pytest.approx(record["I070"]["ToT"], abs=1e-6)
        assert at.lat_deg == pytest.approx(record["I105"]["Lat"], abs=1e-7)
        assert at.lon_deg == pytest.approx(record["I105"]["Lon"], abs=1e-7)
        assert at.alt_m == pytest.approx(record["I130"]["Alt"] * 0.3048)
        assert (at.ve_mps, at.vn_mps) == (record["I185"]["Vx"], record["I185"]["Vy"])
        assert plot.identity == record["I380"]["ADR"]["ADR"]


@BOTH
def test_captures_equal_a_second_decoder(shared_data: Path, name: str) -> None:
    data = (shared_data / "asterix" / name).read_bytes()
    payloads = [datagram.payload for datagram in datagrams(data, [], Counter())]
    ours = [plot for payload in payloads for plot in decode(payload).plots]
    theirs = [values for payload in payloads for values in _second_decoder(payload)]
    assert [_values(plot) for plot in ours] == [pytest.approx(values, rel=1e-9) for values in theirs]


def _second_decoder(payload: bytes) -> list[tuple[float, ...]]:
    """(time of day, range NM, azimuth deg) of CAT048, (time, lat, lon) of CAT062 and CAT021, by pyasteryx."""
    found: list[tuple[float, ...]] = []
    offset = 0
    while offset < len(payload):
        length = int.from_bytes(payload[offset + 1 : offset + 3], "big")
        if payload[offset] in (21, 48, 62):
            messages = pyasteryx.Decoder().decode(payload[offset : offset + length])
            found += [values for message in messages if (values := _theirs(message)) is not None]
        offset += length
    return found


def _theirs(message: Any) -> tuple[float, ...] | None:
    items = message.items
    match message.category:
        case 48:
            polar = items.get("I048/040")
            return polar and (items["I048/140"]["ToD"], polar["RHO"], polar["THETA"])
        case 62:
            return (items["I062/070"]["ToT"], items["I062/105"]["Lat"], items["I062/105"]["Lon"])
        case _:
            place = items["I021/131"]
            return (next(iter(items["I021/073"].values())), *list(place.values())[:2])


def _values(plot: Plot) -> tuple[float, ...]:
    match plot.measurement:
        case RadarFix(range_m, az_rad):
            return (tod_s(plot), range_m / 1852, math.degrees(az_rad))
        case ReportedPosition(lat_deg, lon_deg):
            return (tod_s(plot), lat_deg, lon_deg)
    raise AssertionError(plot)


def test_the_same_block_over_two_paths_has_one_number(shared_data: Path) -> None:
    # The capture holds two multicast groups that carry the same radars.
    plots = decode_capture(shared_data / "asterix" / "croatia_cat_034_048.pcap").plots
    assert len({(plot.sensor, plot.number) for plot in plots}) == len(set(plots)) < len(plots)


# ---- records encoded from known values ----


@given(
    st.floats(0, 255), st.floats(0, 359.99), st.floats(-12, 1270), st.integers(0, 86_400 * 128 - 1),
    st.integers(1, 2**24 - 1),
)  # fmt: skip
def test_048_values_come_back_within_resolution(
    rho: float, theta: float, level: float, tod: int, address: int
) -> None:
    polar = (("RHO", (rho, "NM")), ("THETA", (theta, "°")))
    record = radar_record(
        tod / 128, i040=polar, i090=(("V", 0), ("G", 0), ("FL", (level, "FL"))), i220=address
    )
    plot = only(decode(block(48, record)))
    fix = plot.measurement
    assert isinstance(fix, RadarFix)
    assert fix.alt_m is not None
    assert abs(fix.range_m / 1852 - rho) <= 1 / 256
    assert abs(math.degrees(fix.az_rad) - theta) <= 360 / 65_536
    assert abs(fix.alt_m / 30.48 - level) <= 0.25
    assert plot.time_ns % (86_400 * 10**9) == tod * 7_812_500  # 1/128 s is a whole number of nanoseconds
    assert plot.identity == f"{address:06X}"


def test_048_height_of_a_3d_radar_goes_before_the_flight_level() -> None:
    fix = only(decode(block(48, radar_record(i110=(0, ("3DH", (10_000.0, "ft"))))))).measurement
    assert isinstance(fix, RadarFix)
    assert fix.alt_m == pytest.approx(3048.0)


@pytest.mark.parametrize("flags", [(1, 0), (0, 1)])
def test_048_garbled_or_unvalidated_level_is_no_altitude(flags: tuple[int, int]) -> None:
    level = (("V", flags[0]), ("G", flags[1]), ("FL", (330.0, "FL")))
    fix = only(decode(block(48, radar_record(i090=level)))).measurement
    assert isinstance(fix, RadarFix)
    assert fix.alt_m is None


def test_identity_is_the_address_then_the_flight() -> None:
    assert only(decode(block(48, radar_record()))).identity is None
    assert only(decode(block(48, radar_record(i240="JAL123")))).identity == "JAL123"
    assert only(decode(block(48, radar_record(i240="JAL123", i220=0x84ABCD)))).identity == "84ABCD"


def test_062_velocity_and_height() -> None:
    at = only(decode(block(62, track_record()))).measurement
    assert isinstance(at, ReportedPosition)
    assert (at.ve_mps, at.vn_mps) == (-100.0, 200.0)
    assert at.alt_m == pytest.approx(35_000 * 0.3048)


@pytest.mark.parametrize("height_ft", [150_025.0, 204_793.0, -2000.0])
def test_062_height_beyond_its_range_is_refused(height_ft: float) -> None:
    # CAT062 ends at 62.4 km and encoders wrap beyond it: such a height is never believed.
    decoded = decode(block(62, track_record(i130=(height_ft, "ft"))))
    assert decoded.plots == ()
    assert [fault.reason for fault in decoded.faults] == ["out-of-range"]


@pytest.mark.parametrize("latitude", [90.01, -120.0])
def test_062_place_off_the_globe_is_refused(latitude: float) -> None:
    place = (("LAT", (latitude, "°")), ("LON", (10.0, "°")))
    decoded = decode(block(62, track_record(i105=place)))
    assert [fault.reason for fault in decoded.faults] == ["out-of-range"]


def test_062_extrapolated_update_is_passed_over() -> None:
    ended = track_record(i080=(0, 0b0100000))  # I062/080, first extension: SIM, TSE, ...
    coasting = track_record(i080=(0, 0, 0, 0b1000000))  # third extension: CST, ...
    decoded = decode(block(62, ended, coasting, track_record()))
    assert len(decoded.plots) == 1
    assert decoded.counts == {"CAT062": 3, "CAT062 extrapolated or ended": 2}


@given(st.floats(-90, 90), st.floats(-180, 179.99), st.floats(0, 0.5), st.floats(0, 359.99))
def test_021_values_come_back_within_resolution(lat: float, lon: float, speed: float, angle: float) -> None:
    record = adsb_record(
        i131=(("LAT", (lat, "°")), ("LON", (lon, "°"))),
        i160=(("RE", 0), ("GS", (speed, "NM/s")), ("TA", (angle, "°"))),
    )
    data = block(21, record)
    plot = only(decode(data))
    at = plot.measurement
    assert isinstance(at, ReportedPosition)
    assert at.ve_mps is not None
    assert at.vn_mps is not None
    assert at.lat_deg == pytest.approx(lat, abs=180 / 2**30)
    assert at.lon_deg == pytest.approx(lon, abs=180 / 2**30)
    assert math.hypot(at.ve_mps, at.vn_mps) == pytest.approx(speed * 1852, abs=SPEED_UNIT)
    if speed > 0.01:
        bearing = math.degrees(math.atan2(at.ve_mps, at.vn_mps)) % 360
        assert abs((bearing - angle + 180) % 360 - 180) <= 360 / 65_536 + 1e-9
    assert plot.identity == "ABCDEF"
    assert [_values(plot)] == [pytest.approx(values, rel=1e-9) for values in _second_decoder(data)]


def test_021_prefers_geometric_height_and_time_of_applicability() -> None:
    plot = only(decode(block(21, adsb_record(i140=(1000.0, "ft"), i071=(43_100.0, "s")))))
    at = plot.measurement
    assert isinstance(at, ReportedPosition)
    assert at.alt_m == pytest.approx(304.8)
    assert tod_s(plot) == 43_100.0


def test_service_messages_are_signs_of_life() -> None:
    source = (("SAC", 25), ("SIC", 201))
    north = block(34, {"010": source, "000": 1, "030": (43_200.0, "s")})
    status = block(65, {"010": source, "000": 1, "015": 1, "030": (43_201.0, "s")})
    decoded = decode(north + status)
    assert decoded.plots == ()
    assert [service.kind for service in decoded.services] == ["north marker", "SDPS status"]
    assert [service.time_ns for service in decoded.services] == [NOON, after(NOON, 1.0)]


# ---- dates ----


@pytest.mark.parametrize(
    ("now", "tod", "expected"),
    [
        ("2022-10-05T00:00:00.100Z", 86_399.90625, "2022-10-04T23:59:59.906250Z"),
        ("2022-10-04T23:59:59.900Z", 0.125, "2022-10-05T00:00:00.125000Z"),
        ("2022-10-04T12:00:00Z", 43_200.0, "2022-10-04T12:00:00Z"),
        ("2022-12-31T23:59:59.990Z", 0.0, "2023-01-01T00:00:00Z"),
    ],
)
def test_midnight_is_crossed_both_ways(now: str, tod: float, expected: str) -> None:
    plot = only(decode(block(48, radar_record(tod)), from_iso(now)))
    assert plot.time_ns == from_iso(expected)


def test_a_given_date_carries_a_file_over_midnight_and_back() -> None:
    blocks = b"".join(block(48, radar_record(tod)) for tod in (86_399.5, 0.5, 86_399.75, 1.0, 43_000.0))
    plots = AsterixDecoder((), date(2017, 12, 31), accept_unknown=True).decode(blocks, NOON).plots
    assert [to_datetime(plot.time_ns).date().isoformat() for plot in plots] == [
        "2017-12-31", "2018-01-01", "2017-12-31", "2018-01-01", "2018-01-01",
    ]  # fmt: skip


@given(st.integers(10**18, 4 * 10**18), st.floats(-43_100, 43_100))
def test_any_report_less_than_half_a_day_away_gets_its_own_date(arrival_ns: int, away_s: float) -> None:
    arrival = Instant(arrival_ns)
    sent = after(arrival, away_s) // 7_812_500 * 7_812_500  # to 1/128 s
    tod = sent % (86_400 * 10**9) / 1e9
    assert only(decode(block(48, radar_record(tod)), arrival)).time_ns == sent


def test_time_of_day_beyond_a_day_is_refused() -> None:
    decoded = decode(block(48, radar_record(86_400.0)))
    assert [fault.reason for fault in decoded.faults] == ["out-of-range"]


# ---- registry and plane ----


def test_registered_source_becomes_its_sensor() -> None:
    decoder = AsterixDecoder([sensor("JPN-ATC")])
    assert only(decoder.decode(block(48, radar_record()), NOON)).sensor == "JPN-ATC"


def test_unknown_source_is_refused_by_a_node_and_named_for_a_look() -> None:
    data = block(48, radar_record())
    decoded = AsterixDecoder([sensor(sic=9)]).decode(data, NOON)
    assert decoded.plots == ()
    assert [(fault.offset, fault.reason, fault.detail) for fault in decoded.faults] == [
        (3, "unknown-sensor", "SAC/SIC 25/201")
    ]
    assert only(decode(data)).sensor == "SAC/SIC 25/201"


def test_a_sensor_reports_only_what_its_kind_measures() -> None:
    decoder = AsterixDecoder([sensor(kind=SensorKind.INFRARED)])
    decoded = decoder.decode(block(48, radar_record()), NOON)
    assert [fault.reason for fault in decoded.faults] == ["wrong-measurement"]


def test_two_sensors_with_one_code_are_a_mistake() -> None:
    with pytest.raises(UserError, match="share SAC/SIC 25/201"):
        AsterixDecoder([sensor("A"), sensor("B")])
    with pytest.raises(UserError, match="called 'A'"):
        AsterixDecoder([sensor("A"), sensor("A", sic=3)])


@pytest.mark.parametrize("plane", list(Plane))
def test_simulated_reports_never_enter_plane_real(plane: Plane) -> None:
    simulated = radar_record(i020=(0b0001000,))
    test_report = radar_record(i020=(0, 0b1000000))
    decoded = decode(block(48, simulated, test_report, radar_record()), plane=plane)
    refused = [fault.reason for fault in decoded.faults]
    assert (len(decoded.plots), refused) == ((1, ["simulated"] * 2) if plane is Plane.REAL else (3, []))


def test_field_monitors_are_counted_not_plotted() -> None:
    decoded = decode(block(48, radar_record(i020=(0b0000001,))))
    assert (decoded.plots, decoded.faults) == ((), ())
    assert decoded.counts["CAT048 field monitor"] == 1


# ---- damage ----


def test_malformed_block_is_named_and_the_rest_goes_on() -> None:
    good = block(48, radar_record())
    bad = bytes([48, 0, 8]) + b"\xff\xff\xff\xff\xff"
    decoded = decode(good + bad + good + bytes([99, 0, 4, 0]) + good)
    assert len(decoded.plots) == 3
    assert [(fault.offset, fault.reason) for fault in decoded.faults] == [
        (len(good), "malformed-block"),
        (2 * len(good) + 8, "unsupported-category"),
    ]


@pytest.mark.parametrize(
    "tail", [b"\x30\x00\x02", b"\x30\x00\x00", b"\x30\xff\xff" + b"\x00" * 9, b"\x30", b"\x30\x00"]
)
def test_broken_length_ends_the_datagram_and_says_so(tail: bytes) -> None:
    good = block(48, radar_record())
    decoded = decode(good + tail)
    assert len(decoded.plots) == 1
    assert [(fault.offset, fault.reason) for fault in decoded.faults] == [(len(good), "broken-length")]


@pytest.mark.parametrize(("item", "reason"), [("010", "no-source"), ("140", "no-time")])
def test_record_without_source_or_time_is_refused_alone(item: str, reason: str) -> None:
    lacking = {key: value for key, value in radar_record().items() if key != item}
    first = radar_record()
    decoded = decode(block(48, first, lacking, radar_record()))
    assert len(decoded.plots) == 2
    assert [(fault.offset, fault.reason) for fault in decoded.faults] == [(len(block(48, first)), reason)]


def test_empty_block_is_malformed() -> None:
    assert [fault.reason for fault in decode(b"\x30\x00\x03").faults] == ["malformed-block"]


@given(st.binary(max_size=300), st.sampled_from([21, 34, 48, 62, 65, 0]))
def test_random_records_never_raise(body: bytes, category: int) -> None:
    data = bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body
    decoded = decode(data, plane=Plane.REAL)
    assert all(0 <= fault.offset < len(data) for fault in decoded.faults)


@given(st.binary(max_size=400))
def test_random_bytes_never_raise(data: bytes) -> None:
    assert decode(data).plots == () or data[0] in (21, 48, 62)


@BOTH
@given(st.data())
def test_mutated_captures_never_raise(shared_data: Path, name: str, data: st.DataObject) -> None:
    raw = bytearray((shared_data / "asterix" / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 40))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    decoded = decode_all(bytes(raw[:cut]), AsterixDecoder((), accept_unknown=True), NOON)
    assert all(0 <= fault.offset <= cut for fault in decoded.faults)

"""Areas against known cities, geodesic distances and sampled impacts."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scipy.stats import norm

from tocsin.earth import places
from tocsin.earth.places import Area, Array, Overflight
from tocsin.errors import UserError

GEOD = Geod(ellps="WGS84")
# Latitude and longitude (degrees) of seats of government and airports, from public gazetteers.
CITIES = {
    "JP-13": (35.690, 139.692), "JP-02": (40.824, 140.740), "JP-01": (43.062, 141.354),
    "JP-47": (26.212, 127.681), "JP-27": (34.686, 135.520), "KR-11": (37.566, 126.978),
    "KR-26": (35.180, 129.075), "KR-49": (33.489, 126.498), "KR-28": (37.456, 126.705),
    "US-HI": (21.307, -157.858), "US-AK": (61.217, -149.900), "US-CA": (34.054, -118.243),
    "US-GU": (13.475, 144.749), "US-WA": (47.604, -122.330),
}  # fmt: skip
CERTAIN = np.eye(2) * 1e2**2


def line(points_deg: list[tuple[float, float]], end_s: float, rows: int = 60) -> Array:
    """A ground track along geodesics through (lat, lon) points at an even pace."""
    lon_lat = []
    for (lat1, lon1), (lat2, lon2) in pairwise(points_deg):
        lon_lat += GEOD.npts(lon1, lat1, lon2, lat2, rows, initial_idx=0, terminus_idx=1)
    lon_lat.append(points_deg[-1][::-1])
    lon, lat = np.radians(np.array(lon_lat)).T
    return np.column_stack((np.linspace(0.0, end_s, len(lat)), lat, lon, np.zeros(len(lat))))


def square(iso: str, west: float, south: float, east: float, north: float) -> Area:
    return Area(iso, "JPN", {"en": iso, "ko": iso, "ja": iso}, shapely.box(west, south, east, north))


def test_all_areas_are_there_named_in_three_languages() -> None:
    areas = places.load_areas()
    count = {nation: sum(a.nation == nation for a in areas) for nation in ("JPN", "KOR", "USA")}
    assert count["JPN"] == 47
    assert count["KOR"] == 17
    assert count["USA"] >= 51
    assert {a.nation for a in areas} == {"JPN", "KOR", "USA"}
    assert all(a.names[language] for a in areas for language in ("en", "ko", "ja"))
    assert [a.iso for a in areas] == sorted(a.iso for a in areas)


def test_the_map_data_s_fingerprint_is_that_of_its_bytes() -> None:
    built = Path(places.__file__).parents[1] / "data" / "built" / "areas.json"
    assert places.areas_sha256() == hashlib.sha256(built.read_bytes()).hexdigest()


@pytest.mark.parametrize("iso", CITIES)
def test_a_city_lies_in_its_area(iso: str) -> None:
    lat, lon = np.radians(CITIES[iso])
    assert next(iter(places.area_probabilities(lat, lon, CERTAIN, places.load_areas()))) == iso


def test_the_open_sea_is_in_no_area() -> None:
    assert places.area_probabilities(np.radians(38.0), np.radians(135.0), CERTAIN, places.load_areas()) == {}


@pytest.mark.parametrize("text", [None, "", "{}", '{"features": [{"properties": {}}]}'])
def test_missing_or_damaged_map_data_names_the_fix(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "areas.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError, match=r"map data.*make setup"):
        places.read_areas(file)


def test_half_planes_have_the_probabilities_of_the_normal_curve() -> None:
    # A border one and a half sigma north of the mean, at the equator where a degree is a degree.
    sigma_m = 40e3
    border_deg = np.degrees(1.5 * sigma_m / 6_335_439.3)
    areas = [square("N", -10, border_deg, 10, 10), square("S", -10, -10, 10, border_deg)]
    found = places.area_probabilities(0.0, 0.0, np.diag([60e3**2, sigma_m**2]), areas)
    assert list(found) == ["S", "N"]
    assert found["S"] == pytest.approx(norm.cdf(1.5), abs=0.01)
    assert found["N"] + found["S"] == pytest.approx(1.0)


def test_correlation_has_its_sign() -> None:
    # Errors that go east as they go north: the north-eastern quarter holds 1/4 + asin(0.8) / (2 pi).
    covariance = 30e3**2 * np.array([[1.0, 0.8], [0.8, 1.0]])
    found = places.area_probabilities(
        0.0, 0.0, covariance, [square("NE", 0, 0, 9, 9), square("SE", 0, -9, 9, 0)]
    )
    assert found["NE"] == pytest.approx(0.25 + np.arcsin(0.8) / (2 * np.pi), abs=0.015)
    assert found["SE"] == pytest.approx(0.25 - np.arcsin(0.8) / (2 * np.pi), abs=0.015)


@pytest.mark.parametrize("lon_deg", [179.99, -179.99, 180.0])
def test_an_impact_on_the_180th_meridian_counts_on_both_sides(lon_deg: float) -> None:
    areas = [square("E", 170, 40, 180, 60), square("W", -180, 40, -170, 60)]
    found = places.area_probabilities(np.radians(50), np.radians(lon_deg), np.eye(2) * 50e3**2, areas)
    assert found["E"] == pytest.approx(0.5, abs=0.02)
    assert found["W"] == pytest.approx(0.5, abs=0.02)


def test_a_flight_over_tsugaru_crosses_hokkaido_and_aomori() -> None:
    # 4 October 2022 as the Ministry of Defense told it: over Aomori, down some 3,200 km east of Japan.
    track = line([(40.3, 127.5), (41.0, 140.8), (33.0, 170.0)], 1_200.0)
    found = places.overflown(track, places.load_areas(), 50e3)
    assert {"JP-01", "JP-02"} <= {o.iso for o in found} <= {"JP-01", "JP-02", "JP-03", "JP-05"}
    assert all(0.0 < o.enter_s < o.leave_s < 1_200.0 for o in found)
    assert [o.enter_s for o in found] == sorted(o.enter_s for o in found)


@pytest.mark.parametrize("corridor_m", [50e3, 10e3])
def test_entry_and_exit_are_where_the_distance_is_the_corridor(corridor_m: float) -> None:
    # Northward along a meridian, past the straight southern and northern borders of a square.
    track = line([(30.0, 135.0), (45.0, 135.0)], 1_000.0)
    (found,) = places.overflown(track, [square("X", 134, 36, 136, 38)], corridor_m)
    length_m = GEOD.inv(135, 30, 135, 45)[2]
    enter = (GEOD.inv(135, 30, 135, 36)[2] - corridor_m) / length_m * 1_000.0
    leave = (GEOD.inv(135, 30, 135, 38)[2] + corridor_m) / length_m * 1_000.0
    # The promised thirty-second of the half-width, and the disc being a polygon.
    tolerance_s = (corridor_m / 32 + corridor_m / 150) / (length_m / 1_000.0)
    assert found.enter_s == pytest.approx(enter, abs=tolerance_s)
    assert found.leave_s == pytest.approx(leave, abs=tolerance_s)


@settings(max_examples=20)
@given(
    st.floats(25.0, 60.0),
    st.floats(120.0, 240.0),
    st.floats(-30.0, 30.0),
    st.floats(-40.0, 40.0),
    st.floats(20e3, 80e3),
)
def test_touched_areas_are_those_within_the_corridor(
    lat: float, lon: float, dlat: float, dlon: float, corridor_m: float
) -> None:
    track = line([(lat, lon), (lat + dlat * 0.8, lon + dlon)], 600.0, rows=400)
    areas = [a for a in places.load_areas() if a.nation != "USA"]
    touched = {o.iso for o in places.overflown(track, areas, corridor_m)}
    lats, lons = np.degrees(track[:, 1]), np.degrees(track[:, 2])
    inside = [a for a in areas if bool(shapely.intersects_xy(a.polygon, lons, lats).any())]
    assert {a.iso for a in inside} <= touched
    for area in areas:
        corners = shapely.get_coordinates(area.polygon)[::5]
        rough = np.hypot(
            (corners[:, None, 0] - lons[None] + 180) % 360 - 180, corners[:, None, 1] - lats[None]
        )
        corner, row = np.unravel_index(rough.argmin(), rough.shape)
        near = GEOD.inv(lons[row], lats[row], *corners[corner])[2]
        if near < 0.97 * corridor_m:
            assert area.iso in touched
        if near > 1.1 * corridor_m + 60e3:  # the sparse corners and the rough metric leave this much room
            assert area.iso not in touched or area in inside


def test_the_corridor_crosses_the_180th_meridian() -> None:
    areas = [square("E", 179.6, 51, 180, 52), square("W", -180, 51, -179.6, 52)]
    track = line([(51.5, 178.0), (51.5, -178.0)], 100.0)
    found = places.overflown(track, areas, 5e3)
    assert [o.iso for o in found] == ["E", "W"]
    beside = line([(45.0, 179.8), (55.0, 179.8)], 100.0)
    assert {o.iso for o in places.overflown(beside, areas, 40e3)} == {"E", "W"}
    assert {o.iso for o in places.overflown(beside, areas, 5e3)} == {"E"}


def test_the_aleutians_belong_to_alaska_on_both_sides() -> None:
    for attu_or_adak in [(52.9, 172.9), (51.88, -176.65)]:
        lat, lon = attu_or_adak
        track = line([(lat - 5, lon), (lat + 5, lon)], 100.0)
        assert [o.iso for o in places.overflown(track, places.load_areas(), 50e3)] == ["US-AK"]


def test_a_flight_straight_up_and_down_touches_only_what_is_there() -> None:
    lat, lon = np.radians(CITIES["JP-02"])
    track = np.column_stack(([0.0, 500.0, 1_000.0], [lat] * 3, [lon] * 3, [0.0, 1e6, 0.0]))
    (found, *_) = [o for o in places.overflown(track, places.load_areas(), 10e3) if o.iso == "JP-02"]
    assert found == Overflight("JP-02", 0.0, 1_000.0)


def test_overflight_probability_is_the_normal_tail_beyond_the_corridor() -> None:
    # A long straight border 90 km beside the track, corridor 50 km, sigma 40 km: one sigma to go.
    track = line([(0.0, 100.0), (0.0, 110.0)], 600.0)
    degree_m = 110_574.3  # of latitude at the equator
    areas = [
        square("A", 80, 90e3 / degree_m, 130, 20),
        square("B", 104, -1, 105, 1),
        square("C", 104, 10, 105, 11),
    ]
    found = places.overflight_probabilities(track, areas, 50e3, 40e3)
    assert list(found) == ["B", "A"]
    assert found["B"] == pytest.approx(1.0)
    assert found["A"] == pytest.approx(norm.sf(1.0), abs=0.05)


def test_a_certain_track_overflies_what_it_touches_and_nothing_else() -> None:
    track = line([(40.3, 127.5), (41.0, 140.8), (33.0, 170.0)], 1_200.0)
    areas = places.load_areas()
    sure = places.overflight_probabilities(track, areas, 50e3, np.full(len(track), 1.0))
    assert set(sure) == {o.iso for o in places.overflown(track, areas, 50e3)}
    assert min(sure.values()) == pytest.approx(1.0)
    assert places.overflight_probabilities(line([(0, 150), (0, 160)], 60.0), areas, 50e3, 10e3) == {}

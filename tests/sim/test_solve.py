"""Solved arcs against published flights, an independent geodesic, and every row of the public record."""

import json
from pathlib import Path

import numpy as np
import pymap3d.vincenty
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.earth.flight import fall
from tocsin.earth.frames import ecef_to_geodetic
from tocsin.sim.boost import site
from tocsin.sim.record_rows import read_record
from tocsin.sim.solve import (
    Arc,
    AzimuthOf,
    NoArcError,
    Published,
    fly_program,
    likely_azimuth_of,
    notional_boost_s,
    solve,
    workable_boost,
)

HWASONG_12 = Published(40.611208, 126.425743, 80.0, 970e3, 4_500e3)
LOFTED = Published(39.12655, 125.96453, 61.0, 6_518.2e3, 1_002.3e3)


def fly(published: Published, boost_s: float | None = None, azimuth_of: AzimuthOf | None = None) -> Arc:
    program = solve(
        published, boost_s or notional_boost_s(published), azimuth_of or likely_azimuth_of(published)
    )
    return fly_program(published, site(published.lat_deg, published.lon_deg, published.azimuth_deg), program)


def distance_and_azimuth(published: Published, arc: Arc) -> tuple[float, float]:
    """Launch to impact by another library's geodesic (Vincenty)."""
    lat, lon, _ = ecef_to_geodetic(fall(arc.burnout7).x_impact7[:3])
    distance, azimuth = pymap3d.vincenty.vdist(
        published.lat_deg, published.lon_deg, float(np.degrees(lat)), float(np.degrees(lon))
    )
    return float(distance), float(azimuth)


@pytest.mark.parametrize(
    ("published", "published_s", "tolerance_s"),
    [
        # documented_launches.csv: KCNA's seconds (recalled), Japan's whole minutes.
        (LOFTED, 4_415.0, 20.0),
        (Published(39.282, 125.869, 76.0, 4_475e3, 950e3), 53 * 60.0, 60.0),
        (Published(39.200159, 125.673256, 72.0, 6_248.5e3, 1_090e3), 71 * 60.0, 60.0),
        (HWASONG_12, 22 * 60.0, 60.0),
    ],
)
def test_flight_times_agree_with_published_ones(
    published: Published, published_s: float, tolerance_s: float
) -> None:
    assert fly(published).flight_time_s == pytest.approx(published_s, abs=tolerance_s)


def test_notional_boost_of_4_october_2022_is_140_s() -> None:
    assert notional_boost_s(HWASONG_12) == 140.0


def test_lofted_arcs_come_down_on_the_recorded_side() -> None:
    distance, azimuth = distance_and_azimuth(LOFTED, fly(LOFTED))
    assert distance == pytest.approx(LOFTED.range_m, abs=20.0)
    assert azimuth == pytest.approx(61.0, abs=1e-3)


def test_an_impact_behind_the_launch_place_counts_as_negative() -> None:
    program = solve(HWASONG_12, 140.0, AzimuthOf.DEPARTURE)
    back = program._replace(tilt_along_rad=-program.tilt_along_rad)
    arc = fly_program(HWASONG_12, site(HWASONG_12.lat_deg, HWASONG_12.lon_deg, HWASONG_12.azimuth_deg), back)
    assert arc.along_m < 0.0
    assert arc.signed_range_m < -3_000e3


def test_departure_keeps_the_plane_and_meets_the_range() -> None:
    arc = fly(HWASONG_12)
    distance, azimuth = distance_and_azimuth(HWASONG_12, arc)
    assert distance == pytest.approx(4_500e3, abs=20.0)
    assert 80.5 < azimuth < 86.0  # the turning Earth takes the impact to the right of an eastward plane
    assert arc.right_m > 0


@settings(max_examples=25)
@given(
    lat_deg=st.floats(36, 42),
    azimuth_deg=st.floats(0, 360),
    apogee_km=st.floats(60, 2_000),
    shape=st.floats(0.2, 4.0),
    azimuth_of=st.sampled_from(AzimuthOf),
)
def test_any_plausible_figures_are_met(
    lat_deg: float, azimuth_deg: float, apogee_km: float, shape: float, azimuth_of: AzimuthOf
) -> None:
    published = Published(lat_deg, 127.0, azimuth_deg, apogee_km * 1e3, apogee_km * shape * 1e3)
    arc = fly(published, azimuth_of=azimuth_of)
    distance, azimuth = distance_and_azimuth(published, arc)
    assert arc.apogee_m == pytest.approx(published.apogee_m, abs=20.0)
    assert distance == pytest.approx(published.range_m, abs=20.0)
    assert arc.signed_range_m > 0
    assert arc.rising
    if azimuth_of is AzimuthOf.IMPACT:
        assert abs((azimuth - azimuth_deg + 180.0) % 360.0 - 180.0) < 0.01


def test_what_cannot_be_met_is_said() -> None:
    with pytest.raises(NoArcError, match="no ballistic arc with a boost of 400 s"):
        solve(Published(39.0, 126.0, 90.0, 50e3, 300e3), 400.0, AzimuthOf.DEPARTURE)


def test_a_low_long_arc_takes_a_shorter_boost() -> None:
    gliding = Published(39.1, 126.0, 70.0, 30e3, 700e3)
    with pytest.raises(NoArcError, match="beyond the apogee"):
        solve(gliding, notional_boost_s(gliding), AzimuthOf.DEPARTURE)
    length, part = workable_boost(gliding)
    assert part < 1.0
    assert length == part * notional_boost_s(gliding)
    assert fly(gliding, length).rising


def test_every_row_of_the_record_with_figures_is_solved(shared_data: Path) -> None:
    rows = read_record(shared_data / "launches" / "test.en.json")
    solved = 0
    done = set()
    for row in rows:
        for figures in row.figures.values():
            if figures.apogee and figures.range:
                published = Published(
                    row.lat_deg,
                    row.lon_deg,
                    row.azimuth_deg,
                    figures.apogee.value_km * 1e3,
                    figures.range.value_km * 1e3,
                )
                solved += 1
                if published in done:
                    continue
                done.add(published)
                arc = fly(published, workable_boost(published)[0])
                assert arc.apogee_m == pytest.approx(published.apogee_m, abs=20.0)
                assert arc.signed_range_m == pytest.approx(published.range_m, abs=20.0)
                assert arc.rising
    # Counted a second time, straight from the file.
    tests = [
        test
        for group in json.loads((shared_data / "launches" / "test.en.json").read_text())["timeBins"]
        for test in group["data"]
    ]
    words = {"unknown", "na"}
    assert solved == sum(test["apogee"] not in words and test["distance"] not in words for test in tests)
    assert solved > 200

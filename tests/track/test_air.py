"""Air traffic: rotating radars without elevation, positions with identity; never ballistic, quickly done."""

import numpy as np
import pytest

from tocsin.earth.frames import ecef_to_aer, ecef_to_geodetic, enu_basis, geodetic_to_ecef, ground_destination
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant, after
from tocsin.model.track import Life, ObjectClass, Plot, RadarFix, ReportedPosition, Track
from tocsin.track import tracker

START = Instant(1_664_835_600_000_000_000)
LABEL = Label(Plane.EXERCISE, frozenset((Nation.KOR,)), frozenset())
RADAR = Sensor(
    "rotating", Nation.KOR, SensorKind.RADAR, SensorErrors(range_m=60.0, az_rad=1.4e-3), LABEL,
    Geodetic(37.0, 127.0, 100.0), period_s=6.0,
)  # fmt: skip
ADSB = Sensor("adsb", Nation.KOR, SensorKind.SURVEILLANCE, SensorErrors(position_m=50.0), LABEL, period_s=1.0)
SITE = geodetic_to_ecef(np.radians(37.0), np.radians(127.0), 100.0)
BASIS = enu_basis(float(np.radians(37.0)), float(np.radians(127.0)))


def place(aircraft: int, time_s: float) -> tuple[float, float, float]:
    """Straight flights at 230 m/s, 25 km apart, at 10 km height."""
    lat, lon = ground_destination(
        np.radians(36.5 + 0.25 * (aircraft % 20)),
        np.radians(126.0 + 0.3 * (aircraft // 20)),
        np.radians(70.0),
        230.0 * time_s,
    )
    return float(lat), float(lon), 10_000.0


def radar_plot(
    aircraft: int, number: int, time_s: float, height: bool = True, name: str | None = None
) -> Plot:
    lat, lon, alt = place(aircraft, time_s)
    distance, az, _ = ecef_to_aer(geodetic_to_ecef(lat, lon, alt), SITE, BASIS)
    chance = np.random.default_rng([aircraft, number])
    fix = RadarFix(
        float(distance) + 60.0 * chance.standard_normal(), float(az) + 1.4e-3 * chance.standard_normal(),
        alt_m=alt if height else None,
    )  # fmt: skip
    return Plot("rotating", number, after(START, time_s), fix, name)


def follow(batches: list[tuple[float, list[Plot]]]) -> tuple[Track, ...]:
    state = tracker.new_tracker(Nation.KOR, [RADAR, ADSB])
    tracks: tuple[Track, ...] = ()
    for time_s, plots in batches:
        state, tracks = tracker.step(state, plots, after(START, time_s))
    return tracks


@pytest.mark.parametrize("height", [True, False])
def test_nearest_association_without_identity(height: bool) -> None:
    batches = [
        (6.0 * turn + 1.0, [radar_plot(a, 100 * turn + a, 6.0 * turn, height) for a in range(10)])
        for turn in range(20)
    ]
    tracks = follow(batches)
    assert len(tracks) == 10
    assert {track.kind for track in tracks} == {ObjectClass.AIR}
    for track in tracks:
        assert track.plots == 20
        assert np.linalg.norm(track.state.x[3:6]) == pytest.approx(230.0, abs=60.0)


def test_identity_beats_distance_and_joins_sensors() -> None:
    """Two aircraft that cross: their names keep them apart; ADS-B and radar of one name are one track."""
    batches = []
    for turn in range(10):
        time_s = 6.0 * turn
        lat, lon, alt = place(0, time_s)
        same = ReportedPosition(float(np.degrees(lat)), float(np.degrees(lon)), alt)
        crossing = ReportedPosition(float(np.degrees(lat)), float(np.degrees(lon)) + 0.02 * (turn - 5), alt)
        batches.append((
            time_s + 1.0,
            [
                radar_plot(0, turn, time_s, name="AAA111"),
                Plot("adsb", 2 * turn, after(START, time_s), same, "AAA111"),
                Plot("adsb", 2 * turn + 1, after(START, time_s), crossing, "BBB222"),
            ],
        ))  # fmt: skip
    tracks = follow(batches)
    assert {(track.identity, track.plots) for track in tracks} == {("AAA111", 20), ("BBB222", 10)}


def test_height_from_range_is_right() -> None:
    track = follow([(6.0 * t + 1.0, [radar_plot(3, t, 6.0 * t, name="CCC333")]) for t in range(12)])[0]
    lat, lon, _ = place(3, 66.0)
    truth = geodetic_to_ecef(lat, lon, 10_000.0)
    assert np.linalg.norm(np.array(track.state.x[:3]) - truth) < 1_500.0
    assert float(ecef_to_geodetic(np.array(track.state.x[:3]))[2]) == pytest.approx(10_000.0, abs=500.0)


def test_aircraft_that_leave_are_coasting_then_lost_once() -> None:
    state = tracker.new_tracker(Nation.KOR, [RADAR])
    lives: list[Life] = []
    for second in range(180):
        plots = [radar_plot(1, second, float(second))] if second < 60 and second % 6 == 0 else []
        state, tracks = tracker.step(state, plots, after(START, second + 1.0))
        lives += [track.life for track in tracks]
    assert list(dict.fromkeys(lives)) == [Life.CONFIRMED, Life.COASTING, Life.LOST]
    assert lives.count(Life.LOST) == 1
    assert state.aircraft == ()


def test_a_crowded_sky_does_not_mix() -> None:
    """200 aircraft, 2,000 plots without a name: as many tracks, each fed by one aircraft every turn."""
    batches = [
        (6.0 * turn + 1.0, [radar_plot(a, 1000 * turn + a, 6.0 * turn) for a in range(200)])
        for turn in range(10)
    ]
    tracks = follow(batches)
    assert len(tracks) == 200
    assert {track.plots for track in tracks} == {10}

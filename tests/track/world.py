"""Small worlds for the tests of tracking: one or more flights and a handful of illustrative sensors."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tocsin.model.label import Nation
from tocsin.model.sensor import SensorKind
from tocsin.sim.scenario import Coverage, Errors, Flight, Orbit, Publisher, Scenario, SensorSpec
from tocsin.sim.solve import AzimuthOf

START = datetime(2022, 10, 3, 22, 20, tzinfo=UTC)

NEAR = Errors(range_m=30.0, az_mrad=1.0, el_mrad=1.0)
FAR = Errors(range_m=20.0, az_mrad=3.0, el_mrad=3.0)


def flight(
    name: str = "A",
    lat: float = 40.5,
    lon: float = 126.5,
    azimuth: float = 80.0,
    apogee: float = 970.0,
    reach: float = 4600.0,
    boost: float = 140.0,
    after_s: float = 60.0,
) -> Flight:
    return Flight(
        object=name,
        lat_deg=lat,
        lon_deg=lon,
        launch_utc=START + timedelta(seconds=after_s),
        azimuth_deg=azimuth,
        azimuth_of=AzimuthOf.DEPARTURE,
        apogee_km=apogee,
        range_km=reach,
        boost_s=boost,
        publisher=Publisher.RECORD,
    )


def radar(
    name: str,
    nation: Nation,
    lat: float,
    lon: float,
    errors: Errors = NEAR,
    reach_km: float = 2000.0,
    min_el: float = 1.0,
    period: float = 1.0,
    clutter: float = 2.0,
    delay: float = 0.0,
) -> SensorSpec:
    return SensorSpec(
        id=name,
        nation=nation,
        kind=SensorKind.RADAR,
        lat_deg=lat,
        lon_deg=lon,
        period_s=period,
        detection_probability=0.9,
        report_delay_s=delay,
        false_plots_per_min=clutter,
        releasable_to=tuple(Nation),
        errors=errors,
        coverage=Coverage(max_range_km=reach_km, min_el_deg=min_el),
    )


def infrared(
    name: str,
    nation: Nation,
    node: float,
    coast: bool = False,
    altitude_km: float = 35_786.0,
    inclination: float = 0.0,
    phase: float = 0.0,
    los_mrad: float = 0.04,
    clutter: float = 2.0,
) -> SensorSpec:
    return SensorSpec(
        id=name,
        nation=nation,
        kind=SensorKind.INFRARED,
        period_s=1.0,
        detection_probability=0.95,
        report_delay_s=1.5,
        false_plots_per_min=clutter,
        releasable_to=tuple(Nation),
        orbit=Orbit(altitude_km=altitude_km, inclination_deg=inclination, node_lon_deg=node, phase_deg=phase),
        errors=Errors(los_mrad=los_mrad),
        coverage=Coverage(min_alt_km=8.0, coast=coast, after_burnout_s=5.0),
    )


SENSORS: tuple[SensorSpec, ...] = (
    radar("kor-a", Nation.KOR, 37.0, 127.5),
    radar("kor-b", Nation.KOR, 35.5, 129.0),
    radar("jpn-a", Nation.JPN, 41.0, 140.5, NEAR),
    radar("jpn-b", Nation.JPN, 37.5, 138.5, FAR, 2500.0),
    infrared("usa-geo-w", Nation.USA, 90.0),
    infrared("usa-geo-e", Nation.USA, 170.0),
    radar("usa-pac", Nation.USA, 52.5, 174.0, FAR, 4000.0),
)


def scenario(
    flights: Sequence[Flight], duration: float = 1800.0, sensors: Sequence[SensorSpec] = SENSORS
) -> Scenario:
    return Scenario(
        name="test",
        title="a small world",
        source="test",
        start_utc=START,
        duration_s=duration,
        flights=tuple(flights),
        sensors=tuple(sensors),
    )

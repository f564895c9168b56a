"""A scenario: recorded launches, illustrative sensors of three nations, links and scripted officers.

The structs are the scenario file, key by key (docs/scenario-format.md); `scenario_keys` says what each
key means, `scenario_file` reads and writes. Degrees, kilometres and milliradians here, for people's
hands; SI and radians in everything derived. A label's plane comes from the node that runs the
scenario: it never stands in the file.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant, from_datetime
from tocsin.sim.solve import AzimuthOf, Published

FORMAT = 1

Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
Moment = Annotated[datetime, Meta(tz=True)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Bearing = Annotated[float, Meta(ge=0, le=360)]
Positive = Annotated[float, Meta(gt=0, le=1e6)]
NotNegative = Annotated[float, Meta(ge=0, le=1e6)]
Elevation = Annotated[float, Meta(ge=-10, le=90)]


class Publisher(StrEnum):
    """Whose figures a flight uses. RECORD: the compiled public record, which does not say."""

    JPN = "JPN"
    KOR = "KOR"
    KCNA = "KCNA"
    RECORD = "record"


class Salvo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flight flown many times over, at once, from places on a square grid about the recorded one."""

    count: Annotated[int, Meta(ge=2, le=1_000)]
    spacing_km: Annotated[float, Meta(gt=0, le=50)]


class Manoeuvre(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notional push across the path, so that the object leaves its arc."""

    from_s: Annotated[float, Meta(ge=0, le=7_200)]
    for_s: Annotated[float, Meta(gt=0, le=1_200)]
    up_mps2: Annotated[float, Meta(ge=-50, le=50)] = 0.0
    right_mps2: Annotated[float, Meta(ge=-50, le=50)] = 0.0


class Failure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object that is no more (no pieces), or comes apart into so many that fly on."""

    at_s: Annotated[float, Meta(ge=0, le=7_200)]
    pieces: Annotated[int, Meta(ge=0, le=10)] = 0
    apart_mps: NotNegative = 0.0


class Flight(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One recorded launch. Place, azimuth, apogee and range are the record's; the boost is notional."""

    object: Identifier
    place: str = ""
    lat_deg: Latitude
    lon_deg: Longitude
    launch_utc: Moment
    azimuth_deg: Bearing
    azimuth_of: AzimuthOf
    apogee_km: Annotated[float, Meta(ge=5, le=20_000)]
    range_km: Annotated[float, Meta(ge=5, le=15_000)]
    boost_s: Annotated[float, Meta(ge=5, le=600)]
    publisher: Publisher
    flags: tuple[str, ...] = ()
    flight_time_s: float | None = None
    salvo: Salvo | None = None
    manoeuvre: Manoeuvre | None = None
    failure: Failure | None = None

    @property
    def launch_ns(self) -> Instant:
        """The launch as an Instant."""
        return from_datetime(self.launch_utc)

    @property
    def published(self) -> Published:
        """What the solver may know, in SI units."""
        return Published(
            self.lat_deg, self.lon_deg, self.azimuth_deg, self.apogee_km * 1e3, self.range_km * 1e3
        )


class Orbit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Circular two-body orbit at the scenario's start: longitude of the ascending node, angle from it."""

    altitude_km: Annotated[float, Meta(ge=200, le=50_000)]
    inclination_deg: Annotated[float, Meta(ge=0, le=180)] = 0.0
    node_lon_deg: Longitude
    phase_deg: Annotated[float, Meta(ge=-360, le=360)] = 0.0


class Errors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One standard deviation of each quantity; what is absent is not measured."""

    range_m: Positive | None = None
    az_mrad: Positive | None = None
    el_mrad: Positive | None = None
    range_rate_mps: Positive | None = None
    los_mrad: Positive | None = None
    position_m: Positive | None = None


class Bias(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A constant error of a radar that its registry does not know: what registration is there to find."""

    range_m: Annotated[float, Meta(ge=-1e4, le=1e4)] = 0.0
    az_mrad: Annotated[float, Meta(ge=-50, le=50)] = 0.0
    el_mrad: Annotated[float, Meta(ge=-50, le=50)] = 0.0


class Resolution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A radar's cells: of all objects in one of them a look shows one plot."""

    range_m: Positive
    az_mrad: Positive
    el_mrad: Positive


class Coverage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a sensor sees. The azimuth sector runs clockwise and may pass north."""

    min_range_km: NotNegative = 0.0
    max_range_km: Positive = 1e5
    min_el_deg: Elevation = 0.0
    max_el_deg: Elevation = 90.0
    az_from_deg: Bearing = 0.0
    az_to_deg: Bearing = 360.0
    min_alt_km: NotNegative = 0.0
    after_burnout_s: NotNegative = 0.0
    coast: bool = False


class SensorSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One illustrative sensor: what the nation's registry knows of it, and how the simulation lets it
    see.
    """

    id: Identifier
    nation: Nation
    kind: SensorKind
    name: str = ""
    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None
    alt_m: Annotated[float, Meta(ge=-500, le=9_000)] = 0.0
    orbit: Orbit | None = None
    sac: Annotated[int, Meta(ge=0, le=255)] | None = None
    sic: Annotated[int, Meta(ge=0, le=255)] | None = None
    period_s: Annotated[float, Meta(ge=0.1, le=60)] = 1.0
    silence_limit_s: Positive = 30.0
    detection_probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    report_delay_s: Annotated[float, Meta(ge=0, le=60)] = 0.0
    report_delay_spread_s: Annotated[float, Meta(ge=0, le=60)] = 0.0
    false_plots_per_min: Annotated[float, Meta(ge=0, le=600)] = 0.0
    releasable_to: tuple[Nation, ...] = ()
    errors: Errors = Errors()
    bias: Bias | None = None
    resolution: Resolution | None = None
    coverage: Coverage = Coverage()
    expected_first_contact_s: dict[str, float] = {}

    def sensor(self, plane: Plane) -> Sensor:
        """The registry entry, labelled for a plane."""
        errors = self.errors
        return Sensor(
            id=self.id,
            nation=self.nation,
            kind=self.kind,
            errors=SensorErrors(
                range_m=errors.range_m,
                az_rad=_from_milli(errors.az_mrad),
                el_rad=_from_milli(errors.el_mrad),
                range_rate_mps=errors.range_rate_mps,
                los_rad=_from_milli(errors.los_mrad),
                position_m=errors.position_m,
            ),
            label=Label(plane, frozenset((self.nation,)), frozenset(self.releasable_to)),
            place=self.place,
            sac=self.sac,
            sic=self.sic,
            period_s=self.period_s,
            silence_limit_s=self.silence_limit_s,
        )

    @property
    def place(self) -> Geodetic | None:
        """Where it stands; null for what orbits."""
        if self.lat_deg is None or self.lon_deg is None:
            return None
        return Geodetic(self.lat_deg, self.lon_deg, self.alt_m)


class Officers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two scripted officers per nation: how long each takes from seeing a draft to acting on it."""

    propose_delay_s: Annotated[float, Meta(ge=0, le=600)] = 5.0
    approve_delay_s: Annotated[float, Meta(ge=0, le=600)] = 5.0


class Link(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link between two nations and its one-way delay."""

    nations: tuple[Nation, Nation]
    delay_s: Annotated[float, Meta(ge=0, le=60)] = 0.0


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole scenario file."""

    format: int = FORMAT
    name: Identifier
    title: str
    source: str
    start_utc: Moment
    duration_s: Annotated[float, Meta(gt=0, le=21_600)]
    officers: Officers = Officers()
    links: tuple[Link, ...] = ()
    flights: tuple[Flight, ...] = ()
    sensors: tuple[SensorSpec, ...]

    @property
    def start_ns(self) -> Instant:
        """Scenario time 0."""
        return from_datetime(self.start_utc)

    def sensors_of(self, nation: Nation, plane: Plane) -> tuple[Sensor, ...]:
        """The registry of one nation, labelled for a plane."""
        return tuple(spec.sensor(plane) for spec in self.sensors if spec.nation is nation)

    def link_delay_s(self, one: Nation, other: Nation) -> float:
        """One-way delay between two nations; 0 where the file states no link."""
        return next((link.delay_s for link in self.links if {one, other} == set(link.nations)), 0.0)


def _from_milli(value: float | None) -> float | None:
    return None if value is None else value * 1e-3

"""What a nation knows of each of its sensors: the registry entry that turns a plot into geometry."""

from enum import StrEnum

from msgspec import Struct

from tocsin.model.label import Label, Nation
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant


class SensorKind(StrEnum):
    """RADAR measures range and angles; INFRARED a line of sight; SURVEILLANCE reports finished positions."""

    RADAR = "radar"
    INFRARED = "infrared"
    SURVEILLANCE = "surveillance"


class SensorErrors(Struct, frozen=True):
    """One standard deviation of each quantity the sensor measures; null where it measures none."""

    range_m: float | None = None
    az_rad: float | None = None
    el_rad: float | None = None
    range_rate_mps: float | None = None
    los_rad: float | None = None
    position_m: float | None = None


class Offsets(Struct, frozen=True):
    """Constant errors of a radar as its nation's tracker sees them (measured minus true), and one sigma of
    each. `applied`: they are so clear that they are taken off its plots; `large`: one of these is larger than
    the sensor's random error, so that somebody should look at the radar.
    """

    range_m: float
    az_rad: float
    el_rad: float
    range_sigma_m: float
    az_sigma_rad: float
    el_sigma_rad: float
    applied: bool
    large: bool


class Sensor(Struct, frozen=True):
    """Registry entry. `place` is null for a moving platform (its plots carry where it was)."""

    id: str
    nation: Nation
    kind: SensorKind
    errors: SensorErrors
    label: Label
    place: Geodetic | None = None
    sac: int | None = None
    sic: int | None = None
    period_s: float = 1.0
    silence_limit_s: float = 30.0


class SensorWord(Struct, frozen=True, forbid_unknown_fields=True, tag="sensor"):
    """To partners: this sensor of ours has fallen silent, or speaks again. Without it "they see nothing" and
    "they do not look" are one. `since_ns`: of a silence, the sensor's last sign of life.
    """

    origin: Nation
    sensor: str
    sequence: int
    silent: bool
    since_ns: Instant
    label: Label

    @property
    def track_id(self) -> str:
        """What decisions and sources are named after: here the sensor."""
        return self.sensor

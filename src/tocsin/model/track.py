"""From a sensor's report to an object that several nations see: Plot, Track, Tracklet, FusedTrack."""

from enum import StrEnum

from msgspec import Struct

from tocsin.model.label import Label, Nation
from tocsin.model.space import EcefState
from tocsin.model.time import Instant


class RadarFix(Struct, frozen=True, tag="radar"):
    """Polar report of a ground radar. `az_rad` clockwise from true north, `el_rad` above the local horizon.

    A rotating radar gives no elevation; `alt_m` is then the reported (Mode C, flight level) altitude.
    """

    range_m: float
    az_rad: float
    el_rad: float | None = None
    range_rate_mps: float | None = None
    alt_m: float | None = None


class LineOfSight(Struct, frozen=True, tag="los"):
    """Direction (unit vector, ECEF) from where the platform was (ECEF metres) at the plot's time."""

    from_ecef_m: tuple[float, float, float]
    unit: tuple[float, float, float]


class ReportedPosition(Struct, frozen=True, tag="reported"):
    """A finished position from a surveillance source (ADS-B, a tracker); ground velocity east, north."""

    lat_deg: float
    lon_deg: float
    alt_m: float | None = None
    ve_mps: float | None = None
    vn_mps: float | None = None


Measurement = RadarFix | LineOfSight | ReportedPosition


class Plot(Struct, frozen=True):
    """One sensor report. (sensor, number) is unique; `identity` is what the object says of itself, if it
    does.
    """

    sensor: str
    number: int
    time_ns: Instant
    measurement: Measurement
    identity: str | None = None


class Life(StrEnum):
    """Life of a track; the table of changes is `tocsin.track.life`."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    COASTING = "coasting"
    LOST = "lost"
    IMPACTED = "impacted"
    MERGED = "merged"
    """The same object as another one of this picture, which goes on: a name ends, not an object."""


class Phase(StrEnum):
    """What moves the object: nothing known yet, a motor, gravity alone (and air)."""

    UNKNOWN = "unknown"
    BOOST = "boost"
    COAST = "coast"


class ObjectClass(StrEnum):
    """Ballistic objects threaten; air traffic does not; UNKNOWN is said as such."""

    UNKNOWN = "unknown"
    BALLISTIC = "ballistic"
    AIR = "air"


class Track(Struct, frozen=True):
    """An object as a nation's own sensors see it. `accel_mps2` (ECEF) is set in boost only."""

    id: str
    life: Life
    phase: Phase
    kind: ObjectClass
    state: EcefState
    first_ns: Instant
    last_ns: Instant
    sensors: tuple[str, ...]
    plots: int
    label: Label
    accel_mps2: tuple[float, float, float] | None = None
    confirmed_ns: Instant | None = None
    burnout_ns: Instant | None = None
    identity: str | None = None
    early: tuple[EcefState, ...] = ()
    """A few of the first smoothed states, oldest first: what a launch point is extrapolated from."""
    lost_by: tuple[str, ...] = ()
    """While COASTING: the sensors that saw it within the last seconds of sight: they lost it together."""


class Tracklet(Struct, frozen=True, forbid_unknown_fields=True, tag="tracklet"):
    """A nation's own-sensor share of one object. The receiver replaces its previous one; it never adds them.

    No partner's data is ever in it: (origin, track_id) names the source, `sequence` its order.
    """

    origin: Nation
    track_id: str
    sequence: int
    life: Life
    phase: Phase
    kind: ObjectClass
    state: EcefState
    first_ns: Instant
    last_ns: Instant
    label: Label
    accel_mps2: tuple[float, float, float] | None = None
    burnout_ns: Instant | None = None
    identity: str | None = None


class RadarLook(Struct, frozen=True, forbid_unknown_fields=True, tag="radar"):
    """What a radar at a place (WGS-84) measured, its known offsets taken off, and one sigma of each."""

    lat_deg: float
    lon_deg: float
    alt_m: float
    range_m: float
    az_rad: float
    el_rad: float
    range_sigma_m: float
    az_sigma_rad: float
    el_sigma_rad: float
    range_rate_mps: float | None = None
    range_rate_sigma_mps: float | None = None


class SightLook(Struct, frozen=True, forbid_unknown_fields=True, tag="los"):
    """A direction (unit vector, ECEF) from where the platform was (ECEF metres), and one sigma across it."""

    from_ecef_m: tuple[float, float, float]
    unit: tuple[float, float, float]
    sigma_rad: float


class SharedPlot(Struct, frozen=True, forbid_unknown_fields=True, tag="plot"):
    """One look of a nation's own sensor at an object that may be under power or comes down through the air,
    with all that another tracker needs of the sensor. `of_track` names the source whose tracklets hold the
    same look: a receiver counts the one or the other. `sequence` counts the looks at that track.
    """

    origin: Nation
    of_track: str
    sequence: int
    time_ns: Instant
    look: RadarLook | SightLook
    label: Label

    @property
    def track_id(self) -> str:
        """What decisions are named after: not the track itself, whose tracklets are asked about apart."""
        return f"{self.of_track}/plots"


class Member(Struct, frozen=True):
    """One source of a fused track."""

    nation: Nation
    track_id: str


class FusedTrack(Struct, frozen=True):
    """One object as this nation believes it, from its own and its partners' sources."""

    id: str
    members: tuple[Member, ...]
    life: Life
    phase: Phase
    kind: ObjectClass
    state: EcefState
    first_ns: Instant
    last_ns: Instant
    label: Label
    accel_mps2: tuple[float, float, float] | None = None
    confirmed_ns: Instant | None = None
    identity: str | None = None

    @property
    def sources(self) -> tuple[Nation, ...]:
        """The nations whose sensors are in it, sorted."""
        return tuple(sorted({member.nation for member in self.members}))

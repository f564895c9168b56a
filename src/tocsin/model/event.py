"""What a track means: where it came from, where it comes down, whom it threatens."""

from enum import StrEnum

from msgspec import Struct

from tocsin.model.label import Label, Nation
from tocsin.model.space import Ellipse95
from tocsin.model.time import Instant


class LaunchPointEstimate(Struct, frozen=True, forbid_unknown_fields=True):
    """LPE: place, time and their 95 % region, by extrapolation back to the ground."""

    lat_deg: float
    lon_deg: float
    ellipse95: Ellipse95
    time_ns: Instant
    time_sigma_s: float


class ImpactPointPrediction(Struct, frozen=True, forbid_unknown_fields=True):
    """IPP: where and when the object comes down if nothing but gravity and air moves it."""

    lat_deg: float
    lon_deg: float
    ellipse95: Ellipse95
    time_ns: Instant
    time_sigma_s: float


class AreaRisk(Struct, frozen=True):
    """One first-level area (ISO 3166-2): probability of impact in it and of being overflown, and when."""

    area: str
    impact_probability: float
    overflight_probability: float
    enter_ns: Instant | None = None
    leave_ns: Instant | None = None


class ArcPoint(Struct, frozen=True):
    """A point of the predicted arc, for pictures."""

    time_ns: Instant
    lat_deg: float
    lon_deg: float
    alt_m: float


class Motion(StrEnum):
    """What moves the object, as far as its track shows. MANOEUVRING: free flight was seen, and then did not
    explain the plots any more: lift, a motor lit again. Its impact is not predictable.
    """

    UNKNOWN = "unknown"
    POWERED = "powered"
    FREE = "free"
    MANOEUVRING = "manoeuvring"


class RangeBand(StrEnum):
    """Class of a flight by the range of its arc; `assess.kind` holds the bounds and their source."""

    SHORT = "short"
    MEDIUM = "medium"
    INTERMEDIATE = "intermediate"
    INTERCONTINENTAL = "intercontinental"
    SPACE_LAUNCH = "space_launch"


class ArcShape(StrEnum):
    """Is the arc higher or lower than the one that goes farthest for its energy?"""

    NORMAL = "normal"
    LOFTED = "lofted"
    DEPRESSED = "depressed"


class Mishap(StrEnum):
    """A flight that failed: gone from the sight of sensors that should see it, or come apart."""

    VANISHED = "vanished"
    BROKEN_UP = "broken_up"


class Footprint(Struct, frozen=True):
    """Where and when a manoeuvring object can come down: a convex region, in place of an ellipse. It says
    "somewhere in here", not where.
    """

    region: tuple[tuple[float, float], ...]
    """Corners (lat_deg, lon_deg) in order around it."""
    earliest_ns: Instant
    latest_ns: Instant


class Assessment(Struct, frozen=True):
    """What a nation believes of one (fused) object now. Predictions are null before burnout is seen.

    `impact` and `footprint` exclude each other: while `motion` is MANOEUVRING the impact is not predictable,
    `impact` is null, and `risks` hold what the footprint touches (the probability being the part of it that
    lies there, for want of better). `range_m` goes from the launch point to the impact; the classes follow
    from the arc alone. `mishap_ns`: when it was seen; `pieces`: objects that fly on.
    """

    track_id: str
    made_ns: Instant
    launch: LaunchPointEstimate | None = None
    impact: ImpactPointPrediction | None = None
    apogee_m: float | None = None
    apogee_ns: Instant | None = None
    risks: tuple[AreaRisk, ...] = ()
    arc: tuple[ArcPoint, ...] = ()
    motion: Motion = Motion.UNKNOWN
    footprint: Footprint | None = None
    range_m: float | None = None
    band: RangeBand | None = None
    shape: ArcShape | None = None
    mishap: Mishap | None = None
    mishap_ns: Instant | None = None
    pieces: int = 1


class LaunchEvent(Struct, frozen=True, forbid_unknown_fields=True, tag="launch"):
    """A confirmed launch, shared already in boost: who saw it, which of its tracks, where from and when."""

    origin: Nation
    track_id: str
    sequence: int
    confirmed_ns: Instant
    launch: LaunchPointEstimate
    label: Label


class SharedPrediction(Struct, frozen=True, forbid_unknown_fields=True, tag="prediction"):
    """An impact prediction from the origin's own sensors alone."""

    origin: Nation
    track_id: str
    sequence: int
    made_ns: Instant
    impact: ImpactPointPrediction
    apogee_m: float
    label: Label

"""What a track means: where it came from, where it comes down, whom it threatens."""

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


class Assessment(Struct, frozen=True):
    """What a nation believes of one (fused) object now. Predictions are null before burnout is seen."""

    track_id: str
    made_ns: Instant
    launch: LaunchPointEstimate | None = None
    impact: ImpactPointPrediction | None = None
    apogee_m: float | None = None
    apogee_ns: Instant | None = None
    risks: tuple[AreaRisk, ...] = ()
    arc: tuple[ArcPoint, ...] = ()


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

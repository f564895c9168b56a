"""What nations send one another, and the forms it takes on the way through the door."""

from enum import StrEnum

from msgspec import Struct

from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.label import Nation
from tocsin.model.sensor import SensorWord
from tocsin.model.time import Instant
from tocsin.model.track import SharedPlot, Tracklet
from tocsin.model.warning import SharedWarning


class Traffic(StrEnum):
    """Classes of traffic with streams of their own; urgent never waits behind flow."""

    CONTROL = "control"
    URGENT = "urgent"
    FLOW = "flow"


Product = Tracklet | LaunchEvent | SharedPrediction | SensorWord | SharedWarning | SharedPlot


def traffic_of(product: Product) -> Traffic:
    """Tracklets and single plots are flow, all else is urgent."""
    return Traffic.FLOW if isinstance(product, Tracklet | SharedPlot) else Traffic.URGENT


class Offer(Struct, frozen=True):
    """Hall to door: a product the hall would share. `number` is contiguous from 1 in the hall's book."""

    number: int
    product: Product
    made_ns: Instant


class Decision(Struct, frozen=True, tag="decision"):
    """Door to hall: what became of an offer for one partner. `sequence` is null when withheld, `track_id` (of
    the hall's own track) when released.
    """

    offer: int
    partner: Nation
    released: bool
    rule: str
    traffic: Traffic
    sequence: int | None = None
    track_id: str | None = None


class Import(Struct, frozen=True, tag="import"):
    """Door to hall: a partner's product, verified, once. (origin, traffic, sequence) is unique."""

    origin: Nation
    traffic: Traffic
    sequence: int
    product: Product
    issued_wall_ns: Instant
    arrived_wall_ns: Instant
    marks: tuple[str, ...] = ()
    """What it is shown as: expired, retired-key, late, clock-unsure. Shown and marked, never dropped."""
    clock_sigma_s: float = 0.0
    """How unsure the origin's clock is: its tracklets are as much wider."""


class Receipt(Struct, frozen=True, tag="receipt"):
    """Partner's word that its hall has committed everything of ours up to `upto` (cumulative)."""

    origin: Nation
    traffic: Traffic
    upto: int


class Quarantined(Struct, frozen=True, tag="quarantined"):
    """Something that came in and was refused: kept, counted, shown; it changes no picture."""

    reason: str
    source: str
    detail: str
    at_wall_ns: Instant


class LinkHealth(Struct, frozen=True):
    """One partner's link as this node sees it; ages in seconds of wall time, null = never heard."""

    partner: Nation
    heard_age_s: float | None
    round_trip_ms: float | None
    backlog: int
    paths_up: tuple[str, ...]
    missing: int = 0
    """Records that the partner says it has sent and that have not come for a while: withheld, or cut."""
    hall_age_s: float | None = None
    """How old the partner's hall's last word is, at its own door."""
    blind: bool = False
    """That hall says nothing: the partner sees nothing of its own."""
    proof_age_s: float | None = None
    """Since the partner's hall last receipted something of ours: the last end-to-end proof."""
    certificate_days: float | None = None
    """Until the first certificate of the link's two ends ends."""
    clock_offset_s: float | None = None
    """How far the partner's clock is ahead of ours."""

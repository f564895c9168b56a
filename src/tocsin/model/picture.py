"""The picture a nation's desk shows: derived from the hall's state, one struct, one JSON, for page and
terminal.
"""

from msgspec import Struct

from tocsin.model.alarm import Alarm
from tocsin.model.event import Assessment
from tocsin.model.group import Group
from tocsin.model.label import Nation, Plane
from tocsin.model.product import LinkHealth
from tocsin.model.sensor import Offsets, SensorWord
from tocsin.model.time import Instant
from tocsin.model.track import FusedTrack, Track, Tracklet
from tocsin.model.warning import Conflict, Draft, PartnerWarning


class SensorHealth(Struct, frozen=True):
    """A sensor of this nation: where it stands and how long it has said nothing (scenario seconds)."""

    id: str
    kind: str
    lat_deg: float | None
    lon_deg: float | None
    plots: int
    age_s: float | None
    silent: bool
    offsets: Offsets | None = None
    """Its registration, where several sensors' objects show it."""


class ReleaseQuestion(Struct, frozen=True):
    """To an officer: our door withheld something about `track_id` (own track) from `partner`, whose `area` is
    in danger. `offer`: the last one withheld by `rule`.
    """

    partner: Nation
    offer: int
    track_id: str
    rule: str
    area: str
    asked_ns: Instant
    deadline_ns: Instant
    """First moment of danger in an area of that nation: an answer after it is late."""
    until_ns: Instant
    """Last moment of danger: the question is over."""


class ExchangeCount(Struct, frozen=True):
    """Running counts of the exchange as the hall's record knows them."""

    offered: int = 0
    released: int = 0
    withheld: int = 0
    received: int = 0
    copies: int = 0
    receipted: int = 0
    latency_p50_ms: float | None = None
    """Of the newest products, from the partner's seal to our door (wall time); null before the first."""
    latency_p99_ms: float | None = None
    marked: dict[str, int] = {}
    """Partners' products by what they are marked as (model.product.Import)."""


class Picture(Struct, frozen=True):
    """Everything one desk shows at `now_ns` (scenario time); own, partners' and fused stand apart."""

    nation: Nation
    plane: Plane
    now_ns: Instant
    step: int
    own: tuple[Track, ...]
    partners: tuple[Tracklet, ...]
    fused: tuple[FusedTrack, ...]
    assessments: tuple[Assessment, ...]
    drafts: tuple[Draft, ...]
    sensors: tuple[SensorHealth, ...]
    links: tuple[LinkHealth, ...]
    quarantined: dict[str, int]
    exchange: ExchangeCount
    plots_decoded: int
    scenario: str = ""
    questions: tuple[ReleaseQuestion, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    """Most urgent first."""
    conflicts: tuple[Conflict, ...] = ()
    warnings: tuple[PartnerWarning, ...] = ()
    """What partners told their people."""
    restarted_ns: Instant | None = None
    """When the hall last came back from its record (scenario time)."""
    silent_abroad: tuple[SensorWord, ...] = ()
    """Partners' sensors that say nothing, as far as we are told."""
    groups: tuple[Group, ...] = ()
    """Fused tracks that cannot be told apart."""
    restored: tuple[str, ...] = ()
    """Tracks known from the record alone: nothing has seen them since the restart."""

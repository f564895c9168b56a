"""What reaches the hall's fold (stimuli) and what comes out of it (effects), and the state in between.

Stimuli and effects are written to the nation's record as they are; the state never is: replay makes it
again.
"""

from msgspec import Struct

from tocsin.assess.assessor import AssessState
from tocsin.model.alarm import Alarm
from tocsin.model.event import Assessment, LaunchEvent, SharedPrediction
from tocsin.model.group import Group
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation, Plane
from tocsin.model.picture import ReleaseQuestion
from tocsin.model.product import LinkHealth, Offer, Quarantined
from tocsin.model.sensor import Sensor, SensorWord
from tocsin.model.space import EcefState
from tocsin.model.time import Instant
from tocsin.model.track import FusedTrack, Plot, Track, Tracklet
from tocsin.model.warning import (
    Call,
    Conflict,
    DeskRules,
    Draft,
    ForeignAlert,
    OfficerAct,
    PartnerWarning,
    Thresholds,
)
from tocsin.node.questions import Asking
from tocsin.node.sensing import SensorLog
from tocsin.node.sensing import Told as SensorTold
from tocsin.track.fuse import FusionState
from tocsin.track.looks import Shown
from tocsin.track.together import TogetherState
from tocsin.track.tracker import TrackerState
from tocsin.warn.decide import WarnState

# ---- stimuli
# -------------------------------------------------------------------------------------------------


class Configured(Struct, frozen=True, tag="configured"):
    """First stimulus of every record: who this node is. Nothing else of its configuration reaches the
    fold.
    """

    nation: Nation
    plane: Plane
    scenario: str
    sensors: tuple[Sensor, ...]
    thresholds: Thresholds
    areas_sha256: str
    """Of the map data that the areas were taken from; a replay with other maps says so."""


class PlotsIn(Struct, frozen=True, tag="plots"):
    """Plots that the rim decoded, in order of arrival."""

    plots: tuple[Plot, ...]


class AliveIn(Struct, frozen=True, tag="alive"):
    """Sensors that said something about themselves (north marks, status) without seeing anything."""

    sensors: tuple[str, ...]


class RefusedIn(Struct, frozen=True, tag="refused"):
    """Input that the rim could not accept; counted and shown, changes no picture."""

    refused: Quarantined


class HandedIn(Struct, frozen=True, tag="handed"):
    """What the door handed over: partners' verified products, decisions, receipts, quarantine."""

    items: tuple[HandedItem, ...]


class LinksIn(Struct, frozen=True, tag="links"):
    """The door's latest word on each partner's link, and its raw arrivals so far."""

    links: tuple[LinkHealth, ...]
    copies: int
    alarms: tuple[Alarm, ...] = ()


class AlarmsIn(Struct, frozen=True, tag="alarms"):
    """Everything that `source` finds wrong now, in place of what it told before. The door
    tells with its links."""

    source: str
    alarms: tuple[Alarm, ...]


class Acted(Struct, frozen=True, tag="acted"):
    """An officer's act."""

    act: OfficerAct


class RulesIn(Struct, frozen=True, tag="rules"):
    """How the desk works from now on: at the first start, and whenever the configuration says otherwise."""

    rules: DeskRules


class Restarted(Struct, frozen=True, tag="restarted"):
    """The hall was started again and has read its record; everything known from it is marked RESTORED."""

    at_wall_ns: Instant


class Forgot(Struct, frozen=True, tag="forgot"):
    """The door knows of more than this record: it is an old copy. Numbers of offers up to `offered` are used,
    items up to `handed` come no more. `again`: what was made since under numbers that were used already."""

    offered: int
    handed: int
    again: tuple[Offer, ...]


class HeardIn(Struct, frozen=True, tag="heard"):
    """Another authority's message to the public, parsed and accepted at the rim."""

    alert: ForeignAlert


class OutletReceipt(Struct, frozen=True, tag="outlet"):
    """A public outlet carried a message: its CAP identifier and the SHA-256 (hexadecimal) of its bytes."""

    outlet: str
    draft_id: str
    serial: int
    where: str
    message: str = ""
    sha256: str = ""


HallStimulus = (
    Configured
    | PlotsIn
    | AliveIn
    | RefusedIn
    | HandedIn
    | LinksIn
    | AlarmsIn
    | Acted
    | OutletReceipt
    | RulesIn
    | Restarted
    | Forgot
    | HeardIn
)

# ---- effects
# -------------------------------------------------------------------------------------------------


class Offered(Struct, frozen=True, tag="offered"):
    """To the door: share this if policy allows."""

    offer: Offer


class Told(Struct, frozen=True, tag="told"):
    """A draft came to be or changed: what officers and outlets act on. `event` names the change."""

    event: str
    draft: Draft


class ActRefused(Struct, frozen=True, tag="act-refused"):
    """An officer's act that the two-person rule or the draft's state refused, and why."""

    act: OfficerAct
    reason: str


class CalledOut(Struct, frozen=True, tag="called"):
    """Nobody has acted on a draft for a while: the shell sounds, rings or pages."""

    call: Call
    draft: Draft


class ConflictFound(Struct, frozen=True, tag="conflict"):
    """Another authority contradicts what this desk tells, or speaks without the right to."""

    conflict: Conflict


class Pictured(Struct, frozen=True, tag="pictured"):
    """The fused picture once a scenario second: what analysts and the track files read."""

    fused: tuple[FusedTrack, ...]
    assessments: tuple[Assessment, ...]
    groups: tuple[Group, ...] = ()


class Asked(Struct, frozen=True, tag="asked"):
    """To an officer: this is withheld from a partner whose people are in danger."""

    question: ReleaseQuestion


HallEffect = Offered | Told | ActRefused | CalledOut | ConflictFound | Asked | Pictured

# ---- state
# ---------------------------------------------------------------------------------------------------


class Shared(Struct, frozen=True):
    """What was last offered of one own track, so that partners get news and not noise."""

    sequence: int = 0
    tracklet_ns: Instant = Instant(0)
    launch_ns: Instant = Instant(0)
    launch_major_m: float = float("inf")
    early: tuple[EcefState, ...] = ()
    """The early states that the launch point was last computed from."""
    prediction_ns: Instant = Instant(0)
    over: bool = False
    shown: Shown = Shown()
    """Of its single looks."""


class Gone(Struct, frozen=True):
    """An object that ended: its last state and meaning stay on the desk for a while, marked as such."""

    track: FusedTrack
    assessment: Assessment | None
    ended_ns: Instant


class Counts(Struct, frozen=True):
    """Running counts that the picture shows."""

    plots: int = 0
    offered: int = 0
    released: int = 0
    withheld: int = 0
    received: int = 0
    copies: int = 0
    receipted: int = 0
    quarantined: dict[str, int] = {}
    marked: dict[str, int] = {}
    """Partners' products that were taken, and shown as late, expired, under a retired key, of an unsure
    clock."""


class HallState(Struct, frozen=True):
    """All that the hall knows. Every step makes a new one."""

    config: Configured
    started_ns: Instant
    step: int
    tracker: TrackerState
    fusion: FusionState
    assess: AssessState
    warn: WarnState
    own: tuple[Track, ...] = ()
    fused: tuple[FusedTrack, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    together: TogetherState = TogetherState()
    gone: tuple[Gone, ...] = ()
    partners: dict[str, Tracklet] = {}
    launches: dict[str, LaunchEvent] = {}
    predictions: dict[str, SharedPrediction] = {}
    warnings: dict[str, PartnerWarning] = {}
    """What partners told their people, the newest word of each warning, by `NATION/id`."""
    shared: dict[str, Shared] = {}
    sensors: dict[str, SensorLog] = {}
    sensors_told: dict[str, SensorTold] = {}
    partner_sensors: dict[str, SensorWord] = {}
    """Newest word of each partner's sensor, by `NATION/sensor`."""
    counts: Counts = Counts()
    links: tuple[LinkHealth, ...] = ()
    alarms: dict[str, tuple[Alarm, ...]] = {}
    """By source."""
    latencies_ms: tuple[float, ...] = ()
    """Of the newest partners' products: from the partner's seal to our door, wall time."""
    asking: Asking = Asking()
    pictured_ns: Instant = Instant(0)
    restarted_ns: Instant | None = None
    """When the hall last came back from its record; null in its first life."""

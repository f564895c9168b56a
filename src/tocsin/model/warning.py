"""Telling people: what a warning says, who drafted it, who approved it. No sensor data by construction."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from tocsin.model.label import Label, Nation, Plane
from tocsin.model.time import Instant


class MsgType(StrEnum):
    """CAP 1.2 msgType values that tocsin sends."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Purpose(StrEnum):
    """Why a message is sent. CAP has no all-clear and no correction; `msg_type` says what receivers do
    with it.
    """

    WARN = "warn"
    DOWNGRADE = "downgrade"
    """The same areas and times, held with less certainty: tracking weakened or was lost."""
    CORRECT = "correct"
    """Officers took areas out, or put right what was told."""
    WITHDRAW = "withdraw"
    """It was issued in error."""
    LIFT = "lift"
    """Officers ended it by their own judgement, before the rule would."""
    ALL_CLEAR = "all-clear"
    """The rule's own end: nothing is expected any more, or the time is over."""


class Certainty(StrEnum):
    """CAP 1.2 certainty: Observed only while tracked, Likely while coasting, Possible after loss or while
    nothing can be predicted.
    """

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"


class ThreatKind(StrEnum):
    """What is expected in an area."""

    IMPACT = "impact"
    OVERFLIGHT = "overflight"


def at_sea(area: str) -> bool:
    """True for the code of a sea area (`JP-SEA-1`), which is ours; land has codes of ISO 3166-2."""
    return area.split("-")[1:2] == ["SEA"]


class WarnedArea(Struct, frozen=True, forbid_unknown_fields=True):
    """An area (ISO 3166-2, or a sea area's own code), what is expected there, and from when on."""

    area: str
    threat: ThreatKind
    expected_ns: Instant


class Warning(Struct, frozen=True):
    """One message to the people. `id` is stable over its updates, `serial` counts them from 1."""

    id: str
    serial: int
    plane: Plane
    nation: Nation
    msg_type: MsgType
    certainty: Certainty
    objects: int
    areas: tuple[WarnedArea, ...]
    launched_ns: Instant | None
    sent_ns: Instant
    expires_ns: Instant
    references: tuple[tuple[int, Instant], ...] = ()
    """(serial, sent_ns) of the messages of this warning that it replaces or cancels."""
    purpose: Purpose = Purpose.WARN
    region: bool = False
    """Its objects manoeuvre: the areas are those that they can reach, for want of an impact point."""


class SharedWarning(Struct, frozen=True, forbid_unknown_fields=True, tag="warning"):
    """What a nation told its people, for its partners: facts and no texts. `track_id` is the warning's id
    (other rooms name a product by it), `sequence` its serial: the highest of one warning holds, in whatever
    order they come.
    """

    origin: Nation
    track_id: str
    sequence: int
    msg_type: MsgType
    purpose: Purpose
    certainty: Certainty
    objects: int
    areas: tuple[WarnedArea, ...]
    sent_ns: Instant
    expires_ns: Instant
    label: Label
    region: bool


class Standing(StrEnum):
    """What a partner's warning is worth now."""

    IN_FORCE = "in force"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LATE = "late"
    """It came after a cut, just now: its end may be on the way behind it."""


class PartnerWarning(Struct, frozen=True):
    """The newest word of one warning of a partner. `marks`: as model.product.Import's."""

    warning: SharedWarning
    came_ns: Instant
    marks: tuple[str, ...] = ()
    standing: Standing = Standing.IN_FORCE


class WarnStatus(StrEnum):
    """Where a message stands; the table of changes is `tocsin.warn.table`."""

    PREPARED = "prepared"
    """Made at the release of another message and waiting beside it: to withdraw it, or to lift it."""
    DRAFTED = "drafted"
    PROPOSED = "proposed"
    RELEASED = "released"
    UPDATED = "updated"
    DOWNGRADED = "downgraded"
    CANCELLED = "cancelled"
    ALL_CLEAR = "all-clear"
    ENDED = "ended"


class ActKind(StrEnum):
    """What an officer can do with a draft."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    CORRECT = "correct"
    """On a released message: propose its correction, which warns `OfficerAct.areas` alone."""


class OfficerAct(Struct, frozen=True):
    """An act is over the exact text: `digest` is the SHA-256 (hex) of the draft it was made for."""

    officer: str
    credential: str
    kind: ActKind
    draft_id: str
    digest: str
    areas: tuple[str, ...] = ()


class Role(StrEnum):
    """What an officer may do. WATCH sees everything and acts on nothing."""

    WATCH = "WATCH"
    RELEASER = "RELEASER"
    """Proposes, corrects and declines."""
    APPROVER = "APPROVER"
    """Approves and declines."""


class Officer(Struct, frozen=True):
    """One person with one credential (its public name). A person may hold several credentials."""

    name: str
    credential: str
    roles: tuple[Role, ...] = (Role.WATCH, Role.RELEASER, Role.APPROVER)


class Outcome(StrEnum):
    """What becomes of a draft on which nobody acts within the nation's limit."""

    LAPSE = "lapse"
    RELEASE = "release"


class Call(StrEnum):
    """Whom a draft calls while nobody acts, in this order."""

    SOUNDER = "sounder"
    SECOND_DESK = "second-desk"
    PAGER = "pager"
    ABORT_WINDOW = "abort-window"
    """It releases itself soon: the last chance to decline."""


class NoAct(Struct, frozen=True):
    """Seconds without an act until each call, and until the outcome; `abort_s` more where it is a release.

    Defaults: a trained officer decides within ten seconds, so 15 s is already unusual and 60 s leaves two of
    the three minutes that Aomori had on 4 October 2022. A nation that lets drafts release themselves says so
    itself.
    """

    sounder_s: float = 15.0
    second_desk_s: float = 30.0
    pager_s: float = 45.0
    limit_s: float = 60.0
    outcome: Outcome = Outcome.LAPSE
    abort_s: float = 30.0


class Right(StrEnum):
    """What an office may do to the public."""

    ALERT = "alert"
    UPDATE = "update"
    CANCEL = "cancel"


class Office(Struct, frozen=True):
    """A row of the authority table: which office may do what in which areas.

    `areas`: ISO 3166-2 codes, or a prefix and `*`. `senders`: CAP senders by which its messages are known.
    """

    name: str
    nation: Nation
    areas: tuple[str, ...]
    rights: tuple[Right, ...] = (Right.ALERT, Right.UPDATE, Right.CANCEL)
    senders: tuple[str, ...] = ()


class Thresholds(Struct, frozen=True):
    """Probabilities above which a nation drafts. A draft is right where p > loss(false alarm) / loss(miss).

    Impact 0.02: sheltering in vain is taken to cost a fiftieth of not having sheltered (0.02 = 8 of the 400
    points of an area's probability). Overflight 0.2: only debris falls there, so the ratio is put at five.
    Sea areas, for ships and aircraft: impact 0.1, because a hull is a small thing in 100,000 km^2 and a
    lookout costs little; an overflight is not told there until a nation sets a probability for it.
    All are starting values; each nation sets its own.
    """

    impact_probability: float = 0.02
    overflight_probability: float = 0.2
    sea_impact_probability: float = 0.1
    sea_overflight_probability: float | None = None


class DeskRules(Struct, frozen=True):
    """How a nation's desk works: its officers, its patience, its alert regions, its place in the authority
    table.

    `blocks`: groups of areas that a first alert warns whole. `office`: the row of `offices` that is this
    desk; without one the desk may do everything in its own nation's areas.
    """

    officers: tuple[Officer, ...] = ()
    no_act: NoAct = NoAct()
    blocks: tuple[tuple[str, ...], ...] = ()
    downgrades_itself: bool = True
    offices: tuple[Office, ...] = ()
    office: str = ""
    releasable_to: tuple[Nation, ...] = tuple(Nation)
    """Partners whom the labels of this nation's warnings name."""
    thresholds: Thresholds | None = None
    """From these rules on; null: as the record was begun with."""


class Draft(Struct, frozen=True):
    """A warning on its way to the people. Officers approve `digest` (SHA-256 hex of the exact text)."""

    id: str
    warning: Warning
    digest: str
    status: WarnStatus
    drafted_ns: Instant
    tracks: tuple[str, ...]
    """Fused tracks that it speaks of: inside the nation only, never in a message."""
    proposed_by: str | None = None
    approved_by: str | None = None
    released_ns: Instant | None = None
    acted_ns: Instant | None = None
    """The last act on it; null before the first."""
    deadline_ns: Instant | None = None
    """When `outcome` comes if nobody acts; null where nothing comes by itself."""
    outcome: Outcome | None = None
    called: tuple[Call, ...] = ()
    by_policy: str | None = None
    """Released without two officers, by this rule of the nation's own policy: `downgrade` or `no-act`."""
    ended_by: str | None = None
    carried: tuple[str, ...] = ()
    """Outlets that said they have it."""
    awaited: tuple[str, ...] = ()
    """Outlets that carried an earlier message of this warning and must get this one too."""
    restored: bool = False
    """It was open or in force when the hall was started again."""


class ForeignAlert(Struct, frozen=True):
    """Another sender's message as an outlet heard it and its parser accepted it: facts only, no free text."""

    sender: str
    identifier: str
    msg_type: MsgType
    plane: Plane
    sent_ns: Instant
    expires_ns: Instant
    areas: tuple[str, ...]
    """ISO 3166-2 codes."""
    heard_at: str
    lifts: bool = False
    """A Cancel, or an all-clear by its response type."""


class Conflict(Struct, frozen=True):
    """Two authorities say different things about an area, or one speaks without the right to."""

    id: str
    reason: str
    areas: tuple[str, ...]
    sender: str
    office: str | None
    theirs: str
    ours: str | None
    since_ns: Instant
    until_ns: Instant


NEVER: Final = 2.0
"""As a threshold: no probability gets there."""


def afloat(thresholds: Thresholds) -> Thresholds:
    """The same thresholds with those for sea areas in the place of those for land."""
    over = thresholds.sea_overflight_probability
    return Thresholds(thresholds.sea_impact_probability, NEVER if over is None else over)

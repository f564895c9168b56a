"""Telling people: what a warning says, who drafted it, who approved it. No sensor data by construction."""

from enum import StrEnum

from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant


class MsgType(StrEnum):
    """CAP 1.2 msgType values that tocsin sends."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Certainty(StrEnum):
    """CAP 1.2 certainty: Observed only while tracked, Likely while coasting, Possible after loss."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"


class ThreatKind(StrEnum):
    """What is expected in an area."""

    IMPACT = "impact"
    OVERFLIGHT = "overflight"


class WarnedArea(Struct, frozen=True):
    """An ISO 3166-2 area, what is expected there, and from when on."""

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


class WarnStatus(StrEnum):
    """Where a warning stands; the table of changes is `tocsin.warn.decide`."""

    DRAFTED = "drafted"
    PROPOSED = "proposed"
    RELEASED = "released"
    CANCELLED = "cancelled"
    ENDED = "ended"


class ActKind(StrEnum):
    """What an officer can do with a draft."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"


class OfficerAct(Struct, frozen=True):
    """An act is over the exact text: `digest` is the SHA-256 (hex) of the draft it was made for."""

    officer: str
    credential: str
    kind: ActKind
    draft_id: str
    digest: str


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


class Thresholds(Struct, frozen=True):
    """Probabilities above which a nation drafts. A draft is right where p > loss(false alarm) / loss(miss).

    Impact 0.02: sheltering in vain is taken to cost a fiftieth of not having sheltered (0.02 = 8 of the 400
    points of an area's probability). Overflight 0.2: only debris falls there, so the ratio is put at five.
    Both are starting values; each nation sets its own.
    """

    impact_probability: float = 0.02
    overflight_probability: float = 0.2

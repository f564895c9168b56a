"""What the warning fold remembers and what it reports: plain structs, encodable as they are."""

from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.model.warning import Draft, OfficerAct, Thresholds, WarnedArea, Warning
from tocsin.warn.threat import Threat


class Drafted(Struct, frozen=True, tag="drafted"):
    """A new draft, or a new text of one (its digest changed and its proposal is void)."""

    draft: Draft


class Released(Struct, frozen=True, tag="released"):
    """Two officers released it: alert, update or cancel. The outlets carry `draft.warning`."""

    draft: Draft


class Refused(Struct, frozen=True, tag="refused"):
    """An act that did nothing, and why."""

    act: OfficerAct
    reason: str


class Ended(Struct, frozen=True, tag="ended"):
    """A draft that is over: rejected, without threat, superseded, cancelled or expired (see its status)."""

    draft: Draft


WarnEffect = Drafted | Released | Refused | Ended


class Story(Struct, frozen=True):
    """One warning from its first draft to its end: the objects it speaks of and the messages it has had."""

    id: str
    keys: tuple[str, ...]
    changed_ns: Instant
    opened: int = 0
    minor: int = 0
    open: str | None = None
    shown: Warning | None = None
    """The text that officers last decided on: released, or declined."""
    latest: Warning | None = None
    """The text wanted when there was last a threat."""
    released: tuple[tuple[int, Instant], ...] = ()
    warned: tuple[WarnedArea, ...] = ()
    cancelled: bool = False


class WarnState(Struct, frozen=True):
    """All that the fold remembers. `drafts` holds the messages in order of making, those that are over
    included.
    """

    nation: Nation
    plane: Plane
    thresholds: Thresholds
    threats: dict[str, Threat]
    stories: dict[str, Story]
    drafts: dict[str, Draft]
    proposals: dict[str, OfficerAct]
    numbered: int = 0


def new_warn(nation: Nation, plane: Plane, thresholds: Thresholds | None = None) -> WarnState:
    """An empty desk."""
    return WarnState(nation, plane, thresholds or Thresholds(), {}, {}, {}, {})

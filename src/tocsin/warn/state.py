"""What the warning fold remembers and what it reports: plain structs, encodable as they are."""

from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.model.warning import (
    Call,
    Conflict,
    DeskRules,
    Draft,
    ForeignAlert,
    OfficerAct,
    Thresholds,
    WarnedArea,
    Warning,
)
from tocsin.warn.threat import Threat


class Drafted(Struct, frozen=True, tag="drafted"):
    """A new draft, or a new text of one (its digest changed and its proposal is void)."""

    draft: Draft


class Prepared(Struct, frozen=True, tag="prepared"):
    """Its withdrawal or its lifting lies ready beside a message that was just released."""

    draft: Draft


class Released(Struct, frozen=True, tag="released"):
    """Two officers released it, or the nation's policy did (`by_policy`). The outlets carry
    `draft.warning`.
    """

    draft: Draft


class Refused(Struct, frozen=True, tag="refused"):
    """An act that did nothing, and why."""

    act: OfficerAct
    reason: str


class Ended(Struct, frozen=True, tag="ended"):
    """A message that is over: see its status and `ended_by`."""

    draft: Draft


class Called(Struct, frozen=True, tag="called"):
    """Nobody has acted on it for a while: sound, ring, page."""

    draft: Draft
    call: Call


class Conflicting(Struct, frozen=True, tag="conflicting"):
    """Another sender's message contradicts ours, or its office may not speak for that area."""

    conflict: Conflict


WarnEffect = Drafted | Prepared | Released | Refused | Ended | Called | Conflicting


class Story(Struct, frozen=True):
    """One warning from its first draft to its end: the objects it speaks of and the messages it has had."""

    id: str
    keys: tuple[str, ...]
    changed_ns: Instant
    opened: int = 0
    minor: int = 0
    open: str | None = None
    shown: Warning | None = None
    """The text that was last decided on: released, or declined."""
    latest: Warning | None = None
    """The text wanted when there was last a threat."""
    in_force: Warning | None = None
    """What people were last told."""
    released: tuple[tuple[int, Instant], ...] = ()
    warned: tuple[WarnedArea, ...] = ()
    prepared: tuple[str, ...] = ()
    """Drafts that lie ready beside the message in force."""
    taken_out: tuple[str, ...] = ()
    """Areas that officers corrected away: an overflight of them is not drafted again for these objects."""
    lifted: bool = False
    """Its last message lifted or withdrew it."""


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
    rules: DeskRules = DeskRules()
    heard: tuple[ForeignAlert, ...] = ()
    """Other senders' messages that have not expired, newest last."""
    conflicts: tuple[Conflict, ...] = ()


def new_warn(
    nation: Nation, plane: Plane, thresholds: Thresholds | None = None, rules: DeskRules | None = None
) -> WarnState:
    """An empty desk. Without rules nobody is an officer: drafts are made, and nobody can release them."""
    return WarnState(nation, plane, thresholds or Thresholds(), {}, {}, {}, {}, rules=rules or DeskRules())

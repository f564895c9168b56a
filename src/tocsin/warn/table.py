"""What can become of a message: the one table of the desk.

A rule or an officer brings an event; (status, event) -> status says what follows. What is not in the table
does not happen: an officer's act is refused, a rule has no effect. Whether the event may come at all is
judged elsewhere: threats (threat.py), persons (approve.py), the clock (limits.py).
"""

from enum import StrEnum
from typing import Final

from tocsin.model.warning import WarnStatus


class Event(StrEnum):
    """What can happen to a message."""

    THREAT = "threat"
    """An area's probability crossed the nation's threshold, or a story needs its next message."""
    PREPARE = "prepare"
    """Another message of the story was released: its withdrawal and its lifting are made ready."""
    CHANGE = "change"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    GONE = "gone"
    """Its reason is no more."""
    LAPSE = "lapse"
    """Nobody acted, and the nation's policy lets it lapse."""
    POLICY = "policy"
    """The nation's policy releases it: nobody acted, or it only says that tracking weakened."""
    SUPERSEDE = "supersede"
    WEAKEN = "weaken"
    """Superseded by a message that says the same with less certainty."""
    REVOKE = "revoke"
    """Withdrawn: it was issued in error."""
    CLEAR = "clear"
    EXPIRE = "expire"


NEXT: Final[dict[tuple[WarnStatus | None, Event], WarnStatus]] = {
    (None, Event.THREAT): WarnStatus.DRAFTED,
    (None, Event.PREPARE): WarnStatus.PREPARED,
    (WarnStatus.PREPARED, Event.PROPOSE): WarnStatus.PROPOSED,
    (WarnStatus.PREPARED, Event.GONE): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.CHANGE): WarnStatus.DRAFTED,
    (WarnStatus.DRAFTED, Event.PROPOSE): WarnStatus.PROPOSED,
    (WarnStatus.DRAFTED, Event.REJECT): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.GONE): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.LAPSE): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.EXPIRE): WarnStatus.ENDED,
    (WarnStatus.DRAFTED, Event.POLICY): WarnStatus.RELEASED,
    (WarnStatus.PROPOSED, Event.CHANGE): WarnStatus.DRAFTED,
    (WarnStatus.PROPOSED, Event.APPROVE): WarnStatus.RELEASED,
    (WarnStatus.PROPOSED, Event.REJECT): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.GONE): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.LAPSE): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.EXPIRE): WarnStatus.ENDED,
    (WarnStatus.PROPOSED, Event.POLICY): WarnStatus.RELEASED,
    (WarnStatus.RELEASED, Event.SUPERSEDE): WarnStatus.UPDATED,
    (WarnStatus.RELEASED, Event.WEAKEN): WarnStatus.DOWNGRADED,
    (WarnStatus.RELEASED, Event.REVOKE): WarnStatus.CANCELLED,
    (WarnStatus.RELEASED, Event.CLEAR): WarnStatus.ALL_CLEAR,
    (WarnStatus.RELEASED, Event.EXPIRE): WarnStatus.ENDED,
}

OVER: Final = frozenset(
    (
        WarnStatus.UPDATED,
        WarnStatus.DOWNGRADED,
        WarnStatus.CANCELLED,
        WarnStatus.ALL_CLEAR,
        WarnStatus.ENDED,
    )
)
"""Nothing leaves these."""
OPEN: Final = frozenset((WarnStatus.DRAFTED, WarnStatus.PROPOSED))
"""Somebody has to act."""

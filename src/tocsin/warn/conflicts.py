"""Two authorities, one area: when another sender's message contradicts what this desk told the same people.

Seoul, 31 May 2023: the city told people to flee, the ministry that it was a mistake, nobody saw both at once.
Here every message heard stands beside ours until it expires, and each contradiction is an item for officers.
It changes no message of ours: a voice from outside never lifts or makes an alert.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from tocsin.model.time import Instant
from tocsin.model.warning import Conflict, ForeignAlert, Office
from tocsin.warn.authority import covers, nation_of, office_of, right_of
from tocsin.warn.state import Conflicting, WarnState

MOST_HEARD: Final = 128
"""Messages of others that are kept at once; the newest stay."""


def compare(
    state: WarnState, heard: Sequence[ForeignAlert], now: Instant
) -> tuple[WarnState, tuple[Conflicting, ...]]:
    """The state with what was heard, and the contradictions that are new."""
    if not heard and not state.heard:
        return (replace(state, conflicts=()) if state.conflicts else state), ()
    known = _known(state, heard, now)
    since = {conflict.id: conflict.since_ns for conflict in state.conflicts}
    conflicts = tuple(
        replace(found, since_ns=since.get(found.id, now))
        for alert in known
        for found in _conflicts(state, alert, now)
    )
    new = tuple(Conflicting(row) for row in conflicts if row.id not in since)
    return replace(state, heard=known, conflicts=conflicts), new


def _known(state: WarnState, heard: Sequence[ForeignAlert], now: Instant) -> tuple[ForeignAlert, ...]:
    """Each sender's messages once, of this plane and unexpired; a newer word of the same sender over the same
    areas replaces an older one.
    """
    rows: list[ForeignAlert] = []
    for alert in (*state.heard, *heard):
        if alert.plane is not state.plane or alert.expires_ns <= now:
            continue
        rows = [row for row in rows if not (row.sender == alert.sender and _replaces(alert, row))]
        rows.append(alert)
    return tuple(rows[-MOST_HEARD:])


def _replaces(new: ForeignAlert, old: ForeignAlert) -> bool:
    return new.identifier == old.identifier or (
        new.sent_ns >= old.sent_ns and set(old.areas) <= set(new.areas)
    )


def _conflicts(state: WarnState, alert: ForeignAlert, now: Instant) -> Iterator[Conflict]:
    """What is wrong with one message, in the areas of this nation."""
    areas = tuple(area for area in alert.areas if nation_of(area) is state.nation)
    office = office_of(state.rules, alert.sender)
    without = tuple(area for area in areas if not _entitled(office, alert, area))
    if without:
        yield _conflict(alert, "without authority", without, office, None, now)
    in_force = {
        row.area: f"{story.in_force.id}-{story.in_force.serial}"
        for story in state.stories.values()
        if story.in_force is not None
        for row in story.in_force.areas
    }
    both = tuple(area for area in areas if area in in_force)
    if alert.lifts and both:
        yield _conflict(alert, "lifts what we warn", both, office, in_force[both[0]], now)
    alone = tuple(area for area in areas if area not in in_force)
    if not alert.lifts and alone:
        yield _conflict(alert, "warns where we do not", alone, office, None, now)


def _entitled(office: Office | None, alert: ForeignAlert, area: str) -> bool:
    return office is not None and right_of(alert.msg_type) in office.rights and covers(office, area)


def _conflict(
    alert: ForeignAlert,
    reason: str,
    areas: tuple[str, ...],
    office: Office | None,
    ours: str | None,
    now: Instant,
) -> Conflict:
    return Conflict(
        id=f"{alert.sender}/{alert.identifier}/{reason}",
        reason=reason,
        areas=areas,
        sender=alert.sender,
        office=office.name if office else None,
        theirs=alert.identifier,
        ours=ours,
        since_ns=now,
        until_ns=alert.expires_ns,
    )

"""What a warning should say now, and whether that differs enough from what it says to trouble people again.

In here: threats of one warning -> the message wanted; the kinds of difference. Not in here: pace and
officers (decide.py).
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.warning import Certainty, MsgType, Purpose, ThreatKind, WarnedArea, Warning
from tocsin.warn.threat import CLEAR_LOST_S, Threat

TIME_CHANGE_S: Final = 60.0
"""Texts say minutes: a time that moved by less is not news."""
EXPIRY_MARGIN_S: Final = 1800.0
"""A message outlives the last predicted second by half an hour, so that it never lapses before its all-
clear.
"""
_GRAVITY: Final = (ThreatKind.OVERFLIGHT, ThreatKind.IMPACT)
_DOUBT: Final = (Certainty.OBSERVED, Certainty.LIKELY, Certainty.POSSIBLE)


class Change(IntEnum):
    """How a wanted message differs from the one shown, by how much it matters."""

    NONE = 0
    MINOR = 1
    """Fewer areas, more objects, another time or certainty: waits its turn and never voids a proposal."""
    WORSE = 2
    """A new area, or impact where overflight was said: waits only for the pace."""
    AT_ONCE = 3
    """Lifted, threatened again, or tracking lost: what is shown would be wrong in the officers' hands."""


class Frame(Struct, frozen=True):
    """What a message is besides its content: whose, which, after which."""

    nation: Nation
    plane: Plane
    id: str
    released: tuple[tuple[int, Instant], ...]
    blocks: tuple[tuple[str, ...], ...] = ()
    """Groups of areas that are warned whole; none = each area for itself."""
    taken_out: tuple[str, ...] = ()
    """Areas that officers corrected away."""


def wanted(
    frame: Frame, threats: Sequence[Threat], lifted: Sequence[WarnedArea], was: Warning | None, now: Instant
) -> Warning:
    """The message for these threats; without any, the Cancel for the areas `lifted`, after the wording
    wanted last.
    """
    areas = _spread(_areas(threats, frame.taken_out), frame) if threats else tuple(lifted)
    threatening = MsgType.UPDATE if frame.released else MsgType.ALERT
    until = max([after(e.until_ns, CLEAR_LOST_S) for t in threats for e in t.exposures] + [now])
    return Warning(
        id=frame.id,
        serial=len(frame.released) + 1,
        plane=frame.plane,
        nation=frame.nation,
        msg_type=threatening if threats else MsgType.CANCEL,
        certainty=_least([t.certainty for t in threats]) if threats or was is None else was.certainty,
        objects=len(threats) if threats or was is None else was.objects,
        areas=areas,
        launched_ns=_launched(threats, was),
        sent_ns=now,
        expires_ns=after(until, EXPIRY_MARGIN_S),
        references=frame.released,
        purpose=Purpose.WARN if threats else Purpose.ALL_CLEAR,
        region=_region(threats) if threats or was is None else was.region,
    )


def lifting(
    shown: Warning, released: tuple[tuple[int, Instant], ...], purpose: Purpose, now: Instant
) -> Warning:
    """The Cancel of what is in force, for officers: WITHDRAW (issued in error) or LIFT (over, they judge)."""
    return replace(
        _next(shown, released, purpose, now),
        msg_type=MsgType.CANCEL,
        expires_ns=max(shown.expires_ns, after(now, EXPIRY_MARGIN_S)),
    )


def weakened(
    shown: Warning, want: Warning, released: tuple[tuple[int, Instant], ...], now: Instant
) -> Warning:
    """What is in force, with the certainty that the track still allows; nothing else is new."""
    return replace(
        _next(shown, released, Purpose.DOWNGRADE, now),
        certainty=want.certainty,
        region=want.region,
        expires_ns=max(shown.expires_ns, want.expires_ns),
    )


def corrected(
    shown: Warning, kept: Sequence[str], released: tuple[tuple[int, Instant], ...], now: Instant
) -> Warning:
    """What is in force, for the areas `kept` alone."""
    areas = tuple(row for row in shown.areas if row.area in kept)
    return replace(_next(shown, released, Purpose.CORRECT, now), areas=areas)


def _next(
    shown: Warning, released: tuple[tuple[int, Instant], ...], purpose: Purpose, now: Instant
) -> Warning:
    return replace(
        shown,
        serial=len(released) + 1,
        msg_type=MsgType.UPDATE,
        purpose=purpose,
        sent_ns=now,
        references=released,
    )


def weaker(want: Warning, shown: Warning) -> bool:
    """True when the wanted message is less certain than the one shown."""
    return _doubt(want) > _doubt(shown)


def worse(shown: Warning, want: Warning) -> bool:
    """True when a new area is threatened, or impact where overflight was said."""
    old = {row.area: row for row in shown.areas}
    return any(_worse(old.get(row.area), row) for row in want.areas)


def change(shown: Warning, want: Warning, in_force: bool = True) -> Change:
    """The greatest difference between the text shown (in force, drafted or declined) and the one wanted.

    That a coasting track is seen again is no news to people `in_force`: they were told too little certainty,
    not too much.
    """
    if (shown.msg_type is MsgType.CANCEL) is not (want.msg_type is MsgType.CANCEL):
        return Change.AT_ONCE
    if want.msg_type is MsgType.CANCEL:
        return Change.NONE
    if want.certainty is Certainty.POSSIBLE and weaker(want, shown):
        return Change.AT_ONCE
    if worse(shown, want):
        return Change.WORSE
    old = {row.area: row for row in shown.areas}
    same = len(old) == len(want.areas) and all(_alike(old[row.area], row) for row in want.areas)
    seen_again = (shown.certainty, want.certainty) == (Certainty.LIKELY, Certainty.OBSERVED)
    as_certain = _doubt(shown) == _doubt(want) or (in_force and seen_again)
    counted = want.objects <= shown.objects
    return Change.NONE if same and as_certain and counted else Change.MINOR


def _areas(threats: Iterable[Threat], taken_out: Sequence[str]) -> tuple[WarnedArea, ...]:
    """One row per area: impact outranks overflight, the earliest time counts; first threatened first. What
    officers took out comes back for an impact alone.
    """
    found: dict[str, WarnedArea] = {}
    for exposure in (e for threat in threats for e in threat.exposures):
        was = found.get(exposure.area)
        impact = ThreatKind.IMPACT in (exposure.threat, was.threat if was else None)
        first = exposure.expected_ns if was is None else min(was.expected_ns, exposure.expected_ns)
        kind = ThreatKind.IMPACT if impact else ThreatKind.OVERFLIGHT
        found[exposure.area] = WarnedArea(exposure.area, kind, first)
    rows = (r for r in found.values() if r.area not in taken_out or r.threat is ThreatKind.IMPACT)
    return tuple(sorted(rows, key=_first))


def _spread(rows: tuple[WarnedArea, ...], frame: Frame) -> tuple[WarnedArea, ...]:
    """Every block that holds a threatened area, whole: the others in it are told the worst and the
    earliest.
    """
    known = {row.area: row for row in rows}
    for block in frame.blocks:
        inside = [known[area] for area in block if area in known]
        if not inside:
            continue
        kind = max((row.threat for row in inside), key=_GRAVITY.index)
        first = min(row.expected_ns for row in inside)
        for area in block:
            if area not in frame.taken_out:
                known.setdefault(area, WarnedArea(area, kind, first))
    return tuple(sorted(known.values(), key=_first))


def _first(row: WarnedArea) -> tuple[Instant, str]:
    return row.expected_ns, row.area


def _least(certainties: Iterable[Certainty]) -> Certainty:
    """One message has one certainty: that of its least certain object, so that nothing is overstated."""
    return max(certainties, key=_DOUBT.index)


def _doubt(warning: Warning) -> tuple[int, bool]:
    """Less is known of a lost object than of one that is seen to manoeuvre."""
    return _DOUBT.index(warning.certainty), warning.certainty is Certainty.POSSIBLE and not warning.region


def _region(threats: Sequence[Threat]) -> bool:
    """True when every object of which least is known is one that manoeuvres."""
    doubted = [t for t in threats if t.certainty is Certainty.POSSIBLE]
    return bool(doubted) and all(t.region for t in doubted)


def _launched(threats: Sequence[Threat], was: Warning | None) -> Instant | None:
    known = [t.launched_ns for t in threats if t.launched_ns is not None]
    return min(known) if known else (was.launched_ns if was else None)


def _worse(was: WarnedArea | None, row: WarnedArea) -> bool:
    return was is None or (row.threat is ThreatKind.IMPACT and was.threat is ThreatKind.OVERFLIGHT)


def _alike(was: WarnedArea, row: WarnedArea) -> bool:
    return was.threat is row.threat and abs(seconds_between(was.expected_ns, row.expected_ns)) < TIME_CHANGE_S

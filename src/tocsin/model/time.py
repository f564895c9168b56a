"""UTC instants as integer nanoseconds since 1970-01-01T00:00:00Z (POSIX, leap seconds not counted).

In here: the type, its arithmetic units and its text forms. Not in here: a clock; `now` is always handed in.
"""

from datetime import UTC, datetime, timedelta
from typing import NewType

Instant = NewType("Instant", int)

SECOND_NS = 1_000_000_000
MILLISECOND_NS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime (naive ones raise ValueError: a zone is never guessed)."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    span = moment - _EPOCH
    return Instant((span.days * 86_400 + span.seconds) * SECOND_NS + span.microseconds * 1_000)


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime, cut (never rounded up) to microseconds."""
    return _EPOCH + timedelta(microseconds=instant // 1_000)


def from_iso(text: str) -> Instant:
    """Parse ISO 8601 with an offset or Z; ValueError without one."""
    return from_datetime(datetime.fromisoformat(text))


def to_iso(instant: Instant) -> str:
    """`2022-10-03T22:22:00.000Z`: UTC with milliseconds, the form of every `*_utc` field."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant // MILLISECOND_NS % 1000:03d}Z"


def after(instant: Instant, seconds: float) -> Instant:
    """The instant `seconds` later (earlier when negative), to the nearest nanosecond."""
    return Instant(instant + round(seconds * SECOND_NS))


def passed(since: int, span_ns: int, now: int) -> bool:
    """True when that much time has gone by since then.

    True as well when the clock has been set back past `since`: it may be an hour until then once more, and
    what is due again and again must not wait for it.
    """
    return now < since or now - since >= span_ns


def seconds_between(earlier: Instant, later: Instant) -> float:
    """`later - earlier` in seconds."""
    return (later - earlier) / SECOND_NS

"""Instants against the standard library's own arithmetic."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.time import (
    Instant,
    after,
    from_datetime,
    from_iso,
    seconds_between,
    to_datetime,
    to_iso,
)

MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_datetimes_come_back(moment: datetime) -> None:
    assert to_datetime(from_datetime(moment)) == moment


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_the_zone_does_not_matter(moment: datetime, minutes: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert from_datetime(elsewhere) == from_datetime(moment)


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_text_says_the_millisecond_before(nanoseconds: int) -> None:
    again = from_iso(to_iso(Instant(nanoseconds)))
    assert 0 <= nanoseconds - again < 1_000_000


def test_a_korean_morning_is_the_evening_before_in_utc() -> None:
    assert to_iso(from_iso("2022-10-04T07:22:00+09:00")) == "2022-10-03T22:22:00.000Z"


def test_a_zone_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        from_iso("2022-10-04T07:22:00")


@given(st.integers(0, 10**18), st.floats(-1e6, 1e6))
def test_after_and_between_agree(start: int, seconds: float) -> None:
    later = after(Instant(start), seconds)
    assert seconds_between(Instant(start), later) == pytest.approx(seconds, abs=1e-9)

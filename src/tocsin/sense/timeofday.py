"""Time of day -> instant. ASTERIX carries seconds since the last UTC midnight and no date.

The instant nearest to a reference is taken, so midnight is crossed both ways: 23:59:59.9 that arrives at
00:00:00.1 belongs to yesterday, 00:00:00.1 that a fast sensor clock sends at 23:59:59.9 belongs to tomorrow.
"""

from datetime import UTC, date, datetime

from tocsin.model.time import SECOND_NS, Instant, from_datetime

DAY_NS = 86_400 * SECOND_NS
"""UTC day without leap seconds (POSIX). In a leap second ASTERIX time stays in 0..86400 s."""


def nearest(tod_ns: int, reference: Instant) -> Instant:
    """The instant with time of day `tod_ns` (0 <= tod_ns < DAY_NS) that lies nearest to `reference`."""
    days = (reference - tod_ns + DAY_NS // 2) // DAY_NS
    return Instant(days * DAY_NS + tod_ns)


class Calendar:
    """Dates of a stream's times of day: from a given first day onward, or by each datum's `now`."""

    def __init__(self, first_day: date | None = None) -> None:
        self._first_day = first_day
        self._last: Instant | None = None

    def resolve(self, tod_ns: int, now: Instant) -> Instant:
        """With a first day: that day first, then nearest to the datum before. Else nearest to `now`."""
        if self._first_day is None:
            return nearest(tod_ns, now)
        if self._last is None:
            midnight = datetime(self._first_day.year, self._first_day.month, self._first_day.day, tzinfo=UTC)
            self._last = Instant(from_datetime(midnight) + tod_ns)
        else:
            self._last = nearest(tod_ns, self._last)
        return self._last

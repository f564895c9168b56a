"""Which sequences have been seen: a contiguous run from 1, and islands beyond the gaps. Immutable and
small."""

from msgspec import Struct

Run = tuple[int, int]
"""First and last sequence, both in it."""

MAX_ISLANDS = 256
"""Gaps that one stream may have open at once; a loss pattern worse than that is answered by asking again."""


class Marks(Struct, frozen=True):
    """Everything up to `upto`, and `islands` (ascending, apart from each other and from `upto`)."""

    upto: int = 0
    islands: tuple[Run, ...] = ()

    @property
    def highest(self) -> int:
        """The last one in it."""
        return self.islands[-1][1] if self.islands else self.upto

    def seen(self, sequence: int) -> bool:
        """True when that one is in it."""
        return sequence <= self.upto or any(first <= sequence <= last for first, last in self.islands)

    def fresh(self, first: int, last: int) -> tuple[Run, ...]:
        """The parts of `first`..`last` not in it, ascending."""
        runs: list[Run] = []
        start = max(first, self.upto + 1)
        for low, high in self.islands:
            if high < start:
                continue
            if low > last:
                break
            if start < low:
                runs.append((start, low - 1))
            start = max(start, high + 1)
        if start <= last:
            runs.append((start, last))
        return tuple(runs)

    def add(self, first: int, last: int) -> "Marks":
        """With `first`..`last` in it as well."""
        if first <= self.upto + 1 and not self.islands:
            return Marks(max(self.upto, last))
        merged: list[Run] = []
        for low, high in sorted((*self.islands, (first, last))):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        upto = self.upto
        while merged and merged[0][0] <= upto + 1:
            upto = max(upto, merged.pop(0)[1])
        return Marks(upto, tuple(merged))

    def room_for(self, first: int) -> bool:
        """False when `first` would open one gap too many."""
        return first <= self.upto + 1 or len(self.islands) < MAX_ISLANDS

    def missing(self, upto: int) -> tuple[Run, ...]:
        """The gaps below the last island, and up to `upto` if it is known that far."""
        end = max(upto, self.islands[-1][1] if self.islands else 0)
        return self.fresh(self.upto + 1, end)

    def squeezed(self, islands: int) -> "Marks":
        """At most that many islands: the oldest gaps are given up for good (for traffic where only news
        counts)."""
        marks = self
        while len(marks.islands) > islands:
            marks = Marks(marks.islands[0][1], marks.islands[1:])
        return marks

"""Virtual time: a heap of things to do, and each nation's idea of what time it is."""

from collections.abc import Callable
from heapq import heappop, heappush

from tocsin.model.label import Nation
from tocsin.model.time import SECOND_NS, Instant

START = Instant(1_700_000_000 * SECOND_NS)
"""2023-11-14T22:13:20Z: a round number; nothing depends on it."""


class Timeline:
    """True time, which nobody in the world can read, and what is due. `skew_ns`: error of each wall clock."""

    def __init__(self) -> None:
        self.now = START
        self.skew_ns = dict.fromkeys(Nation, 0)
        self.set_ns: dict[Nation, int] = dict.fromkeys(Nation, 0)
        """When each clock was last turned."""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = 0

    def wall(self, nation: Nation) -> Instant:
        """What that nation's machines show."""
        return Instant(self.now + self.skew_ns[nation])

    def set_clock(self, nation: Nation, by_ns: int) -> None:
        """Turn a wall clock on or back."""
        self.skew_ns[nation] += by_ns
        self.set_ns[nation] = self.now

    def at(self, when: int, work: Callable[[], None]) -> None:
        """Do `work` then; what falls on one instant is done in the order in which it was asked for."""
        self._serial += 1
        heappush(self._heap, (when, self._serial, work))

    def after(self, delay_ns: int, work: Callable[[], None]) -> None:
        """Do `work` after that time."""
        self.at(self.now + delay_ns, work)

    def run(self, until: int) -> None:
        """Everything that is due up to then, in order."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            when, _, work = heappop(heap)
            self.now = Instant(when)
            work()
        self.now = Instant(max(self.now, until))

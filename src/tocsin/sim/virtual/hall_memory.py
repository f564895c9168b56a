"""hall.sqlite in memory: the same marks, offers, unique imports and Merkle leaves as record.ledger."""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy

from tocsin.model.time import Instant
from tocsin.record.leaf import make_leaf
from tocsin.record.ledger import KEPT_SNAPSHOTS, UNPROVEN, ImportKey, Step, Ticks, step_rows
from tocsin.record.merkle import Frontier
from tocsin.record.tick import Tick
from tocsin.sim.virtual.disk import BrokenKeyError, Disk


class MemoryLedger:
    """A hall's record on a simulated disk. `seen(step)` is told of every committed step."""

    def __init__(self, disk: Disk, salts: Callable[[], bytes], seen: Callable[[Step], None]) -> None:
        self.disk = disk
        self._salts, self._seen = salts, seen
        self._steps: deque[Step] = deque()
        """Those after the oldest snapshot that is kept; the rest is never read again."""
        self._snapshots: deque[tuple[Step, bytes]] = deque(maxlen=KEPT_SNAPSHOTS)
        self._last = 0
        self._marks: dict[str, int] = {}
        self._offers: list[tuple[int, bytes]] = []
        self._offers_upto = 0
        self._imports: set[tuple[str, str, int]] = set()
        self._frontier = Frontier()
        self._ticks: dict[tuple[int, int], Tick] = {}
        self._reach: dict[int, int] = {}
        """Last number of each generation."""
        self._made: Counter[int] = Counter()

    @property
    def offers_upto(self) -> int:
        """Number of the last offer."""
        return self._offers_upto

    def copied(self) -> "MemoryLedger":
        """A copy that later commits do not touch."""
        twin = copy(self)
        for name in ("_steps", "_snapshots", "_marks", "_offers", "_imports", "_ticks", "_reach", "_made"):
            setattr(twin, name, copy(getattr(self, name)))
        return twin

    def append(self, step: Step) -> None:
        """See Ledger.append. BrokenKeyError, BookFullError, DiskFailedError: nothing of it."""
        self.disk.write()
        imports = [(one.origin, one.traffic, one.sequence) for one in step.imports]
        if step.step != self._last + 1 or any(number <= self._offers_upto for number, _ in step.offers):
            raise BrokenKeyError("a step or an offer twice")
        if len(set(imports)) < len(imports) or not self._imports.isdisjoint(imports):
            raise BrokenKeyError("an import twice")
        self._last = step.step
        self._imports.update(imports)
        if step.offers:
            self._offers += step.offers
            self._offers_upto = step.offers[-1][0]
        if step.handed_upto is not None:
            self._mark("handed", step.handed_upto)
        if step.offers_taken is not None:
            self._marks |= {"offers_taken": step.offers_taken, UNPROVEN: 0}
        self._frontier, _ = self._frontier.append(make_leaf(step_rows(step), self._salts()).sha256)
        self._keep(step._replace(effects=(), offers=(), imports=(), handed_upto=None, snapshot=None))
        if step.snapshot is not None:
            self._snapshots.append((self._steps[-1]._replace(stimuli=()), step.snapshot))
        self._seen(step)

    def imported(self, keys: Iterable[ImportKey]) -> frozenset[ImportKey]:
        """See LedgerReader.imported."""
        return frozenset(key for key in keys if key in self._imports)

    def mark(self, name: str) -> int:
        """See Ledger.mark."""
        return self._marks.get(name, 0)

    def last_step(self) -> int:
        """See Ledger.last_step."""
        return self._last

    def offers_taken(self, upto: int) -> None:
        """See Ledger.offers_taken."""
        self.disk.write()
        self._marks["offers_taken"] = upto

    def unproven(self) -> int:
        """See Ledger.unproven."""
        if not self.mark(UNPROVEN):
            self.disk.write()
            self._marks[UNPROVEN] = self._offers_upto + 1
        return self._marks[UNPROVEN] - 1

    def proven(self) -> None:
        """See Ledger.proven."""
        self.disk.write()
        self._marks[UNPROVEN] = 0

    def offers_open(self, most: int) -> list[tuple[int, bytes]]:
        """See Ledger.offers_open."""
        first = bisect_right(self._offers, self.mark("offers_taken"), key=lambda offer: offer[0])
        return self._offers[first : first + most]

    def commit_to(self, generation: int, number: int, at_wall_ns: Instant) -> Tick:
        """See Ledger.commit_to."""
        if (generation, number) not in self._ticks:
            self.disk.write()
            head = self._frontier
            tick = Tick(generation, number, at_wall_ns, head.size, head.root(), self._salts())
            self._ticks[generation, number] = tick
            self._reach[generation] = max(self._reach.get(generation, 0), number)
            self._made[generation] += 1
        return self._ticks[generation, number]

    def ticks(self) -> Ticks:
        """See Ledger.ticks."""
        if not self._ticks:
            return Ticks(0, 0, 0)
        newest = max(self._reach)
        return Ticks(newest, self._reach[newest], self._reach[newest] - self._made[newest])

    def head(self) -> Frontier:
        """See Ledger.head."""
        return self._frontier

    def steps(self, first: int = 1) -> Iterator[Step]:
        """See LedgerReader.steps. LookupError for a step that is no longer kept."""
        if self._last >= first and (not self._steps or self._steps[0].step > first):
            raise LookupError(f"step {first} of the simulated record is not kept")
        return (step for step in self._steps if step.step >= first)

    def snapshots(self) -> Iterator[tuple[Step, bytes]]:
        """See LedgerReader.snapshots."""
        return reversed(self._snapshots)

    def _keep(self, step: Step) -> None:
        self._steps.append(step)
        if len(self._snapshots) == KEPT_SNAPSHOTS:
            while self._steps[0].step <= self._snapshots[0][0].step:
                self._steps.popleft()

    def _mark(self, name: str, upto: int) -> None:
        self._marks[name] = max(self._marks.get(name, 0), upto)

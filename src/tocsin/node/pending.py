"""Stimuli that wait for the hall's next turn. Bounded: what does not fit is refused, counted and said
aloud.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from tocsin.model.alarm import Alarm
from tocsin.model.handoff import HandedItem, LinkReport
from tocsin.model.product import Quarantined
from tocsin.model.time import Instant
from tocsin.model.track import Plot
from tocsin.model.warning import OfficerAct
from tocsin.node.hall_words import (
    Acted,
    AlarmsIn,
    AliveIn,
    Forgot,
    HallStimulus,
    HandedIn,
    HeardIn,
    LinksIn,
    OutletReceipt,
    PlotsIn,
    RefusedIn,
)

MOST_PLOTS = 50_000
"""About ten seconds of 1,000 objects under five sensors: a hall that is further behind must say so."""

MOST_REFUSED = 1_000
"""Refused inputs of one turn that are kept one by one; a flood is counted in one line after that."""


class Pending:
    """What came in since the last turn, with the wall time at which the first of it came."""

    def __init__(self, wall: Callable[[], int] = time.time_ns) -> None:
        self._wall = wall
        self._plots: deque[Plot] = deque()
        self._alive: set[str] = set()
        self._refused: deque[Quarantined] = deque()
        self._flood: Quarantined | None = None
        self._flooded = 0
        self._handed: deque[HandedItem] = deque()
        self._acts: deque[OfficerAct | OutletReceipt | HeardIn] = deque()
        self._links: LinkReport | None = None
        self._forgot: Forgot | None = None
        self._alarms: dict[str, tuple[Alarm, ...]] = {}
        self._first_wall_ns: Instant | None = None

    def put_plots(self, plots: Sequence[Plot], now_wall_ns: Instant) -> None:
        """Decoded plots; those beyond the bound are refused as `hall-overflow`."""
        self._touch()
        room = MOST_PLOTS - len(self._plots)
        self._plots.extend(plots[:room])
        if len(plots) > room:
            lost = f"{len(plots) - room} plots beyond the bound of {MOST_PLOTS} a turn"
            self.put_refused(Quarantined("hall-overflow", "sensors", lost, now_wall_ns))

    def put_alive(self, sensors: Iterable[str]) -> None:
        """Sensors that gave a sign of life; told with the next turn, and not worth one of their own."""
        self._alive.update(sensors)

    def put_refused(self, refused: Quarantined) -> None:
        """Input that the rim refused; beyond the bound the first stands for all that follow."""
        self._touch()
        if len(self._refused) < MOST_REFUSED:
            self._refused.append(refused)
        else:
            self._flood, self._flooded = self._flood or refused, self._flooded + 1

    def put_handed(self, items: Sequence[HandedItem]) -> None:
        """Items from the door, already in contiguous order."""
        if items:
            self._touch()
            self._handed.extend(items)

    def put_act(self, act: OfficerAct | OutletReceipt | HeardIn) -> None:
        """An officer's act, an outlet's receipt or another authority's message."""
        self._touch()
        self._acts.append(act)

    def put_forgot(self, forgot: Forgot) -> None:
        """The record is an old copy; only the newest word counts."""
        self._touch()
        self._forgot = forgot

    def put_links(self, report: LinkReport) -> None:
        """Only the newest report counts; it alone does not make a turn necessary."""
        self._links = report

    def put_alarms(self, source: str, alarms: tuple[Alarm, ...]) -> None:
        """Everything that `source` finds wrong now; only its newest word counts."""
        self._touch()
        self._alarms[source] = alarms

    @property
    def waiting(self) -> bool:
        """True when a turn has something to do."""
        return self._first_wall_ns is not None

    def take(self) -> tuple[list[HallStimulus], Instant]:
        """Everything that waits, as stimuli in a fixed order of kinds, and when the first of it came."""
        arrived = self._first_wall_ns or Instant(self._wall())
        stimuli: list[HallStimulus] = [] if self._forgot is None else [self._forgot]
        if self._handed:
            stimuli.append(HandedIn(tuple(self._handed)))
        if self._links is not None:
            stimuli.append(LinksIn(self._links.links, self._links.copies, self._links.alarms))
        stimuli += [AlarmsIn(source, alarms) for source, alarms in sorted(self._alarms.items())]
        stimuli += [RefusedIn(one) for one in (*self._refused, *self._counted())]
        if self._alive:
            stimuli.append(AliveIn(tuple(sorted(self._alive))))
            self._alive.clear()
        if self._plots:
            stimuli.append(PlotsIn(tuple(self._plots)))
        stimuli += [Acted(one) if isinstance(one, OfficerAct) else one for one in self._acts]
        for queue in (self._plots, self._refused, self._handed, self._acts):
            queue.clear()
        self._alarms.clear()
        self._links, self._first_wall_ns, self._forgot = None, None, None
        self._flood, self._flooded = None, 0
        return stimuli, arrived

    def _counted(self) -> Iterator[Quarantined]:
        if self._flood is not None:
            first = self._flood
            detail = f"{self._flooded} more refused in one turn, the first of them: {first.detail}"
            yield Quarantined("refused-flood", first.source, detail, first.at_wall_ns)

    def _touch(self) -> None:
        if self._first_wall_ns is None:
            self._first_wall_ns = Instant(self._wall())

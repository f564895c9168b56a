"""Launches of the public record in a simulated world: when one flies, and who is alone meanwhile."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tocsin.model.label import Nation
from tocsin.model.time import SECOND_NS
from tocsin.model.track import Plot
from tocsin.sim.virtual import watch
from tocsin.sim.virtual.faults import Undo
from tocsin.sim.virtual.net import Network
from tocsin.sim.virtual.observer import Observer
from tocsin.sim.virtual.plan import Plan
from tocsin.sim.virtual.time import START, Timeline

LATE_S = 12.0
"""How much later than a lone hall a cut-off one may draft: it may have been started again in between."""

MARGIN_NS = 60 * SECOND_NS
"""Before the first launch, and from the end of the last to the end of the run."""


class Launches:
    """Plans and flies them. `lasts(length, end)` has what one of them does to the world ended; `sense`: each
    hall's own."""

    def __init__(
        self,
        plan: Plan,
        time: Timeline,
        dice: random.Random,
        network: Network,
        observer: Observer,
        lasts: Callable[[int, Undo], None],
        sense: Mapping[Nation, Callable[[Sequence[Plot]], None]],
    ) -> None:
        self._plan, self._time, self._dice = plan, time, dice
        self._network, self._observer = network, observer
        self._lasts, self._sense = lasts, sense
        self._flown = 0

    def planned(self, end: int) -> None:
        """All that are over before the end of the run."""
        if not self._plan.launches_per_day:
            return
        at: float = START + MARGIN_NS
        planned, dice = 0, self._dice
        while True:
            at += dice.expovariate(self._plan.launches_per_day / 86_400.0) * SECOND_NS
            name, number = dice.choice([one for one in watch.launches() if one[0] in self._plan.only])
            variant = dice.randrange(2)
            if at + MARGIN_NS > end or planned == self._plan.most_launches:
                return  # before it is computed: that takes half a second of a processor
            one = watch.launch(name, number, variant)
            if at + one.length_ns + MARGIN_NS > end:
                return
            planned += 1
            self._time.at(int(at), partial(self._launch, name, number, one))

    def _launch(self, name: str, number: int, one: watch.Launch) -> None:
        self._flown += 1
        if self._plan.faults and self._dice.random() < self._plan.isolate:
            self._isolate(name, number, one)
        shift = self._time.now - one.start_ns
        groups: dict[tuple[int, Nation], list[watch.Seen]] = {}
        for row in one.seen:
            groups.setdefault((row.offset_ns, row.nation), []).append(row)
        for (offset, nation), rows in groups.items():
            plots = [watch.moved(row.plot, shift, self._flown) for row in rows]
            self._time.after(offset, partial(self._sense[nation], plots))
        self._observer.counts["launches"] += 1

    def _isolate(self, name: str, number: int, one: watch.Launch) -> None:
        """A nation that sees this launch is alone during it: its own warning must come all the same."""
        drafts = {n: watch.first_draft_s(name, number, one.variant, n) for n in Nation}
        nation = self._dice.choice([n for n in Nation if drafts[n] is not None] or list(Nation))
        hops = {hop for other in Nation if other is not nation for hop in ((nation, other), (other, nation))}
        cut = self._network.faults.cut
        cut |= hops
        since = self._time.now

        def end() -> None:
            cut.difference_update(hops)
            self._network.wake()
            expected_s = drafts[nation]
            if expected_s is not None:
                latest = since + round((expected_s + LATE_S) * SECOND_NS)
                self._observer.expect_draft(nation, since, latest)

        self._lasts(one.length_ns, end)

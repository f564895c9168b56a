"""Three halls in one process over a scenario's plots: the production folds, ideal sharing, scripted officers.

For looking at what the desks say and when, far faster than three nodes run it. What a hall offers reaches the
partners that its label names in the next step, as if the doors took no time and every policy let it through.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tocsin.demo.officers import Desk
from tocsin.earth.places import areas_sha256
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Import, traffic_of
from tocsin.model.time import Instant, after
from tocsin.model.track import Plot
from tocsin.model.warning import DeskRules, NoAct, Officer, Thresholds
from tocsin.node.desk_config import OfficerEntry
from tocsin.node.hall_words import (
    Acted,
    Configured,
    HallEffect,
    HallState,
    HallStimulus,
    HandedIn,
    Offered,
    PlotsIn,
    RulesIn,
)
from tocsin.node.pipeline import hall_step
from tocsin.sim.scenario import Scenario
from tocsin.sim.sensors import plots
from tocsin.warn.regions import REGIONS

STEP_S = 0.5
"""Half of the second within which a draft must stand."""


class Told(NamedTuple):
    """What one step of one hall gave."""

    nation: Nation
    now_ns: Instant
    state: HallState
    effects: tuple[HallEffect, ...]


def rules_for(nation: Nation, officers: tuple[OfficerEntry, ...], no_act: NoAct) -> DeskRules:
    """A desk of these officers with the nation's customary regions."""
    people = tuple(Officer(row.name, row.credential) for row in officers)
    return DeskRules(people, no_act, tuple(REGIONS[nation][name] for name in sorted(REGIONS[nation])))


def play(scenario: Scenario, seed: int, *, officers: int = 2, no_act: NoAct | None = None) -> Iterator[Told]:
    """Every step of every hall, in time and nation order. `officers`: how many act (0, 1 or 2); the desk
    has two.
    """
    patience = no_act or NoAct()
    halls = [_Hall(scenario, nation, officers, patience) for nation in Nation]
    arriving = _by_step(scenario, seed)
    steps = int(scenario.duration_s / STEP_S)
    for step in range(1, steps + 1):
        now = after(scenario.start_ns, step * STEP_S)
        told = [hall.step(arriving[hall.nation, step], now) for hall in halls]
        for one in told:
            for effect in one.effects:
                if isinstance(effect, Offered):
                    for hall in halls:
                        hall.take(effect, one.nation)
        yield from told


class _Hall:
    def __init__(self, scenario: Scenario, nation: Nation, officers: int, no_act: NoAct) -> None:
        names = (f"{nation}-first".lower(), f"{nation}-second".lower())
        delays = (scenario.officers.propose_delay_s, scenario.officers.approve_delay_s)
        first, second = (
            OfficerEntry(name, f"{name}-scripted", delay) for name, delay in zip(names, delays, strict=True)
        )
        self.nation, self._officers = nation, officers
        self._desk = Desk(first, second)
        self._people = {first.name: 1, second.name: 2}
        self._state: HallState | None = None
        self._handed: list[HandedItem] = []
        self._numbered = 0
        self._sequences: defaultdict[tuple[Nation, str], int] = defaultdict(int)
        sensors = scenario.sensors_of(nation, Plane.EXERCISE)
        self._first: list[HallStimulus] = [
            Configured(nation, Plane.EXERCISE, scenario.name, sensors, Thresholds(), areas_sha256()),
            RulesIn(rules_for(nation, (first, second), no_act)),
        ]

    def step(self, some: list[Plot], now: Instant) -> Told:
        stimuli, self._first = self._first, []
        if self._handed:
            stimuli.append(HandedIn(tuple(self._handed)))
            self._handed = []
        if some:
            stimuli.append(PlotsIn(tuple(some)))
        stimuli += [Acted(act) for act in self._desk.acts(now) if self._people[act.officer] <= self._officers]
        self._state, effects = hall_step(self._state, stimuli, now)
        self._desk.see(self._state.warn.drafts.values(), now)
        return Told(self.nation, now, self._state, effects)

    def take(self, offered: Offered, origin: Nation) -> None:
        product = offered.offer.product
        if origin is self.nation or not product.label.readable_by(self.nation):
            return
        traffic = traffic_of(product)
        self._sequences[origin, traffic] += 1
        self._numbered += 1
        made = offered.offer.made_ns
        item = Import(origin, traffic, self._sequences[origin, traffic], product, made, made)
        self._handed.append(HandedItem(self._numbered, item))


def _by_step(scenario: Scenario, seed: int) -> Mapping[tuple[Nation, int], list[Plot]]:
    """Plots by nation and the step in which they arrive."""
    found: defaultdict[tuple[Nation, int], list[Plot]] = defaultdict(list)
    for row in plots(scenario, seed):
        step = int((row.deliver_ns - scenario.start_ns) / (STEP_S * 1e9)) + 1
        found[row.nation, step].append(row.plot)
    return found

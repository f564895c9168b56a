"""What there is to share in a watch: launches of the public record as sensors see them, scripted products.

A launch goes through everything: plots, tracks, assessments, drafts, offers. Scripted products are the cheap
part of the load: they enter the hall's fold as names in a recorded stimulus and leave it as offers, with
labels and caveats of all kinds, of a time so long past that nobody fuses them.
"""

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate, SharedPrediction
from tocsin.model.label import Caveat, Label, Nation
from tocsin.model.product import Offer, Product
from tocsin.model.sensor import Sensor
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant, to_datetime
from tocsin.model.track import Life, ObjectClass, Phase, Plot, Tracklet
from tocsin.model.warning import Thresholds
from tocsin.node import pipeline
from tocsin.node.hall_words import (
    AliveIn,
    Configured,
    HallEffect,
    HallState,
    HallStimulus,
    Offered,
    PlotsIn,
    Told,
)
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots
from tocsin.sim.truth import fly_all
from tocsin.sim.virtual.keys import PLANE

MADE = "made:"
"""Names of scripted products among the signs of life."""

LONG_PAST = Instant(1_600_000_000 * SECOND_NS)
"""Over three years before time.START: node.partners.NEAR_NS keeps it out of every fusion."""

SENSORS = "2022-10-04"
FLIGHTS = ("2022-10-04", "near", "salvo")
"""Scenario files whose sensors and flights are used."""

_SOUND_STEP = pipeline.hall_step
"""As it is before any bug is planted: what a lone hall is expected to do."""

NUMBERS = 1_000_000
"""Plot numbers set aside for one launch."""


# ---- scripted products


def made(nation: Nation, number: int, label: Label, dice: random.Random) -> Product:
    """A product as nobody's sensor saw it, sound and unmistakable: its track is `S-NATION-n`."""
    track = f"S-{nation}-{number % 7}"
    kind = dice.random()
    if kind < 0.1:
        place = LaunchPointEstimate(40.4, 127.03, Ellipse95(4_000.0, 2_000.0, 0.3), LONG_PAST, 1.5)
        return LaunchEvent(nation, track, number, LONG_PAST, place, label)
    if kind < 0.2:
        fall = ImpactPointPrediction(40.13, 153.2, Ellipse95(9_000.0, 3_000.0, 0.9), LONG_PAST, 4.0)
        return SharedPrediction(nation, track, number, LONG_PAST, fall, 970_123.0, label)
    x = (-3_100_000.0 + number, 4_200_000.5, 3_900_000.25, 1_200.0, -2_000.0, 2_500.0, 9.0)
    p = tuple(float(100 + n) if n in (0, 7, 13, 18, 22, 25, 27) else 0.5 for n in range(28))
    return Tracklet(
        origin=nation,
        track_id=track,
        sequence=number,
        life=Life.CONFIRMED,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=EcefState(LONG_PAST, x, p),
        first_ns=LONG_PAST,
        last_ns=LONG_PAST,
        label=label,
        identity=f"canary {number}",
    )


def any_label(nation: Nation, dice: random.Random) -> Label:
    """Mostly for both partners; sometimes for one or nobody, sometimes with a caveat."""
    partners = [one for one in Nation if one is not nation]
    draw = dice.random()
    to = partners if draw < 0.6 else [dice.choice(partners)] if draw < 0.85 else []
    caveats = [one for one, odds in ((Caveat.COARSEN, 0.15), (Caveat.NO_ONWARD, 0.1), (Caveat.DELAY, 0.1))
               if dice.random() < odds]  # fmt: skip
    return Label(PLANE, frozenset((nation,)), frozenset(to), frozenset(caveats))


class Script:
    """One nation's scripted products, by the names under which they enter the record."""

    def __init__(self, nation: Nation, dice: random.Random) -> None:
        self.nation, self._dice = nation, dice
        self.products: dict[str, Product] = {}

    def burst(self, count: int) -> list[str]:
        """Names of `count` new products."""
        names = []
        for _ in range(count):
            number = len(self.products) + 1
            name = f"{MADE}{number:09d}"
            self.products[name] = made(self.nation, number, any_label(self.nation, self._dice), self._dice)
            names.append(name)
        return names

    def fold(
        self, state: HallState | None, stimuli: Sequence[HallStimulus], now: Instant
    ) -> tuple[HallState, tuple[HallEffect, ...]]:
        """`hall_step`, and the scripted products of this step offered after its own."""
        names = [
            name
            for one in stimuli
            if isinstance(one, AliveIn)
            for name in one.sensors
            if name.startswith(MADE)
        ]
        plain = [one for one in stimuli if not (isinstance(one, AliveIn) and names)]
        after, effects = pipeline.hall_step(state, plain, now)
        if not names:
            return after, effects
        offers = [
            Offered(Offer(after.counts.offered + n, self.products[name], now))
            for n, name in enumerate(names, start=1)
        ]
        counts = replace(after.counts, offered=after.counts.offered + len(offers))
        return replace(after, counts=counts), (*effects, *offers)


# ---- launches


class Seen(NamedTuple):
    """A plot of one launch: nanoseconds from the start of the launch's scenario to its delivery."""

    offset_ns: int
    nation: Nation
    plot: Plot


class Launch(NamedTuple):
    """One launch of the record as the sensors of SENSORS see it; times from its scenario's start."""

    variant: int
    start_ns: Instant
    length_ns: int
    seen: tuple[Seen, ...]


@lru_cache(maxsize=1)
def launches() -> tuple[tuple[str, int], ...]:
    """(scenario file, flight) of every launch that can be flown."""
    return tuple((name, n) for name in FLIGHTS for n in range(len(load(name).flights)))


@lru_cache(maxsize=32)
def launch(name: str, number: int, variant: int) -> Launch:
    """One launch under one draw of the sensors' errors."""
    flight = load(name).flights[number]
    start = Instant(flight.launch_ns - 30 * SECOND_NS)
    (flown,) = fly_all((flight,))
    length_s = flown.flight_time_s + 120.0
    base = load(SENSORS)
    seen = plots(_alone(base, name, number, start, length_s), variant)
    rows = tuple(Seen(row.deliver_ns - start, row.nation, row.plot) for row in seen)
    return Launch(variant, start, round(length_s * SECOND_NS), rows)


def _alone(base: Scenario, name: str, number: int, start: Instant, length_s: float) -> Scenario:
    flight = load(name).flights[number]
    return replace(base, flights=(flight,), start_utc=to_datetime(start), duration_s=length_s)


def moved(plot: Plot, by_ns: int, serial: int) -> Plot:
    """The same report at another time, under a number of its own."""
    return replace(plot, number=plot.number + serial * NUMBERS, time_ns=Instant(plot.time_ns + by_ns))


# ---- halls


def configured(nation: Nation, dice: random.Random) -> Configured:
    """A hall's first stimulus: this nation's sensors, each with a label of its own."""
    sensors = tuple(_labelled(one, dice) for one in load(SENSORS).sensors_of(nation, PLANE))
    return Configured(nation, PLANE, "simulation", sensors, Thresholds(), "simulation")


def _labelled(sensor: Sensor, dice: random.Random) -> Sensor:
    partners = frozenset(one for one in Nation if one is not sensor.nation)
    caveats = frozenset((Caveat.COARSEN,)) if dice.random() < 0.2 else frozenset[Caveat]()
    to = partners if dice.random() < 0.8 else frozenset((dice.choice(sorted(partners)),))
    return replace(sensor, label=Label(PLANE, frozenset((sensor.nation,)), to, caveats))


@lru_cache(maxsize=64)
def first_draft_s(name: str, number: int, variant: int, nation: Nation) -> float | None:
    """Seconds from the scenario's start until a hall that hears nobody drafts a warning; null: never."""
    one = launch(name, number, variant)
    config = configured(nation, random.Random(0))
    state: HallState | None = None
    waiting = [row for row in one.seen if row.nation is nation]
    stimuli: list[HallStimulus] = [config]
    for second in range(one.length_ns // SECOND_NS + 1):
        due = [row.plot for row in waiting if row.offset_ns <= second * SECOND_NS]
        waiting = waiting[len(due) :]
        if due:
            stimuli.append(PlotsIn(tuple(due)))
        state, effects = _SOUND_STEP(state, stimuli, Instant(one.start_ns + second * SECOND_NS))
        stimuli = []
        if any(is_draft(effect) for effect in effects):
            return float(second)
    return None


def is_draft(effect: HallEffect) -> bool:
    """A warning came to be drafted."""
    return isinstance(effect, Told) and effect.event == "drafted"

"""Hostile skies: plots and partners' products that decoders and doors let through, for a hall's fold.

All are well formed and within the wire's bounds; what they say of the sky is impossible, contradictory, of
another time, or of a sensor that has gone mad. A hall that ends of them tells nobody anything.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from msgspec.structs import replace

from tocsin.demo.halls import play
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Import, Product, traffic_of
from tocsin.model.sensor import Sensor, SensorKind
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import (
    Life,
    LineOfSight,
    Phase,
    Plot,
    RadarFix,
    RadarLook,
    ReportedPosition,
    SharedPlot,
    SightLook,
    Tracklet,
)
from tocsin.node.hall_words import HallState, HallStimulus, HandedIn, Offered, PlotsIn
from tocsin.node.pipeline import hall_step
from tocsin.share.bounds import soundness
from tocsin.sim.scenario_file import load

Dice = random.Random
ME = Nation.JPN
SCENARIO = "2022-10-04"
MOMENTS_S = (75, 90, 105, 130, 170, 230)
"""Since the scenario's start: one young track under power or perhaps not, its first coast, people warned."""
STEP_NS = SECOND_NS // 2
REMEMBERED = 60
"""Products of the partners, some seconds of them."""


class Sky(NamedTuple):
    """A hall in the middle of a flight, and what its partners told it last."""

    state: HallState
    now: Instant
    products: tuple[Product, ...]
    sensors: tuple[Sensor, ...]


@cache
def skies() -> tuple[Sky, ...]:
    """Japan's hall at each of the moments."""
    scenario = load(SCENARIO)
    sensors = scenario.sensors_of(ME, Plane.EXERCISE)
    wanted = {scenario.start_ns + moment * SECOND_NS for moment in MOMENTS_S}
    found: list[Sky] = []
    offered: list[Product] = []
    for told in play(scenario, 1):
        if told.nation is not ME:
            new = (one.offer.product for one in told.effects if isinstance(one, Offered))
            offered = [*offered, *new][-REMEMBERED:]
        elif told.now_ns in wanted:
            found.append(Sky(told.state, told.now_ns, tuple(offered), sensors))
            if len(found) == len(MOMENTS_S):
                return tuple(found)
    raise AssertionError("the scenario is shorter than its moments")


class Case(NamedTuple):
    """What comes into which sky."""

    sky: int
    stimulus: HallStimulus


def take(case: Case) -> None:
    """The hostile step, the same again, and two quiet ones: what was taken in must not harm what follows."""
    sky = skies()[case.sky]
    state = sky.state
    for n, stimuli in enumerate(([case.stimulus], [case.stimulus], [], [])):
        state, _ = hall_step(state, stimuli, Instant(sky.now + (n + 1) * STEP_NS))


# ---- sensors gone mad


def plots(dice: Dice) -> Case:
    """Up to thirty plots of registered sensors."""
    n = dice.randrange(len(MOMENTS_S))
    sky = skies()[n]
    some = tuple(_plot(dice, dice.choice(sky.sensors), sky.now) for _ in range(dice.choice((1, 3, 8, 30))))
    return Case(n, PlotsIn(some))


def _plot(dice: Dice, sensor: Sensor, now: Instant) -> Plot:
    since_s = dice.choice((0, 0, 0, -1, -4, -100, -3599, 4, 30, 10**9))
    number = dice.choice((1, 7, dice.randrange(2**53)))
    return Plot(sensor.id, number, Instant(now + since_s * SECOND_NS), _measured(dice, sensor.kind))


def _measured(dice: Dice, kind: SensorKind) -> RadarFix | LineOfSight | ReportedPosition:
    if kind is SensorKind.RADAR:
        return _fix(dice)
    return _sight(dice) if kind is SensorKind.INFRARED else _reported(dice)


def _fix(dice: Dice) -> RadarFix:
    return RadarFix(
        range_m=dice.choice((1e-9, 1e-300, 1.0, 5e5, 1e8, dice.uniform(1.0, 3e6))),
        az_rad=dice.choice((0.0, math.tau, dice.uniform(0.0, math.tau))),
        el_rad=dice.choice((None, -math.pi / 2, math.pi / 2, 0.0, dice.uniform(-0.1, 1.5))),
        range_rate_mps=dice.choice((None, None, 2e4, -2e4, 0.0, dice.uniform(-7e3, 7e3))),
        alt_m=dice.choice((None, None, -1e3, 1e8, 1e5)),
    )


def _sight(dice: Dice) -> LineOfSight:
    place = dice.choice(((0.0, 0.0, 0.0), (1e9, 1e9, 1e9), (7e6, 0.0, 0.0), (-4.2e7, 1e3, 1e3)))
    return LineOfSight(place, _unit(dice))


def _unit(dice: Dice) -> tuple[float, float, float]:
    x, y, z = (dice.gauss(0.0, 1.0) for _ in range(3))
    length = math.sqrt(x * x + y * y + z * z)
    return dice.choice(((x / length, y / length, z / length), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0)))


def _reported(dice: Dice) -> ReportedPosition:
    return ReportedPosition(
        lat_deg=dice.choice((-90.0, 90.0, 0.0, dice.uniform(-90.0, 90.0))),
        lon_deg=dice.choice((-180.0, 180.0, dice.uniform(-180.0, 180.0))),
        alt_m=dice.choice((None, -1e3, 1e8, 1e4)),
        ve_mps=dice.choice((None, 2e4, -2e4, 200.0)),
        vn_mps=dice.choice((None, 2e4, -2e4, 0.0)),
    )


# ---- a partner that means ill, under a true key


def products(dice: Dice) -> Case:
    """Up to thirty of what partners told, some of it bent as far as the wire's bounds let it pass."""
    n = dice.randrange(len(MOMENTS_S))
    sky = skies()[n]
    told = [product for product in sky.products if product.label.readable_by(ME)]
    some = [dice.choice(told) for _ in range(dice.choice((1, 3, 8, 30)))] if told else []
    bent = [_bent(dice, one, sky.now) if dice.random() < 0.7 else one for one in some]
    sound = [one if good else other for one, other, good in zip(bent, some, soundness(bent), strict=True)]
    return Case(n, HandedIn(tuple(_handed(sky, sound))))


def _handed(sky: Sky, some: list[Product]) -> Iterator[HandedItem]:
    for n, product in enumerate(some, start=1):
        item = Import(product.origin, traffic_of(product), 10**6 + n, product, sky.now, sky.now)
        yield HandedItem(10**6 + n, item)


def _bent(dice: Dice, product: Product, now: Instant) -> Product:
    if isinstance(product, SharedPlot):
        return _bent_plot(dice, product, now)
    if isinstance(product, Tracklet):
        return _bent_tracklet(dice, product)
    return replace(product, sequence=dice.choice((0, 1, product.sequence, 2**53)))


def _bent_plot(dice: Dice, plot: SharedPlot, now: Instant) -> SharedPlot:
    look = plot.look
    if isinstance(look, RadarLook) and dice.random() < 0.7:
        look = _some(dice, look, _RADAR)
    else:
        place = dice.choice(((7e6, 0.0, 0.0), (4.2e7, 0.0, 1.0), (-3e6, 4e6, 6e6)))
        look = SightLook(place, _unit(dice), dice.choice((1e-9, 7.0, 1e-4)))
    time_ns = dice.choice((plot.time_ns, now, now + 119 * SECOND_NS, now - 119 * SECOND_NS, now - 10**15))
    sequence = dice.choice((plot.sequence, dice.randrange(1, 10**6), 2**53))
    return replace(plot, look=look, time_ns=Instant(time_ns), sequence=sequence)


def _bent_tracklet(dice: Dice, one: Tracklet) -> Tracklet:
    factors = (1.0, 1.0, 1.0, 1.001, 0.999, -1.0, 1.1)
    x = tuple(part * dice.choice(factors) for part in one.state.x)
    p = tuple(part * dice.choice((1.0,) * 20 + (1e-6, 1e4)) for part in one.state.p)
    epoch = one.state.epoch_ns + dice.choice((0, 0, -100, 100, 3600)) * SECOND_NS
    return replace(
        one,
        state=replace(one.state, x=x, p=p, epoch_ns=Instant(epoch)),
        phase=dice.choice(list(Phase)),
        life=dice.choice(list(Life)),
        first_ns=Instant(one.first_ns + dice.choice((0, -60, 60)) * SECOND_NS),
        last_ns=Instant(one.last_ns + dice.choice((0, -60, 5)) * SECOND_NS),
    )


_RADAR: dict[str, tuple[float, ...]] = {
    "lat_deg": (90.0, -90.0),
    "lon_deg": (-360.0, 180.0),
    "alt_m": (-2e4, 1e5),
    "range_m": (1.0, 2e8, 1e6),
    "az_rad": (-math.pi, math.pi, 0.0),
    "el_rad": (math.pi / 2, -math.pi / 2, 0.0),
    "range_sigma_m": (1e-3, 1e7),
    "az_sigma_rad": (1e-9, 7.0),
    "el_sigma_rad": (1e-9, 7.0),
}
"""The ends of what the wire lets pass (share.bounds)."""


def _some(dice: Dice, look: Any, ends: dict[str, tuple[float, ...]]) -> Any:
    return replace(
        look, **{name: dice.choice(values) for name, values in ends.items() if dice.random() < 0.4}
    )


RIMS: tuple[tuple[str, float, Callable[[Dice], Case]], ...] = (
    ("hall-plots", 0.003, plots),
    ("hall-products", 0.003, products),
)
"""Name, share of all cases, what comes."""

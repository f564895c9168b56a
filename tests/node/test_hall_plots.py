"""Whatever plots a sensor sends, the hall goes on and warns: wrong clocks, absurd places, echoes."""

import math
from random import Random

import pytest
from hall_world import configured, seconds_of

from tocsin.model.label import Nation
from tocsin.model.sensor import Sensor, SensorKind
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import LineOfSight, Measurement, ObjectClass, Plot, RadarFix, ReportedPosition
from tocsin.node.arrivals import AHEAD_NS, BEHIND_NS
from tocsin.node.hall_words import HallState, PlotsIn
from tocsin.node.pipeline import hall_step

JPN = Nation.JPN
SENSORS = configured(JPN).sensors
SECONDS = 300  # Japan alone sees the object from about 230 s on
YEAR_NS = 365 * 86_400 * SECOND_NS
OFFSETS_NS = (0, 0, -SECOND_NS, -100 * SECOND_NS, -BEHIND_NS, AHEAD_NS, YEAR_NS, -YEAR_NS)


def radar(dice: Random) -> RadarFix:
    return RadarFix(
        range_m=dice.choice((1e-300, 1.0, 5e5, 1e8, dice.uniform(1.0, 3e6))),
        az_rad=dice.choice((0.0, math.pi, math.tau, dice.uniform(0.0, math.tau))),
        el_rad=dice.choice((None, -math.pi / 2, 0.0, math.pi / 2, dice.uniform(-0.1, 1.5))),
        range_rate_mps=dice.choice((None, 2e4, -2e4, dice.uniform(-7e3, 7e3))),
        alt_m=dice.choice((None, -1e3, 1e8)),
    )


def los(dice: Random) -> LineOfSight:
    place = dice.choice(((0.0, 0.0, 0.0), (1e9, 1e9, 1e9), (7e6, 0.0, 0.0), (-4.2e7, 1e3, 1e3)))
    way = [dice.gauss(0.0, 1.0) for _ in range(3)]
    size = math.hypot(*way)
    return LineOfSight(place, (way[0] / size, way[1] / size, way[2] / size))


def reported(dice: Random) -> ReportedPosition:
    lat, lon = dice.choice((-90.0, 0.0, 90.0)), dice.choice((-180.0, 0.0, 180.0))
    speed = dice.choice((None, 2e4, -2e4, 200.0))
    return ReportedPosition(lat, lon, dice.choice((None, -1e3, 1e8, 1e4)), speed, speed)


def measured(sensor: Sensor, dice: Random) -> Measurement:
    """At and inside the bounds of what the decoders take (sense.jsonl)."""
    if sensor.kind is SensorKind.RADAR:
        return radar(dice)
    return los(dice) if sensor.kind is SensorKind.INFRARED else reported(dice)


def absurd(count: int, now: Instant, dice: Random) -> list[Plot]:
    numbers = [10**6 + dice.randrange(500) for _ in range(count)]
    chosen = [dice.choice(SENSORS) for _ in range(count)]
    times = [Instant(max(0, now + dice.choice(OFFSETS_NS))) for _ in range(count)]
    return [
        Plot(sensor.id, number, at, measured(sensor, dice))
        for sensor, number, at in zip(chosen, numbers, times, strict=True)
    ]


@pytest.mark.parametrize("seed", range(10))
def test_no_plot_that_a_decoder_takes_ends_the_fold(seed: int) -> None:
    dice = Random(seed)
    state: HallState | None = None
    first = dice.randrange(150, 270)
    for now, plots in seconds_of(JPN, SECONDS)[first : first + 30]:
        mixed = [*plots, *absurd(dice.choice((0, 1, 3, 8)), now, dice)]
        dice.shuffle(mixed)
        start = [configured(JPN)] if state is None else []
        state, _ = hall_step(state, [*start, PlotsIn(tuple(mixed))], now)


@pytest.mark.parametrize("off_ns", [YEAR_NS, -YEAR_NS, 2**62])
def test_a_sensor_with_a_wrong_clock_is_refused_and_the_flight_is_tracked_all_the_same(off_ns: int) -> None:
    """A plot from next year made all others relics: the hall stood still and then saw nothing any more."""
    state: HallState | None = None
    for second, (now, plots) in enumerate(seconds_of(JPN, SECONDS)):
        wrong = Plot(SENSORS[0].id, 10**6 + second, Instant(now + off_ns), radar(Random(second)))
        start = [configured(JPN)] if state is None else []
        state, _ = hall_step(state, [*start, PlotsIn((wrong, *plots))], now)
    assert state is not None
    assert any(track.kind is ObjectClass.BALLISTIC for track in state.fused)
    assert state.counts.quarantined == {"sensor-clock": SECONDS}


def test_what_is_a_little_ahead_or_late_is_taken() -> None:
    now, _ = seconds_of(JPN, 1)[0]
    plots = tuple(
        Plot(SENSORS[0].id, n, Instant(now + off_ns), radar(Random(n)))
        for n, off_ns in enumerate((AHEAD_NS, 0, -BEHIND_NS))
    )
    state, _ = hall_step(None, [configured(JPN), PlotsIn(plots)], now)
    assert state.counts.quarantined == {}
    assert state.counts.plots == len(plots)

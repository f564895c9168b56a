"""Flights under power, through burnout and again: what the tracker says second by second, beside the truth.

The flight of `2022-10-04` and its sensors, all in one tracker. The motor ends at once or dies away, and may
burn again: notional all, as the boost itself.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.assess.impact import predict
from tocsin.earth import flight as ballistic
from tocsin.measure.accuracy import standardised
from tocsin.measure.judge import impact_error, nearest
from tocsin.measure.trial import draw_truths
from tocsin.model.label import Nation, Plane
from tocsin.model.sensor import SensorKind
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import Phase, Track
from tocsin.sim.departures import Nodes
from tocsin.sim.scenario import Coverage, Scenario, SensorSpec
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import Delivery, plots
from tocsin.sim.truth import FlownFlight, along
from tocsin.track import tracker
from tocsin.track.rows import from_triangle

Array = NDArray[np.float64]

FLIGHT: Final = "2022-10-04"
FROM_S: Final = -60  # of what is kept: so long before the burnout
STEP_S: Final = 0.25
BRIGHT_S: Final = 2.0  # an infrared sensor still sees what burnt so lately (the scenario's own figure)
WIDE: Final = Coverage(min_range_km=100.0, max_range_km=1740.0, min_el_deg=2.0)

# Sets of sensors: (scenario, sensor), coverage as it stands there or WIDE.
NEAR: Final = "near"
SEVERAL: Final = "several"
FAR: Final = "far"
SETS: Final = {
    NEAR: ((FLIGHT, "KOR-R1"),),
    SEVERAL: tuple((FLIGHT, name) for name in ("USA-IR-1", "USA-IR-2", "KOR-R1", "KOR-R2", "USA-R1")),
    FAR: (("far", "JPN-R1"),),  # 1,050 to 1,150 km away at the burnout, 5 m, 3 mrad
}


class Motor(NamedTuple):
    """After the burnout: thrust falls to nil over `tail_s`; `gap_s` after that a push along the velocity."""

    tail_s: float = 0.0
    gap_s: float = 0.0
    push_mps2: float = 0.0
    push_s: float = 30.0

    def again_s(self) -> tuple[float, float]:
        """From when to when it burns again, in seconds after burnout; nothing where it does not."""
        begins_s = self.tail_s + self.gap_s
        return (begins_s, begins_s + self.push_s) if self.push_mps2 else (0.0, 0.0)

    def bright(self, age_s: float) -> bool:
        """Is it seen from space?"""
        again = self.again_s()
        return age_s <= self.tail_s + BRIGHT_S or again[0] <= age_s <= again[1] + BRIGHT_S


class Second(NamedTuple):
    """What was said a whole second after burnout (before it: negative). NaN: no track, or no prediction."""

    age_s: float
    coast: float
    position_m: float
    velocity_mps: float
    squared: float  # normalised, of six numbers
    impact_squared: float  # the same of two
    claimed_m: float  # half axis of the 95 % impact ellipse; infinite where there is none


def run(sensors: str, motor: Motor, seed: int, until_s: int) -> Array:
    """Seconds (n, 7) of one run from FROM_S to `until_s` after burnout, see Second."""
    scenario = _scenario(sensors)
    flown = flight(scenario, motor, seed)
    burnout_ns = after(flown.launch_ns, flown.burnout_s)
    coming = [entry for entry in plots(scenario, seed, [flown]) if _seen(entry, motor, burnout_ns, scenario)]
    state = tracker.new_tracker(Nation.KOR, [spec.sensor(Plane.TEST) for spec in scenario.sensors])
    found, done = [], 0
    for second in range(round(seconds_between(flown.launch_ns, burnout_ns)) + until_s + 1):
        now = after(flown.launch_ns, float(second))
        upto = done
        while upto < len(coming) and coming[upto].deliver_ns <= now:
            upto += 1
        state, tracks = tracker.step(state, [entry.plot for entry in coming[done:upto]], now)
        done, age_s = upto, seconds_between(burnout_ns, now)
        if age_s >= FROM_S:
            found.append(_judged(tracks, flown, now, age_s))
    return np.array(found)


def flight(scenario: Scenario, motor: Motor, seed: int) -> FlownFlight:
    """The scenario's, with a ballistic coefficient of this run's own."""
    flown = draw_truths(scenario, seed)[0]
    ends_s = max(motor.tail_s, motor.again_s()[1])
    if not ends_s:
        return flown
    thrust, states = _last_thrust(flown), [flown.burnout7]
    times_s = np.arange(0.0, ends_s + 1e-9, STEP_S)
    for time_s in times_s[:-1]:
        states.append(ballistic.propagate(_kicked(states[-1], motor, time_s, thrust), STEP_S))
    return along(flown, Nodes(times_s, np.array(states)))


def _kicked(state: Array, motor: Motor, time_s: float, thrust: Array) -> Array:
    middle_s, kicked = time_s + 0.5 * STEP_S, state.copy()
    if middle_s < motor.tail_s:
        kicked[3:6] += STEP_S * (1.0 - middle_s / motor.tail_s) * thrust
    elif motor.again_s()[0] <= middle_s < motor.again_s()[1]:
        kicked[3:6] += STEP_S * motor.push_mps2 * state[3:6] / np.linalg.norm(state[3:6])
    return kicked


def _last_thrust(flown: FlownFlight) -> Array:
    before = flown.states(np.array([flown.burnout_s - STEP_S]))[0]
    pushed = (flown.burnout7[3:6] - before[3:6]) / STEP_S
    return np.asarray(pushed - ballistic.derivative(flown.burnout7)[3:])


def _scenario(sensors: str) -> Scenario:
    specs = [_spec(name, sensor, sensors == FAR) for name, sensor in SETS[sensors]]
    return replace(load(FLIGHT), sensors=tuple(specs))


def _spec(scenario: str, sensor: str, wide: bool) -> SensorSpec:
    spec = next(one for one in load(scenario).sensors if one.id == sensor)
    if spec.kind is SensorKind.INFRARED:  # what burns again is seen again: `_seen` says when
        return replace(spec, coverage=replace(spec.coverage, coast=True))
    return replace(spec, coverage=WIDE) if wide else spec


def _seen(entry: Delivery, motor: Motor, burnout_ns: Instant, scenario: Scenario) -> bool:
    kind = next(spec.kind for spec in scenario.sensors if spec.id == entry.plot.sensor)
    return kind is SensorKind.RADAR or motor.bright(seconds_between(burnout_ns, entry.plot.time_ns))


def _judged(tracks: Sequence[Track], flown: FlownFlight, now: Instant, age_s: float) -> Second:
    track = nearest(tracks, flown, now)
    if not isinstance(track, Track):
        return Second(age_s, np.nan, np.nan, np.nan, np.nan, np.nan, np.inf)
    truth = flown.states(np.array([seconds_between(flown.launch_ns, track.state.epoch_ns)]))[0]
    off = np.array(track.state.x[:6]) - truth
    squared = standardised(off, from_triangle(track.state.p)[:6, :6])
    errors = float(np.linalg.norm(off[:3])), float(np.linalg.norm(off[3:])), squared
    coast, foretold = float(track.phase is Phase.COAST), predict(track)
    if foretold is None:
        return Second(age_s, coast, *errors, np.nan, np.inf)
    missed = impact_error(foretold.impact.lat_deg, foretold.impact.lon_deg, flown.impact)
    held = standardised(missed, foretold.covariance_en)
    return Second(age_s, coast, *errors, held, foretold.impact.ellipse95.semi_major_m)

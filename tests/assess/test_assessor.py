"""Impact, areas and arc: against the flight itself, and what is said when nothing may be said."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from tocsin import assess
from tocsin.assess import impact
from tocsin.earth.frames import ground_distance_m
from tocsin.model.event import LaunchEvent, LaunchPointEstimate
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import after
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase
from tocsin.sim import scenario_file
from tocsin.sim.boost import LN_BETA
from tocsin.sim.truth import fly_all

SCENARIO = scenario_file.load("2022-10-04")
FLOWN = fly_all(SCENARIO.flights)[0]
LABEL = Label(Plane.EXERCISE, frozenset((Nation.KOR,)), frozenset(Nation))
SIGMA = np.array([50.0] * 3 + [2.0] * 3 + [0.1])


def track(age_s: float, off: np.ndarray | None = None, phase: Phase = Phase.COAST) -> FusedTrack:
    x = np.append(FLOWN.states(np.array([age_s]))[0], LN_BETA) + (np.zeros(7) if off is None else off)
    p = np.diag(SIGMA**2)
    now = after(FLOWN.launch_ns, age_s)
    state = EcefState(now, tuple(x.tolist()), tuple(p[np.triu_indices(7)].tolist()))
    return FusedTrack(
        id="F-1", members=(Member(Nation.KOR, "KOR-1"),), life=Life.CONFIRMED, phase=phase,
        kind=ObjectClass.BALLISTIC, state=state, first_ns=now, last_ns=now, label=LABEL,
    )  # fmt: skip


def test_impact_is_where_the_flight_ends() -> None:
    found = impact.predict(track(200.0))
    assert found is not None
    ends = np.radians(
        [found.impact.lat_deg, found.impact.lon_deg, FLOWN.impact.lat_deg, FLOWN.impact.lon_deg]
    )
    assert float(ground_distance_m(*ends)) < 0.05 * found.impact.ellipse95.semi_major_m
    assert abs(found.impact.time_ns - FLOWN.impact_ns) / 1e9 < 0.1 * found.impact.time_sigma_s
    assert found.apogee_m == pytest.approx(FLOWN.apogee_m, abs=50.0)


def test_the_ellipse_holds_nineteen_of_twenty() -> None:
    chance = np.random.default_rng(4)
    inside = 0
    for _ in range(200):
        found = impact.predict(track(200.0, SIGMA * chance.standard_normal(7)))
        assert found is not None
        lat, lon = np.radians(found.impact.lat_deg), np.radians(found.impact.lon_deg)
        east = 6.378e6 * np.cos(lat) * (np.radians(FLOWN.impact.lon_deg) - lon)
        north = 6.37e6 * (np.radians(FLOWN.impact.lat_deg) - lat)
        off = np.array([east, north])
        inside += bool(off @ np.linalg.solve(found.covariance_en, off) < 5.991)
    assert 178 <= inside <= 199  # binomial(200, 0.95): all but about 1 in 1,000


@pytest.mark.parametrize("phase", [Phase.BOOST, Phase.UNKNOWN])
def test_nothing_is_predicted_before_burnout(phase: Phase) -> None:
    _, made = assess.step(assess.new_assess(), [track(130.0, phase=phase)], [], [], FLOWN.launch_ns)
    assert [(one.impact, one.apogee_m, one.risks, one.arc) for one in made] == [(None, None, (), ())]


def test_aircraft_are_not_assessed() -> None:
    plane = replace(track(200.0), kind=ObjectClass.AIR)
    assert assess.step(assess.new_assess(), [plane], [], [], FLOWN.launch_ns)[1] == ()
    assert impact.predict(plane) is None


def test_overflown_areas_and_arc() -> None:
    made = assess.step(assess.new_assess(), [track(200.0)], [], [], after(FLOWN.launch_ns, 200.0))[1][0]
    risks = {risk.area: risk for risk in made.risks}
    assert {"JP-01", "JP-02"} <= set(risks)
    aomori = risks["JP-02"]
    assert aomori.overflight_probability > 0.9
    assert aomori.impact_probability == 0.0
    assert aomori.enter_ns is not None
    assert (aomori.enter_ns - FLOWN.launch_ns) / 1e9 == pytest.approx(373.0, abs=15.0)
    assert 10 < len(made.arc) <= 60
    assert made.arc[-1].alt_m == pytest.approx(0.0, abs=50.0)


def test_entry_time_of_an_area_entered_already_stays() -> None:
    state = assess.new_assess()
    entries = []
    for age_s in (300.0, 360.0, 385.0, 395.0):
        state, made = assess.step(state, [track(age_s)], [], [], after(FLOWN.launch_ns, age_s))
        entries += [risk.enter_ns for risk in made[0].risks if risk.area == "JP-02" and risk.enter_ns]
    assert len(entries) == 4
    assert max(entries) - min(entries) < 2_000_000_000


def test_unchanged_track_costs_nothing_and_changes_nothing() -> None:
    state, made = assess.step(assess.new_assess(), [track(200.0)], [], [], after(FLOWN.launch_ns, 200.0))
    later, again = assess.step(state, [track(200.0)], [], [], after(FLOWN.launch_ns, 230.0))
    assert again == made
    assert later == state


def test_partners_launch_event_counts_for_its_track_only() -> None:
    launch = LaunchPointEstimate(40.5, 126.5, Ellipse95(5e3, 3e3, 0.0), FLOWN.launch_ns, 5.0)
    event = LaunchEvent(Nation.KOR, "KOR-1", 1, FLOWN.launch_ns, launch, LABEL)
    other = LaunchEvent(Nation.USA, "USA-7", 1, FLOWN.launch_ns, replace(launch, lat_deg=39.0), LABEL)
    boost = track(100.0, phase=Phase.BOOST)
    made = assess.step(assess.new_assess(), [boost], [], [other, event], FLOWN.launch_ns)[1][0]
    assert made.launch is not None
    assert made.launch.lat_deg == pytest.approx(40.5, abs=1e-6)
    assert msgspec.json.encode(made)


@pytest.mark.parametrize(
    ("below_m", "told"), [(40.0, True), (400.0, True), (50_000.0, False), (370_000.0, False)]
)
def test_a_state_below_the_ground_has_come_down_and_ends_no_assessment(below_m: float, told: bool) -> None:
    last = track(FLOWN.flight_time_s)
    x = np.array(last.state.x)
    x[:3] *= 1.0 - below_m / np.linalg.norm(x[:3])
    below = replace(last, state=replace(last.state, x=tuple(x.tolist())))
    _, made = assess.step(assess.new_assess(), [below], [], [], last.last_ns)
    assert (made[0].impact is not None) is told

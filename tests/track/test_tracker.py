"""The tracker as a fold: same plots, same tracks, in whatever order and however often they come; nothing
old is changed.
"""

import msgspec
import numpy as np
import pytest
import runs
import world
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model.label import Nation, Plane
from tocsin.model.time import after
from tocsin.model.track import Life, ObjectClass, Phase, Plot, RadarFix, Track
from tocsin.track import tracker

SECONDS = 190
WORLD = world.scenario([world.flight(apogee=100.0, reach=600.0, boost=60.0, after_s=20.0)], float(SECONDS))
PLOTS = runs.plots_by_second(WORLD, 7, Nation.KOR)


def new() -> tracker.TrackerState:
    return tracker.new_tracker(Nation.KOR, WORLD.sensors_of(Nation.KOR, Plane.EXERCISE))


def follow(by_second: dict[int, list[Plot]]) -> tuple[tracker.TrackerState, list[tuple[Track, ...]]]:
    state, out = new(), []
    for second in range(SECONDS):
        state, tracks = tracker.step(state, by_second.get(second, []), after(WORLD.start_ns, second + 1.0))
        out.append(tracks)
    return state, out


def encoded(state: tracker.TrackerState) -> bytes:
    return msgspec.json.encode(state, order="deterministic")


@pytest.fixture(scope="module")
def straight() -> tuple[tracker.TrackerState, list[tuple[Track, ...]]]:
    return follow(PLOTS)


def test_one_object_in_clutter_is_one_track(
    straight: tuple[tracker.TrackerState, list[tuple[Track, ...]]],
) -> None:
    tracks = [track for step in straight[1] for track in step]
    assert {track.id for track in tracks} == {"KOR-1"}
    assert tracks[-1].kind is ObjectClass.BALLISTIC
    phases = list(dict.fromkeys(track.phase for track in tracks))
    assert phases == [Phase.UNKNOWN, Phase.BOOST, Phase.COAST]


def test_same_plots_same_bytes(straight: tuple[tracker.TrackerState, list[tuple[Track, ...]]]) -> None:
    assert encoded(follow(PLOTS)[0]) == encoded(straight[0])


@settings(max_examples=4)
@given(st.integers(0, 2**32 - 1))
def test_order_within_a_step_and_repetition_change_nothing(seed: int) -> None:
    chance = np.random.default_rng(seed)
    mixed: dict[int, list[Plot]] = {}
    for second, arrived in PLOTS.items():
        again = [plot for plot in PLOTS.get(second - 1, []) if chance.random() < 0.2]
        doubled = [*arrived, *again, *(plot for plot in arrived if chance.random() < 0.2)]
        mixed[second] = [doubled[i] for i in chance.permutation(len(doubled))]
    assert encoded(follow(mixed)[0]) == encoded(follow(PLOTS)[0])


def test_late_plots_fall_into_their_place(
    straight: tuple[tracker.TrackerState, list[tuple[Track, ...]]],
) -> None:
    """A fifth of the plots comes 1 to 4 s late: in the end the same object is known at the same place."""
    chance = np.random.default_rng(3)
    late: dict[int, list[Plot]] = {}
    for second, arrived in PLOTS.items():
        for plot in arrived:
            wait = int(chance.integers(1, 5)) if chance.random() < 0.2 and second < SECONDS - 30 else 0
            late.setdefault(second + wait, []).append(plot)
    tracks = follow(late)[1][-1]
    assert [track.id for track in tracks] == ["KOR-1"]
    one, other = tracks[0].state, straight[1][-1][0].state
    sigma = np.sqrt(np.array([other.p[0], other.p[7], other.p[13]]))
    assert one.epoch_ns == other.epoch_ns
    assert np.all(np.abs(np.array(one.x[:3]) - np.array(other.x[:3])) < 2.0 * sigma)


def test_a_step_changes_no_older_state() -> None:
    state = new()
    for second in range(100):
        before = encoded(state)
        later, _ = tracker.step(state, PLOTS.get(second, []), after(WORLD.start_ns, second + 1.0))
        assert encoded(state) == before
        state = later


def test_state_does_not_grow_with_the_flight() -> None:
    state, sizes = new(), []
    for second in range(SECONDS):
        state, _ = tracker.step(state, PLOTS.get(second, []), after(WORLD.start_ns, second + 1.0))
        sizes.append(len(encoded(state)))
    assert max(sizes) < 120_000


def test_clutter_alone_makes_no_track() -> None:
    quiet = world.scenario([], 300.0, world.SENSORS)
    state = tracker.new_tracker(Nation.KOR, quiet.sensors_of(Nation.KOR, Plane.EXERCISE))
    arriving = runs.plots_by_second(quiet, 11, Nation.KOR)
    assert sum(map(len, arriving.values())) > 10
    for second in range(300):
        state, tracks = tracker.step(state, arriving.get(second, []), after(quiet.start_ns, second + 1.0))
        assert tracks == ()


def test_unseen_after_its_predicted_impact_is_lost_not_impacted() -> None:
    state = new()
    ended: list[Track] = []
    for second in range(600):
        arrived = PLOTS.get(second, []) if second < 150 else []
        state, tracks = tracker.step(state, arrived, after(WORLD.start_ns, second + 1.0))
        ended += [track for track in tracks if track.life in (Life.LOST, Life.IMPACTED)]
    assert [track.life for track in ended] == [Life.LOST]
    assert state.records == ()


def test_unknown_sensor_and_relics_are_left_out() -> None:
    plot = PLOTS[max(PLOTS)][0]
    state, _ = tracker.step(new(), [plot], after(plot.time_ns, 1.0))
    stranger = msgspec.structs.replace(plot, sensor="nobody", number=99_999)
    relic = msgspec.structs.replace(plot, number=99_998, time_ns=after(plot.time_ns, -200.0))
    later, _ = tracker.step(state, [stranger, relic], after(plot.time_ns, 2.0))
    assert later.numbers == state.numbers


RANGES_M = (0.0, 1.0, 5e3, 4e5, 3e6, 4e8, 1e12)
ELEVATIONS_RAD = (-np.pi / 2, -0.2, 0.0, 0.7, np.pi / 2)
RATES_MPS = (None, 0.0, -9e3, 1e6)


def wild(chance: np.random.Generator) -> RadarFix:
    return RadarFix(
        range_m=float(chance.choice(RANGES_M)),
        az_rad=float(chance.uniform(-7.0, 7.0)),
        el_rad=float(chance.choice(ELEVATIONS_RAD)),
        range_rate_mps=RATES_MPS[int(chance.integers(4))],
    )


@pytest.mark.parametrize("seed", range(6))
def test_wild_plots_never_break_it_nor_give_what_is_no_number(seed: int) -> None:
    """Beside a real object: it is still tracked, and every published number is finite."""
    chance = np.random.default_rng(seed)
    fixes = [wild(chance) for _ in range(int(chance.integers(4, 12)))]
    state = new()
    for second in range(90, 110):
        wilder = [
            Plot("kor-a", 10**6 + 100 * second + k, after(WORLD.start_ns, second + 0.5), fix)
            for k, fix in enumerate(fixes)
        ]
        arrived = [*PLOTS.get(second, []), *wilder]
        state, tracks = tracker.step(state, arrived, after(WORLD.start_ns, second + 1.0))
        for track in tracks:
            assert np.isfinite(track.state.x).all()
            assert np.isfinite(track.state.p).all()
    assert tracks


def test_a_track_that_is_nowhere_is_nobodys_neighbour() -> None:
    """Absurd plots have made one with a place of 2e155 m: whoever looks for neighbours goes on without it."""
    state = new()
    for second in range(92):
        state, _ = tracker.step(state, PLOTS.get(second, []), after(WORLD.start_ns, second + 1.0))
    (record,) = [one for one in state.records if one.number]
    head = np.frombuffer(record.head).copy()
    head[:3] = 2e155
    state = msgspec.structs.replace(
        state, records=(msgspec.structs.replace(record, head=head.tobytes()),), waiting=b""
    )
    fix = RadarFix(range_m=4e5, az_rad=0.3, el_rad=0.5, range_rate_mps=None)
    plots = [
        Plot("kor-a", 10**6 + k, after(WORLD.start_ns, 92.4), msgspec.structs.replace(fix, az_rad=0.01 * k))
        for k in range(4)
    ]
    state, _ = tracker.step(state, plots, after(WORLD.start_ns, 93.0))
    assert len(np.frombuffer(state.waiting)) > 0

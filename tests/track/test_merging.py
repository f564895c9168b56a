"""A track that turns out to be another one's object: its name ends with one word, and its object goes on."""

import pytest
import runs
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_fuse import START, tracklet
from world import FAR, NEAR, flight, radar, scenario

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, Life, Tracklet
from tocsin.track import fuse, tracker
from tocsin.track.tracker import TrackerState

JPN, KOR, USA = Nation.JPN, Nation.KOR, Nation.USA
RADARS = (
    radar("kor-a", KOR, 37.0, 127.5, NEAR, clutter=0.0),
    radar("kor-b", KOR, 35.5, 129.0, FAR, clutter=0.0),
)
SKY = scenario([flight()], sensors=RADARS)
BOTH = ["KOR-1", "KOR-2"]


def two_of_one(until_s: int) -> TrackerState:
    """A tracker that follows one object as two, each by one radar."""
    empty = tracker.new_tracker(KOR, SKY.sensors_of(KOR, Plane.EXERCISE))
    arriving = runs.plots_by_second(SKY, 1, KOR)
    states = []
    for name in ("kor-a", "kor-b"):
        state = replace(empty, base_ns=Instant(SKY.start_ns), stepped_ns=Instant(SKY.start_ns))
        for second in range(until_s):
            part = [plot for plot in arriving.get(second, []) if plot.sensor == name]
            state, _ = tracker.step(state, part, after(SKY.start_ns, second + 1.0))
        states.append(state)
    one, other = states
    (first,), (second_,) = one.records, other.records
    assert not first.filtered
    assert not second_.filtered
    numbers = (one.numbers[0], other.numbers[1])
    return replace(one, records=(first, replace(second_, number=2)), next_number=3, numbers=numbers)


def test_of_two_own_tracks_that_are_one_the_younger_name_ends_once() -> None:
    until_s = 160
    state, arriving = two_of_one(until_s), runs.plots_by_second(SKY, 1, KOR)
    told = []
    for second in range(until_s, until_s + 4):
        state, tracks = tracker.step(state, arriving.get(second, []), after(SKY.start_ns, second + 1.0))
        told.append({track.id: track.life for track in tracks})
    assert told[0] == {"KOR-1": Life.CONFIRMED, "KOR-2": Life.MERGED}
    assert told[1:] == [{"KOR-1": Life.CONFIRMED}] * 3
    assert [record.number for record in state.records] == [1]


class Room:
    """A partner's fusion, a second a step."""

    def __init__(self) -> None:
        self.state = fuse.new_fusion(JPN)
        self.now_s = 5.0

    def hear(self, *came: Tracklet) -> tuple[FusedTrack, ...]:
        self.now_s += 1.0
        self.state, out = fuse.step(self.state, (), came, after(START, self.now_s))
        return out


def lives(out: tuple[FusedTrack, ...]) -> list[tuple[str, Life]]:
    return [(track.id, track.life) for track in out]


def seen(number: int, sequence: int, lon_deg: float = 132.0, origin: Nation = KOR) -> Tracklet:
    """Always the same look, of 5 s."""
    return replace(tracklet(origin, number, 1, 5.0, lon_deg), sequence=sequence)


def merged(number: int, lon_deg: float = 132.0) -> Tracklet:
    return replace(seen(number, 99, lon_deg), life=Life.MERGED)


def test_a_name_that_ends_does_not_end_the_object_that_it_shares() -> None:
    """The name that ends was seen as lately as the one that stays, and began later."""
    room = Room()
    out_of_sight = replace(seen(1, 1), life=Life.COASTING, last_ns=START)
    room.hear(out_of_sight)
    younger = replace(seen(2, 1), first_ns=after(START, 1.0))
    (out,) = room.hear(out_of_sight, younger)
    assert [member.track_id for member in out.members] == BOTH
    assert out.state == younger.state
    (out,) = room.hear(replace(merged(2), first_ns=younger.first_ns), seen(1, 2))
    assert (out.life, out.state) == (Life.CONFIRMED, seen(1, 2).state)
    assert lives(room.hear(replace(seen(1, 3), life=Life.COASTING))) == [("F-1", Life.COASTING)]


@pytest.mark.parametrize("first", [1, 2])
def test_an_object_of_a_name_that_ends_goes_over_into_the_one_that_stays(first: int) -> None:
    """Whichever of the two this nation heard of first."""
    room = Room()
    room.hear(seen(first, 1))
    assert lives(room.hear(seen(1, 2), seen(2, 2))) == [("F-1", Life.CONFIRMED), ("F-2", Life.CONFIRMED)]
    out = room.hear(merged(2))
    assert lives(out) == [("F-1", Life.CONFIRMED), ("F-2", Life.MERGED)]
    assert [member.track_id for member in out[0].members] == BOTH
    assert out[0].state == seen(1, 1).state
    assert lives(room.hear(seen(1, 3))) == [("F-1", Life.CONFIRMED)]


def test_an_object_that_another_nation_sees_only_loses_a_source() -> None:
    room = Room()
    room.hear(seen(1, 1, 132.5), seen(2, 1), seen(7, 1, origin=USA))
    out = room.hear(merged(2))
    assert [track.life for track in out] == [Life.CONFIRMED] * 2
    (shared,) = [track for track in out if USA in track.sources]
    assert set(shared.sources) == {KOR, USA}
    assert shared.state == seen(7, 1, origin=USA).state


def test_a_name_that_ends_beside_nothing_like_it_is_an_object_lost() -> None:
    """Who goes on with it is not known here: nobody may think that somebody does."""
    room = Room()
    room.hear(seen(1, 1, 132.1), seen(2, 1))  # 8 km aside
    assert lives(room.hear(merged(2))) == [("F-1", Life.CONFIRMED), ("F-2", Life.LOST)]


def test_of_a_crowd_the_nearest_goes_on() -> None:
    room = Room()
    names = range(1, 8)
    room.hear(*(seen(n, 1, 132.0 + 0.02 * n) for n in names), seen(8, 1, 132.0 + 0.02 * 5))
    out = room.hear(merged(8, 132.0 + 0.02 * 5))
    (heir,) = [track for track in out if len(track.members) == 2]
    assert [member.track_id for member in heir.members] == ["KOR-5", "KOR-8"]
    assert [track.life for track in out].count(Life.MERGED) == 1


@given(st.lists(st.permutations(range(3)), min_size=8, max_size=8), st.sampled_from([USA, KOR]))
def test_of_three_equally_near_a_nations_two_stay_two(orders: list[list[int]], alone: Nation) -> None:
    """In whatever order they come; `alone`: the nation that sees one object where the other sees two."""
    pair_of = KOR if alone is USA else USA
    room, told = Room(), set()
    for n, order in enumerate(orders, start=1):
        came = [seen(1, n, 132.0 if n > 1 else 134.0, alone)]
        came += [replace(seen(1, n, origin=pair_of), track_id=f"{pair_of}-{k}") for k in (1, 2)]
        out = room.hear(*(came[k] for k in order))
        told |= {frozenset(m.track_id for m in track.members if m.nation is pair_of) for track in out}
    assert all(len(names) < 2 for names in told)
    assert [(track.life, len(track.members)) for track in out] == [(Life.CONFIRMED, 2), (Life.CONFIRMED, 1)]


def test_two_objects_that_turn_out_to_be_one_end_with_a_word() -> None:
    room = Room()
    told = [lives(room.hear(seen(1, 1), seen(1, 1, 134.0, USA)))]
    told += [lives(room.hear(seen(1, n), seen(1, n, origin=USA))) for n in range(2, 8)]
    two, one = ([("F-1", Life.CONFIRMED), ("F-2", life)] for life in (Life.CONFIRMED, Life.MERGED))
    assert told == [two, two, two, one, *[[("F-1", Life.CONFIRMED)]] * 3]

"""Fusion by source: order and repetition change nothing, nothing is counted twice, a nation's two objects
stay two.
"""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.earth.flight import fall, propagate
from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase, Tracklet
from tocsin.track import fuse
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.rows import from_triangle, triangle

START = Instant(1_664_835_600_000_000_000)
LABEL = {n: Label(Plane.EXERCISE, frozenset((n,)), frozenset(Nation)) for n in Nation}
SIGMA = np.array([200.0] * 3 + [5.0] * 3)


def flying(lon_deg: float = 132.0) -> np.ndarray:
    place = geodetic_to_ecef(np.radians(40.5), np.radians(lon_deg), 250e3)
    basis = enu_basis(float(np.radians(40.5)), float(np.radians(lon_deg)))
    return np.concatenate((place, basis.T @ np.array([3500.0, 600.0, 2500.0]), (LN_BETA_MEAN,)))


def tracklet(
    origin: Nation,
    number: int,
    sequence: int,
    age_s: float,
    lon_deg: float = 132.0,
    phase: Phase = Phase.COAST,
    life: Life = Life.CONFIRMED,
) -> Tracklet:
    chance = np.random.default_rng([number, sequence, *origin.encode()])
    x = propagate(flying(lon_deg), age_s)
    x[:6] += SIGMA * chance.standard_normal(6)
    p = np.diag([*SIGMA**2, LN_BETA_SIGMA**2])
    epoch = after(START, age_s)
    return Tracklet(
        origin=origin, track_id=f"{origin}-{number}", sequence=sequence, life=life, phase=phase,
        kind=ObjectClass.BALLISTIC, state=EcefState(epoch, tuple(x.tolist()), triangle(p)),
        first_ns=START, last_ns=epoch, label=LABEL[origin],
    )  # fmt: skip


def fold(batches: list[list[Tracklet]]) -> tuple[fuse.FusionState, tuple[FusedTrack, ...]]:
    state = fuse.new_fusion(Nation.JPN)
    out: tuple[FusedTrack, ...] = ()
    for i, batch in enumerate(batches):
        state, out = fuse.step(state, (), batch, after(START, 10.0 * (i + 1)))
    return state, out


BATCHES = [
    [
        tracklet(nation, number, 1 + 2 * step + part, 10.0 * step + 4.0 * part, lon)
        for nation in (Nation.KOR, Nation.USA)
        for number, lon in ((1, 132.0), (2, 133.0))
        for part in (0, 1)
    ]
    for step in range(4)
]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_order_and_repetition_change_nothing(seed: int) -> None:
    chance = np.random.default_rng(seed)
    mixed = []
    for i, batch in enumerate(BATCHES):
        old = [share for share in BATCHES[i - 1] if i and chance.random() < 0.4]
        doubled = [*batch, *old, *(share for share in batch if chance.random() < 0.4)]
        mixed.append([doubled[j] for j in chance.permutation(len(doubled))])
    plain, scrambled = fold(BATCHES), fold(mixed)
    assert scrambled[1] == plain[1]
    assert msgspec.json.encode(scrambled[0]) == msgspec.json.encode(plain[0])


def test_two_objects_of_two_nations_are_two_tracks() -> None:
    out = fold(BATCHES)[1]
    assert [[m.track_id for m in track.members] for track in out] == [["KOR-1", "USA-1"], ["KOR-2", "USA-2"]]


def test_information_adds_once_however_often_it_comes() -> None:
    shares = [tracklet(Nation.KOR, 1, 1, 5.0), tracklet(Nation.USA, 1, 1, 5.0)]
    state, once = fold([shares])
    for i in range(5):
        state, often = fuse.step(state, (), shares, after(START, 20.0 + i))
    assert often[0].state == once[0].state
    p = from_triangle(once[0].state.p)
    assert np.allclose(np.sqrt(np.diag(p)[:6]), SIGMA / np.sqrt(2.0), rtol=1e-6)
    assert p[6, 6] == pytest.approx(LN_BETA_SIGMA**2, rel=1e-6)  # the common prior is counted once


def test_newer_sequence_replaces_and_older_is_ignored() -> None:
    new, old = tracklet(Nation.KOR, 1, 9, 8.0), tracklet(Nation.KOR, 1, 3, 5.0)
    state, out = fold([[new], [old]])
    assert out[0].state == new.state
    assert [source.sequence for source in state.sources] == [9]


def test_a_nations_two_tracks_are_never_fused() -> None:
    twins = [tracklet(Nation.KOR, 1, 1, 5.0), tracklet(Nation.KOR, 2, 1, 5.0)]
    out = fold([twins, *[[replace(t, sequence=i) for t in twins] for i in range(2, 8)]])[1]
    assert [len(track.members) for track in out] == [1, 1]


def test_a_nations_second_track_beside_its_first_stays_apart() -> None:
    first, second = tracklet(Nation.KOR, 1, 1, 5.0), tracklet(Nation.KOR, 2, 1, 5.0)
    out = fold([[first], [replace(first, sequence=2), second]])[1]
    assert [[member.track_id for member in track.members] for track in out] == [["KOR-1"], ["KOR-2"]]


def test_a_source_still_in_boost_does_not_spoil_the_coast() -> None:
    coast = tracklet(Nation.KOR, 1, 1, 5.0)
    boost = replace(tracklet(Nation.USA, 1, 1, 5.0, phase=Phase.BOOST), accel_mps2=(20.0, 20.0, 20.0))
    out = fold([[boost], [coast]])[1]
    assert len(out) == 1
    assert out[0].phase is Phase.COAST
    assert out[0].state == coast.state


def test_tracks_that_formed_apart_become_one() -> None:
    """Two first shares so wrong that they do not fit; later ones do: the lower number stays."""
    wrong = tracklet(Nation.USA, 1, 1, 5.0, lon_deg=134.0)
    batches = [[tracklet(Nation.KOR, 1, 1, 5.0), wrong]]
    batches += [[tracklet(n, 1, i, 5.0 + i) for n in (Nation.KOR, Nation.USA)] for i in range(2, 7)]
    assert len(fold(batches[:1])[1]) == 2
    out = fold(batches)[1]
    assert [track.id for track in out] == ["F-1"]
    assert len(out[0].members) == 2


def test_ended_is_said_once_and_late_news_does_not_revive_it() -> None:
    seen = tracklet(Nation.KOR, 1, 1, 5.0)
    lost = replace(seen, sequence=2, life=Life.LOST)
    state, out = fold([[seen], [lost]])
    assert [track.life for track in out] == [Life.LOST]
    for i in range(3):
        state, out = fuse.step(state, (), [replace(seen, sequence=1), lost], after(START, 40.0 + i))
        assert out == ()


def test_step_leaves_the_old_state_alone() -> None:
    state = fold(BATCHES[:2])[0]
    before = msgspec.json.encode(state)
    fuse.step(state, (), BATCHES[2], after(START, 99.0))
    assert msgspec.json.encode(state) == before


def test_a_young_source_helps_an_object_that_another_one_knows_to_fly_freely() -> None:
    """Its sight began after the known coast: whatever its own doubt of a motor, it saw free flight only."""
    coast = tracklet(Nation.KOR, 1, 1, 20.0)
    young = replace(tracklet(Nation.USA, 1, 1, 20.0, phase=Phase.UNKNOWN), first_ns=after(START, 8.0))
    both = fold([[coast, young]])[1][0]
    told = fold([[coast, replace(young, phase=Phase.COAST)]])[1][0]
    assert both.phase is Phase.COAST
    assert both.state == told.state != coast.state


def test_a_source_that_may_have_seen_the_motor_does_not() -> None:
    coast = replace(tracklet(Nation.KOR, 1, 1, 20.0), burnout_ns=after(START, 8.0))
    earlier = tracklet(Nation.USA, 1, 1, 20.0, phase=Phase.UNKNOWN)  # began at START
    assert fold([[coast, earlier]])[1][0].state == coast.state


@settings(max_examples=30)
@given(st.floats(-5.0, 9.9), st.integers(0, 2**32 - 1))
def test_a_track_that_broke_off_is_replaced_and_the_object_stays_one(overlap_s: float, seed: int) -> None:
    """The nation's new track began up to 10 s before its old one took its last plot."""
    chance = np.random.default_rng(seed)
    old_last, begun = 40.0, 40.0 - overlap_s
    other = tracklet(Nation.KOR, 1, 1, 40.0)
    old = replace(tracklet(Nation.USA, 1, 1, old_last), life=Life.COASTING)
    state, out = fuse.step(fuse.new_fusion(Nation.JPN), (), [other, old], after(START, 48.0))
    for i in range(4):
        at_s = 50.0 + i
        new = replace(tracklet(Nation.USA, 2, i + 1, at_s), first_ns=after(START, begun))
        partners = [replace(tracklet(Nation.KOR, 1, i + 2, at_s)), new, replace(old, sequence=i + 2)]
        shuffled = [partners[j] for j in chance.permutation(3)]
        state, out = fuse.step(state, (), shuffled, after(START, at_s))
    assert [track.life for track in out] == [Life.CONFIRMED]
    assert [m.track_id for m in out[0].members] == ["KOR-1", "USA-1", "USA-2"]
    sigma = np.sqrt(np.diag(from_triangle(out[0].state.p))[:6])
    assert np.allclose(sigma, SIGMA / np.sqrt(2.0), rtol=1e-3)  # two sources, never three


ALONE = [{"KOR-1", "KOR-2"}]
BESIDE = [{"KOR-1"}, {"KOR-2"}]


@pytest.mark.parametrize(("crowd", "seen"), [((), ALONE), ((-3, -2, -1, 1, 2, 3), BESIDE)])
def test_who_appears_in_a_crowd_while_its_neighbour_is_seen_is_another_object(
    crowd: tuple[int, ...], seen: list[set[str]]
) -> None:
    """Its first plots lie within the gate, and the track beside it missed a look: alone that is a
    break-off.
    """
    state = fuse.new_fusion(Nation.JPN)
    for step in range(1, 10):
        around = [tracklet(Nation.KOR, 10 + k, step, 2.0 * step, 132.0 + 0.1 * k) for k in crowd]
        old = [tracklet(Nation.KOR, 1, step, 2.0 * step)] if step < 6 else []
        new = [replace(tracklet(Nation.KOR, 2, step, 2.0 * step), first_ns=after(START, 10.0))]
        shares = [*around, *old, *(new if step > 6 else [])]
        state, out = fuse.step(state, (), shares, after(START, 2.0 * step))
    held = [{member.track_id for member in track.members} for track in out]
    assert [one for one in held if one & {"KOR-1", "KOR-2"}] == seen


def test_what_looked_broken_off_and_is_seen_again_was_another_object() -> None:
    old = replace(tracklet(Nation.USA, 1, 1, 40.0), life=Life.COASTING)
    new = replace(tracklet(Nation.USA, 2, 1, 50.0), first_ns=after(START, 36.0))
    state, out = fuse.step(fuse.new_fusion(Nation.JPN), (), [old, new], after(START, 50.0))
    state, out = fuse.step(state, (), [replace(new, sequence=2)], after(START, 51.0))
    state, out = fuse.step(state, (), [replace(new, sequence=3)], after(START, 52.0))
    assert [track.life for track in out] == [Life.CONFIRMED, Life.MERGED]
    for i in range(12):
        both = [
            tracklet(Nation.USA, 1, 10 + i, 53.0 + i),
            replace(tracklet(Nation.USA, 2, 10 + i, 53.0 + i), first_ns=after(START, 36.0)),
        ]
        state, out = fuse.step(state, (), both, after(START, 53.0 + i))
    assert sorted([m.track_id for m in track.members] for track in out) == [["USA-1"], ["USA-2"]]


def test_what_may_hold_others_data_adds_nothing_twice() -> None:
    """A source with Korean data in it joins by covariance intersection: the echo of what is counted already
    makes the ellipse no smaller.
    """
    plain = tracklet(Nation.KOR, 1, 1, 20.0)
    mixed = Label(Plane.EXERCISE, frozenset((Nation.USA, Nation.KOR)), frozenset(Nation))
    echo = replace(plain, origin=Nation.USA, track_id="USA-1", label=mixed)
    own = tracklet(Nation.USA, 1, 1, 20.0)
    echoed = np.diag(from_triangle(fold([[plain, echo]])[1][0].state.p))
    added = np.diag(from_triangle(fold([[plain, own]])[1][0].state.p))
    assert np.allclose(echoed[:6], SIGMA**2, rtol=1e-6)
    assert np.allclose(added[:6], SIGMA**2 / 2.0, rtol=1e-6)


def leaning(origin: Nation, number: int, sequence: int, age_s: float, off_m: float) -> Tracklet:
    """One of a row of objects 0.2 degrees apart, told to lie `off_m` aside along the Earth's axis."""
    told = tracklet(origin, number, sequence, age_s, lon_deg=132.0 + 0.2 * number)
    moved = tuple(np.array(told.state.x) + np.array([0.0, 0.0, off_m, 0.0, 0.0, 0.0, 0.0]))
    return replace(told, state=replace(told.state, x=moved))


def row(count: int, off_m: float, alone_m: float | None = None) -> tuple[FusedTrack, ...]:
    """Korea and Japan agree on a row of objects at first; then Korea's move aside, the last its own way."""
    batches = []
    for n in range(20):
        aside = [off_m if n else 0.0] * count
        if alone_m is not None and n:
            aside[-1] = alone_m
        batches.append(
            [leaning(Nation.JPN, k, n, 10.0 * (n + 1), 0.0) for k in range(count)]
            + [leaning(Nation.KOR, k, n, 10.0 * (n + 1), aside[k]) for k in range(count)]
        )
    state = fuse.new_fusion(Nation.USA)
    out: tuple[FusedTrack, ...] = ()
    for i, batch in enumerate(batches):
        state, out = fuse.step(state, (), batch, after(START, 10.0 * (i + 1)))
    return out


def test_a_nation_whose_tracks_all_lie_aside_is_not_a_stranger_to_its_objects() -> None:
    """A radar turned by 2 mrad moves every object alike: five objects stay five."""
    assert len(row(5, 4e3)) == 5


def test_one_that_lies_aside_by_itself_is_a_stranger() -> None:
    assert len(row(5, 0.0, alone_m=4e3)) == 6
    assert len(row(5, 4e3, alone_m=-4e3)) == 6


def test_with_too_few_neighbours_nothing_is_common() -> None:
    assert len(row(2, 4e3)) == 4


def joining(count: int, off_m: float, first: int, others: int) -> tuple[int, int]:
    """Objects shown, and ever made, when Korea, whose tracks all lie aside, sees the last one of a row from
    one step on and the others from another; Japan sees all. Korea's lie right when they are seen first.
    """
    state = fuse.new_fusion(Nation.USA)
    out: tuple[FusedTrack, ...] = ()
    for n in range(12):
        age_s = 10.0 * (n + 1)
        batch = [leaning(Nation.JPN, k, n, age_s, 0.0) for k in range(count)]
        if n >= others:
            aside = off_m if n > others else 0.0
            batch += [leaning(Nation.KOR, k, n, age_s, aside) for k in range(count - 1)]
        if n >= first:
            batch.append(leaning(Nation.KOR, count - 1, n, age_s, off_m))
        state, out = fuse.step(state, (), batch, after(START, age_s))
    return len(out), state.next_number - 1


def test_a_late_source_of_a_nation_that_lies_aside_finds_its_object() -> None:
    """4 km aside at 283 m: by itself it is another object, as its neighbours lie it is this one."""
    assert joining(6, 4e3, first=5, others=0) == (6, 6)
    assert joining(2, 4e3, first=5, others=0)[0] == 4  # too few neighbours: nobody can know, of either


def test_what_was_shown_apart_before_its_neighbours_were_seen_becomes_one() -> None:
    assert joining(6, 4e3, first=0, others=3) == (6, 7)


def two_nations(off_m: float, others_m: tuple[float, ...] = ()) -> int:
    """Objects shown of one that Japan sees, and of Korea's tracks that lie so far from it."""
    state = fuse.new_fusion(Nation.USA)
    out: tuple[FusedTrack, ...] = ()
    for n in range(8):
        age_s = 10.0 * (n + 1)
        batch = [leaning(Nation.JPN, 1, n, age_s, 0.0), leaning(Nation.KOR, 1, n, age_s, off_m)]
        batch += [
            replace(leaning(Nation.KOR, 1, n, age_s, m), track_id=f"KOR-{k + 2}")
            for k, m in enumerate(others_m)
        ]
        state, out = fuse.step(state, (), batch, after(START, age_s))
    return len(out)


def test_what_is_left_over_on_both_sides_is_one_object() -> None:
    """Two nations see one object each, six sigmas apart (1.8 km of 283 m): a track that errs by more than it
    says is likelier than an object that only one of them sees, beside one that only the other does.
    """
    assert two_nations(1_800.0) == 1
    assert two_nations(4_000.0) == 2  # too far for any such error
    assert two_nations(1_800.0, others_m=(2_100.0,)) == 3  # which of Korea's two is it?


def seen_by_two(second: int) -> list[Tracklet]:
    return [tracklet(nation, 1, second + 1, float(second)) for nation in (Nation.KOR, Nation.USA)]


@pytest.mark.parametrize("life", [Life.LOST, Life.IMPACTED])
@pytest.mark.parametrize("ahead_s", [0.0, 3600.0])
def test_one_nations_end_is_not_the_end_of_what_another_one_sees(life: Life, ahead_s: float) -> None:
    """By a mistake, of another object, by a clock that is an hour off, or a lie."""
    batches = [seen_by_two(second) for second in range(5)]
    ended = replace(tracklet(Nation.USA, 1, 9, 5.0), life=life, last_ns=after(START, 5.0 + ahead_s))
    batches += [[tracklet(Nation.KOR, 1, 6, 5.0), ended]]
    batches += [[tracklet(Nation.KOR, 1, second + 1, float(second))] for second in range(6, 60)]
    state = fuse.new_fusion(Nation.JPN)
    for second, batch in enumerate(batches):
        state, out = fuse.step(state, (), batch, after(START, float(second)))
        assert [(track.id, track.life) for track in out] == [("F-1", Life.CONFIRMED)]
    assert out[0].state == tracklet(Nation.KOR, 1, 60, 59.0).state


def test_an_object_that_was_given_up_during_a_cut_is_shown_when_it_is_seen_again() -> None:
    """Ten minutes without a line: last heard of under power, then, of the same track, in free flight."""
    known = tracklet(Nation.KOR, 1, 1, 0.0, phase=Phase.UNKNOWN)
    state, _ = fuse.step(fuse.new_fusion(Nation.JPN), (), [known], after(START, 0.0))
    seen = [fuse.step(state, (), (), after(START, 600.0))]
    assert [track.life for track in seen[0][1]] == [Life.LOST]
    for second in (601, 602, 630):
        word = tracklet(Nation.KOR, 1, second, float(second) - 300.0)
        late = replace(word, last_ns=after(START, float(second)))
        seen.append(fuse.step(seen[-1][0], (), [late], after(START, float(second))))
        assert [(track.id, track.life) for track in seen[-1][1]] == [("F-2", Life.CONFIRMED)]


def test_an_impact_is_the_end_though_a_nearer_radar_saw_the_object_longer() -> None:
    down_s = fall(flying()).time_s
    batches = [[tracklet(n, 1, 1, down_s - 20.0) for n in (Nation.KOR, Nation.USA)]]
    last = tracklet(Nation.KOR, 1, 2, down_s - 4.0)
    batches += [
        [last, tracklet(Nation.USA, 1, 2, down_s - 1.0)],
        [replace(last, sequence=3, life=Life.IMPACTED)],
    ]
    batches += [[tracklet(Nation.USA, 1, 3, down_s)], []]
    state, lives = fuse.new_fusion(Nation.JPN), []
    for k, batch in enumerate(batches):
        state, out = fuse.step(state, (), batch, after(START, down_s - 20.0 + 10.0 * k))
        lives.append([(track.id, track.life) for track in out])
    assert lives == [[("F-1", Life.CONFIRMED)]] * 2 + [[("F-1", Life.IMPACTED)], [], []]

"""Groups: who cannot be told apart, how many they are, where, how wide; and that nothing else makes one."""

from collections.abc import Sequence

import numpy as np
import pytest
from groups_world import (
    BASIS,
    MIDDLE,
    SENSOR,
    SITE,
    SITE_RAD,
    START,
    VELOCITY,
    flown,
    lattice,
    plots_of,
    tracks_at,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.special import ndtr

from tocsin.earth.frames import aer_to_ecef, enu_basis
from tocsin.model.group import Group
from tocsin.model.time import after
from tocsin.model.track import FusedTrack, Life, ObjectClass, Track
from tocsin.track.extent import EVEN, Seen, cloud_of, extent_of, measured, placed
from tocsin.track.howmany import how_many
from tocsin.track.parting import astray, components, look_errors, neighbours
from tocsin.track.rows import sensor_table
from tocsin.track.together import TogetherState, step

Array = NDArray[np.float64]

LOOKS = 6


def watched(side: int, spacing_m: float, seed: int, sigma_m: float = 250.0) -> tuple[TogetherState, Array]:
    """After LOOKS looks at a lattice, and where its objects are then."""
    chance, state = np.random.default_rng(seed), TogetherState()
    for second in range(2 * LOOKS + 4):
        now, there = after(START, float(second)), flown(lattice(side, spacing_m), float(second))
        plots = plots_of(there, now, chance) if second % 2 == 0 else []
        fused, own = tracks_at(there, chance.normal(0.0, sigma_m, there.shape), sigma_m, now)
        state = step(state, fused, own, plots, [SENSOR], now)
    return state, there


@given(st.floats(0.2, 4.0), st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_chance_of_an_exchange_is_that_of_two_plots_given_out(apart: float, seed: int) -> None:
    """Two objects `apart` sigmas, plots drawn and given out by least squares, many times over."""
    draws = np.random.default_rng(seed).normal(0.0, 1.0, (20_000, 2, 3))
    where = np.array([[0.0, 0.0, 0.0], [apart, 0.0, 0.0]])
    plots = where + draws
    right = np.sum((plots - where) ** 2, axis=(1, 2))
    wrong = np.sum((plots - where[::-1]) ** 2, axis=(1, 2))
    x = np.zeros((2, 6))
    x[1, 0] = 1e3 * apart
    p = np.diag([1e6] * 3 + [1.0] * 3)
    pairs = neighbours(x, np.array([p, p]) * 1e-6, np.full((1, 2, 3, 3), 1e6 * np.eye(3)))
    found = astray(pairs, 2, unparted=False)
    assert found == pytest.approx(np.mean(wrong < right), abs=0.015)
    assert found[0] == pytest.approx(ndtr(-apart / np.sqrt(2.0)), rel=1e-3)


@given(st.integers(4, 150), st.floats(0.82, 0.97), st.integers(1, 15), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_count_s_interval_holds_the_truth(objects: int, detected: float, looks: int, seed: int) -> None:
    """40 draws; 95 % is claimed, so that fewer than 31 right ones come once in a million."""
    chance, held = np.random.default_rng(seed), 0
    for _ in range(40):
        tracks = max(round(objects * float(np.exp(chance.normal(0.0, 0.07)))), 1)
        found = how_many(tracks, [chance.binomial(objects, detected, looks).tolist()])
        held += found.low <= objects <= found.high
        assert found.low <= found.likely <= found.high
    assert held >= 31


@given(st.integers(4, 120), st.lists(st.integers(3, 110), min_size=1, max_size=12))
def test_more_plots_are_never_fewer_objects(tracks: int, looks: list[int]) -> None:
    few, more = how_many(tracks, [looks]), how_many(tracks, [[plots + 1 for plots in looks]])
    assert more.high >= few.high
    assert few.high >= max(looks)
    many = how_many(tracks + 10, [looks])
    assert many.high >= few.high


def test_at_least_as_many_as_the_fullest_look_shows_and_no_more() -> None:
    """Where cells open and close counts scatter, as if many were missed."""
    plots = [88, 70] * 7
    found = how_many(101, [plots])
    assert found.low == 88
    assert found.likely > 105
    assert how_many(101, [plots, [90.7, 60.0]]).low == 90


def test_without_looks_the_count_is_that_of_the_tracks() -> None:
    found = how_many(100, [])
    assert found.looks == 0
    assert found.low < 90 < found.likely + 2 < 110 < found.high


@given(st.integers(0, 10**6), st.integers(3, 30))
@settings(max_examples=30, deadline=None)
def test_extents_are_positive_and_of_no_order(seed: int, count: int) -> None:
    """Also where errors are larger than the scatter."""
    chance = np.random.default_rng(seed)
    x = np.column_stack((MIDDLE + chance.normal(0.0, 50.0, (count, 3)), chance.normal(0.0, 9.0, (count, 4))))
    p = np.array([np.diag([1e4] * 3 + [100.0] * 4)] * count)
    order = chance.permutation(count)
    one, other = cloud_of(x, p), cloud_of(x[order], p[order])
    looks = [Seen(-t, chance.normal(0.0, 400.0, (count, 3)), 1.5e5 * np.eye(3), 0.0) for t in (2.0, 4.0)]
    for cloud in (one, placed(measured(one, looks), looks, count)):
        extent = extent_of(cloud)
        assert extent.semi_major_m >= extent.semi_minor_m >= 0.0
        assert extent.half_height_m >= 0.0
        assert extent.sigma_m > 0.0
        assert np.linalg.eigvalsh(cloud.p)[0] > 0.0
        assert np.linalg.eigvalsh(cloud.spread)[0] > -1e-6
    assert np.allclose(one.x, other.x, rtol=1e-12)
    assert np.allclose(one.spread, other.spread, atol=1e-3)


@pytest.mark.parametrize("side", [3, 6, 10])
def test_looks_tell_how_many_where_and_how_wide(side: int) -> None:
    """The true middle within 4 sigmas, the true half axis (of variances) within 4 of its own."""
    for seed in range(4):
        state, there = watched(side, 300.0, seed)
        (group,) = state.groups
        assert group.count.low <= side**2 <= group.count.high
        assert group.count.looks >= LOOKS - 1
        off = np.array(group.centre.x[:3]) - there.mean(axis=0)
        assert off @ np.linalg.solve(_places(group), off) < 16.0
        true = np.sqrt(EVEN * (side**2 - 1) / 12.0) * 300.0
        assert abs(group.extent.semi_major_m - true) < 4.0 * group.extent.sigma_m
        assert group.extent.half_height_m < 3.0 * group.extent.sigma_m


def _places(group: Group) -> Array:
    p = np.zeros((7, 7))
    p[np.triu_indices(7)] = group.centre.p
    return np.asarray(p + np.triu(p, 1).T)[:3, :3]


@given(st.permutations(range(25)))
@settings(max_examples=10, deadline=None)
def test_the_order_of_tracks_changes_nothing(order: Sequence[int]) -> None:
    fused, own = tracks_at(lattice(5, 200.0), np.zeros((25, 3)), 250.0, START)
    one = step(TogetherState(), fused, own, [], [SENSOR], START)
    other = step(TogetherState(), [fused[n] for n in order], own[::-1], [], [SENSOR], START)
    (first,), (second,) = one.groups, other.groups
    assert set(first.members) == set(second.members)
    assert first.count == second.count
    assert np.allclose(first.centre.x, second.centre.x)
    assert first.extent.semi_major_m == pytest.approx(second.extent.semi_major_m)


@pytest.mark.parametrize(("spacing_m", "sigma_m"), [(3e3, 250.0), (20e3, 600.0), (1.5e3, 250.0)])
def test_objects_that_a_radar_parts_are_no_group(spacing_m: float, sigma_m: float) -> None:
    assert watched(5, spacing_m, 1, sigma_m)[0].groups == ()


def test_three_are_no_group_and_aircraft_never() -> None:
    fused, own = tracks_at(lattice(2, 100.0), np.zeros((4, 3)), 250.0, START)
    assert len(step(TogetherState(), fused, own, [], [SENSOR], START).groups) == 1
    assert step(TogetherState(), fused[:3], own[:3], [], [SENSOR], START).groups == ()
    planes = [replace(track, kind=ObjectClass.AIR) for track in fused]
    assert step(TogetherState(), planes, own, [], [SENSOR], START).groups == ()


def test_objects_that_cross_are_no_group() -> None:
    fused, own = tracks_at(lattice(2, 100.0), np.zeros((4, 3)), 250.0, START)
    turned = [
        replace(t, state=replace(t.state, x=(*t.state.x[:3], *(VELOCITY * (1.0 + 0.3 * n)), 8.7)))
        for n, t in enumerate(fused)
    ]
    assert step(TogetherState(), turned, own, [], [SENSOR], START).groups == ()


def test_a_group_dissolves_once_it_can_be_parted_and_not_for_a_moment() -> None:
    """Vague tracks 1 km apart are a group; known to 30 m they are not, but only after ten seconds of it."""

    def after_seconds(
        state: TogetherState, ages: range, sigma_m: float, life: Life = Life.CONFIRMED
    ) -> TogetherState:
        for second in ages:
            now = after(START, float(second))
            there = flown(lattice(5, 1_000.0), float(second))
            fused, own = tracks_at(there, np.zeros((25, 3)), sigma_m, now)
            state = step(state, [replace(track, life=life) for track in fused], own, [], [SENSOR], now)
        return state

    vague = after_seconds(TogetherState(), range(3), 600.0)
    (group,) = vague.groups
    sharp = after_seconds(vague, range(3, 12), 30.0)
    assert [one.id for one in sharp.groups] == [group.id]
    again = after_seconds(after_seconds(sharp, range(12, 13), 600.0), range(13, 22), 30.0)
    assert [one.id for one in again.groups] == [group.id]
    assert after_seconds(sharp, range(12, 15), 30.0).groups == ()
    unseen = after_seconds(sharp, range(12, 15), 30.0, Life.COASTING)
    assert [one.id for one in unseen.groups] == [group.id]


def test_what_is_not_seen_any_more_stays_a_group() -> None:
    """Coasting tracks get no plots: nothing parts them, nothing mixes them; the last count stands."""
    state, there = watched(5, 300.0, 2)
    fused, own = tracks_at(there, np.zeros(there.shape), 20.0, after(START, 30.0))
    for second in range(30, 60):
        now = after(START, float(second))
        unseen = [replace(track, life=Life.COASTING) for track in fused]
        state = step(state, unseen, [replace(t, life=Life.COASTING) for t in own], [], [SENSOR], now)
    (group,) = state.groups
    assert group.count.looks >= LOOKS - 1
    assert group.count.low <= 25 <= group.count.high


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e300, 0.0, -1.0])
def test_a_partner_s_wild_track_ends_no_group(bad: float) -> None:
    fused, own = tracks_at(lattice(5, 200.0), np.zeros((25, 3)), 250.0, START)
    wild = replace(fused[0], id="F-wild", state=replace(fused[0].state, p=(bad,) * 28))
    far = replace(fused[0], id="F-far", state=replace(fused[0].state, x=(bad,) * 7))
    (group,) = step(TogetherState(), [*fused, wild, far], own, [], [SENSOR], START).groups
    assert set(group.members) >= {track.id for track in fused}


def test_neighbours_of_another_group_are_not_counted() -> None:
    """Five kilometres beside it another lattice flies; each is told by its own plots."""
    chance, state = np.random.default_rng(5), TogetherState()
    both = np.concatenate((lattice(5, 200.0), lattice(7, 200.0) + 5e3 * BASIS[0]))
    for second in range(2 * LOOKS + 4):
        now, there = after(START, float(second)), flown(both, float(second))
        plots = plots_of(there, now, chance) if second % 2 == 0 else []
        state = step(state, *tracks_at(there, np.zeros(there.shape), 150.0, now), plots, [SENSOR], now)
    large, small = sorted(state.groups, key=lambda group: -len(group.members))
    assert (len(large.members), len(small.members)) == (49, 25)
    assert {large.id, small.id} == {"G-1", "G-2"}
    assert large.count.low <= 49 <= large.count.high < 62
    assert small.count.low <= 25 <= small.count.high < 36


@given(st.floats(0.0, 1.5), st.floats(0.0, 6.28), st.floats(50e3, 2e6))
@settings(max_examples=25, deadline=None)
def test_a_look_s_errors_are_those_of_its_range_and_angles(
    el_rad: float, az_rad: float, far_m: float
) -> None:
    """Against the partials of the place by range, azimuth and elevation."""
    basis, polar = enu_basis(*SITE_RAD), np.array([far_m, az_rad, el_rad])
    sigmas = np.array([30.0, 2e-3, 1e-3])
    steps = np.diag([1.0, 1e-6, 1e-6])
    place = aer_to_ecef(far_m, az_rad, el_rad, SITE, basis)
    moved = [aer_to_ecef(r, az, el, SITE, basis) for r, az, el in polar + steps]
    partials = [(at - place) / d.max() * s for at, d, s in zip(moved, steps, sigmas, strict=True)]
    table = sensor_table([SENSOR])
    table[0, :3] = sigmas
    (found,) = look_errors(place[None], table, [np.zeros(1, dtype=np.int64)])[0]
    assert np.allclose(found, np.array(partials).T @ np.array(partials), atol=2e-3 * np.trace(found))


def test_linked_tracks_are_one_component() -> None:
    x = np.zeros((6, 6))
    x[:, 0] = [0.0, 400.0, 800.0, 50e3, 50.4e3, 90e3]
    p = np.array([np.diag([1e4] * 3 + [1.0] * 3)] * 6)
    pairs = neighbours(x, p, np.full((1, 6, 3, 3), 1e5 * np.eye(3)))
    parts = components(pairs, np.ones(6, dtype=np.bool_))
    assert [part.tolist() for part in parts] == [[0, 1, 2], [3, 4], [5]]
    among = np.array([True, False, True, True, True, True])
    assert [part.tolist() for part in components(pairs, among)] == [[0, 2], [3, 4], [5]]


def test_tracks_that_their_own_errors_part_make_no_group() -> None:
    """A look mixes them, but each is known to 4 m, ten sigmas from the next."""
    fused, own = tracks_at(lattice(5, 60.0), np.zeros((25, 3)), 4.0, START)
    x, p = np.array([t.state.x for t in fused]), np.diag([16.0] * 3 + [4.0] * 3)
    errors = look_errors(x[:, :3], sensor_table([SENSOR]), [np.arange(25)])
    assert astray(neighbours(x[:, :6], np.array([p] * 25), errors), 25, unparted=False).mean() > 0.25
    assert step(TogetherState(), fused, own, [], [SENSOR], START).groups == ()


def test_between_the_two_thresholds_no_group_begins() -> None:
    """A tenth to a fifth of a look's plots go astray."""
    fused, own = tracks_at(lattice(5, 1_000.0), np.zeros((25, 3)), 300.0, START)
    x, p = np.array([t.state.x for t in fused]), np.diag([300.0**2] * 3 + [4.0] * 3)
    errors = look_errors(x[:, :3], sensor_table([SENSOR]), [np.arange(25)])
    share = astray(neighbours(x[:, :6], np.array([p] * 25), errors), 25, unparted=True).mean()
    assert 0.05 < share < 0.25
    assert step(TogetherState(), fused, own, [], [SENSOR], START).groups == ()


def test_groups_are_looked_at_once_a_second() -> None:
    fused, own = tracks_at(lattice(3, 200.0), np.zeros((9, 3)), 250.0, START)
    first = step(TogetherState(), fused, own, [], [SENSOR], START)
    soon = step(first, fused[:4], own[:4], [], [SENSOR], after(START, 0.9))
    assert soon.groups == first.groups
    assert step(soon, [], [], [], [SENSOR], after(START, 1.0)).groups == ()


@pytest.mark.parametrize(("sigma_mps", "alike"), [(100.0, True), (20.0, False)])
def test_velocities_are_alike_within_their_errors(sigma_mps: float, alike: bool) -> None:
    x = np.zeros((2, 6))
    x[1] = [100.0, 0.0, 0.0, 500.0, 0.0, 0.0]
    p = np.array([np.diag([1e4] * 3 + [sigma_mps**2] * 3)] * 2)
    assert len(neighbours(x, p, np.full((1, 2, 3, 3), 1e5 * np.eye(3))).one) == alike


def test_the_radar_that_parts_best_counts_and_without_one_the_tracks_errors() -> None:
    x = np.zeros((2, 6))
    x[1, 0] = 900.0
    p = np.array([np.diag([1e4] * 3 + [1.0] * 3)] * 2)
    poor, good = np.full((2, 3, 3), 1e6 * np.eye(3)), np.full((2, 3, 3), 4e4 * np.eye(3))
    for errors in ([poor, good], [good, poor], [good, good * np.nan]):
        pairs = neighbours(x, p, np.array(errors))
        assert pairs.look == pytest.approx(900.0 / np.sqrt(1e4 + 4e4), rel=1e-4)
        assert pairs.wide == pytest.approx(900.0 / np.sqrt(1.5 * (1e4 + 4e4)), rel=1e-4)
    blind, sharp = neighbours(x, p, np.array([good * np.nan])), neighbours(x, p, np.array([0.0 * good]))
    assert blind.look == pytest.approx(sharp.look, rel=1e-4)
    assert blind.wide == pytest.approx(sharp.wide, rel=1e-4)


def test_what_has_ended_is_no_member() -> None:
    fused, own = tracks_at(lattice(3, 200.0), np.zeros((9, 3)), 250.0, START)
    fused[0], fused[1] = replace(fused[0], life=Life.LOST), replace(fused[1], life=Life.IMPACTED)
    (group,) = step(TogetherState(), fused, own, [], [SENSOR], START).groups
    assert set(group.members) == {track.id for track in fused[2:]}


def placed_at(places: Array, second: int, sigma_m: float = 250.0) -> tuple[list[FusedTrack], list[Track]]:
    return tracks_at(places, np.zeros(places.shape), sigma_m, after(START, float(second)))


def test_who_comes_into_a_group_joins_and_who_flies_beside_it_does_not() -> None:
    """One appears in the middle; another is linked, but few of its plots go astray."""
    there = lattice(3, 200.0)
    inside, beside = there[4] + [50.0, 50.0, 0.0] @ BASIS, there[5] + [1.6e3, 0.0, 0.0] @ BASIS
    first = step(TogetherState(), *placed_at(there, 0), [], [SENSOR], START)
    (before,) = first.groups
    assert len(before.members) == 9
    more = np.vstack((there, inside, beside))
    (now,) = step(first, *placed_at(more, 1, 150.0), [], [SENSOR], after(START, 1.0)).groups
    assert now.id == before.id
    assert set(now.members) == {f"F-{n}" for n in range(10)}


def test_two_groups_in_one_place_are_one_under_the_larger_one_s_number() -> None:
    small, large = lattice(2, 200.0), lattice(3, 200.0)
    for pieces in ((small, large), (large, small)):
        apart = np.vstack((pieces[0], pieces[1] + [9e3, 0.0, 0.0] @ BASIS))
        state = step(TogetherState(), *placed_at(apart, 0), [], [SENSOR], START)
        sizes = {group.id: len(group.members) for group in state.groups}
        assert sorted(sizes.values()) == [4, 9]
        one = step(state, *placed_at(np.vstack(pieces), 1), [], [SENSOR], after(START, 1.0))
        assert [(group.id, len(group.members)) for group in one.groups] == [
            (max(sizes, key=sizes.__getitem__), 13)
        ]


def test_a_number_is_given_once() -> None:
    first = step(TogetherState(), *placed_at(lattice(3, 200.0), 0), [], [SENSOR], START)
    none = step(first, *placed_at(lattice(3, 50_000.0), 1), [], [SENSOR], after(START, 1.0))
    again = step(none, *placed_at(lattice(3, 200.0), 2), [], [SENSOR], after(START, 2.0))
    assert ([one.id for one in first.groups], none.groups) == (["G-1"], ())
    assert [one.id for one in again.groups] == ["G-2"]


def test_looks_place_the_middle_where_all_tracks_err_alike() -> None:
    """By two of their sigmas: of 49 plots a look, six looks, half of it is taken off and more."""
    chance, state, off = np.random.default_rng(6), TogetherState(), np.array([400.0, 0.0, 0.0]) @ BASIS
    for second in range(16):
        now, there = after(START, float(second)), flown(lattice(7, 300.0), float(second))
        plots = plots_of(there, now, chance) if second % 2 == 0 else []
        state = step(state, *tracks_at(there + off, np.zeros((49, 3)), 200.0, now), plots, [SENSOR], now)
    (group,) = state.groups
    assert np.linalg.norm(np.array(group.centre.x[:3]) - there.mean(axis=0)) < 200.0

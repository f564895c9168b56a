"""A nation that says nothing of a crowd: what its radars show all the same, and what of it is doubt."""

from collections.abc import Sequence

import numpy as np
import pytest
from groups_world import SENSOR, START, flown, lattice, plots_of, seen_aside, tracks_at
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.group import Group
from tocsin.model.label import Nation
from tocsin.model.time import after
from tocsin.model.track import FusedTrack, Member, Track, Tracklet
from tocsin.track.aside import asides, silent_on
from tocsin.track.body import tracklet_of
from tocsin.track.extent import EVEN
from tocsin.track.rows import from_triangle
from tocsin.track.together import TogetherState, step

Array = NDArray[np.float64]

TURNED_RAD = 8e-3
SIDE, SPACING_M = 7, 300.0


def of(nation: Nation, own: Sequence[Track], off: Array) -> list[Tracklet]:
    """The same tracks as another nation has them."""
    return [
        replace(
            tracklet_of(track, nation),
            track_id=f"{nation}-{n}",
            state=replace(track.state, x=(*(np.array(track.state.x[:3]) + off), *track.state.x[3:])),
        )
        for n, track in enumerate(own)
    ]


def seen_by(fused: Sequence[FusedTrack], nations: Sequence[Nation]) -> list[FusedTrack]:
    return [
        replace(t, members=tuple(Member(nation, f"{nation}-{n}") for nation in nations))
        for n, t in enumerate(fused)
    ]


def watched(speaks: bool) -> tuple[Group, Array, Array]:
    """Korea's radar is turned; the fused tracks are the United States', or (`speaks`) Korea's. The group,
    where its objects' middle is, and by how much Korea sees it aside.
    """
    chance, state = np.random.default_rng(1), TogetherState()
    middle = off = np.zeros(3)
    for second in range(16):
        now, there = after(START, float(second)), flown(lattice(SIDE, SPACING_M), float(second))
        middle, off = there.mean(axis=0), seen_aside(there.mean(axis=0), TURNED_RAD)
        plots = plots_of(there, now, chance, turned_rad=TURNED_RAD) if second % 2 == 0 else []
        errors = chance.normal(0.0, 200.0, there.shape)
        fused, own = tracks_at(there, errors + off if speaks else errors, 200.0, now)
        silent = of(Nation.USA, own, -off) if speaks else of(Nation.KOR, own, off)
        fused = seen_by(fused, (Nation.KOR, Nation.USA))
        state = step(state, fused, own, plots, [SENSOR], now, silent)
    (group,) = state.groups
    return group, middle, off


def known(group: Group) -> Array:
    """Covariance (3, 3) of the middle's place."""
    return from_triangle(group.centre.p)[:3, :3]


@pytest.mark.parametrize("speaks", [False, True])
def test_a_turned_radar_counts_and_measures_all_the_same(speaks: bool) -> None:
    group, _, off = watched(speaks)
    assert np.linalg.norm(off) > 3e3
    assert group.count.low <= SIDE**2 <= group.count.high
    assert group.count.looks >= 5
    true_m = np.sqrt(EVEN * (SIDE**2 - 1) / 12.0) * SPACING_M
    assert abs(group.extent.semi_major_m - true_m) < 4.0 * group.extent.sigma_m


@pytest.mark.parametrize("speaks", [False, True])
def test_who_speaks_says_where_and_both_doubt_it(speaks: bool) -> None:
    """At the middle of the speaker's tracks, and no surer than what the nations differ by."""
    group, middle, off = watched(speaks)
    said = np.array(group.centre.x[:3])
    assert np.linalg.norm(said - middle - (off if speaks else 0.0)) < 150.0
    assert off @ np.linalg.solve(known(group), off) < 1.05


def test_only_tracks_that_are_in_a_fused_one_and_near_it_lie_aside() -> None:
    now, there = after(START, 6.0), flown(lattice(2, 300.0), 6.0)
    fused, own = tracks_at(there, np.zeros((4, 3)), 200.0, now)
    x = np.array([track.state.x for track in fused])
    off = np.array([600.0, -100.0, 50.0])
    theirs = of(Nation.JPN, own, off)
    lost = replace(theirs[3], state=replace(theirs[3].state, x=(np.nan,) * 7))
    far, nobody = of(Nation.JPN, own, 1e5 * off)[2], replace(theirs[0], track_id="JPN-99")
    found = asides(seen_by(fused, (Nation.JPN,)), x, [*theirs[:2], far, lost, nobody], now)
    assert list(found) == [Nation.JPN]
    assert np.allclose(found[Nation.JPN][:2], off)
    assert np.isnan(found[Nation.JPN][2:]).all()
    assert asides(seen_by(fused, (Nation.JPN,)), x, [nobody], now) == {}


def test_tracks_are_compared_at_one_time() -> None:
    """A tracklet of ten seconds ago is carried to now."""
    now, then = after(START, 10.0), START
    fused, _ = tracks_at(flown(lattice(2, 300.0), 10.0), np.zeros((4, 3)), 200.0, now)
    _, old = tracks_at(lattice(2, 300.0), np.zeros((4, 3)), 200.0, then)
    x = np.array([track.state.x for track in fused])
    found = asides(seen_by(fused, (Nation.USA,)), x, of(Nation.USA, old, np.zeros(3)), now)
    assert np.abs(found[Nation.USA]).max() < 30.0


def test_a_nation_is_silent_on_a_group_if_on_more_than_half_of_it() -> None:
    every = np.full((8, 3), np.nan)
    every[:3] = [[100.0, 0.0, 0.0], [200.0, 0.0, 0.0], [9e3, 0.0, 0.0]]
    whole, four = np.arange(8), np.array([0, 1, 2, 7])
    assert silent_on(whole, {Nation.USA: every}) == {}
    assert silent_on(np.array([0, 1, 6, 7]), {Nation.USA: every}) == {}
    found = silent_on(four, {Nation.USA: every, Nation.JPN: np.full((8, 3), np.nan)})
    assert list(found) == [Nation.USA]
    assert found[Nation.USA].tolist() == [200.0, 0.0, 0.0]

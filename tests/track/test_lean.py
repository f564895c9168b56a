"""What counts as a nation's common lean: that of enough neighbours, near by, and no larger than a radar's
registration.
"""

import numpy as np
import pytest
from msgspec.structs import replace
from test_fuse import START, leaning, row

from tocsin.model.label import Nation
from tocsin.model.time import after
from tocsin.model.track import Tracklet
from tocsin.track import fuse
from tocsin.track.body import key_of
from tocsin.track.lean import LEAST, MOST_M, NEAR_M, Leans


def leans(offsets_m: list[float], far_m: float = 0.0) -> tuple[fuse.FusionState, Leans]:
    """Objects that both nations were told alike, and then Korea's so far aside; all but the first are moved
    away by `far_m`.
    """
    state = fuse.new_fusion(Nation.USA)
    both = [
        leaning(nation, k, 1, 10.0, 0.0) for k in range(len(offsets_m)) for nation in (Nation.JPN, Nation.KOR)
    ]
    state, _ = fuse.step(state, (), [away(one, far_m) for one in both], after(START, 10.0))
    aside = [leaning(Nation.KOR, k, 2, 10.0, offset) for k, offset in enumerate(offsets_m)]
    sources = {key_of(one): one for one in state.sources}
    sources |= {key_of(one): away(one, far_m) for one in aside}
    return state, Leans(state.bodies, sources)


def away(one: Tracklet, far_m: float) -> Tracklet:
    if one.track_id.endswith("-0"):
        return one
    x = np.array(one.state.x) + np.append([0.0, 0.0, far_m], np.zeros(4))
    return replace(one, state=replace(one.state, x=tuple(x.tolist())))


def first_is_shared(offsets_m: list[float], far_m: float = 0.0) -> bool:
    """At 283 m of both; 4 km are 200 of the gate's 40."""
    state, found = leans(offsets_m, far_m)
    body = next(body for body in state.bodies if any(m.track_id == "KOR-0" for m in body.members))
    return found.shared(body, Nation.JPN, Nation.KOR, 40.0)


@pytest.mark.parametrize(("neighbours", "told"), [(LEAST - 1, False), (LEAST, True)])
def test_an_object_is_no_neighbour_of_its_own(neighbours: int, told: bool) -> None:
    assert first_is_shared([4e3] * (1 + neighbours)) is told


@pytest.mark.parametrize(("offset_m", "told"), [(0.9 * MOST_M, True), (1.1 * MOST_M, False)])
def test_more_than_a_radars_registration_is_no_lean(offset_m: float, told: bool) -> None:
    assert first_is_shared([offset_m] * 5) is told


@pytest.mark.parametrize(("far_m", "told"), [(0.5 * NEAR_M, True), (1.5 * NEAR_M, False)])
def test_who_is_far_away_is_no_neighbour(far_m: float, told: bool) -> None:
    assert first_is_shared([4e3] * 5, far_m) is told


def test_who_lies_otherwise_does_not_share_it() -> None:
    assert not first_is_shared([-4e3, 4e3, 4e3, 4e3, 4e3])


def test_a_common_lean_is_that_of_most() -> None:
    """Of four neighbours one is far out: it moves the median by little, a mean by two kilometres."""
    assert first_is_shared([4e3, 4e3, 4e3, 4e3, -4.5e3])


def test_objects_that_lie_aside_by_more_than_any_radar_are_others() -> None:
    assert len(row(5, 2.0 * MOST_M)) == 10

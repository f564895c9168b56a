"""One region of impact for a group: said of what flies freely, and as wide as its objects differ."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.assess.groups import with_impacts
from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.group import Extent, Group, ObjectCount
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import STATE_SIZE, EcefState
from tocsin.model.time import Instant
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase

LABEL = Label(Plane.TEST, frozenset((Nation.KOR,)), frozenset())
LAT, LON = np.radians(40.0), np.radians(130.0)


def state(place_m: float, speed_mps: float) -> EcefState:
    """Rising eastwards at 200 km, known to these sigmas."""
    velocity = np.array([3000.0, 500.0, 1500.0]) @ enu_basis(LAT, LON)
    p = np.diag([place_m**2] * 3 + [speed_mps**2] * 3 + [0.25])
    x = (*geodetic_to_ecef(LAT, LON, 200e3).tolist(), *velocity.tolist(), 8.7)
    return EcefState(Instant(10**18), x, tuple(p[np.triu_indices(STATE_SIZE)].tolist()))


def group(each: EcefState) -> Group:
    return Group(
        id="G-1",
        since_ns=each.epoch_ns,
        members=("F-1", "F-2", "F-3", "F-4"),
        count=ObjectCount(3, 4, 5, 9),
        centre=state(20.0, 1.0),
        each=each,
        extent=Extent(1e3, 1e3, 0.0, 1e2, 50.0),
        astray=0.5,
    )


def tracks(coasting: int) -> list[FusedTrack]:
    one = state(100.0, 3.0)
    return [
        FusedTrack(
            id=f"F-{n}",
            members=(),
            life=Life.CONFIRMED,
            phase=Phase.COAST if n <= coasting else Phase.UNKNOWN,
            kind=ObjectClass.BALLISTIC,
            state=one,
            first_ns=one.epoch_ns,
            last_ns=one.epoch_ns,
            label=LABEL,
        )
        for n in range(1, 5)
    ]


@pytest.mark.parametrize(("coasting", "said"), [(0, False), (1, False), (2, True), (4, True)])
def test_an_impact_is_said_once_most_fly_freely(coasting: int, said: bool) -> None:
    (found,) = with_impacts([group(state(500.0, 5.0))], tracks(coasting))
    assert (found.impact is not None) is said


@given(st.floats(10.0, 3e3), st.floats(1.0, 30.0), st.floats(1.1, 3.0))
@settings(max_examples=25, deadline=None)
def test_objects_that_differ_more_come_down_in_a_larger_region(
    place: float, speed: float, more: float
) -> None:
    near, far = state(place, speed), state(more * place, more * speed)
    (one,), (other,) = with_impacts([group(near)], tracks(4)), with_impacts([group(far)], tracks(4))
    assert one.impact is not None
    assert other.impact is not None
    assert other.impact.ellipse95.semi_major_m > one.impact.ellipse95.semi_major_m
    assert replace(one, impact=None) == group(near)


def test_without_groups_nothing_is_computed() -> None:
    assert with_impacts([], tracks(4)) == ()

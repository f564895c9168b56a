"""What `evaluate` says of groups, by groups drawn about a known truth: nine objects, where they are, how wide
they lie, where they come down.
"""

from functools import lru_cache

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.measure.groups import Grouped, GroupFigures, figures, grouped
from tocsin.model.group import Extent, Group, ObjectCount
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase
from tocsin.sim.scenario import Salvo
from tocsin.sim.scenario_file import load
from tocsin.sim.truth import FlownFlight, fly_all
from tocsin.track.rows import triangle

Array = NDArray[np.float64]

OBJECTS, SPACING_M, AGE_S = 9, 300.0, 200.0
LABEL = Label(Plane.TEST, frozenset((Nation.KOR,)), frozenset())
SIGMAS = np.array([30.0, 80.0, 50.0])


@lru_cache(maxsize=1)
def truths() -> tuple[FlownFlight, ...]:
    flight = load("salvo-0.3km").flights[0]
    return tuple(fly_all((replace(flight, salvo=Salvo(count=OBJECTS, spacing_km=SPACING_M / 1e3)),)))


def now(age_s: float = AGE_S) -> Instant:
    return after(truths()[0].launch_ns, age_s)


def middle() -> Array:
    return np.asarray(np.array([one.states(np.array([AGE_S]))[0] for one in truths()]).mean(axis=0))


def state(off: Array, sigmas: Array, speed_mps: float) -> EcefState:
    """The true middle, `off` (3,) aside, known to these sigmas."""
    p = np.diag([*(sigmas**2), *[speed_mps**2] * 3, 1e-6])
    x = np.array([*middle(), truths()[0].burnout7[6]])
    x[:3] += off
    return EcefState(now(), tuple(x.tolist()), triangle(p))


def group(members: int = OBJECTS, off: Array | None = None, each: tuple[float, float] = (1e3, 5.0)) -> Group:
    off = np.zeros(3) if off is None else off
    return Group(
        id="G-1",
        since_ns=now(0.0),
        members=tuple(f"F-{n}" for n in range(members)),
        count=ObjectCount(7, 8, 11, 12),
        centre=state(off, SIGMAS, 1.0),
        each=state(np.zeros(3), np.full(3, each[0]), each[1]),
        extent=Extent(700.0, 600.0, 0.0, 100.0, 50.0),
        astray=0.5,
    )


def tracks(count: int = OBJECTS) -> list[FusedTrack]:
    at = state(np.zeros(3), SIGMAS, 1.0)
    one = FusedTrack(
        id="",
        members=(),
        life=Life.CONFIRMED,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=at,
        first_ns=now(0.0),
        last_ns=now(),
        label=LABEL,
    )
    return [replace(one, id=f"F-{n}") for n in range(count)]


def told(one: Group) -> Grouped:
    found = grouped([one], tracks(), truths(), now())
    assert found is not None
    return found


def test_the_middle_s_error_is_counted_in_its_own_sigmas() -> None:
    assert told(group()).squared == pytest.approx(0.0, abs=1e-12)
    for off in (SIGMAS * [1.0, 0.0, 0.0], SIGMAS * [0.0, -2.0, 0.0], SIGMAS * [1.0, 1.0, 2.0]):
        assert told(group(off=off)).squared == pytest.approx(np.sum((off / SIGMAS) ** 2) / 3.0)


def test_middles_drawn_by_their_covariance_are_as_wrong_as_they_claim() -> None:
    """A mean of 3 x 300 squares is 1 within 0.2, four of its sigmas."""
    chance = np.random.default_rng(3)
    drawn = [told(group(off=SIGMAS * chance.normal(size=3), each=(1.0, 1e-3))) for _ in range(300)]
    assert figures(drawn).middle_nees == pytest.approx(1.0, abs=0.2)


def test_the_half_axis_is_that_of_the_lattice() -> None:
    """Three places a spacing apart have the variance 2/3, an even filling five times it (within a tenth:
    great circles draw together).
    """
    claimed, true, sigma = told(group()).extent
    assert (claimed, sigma) == (700.0, 50.0)
    assert true == pytest.approx(np.sqrt(5.0 * 2.0 / 3.0) * SPACING_M, rel=0.1)


def test_impacts_are_inside_by_the_size_of_the_ellipse() -> None:
    """A wide one holds all; one of the middle, and narrower than the spacing, the object in the middle."""
    wide, narrow = told(group(each=(1e3, 5.0))), told(group(each=(1.0, 1e-3)))
    assert wide.held == 1.0
    assert narrow.held == pytest.approx(1.0 / OBJECTS)
    assert wide.claimed_m is not None
    assert narrow.claimed_m is not None
    assert narrow.claimed_m < SPACING_M < wide.claimed_m


def test_no_impact_is_judged_before_one_is_told() -> None:
    burning = [replace(track, phase=Phase.BOOST) for track in tracks()]
    found = grouped([group()], burning, truths(), now())
    assert found is not None
    assert (found.held, found.claimed_m) == (None, None)


def test_the_largest_group_is_judged_against_all_that_flies() -> None:
    found = grouped([group(4), group(7), group(5)], tracks(), truths(), now())
    assert found is not None
    assert (found.tracks, found.counted, found.objects) == (7, (7, 8, 11), OBJECTS)


def test_nothing_is_judged_without_a_group_or_an_object() -> None:
    assert grouped([], tracks(), truths(), now()) is None
    for age_s in (-1.0, truths()[0].flight_time_s + 60.0):
        assert grouped([group()], tracks(), truths(), now(age_s)) is None


def test_figures_are_means_over_the_runs_that_state_a_group() -> None:
    rows = [
        Grouped(9, (8, 10, 12), 10, 0.5, (1_100.0, 1_000.0, 50.0), 1.0, 20e3),
        Grouped(12, (11, 12, 14), 10, 1.5, (900.0, 1_000.0, 100.0), None, None),
        Grouped(10, (7, 8, 9), 10, 4.0, (1_000.0, 1_000.0, 100.0), 0.5, 10e3),
        None,
    ]
    assert figures(rows) == GroupFigures(
        stated=0.75,
        members=1.033,
        count_ratio=1.0,
        count_held=0.333,
        count_width=0.3,
        count_least=0.667,
        middle_nees=2.0,
        extent_ratio=1.0,
        extent_sigmas=1.291,
        impact_held=0.75,
        impact_m=15e3,
    )
    assert figures([None, None]) == GroupFigures(0.0)

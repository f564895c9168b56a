"""Assignment against trying every permutation; scans; two lines of sight."""

from itertools import permutations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.earth.frames import geodetic_to_ecef
from tocsin.track.associate import assign, crossing, dense, scans
from tocsin.track.rows import LOS, ROW

costs = st.lists(
    st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=4, max_size=4), min_size=1, max_size=4
)


def best(table: np.ndarray) -> tuple[int, float]:
    """Most pairs first, then least cost, over all ways of giving tracks to plots."""
    tracks, plots = table.shape
    found = (0, 0.0)
    for order in permutations(range(plots), tracks):
        taken = [table[i, j] for i, j in enumerate(order) if np.isfinite(table[i, j])]
        found = min(found, (-len(taken), float(sum(taken))))
    return -found[0], found[1]


@given(costs)
def test_assignment_is_the_best_there_is(rows: list[list[int | None]]) -> None:
    table = np.array([[np.inf if v is None else float(v) for v in row] for row in rows])
    pairs = assign(dense(table))
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(np.isfinite(table[i, j]) for i, j in pairs)
    assert (len(pairs), float(sum(table[i, j] for i, j in pairs))) == best(table)


@given(st.lists(st.lists(st.integers(0, 9) | st.none(), min_size=3, max_size=3), min_size=1, max_size=4))
@example([[0, 4, None], [None, 9, None]])  # what does not pay must not press others out of their places
def test_with_a_price_a_pair_must_pay(rows: list[list[int | None]]) -> None:
    """Of all assignments, also those that leave tracks without, the cheapest; without costs the price."""
    price = 4.5
    table = np.array([[np.inf if c is None else float(c) for c in row] for row in rows])
    free = np.concatenate((table, np.full((len(table), len(table)), price)), axis=1)
    least = min(
        sum(float(free[t, p]) for t, p in enumerate(chosen))
        for chosen in permutations(range(free.shape[1]), len(table))
    )
    pairs = assign(dense(table), price)
    paid = sum(float(table[t, p]) for t, p in pairs) + price * (len(table) - len(pairs))
    assert paid == least
    assert all(table[t, p] < price for t, p in pairs)


def test_scans_split_by_sensor_and_period() -> None:
    rows = np.zeros((5, ROW))
    rows[:, 0] = (0.0, 0.1, 0.2, 1.0, 1.1)
    rows[:, 2] = (0, 1, 0, 0, 1)
    found = scans(rows, [1.0, 10.0])
    assert [scan[:, 0].tolist() for scan in found] == [[0.0, 0.2], [0.1, 1.1], [1.0]]


def sight(lon: float, place: np.ndarray, sensor: int, time_s: float = 0.0) -> np.ndarray:
    platform = geodetic_to_ecef(0.0, lon, 35_786e3)
    unit = (place - platform) / np.linalg.norm(place - platform)
    return np.array([time_s, LOS, sensor, 1.0, *unit, *platform])


def test_two_lines_cross_at_the_object() -> None:
    place = geodetic_to_ecef(0.7, 2.2, 12e3)
    found = crossing(sight(1.6, place, 0), sight(2.9, place, 1), 2e-5, 2e-5)
    assert found is not None
    assert np.linalg.norm(found[0] - place) < 1.0
    assert found[1] < 1e-3


def test_lines_that_pass_far_apart_or_below_ground_do_not_cross() -> None:
    place, other = geodetic_to_ecef(0.7, 2.2, 12e3), geodetic_to_ecef(0.75, 2.2, 12e3)
    assert crossing(sight(1.6, place, 0), sight(2.9, other, 1), 2e-5, 2e-5) is None
    buried = geodetic_to_ecef(0.7, 2.2, -200e3)
    assert crossing(sight(1.6, buried, 0), sight(2.9, buried, 1), 2e-5, 2e-5) is None
    assert crossing(sight(1.6, place, 0), sight(1.601, place, 1), 2e-5, 2e-5) is None

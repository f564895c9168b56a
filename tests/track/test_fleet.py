"""The fleet: rows in any order end in the same bits, what goes in comes out whole, numbers are exact."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.bench.crowd import BASE, HISTORY_S, crowd
from tocsin.model.time import SECOND_NS, Instant
from tocsin.track.fleet import KEEP_S, Flock, refiltered
from tocsin.track.fleet_kernels import ANCHOR, HEAD
from tocsin.track.numbers import Numbers
from tocsin.track.rows import row_table, sensor_table

Array = NDArray[np.float64]

OBJECTS = 3
SCANS = 24
CROWD = crowd(OBJECTS, scans=SCANS)
TABLE = sensor_table(CROWD.state.sensors)
ROWS = row_table([(plot, 0) for scan in CROWD.scans for plot in scan], BASE)
SLOTS = np.tile(np.arange(OBJECTS), SCANS)


def flock() -> Flock:
    return Flock(CROWD.state.fleet, len(TABLE))


def through(batches: list[NDArray[np.int64]]) -> Flock:
    """A flock after these rows, packed and unpacked after each batch as it is between steps."""
    now = flock()
    for batch in batches:
        now.take(SLOTS[batch], ROWS[batch], TABLE)
        now = Flock(now.packed(), len(TABLE))
    return now


STRAIGHT = through([np.arange(k, k + OBJECTS) for k in range(0, len(ROWS), OBJECTS)])


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, KEEP_S - 1.5))
def test_any_order_ends_in_the_same_bits(seed: int, latest_s: float) -> None:
    chance = np.random.default_rng(seed)
    arrival = ROWS[:, 0] + chance.uniform(0.0, latest_s, len(ROWS)) * (chance.random(len(ROWS)) < 0.3)
    seconds = np.ceil(arrival)
    mixed = through([chance.permutation(np.flatnonzero(seconds == s)) for s in np.unique(seconds)])
    assert np.array_equal(mixed.x[:, HEAD], STRAIGHT.x[:, HEAD])
    assert np.array_equal(mixed.p[:, HEAD], STRAIGHT.p[:, HEAD])
    assert np.array_equal(mixed.times[:, HEAD], STRAIGHT.times[:, HEAD])
    assert np.array_equal(mixed.plots, STRAIGHT.plots)


def test_marks_move_up_and_rows_are_forgotten() -> None:
    assert np.all(STRAIGHT.times[:, HEAD] - STRAIGHT.times[:, ANCHOR] >= KEEP_S)
    assert np.all(STRAIGHT.times[:, HEAD] - STRAIGHT.times[:, ANCHOR] <= 2.0 * KEEP_S)
    assert len(STRAIGHT.log) <= OBJECTS * 2.0 * KEEP_S
    assert len(STRAIGHT.plots) == OBJECTS
    assert STRAIGHT.plots.tolist() == [HISTORY_S + SCANS] * OBJECTS


def test_a_released_record_filters_to_the_same_estimate() -> None:
    now = through([np.arange(len(ROWS))])
    whole = now.release(CROWD.state.records[1], BASE)
    assert now.numbers.tolist() == [1, -1, 3]
    assert not np.any(now.owners == 2)
    again = refiltered(whole, np.frombuffer(whole.rows).reshape(-1, ROWS.shape[1]), TABLE)
    assert again is not None
    assert again.head == whole.head
    (back,) = now.admit([whole], TABLE)
    assert now.view(back, BASE).head == whole.head


def test_rows_that_free_flight_does_not_explain_are_told() -> None:
    rows = ROWS[: 8 * OBJECTS].copy()
    rows[SLOTS[: len(rows)] == 1, 4] += 5.0 * 9.8 * (rows[SLOTS[: len(rows)] == 1, 0] - HISTORY_S) ** 2
    assert flock().take(SLOTS[: len(rows)], rows, TABLE) == [1]


numbers = st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=8)


@given(numbers)
def test_a_number_is_seen_once_however_they_come(steps: list[list[int]]) -> None:
    packed, known = b"", set[int]()
    for n, step in enumerate(steps):
        seen = Numbers(packed)
        for number in step:
            assert seen.seen(number) is (number in known)
            known.add(number)
        packed = seen.packed(Instant(n * SECOND_NS), 100 * SECOND_NS)


def test_a_sensor_that_counts_anew_is_heard_and_the_memory_is_small() -> None:
    packed = b""
    for second in range(400):
        seen = Numbers(packed)
        assert not any(seen.seen(number) for number in range(second * 1_000, (second + 1) * 1_000))
        packed = seen.packed(Instant(second * SECOND_NS), 100 * SECOND_NS)
    assert len(packed) < 1_000
    assert Numbers(packed).seen(399_999)
    assert not Numbers(packed).seen(1)

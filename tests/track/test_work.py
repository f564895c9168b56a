"""Work on new objects is spread over steps: bounded in each, the oldest first, and nothing is lost by it."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.bench.crowd import BASE, crowd, radar
from tocsin.model.time import after
from tocsin.track import tracker
from tocsin.track.record import Record
from tocsin.track.rows import ROW, row_table, rows_of, sensor_table
from tocsin.track.solve import update
from tocsin.track.start import from_radar
from tocsin.track.tracker import TrackerState
from tocsin.track.work import CARRIED, FITS_PER_S, LONGEST_S, allowance, behind, put_off

OBJECTS = 60
SCANS = 16
TICK_S = 0.2


def estimated(before: tuple[Record, ...], after_it: tuple[Record, ...]) -> int:
    """Confirmed records whose estimate is another one."""
    heads = {record.number: record.head_s for record in before if record.number}
    return sum(record.number in heads and record.head_s != heads[record.number] for record in after_it)


@pytest.fixture(scope="module")
def flown() -> list[TrackerState]:
    """Sixty objects seen at once, a hall's ticks; then a second without plots."""
    seen = crowd(OBJECTS, scans=SCANS)
    states = [tracker.new_tracker(radar().nation, [radar()])]
    for k in range(SCANS + 2):
        for tick in range(round(1.0 / TICK_S)):
            plots = seen.scans[k] if tick == 0 and k < SCANS else ()
            states.append(tracker.step(states[-1], plots, after(seen.now(k), TICK_S * tick))[0])
    return states


def test_no_step_makes_more_estimates_than_it_may(flown: list[TrackerState]) -> None:
    most = CARRIED + FITS_PER_S * TICK_S
    made = [estimated(a.records, b.records) for a, b in itertools.pairwise(flown)]
    assert max(made) <= most
    assert most < OBJECTS  # else this says nothing
    assert max(made) > OBJECTS // 4


def test_nothing_is_lost_by_waiting(flown: list[TrackerState]) -> None:
    last = flown[-1]
    assert len(last.records) == OBJECTS
    assert not any(behind(record) for record in last.records)
    for record in last.records:
        assert record.plots > SCANS - 4
        assert (
            len(np.unique(rows_of(record.rows)[:, 3])) == len(rows_of(record.rows)) >= min(record.plots, 10)
        )


def test_the_oldest_estimates_come_first(flown: list[TrackerState]) -> None:
    """Whoever was left out in a step is estimated before anybody has his second turn."""
    for a, b in itertools.pairwise(flown):
        after_it = {record.number: record for record in b.records}
        late = [record for record in a.records if record.number and behind(record)]
        done = [record.head_s for record in late if after_it[record.number].head_s != record.head_s]
        left = [record.head_s for record in late if after_it[record.number].head_s == record.head_s]
        assert not done or not left or max(done) <= min(left)


def test_rows_that_waited_give_the_estimate_that_they_would_have_given() -> None:
    seen, table = crowd(1, scans=8), sensor_table([radar()])
    rows = row_table([(plot, 0) for scan in seen.scans for plot in scan], BASE)
    record = from_radar(rows[0], table, BASE)
    for row in rows[1:4]:
        record = update(record, row[None], table, BASE)
    at_once = update(record, rows[4:], table, BASE)
    waited = put_off(put_off(record, rows[6:], BASE), rows[4:6], BASE)  # and out of order
    assert behind(waited)
    assert waited.head == record.head
    assert waited.last_ns == at_once.last_ns
    assert update(waited, np.empty((0, ROW)), table, BASE) == at_once
    elsewhere = rows[6:].copy()
    elsewhere[:, 2] = 3.0
    assert put_off(record, elsewhere, BASE).sensors == (0, 3)


@given(st.floats(0.0, 1e3), st.floats(-1e9, 1e9))
def test_neither_a_long_quiet_nor_a_clock_gives_a_step_more_than_a_second_of_work(
    left: float, dt_s: float
) -> None:
    assert 0.0 <= allowance(left, dt_s) <= CARRIED + FITS_PER_S * LONGEST_S

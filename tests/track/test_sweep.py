"""Rows of a crowd given out anew: neighbours' plots that were mixed up find back, and what a group says of a
member's velocity.
"""

from functools import lru_cache

import lattices
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lattices import SENSOR, TABLE, VELOCITY, Lattice, lattice
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import aer_to_ecef, ecef_to_aer
from tocsin.model.label import Nation
from tocsin.model.time import Instant, after
from tocsin.model.track import Life, Phase, Plot, RadarFix
from tocsin.track import tracker
from tocsin.track.chains import link, looks_of, stray_nats
from tocsin.track.crib import Crib
from tocsin.track.family import _own, agree
from tocsin.track.fleet import Fleet
from tocsin.track.group import frames
from tocsin.track.nursery import hatch
from tocsin.track.record import Record, estimate
from tocsin.track.regroup import regroup
from tocsin.track.rows import ROW, pack, rows_of
from tocsin.track.scene import Scene
from tocsin.track.solve import update
from tocsin.track.stitch import join
from tocsin.track.sweep import sweep

Array = NDArray[np.float64]
Index = NDArray[np.int64]
STEP_S = (0.0, 20.0)


def linked(seen: Lattice, velocity: NDArray[np.float64]) -> Index:
    """Owners as the look-by-look linking finds them."""
    owner = np.full(len(seen.rows), -1)
    several = [c for c in link(seen.rows, TABLE, 2.0, velocity, 25.0).chains if len(c.rows) > 1]
    for k, chain in enumerate(several):
        owner[chain.rows] = k
    return owner


def astray(owner: Index, seen: Lattice) -> float:
    """Part of the rows that are with objects whose most rows are another's."""
    groups = [seen.owner[owner == k] for k in range(owner.max() + 1)]
    wrong = sum(len(group) - int(np.bincount(group).max()) for group in groups if len(group))
    return wrong / int(np.sum(owner >= 0))


def test_rows_of_neighbours_that_were_mixed_up_find_back() -> None:
    """1 km apart at any course, where a look errs by 400 m aside."""
    found = []
    for seed in range(12):
        chance = np.random.default_rng(seed)
        seen = lattice(chance, 8, 1e3, looks=6)
        before = linked(seen, seen.velocity + chance.normal(0.0, 30.0, 3))
        after, _ = sweep(seen.rows, before, TABLE, 2.0, seen.velocity, 10.0, 25.0)
        assert np.mean(after >= 0) > 0.94
        found.append((astray(before, seen), astray(after, seen)))
    before_mean, after_mean = np.mean(found, axis=0)
    assert before_mean > 0.03
    assert after_mean < 0.5 * before_mean


@pytest.mark.parametrize("el_deg", [20.0, 60.0])
def test_a_members_error_is_what_is_said_however_high_it_is(el_deg: float) -> None:
    """Drawn members of a group that one radar sees, one by one: an azimuth says more of who is high up."""
    chance, spread_mps = np.random.default_rng(int(el_deg)), 25.0
    centre = place_at(600e3, 0.4, np.radians(el_deg))
    middle = propagate_many(np.array([[*centre, *(VELOCITY @ frames(centre[None])[0]), 8.7]]), 6.0)[0]
    mode = frames(middle[None, :3])[0] @ middle[3:6]
    last = propagate_many(middle[None], 6.0)[0]
    later = frames(last[None, :3])[0] @ last[3:6]  # the group's velocity is told for the last row's time
    found = []
    for _ in range(200):
        velocity = (mode + chance.normal(0.0, spread_mps, 3)) @ frames(middle[None, :3])[0]
        start = np.array([[*middle[:3], *velocity, 8.7]])
        rows = []
        for k in range(7):
            seen = propagate_many(start, 2.0 * k - 6.0)[0]
            polar = np.array(ecef_to_aer(seen[:3], TABLE[0, 5:8], TABLE[0, 8:].reshape(3, 3)))
            polar += TABLE[0, :3] * chance.standard_normal(3)
            rows.append([2.0 * k, 0.0, 0.0, float(k), *polar, np.nan, 0.0, 0.0])
        owner, (told,) = sweep(
            np.array(rows), np.zeros(7, dtype=np.int64), TABLE, 2.0, later, 12.0, spread_mps
        )
        off = (told.x - propagate_many(start, 6.0)[0])[:6]
        if (owner == 0).all():  # a row far astray is nobody's
            found.append(off @ np.linalg.solve(told.p[:6, :6], off))
    assert 5.5 < np.mean(found) < 6.5  # chi-squared of six numbers, 200 draws, 95 %


def test_an_object_that_was_seen_once_keeps_its_row() -> None:
    seen = lattice(np.random.default_rng(3), 5, 10e3, looks=4)
    only = np.flatnonzero(seen.owner == 12)
    rows, owner = np.delete(seen.rows, only[1:], axis=0), np.delete(seen.owner, only[1:])
    after, _ = sweep(rows, owner, TABLE, 2.0, seen.velocity, 6.0, 25.0)
    assert after[owner == 12].tolist() == [12]


def place_at(range_m: float, az_rad: float, el_rad: float) -> Array:
    return np.asarray(aer_to_ecef(range_m, az_rad, el_rad, TABLE[0, 5:8], TABLE[0, 8:].reshape(3, 3))).ravel()


@given(st.integers(0, 10**6), st.floats(0.0, 1.0))
@example(79, 1.0)  # several rows of one look, of an object that has no other
@example(16, 1.0)  # an object seen three times in one look: no velocity
@settings(max_examples=10, deadline=None)
def test_a_look_gives_an_object_one_row_whatever_was_believed(seed: int, wrong: float) -> None:
    chance = np.random.default_rng(seed)
    seen = lattice(chance, 5, 1e3, looks=4)
    strange = chance.random(len(seen.rows)) < wrong
    before = np.where(strange, chance.integers(-1, 25, len(seen.rows)), seen.owner)
    after, states = sweep(seen.rows, before, TABLE, 2.0, seen.velocity, 6.0, 25.0)
    given_ = after >= 0
    pairs = np.column_stack((seen.rows[given_, 0], after[given_]))
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert len(states) == before.max() + 1
    assert all(np.isfinite(state.x).all() for state in states)


def test_a_row_of_nobody_is_given_to_nobody() -> None:
    """In a dense crowd a plot at the rim of an object's gate is likelier another's than its own."""
    chance = np.random.default_rng(4)
    seen = lattice(chance, 8, 1e3, looks=6)
    rows, owner = seen.rows.copy(), seen.owner.copy()
    strange = np.flatnonzero(rows[:, 0] == 4.0)[::3]
    rows[strange, 4] += 150.0  # metres of range, known to 30
    after, _ = sweep(rows, owner, TABLE, 2.0, seen.velocity, 10.0, 25.0)
    assert np.mean(after[strange] == owner[strange]) < 0.1
    rest = np.setdiff1d(np.arange(len(rows)), strange)
    assert np.mean(after[rest] == owner[rest]) > 0.9


def born(seen: Lattice) -> list[Record]:
    """Confirmed and numbered, as they begin."""
    found, _ = hatch(
        seen.rows, TABLE, 2.0, seen.velocity[None], float(seen.rows[-1, 0]), False, 4.0, Instant(0)
    )
    return [replace(record, number=k + 1, life=Life.CONFIRMED) for k, record in enumerate(found)]


def test_a_group_says_how_fast_its_members_fly() -> None:
    """By five looks each knows its velocity to some 130 m/s; all together to a few."""
    seen = lattice(np.random.default_rng(1), 7, 3e3, looks=5)
    told = agree(born(seen), TABLE)
    values = np.array([np.frombuffer(record.group) for record in told])
    places = np.array([np.frombuffer(record.start)[:3] for record in told])
    local = np.einsum("nij,nj->ni", frames(places), values[:, :3])
    late_s = values[:, 4] - seen.rows[-1, 0]
    truth = seen.velocity + np.outer(late_s, [0.0, 0.0, -9.2])  # free flight, 160 km up, a little curved
    known = values[:, 3] < 30.0  # but those with two plots
    assert known.mean() > 0.9
    assert np.linalg.norm(local - truth, axis=1)[known].max() < 60.0


def test_who_flies_otherwise_is_told_nothing() -> None:
    seen = lattice(np.random.default_rng(2), 7, 3e3, looks=5)
    records = born(seen)
    rows = rows_of(records[10].rows)
    rows[:, 4] += 400.0 * (rows[:, 0] - rows[0, 0])  # 400 m/s more along the sight
    records[10] = replace(records[10], rows=pack(rows))
    told = agree(records, TABLE)
    changed = [k for k, (a, b) in enumerate(zip(records, told, strict=True)) if a.group != b.group]
    assert 10 not in changed
    assert len(changed) > len(records) - 4


def test_who_is_alone_between_two_groups_keeps_neither_from_agreeing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two salvos on two courses, and a few objects on the course between them."""
    seen = []
    for seed, east, side in ((1, 3500.0, 5), (2, -3500.0, 5), (3, 0.0, 2)):
        monkeypatch.setattr(lattices, "VELOCITY", np.array([east, 1000.0, 2300.0]))
        seen.append(lattice(np.random.default_rng(seed), side, 3e3, looks=5, detected=1.0))
    records = [record for one in seen for record in born(one)]
    told = [np.frombuffer(record.group)[3] < 50.0 for record in agree(records, TABLE)]
    assert np.mean(told[:50]) > 0.9
    assert not any(told[50:])


@pytest.mark.parametrize("site", [0.0, 1.0, np.pi, 6.0])
def test_a_crowd_is_as_dense_wherever_north_lies(site: float) -> None:
    seen = lattice(np.random.default_rng(4), 6, 3e3, looks=3)
    turned = seen.rows.copy()
    turned[:, 5] = (turned[:, 5] - turned[:, 5].mean() + site) % (2.0 * np.pi)
    looks = looks_of(seen.rows, 2.0)
    assert stray_nats(turned, looks, TABLE) == pytest.approx(stray_nats(seen.rows, looks, TABLE), abs=1e-6)


@lru_cache(maxsize=4)
def grown(seed: int) -> tuple[list[Record], list[Record], Array]:
    """Objects of a lattice, each seen in about every second look, of whom no plot is another's: as they were
    born, as their group told them, and their true states (n, 7) at the first look.
    """
    seen = lattice(np.random.default_rng(seed), 7, 3e3, looks=9, detected=0.5)
    records = born(seen)
    told = agree(records, TABLE)
    pure = [k for k, record in enumerate(records) if len(owners_of(record, seen)) == 1]
    states = seen.states[[owners_of(records[k], seen).pop() for k in pure]]
    return [records[k] for k in pure], [told[k] for k in pure], states


def test_own_plots_claim_of_a_velocity_what_they_know() -> None:
    """Carried to the last of all starts: errors squared in sigmas are three on the mean."""
    found = []
    for seed in range(4):
        records, _, states = grown(seed)
        own = _own(records, TABLE)
        assert own is not None
        then = propagate_many(states[own.records], float(own.starts_s.max()))[:, 3:6]
        off = own.velocities - np.einsum("nij,nj->ni", own.frames, then)
        found += np.einsum("ni,nij,nj->n", off, own.information, off).tolist()
    assert 2.4 < np.mean(found) < 3.4


def test_what_a_group_says_holds_at_each_members_start() -> None:
    for seed in range(4):
        _, told, states = grown(seed)
        values = np.array([np.frombuffer(record.group) for record in told])
        then = [
            propagate_many(state[None], float(t))[0, 3:6]
            for state, t in zip(states, values[:, 4], strict=True)
        ]
        off = np.linalg.norm(values[:, :3] - np.array(then), axis=1)[values[:, 3] < 30.0]
        assert len(off) > 35
        assert np.median(off) < 25.0
        assert off.max() < 40.0


def test_rows_of_a_radar_that_fell_silent_do_not_wait_for_ever() -> None:
    """Plots in a crowd that show no common velocity: looked at again and again, a third of a processor."""
    chance, number, base = np.random.default_rng(1), 0, Instant(1_664_835_600_000_000_000)
    state = tracker.new_tracker(Nation.KOR, [SENSOR])
    for second in range(0, 30, 2):
        plots = []
        for _ in range(20 if second < 8 else 0):
            number += 1
            place = chance.uniform([490e3, 0.28, 0.38], [510e3, 0.32, 0.42])
            plots.append(Plot(SENSOR.id, number, after(base, second), RadarFix(*place.tolist())))
        state, _ = tracker.step(state, plots, after(base, second + 0.1))
        assert second != 8 or state.waiting
    assert not state.waiting
    assert not state.records


def owners_of(record: Record, seen: Lattice) -> set[int]:
    return {int(seen.owner[int(number)]) for number in rows_of(record.rows)[:, 3]}


def test_two_tracks_that_took_each_others_plots_get_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """While they are young: afterwards a track is known better than its plots."""
    seen = lattice(np.random.default_rng(3), 8, 1e3, looks=6)
    records = agree(born(seen), TABLE)
    apart = [record for record in records if record.plots >= 5][:2]
    one, two = (rows_of(record.rows) for record in apart)
    swapped = [np.concatenate((one[:2], two[2:])), np.concatenate((two[:2], one[2:]))]
    order = [records.index(record) for record in apart]
    wrong = list(records)
    for k, rows in zip(order, swapped, strict=True):
        wrong[k] = replace(records[k], rows=pack(rows), plots=len(rows))
    right, _ = regroup(wrong, np.empty((0, ROW)), TABLE, [2.0], STEP_S, Instant(0))
    assert [record.number for record in right] == [record.number for record in records]
    for k in order:
        assert len(owners_of(wrong[k], seen)) == 2
        assert len(owners_of(right[k], seen)) == 1
    monkeypatch.setattr("tocsin.track.regroup.YOUNG_S", 9.0)  # they were seen for ten seconds
    assert regroup(wrong, np.empty((0, ROW)), TABLE, [2.0], STEP_S, Instant(0))[0] == wrong


@pytest.mark.parametrize("stray", [False, True])
def test_a_track_that_has_no_plots_of_its_own_ends_and_its_rows_are_kept(stray: bool) -> None:
    """Each of its plots belongs to another one that was missed there; none begins a second track. A single
    one that is nobody's waits.
    """
    seen = lattice(np.random.default_rng(5), 8, 1e3, looks=6, detected=1.0)
    records = agree(born(seen), TABLE)
    victims = [k for k, record in enumerate(records) if record.plots == 6][:2]
    stolen = np.concatenate([rows_of(records[k].rows)[2 + j : 3 + j] for j, k in enumerate(victims)])
    wrong = list(records)
    for j, k in enumerate(victims):
        rows = np.delete(rows_of(records[k].rows), 2 + j, axis=0)
        wrong[k] = replace(records[k], rows=pack(rows), plots=5)
    if stray:
        lone = stolen[-1:] + np.array([[2.0, 0.0, 0.0, 1e4, 30e3, *[0.0] * 5]])
        stolen = np.concatenate((stolen, lone))
    wrong.append(replace(records[victims[0]], number=99, rows=pack(stolen), plots=len(stolen)))
    right, waiting = regroup(wrong, np.empty((0, ROW)), TABLE, [2.0], STEP_S, Instant(0))
    assert right[-1].life is Life.MERGED  # partners know it by its number
    assert [right[k].plots for k in victims] == [6, 6]
    assert len(waiting) == stray
    wrong[-1] = replace(wrong[-1], number=0)
    assert len(regroup(wrong, np.empty((0, ROW)), TABLE, [2.0], STEP_S, Instant(0))[0]) == len(records)


def test_of_too_many_the_rows_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = lattice(np.random.default_rng(3), 5, 1e3, looks=4)
    mixed = seen.owner[::-1].copy()
    monkeypatch.setattr("tocsin.track.sweep.MOST", 24)
    assert np.array_equal(sweep(seen.rows, mixed, TABLE, 2.0, seen.velocity, 6.0, 25.0)[0], mixed)
    monkeypatch.setattr("tocsin.track.sweep.MOST", 25)
    assert not np.array_equal(sweep(seen.rows, mixed, TABLE, 2.0, seen.velocity, 6.0, 25.0)[0], mixed)


def test_numbers_that_are_none_end_no_search_for_families() -> None:
    seen = lattice(np.random.default_rng(3), 4, 3e3, looks=4)
    records = agree(born(seen), TABLE)
    broken = np.frombuffer(records[0].group).copy()
    broken[:3] = np.nan
    records[0] = replace(records[0], group=pack(broken))
    with np.errstate(all="ignore"):
        kept, _ = regroup(records, np.empty((0, ROW)), TABLE, [2.0], (5.0, 20.0), Instant(0))
    assert len(kept) == len(records)


def beside(seen: Lattice) -> tuple[int, int]:
    """Two neighbours whose ranges differ least."""
    look = np.flatnonzero(seen.rows[:, 0] == 0.0)
    order = look[np.argsort(seen.owner[look])]
    k = int(np.argmin(np.abs(np.diff(seen.rows[order, 4]))))
    return int(seen.owner[order[k]]), int(seen.owner[order[k + 1]])


def test_a_neighbour_is_not_the_same_object_seen_again() -> None:
    """A track that missed two looks, and one that begins beside it then: both are kept."""
    seen = lattice(np.random.default_rng(7), 6, 1e3, looks=7, detected=1.0)
    one, two = beside(seen)
    old = next(record for record in agree(born(seen), TABLE) if owners_of(record, seen) == {one})
    rows = rows_of(old.rows)
    kept = update(replace(old, rows=b"", plots=0), rows[rows[:, 0] < 9.0], TABLE, Instant(0))
    late = np.ascontiguousarray(seen.rows[(seen.owner == two) & (seen.rows[:, 0] > 9.0)])
    begun = hatch(late, TABLE, 2.0, seen.velocity[None], 12.0, False, 4.0, Instant(0))[0][0]
    begun = replace(begun, confirmed_ns=Instant(1), life=Life.CONFIRMED)
    crib = Crib(np.empty((0, ROW)), np.zeros(1), TABLE, [SENSOR], Instant(0))
    for new, numbers in ((begun, [kept.number, 0]), (replace(begun, group=b""), [kept.number])):
        scene = Scene([kept, new], Fleet(), np.empty((0, ROW)), crib, TABLE, [SENSOR], Instant(0), Instant(0))
        join(scene)
        assert [record.number for record in scene.records] == numbers  # outside a group it would be


def test_what_a_group_said_holds_in_free_flight_too() -> None:
    """After six looks its own plots know a velocity to some 90 m/s."""
    seen = lattice(np.random.default_rng(7), 7, 3e3, looks=6, detected=1.0)
    record = agree(born(seen), TABLE)[20]
    coasting = replace(record, phase=Phase.COAST, rows=b"", plots=0)
    told = estimate(update(coasting, rows_of(record.rows), TABLE, Instant(0)))[0]
    own = estimate(update(replace(coasting, group=b""), rows_of(record.rows), TABLE, Instant(0)))[0]
    assert np.sqrt(np.trace(told.p[3:6, 3:6])) < 30.0
    assert np.sqrt(np.trace(own.p[3:6, 3:6])) > 60.0

"""Plots that several objects may have made: probabilities against trying every way, the estimate against the
sum over what each plot would have made of it, and objects that cross.
"""

from itertools import permutations

import msgspec
import numpy as np
import pytest
from crossings import LOOKS, PERIOD_S, TABLE, Crossing, begun, known, run, seen
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.bench.crowd import BASE
from tocsin.earth.flight import propagate_many
from tocsin.model.time import after
from tocsin.model.track import Life, Plot
from tocsin.track import tracker
from tocsin.track.associate import GATES, assign, dense
from tocsin.track.fleet import Flock, refiltered
from tocsin.track.fleet_kernels import ANCHOR, HEAD, mix
from tocsin.track.gate_kernels import joint
from tocsin.track.kernels import measure
from tocsin.track.rows import row_table, rows_of
from tocsin.track.shares import LEAST, MOST, price, shares

Array = NDArray[np.float64]
DEAR = 20.0


def enumerated(odds: Array) -> Array:
    """Probabilities of pairs, over every way of giving tracks (rows) plots (columns)."""
    tracks, plots = odds.shape
    nothing = [-1] * tracks
    ways = set(permutations([*range(plots), *nothing], tracks))
    total, parts = 0.0, np.zeros_like(odds)
    for way in ways:
        taken = [(i, j) for i, j in enumerate(way) if j >= 0]
        weight = float(np.prod([odds[i, j] for i, j in taken]))
        total += weight
        for i, j in taken:
            parts[i, j] += weight
    return parts / total


tables = st.integers(1, 4).flatmap(
    lambda plots: st.lists(
        st.lists(st.sampled_from([0.0, 1e-6, 0.3, 1.0, 7.0, 1e5]), min_size=plots, max_size=plots),
        min_size=1,
        max_size=4,
    )
)


@given(tables)
def test_probabilities_are_those_of_all_ways_together(rows: list[list[float]]) -> None:
    odds, parts = np.array(rows), np.empty((len(rows), len(rows[0])))
    joint(odds, parts)
    assert parts == pytest.approx(enumerated(odds), rel=1e-9, abs=1e-12)


costs = st.lists(
    st.lists(st.one_of(st.none(), st.floats(0.0, 25.0)), min_size=9, max_size=9), min_size=2, max_size=9
)


@given(costs, st.lists(st.booleans(), min_size=9, max_size=9))
@example([[float(abs(i - j)) for j in range(9)] for i in range(9)], [True] * 9)
def test_shares_are_parts_of_assigned_plots_in_small_groups(
    rows: list[list[float | None]], may: list[bool]
) -> None:
    found = dense(np.array([[np.inf if c is None else c for c in row] for row in rows]))
    pairs = assign(found)
    groups = shares(found, pairs, np.array(may[: len(rows)]), DEAR)
    tracks = [sorted({share.track for share in group}) for group in groups]
    assert all(len(group) <= MOST for group in tracks)
    assert len({t for group in tracks for t in group}) == sum(map(len, tracks))
    allowed = {t: p for t, p in pairs if may[t]}
    for group in groups:
        own = {(share.track, allowed[share.track]) for share in group}
        assert own <= {(share.track, share.plot) for share in group}
        assert {share.plot for share in group} <= {plot for _, plot in own}
        assert all(share.part >= LEAST or (share.track, share.plot) in own for share in group)
        for k in (0, 1):
            sums = np.bincount([share[k] for share in group], [share.part for share in group])
            assert sums.max() <= 1.0 + 1e-9


def test_only_what_is_unsure_is_shared() -> None:
    """Two that could exchange their plots, two far apart, and one that has a plot of its own."""
    table = np.full((5, 5), np.inf)
    table[:2, :2] = ((1.0, 2.0), (3.0, 1.5))
    table[2:4, 2:4] = ((1.0, 16.0), (19.0, 2.0))
    table[4, 4] = 3.0
    found = dense(table)
    (group,) = shares(found, assign(found), np.ones(5, dtype=np.bool_), DEAR)
    assert sorted((share.track, share.plot) for share in group) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    swapped = np.exp(-0.5 * (2.0 + 3.0 - 1.0 - 1.5))
    assert group[0].part == pytest.approx(1.0 / (1.0 + swapped), abs=0.01)
    assert shares(found, assign(found), np.zeros(5, dtype=np.bool_), DEAR) == []


def by_table(table: Array, may: list[bool] | None = None) -> list[dict[tuple[int, int], float]]:
    found = dense(table)
    groups = shares(found, assign(found), np.array(may or [True] * len(table)), DEAR)
    return [{share[:2]: share.part for share in group} for group in groups]


@pytest.mark.parametrize(
    "table",
    [
        [[1.0, 2.0], [3.0, 1.5]],
        [[1.0, np.inf], [1.2, 19.5]],  # the first is left with none if the second takes its plot
        [[1.0], [3.0]],  # the second was not seen, but may have made the plot
        [[1.0, 2.0, 9.0], [3.0, 1.5, np.inf], [4.0, np.inf, 2.0]],
    ],
)
def test_shares_are_the_probabilities_of_all_ways(table: list[list[float]]) -> None:
    costs = np.array(table)
    (group,) = by_table(costs)
    parts = enumerated(np.exp(0.5 * (DEAR - costs)))
    seen = {track for track, _ in assign(dense(costs))}
    wanted = {(t, p): part for (t, p), part in np.ndenumerate(parts) if t in seen and part >= LEAST}
    assert group == pytest.approx(wanted)


def test_an_exchange_below_odds_of_two_hundred_is_none() -> None:
    assert by_table(np.array([[1.0, 7.0], [7.0, 1.0]])) == []
    (group,) = by_table(np.array([[1.0, 6.0], [6.0, 1.0]]))
    assert len(group) == 4


def test_who_may_take_no_part_changes_nothing() -> None:
    table = np.array([[1.0, 2.0, np.inf], [3.0, 1.5, 2.0], [1.2, 1.1, 1.0]])
    assert by_table(table, [True, True, False]) == by_table(table[:2, :2])


def test_a_group_that_is_too_large_is_cut_where_it_costs_least() -> None:
    """Seven in a row, of which the last two are the nearest."""
    table = np.full((7, 7), np.inf)
    for i in range(7):
        table[i, i] = 1.0
        for j in {i - 1, i + 1} & set(range(7)):
            table[i, j] = 1.25 if min(i, j) == 5 else 2.0
    groups = [sorted({track for track, _ in group}) for group in by_table(table)]
    assert groups == [[0, 1, 2, 3, 4], [5, 6]]
    assert [len({track for track, _ in group}) for group in by_table(table[:6, :6])] == [6]


def test_a_pair_at_its_price_is_as_likely_as_a_miss_and_a_false_plot() -> None:
    """Ten false plots a hundred gates: in one gate's room of a known spot 0.1, and one look in ten misses."""
    row = np.array([0.0, 0.0, 0.0, 1.0, 1e6, 0.7, 0.4, np.nan, 0.0, 0.0])
    sigmas = TABLE[0, :3]
    room = 4.0 / 3.0 * np.pi * GATES[2] ** 1.5 * np.prod(sigmas)
    density = (2.0 * np.pi) ** -1.5 * np.exp(-0.5 * price(row, TABLE[0]))
    assert 0.9 * density == pytest.approx(0.1 * 0.1 / room)
    row[7] = -900.0
    room = 0.5 * np.pi**2 * GATES[3] ** 2.0 * np.prod(TABLE[0, :4])
    density = (2.0 * np.pi) ** -2.0 * np.exp(-0.5 * price(row, TABLE[0]))
    assert 0.9 * density == pytest.approx(0.1 * 0.1 / room)
    row[1] = 1.0
    density = (2.0 * np.pi) ** -1.0 * np.exp(-0.5 * price(row, TABLE[0]))
    assert 0.9 * density == pytest.approx(0.1 * 0.1 / (np.pi * GATES[1] * TABLE[0, 4] ** 2))


STARTS, P = begun(Crossing(0.0, 30.0))


def rows_at(time_s: float, chance: np.random.Generator, count: int = 2) -> Array:
    """Rows near the first object, a little apart in time."""
    truth = propagate_many(STARTS[:1], time_s)
    plots = [plot for k in range(30) for plot in seen(truth, k, 0.0, chance)][:count]
    rows = row_table([(plot, 0) for plot in plots], BASE)
    rows[:, 0] = time_s + 0.01 * np.arange(count)
    rows[:, 3] = 1_000 * time_s + np.arange(count)
    return rows


@given(st.integers(0, 10**6), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_a_shared_look_is_the_mean_and_spread_of_what_each_row_would_make(seed: int, count: int) -> None:
    """Against updates in matrices, at one time."""
    chance = np.random.default_rng(seed)
    rows = rows_at(0.0, chance, count)
    rows[:, 0] = 0.0
    parts = chance.dirichlet(np.ones(count + 1))
    states, covs = [STARTS[0]], [P]
    for row in rows:
        z, h, r = np.empty(4), np.zeros((4, 6)), np.empty(4)
        measure(row, TABLE[0], STARTS[0, :3].copy(), STARTS[0, 3:6].copy(), z, h, r)
        jac = np.hstack((h[:3], np.zeros((3, 1))))
        gain = P @ jac.T @ np.linalg.inv(jac @ P @ jac.T + np.diag(r[:3]))
        states.append(STARTS[0] + gain @ z[:3])
        covs.append(P - gain @ jac @ P)
    mean = parts @ np.array(states)
    spread = sum(w * (p + np.outer(x - mean, x - mean)) for w, x, p in zip(parts, states, covs, strict=True))
    x, p = STARTS[0].copy(), P.copy()
    _, numbers = mix(
        x, p, rows, TABLE, np.column_stack((parts[1:], np.zeros(count))), 0.05, np.empty((22, 7))
    )
    assert numbers == pytest.approx(3.0 * (1.0 - parts[0]))
    scale = np.sqrt(np.diag(P))
    assert (x - mean) / scale == pytest.approx(np.zeros(7), abs=1e-4)
    assert (p - spread) / np.outer(scale, scale) == pytest.approx(np.zeros((7, 7)), abs=1e-4)


def stream(seed: int) -> list[tuple[NDArray[np.int64], Array, Array]]:
    """Looks of two slots, every other one shared: slots, rows and shares."""
    chance, found = np.random.default_rng(seed), []
    for look in range(1, 25):
        time_s = 2.0 * look
        rows = rows_at(time_s, chance)
        if look % 2:
            found.append((np.arange(2), rows, np.column_stack((np.ones(2), rows[:, 0]))))
            continue
        part = chance.uniform(0.1, 0.9)
        parts = np.array([part, 1.0 - part, 1.0 - part, part])
        shared = np.column_stack((parts, np.full(4, time_s)))
        found.append((np.array([0, 0, 1, 1]), np.concatenate((rows, rows)), shared))
    return found


def through(batches: list[tuple[NDArray[np.int64], Array, Array]]) -> Flock:
    state = known(STARTS[:2] * 1.0, P)
    flock = Flock(state.fleet, 1)
    for slots, rows, parts in batches:
        flock.take(slots, rows, TABLE, parts)
        flock = Flock(flock.packed(), 1)
    return flock


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_shared_looks_in_any_order_end_in_the_same_bits(seed: int) -> None:
    """A third of the looks comes up to 9 s late, rows of a look in any order."""
    looks, chance = stream(5), np.random.default_rng(seed)
    arrival = [
        2.0 * k + (chance.uniform(0.0, 9.0) if chance.random() < 0.3 else 0.0) for k in range(len(looks))
    ]
    mixed = []
    for k in np.argsort(arrival):
        order = chance.permutation(len(looks[k][0]))
        mixed.append((looks[k][0][order], looks[k][1][order], looks[k][2][order]))
    straight, late = through(looks), through(mixed)
    for name in ("times", "x", "p"):
        assert np.array_equal(getattr(straight, name)[:, HEAD], getattr(late, name)[:, HEAD])
    assert straight.plots.tolist() == late.plots.tolist() == [30 + 24] * 2


def test_who_leaves_the_fleet_takes_one_row_of_each_look() -> None:
    state, flock = known(STARTS, P), through(stream(6))
    for slot, record in enumerate(state.records):
        rows = flock.rows_of(record.number)
        assert len(np.unique(rows[:, 0])) == len(rows)
        assert np.all(np.diff(rows[:, 0]) > 1.0)
        assert rows[0, 0] <= flock.times[slot, ANCHOR] + 2.5
        whole = flock.release(record, BASE)
        again = refiltered(whole, rows_of(whole.rows), TABLE)
        assert again is not None


def test_objects_that_cross_are_kept_apart_and_known_as_well_as_said() -> None:
    """With every plot given out whole: 0.71, 12.4 and 462 m."""
    passed = [run(Crossing(0.0, 30.0), seed) for seed in range(12)]
    assert np.mean([one.kept for one in passed]) > 0.85
    assert np.mean(np.concatenate([one.nees for one in passed])) < 9.0
    assert np.sqrt(np.mean(np.concatenate([one.off_m for one in passed]) ** 2)) < 400.0


def follow(by_look: list[list[Plot]]) -> bytes:
    state, shared = known(STARTS, P), 0
    for look, plots in enumerate(by_look, 1):
        state, _ = tracker.step(state, plots, after(BASE, PERIOD_S * look + 1.9))
        shared += len(state.fleet.shares) > 0
    assert shared > LOOKS // 2
    return msgspec.json.encode(state, order="deterministic")


CHANCE = np.random.default_rng(2)
SEEN = [seen(propagate_many(STARTS, PERIOD_S * k), k, 0.3, CHANCE) for k in range(1, LOOKS + 1)]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=4, deadline=None)
def test_a_crossing_is_the_same_in_any_order_and_with_duplicates(seed: int) -> None:
    chance, mixed = np.random.default_rng(seed), []
    for k, plots in enumerate(SEEN):
        doubled = [*plots, *plots[:1], *(SEEN[k - 1] if k and chance.random() < 0.3 else [])]
        mixed.append([doubled[i] for i in chance.permutation(len(doubled))])
    assert follow(mixed) == follow(SEEN)


@pytest.mark.parametrize("seed", range(4))
def test_an_object_that_has_gone_does_not_live_on_its_neighbour_s_plots(seed: int) -> None:
    """Two that fly together, one of which ends: who misses a look takes no part of the other's plot."""
    chance = np.random.default_rng(seed)
    starts, p = begun(Crossing(0.0, 10.0))
    state = known(starts + chance.standard_normal(starts.shape) @ np.linalg.cholesky(p).T, p)
    lives: set[Life] = set()
    for look in range(1, 46):
        truth = propagate_many(starts, PERIOD_S * look)[: 2 if look <= 20 else 1]
        state, tracks = tracker.step(
            state, seen(truth, look, 0.0, chance), after(BASE, PERIOD_S * look + 1.9)
        )
        lives |= {track.life for track in tracks if look > 20}
    assert Life.COASTING in lives

"""Crowds that one nation parts and others do not: every source at its object by the whole pattern, nothing
counted twice, nobody hidden that only one nation sees.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, Life, ObjectClass, Phase, Tracklet
from tocsin.track import fuse
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.pattern import Side, fitted
from tocsin.track.rows import triangle

START = Instant(1_664_835_600_000_000_000)
LABEL = {n: Label(Plane.TEST, frozenset((n,)), frozenset(Nation)) for n in Nation}
KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
EAST_M = np.array([-0.74, -0.67, 0.0])  # about east there
Steps = list[list[Tracklet]]


def lattice(side: int, spacing_m: float) -> np.ndarray:
    """States (side^2, 7) of a square lattice, rows to the east and to the north."""
    rad = float(np.radians(40.5)), float(np.radians(132.0))
    basis = enu_basis(*rad)
    steps = spacing_m * np.arange(side)
    local = np.array([[a, b, 0.0] for a in steps for b in steps])
    places = geodetic_to_ecef(*rad, 250e3) + local @ basis
    speed = np.broadcast_to(basis.T @ np.array([3500.0, 600.0, 2500.0]), places.shape)
    return np.column_stack((places, speed, np.full(len(places), LN_BETA_MEAN)))


def told(
    nation: Nation,
    states: np.ndarray,
    who: Iterable[int],
    age_s: float,
    sigma_m: float,
    shift_m: float = 0.0,
    life: Life = Life.CONFIRMED,
) -> list[Tracklet]:
    """A nation's tracklets of some objects of a lattice, all shifted to the east; errors stay as they are."""
    moved = propagate_many(states, age_s)
    found = []
    for k in who:
        chance = np.random.default_rng([k, *nation.encode()])
        x = moved[k].copy()
        x[:3] += shift_m * EAST_M + sigma_m * chance.standard_normal(3)
        x[3:6] += 2.0 * chance.standard_normal(3)
        p = np.diag([*[sigma_m**2] * 3, *[4.0] * 3, LN_BETA_SIGMA**2])
        now = after(START, age_s)
        found.append(
            Tracklet(
                origin=nation,
                track_id=f"{nation}-{k}",
                sequence=round(age_s),
                life=life,
                phase=Phase.COAST,
                kind=ObjectClass.BALLISTIC,
                state=EcefState(now, tuple(x.tolist()), triangle(p)),
                first_ns=START,
                last_ns=now,
                label=LABEL[nation],
            )
        )
    return found


def folded(steps: Sequence[Sequence[Tracklet]]) -> tuple[fuse.FusionState, tuple[FusedTrack, ...]]:
    """Fusion in the United States over batches, 2 s apart."""
    state = fuse.new_fusion(USA)
    out: tuple[FusedTrack, ...] = ()
    for i, batch in enumerate(steps):
        state, out = fuse.step(state, (), batch, after(START, 2.0 * (i + 1)))
    return state, out


def over(seconds: Iterable[float], batch: Callable[[float], list[Tracklet]]) -> Steps:
    """A batch for each second."""
    return [batch(age_s) for age_s in seconds]


def objects(track: FusedTrack) -> set[str]:
    """Which objects its sources are of."""
    return {member.track_id.split("-")[1] for member in track.members}


def test_a_nation_shifted_by_most_of_a_place_finds_its_objects() -> None:
    """By place alone the neighbour is nearer for each, and a row at each edge is left over."""
    sky = lattice(6, 1_000.0)
    steps = over(
        range(2, 30, 2),
        lambda t: [
            *told(KOR, sky, range(36), t, 100.0),
            *(told(JPN, sky, range(36), t, 150.0, 800.0) if t > 8 else []),
        ],
    )
    out = folded(steps)[1]
    assert len(out) == 36
    assert all(len(track.members) == 2 and len(objects(track)) == 1 for track in out)


@pytest.mark.parametrize("seed", range(4))
def test_a_shift_is_told_from_a_neighbour_by_the_edges_though_some_are_missing(seed: int) -> None:
    chance = np.random.default_rng(seed)
    places = lattice(8, 1_000.0)[:, :3]
    shift = chance.uniform(600.0, 900.0) * EAST_M
    seen = np.flatnonzero(chance.random(64) < 0.95)
    errors = 150.0 * chance.standard_normal((2, 64, 3))
    best = Side(
        tuple((KOR, f"{k}") for k in range(64)), places + errors[0], np.array([150.0**2 * np.eye(3)] * 64)
    )
    other = Side(
        tuple((JPN, f"{k}") for k in seen),
        (places + errors[1] + shift)[seen],
        np.array([150.0**2 * np.eye(3)] * len(seen)),
    )
    found = fitted(other, best, np.full(len(seen), -1))
    assert np.mean(found.places == seen) > 0.95
    assert float(np.linalg.norm(found.shift - shift)) < 150.0


def test_who_cannot_part_a_crowd_adds_nothing_to_it() -> None:
    """The state is the speaker's alone, so that no shift and no neighbour's error is in it."""
    sky = lattice(5, 1_000.0)
    steps = over(
        range(2, 20, 2),
        lambda t: [*told(KOR, sky, range(25), t, 150.0), *told(JPN, sky, range(25), t, 500.0, 800.0)],
    )
    state, out = folded(steps)
    alone = {source.track_id: source.state for source in state.sources if source.origin is KOR}
    assert len(out) == 25
    for track in out:
        (korean,) = (member.track_id for member in track.members if member.nation is KOR)
        assert track.state == alone[korean]
        assert track.sources == (JPN, KOR)


def test_what_is_left_over_in_a_crowd_waits_and_more_of_it_does_not() -> None:
    """Two doubles of a nation that parts nothing are no objects; five that the other one lacks are."""
    sky = lattice(5, 1_000.0)

    def batch(t: float, seen: int, doubles: int) -> list[Tracklet]:
        more = [
            replace(track, track_id=f"JPN-{100 + k}")
            for k, track in enumerate(told(JPN, sky, range(12, 12 + doubles), t, 300.0, 300.0))
        ]
        return [*told(KOR, sky, range(seen), t, 100.0), *told(JPN, sky, range(25), t, 300.0), *more]

    state, out = folded(over(range(2, 24, 2), lambda t: batch(t, 25, 2)))
    assert (len(out), len(state.waiting)) == (25, 2)
    state, out = folded(over(range(2, 24, 2), lambda t: batch(t, 20, 0)))
    assert (len(out), len(state.waiting)) == (25, 0)


def test_the_quiet_ones_speak_when_the_speaker_is_gone() -> None:
    sky = lattice(4, 1_000.0)
    both = over(
        range(2, 12, 2),
        lambda t: [*told(KOR, sky, range(16), t, 100.0), *told(JPN, sky, range(16), t, 300.0, 600.0)],
    )
    lost = [replace(t, sequence=99) for t in told(KOR, sky, range(16), 10.0, 100.0, life=Life.LOST)]
    gone = over(
        range(12, 24, 2),
        lambda t: [*(lost if t == 12 else []), *told(JPN, sky, range(16), t, 300.0, 600.0)],
    )
    before, out = folded(both)[1], folded([*both, *gone])[1]
    silent = fuse.silent(folded(both)[0])
    assert {(s.origin, s.track_id) for s in silent} == {
        (JPN, s.track_id) for s in both[-1] if s.origin is JPN
    }
    assert fuse.silent(folded([*both, *gone])[0]) == ()
    assert [track.id for track in out] == [track.id for track in before]
    assert all(track.life is Life.CONFIRMED for track in out)
    states = {s.track_id: s.state for s in folded([*both, *gone])[0].sources if s.origin is JPN}
    assert all(track.state in states.values() for track in out)


def test_who_comes_later_and_sees_better_takes_over_and_numbers_stay() -> None:
    sky = lattice(5, 1_000.0)
    steps = over(
        range(2, 24, 2),
        lambda t: [
            *told(JPN, sky, range(25), t, 350.0, 700.0),
            *(told(KOR, sky, range(25), t, 100.0) if t > 10 else []),
        ],
    )
    first, out = folded(steps[:4])[1], folded(steps)[1]
    assert {track.id for track in out} == {track.id for track in first}
    assert sum(len(objects(track)) == 1 for track in out) >= 20
    korean = {s.track_id: s.state for s in folded(steps)[0].sources if s.origin is KOR}
    assert all(track.state in korean.values() for track in out)


def test_nobody_leaves_the_picture_without_a_word() -> None:
    """A nation that cannot part the crowd tells of doubles first; who can comes later, and they wait."""
    sky = lattice(5, 1_000.0)
    state, shown, words = fuse.new_fusion(USA), set[str](), 0
    for t in range(2, 24, 2):
        doubles = [
            replace(track, track_id=f"JPN-{100 + k}")
            for k, track in enumerate(told(JPN, sky, range(12, 14), t, 350.0, 300.0))
        ]
        sharp = told(KOR, sky, range(25), t, 100.0) if t > 8 else []
        came = [*told(JPN, sky, range(25), t, 350.0, 300.0), *doubles, *sharp]
        state, out = fuse.step(state, (), came, after(START, float(t)))
        lives = {track.id: track.life for track in out}
        assert len(lives) == len(out)
        assert shown <= lives.keys()
        words += sum(life is Life.MERGED for life in lives.values())
        shown = {name for name, life in lives.items() if life in (Life.CONFIRMED, Life.COASTING)}
    assert words > 0
    assert state.waiting


def test_objects_that_place_can_tell_are_fused_as_ever() -> None:
    sky = lattice(4, 2_800.0)
    steps = over(
        range(2, 12, 2),
        lambda t: [*told(KOR, sky, range(16), t, 100.0), *told(JPN, sky, range(16), t, 100.0)],
    )
    state, out = folded(steps)
    assert not any(body.quiet for body in state.bodies)
    assert all(np.sqrt(track.state.p[0]) < 75.0 for track in out)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_in_a_crowd_too_order_and_repetition_change_nothing(seed: int) -> None:
    chance = np.random.default_rng(seed)
    sky = lattice(4, 1_000.0)
    steps = over(
        range(2, 14, 2),
        lambda t: [*told(KOR, sky, range(16), t, 100.0), *told(JPN, sky, range(15), t, 300.0, 700.0)],
    )
    mixed: Steps = []
    for i, batch in enumerate(steps):
        old = [share for share in steps[i - 1] if i and chance.random() < 0.3]
        doubled = [*batch, *old, *(share for share in batch if chance.random() < 0.3)]
        mixed.append([doubled[j] for j in chance.permutation(len(doubled))])
    assert msgspec.json.encode(folded(mixed)[0]) == msgspec.json.encode(folded(steps)[0])

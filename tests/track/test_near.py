"""Which tracks are compared: none is left out that a gate would let pass, and work grows with the tracks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from test_fuse import START, flying, tracklet

from tocsin.earth.flight import propagate
from tocsin.model.label import Nation
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, Life, Phase, Tracklet
from tocsin.track import fuse, match
from tocsin.track.body import moved
from tocsin.track.motion import distance2
from tocsin.track.near import NEAREST, STALE_S, close

GATE = 60.0
MANY = 60


def crowd(nation: Nation, age_s: float, west_deg: float, sequence: int = 1) -> list[Tracklet]:
    return [
        tracklet(nation, n, sequence, age_s, lon_deg=west_deg + 0.1 * n, phase=Phase.COAST)
        for n in range(MANY)
    ]


def compared(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Pairs whose states are looked at from now on."""
    pairs: list[object] = []
    whole = match._apart

    def counted(one: Tracklet | FusedTrack, other: FusedTrack) -> tuple[float, float]:
        pairs.append(one)
        return whole(one, other)

    monkeypatch.setattr(match, "_apart", counted)
    return pairs


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 3e4))
def test_who_is_within_the_gate_is_told(seed: int, wide_m: float) -> None:
    chance = np.random.default_rng(seed)
    tracks = []
    for n in range(12):
        age_s = float(chance.uniform(0.0, 5.0))
        one = tracklet(Nation.KOR, n, 1, age_s)
        x = propagate(flying(), age_s) + np.append(chance.normal(0.0, wide_m, 3), np.zeros(4))
        tracks.append(replace(one, state=replace(one.state, x=tuple(x.tolist()))))
    told = set(close(tracks, after(START, 5.0), GATE))
    for i, one in enumerate(tracks):
        for j, other in enumerate(tracks[:i]):
            epoch = max(one.state.epoch_ns, other.state.epoch_ns)
            if distance2(moved(one, epoch), moved(other, epoch))[0] < GATE:
                assert (j, i) in told


@pytest.mark.parametrize("phase", [Phase.COAST, Phase.BOOST])
def test_one_that_was_heard_of_long_ago_is_told_with_its_own_object(phase: Phase) -> None:
    age_s = 2.0 * STALE_S
    fresh = crowd(Nation.USA, age_s, 130.0)
    old = replace(tracklet(Nation.KOR, 1, 1, 0.0, lon_deg=133.0), phase=phase)
    pairs = [pair for pair in close([old, *fresh], after(START, age_s), GATE) if 0 in pair]
    assert len(pairs) <= NEAREST
    if phase is Phase.COAST:
        assert (0, 31) in pairs


def test_a_clock_that_is_ahead_makes_nobody_old() -> None:
    now = after(START, 5.0)
    tracks = crowd(Nation.USA, 5.0, 130.0) + crowd(Nation.KOR, 5.0, 130.0)
    without = close(tracks, now, GATE)
    ahead = tracklet(Nation.JPN, 1, 1, 5.0)
    ahead = replace(ahead, state=replace(ahead.state, epoch_ns=Instant(now + 3600 * 10**9)))
    assert [pair for pair in close([*tracks, ahead], now, GATE) if len(tracks) not in pair] == without
    assert len(without) >= MANY


def test_bodies_are_not_compared_all_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    state, out = fuse.step(fuse.new_fusion(Nation.JPN), (), crowd(Nation.USA, 5.0, 125.0), after(START, 6.0))
    assert len(out) == MANY
    pairs = compared(monkeypatch)
    fuse.step(state, (), crowd(Nation.USA, 6.0, 125.0, 2), after(START, 7.0))
    assert len(pairs) < 2 * MANY


def test_a_second_nations_sources_are_not_compared_with_all_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A salvo of 200 that another nation saw all at once held the hall for eight seconds."""
    state, _ = fuse.step(fuse.new_fusion(Nation.JPN), (), crowd(Nation.USA, 5.0, 125.0), after(START, 5.0))
    pairs = compared(monkeypatch)
    _, out = fuse.step(state, (), crowd(Nation.KOR, 5.0, 125.0), after(START, 6.0))
    assert [len(track.members) for track in out] == [2] * MANY
    assert MANY <= len(pairs) < 8 * MANY


@pytest.mark.parametrize("phase", [Phase.COAST, Phase.BOOST])
def test_what_was_cut_off_is_not_compared_with_all_in_every_step(
    monkeypatch: pytest.MonkeyPatch, phase: Phase
) -> None:
    """Two hundred objects that only a partner had seen before its line was cut: nine seconds a step."""
    old = [replace(one, phase=phase) for one in crowd(Nation.KOR, 5.0, 130.0)]
    state, _ = fuse.step(fuse.new_fusion(Nation.JPN), (), old, after(START, 5.0))
    state, _ = fuse.step(state, (), crowd(Nation.USA, 85.0, 140.0), after(START, 85.0))
    pairs = compared(monkeypatch)
    _, out = fuse.step(state, (), crowd(Nation.USA, 86.0, 140.0, 2), after(START, 86.0))
    assert len(pairs) < 8 * MANY
    assert sum(track.life is Life.CONFIRMED for track in out) == MANY

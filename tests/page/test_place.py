"""Places against pymap3d and against the flight itself: measured, predicted, passed, unseen."""

from __future__ import annotations

import msgspec
import numpy as np
import pymap3d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_picture import BURNOUT_S, LAUNCHED, arc, burnout7, picture, unseen

from tocsin.earth import flight
from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import Life, Phase
from tocsin.page.place import PREDICT_AFTER_S, Basis, Place, places_of
from tocsin.page.view import Mark, view_of

LAST_S = 480.0
IMPACT_S = seconds_between(LAUNCHED, arc()[-1].time_ns)


def lost_at(t_s: float) -> Picture:
    """Last seen LAST_S after launch; the clock has run on."""
    return unseen(picture(Nation.JPN, LAST_S, air=2), t_s)


def fused_place(shown: Picture, impacts: dict[str, Instant] | None = None) -> Place:
    return places_of(shown.fused[:1], shown.now_ns, impacts or {})[0]


def marks(shown: Picture, layer: str) -> list[Mark]:
    return [mark for mark in view_of(shown).marks if mark.layer == layer and mark.kind != "air"]


def test_what_was_just_seen_is_measured() -> None:
    place = fused_place(lost_at(LAST_S + PREDICT_AFTER_S))
    assert place.basis is Basis.MEASURED
    assert place.seen is None
    assert fused_place(lost_at(LAST_S + PREDICT_AFTER_S + 0.1)).basis is Basis.PREDICTED


def test_predicted_place_is_on_the_flight_at_now() -> None:
    place = fused_place(lost_at(740.0))
    x = flight.propagate(burnout7(), 740.0 - BURNOUT_S)
    lat, lon, alt = (float(value) for value in pymap3d.ecef2geodetic(*x[:3]))
    assert place.basis is Basis.PREDICTED
    assert (place.lat, place.lon) == pytest.approx((lat, lon), abs=2e-4)
    assert place.alt == pytest.approx(alt / 1e3, abs=0.02)
    assert place.speed == pytest.approx(np.linalg.norm(x[3:6]) / 1e3, abs=2e-3)
    before = flight.propagate(burnout7(), LAST_S - BURNOUT_S)
    seen = [float(value) for value in pymap3d.ecef2geodetic(*before[:3])]
    assert place.seen == pytest.approx((seen[0], seen[1], seen[2] / 1e3), abs=0.01)


def test_predicted_sigma_is_that_of_many_flights() -> None:
    shown = lost_at(740.0)
    track = shown.fused[0]
    sigma_m = np.array([300.0, 300.0, 300.0, 3.0, 3.0, 3.0, 0.0])
    p = np.diag(sigma_m**2)[np.triu_indices(7)]
    state = msgspec.structs.replace(track.state, p=tuple(p.tolist()))
    track = msgspec.structs.replace(track, state=state)
    place = places_of([track], shown.now_ns, {})[0]
    many = np.array(state.x) + np.random.default_rng(3).normal(size=(4_000, 7)) * sigma_m
    ends = flight.propagate_many(many, 740.0 - LAST_S)[:, :3]
    assert place.sigma_km == pytest.approx(np.sqrt(ends.var(axis=0).sum()) / 1e3, rel=0.05)
    assert place.sigma_km > 0.8  # 0.52 when it was measured


def test_after_the_predicted_impact_no_place_is_given() -> None:
    shown = lost_at(IMPACT_S + 1.0)
    for layer in ("fused", "own", "partner"):  # own and partners' by their own fall, nobody assessed them
        for mark in marks(shown, layer):
            assert mark.basis == Basis.PASSED
            assert (mark.lat, mark.lon, mark.alt, mark.speed) == (None, None, None, None)
            assert mark.seen is not None
    assert marks(lost_at(IMPACT_S - 2.0), "fused")[0].basis == Basis.PREDICTED


def test_an_earlier_assessed_impact_ends_the_prediction() -> None:
    shown = lost_at(740.0)
    assert fused_place(shown, {"JPN-F1": after(LAUNCHED, 739.0)}).basis is Basis.PASSED
    assert fused_place(shown, {"JPN-F1": after(LAUNCHED, 741.0)}).basis is Basis.PREDICTED


@pytest.mark.parametrize("phase", [Phase.BOOST, Phase.UNKNOWN])
def test_without_free_flight_nothing_is_predicted(phase: Phase) -> None:
    shown = lost_at(600.0)
    track = msgspec.structs.replace(shown.fused[0], phase=phase)
    place = places_of([track], shown.now_ns, {})[0]
    assert place.basis is Basis.UNSEEN
    assert (place.lat, place.lon, place.alt) == place.seen
    followed = msgspec.structs.replace(track, life=Life.CONFIRMED)
    assert places_of([followed], shown.now_ns, {})[0].basis is Basis.MEASURED


def test_a_merged_name_is_carried_nowhere() -> None:
    shown = lost_at(600.0)
    track = msgspec.structs.replace(shown.fused[0], life=Life.MERGED)
    place = places_of([track], shown.now_ns, {})[0]
    assert (place.basis, (place.lat, place.lon, place.alt)) == (Basis.UNSEEN, place.seen)


def test_what_was_seen_to_come_down_and_air_traffic_stay_where_they_were() -> None:
    shown = lost_at(600.0)
    down = msgspec.structs.replace(shown.fused[0], life=Life.IMPACTED)
    places = places_of([down, *shown.fused[1:]], shown.now_ns, {})
    assert [place.basis for place in places] == [Basis.MEASURED] * 3


@settings(max_examples=40, deadline=None)
@given(st.floats(LAST_S, IMPACT_S + 600.0))
def test_a_place_is_never_below_ground_and_never_unmarked(t_s: float) -> None:
    place = fused_place(lost_at(t_s))
    age_s = t_s - LAST_S
    assert (place.basis is Basis.MEASURED) == (age_s <= PREDICT_AFTER_S)
    assert (place.lat is None) == (place.basis is Basis.PASSED)
    assert place.alt is None or place.alt > -0.01
    assert place.basis is Basis.PASSED or t_s < IMPACT_S + 1.0


def test_nobody_flies() -> None:
    assert places_of([], Instant(0), {}) == []

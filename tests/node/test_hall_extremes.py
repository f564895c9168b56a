"""Whatever the verifier takes, the hall survives: products at the edges of their bounds, in any order."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from exchange_samples import NOW, label, launch, prediction, silence, tracklet
from hall_world import configured, seconds_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.commands.conformance_vectors import Answer, Question, judge, read_vectors
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Import, Product, traffic_of
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.node.hall_words import HallState, HandedIn, Offered, PlotsIn
from tocsin.node.pipeline import hall_step
from tocsin.share.bounds import (
    FASTEST_MPS,
    HARDEST_MPS2,
    HIGHEST_M,
    LARGEST_REGION_M,
    LAST_NS,
    LN_BETA,
    LONGEST_SIGMA_S,
    LOWEST_M,
    MAX_SEQUENCE,
    NARROWEST,
    TURN_RAD,
    WIDEST,
    sound,
)
from tocsin.share.wire import Refused, Verified, verify

VECTORS = Path(__file__).resolve().parents[2] / "conformance" / "vectors"
pick = st.sampled_from
TIMES = pick([0, NOW - 3600 * SECOND_NS, NOW - SECOND_NS, NOW, NOW + 60 * SECOND_NS, LAST_NS])
INSIDE = 1.0 - 1e-12


@st.composite
def directions(draw: st.DrawFn) -> np.ndarray:
    seed = draw(st.integers(0, 50))
    axis = np.eye(3)[seed % 3] if seed < 6 else np.random.default_rng(seed).normal(size=3)
    return np.asarray(axis / np.linalg.norm(axis) * (-1) ** (seed % 2))


@st.composite
def covariances(draw: st.DrawFn) -> tuple[float, ...]:
    """Any sizes within bounds, from no correlation to nearly all."""
    sigmas = np.array([draw(pick([2 * NARROWEST, 1.0, 100.0, most * INSIDE])) for most in WIDEST])
    part = draw(pick([0.0, 0.5, 1.0 - 1e-6, 1.0 - 1e-8]))
    one = np.random.default_rng(draw(st.integers(0, 20))).choice([-1.0, 1.0], size=7)
    correlation = part * np.outer(one, one) + (1.0 - part) * np.eye(7)
    return tuple((correlation * np.outer(sigmas, sigmas))[np.triu_indices(7)].tolist())


@st.composite
def states(draw: st.DrawFn) -> EcefState:
    up, along = draw(directions()), draw(directions())
    radius = draw(pick([LOWEST_M / INSIDE, 6.357e6, 6.38e6, 6.5e6, 7e6, 4.2e7, HIGHEST_M * INSIDE]))
    speed = draw(pick([0.0, 300.0, 3_000.0, 7_800.0, FASTEST_MPS * INSIDE]))
    way = draw(pick([along, up, -up]))
    x = (*(up * radius).tolist(), *(way * speed).tolist(), draw(pick([*LN_BETA, 0.0, 5.0, 9.0])))
    return EcefState(Instant(draw(TIMES)), x, draw(covariances()))


@st.composite
def products(draw: st.DrawFn) -> Product:
    origin = draw(pick([Nation.KOR, Nation.USA]))
    number = draw(pick([1, 2, 3, MAX_SEQUENCE]))
    named: dict[str, Any] = {"track_id": draw(pick(["a", "b"])), "sequence": number, "label": label(origin)}
    major = draw(pick([0.0, 1e-300, 1e4, LARGEST_REGION_M]))
    where: dict[str, Any] = {
        "lat_deg": draw(pick([-90.0, 0.0, 40.0, 90.0])),
        "lon_deg": draw(pick([-360.0, 0.0, 127.0, 180.0, 360.0])),
        "ellipse95": Ellipse95(major, draw(pick([0.0, major / 2, major])), draw(pick([-TURN_RAD, 0.3]))),
        "time_ns": draw(TIMES),
        "time_sigma_s": draw(pick([0.0, 1e-300, 1.5, LONGEST_SIGMA_S])),
    }
    match draw(pick(["tracklet", "tracklet", "launch", "prediction", "sensor"])):
        case "launch":
            event = launch(origin, 1)
            return replace(event, confirmed_ns=draw(TIMES), launch=replace(event.launch, **where), **named)
        case "prediction":
            told = prediction(origin, 1)
            return replace(told, made_ns=draw(TIMES), impact=replace(told.impact, **where), **named)
        case "sensor":
            del named["track_id"]
            return replace(silence(origin, 1), since_ns=draw(TIMES), silent=draw(st.booleans()), **named)
    state = draw(states())
    first, last = draw(pick([(state.epoch_ns, state.epoch_ns), (0, LAST_NS), (NOW, NOW)]))
    return replace(
        tracklet(origin, 1),
        state=state,
        first_ns=first,
        last_ns=last,
        life=draw(pick([Life.CONFIRMED, Life.CONFIRMED, Life.COASTING, Life.IMPACTED])),
        phase=draw(pick(list(Phase))),
        kind=draw(pick([ObjectClass.BALLISTIC, ObjectClass.BALLISTIC, ObjectClass.AIR])),
        accel_mps2=draw(pick([None, (HARDEST_MPS2, -HARDEST_MPS2, 0.0)])),
        burnout_ns=draw(pick([None, 0, LAST_NS])),
        **named,
    )


@cache
def fresh_hall() -> HallState:
    return hall_step(None, [configured(Nation.JPN)], NOW)[0]


def fed(state: HallState, some: list[Product], now: Instant) -> HallState:
    """The hall after a step with these imports."""
    items = tuple(
        HandedItem(n, Import(one.origin, traffic_of(one), n, one, NOW, NOW)) for n, one in enumerate(some, 1)
    )
    return hall_step(state, [HandedIn(items)], now)[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(products(), min_size=1, max_size=4), min_size=1, max_size=3), pick([1, 30, 1_000]))
def test_no_product_that_is_sound_ends_the_fold(steps: list[list[Product]], apart_s: int) -> None:
    state = fresh_hall()
    for n, some in enumerate(steps):
        assert all(map(sound, some)), some
        state = fed(state, some, Instant(NOW + n * apart_s * SECOND_NS))


def test_no_good_vector_ends_the_fold() -> None:
    """The settled vectors of docs/conformance.md, by the verifier and into a hall, step after step."""
    state, taken = fresh_hall(), 0

    def through(question: Question) -> list[Product]:
        found: list[Product] = []

        def keep(*args: object) -> Verified | Refused:
            outcome = verify(*args)  # type: ignore[arg-type]
            if isinstance(outcome, Verified):
                found.extend(outcome.products)
            return outcome

        answer: Answer = judge(question, keep)
        return found if answer.verdict == "accept" else []

    for n, vector in enumerate(v for v in read_vectors(VECTORS) if v.expected.verdict == "accept"):
        some = [one for one in through(vector.question) if one.origin is not Nation.JPN]
        taken += len(some)
        state = fed(state, some, Instant(NOW + n * SECOND_NS // 10))
    assert taken > 100
    assert state.fused


def test_what_a_hall_offers_is_sound() -> None:
    """Else its own door would withhold it."""
    state, offered = None, 0
    for now, plots in seconds_of(Nation.JPN, 400):
        first = [configured(Nation.JPN)] if state is None else []
        state, effects = hall_step(state, [*first, PlotsIn(plots)], now)
        for effect in effects:
            if isinstance(effect, Offered):
                offered += 1
                assert sound(effect.offer.product)
    assert offered > 20

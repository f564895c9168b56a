"""Nothing leaves by default; every forbid beats the permit; every decision names its rule."""

from itertools import chain, combinations

import pytest
from exchange_samples import PLANE, label, launch, prediction, tracklet
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Product
from tocsin.model.track import Tracklet
from tocsin.release.policy import (
    FORBID,
    PERMIT,
    Question,
    Release,
    Withheld,
    decide,
    may_use_hub,
    must_encrypt,
)

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
NATIONS = [frozenset(c) for c in chain.from_iterable(combinations(Nation, n) for n in range(4))]
CAVEATS = [frozenset(c) for c in chain.from_iterable(combinations(Caveat, n) for n in range(4))]
LATTICE = [
    Label(plane, originators, to, caveats)
    for plane in Plane
    for originators in NATIONS
    for to in NATIONS
    for caveats in CAVEATS
]


def ask(product: Product, partner: Nation = JPN, direct: bool = True, hub: Nation | None = USA) -> str:
    return decide(Question(product, KOR, partner, PLANE, direct, hub)).rule


@pytest.mark.parametrize("make", [tracklet, launch, prediction])
def test_own_and_releasable_goes(make: object) -> None:
    assert callable(make)
    verdict = decide(Question(make(KOR, 1), KOR, JPN, PLANE))
    assert verdict == Release("permit.releasable")


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        (label(KOR, frozenset()), "default.deny"),
        (label(KOR, frozenset((USA,))), "default.deny"),
        (label(KOR, plane=Plane.REAL), "forbid.other-plane"),
        (Label(PLANE, frozenset(), frozenset(Nation)), "forbid.no-originator"),
        (Label(PLANE, frozenset((JPN,)), frozenset(Nation)), "forbid.echo"),
        (
            Label(PLANE, frozenset((KOR, USA)), frozenset((JPN,)), frozenset((Caveat.NO_ONWARD,))),
            "forbid.onward",
        ),
        (Label(PLANE, frozenset((USA,)), frozenset((JPN,)), frozenset((Caveat.NO_ONWARD,))), "forbid.onward"),
        (label(KOR, frozenset(Nation), Caveat.DELAY), "forbid.delay"),
    ],
)
def test_each_refusal_names_its_rule(of: Label, rule: str) -> None:
    assert ask(tracklet(KOR, 1, of)) == rule


def test_own_data_with_no_onward_goes_first_hand() -> None:
    assert ask(tracklet(KOR, 1, label(KOR, frozenset(Nation), Caveat.NO_ONWARD))) == "permit.releasable"


def test_nobody_speaks_in_anothers_name_or_to_himself() -> None:
    assert ask(tracklet(USA, 1, label(KOR))) == "forbid.foreign-origin"
    assert ask(tracklet(KOR, 1), partner=KOR) == "forbid.to-oneself"


def test_a_relay_that_may_not_read_is_no_way() -> None:
    only_japan = tracklet(KOR, 1, label(KOR, frozenset((JPN,))))
    assert ask(only_japan) == "permit.releasable"
    assert ask(only_japan, direct=False) == "forbid.hub-may-not-read"
    assert ask(only_japan, direct=False, hub=None) == "forbid.hub-may-not-read"
    assert ask(tracklet(KOR, 1), direct=False) == "permit.releasable"


def test_whole_label_lattice() -> None:
    """Whatever is released is of our plane, ours to give, and named as releasable to that partner."""
    released = 0
    for of in LATTICE:
        for partner in (USA, JPN):
            verdict = decide(Question(tracklet(KOR, 1, of), KOR, partner, PLANE))
            if isinstance(verdict, Withheld):
                continue
            released += 1
            assert of.plane is PLANE
            assert partner in of.releasable_to
            assert of.originators
            assert of.originators != frozenset((partner,))
            assert Caveat.DELAY not in of.caveats
            if Caveat.NO_ONWARD in of.caveats:
                assert of.originators == frozenset((KOR,))
    assert released > 0


def test_no_rule_alone_opens_the_door_for_an_empty_label() -> None:
    empty = tracklet(KOR, 1, Label(PLANE, frozenset(), frozenset()))
    question = Question(empty, KOR, JPN, PLANE)
    assert not any(speaks(question) for _, speaks in PERMIT)
    assert len({name for name, _ in FORBID}) == len(FORBID)


@given(st.sampled_from(LATTICE), st.sampled_from(list(Nation)), st.sampled_from(list(Caveat)))
def test_a_stricter_label_never_releases_more(of: Label, lost: Nation, caveat: Caveat) -> None:
    stricter = replace(of, releasable_to=of.releasable_to - {lost}, caveats=of.caveats | {caveat})
    for partner in (USA, JPN):
        if isinstance(decide(Question(tracklet(KOR, 1, stricter), KOR, partner, PLANE)), Release):
            assert isinstance(decide(Question(tracklet(KOR, 1, of), KOR, partner, PLANE)), Release)


@given(st.sampled_from(LATTICE), st.integers(1, 2**53), st.floats(6.4e6, 9e7), st.text(max_size=4))
def test_looks_at_kind_origin_and_label_alone(of: Label, number: int, x_m: float, name: str) -> None:
    """A door asks once for all products of a turn that are the same in these three."""
    for make in (tracklet, launch, prediction):
        one = make(KOR, 1, of)
        other: Product = replace(make(KOR, 2, of), sequence=number, track_id=name)
        if isinstance(other, Tracklet):
            other = replace(other, state=replace(other.state, x=(x_m, *other.state.x[1:])), identity=name)
        for partner in Nation:
            asked = Question(one, KOR, partner, PLANE, hub=USA, encrypts=True)
            again = replace(asked, product=other)
            assert decide(asked) == decide(again)
            assert (may_use_hub(asked), must_encrypt(asked)) == (may_use_hub(again), must_encrypt(again))

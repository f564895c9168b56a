"""Labels: joining is order-free, never widens, and two planes never meet."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.label import Caveat, Label, Nation, Plane, PlaneMixError, join, join_all

NATIONS = st.frozensets(st.sampled_from(Nation))
EXERCISE = st.just(Plane.EXERCISE)


def labels(
    plane: st.SearchStrategy[Plane] = EXERCISE, made_by: st.SearchStrategy[frozenset[Nation]] = NATIONS
) -> st.SearchStrategy[Label]:
    return st.builds(
        Label,
        plane=plane,
        originators=made_by,
        releasable_to=NATIONS,
        caveats=st.frozensets(st.sampled_from(Caveat)),
    )


def readers(label: Label) -> set[Nation]:
    return {nation for nation in Nation if label.readable_by(nation)}


@given(labels(), labels())
def test_joining_is_commutative(one: Label, other: Label) -> None:
    assert join(one, other) == join(other, one)


@given(labels(), labels())
def test_nobody_reads_a_join_who_could_not_read_both(one: Label, other: Label) -> None:
    assert readers(join(one, other)) <= readers(one) & readers(other)


@given(labels(), labels(), labels())
def test_joining_is_associative(one: Label, other: Label, third: Label) -> None:
    assert join(join(one, other), third) == join(one, join(other, third))


@given(labels(), labels())
def test_caveats_and_originators_are_never_lost(one: Label, other: Label) -> None:
    both = join(one, other)
    assert both.caveats == one.caveats | other.caveats
    known = bool(one.originators and other.originators)
    assert both.originators == (one.originators | other.originators if known else frozenset())


@given(st.permutations(list(Nation)), NATIONS)
def test_what_is_partly_of_unknown_making_is_nobodys(nations: list[Nation], to: frozenset[Nation]) -> None:
    unknown = Label(Plane.TEST, frozenset(), to)
    own = Label(Plane.TEST, frozenset((nations[0],)), frozenset(nations))
    assert readers(join(unknown, own)) == set(to)


@given(st.lists(labels(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_readers(rows: list[Label], chance: random.Random) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)
    assert join_all(rows) == join_all(mixed) if len(rows) > 1 else mixed == rows


def test_each_nation_reads_its_own_and_nobody_elses_by_default() -> None:
    own = Label(Plane.TEST, frozenset((Nation.JPN,)), frozenset())
    assert readers(own) == {Nation.JPN}


def test_a_join_of_two_nations_is_not_read_by_one_that_only_owns_half() -> None:
    jpn = Label(Plane.TEST, frozenset((Nation.JPN,)), frozenset())
    kor = Label(Plane.TEST, frozenset((Nation.KOR,)), frozenset((Nation.JPN,)))
    assert readers(join(jpn, kor)) == {Nation.JPN}
    assert readers(join(jpn, kor)) == readers(join(kor, jpn))


@given(labels(st.sampled_from(Plane)), labels(st.sampled_from(Plane)))
def test_two_planes_never_meet(one: Label, other: Label) -> None:
    if one.plane is other.plane:
        assert join(one, other).plane is one.plane
    else:
        with pytest.raises(PlaneMixError):
            join(one, other)


def test_no_label_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="no label"):
        join_all([])

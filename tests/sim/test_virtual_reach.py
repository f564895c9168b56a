"""How far a stream reaches, against counting by hand."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.sim.virtual.reach import OPEN, Contiguous

RUN = st.integers(1, 6)


@given(st.lists(st.tuples(RUN, st.integers(0, 4)), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_reach_is_what_counting_says(parts: list[tuple[int, int]], dice: object) -> None:
    """Runs of numbers that are said, each but the last followed by some that a restored origin leaves out."""
    reach, there, left_out, at = Contiguous(), set[int](), set[int](), 1
    for n, (said, gap) in enumerate(parts):
        numbers = list(range(at, at + said))
        dice.shuffle(numbers)  # type: ignore[attr-defined]
        if n:
            reach.resumes(at)
        for number in numbers:
            reach.add(number)
        there |= set(numbers)
        at += said
        if gap and n < len(parts) - 1:
            reach.forgets(at)
            left_out |= set(range(at, at + gap))
            at += gap
    assert reach.upto == max(there)
    assert reach.most == max(there)
    assert not reach.gaps
    assert reach.whole == min([*left_out, max(there) + 1]) - 1


def test_until_a_restored_origin_goes_on_a_receipt_may_reach_anywhere_and_nothing_more_is_whole() -> None:
    reach = Contiguous()
    for number in (1, 2, 3):
        reach.add(number)
    reach.forgets(3)
    assert (reach.most, reach.whole) == (OPEN, 2)
    reach.resumes(10)
    assert (reach.most, reach.whole) == (9, 2)
    reach.add(11)
    assert reach.gaps
    reach.add(10)
    assert (reach.upto, reach.gaps, reach.whole) == (11, False, 2)

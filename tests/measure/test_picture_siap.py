"""SIAP counted by hand, and against Stone Soup's own association and count."""

from collections.abc import Mapping

import numpy as np
import pytest

from tocsin.measure.picture import Frame, Siap, count, independent, of_counts, scorer_name, siap


def at(x: float) -> np.ndarray:
    return np.array([x, 0.0, 0.0])


def frames(
    times: int, objects: Mapping[str, float], tracks: Mapping[str, tuple[float, int, int]]
) -> list[Frame]:
    """Objects stand still; a track stands at x from one time to before another."""
    return [
        Frame(
            5.0 * n,
            {name: at(x) for name, x in objects.items()},
            {name: at(x) for name, (x, first, end) in tracks.items() if first <= n < end},
        )
        for n in range(times)
    ]


CASES: dict[str, tuple[list[Frame], Siap]] = {
    "all held": (frames(10, {"A": 0.0, "B": 1e6}, {"1": (50.0, 0, 10), "2": (1e6, 0, 10)}), Siap(1, 1, 0)),
    "one missed": (frames(10, {"A": 0.0, "B": 1e6}, {"1": (50.0, 0, 10)}), Siap(0.5, 1, 0)),
    "late": (frames(10, {"A": 0.0}, {"1": (50.0, 4, 10)}), Siap(0.6, 1, 0)),
    "twice": (frames(10, {"A": 0.0}, {"1": (50.0, 0, 10), "2": (-70.0, 0, 5)}), Siap(1, 1.5, 0)),
    "ghost": (frames(10, {"A": 0.0}, {"1": (50.0, 0, 10), "2": (5e5, 0, 10)}), Siap(1, 1, 0.5)),
    "all of it": (
        frames(
            20,
            {"A": 0.0, "B": 3e4, "C": 9e5},
            {"1": (50.0, 0, 20), "2": (10e3, 3, 20), "3": (2.9e4, 0, 11), "4": (5e5, 6, 17)},
        ),
        Siap(31 / 60, 48 / 31, 11 / 59),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_count_by_hand(case: str) -> None:
    rows, expected = CASES[case]
    found = siap(rows, 20e3)
    assert pytest.approx((expected.C, expected.A, expected.S)) == (found.C, found.A, found.S)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("default")  # the library's own
def test_stone_soup_counts_the_same(case: str) -> None:
    rows, _ = CASES[case]
    ours, theirs = siap(rows, 20e3), independent(rows, 20e3)
    assert theirs is not None, "stonesoup is a test dependency"
    assert pytest.approx((ours.C, ours.A, ours.S)) == (theirs.C, theirs.A, theirs.S)
    assert scorer_name().startswith("Stone Soup 1.")


def test_runs_are_added_not_averaged() -> None:
    long, short = CASES["all held"][0] * 3, CASES["one missed"][0]
    rows = [count(frame, 20e3) for frame in long + short]
    assert pytest.approx((60 + 10) / 80) == of_counts(rows).C


def test_nothing_to_count() -> None:
    assert siap([]) == Siap(0.0, 1.0, 0.0)
    assert siap(frames(3, {"A": 0.0}, {})) == Siap(0.0, 1.0, 0.0)

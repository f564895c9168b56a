"""Gone from everybody's sight at once: told by two nations' tracks where own sensors cannot say."""

from __future__ import annotations

from msgspec.structs import replace
from warn_worlds import T0, track

from tocsin.assess.mishap import Source, vanished_to_all
from tocsin.model.label import Nation
from tocsin.model.space import EcefState
from tocsin.model.time import after
from tocsin.model.track import Life

HIGH = track(
    life=Life.COASTING, state=EcefState(T0, (6_700_000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0), (0.0,) * 28)
)
LOW = replace(HIGH, state=replace(HIGH.state, x=(6_400_000.0, *HIGH.state.x[1:])))
USA, KOR = (Source(n, Life.COASTING, after(T0, s)) for n, s in ((Nation.USA, 0.0), (Nation.KOR, 0.4)))


def test_two_nations_that_lose_it_in_one_look_are_enough() -> None:
    """3 November 2022 as Japan had it: no sensor of its own saw the flight."""
    assert vanished_to_all(HIGH, (USA, KOR)) == after(T0, 0.4)


def test_anything_less_says_nothing() -> None:
    assert vanished_to_all(HIGH, (USA, USA)) is None
    assert vanished_to_all(HIGH, (USA,)) is None
    assert vanished_to_all(HIGH, ()) is None
    assert vanished_to_all(HIGH, (USA, KOR._replace(life=Life.CONFIRMED))) is None
    assert vanished_to_all(HIGH, (USA, KOR._replace(last_ns=after(T0, 11.0)))) is None
    assert vanished_to_all(LOW, (USA, KOR)) is None

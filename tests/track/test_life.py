"""The table of lives: what ends stays ended, and nothing is confirmed without being seen."""

from itertools import product

from tocsin.model.track import Life
from tocsin.track.life import ENDED, TABLE, Happening, after


def test_ended_lives_have_no_way_out() -> None:
    assert all(after(life, happening) is life for life, happening in product(ENDED, Happening))


def test_every_living_state_can_end_and_be_missed() -> None:
    for life in (Life.TENTATIVE, Life.CONFIRMED, Life.COASTING):
        assert after(life, Happening.GONE) is Life.LOST
    assert after(Life.CONFIRMED, Happening.MISSED) is Life.COASTING


def test_only_seeing_confirms_and_only_the_ground_impacts() -> None:
    for (_, happening), life in TABLE.items():
        if life is Life.CONFIRMED:
            assert happening in (Happening.SEEN, Happening.SURE)
        if life is Life.IMPACTED:
            assert happening is Happening.GROUND


def test_a_tentative_track_never_impacts_or_coasts() -> None:
    reached = {after(Life.TENTATIVE, happening) for happening in Happening}
    assert reached == {Life.TENTATIVE, Life.CONFIRMED, Life.LOST}

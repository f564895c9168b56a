"""Single plots from hall to hall: offered while an object is under power, used beside the own ones, never
mistaken for tracks, and of no use under an unsure clock.
"""

import pytest
from hall_world import configured, seconds_of

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Import, Offer, Traffic
from tocsin.model.time import Instant
from tocsin.model.track import SharedPlot, Tracklet
from tocsin.node.hall_words import HallState, HallStimulus, HandedIn, Offered, PlotsIn
from tocsin.node.pipeline import hall_step
from tocsin.share.bounds import sound

UNTIL_S = 100


class Halls:
    """The USA's hall (sensors in orbit), and Korea's that is told what it offers, a second later."""

    def __init__(self, clock_sigma_s: float = 0.0, kinds: tuple[type, ...] = (Tracklet, SharedPlot)) -> None:
        self.states: dict[Nation, HallState | None] = {Nation.USA: None, Nation.KOR: None}
        self.offers: list[Offer] = []
        self.joint_s = 0
        sent: list[Offer] = []
        numbers = 0
        america, korea = seconds_of(Nation.USA, UNTIL_S), seconds_of(Nation.KOR, UNTIL_S)
        for (now, own), (_, theirs) in zip(america, korea, strict=True):
            items = []
            for offer in (one for one in sent if isinstance(one.product, kinds)):
                numbers += 1
                word = Import(
                    Nation.USA,
                    Traffic.FLOW,
                    numbers,
                    offer.product,
                    Instant(0),
                    Instant(0),
                    (),
                    clock_sigma_s,
                )
                items.append(HandedItem(numbers, word))
            self._step(Nation.KOR, [PlotsIn(theirs), HandedIn(tuple(items))], now)
            sent = self._step(Nation.USA, [PlotsIn(own)], now)
            self.offers += sent
            koreas = self.states[Nation.KOR]
            assert koreas is not None
            self.joint_s += any(body.joint is not None and body.joint.fits for body in koreas.fusion.bodies)

    def _step(self, nation: Nation, stimuli: list[HallStimulus], now: Instant) -> list[Offer]:
        state = self.states[nation]
        first: list[HallStimulus] = [] if state else [configured(nation)]
        self.states[nation], effects = hall_step(state, [*first, *stimuli], now)
        return [effect.offer for effect in effects if isinstance(effect, Offered)]


@pytest.fixture(scope="module")
def halls() -> Halls:
    return Halls()


def test_plots_of_an_object_under_power_are_offered_once_under_their_sensors_label(halls: Halls) -> None:
    said = [offer.product for offer in halls.offers if isinstance(offer.product, SharedPlot)]
    labels = {sensor.label for sensor in configured(Nation.USA).sensors}
    assert len(said) > 20
    assert all(sound(one) for one in said)
    assert {one.label for one in said} <= labels
    tracks = {offer.product.track_id for offer in halls.offers if isinstance(offer.product, Tracklet)}
    for track in {one.of_track for one in said}:
        assert track in tracks
        numbers = [one.sequence for one in said if one.of_track == track]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_partners_plots_and_the_own_ones_make_one_estimate_of_one_object(halls: Halls) -> None:
    korea = halls.states[Nation.KOR]
    assert korea is not None
    assert halls.joint_s > 5
    assert {(one.origin, one.track_id) for one in korea.fusion.looks} >= {(Nation.USA, "USA-1")}
    assert len(korea.fused) == 1
    assert set(korea.fused[0].sources) == {Nation.USA, Nation.KOR}


def test_plots_alone_are_no_track_and_nobodys_picture(halls: Halls) -> None:
    """Without a tracklet nobody knows whose they are."""
    alone = Halls(kinds=(SharedPlot,)).states[Nation.KOR]
    assert alone is not None
    assert {source for track in alone.fused for source in track.sources} <= {Nation.KOR}
    assert alone.partners == {}


def test_under_an_unsure_clock_tracklets_must_do() -> None:
    """Their covariance takes the clock's error; a plot's has no room for it."""
    found = Halls(clock_sigma_s=0.2)
    korea = found.states[Nation.KOR]
    assert korea is not None
    assert found.joint_s == 0
    assert {one.origin for one in korea.fusion.looks} <= {Nation.KOR}

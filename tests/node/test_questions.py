"""Silence to an ally in danger becomes a question: when it arises, what it says, when it is over."""

import pytest
from exchange_samples import label
from hall_world import configured, scenario, seconds_of
from msgspec.structs import replace

from tocsin.model.event import AreaRisk, Assessment, ImpactPointPrediction
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Decision, Offer, Traffic, traffic_of
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant, after, seconds_between
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase, Track
from tocsin.model.warning import Thresholds
from tocsin.node import questions
from tocsin.node.desk import picture
from tocsin.node.hall_words import Asked, Configured, HallState, HallStimulus, HandedIn, Offered, PlotsIn
from tocsin.node.pipeline import hall_step
from tocsin.node.questions import Asking, step

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
NOW = Instant(1_700_000_000 * SECOND_NS)
IMPACT = after(NOW, 600)
STATE = EcefState(NOW, (0.0,) * 7, (0.0,) * 28)
WATCH = Configured(KOR, Plane.EXERCISE, "", (), Thresholds(0.02, 0.2), "")


def own(name: str = "K1") -> Track:
    life, phase, kind = Life.CONFIRMED, Phase.COAST, ObjectClass.BALLISTIC
    return Track(name, life, phase, kind, STATE, NOW, NOW, ("s",), 9, label(KOR))


def fused(name: str = "K1") -> FusedTrack:
    life, phase, kind = Life.CONFIRMED, Phase.COAST, ObjectClass.BALLISTIC
    members = (Member(KOR, name), Member(USA, "U9"))
    return FusedTrack(f"F-{name}", members, life, phase, kind, STATE, NOW, NOW, label(KOR))


def meaning(*risks: AreaRisk, name: str = "K1") -> Assessment:
    impact = ImpactPointPrediction(41.0, 141.0, Ellipse95(1e4, 1e4, 0.0), IMPACT, 4.0)
    return Assessment(f"F-{name}", NOW, impact=impact, risks=risks)


def withheld(offer: int = 7, partner: Nation = JPN, rule: str = "default.deny") -> Decision:
    return Decision(offer, partner, False, rule, Traffic.FLOW, track_id="K1")


AOMORI = AreaRisk("JP-02", 0.5, 0.0, IMPACT, IMPACT)
HOKKAIDO = AreaRisk("JP-01", 0.0, 0.9, after(NOW, 400), after(NOW, 500))


def ask(asking: Asking, decisions: list[Decision], risks: list[AreaRisk], at_s: float = 0.0) -> Asking:
    return step(asking, WATCH, decisions, [own()], [fused()], [meaning(*risks)], after(NOW, at_s))[0]


def test_a_question_says_whom_what_why_and_until_when() -> None:
    asking, asked = step(Asking(), WATCH, [withheld()], [own()], [fused()], [meaning(AOMORI, HOKKAIDO)], NOW)
    (one,) = asked
    assert tuple(asking.open.values()) == asked
    assert (one.partner, one.offer, one.track_id, one.rule, one.area) == (
        JPN,
        7,
        "K1",
        "default.deny",
        "JP-02",
    )
    assert one.deadline_ns == after(NOW, 400)
    assert one.until_ns == after(IMPACT, 12.0)


@pytest.mark.parametrize(
    ("risks", "stands"),
    [
        ([AOMORI], True),
        ([HOKKAIDO], True),
        ([replace(AOMORI, impact_probability=0.02)], True),
        ([replace(AOMORI, impact_probability=0.0199)], False),
        ([replace(HOKKAIDO, overflight_probability=0.199)], False),
        ([replace(AOMORI, area="KR-11")], False),
        ([replace(AOMORI, area="US-HI")], False),
        ([], False),
    ],
)
def test_it_is_asked_from_the_threshold_on_and_for_that_nation_alone(
    risks: list[AreaRisk], stands: bool
) -> None:
    assert bool(ask(Asking(), [withheld()], risks).open) is stands


def test_guam_is_the_united_states() -> None:
    guam = replace(AOMORI, area="GU")
    asking = ask(Asking(), [withheld(), withheld(partner=USA)], [guam])
    assert [row.partner for row in asking.open.values()] == [USA]


def test_released_is_no_question() -> None:
    gone = Decision(7, JPN, True, "permit.releasable", Traffic.FLOW, 1, "K1")
    assert ask(Asking(), [gone], [AOMORI]) == Asking()


def test_danger_that_is_seen_after_the_word_was_withheld_asks_then() -> None:
    """A launch is offered in boost, when nobody can say yet where it comes down."""
    asking = ask(Asking(), [withheld()], [])
    assert asking.open == {}
    asking = ask(asking, [], [AOMORI], 60.0)
    assert [row.asked_ns for row in asking.open.values()] == [after(NOW, 60.0)]


def test_it_is_asked_once_and_keeps_up_with_the_prediction() -> None:
    asking = ask(Asking(), [withheld()], [AOMORI])
    later = replace(AOMORI, enter_ns=after(NOW, 590))
    again, asked = step(asking, WATCH, [withheld(8)], [own()], [fused()], [meaning(later)], after(NOW, 1))
    assert asked == ()
    (row,) = again.open.values()
    assert (row.offer, row.asked_ns, row.deadline_ns) == (8, NOW, after(NOW, 590))


def test_it_stands_while_the_danger_lasts_even_without_the_track_and_no_longer() -> None:
    asking = ask(Asking(), [withheld()], [AOMORI])
    asking, _ = step(asking, WATCH, [], [], [], [], after(IMPACT, 12.0))
    assert len(asking.open) == 1
    asking, _ = step(asking, WATCH, [], [], [], [], Instant(after(IMPACT, 12.0) + 1))
    assert asking == Asking()


def test_nothing_new_is_the_same_object() -> None:
    asking = ask(Asking(), [withheld()], [AOMORI])
    assert ask(asking, [], [AOMORI], 1.0) is asking


def test_the_most_urgent_stay_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MOST_OPEN", 1)
    rows = [withheld(1, JPN, "a"), withheld(2, USA, "b")]
    asking = ask(Asking(), rows, [AOMORI, replace(AOMORI, area="GU", enter_ns=after(NOW, 9))])
    assert [row.partner for row in asking.open.values()] == [USA]


def door_that_withholds(state: HallState, offers: list[Offer], partner: Nation) -> HandedIn:
    first = state.counts.withheld + 1
    items = (
        Decision(o.number, partner, False, "forbid.kind", traffic_of(o.product), track_id=o.product.track_id)
        for o in offers
    )
    return HandedIn(tuple(HandedItem(n, one) for n, one in enumerate(items, first)))


def test_in_the_hall_over_a_recorded_launch() -> None:
    """4 October 2022, over Aomori: KOR's door withholds all from JPN, KOR's desk is asked before the flight
    enters Japan, and the question is in state, picture and effects.
    """
    state: HallState | None = None
    asked: list[tuple[Instant, Asked]] = []
    offers: list[Offer] = []
    for now, plots in seconds_of(KOR, 420):
        stimuli: list[HallStimulus] = [PlotsIn(plots)] if state else [configured(KOR), PlotsIn(plots)]
        if state is not None and offers:
            stimuli.append(door_that_withholds(state, offers, JPN))
        state, effects = hall_step(state, stimuli, now)
        offers = [effect.offer for effect in effects if isinstance(effect, Offered)]
        asked += [(now, effect) for effect in effects if isinstance(effect, Asked)]
    assert state is not None
    assert len(asked) == len({(e.question.partner, e.question.track_id, e.question.rule) for _, e in asked})
    (now, first), *_ = asked
    question = first.question
    assert (question.partner, question.rule) == (JPN, "forbid.kind")
    assert question.area.startswith("JP-")
    assert question.asked_ns == now
    assert seconds_between(now, question.deadline_ns) > 60.0
    assert seconds_between(scenario().flights[0].launch_ns, now) < 300.0
    assert [row.partner for row in picture(state, state.pictured_ns).questions] == [JPN]

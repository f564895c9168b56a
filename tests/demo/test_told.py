"""The record's failures replayed: what our desks would have told, and what they would never have said."""

from functools import cache

from msgspec.structs import replace

from tocsin.demo.told import NationTold, told_over
from tocsin.model.label import Nation
from tocsin.model.warning import Certainty, NoAct, Outcome
from tocsin.sim.scenario_file import load


@cache
def november() -> NationTold:
    """3 November 2022, until the loss is told; Japan's sensors do not reach it, its partners' do."""
    return told_over(replace(load("2022-11-03-overflight"), duration_s=310.0))[Nation.JPN]


def test_the_draft_stands_in_the_step_in_which_the_threshold_is_crossed() -> None:
    told = november()
    assert told.crossed_s is not None
    assert told.drafted_s is not None
    assert told.drafted_s - told.crossed_s <= 1.0
    assert told.messages[0].at_s - told.crossed_s <= 10.5  # both officers' ten seconds included


def test_certainty_falls_with_the_track_and_nothing_is_said_to_have_passed() -> None:
    told = november()
    assert [(m.msg_type, m.certainty, m.by) for m in told.messages] == [
        ("Alert", Certainty.OBSERVED, "two officers"),
        ("Update", Certainty.OBSERVED, "two officers"),
        ("Update", Certainty.POSSIBLE, "downgrade"),
    ]
    assert [m.faults for m in told.messages] == [()] * 3
    lost = next(row.at_s for row in told.certainty if row.track == "coasting")
    soon = [row.told for row in told.certainty if lost <= row.at_s <= lost + 2.0]
    assert soon[-1] == "Possible"  # two nations lost it in one look: nobody waits a minute


def test_coarse_first_then_refined_and_every_lead_is_positive() -> None:
    told = november()
    first, second = (set(m.areas) for m in told.messages[:2])
    assert second < first
    assert {"JP-04", "JP-06", "JP-15"} <= second  # Miyagi, Yamagata, Niigata: as alerted on the day
    assert min(row.lead_s for row in told.leads) > 240.0
    assert all(row.entered_s is None for row in told.leads)  # it never came


def test_with_nobody_at_the_desk_the_policy_decides() -> None:
    scenario = replace(load("2022-11-03-overflight"), duration_s=265.0)
    told = told_over(scenario, officers=0, no_act=NoAct(outcome=Outcome.RELEASE))[Nation.JPN]
    assert told.messages[0].by == "no-act"
    assert [call.split(" at ")[0] for call in told.calls] == [
        "sounder", "second-desk", "pager", "abort-window",
    ]  # fmt: skip

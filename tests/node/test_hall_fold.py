"""The hall's fold over a recorded launch: what comes out, that it forgets nothing, that it runs again."""

from pathlib import Path

import pytest
from hall_world import configured, scenario, seconds_of
from msgspec.structs import replace

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Import, Quarantined, Traffic
from tocsin.model.time import Instant, after
from tocsin.model.track import Life, ObjectClass, Tracklet
from tocsin.node.canonical import canonical_json, digest
from tocsin.node.desk import picture
from tocsin.node.hall_words import (
    HallEffect,
    HallState,
    HallStimulus,
    HandedIn,
    Offered,
    PlotsIn,
    RefusedIn,
)
from tocsin.node.pipeline import hall_step
from tocsin.node.replay import rebuild, replay
from tocsin.node.turn import Turner, contiguous
from tocsin.record.ledger import Ledger

UNTIL_S = 240


def run(nation: Nation, until_s: int = UNTIL_S) -> tuple[HallState, list[HallEffect]]:
    state: HallState | None = None
    effects: list[HallEffect] = []
    for now, some in seconds_of(nation, until_s):
        stimuli: list[HallStimulus] = [] if state else [configured(nation)]
        state, new = hall_step(state, [*stimuli, PlotsIn(some)], now)
        effects += new
    assert state is not None
    return state, effects


@pytest.fixture(scope="module")
def korea() -> tuple[HallState, list[HallEffect]]:
    return run(Nation.KOR)


def test_a_record_begins_with_who_the_node_is() -> None:
    with pytest.raises(ValueError, match="configured"):
        hall_step(None, (), Instant(0))


def test_one_launch_is_one_confirmed_ballistic_track(korea: tuple[HallState, list[HallEffect]]) -> None:
    state, _ = korea
    (track,) = [row for row in state.fused if row.life is Life.CONFIRMED]
    assert track.kind is ObjectClass.BALLISTIC
    assert track.sources == (Nation.KOR,)


def test_offers_are_numbered_without_a_gap_and_only_own_data(
    korea: tuple[HallState, list[HallEffect]],
) -> None:
    state, effects = korea
    offers = [effect.offer for effect in effects if isinstance(effect, Offered)]
    assert [offer.number for offer in offers] == list(range(1, len(offers) + 1))
    assert state.counts.offered == len(offers)
    assert {offer.product.origin for offer in offers} == {Nation.KOR}
    kinds = {type(offer.product).__name__ for offer in offers}
    assert kinds == {"Tracklet", "LaunchEvent", "SharedPrediction", "SharedPlot"}


def test_a_launch_is_offered_before_burnout(korea: tuple[HallState, list[HallEffect]]) -> None:
    _, effects = korea
    launch_ns = scenario().flights[0].launch_ns
    first = next(e.offer for e in effects if isinstance(e, Offered))
    assert first.made_ns < after(launch_ns, scenario().flights[0].boost_s)


def test_tracklets_of_one_track_have_rising_sequences(korea: tuple[HallState, list[HallEffect]]) -> None:
    _, effects = korea
    rows = [e.offer.product for e in effects if isinstance(e, Offered)]
    said = [row.sequence for row in rows if isinstance(row, Tracklet)]
    assert said == sorted(set(said))


def test_refused_input_is_counted_and_changes_no_picture() -> None:
    now, _ = seconds_of(Nation.KOR, 2)[1]
    state, _ = hall_step(None, (configured(Nation.KOR),), now)
    refused = RefusedIn(Quarantined("bad-signature", "JPN", "one bit", now))
    after_it, effects = hall_step(state, (refused,), now)
    assert after_it.counts.quarantined == {"bad-signature": 1}
    assert picture(after_it, now).quarantined == {"bad-signature": 1}
    assert effects == ()
    assert (after_it.own, after_it.fused, after_it.partners) == (state.own, state.fused, state.partners)
    assert digest(after_it.tracker) == digest(state.tracker)


def partner_tracklet(state: HallState) -> Tracklet:
    (own,) = [row for row in state.own if row.life is Life.CONFIRMED]
    return Tracklet(
        origin=Nation.USA,
        track_id="USA-1",
        sequence=5,
        life=own.life,
        phase=own.phase,
        kind=own.kind,
        state=own.state,
        first_ns=own.first_ns,
        last_ns=own.last_ns,
        label=Label(Plane.EXERCISE, frozenset((Nation.USA,)), frozenset((Nation.KOR,))),
    )


def handed(number: int, product: Tracklet) -> HandedIn:
    item = Import(Nation.USA, Traffic.FLOW, number, product, Instant(0), Instant(0))
    return HandedIn((HandedItem(number, item),))


def test_a_partners_tracklet_is_fused_and_never_offered_on(
    korea: tuple[HallState, list[HallEffect]],
) -> None:
    state, _ = korea
    now, _ = seconds_of(Nation.KOR, UNTIL_S)[-1]
    told, effects = hall_step(state, (handed(1, partner_tracklet(state)),), now)
    (track,) = [row for row in told.fused if row.life is Life.CONFIRMED]
    assert set(track.sources) == {Nation.KOR, Nation.USA}
    assert all(e.offer.product.origin is Nation.KOR for e in effects if isinstance(e, Offered))


def test_an_older_word_of_a_source_does_not_replace_a_newer(
    korea: tuple[HallState, list[HallEffect]],
) -> None:
    state, _ = korea
    now, _ = seconds_of(Nation.KOR, UNTIL_S)[-1]
    newer = partner_tracklet(state)
    told, _ = hall_step(state, (handed(1, newer),), now)
    again, _ = hall_step(told, (handed(2, replace(newer, sequence=4)),), now)
    assert again.partners["USA/USA-1"].sequence == 5


def test_a_step_does_not_change_the_state_it_was_given(korea: tuple[HallState, list[HallEffect]]) -> None:
    state, _ = korea
    before = canonical_json(state)
    now, _ = seconds_of(Nation.KOR, UNTIL_S)[-1]
    hall_step(state, (handed(1, partner_tracklet(state)),), after(now, 5))
    assert canonical_json(state) == before


def test_the_same_run_gives_the_same_states() -> None:
    assert digest(run(Nation.JPN, 60)[0]) == digest(run(Nation.JPN, 60)[0])


def test_a_record_runs_again_and_a_hall_comes_back_from_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "hall.sqlite")
    turner = Turner(ledger, None, Instant(0))
    for now, some in seconds_of(Nation.KOR, 120):
        first: list[HallStimulus] = [] if turner.state else [configured(Nation.KOR)]
        turner.turn([*first, PlotsIn(some)], now, Instant(1))
    assert all(row.same for row in replay(ledger))
    state, last_now = rebuild(ledger)
    assert digest(state) == digest(turner.state)
    assert last_now == turner.last_now
    ledger.close()


def test_time_never_goes_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "hall.sqlite")
    turner = Turner(ledger, None, Instant(0))
    turner.turn([configured(Nation.KOR)], Instant(5_000), Instant(1))
    turner.turn([], Instant(4_000), Instant(1))
    assert [row.now_ns for row in ledger.steps()] == [5_000, 5_000]
    ledger.close()


def item(number: int) -> HandedItem:
    return HandedItem(number, Quarantined("x", "y", "z", Instant(0)))


def test_items_are_taken_in_order_once_and_not_past_a_gap() -> None:
    rows = [item(n) for n in (1, 2, 2, 3, 5, 6)]
    assert [row.number for row in contiguous(rows, 0)] == [1, 2, 3]
    assert [row.number for row in contiguous(rows, 2)] == [3]
    assert contiguous(rows, 6) == ()


def test_an_object_that_ended_stays_on_the_desk_for_a_while(
    korea: tuple[HallState, list[HallEffect]],
) -> None:
    state, _ = korea
    now, _ = seconds_of(Nation.KOR, UNTIL_S)[-1]
    for second in range(30, 2400, 30):
        state, _ = hall_step(state, (), after(now, second))
        if not state.fused:
            break
    ended = after(now, second)
    (left,) = [track for track in picture(state, ended).fused if track.kind is ObjectClass.BALLISTIC]
    assert left.life is Life.LOST
    assert [row.track_id for row in picture(state, ended).assessments] == [left.id]
    later, _ = hall_step(state, (), after(ended, 601))
    assert picture(later, after(ended, 601)).fused == ()

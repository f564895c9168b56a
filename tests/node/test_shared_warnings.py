"""What a nation tells its people reaches its partners, and its end with it: in any order, over any cut."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from door_world import Net, World
from exchange_samples import NOW, public_warning
from hall_world import configured
from msgspec.structs import replace

from tocsin.demo.halls import play
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Import, Product, Traffic
from tocsin.model.time import Instant, after
from tocsin.model.warning import MsgType, Purpose, SharedWarning, Standing
from tocsin.node import desk
from tocsin.node.hall_words import HallState, HandedIn
from tocsin.node.partners import REMEMBER_NS, SETTLE_NS
from tocsin.node.pipeline import hall_start, hall_step
from tocsin.page.view import view_of
from tocsin.share.bounds import sound
from tocsin.sim.scenario_file import load

ALERT = replace(public_warning(Nation.JPN, 1), track_id="JPN-EXERCISE-1")
UPDATE = replace(ALERT, sequence=2, msg_type=MsgType.UPDATE)
CANCEL = replace(ALERT, sequence=3, msg_type=MsgType.CANCEL, purpose=Purpose.WITHDRAW)


def hall() -> HallState:
    return hall_start(configured(Nation.KOR), NOW)


def imported(*products: Product, late: bool = False) -> HandedIn:
    marks = ("late",) if late else ()
    rows = (Import(p.origin, Traffic.URGENT, p.sequence, p, NOW, NOW, marks) for p in products)
    return HandedIn(tuple(HandedItem(n, row) for n, row in enumerate(rows, 1)))


def standing(state: HallState) -> Standing | None:
    rows = tuple(state.warnings.values())
    assert len(rows) <= 1
    return rows[0].standing if rows else None


@pytest.mark.parametrize("order", list(itertools.permutations((ALERT, UPDATE, CANCEL))))
@pytest.mark.parametrize("together", [True, False])
def test_in_any_order_it_ends_cancelled_and_is_never_live_again(
    order: tuple[SharedWarning, ...], together: bool
) -> None:
    state, seen = hall(), []
    for n, stimuli in enumerate([imported(*order)] if together else [imported(one) for one in order], 1):
        state, _ = hall_step(state, [stimuli], after(NOW, n))
        seen.append(standing(state))
    assert seen[-1] is Standing.CANCELLED
    ended = len(seen) - 1 if together else order.index(CANCEL)
    assert set(seen[ended:]) == {Standing.CANCELLED}
    assert all(one is Standing.IN_FORCE for one in seen[:ended])


def test_what_comes_after_a_cut_is_late_until_its_end_would_be_here() -> None:
    state, _ = hall_step(hall(), [imported(ALERT, late=True)], after(NOW, 1))
    assert standing(state) is Standing.LATE
    gone, _ = hall_step(state, [imported(CANCEL, late=True)], after(NOW, 2))
    assert standing(gone) is Standing.CANCELLED
    held, _ = hall_step(state, [], Instant(after(NOW, 1) + SETTLE_NS))
    assert standing(held) is Standing.IN_FORCE


def test_an_expired_one_is_shown_so_and_forgotten_long_after() -> None:
    state, _ = hall_step(hall(), [imported(ALERT)], after(NOW, 1))
    over, _ = hall_step(state, [], ALERT.expires_ns)
    assert standing(over) is Standing.EXPIRED
    last, _ = hall_step(over, [], Instant(ALERT.expires_ns + REMEMBER_NS))
    assert standing(last) is Standing.EXPIRED
    assert standing(hall_step(last, [], Instant(ALERT.expires_ns + REMEMBER_NS + 1))[0]) is None


def test_the_desk_shows_it_and_drafts_nothing_from_it() -> None:
    state, effects = hall_step(hall(), [imported(ALERT)], after(NOW, 1))
    (shown,) = view_of(desk.picture(state, after(NOW, 1))).theirs
    assert (shown.nation, shown.standing, shown.type) == ("JPN", "in force", "Alert")
    assert state.warn.drafts == {}
    assert effects == ()


def test_a_nation_cut_off_gets_alert_and_cancel_together_and_shows_it_cancelled(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    world.run(1.0)
    world.cut = True
    world.halls[Nation.JPN].offer(ALERT)
    world.run(8.0)
    world.halls[Nation.JPN].offer(CANCEL)
    world.run(8.0)
    assert world.halls[Nation.KOR].imports() == []
    world.drain()
    for partner in (Nation.KOR, Nation.USA):
        state, came = hall(), world.halls[partner].imports()
        assert [one.product for one in came] == [ALERT, CANCEL]
        assert "late" in came[0].marks
        seen = []
        for n, one in enumerate(came, 1):
            state, _ = hall_step(state, [HandedIn((HandedItem(n, one),))], after(NOW, 20.0 + n / 10))
            seen.append(standing(state))
        assert seen == [Standing.LATE, Standing.CANCELLED]
    world.close()


def test_a_warning_that_is_none_is_not_sound() -> None:
    assert sound(ALERT)
    row = ALERT.areas[0]
    for wrong in (
        replace(ALERT, areas=()),
        replace(ALERT, areas=(row,) * 201),
        replace(ALERT, areas=(replace(row, area="JP-02\x1b[2J"),)),
        replace(ALERT, areas=(replace(row, area=""),)),
        replace(ALERT, objects=0),
        replace(ALERT, expires_ns=ALERT.sent_ns),
        replace(ALERT, sent_ns=Instant(-1)),
        replace(ALERT, sequence=0),
        replace(ALERT, label=replace(ALERT.label, originators=frozenset((Nation.KOR,)))),
    ):
        assert not sound(wrong)


def test_what_two_officers_release_is_offered_at_once_and_partners_know_it() -> None:
    released: Instant | None = None
    for told in play(replace(load("2022-11-03-overflight"), duration_s=200.0), 1):
        stories = [s for s in told.state.warn.stories.values() if s.in_force is not None]
        if told.nation is Nation.JPN and stories and released is None:
            released = told.now_ns
        if released is not None and told.nation is Nation.KOR and told.now_ns > after(released, 1.0):
            (row,) = told.state.warnings.values()
            assert (row.warning.origin, row.warning.msg_type) == (Nation.JPN, MsgType.ALERT)
            assert row.standing is Standing.IN_FORCE
            assert row.warning.sent_ns <= released
            return
    raise AssertionError("Japan released nothing")

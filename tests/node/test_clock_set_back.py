"""A wall clock that is set back: what is due again and again stays due, what waits starts its wait anew."""

from pathlib import Path

from door_world import Net, World
from exchange_samples import NOW, PLANE, key, label, tracklet, trust_of
from msgspec.structs import replace

from tocsin.model.label import Caveat, Nation
from tocsin.model.product import Traffic
from tocsin.model.time import SECOND_NS, Instant, passed
from tocsin.node.door_trust import list_due
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, DoorState, Office
from tocsin.node.keys import make_keys
from tocsin.node.restored import partner_spoke
from tocsin.node.rotation import own_list
from tocsin.release.terms import DEFAULT, Delaying, FlowTerms
from tocsin.share.inbox import InStream, receipt_due, resend_due, told, withheld
from tocsin.share.links import Heartbeat, Link, ListMark, ListNews, beat_due
from tocsin.share.marks import Marks
from tocsin.share.outbox import OutStream, resend
from tocsin.share.topology import Topology

HOUR_NS = 3600 * SECOND_NS
LATER = Instant(NOW + HOUR_NS)


def test_a_span_has_passed_also_when_its_start_lies_ahead() -> None:
    assert not passed(NOW, SECOND_NS, NOW)
    assert not passed(NOW, SECOND_NS, NOW + SECOND_NS - 1)
    assert passed(NOW, SECOND_NS, NOW + SECOND_NS)
    assert passed(LATER, SECOND_NS, NOW)


def test_heartbeats_receipts_requests_and_answers_go_on() -> None:
    assert beat_due(Link(beaten_ns=LATER), NOW)
    committed = InStream(committed=Marks(7), receipted=3, receipted_ns=LATER)
    assert receipt_due(committed, Traffic.FLOW, NOW)[1] is not None
    missing = told(InStream(gap_ns=LATER, asked_ns=LATER), 5)
    assert resend_due(missing, Traffic.FLOW, NOW)[1] is not None
    assert withheld(missing, NOW) == 5
    assert resend(OutStream(sent=9, resent_ns=LATER), ((1, 4),), NOW)[1] == ((1, 4),)


def test_a_new_trust_list_goes_out(tmp_path: Path) -> None:
    folder = make_keys(tmp_path / "keys", Nation.KOR, PLANE, (), NOW)
    own = own_list(folder, Nation.KOR, PLANE)
    office = Office(Nation.KOR, PLANE, Topology(), trust_of(Nation.KOR), key(Nation.KOR), own=own)
    older = Heartbeat(NOW, {}, {}, {}, 1, 0, lists={Nation.KOR: ListMark(0, "0" * 64)})
    link = Link(beat=older, listed_ns=LATER)
    turn = Turn(DoorState(office, links={Nation.JPN: link}), NOW)
    assert list_due(turn, Nation.JPN) == ListNews(own.signed)


def test_a_door_with_an_old_book_started_under_a_fast_clock_is_answered_after_it_is_set_back() -> None:
    """Products wait until a partner has answered a heartbeat of this run, and not for that hour."""
    office = Office(Nation.KOR, PLANE, Topology(), trust_of(Nation.KOR), key(Nation.KOR))
    state = DoorState(office, opened_ns=LATER, unproven=frozenset((Nation.JPN,)))
    state, _ = Turn(state, NOW).done()
    turn = Turn(state, Instant(NOW + SECOND_NS))
    echoing = Heartbeat(turn.now, {}, {}, {}, 1, 0, echo_wall_ns=NOW)
    partner_spoke(turn, Nation.JPN, echoing, Arrived("direct", Nation.JPN, b"", turn.now))
    assert turn.unproven == frozenset()


def test_what_was_sealed_under_the_fast_clock_is_sealed_anew(tmp_path: Path) -> None:
    """A partner refuses what is of the future: the same bytes again would be refused for an hour."""
    world = World(tmp_path, Net())
    world.run(0.5)
    world.now, true_now = Instant(world.now + HOUR_NS), world.now
    world.cut = True
    world.halls[Nation.KOR].offer(tracklet(Nation.KOR, 1))
    world.run(0.5)
    world.cut, world.now = False, Instant(true_now + SECOND_NS)
    world.run(8.0)
    for partner in (Nation.USA, Nation.JPN):
        assert [one.product for one in world.halls[partner].imports()] == [tracklet(Nation.KOR, 1)]
        assert world.halls[partner].quarantined() == []
    world.close()


def test_what_waits_waits_its_whole_time_from_then(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    door = world.doors[Nation.KOR]
    policy = replace(DEFAULT, flow=FlowTerms(delay=Delaying.WAIT, delay_s=5))
    door.office = replace(door.office, policy=policy)
    door.state = replace(door.state, office=door.office)
    world.run(0.5)
    world.now, true_now = Instant(world.now + HOUR_NS), world.now
    wait = label(Nation.KOR, frozenset(Nation), Caveat.DELAY)
    world.halls[Nation.KOR].offer(tracklet(Nation.KOR, 1, wait))
    world.run(0.5)
    assert len(door.state.held) == 2
    world.now = true_now
    world.run(4.5)
    assert world.halls[Nation.JPN].imports() == []
    world.run(1.5)
    assert len(world.halls[Nation.JPN].imports()) == 1
    assert door.book.load(door.office).held == ()
    world.close()

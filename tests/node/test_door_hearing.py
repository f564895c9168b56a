"""What a door makes of what it hears: forged, replayed, early, from a dead hall; and what its book keeps
of it.
"""

from pathlib import Path

import apsw
import pytest
from door_world import Net, World
from exchange_samples import NOW, PLANE, key, label, tracklet, trust_of
from msgspec.structs import replace

from tocsin.model.envelope import header_for
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Offer, Product, Quarantined, Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node import door_book
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import (
    AckOffers,
    Arrived,
    DoorState,
    DoorStimulus,
    Evidence,
    HallHas,
    HandOver,
    OffersCame,
    Office,
    Send,
    Store,
    Tick,
)
from tocsin.release.seal import seal
from tocsin.share.links import Heartbeat, Note, Receipt
from tocsin.share.marks import Marks
from tocsin.share.topology import Topology
from tocsin.share.trust import trust_list
from tocsin.share.wire import Verified, encode_notes, encode_product, join_products, verify

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA


def office(nation: Nation) -> Office:
    return Office(nation, PLANE, Topology(), trust_of(nation), key(nation))


def from_korea(first: int, payload: bytes, traffic: Traffic = Traffic.FLOW, count: int = 1) -> Sealed:
    """Signed by KOR's true key for JPN: a partner that means ill can do no less."""
    header = header_for(
        label(KOR),
        issuer=KOR,
        recipient=JPN,
        traffic=traffic,
        first=first,
        last=first + count - 1,
        key_id=key(KOR).key_id,
        issued_wall_ns=NOW,
        expires_wall_ns=Instant(NOW + 3600 * SECOND_NS),
    )
    return seal(header, payload, key(KOR), by_hub=True)


def products(*some: Product) -> bytes:
    return join_products([encode_product(one) for one in some])


def notes(first: int, *some: Note) -> Sealed:
    return from_korea(first, encode_notes(some), Traffic.CONTROL)


def arrive(state: DoorState, *some: Sealed) -> tuple[DoorState, Store | None, list[HandedItem]]:
    came = [Arrived("direct", KOR, one.data, NOW) for one in some]
    state, effects = door_step(state, came, NOW)
    store = next((effect for effect in effects if isinstance(effect, Store)), None)
    return state, store, [item for effect in effects if isinstance(effect, HandOver) for item in effect.items]


def test_store_comes_first_and_an_offer_is_acknowledged_after_it() -> None:
    _, effects = door_step(DoorState(office(KOR)), [OffersCame((Offer(1, tracklet(KOR, 1), NOW),))], NOW)
    kinds = [type(effect) for effect in effects]
    assert kinds[0] is Store
    assert kinds.count(Store) == 1
    assert AckOffers in kinds
    assert Send in kinds


def test_the_state_handed_in_is_not_touched() -> None:
    before = DoorState(office(JPN))
    kept = replace(before)
    after, _, _ = arrive(before, from_korea(1, products(tracklet(KOR, 1))))
    assert after != before
    assert before == kept
    assert before.ins == {}
    assert before.flights == ()


def test_offers_beyond_a_gap_are_not_taken() -> None:
    offers = tuple(Offer(n, tracklet(KOR, n), NOW) for n in (1, 2, 4))
    state, effects = door_step(DoorState(office(KOR)), [OffersCame(offers)], NOW)
    assert state.offers_upto == 2
    assert AckOffers(2) in effects
    state, effects = door_step(state, [OffersCame(offers[:2])], NOW)  # repeats: answered, not taken twice
    assert AckOffers(2) in effects
    assert not any(isinstance(effect, HandOver) for effect in effects)


def test_replay_changes_nothing_and_is_no_alarm() -> None:
    one = from_korea(1, products(tracklet(KOR, 1)))
    state, _, items = arrive(DoorState(office(JPN)), one)
    assert len(items) == 1
    again, _, items = arrive(state, one, one, one)
    assert items == []
    assert again.ins == state.ins
    assert again.copies == state.copies + 3


def test_replay_after_a_restart_from_the_book(tmp_path: Path) -> None:
    one = from_korea(1, products(tracklet(KOR, 1)))
    book = DoorBook(tmp_path / "d.sqlite")
    _, store, _ = arrive(book.load(office(JPN)), one)
    assert store is not None
    book.commit(store)
    book.close()
    book = DoorBook(tmp_path / "d.sqlite")
    _, _, items = arrive(book.load(office(JPN)), one)
    assert items == []
    book.close()


def test_part_of_a_batch_that_is_known_is_not_taken_again() -> None:
    state, _, _ = arrive(DoorState(office(JPN)), from_korea(2, products(tracklet(KOR, 2))))
    batch = from_korea(1, products(*(tracklet(KOR, n) for n in (1, 2, 3))), count=3)
    _, _, items = arrive(state, batch)
    assert [getattr(item.item, "sequence", None) for item in items] == [1, 3]


def test_a_receipt_for_what_was_never_sent_is_quarantined() -> None:
    state, _, items = arrive(DoorState(office(JPN)), notes(1, Receipt(Traffic.FLOW, 1)))
    assert [item.item.reason for item in items if isinstance(item.item, Quarantined)] == ["false-receipt"]
    assert state.outs.get((KOR, Traffic.FLOW)) is None or state.outs[KOR, Traffic.FLOW].receipted == 0


def test_a_replayed_old_receipt_takes_nothing_back() -> None:
    state = DoorState(office(JPN))
    offers = tuple(Offer(n, tracklet(JPN, n), NOW) for n in range(1, 5))
    state, _ = door_step(state, [OffersCame(offers)], NOW)
    state, _, _ = arrive(state, notes(2, Receipt(Traffic.FLOW, 3)))
    state, _, _ = arrive(state, notes(1, Receipt(Traffic.FLOW, 2)))
    assert state.outs[KOR, Traffic.FLOW].receipted == 3


def test_a_heartbeat_repeats_a_lost_receipt() -> None:
    state, _ = door_step(DoorState(office(JPN)), [OffersCame((Offer(1, tracklet(JPN, 1), NOW),))], NOW)
    beat = Heartbeat(NOW, {}, {}, {Traffic.FLOW: 1}, 1, 0)
    state, _, _ = arrive(state, notes(1, beat))
    assert state.outs[KOR, Traffic.FLOW].backlog == 0


def test_the_other_paths_copy_of_a_heartbeat_is_known_by_its_bytes() -> None:
    """It shows that its path lives and needs no second look at its signature, even when its key is gone."""
    said = notes(1, Heartbeat(NOW, {}, {}, {}, 1, 0)).data
    later = Instant(NOW + SECOND_NS // 100)
    state, _ = door_step(DoorState(office(JPN)), [Arrived("direct", KOR, said, NOW)], NOW)
    state = replace(state, trust=trust_list(()))
    state, effects = door_step(state, [Arrived("hub", KOR, said, later)], later)
    assert state.links[KOR].heard_ns == {"direct": NOW, "hub": later}
    assert not any(isinstance(effect, HandOver) for effect in effects)
    _, effects = door_step(state, [Arrived("hub", KOR, said[:-1] + bytes((said[-1] ^ 1,)), later)], later)
    assert any(isinstance(effect, HandOver) for effect in effects)  # one bit: refused, as evidence


def said_to_korea(state: DoorState, at_s: float, *stimuli: DoorStimulus) -> tuple[DoorState, list[Note]]:
    now = Instant(NOW + round(at_s * SECOND_NS))
    state, effects = door_step(state, [*stimuli, Tick()], now)
    said: list[Note] = []
    for effect in effects:
        if isinstance(effect, Send) and effect.sealed.recipient is KOR:
            outcome = verify(effect.sealed.data, trust_of(KOR), KOR, PLANE, now)
            assert isinstance(outcome, Verified)
            said += outcome.notes
    return state, said


def test_no_receipt_while_the_hall_is_dead() -> None:
    state, _, items = arrive(DoorState(office(JPN)), from_korea(1, products(tracklet(KOR, 1))))
    said: list[Note] = []
    for tenth in range(1, 50):
        state, more = said_to_korea(state, tenth / 10)
        said += more
    beats = [note for note in said if isinstance(note, Heartbeat)]
    assert len(beats) >= 4
    assert said == beats
    assert all(beat.received[Traffic.FLOW] == 1 and beat.committed[Traffic.FLOW] == 0 for beat in beats)
    assert all(beat.step_age_ms is None for beat in beats)
    state, said = said_to_korea(state, 5.05, HallHas(items[-1].number, 9))
    assert Receipt(Traffic.FLOW, 1) in said
    state, said = said_to_korea(state, 8.05)
    (beat,) = [note for note in said if isinstance(note, Heartbeat)]
    assert (beat.step, beat.step_age_ms) == (1, 3_000), "of nine steps no partner hears"


def test_marks_alone_are_stored_within_half_a_second() -> None:
    state, _, items = arrive(DoorState(office(JPN)), from_korea(1, products(tracklet(KOR, 1))))
    stores: list[tuple[float, Store]] = []
    for hundredth in range(1, 120):
        now = Instant(NOW + hundredth * SECOND_NS // 100)
        stimuli: list[DoorStimulus] = [HallHas(items[-1].number, 1)] if hundredth == 3 else [Tick()]
        state, effects = door_step(state, stimuli, now)
        stores += [(hundredth / 100, effect) for effect in effects if isinstance(effect, Store)]
    assert 1 <= len(stores) <= 3
    at_s, store = stores[0]
    assert at_s <= 0.5
    assert store.hall_upto == items[-1].number
    assert store.ins[KOR, Traffic.FLOW].committed.upto == 1


def test_hall_that_commits_part_of_a_batch() -> None:
    batch = from_korea(1, products(*(tracklet(KOR, n) for n in range(1, 6))), count=5)
    state, _, items = arrive(DoorState(office(JPN)), batch)
    state, _ = door_step(state, [HallHas(items[2].number, 1)], NOW)
    assert state.ins[KOR, Traffic.FLOW].committed.upto == 3
    state, _ = door_step(state, [HallHas(items[4].number, 2)], NOW)
    assert state.ins[KOR, Traffic.FLOW].committed.upto == 5
    assert state.flights == ()


def in_flight(state: DoorState) -> set[tuple[Nation, Traffic, int]]:
    return {(f.origin, f.traffic, n) for f in state.flights for n in range(f.first, f.last + 1)}


def test_book_brings_back_what_is_with_the_hall(tmp_path: Path) -> None:
    """Out of order and with a hole: the hall's word on numbers must find the right sequences again."""
    book = DoorBook(tmp_path / "d.sqlite")
    came = [from_korea(n, products(tracklet(KOR, n))) for n in (1, 3, 2, 6, 7)]
    state, store, items = arrive(book.load(office(JPN)), *came)
    assert store is not None
    book.commit(store)
    loaded = book.load(office(JPN))
    assert in_flight(loaded) == in_flight(state) == {(KOR, Traffic.FLOW, n) for n in (1, 2, 3, 6, 7)}
    after, _ = door_step(loaded, [HallHas(items[1].number, 1)], NOW)
    assert after.ins[KOR, Traffic.FLOW].committed == Marks(1, ((3, 3),))
    after, _ = door_step(after, [HallHas(items[3].number, 2)], NOW)
    assert after.ins[KOR, Traffic.FLOW].committed == Marks(3, ((6, 6),))
    book.close()


def test_book_brings_back_what_must_not_be_forgotten(tmp_path: Path) -> None:
    """Rows at once; marks that others repeat, within half a second; control with a skip."""
    world = World(tmp_path, Net(loss=0.2, double=0.2, delay_ms=60.0, handoff_loss=0.3), seed=5)
    for nation, hall in world.halls.items():
        for n in range(1, 40):
            hall.offer(tracklet(nation, n))
    for _ in range(12):
        world.run(0.2)
        for door in world.doors.values():
            loaded, living = door.book.load(door.office), door.state
            assert (loaded.offers_upto, loaded.handed_upto) == (living.offers_upto, living.handed_upto)
            assert loaded.hall_upto <= living.hall_upto
            for stream, row in living.outs.items():
                if stream[1] is Traffic.CONTROL:
                    assert loaded.outs[stream].sent > row.sent  # no sequence is ever used twice
                else:
                    assert loaded.outs[stream].sent == row.sent
                    assert loaded.outs[stream].receipted <= row.receipted
            for stream, came in living.ins.items():
                if stream[1] is not Traffic.CONTROL:
                    assert loaded.ins[stream].received == came.received
                    assert loaded.ins[stream].committed.upto <= came.committed.upto
            assert in_flight(living) <= in_flight(loaded)
    world.drain()
    world.run(1.0)
    for door in world.doors.values():
        loaded = door.book.load(door.office)
        assert loaded.flights == ()
        for stream, came in door.state.ins.items():
            if stream[1] is not Traffic.CONTROL:
                assert loaded.ins[stream].committed == came.committed == came.received
    world.close()


def test_evidence_is_bounded_and_counted_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_book, "MAX_EVIDENCE", 5)
    book = DoorBook(tmp_path / "d.sqlite")
    state = book.load(office(JPN))
    for n in range(20):
        state, effects = door_step(state, [Arrived("direct", KOR, b"nonsense %d" % n, NOW)], Instant(NOW + n))
        for effect in effects:
            if isinstance(effect, Store):
                assert isinstance(effect.evidence[0], Evidence)
                book.commit(effect)
    assert book.counts().refused == {"malformed": 20}
    book.close()
    rows = apsw.Connection(str(tmp_path / "d.sqlite")).execute("SELECT data FROM evidence").fetchall()
    assert [data for (data,) in rows] == [b"nonsense %d" % n for n in range(15, 20)]


def test_counts_of_the_exchange(tmp_path: Path) -> None:
    world = World(tmp_path, Net(double=1.0))
    for n in range(1, 11):
        world.halls[KOR].offer(tracklet(KOR, n))
    world.halls[KOR].offer(tracklet(KOR, 11, label(KOR, frozenset((JPN,)))))
    world.run(2.0)
    korea, japan = world.doors[KOR].book.counts(), world.doors[JPN].book.counts()
    assert (korea.offered, korea.released, korea.withheld) == (11, 21, 1)
    assert japan.received == 11
    assert japan.copies >= 2 * 11
    assert len(japan.latencies_ms) == 11
    assert all(0 <= ms < 500 for ms in japan.latencies_ms)
    world.close()


def test_a_sequence_twice_breaks_the_key_and_is_loud(tmp_path: Path) -> None:
    """Belt to the fold's braces: a fold that took one twice would not get it into the book."""
    book = DoorBook(tmp_path / "d.sqlite")
    _, store, _ = arrive(book.load(office(JPN)), from_korea(1, products(tracklet(KOR, 1))))
    assert store is not None
    book.commit(store)
    with pytest.raises(apsw.ConstraintError):
        book.commit(store)
    book.close()


def test_other_planes_never_mix() -> None:
    real = Office(JPN, Plane.REAL, Topology(), trust_of(JPN), key(JPN, Plane.REAL))
    state, _, items = arrive(DoorState(real), from_korea(1, products(tracklet(KOR, 1))))
    assert [item.item.reason for item in items if isinstance(item.item, Quarantined)] == ["wrong-plane"]
    assert state.ins == {}


def test_quiet_door_writes_nothing_between_heartbeats() -> None:
    state, _ = door_step(DoorState(office(JPN)), [Tick()], NOW)
    _, effects = door_step(state, [Tick()], Instant(NOW + SECOND_NS // 2))
    assert effects == ()

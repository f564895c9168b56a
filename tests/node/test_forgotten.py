"""A hall's record is an old copy: it asks its door, goes on beyond, and nothing that it makes is lost."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from exchange_samples import PLANE, key, trust_of

from tocsin.model.alarm import AlarmKind
from tocsin.model.handoff import HandedItem, ImportAck, ImportBatch, OfferAck, OfferBatch
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Offer, Quarantined
from tocsin.model.sensor import SensorWord
from tocsin.model.time import Instant
from tocsin.model.warning import Thresholds
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import AckOffers, DoorState, OffersCame, Office
from tocsin.node.forgotten import BEYOND
from tocsin.node.hall_door import DoorLink
from tocsin.node.hall_words import Configured, Forgot, HallEffect, HallState, HallStimulus, Offered
from tocsin.node.pending import Pending
from tocsin.node.pipeline import hall_step
from tocsin.node.replay import replay
from tocsin.node.sensing import Told
from tocsin.node.turn import Turner
from tocsin.record.ledger import Ledger
from tocsin.share.topology import Topology

KOR = Nation.KOR
LABEL = Label(Plane.TEST, frozenset((KOR,)), frozenset((Nation.JPN,)))
CONFIGURED = Configured(KOR, Plane.TEST, "none", (), Thresholds(), "")


def word(number: int) -> SensorWord:
    return SensorWord(KOR, "radar", number, True, Instant(1), LABEL)


class Hall:
    """Turner, queue and link over a record; `said` is what its door has been sent."""

    def __init__(self, path: Path) -> None:
        self.path, self.said, self.now = path, list[OfferBatch | ImportAck](), 0
        self.begin()

    def begin(self) -> None:
        self.ledger = Ledger(self.path)
        newest = list(replay(self.ledger, fold=self.fold))
        state = newest[-1].state if newest else None
        self.now += 1_000_000_000
        self.turner = Turner(self.ledger, state, Instant(self.now), lambda: self.now, self.fold)
        self.pending = Pending(lambda: self.now)
        self.link = DoorLink(self.ledger, self.pending, self.publish, lambda: None, lambda: self.now)

    def fold(
        self, state: HallState | None, stimuli: Sequence[HallStimulus], now: Instant
    ) -> tuple[HallState, tuple[HallEffect, ...]]:
        """`hall_step`, and a product for every sign of life."""
        after, effects = hall_step(state, stimuli, now)
        made = [name for one in stimuli for name in getattr(one, "sensors", ()) if isinstance(name, str)]
        first = after.counts.offered
        offers = [Offered(Offer(first + n, word(int(name)), now)) for n, name in enumerate(made, 1)]
        counts = msgspec.structs.replace(after.counts, offered=first + len(offers))
        return msgspec.structs.replace(after, counts=counts), (*effects, *offers)

    def turn(self, *made: int) -> None:
        self.now += 1_000_000_000
        self.pending.put_alive(str(number) for number in made)
        stimuli, arrived = self.pending.take()
        first = [CONFIGURED] if self.turner.state is None else []
        effects = self.turner.turn([*first, *stimuli], Instant(self.now), arrived)
        asyncio.run(self.link.committed(self.ledger.last_step()))
        asyncio.run(self.link.send([one.offer for one in effects if isinstance(one, Offered)]))

    async def publish(self, topic: str, data: bytes) -> None:
        if topic == "offer.data":
            self.said.append(msgspec.msgpack.decode(data, type=OfferBatch))
        else:
            self.said.append(msgspec.msgpack.decode(data, type=ImportAck))

    def ack(self, upto: int, taken: int = 0) -> None:
        asyncio.run(self.link.on_offer_ack(msgspec.msgpack.encode(OfferAck(upto, taken))))

    def hand(self, *numbers: int) -> None:
        items = tuple(HandedItem(n, Quarantined("x", "y", "z", Instant(0))) for n in numbers)
        asyncio.run(self.link.on_import_data(msgspec.msgpack.encode(ImportBatch(items))))

    def offered(self) -> list[tuple[int, int]]:
        """Number and sequence of every offer that was sent, once."""
        rows = {
            o.number: o.product.sequence for b in self.said if isinstance(b, OfferBatch) for o in b.offers
        }
        return sorted(rows.items())

    def put_back(self, copy: Path) -> None:
        self.ledger.close()
        for left in self.path.parent.glob(f"{self.path.name}*"):
            left.unlink()
        shutil.copy(copy, self.path)
        self.said.clear()
        self.begin()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """Two offers and two items that its copy knows of, two more of each that it does not."""
    made = Hall(tmp_path / "hall.sqlite")
    made.ack(0)
    made.turn(1, 2)
    made.hand(1, 2)
    made.turn()
    made.ack(2, 2)
    made.ledger.close()
    shutil.copy(made.path, tmp_path / "old.sqlite")
    made.begin()
    made.ack(2, 2)
    made.turn(3, 4)
    made.hand(3, 4)
    made.turn()
    made.ack(4, 4)
    yield made
    made.ledger.close()


def old(hall: Hall) -> Hall:
    hall.put_back(hall.path.parent / "old.sqlite")
    return hall


def test_nothing_is_offered_before_the_door_was_heard(hall: Hall) -> None:
    old(hall).turn(5)
    assert hall.offered() == []
    asyncio.run(hall.link.resend_stalled())
    assert hall.said[-1] == OfferBatch(()), "how far has the door come?"


def test_what_is_made_after_is_offered_beyond_what_the_door_has(hall: Hall) -> None:
    old(hall).ack(4, 4)
    hall.turn(5)
    assert hall.offered() == [(5, 5)]
    hall.turn(6)
    assert hall.offered() == [(5, 5), (6, 6)]


def test_what_was_made_meanwhile_is_offered_again(hall: Hall) -> None:
    """Under used numbers the door would pass over it; under its old sequence a partner would."""
    old(hall).turn(5)
    hall.turn(6)
    hall.turn(7)
    hall.ack(4, 4)
    hall.turn()
    assert hall.offered() == [(5, 7), (6, 5 + BEYOND), (7, 6 + BEYOND)]


def test_a_crash_before_the_door_was_heard_changes_nothing(hall: Hall) -> None:
    old(hall).turn(5, 6, 7)
    hall.ledger.close()
    hall.begin()
    hall.ack(4, 4)
    hall.turn()
    assert hall.offered() == [(5, 7), (6, 5 + BEYOND), (7, 6 + BEYOND)]
    hall.ledger.close()
    hall.said.clear()
    hall.begin()
    hall.ack(7, 4)
    hall.turn(8)
    assert hall.offered() == [(8, 8)], "it went on once and for all"


def test_the_door_s_items_are_taken_from_where_it_stands(hall: Hall) -> None:
    """What is gone comes no more; the hall once waited for it for ever."""
    old(hall).ack(4, 4)
    hall.turn()
    hall.hand(5, 6)
    hall.turn()
    assert hall.ledger.mark("handed") == 6
    assert ImportAck(6, hall.ledger.last_step()) in hall.said


def test_officers_are_told_and_tracks_get_names_that_nobody_has_used(hall: Hall) -> None:
    state, _ = hall_step(None, [CONFIGURED], Instant(1))
    state = msgspec.structs.replace(state, sensors_told={"radar": Told(3, True)})
    after, _ = hall_step(state, [Forgot(4, 4, ())], Instant(2))
    (alarm,) = after.alarms["handoff"]
    assert alarm.kind is AlarmKind.OLD_BACKUP
    assert "offers up to 4 and handed over items to 4" in alarm.detail
    assert after.tracker.next_number == state.tracker.next_number + BEYOND
    assert after.sensors_told["radar"].sequence == 3 + BEYOND
    assert after.counts.offered == 4


def test_a_record_that_is_no_old_copy_is_not_told_so(hall: Hall) -> None:
    hall.ledger.close()
    hall.said.clear()
    hall.begin()
    hall.ack(3, 4)  # the door was not yet as far
    hall.turn(5)
    state = hall.turner.state
    assert state is not None
    assert state.alarms == {}
    assert hall.offered() == [(4, 4), (5, 5)]


def test_the_record_runs_again_to_the_same_state(hall: Hall) -> None:
    old(hall).turn(5)
    hall.ack(4, 4)
    hall.turn(6)
    assert all(step.same for step in replay(hall.ledger, fold=hall.fold))


def test_a_door_answers_how_far_it_is_and_takes_what_follows_on_a_gap() -> None:
    office = Office(KOR, PLANE, Topology(), trust_of(KOR), key(KOR))
    state, effects = door_step(DoorState(office), [OffersCame(())], Instant(10**18))
    assert AckOffers(0, 0) in effects
    offers = tuple(Offer(n, word(n), Instant(1)) for n in (7, 8))
    kept, _ = door_step(state, [OffersCame(offers)], Instant(10**18))
    assert kept.offers_upto == 0, "past a gap"
    taken, _ = door_step(state, [OffersCame(offers, after=0)], Instant(10**18))
    assert taken.offers_upto == 8
    behind, _ = door_step(state, [OffersCame(offers, after=3)], Instant(10**18))
    assert behind.offers_upto == 0, "there are offers that it has not seen"

"""The hall's side of the handoff: offers out until the door has them in its book, the door's items in
exactly once.

The hall keeps every offer in its record and sends it until the door acknowledges it; it takes the
door's items in order of their numbers and acknowledges them when they are committed. A door that is
away costs nothing but time.

At its start the hall asks how far its door has come, and offers nothing before it knows: a record that was
restored from a copy would give numbers away that the door has taken, and has passed over since (forgotten).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.handoff import (
    Committed,
    CommitWanted,
    DoorMessage,
    ImportAck,
    ImportBatch,
    LinkReport,
    OfferAck,
    OfferBatch,
)
from tocsin.model.product import Offer
from tocsin.model.time import Instant
from tocsin.node.hall_words import Forgot
from tocsin.node.pending import Pending
from tocsin.node.turn import HallBook, contiguous
from tocsin.record.ledger import UNPROVEN

RESEND_S = 0.5
"""An acknowledgement takes a few milliseconds; half a second without one is a lost message or a door
away.
"""

BEAT_S = 1.0
"""Heartbeat of EXCHANGE.md: the door tells partners how old the hall's last word is."""

OFFERS_AT_ONCE = 100
"""Offers of one message: about 100 kB, under the broker's largest payload."""

Publish = Callable[[str, bytes], Awaitable[None]]

_OFFER = msgspec.msgpack.Decoder(Offer)
_FROM_DOOR: msgspec.msgpack.Decoder[DoorMessage] = msgspec.msgpack.Decoder(DoorMessage)
_OFFER_ACK = msgspec.msgpack.Decoder(OfferAck)
_PACK = msgspec.msgpack.Encoder(order="deterministic")


class DoorLink:
    """Handoff with the door over `publish(topic, bytes)`; `arrived` wakes the hall when items wait; `wall` is
    the wall clock."""

    def __init__(
        self,
        ledger: HallBook,
        pending: Pending,
        publish: Publish,
        arrived: Callable[[], None],
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._ledger, self._pending, self._publish, self._arrived = ledger, pending, publish, arrived
        self._wall = wall
        self._queued_upto = self._acked_upto = ledger.mark("handed")
        self._base, self._heard = ledger.unproven(), False
        self._taken_before = -1
        self._missing = 0
        self._tell_missing()

    async def ask(self) -> None:
        """How far has the door come?"""
        await self._publish("offer.data", _PACK.encode(OfferBatch(())))

    async def send(self, offers: Sequence[Offer]) -> None:
        """Offers that were just committed. They wait in the record while the door has not been heard."""
        if not self._heard:
            return
        for first in range(0, len(offers), OFFERS_AT_ONCE):
            batch = OfferBatch(tuple(offers[first : first + OFFERS_AT_ONCE]))
            await self._publish("offer.data", _PACK.encode(batch))

    async def _send_open(self) -> None:
        """What the door has not taken. A record that went on beyond what it had forgotten leaves numbers
        out."""
        after = self._ledger.mark("offers_taken")
        rows = [_OFFER.decode(body) for _, body in self._ledger.offers_open(OFFERS_AT_ONCE)]
        while rows:
            count = next((n for n, row in enumerate(rows) if row.number != rows[0].number + n), len(rows))
            batch = OfferBatch(tuple(rows[:count]), after)
            await self._publish("offer.data", _PACK.encode(batch))
            after, rows = rows[count - 1].number, rows[count:]

    async def on_offer_ack(self, data: bytes) -> None:
        """The door has committed offers; they are not sent again."""
        ack = _OFFER_ACK.decode(data)
        if not self._known():
            if ack.upto > self._base or ack.taken > self._ledger.mark("handed"):
                self._forget(ack)
                return
            self._ledger.proven()
        self._ledger.offers_taken(ack.upto)
        await self._begin()

    def _known(self) -> bool:
        """The record is no old copy, or a step has gone beyond what it does not hold."""
        return self._heard or not self._ledger.mark(UNPROVEN)

    async def _begin(self) -> None:
        """What was made before the door was heard goes now."""
        if not self._heard and self._known():
            self._heard = True
            await self._send_open()

    def _forget(self, ack: OfferAck) -> None:
        """The record is an old copy: the next step goes on beyond what the door has, and says so."""
        made = self._ledger.offers_open(max(ack.upto - self._ledger.mark("offers_taken"), 0))
        again = (_OFFER.decode(body) for number, body in made if self._base < number <= ack.upto)
        self._pending.put_forgot(Forgot(ack.upto, ack.taken, tuple(again)))
        self._arrived()

    async def on_import_data(self, data: bytes) -> None:
        """Items or a report from the door. Repeats are acknowledged again; what is past a gap is sent
        again.
        """
        message = _FROM_DOOR.decode(data)
        if isinstance(message, LinkReport):
            self._pending.put_links(message)
        elif isinstance(message, CommitWanted):
            await self._commit(message)
        else:
            await self._take(message)

    async def _commit(self, wanted: CommitWanted) -> None:
        now = Instant(self._wall())
        tick = self._ledger.commit_to(wanted.generation, wanted.number, now)
        self._tell_missing()
        last = max(self._ledger.ticks().last, wanted.number)
        answer = Committed(wanted.generation, wanted.number, tick.commitment, last)
        await self._publish("offer.data", _PACK.encode(answer))

    def _tell_missing(self) -> None:
        """The door's log knows leaves that this record does not: its file is an old backup."""
        ticks = self._ledger.ticks()
        if ticks.missing == self._missing:
            return
        self._missing = ticks.missing
        detail = (
            f"this record cannot open {ticks.missing} of {ticks.last} checkpoints of its log: it was "
            "restored from an old backup. Steps committed in between are not in it; keep the partners' "
            "proofs. It stands until `tocsin witness retire` begins a new log"
        )
        found = Alarm(AlarmKind.OLD_BACKUP, "record", detail, Instant(self._wall()))
        self._pending.put_alarms("record", (found,) if ticks.missing else ())
        self._arrived()

    async def _take(self, batch: ImportBatch) -> None:
        fresh = contiguous(batch.items, self._queued_upto)
        if fresh:
            self._queued_upto = fresh[-1].number
            self._pending.put_handed(fresh)
            self._arrived()
        elif batch.items and batch.items[-1].number <= self._acked_upto:
            await self.acknowledge(self._acked_upto, self._ledger.last_step())

    async def committed(self, step: int) -> None:
        """A step is committed: acknowledge what it took in, if anything."""
        upto = self._ledger.mark("handed")
        if upto != self._acked_upto:
            self._acked_upto, self._queued_upto = upto, max(self._queued_upto, upto)
            await self.acknowledge(upto, step)
        await self._begin()

    async def acknowledge(self, upto: int, step: int) -> None:
        """Say what is committed; also the hall's sign of life."""
        await self._publish("import.ack", _PACK.encode(ImportAck(upto, step)))

    async def resend(self) -> None:
        """For ever: send the open offers again when the door's mark has not moved for RESEND_S."""
        while True:
            await self.resend_stalled()
            await asyncio.sleep(RESEND_S)

    async def resend_stalled(self) -> None:
        """Send the open offers again when the door's mark has not moved since the last call."""
        if not self._heard:
            await self.ask()
            return
        taken = self._ledger.mark("offers_taken")
        if taken == self._taken_before:
            await self._send_open()
        self._taken_before = taken

    async def beat(self) -> None:
        """For ever: the hall's last committed step, once a second."""
        while True:
            await self.say_alive()
            await asyncio.sleep(BEAT_S)

    async def say_alive(self) -> None:
        """One heartbeat of the hall."""
        await self.acknowledge(self._acked_upto, self._ledger.last_step())

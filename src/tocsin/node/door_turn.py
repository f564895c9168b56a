"""The bench of one turn of the door: it starts as the old state and ends as the new one and its effects.

Local to one call of `door_step`: the state handed in is never touched, tables are copied before they
change.
"""

from bisect import bisect_right, insort
from collections import Counter

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.envelope import Header, header_for
from tocsin.model.handoff import Handed, HandedItem
from tocsin.model.label import Label, Nation
from tocsin.model.product import Decision, Offer, Quarantined, Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant, passed
from tocsin.node.door_words import (
    AckOffers,
    DoorEffect,
    DoorState,
    Evidence,
    Flight,
    HandOver,
    Held,
    InRow,
    Proof,
    Send,
    SendAgain,
    ShowDecision,
    Store,
    Stream,
)
from tocsin.node.log_words import Logs
from tocsin.release import seal
from tocsin.share.inbox import InStream
from tocsin.share.keylist import Believed
from tocsin.share.links import Note
from tocsin.share.outbox import OutStream, Ways
from tocsin.share.trust import TrustList

VALID_NS = 24 * 3600 * SECOND_NS
"""Life of an envelope. Long: what was cut off for hours must still arrive; replay is stopped by the
marks.
"""

LAZY_NS = SECOND_NS // 2
"""Marks alone wait so long for a commit that rows need anyway. Losing them in a crash is harmless: the
hall and the partners say again what they have.
"""

CONTROL_SKIP = 64
"""Control sequences left out after a start, so that none is used twice. Since the last `Store` (LAZY_NS)
at most about 25 were: one receipt per 50 ms and stream, a heartbeat a second, requests every 2 s.
"""


MOST_TAKEN = 512
"""Envelopes that are known again by their bytes alone: two seconds of full load, and the copy by the other
path comes milliseconds later. One that is forgotten is verified again and found out by its sequences.
"""

NOTHING_SENT, NOTHING_CAME = OutStream(), InStream()


class Turn:
    """Collects what one step does. Reading: `state`, `now`, `ins`, `outs`, `links`."""

    def __init__(self, state: DoorState, now: Instant) -> None:
        self.state, self.now = state, now
        self.outs, self.ins, self.links = dict(state.outs), dict(state.ins), dict(state.links)
        self.flights, self.held = list(state.flights), list(state.held)
        self.held_new: list[Held] = []
        self.unheld: list[tuple[int, Nation]] = []
        self._waiting: Counter[Nation] | None = None
        self._flying: Counter[Nation] | None = None
        self.offers_upto, self.handed_upto, self.hall_upto = (
            state.offers_upto,
            state.handed_upto,
            state.hall_upto,
        )
        self.hall_step, self.hall_heard_ns = state.hall_step, state.hall_heard_ns
        self.hall_seconds = state.hall_seconds
        self.copies, self.reported_ns = state.copies, state.reported_ns
        self.taken, self.full = state.taken, state.full
        self.offers: list[Offer] = []
        self.decisions: list[Decision] = []
        self.sealed: list[Sealed] = []
        self.rows_in: list[InRow] = []
        self.handed: list[HandedItem] = []
        self.evidence: list[Evidence] = []
        self.sends: list[Send | SendAgain] = []
        self.after: list[DoorEffect] = []
        self.answer_hall = False
        self.logs, self._logs_changed = state.logs, False
        self.ticks: list[tuple[int, int, bytes]] = []
        self.proofs: list[Proof] = []
        self.shown: list[ShowDecision] = []
        self.notes: dict[Nation, list[Note]] = {}
        self.lists, self.new_lists = dict(state.lists), list[Believed]()
        self.trust: TrustList = state.trust or state.office.trust
        self.list_seen, self.disputed = state.list_seen, state.disputed
        self.opened_ns = min(state.opened_ns or now, now)  # the clock may have been set back since
        self.unproven, self.troubles = state.unproven, state.troubles

    def out(self, stream: Stream) -> OutStream:
        """What we have sent there so far."""
        return self.outs.get(stream, NOTHING_SENT)

    def into(self, stream: Stream) -> InStream:
        """What has come from there so far."""
        return self.ins.get(stream, NOTHING_CAME)

    def hand(self, item: Handed) -> int:
        """Give the hall an item under the next number."""
        self.handed_upto += 1
        self.handed.append(HandedItem(self.handed_upto, item))
        return self.handed_upto

    def hold(self, held: Held) -> None:
        """Let a product wait until it is due."""
        insort(self.held, held, key=lambda one: one.order)
        self.held_new.append(held)
        if self._waiting is not None:
            self._waiting[held.partner] += 1

    def waiting(self, partner: Nation) -> int:
        """How many products wait for this partner."""
        if self._waiting is None:
            self._waiting = Counter(one.partner for one in self.held)
        return self._waiting[partner]

    def fly(self, flight: Flight) -> None:
        """Imports are on their way to the hall."""
        self.flights.append(flight)
        if self._flying is not None:
            self._flying[flight.origin] += 1

    def flying(self, partner: Nation) -> int:
        """How many of this partner's envelopes the hall has not committed, at least."""
        if self._flying is None:
            self._flying = Counter(one.origin for one in self.flights)
        return self._flying[partner]

    def unhold_due(self) -> list[Held]:
        """Take out whatever is due now, in order."""
        count = bisect_right(self.held, self.now, key=lambda one: one.due_wall_ns)
        due, self.held = self.held[:count], self.held[count:]
        if self.unproven:
            self.held = [one for one in due if one.partner in self.unproven] + self.held
            due = [one for one in due if one.partner not in self.unproven]
        self.unheld += [(one.offer.number, one.partner) for one in due]
        return due

    def remember(self, digest: bytes, records: int) -> None:
        """An envelope whose products were taken in this turn."""
        if self.taken is self.state.taken:
            self.taken = dict(self.taken)
        if len(self.taken) >= MOST_TAKEN:
            del self.taken[next(iter(self.taken))]
        self.taken[digest] = records

    def wait_anew(self) -> None:
        """The clock was set back: what was taken later than now waits its whole time from now on."""
        if not self.held or self.held[-1].taken_wall_ns <= self.now:
            return
        ahead = [one for one in self.held if one.taken_wall_ns > self.now]
        self.held = [one for one in self.held if one.taken_wall_ns <= self.now]
        self.unheld += [(one.offer.number, one.partner) for one in ahead]
        for one in ahead:
            due = Instant(self.now + one.due_wall_ns - one.taken_wall_ns)
            self.hold(replace(one, taken_wall_ns=self.now, due_wall_ns=due))

    def quarantine(self, reason: str, source: str, detail: str, data: bytes) -> None:
        """Refused: kept as evidence, counted and shown; nothing else happens with it."""
        refused = Quarantined(reason, source, detail, self.now)
        self.evidence.append(Evidence(refused, b"" if self.full else data))
        self.hand(refused)

    def say(self, partner: Nation, note: Note) -> None:
        """One more note to a partner; it leaves with the others of this turn."""
        self.notes.setdefault(partner, []).append(note)

    def trouble_with(self, kind: AlarmKind, about: str, detail: str) -> None:
        """To be seen while this run lasts; the newest detail, the first time."""
        before = self.troubles.get((kind, about))
        since = self.now if before is None else before.since_wall_ns
        self.troubles = {**self.troubles, (kind, about): Alarm(kind, about, detail, since)}

    def keep_logs(self, logs: Logs) -> None:
        """Must be on disk before anything that this turn says."""
        self.logs, self._logs_changed = logs, True

    def alarm(self, alarm: Alarm) -> bool:
        """Stands until its cause is over. False when it stood already."""
        if any((one.kind, one.about) == (alarm.kind, alarm.about) for one in self.logs.alarms):
            return False
        self.keep_logs(replace(self.logs, alarms=(*self.logs.alarms, alarm)))
        return True

    def lose(self, alarm: Alarm) -> None:
        """What was signed is no longer known: nothing is signed with that log key any more."""
        self.alarm(alarm)
        self.keep_logs(replace(self.logs, lost=True))

    def header(
        self, label: Label, partner: Nation, traffic: Traffic, first: int, last: int, encrypted_to: str = ""
    ) -> Header:
        """Header of an envelope of this door, now."""
        office = self.state.office
        return header_for(
            label,
            issuer=office.nation,
            recipient=partner,
            traffic=traffic,
            first=first,
            last=last,
            key_id=office.signer.key_id,
            issued_wall_ns=self.now,
            expires_wall_ns=Instant(self.now + VALID_NS),
            encrypted_to=encrypted_to,
        )

    def send(
        self,
        header: Header,
        payload: bytes,
        *,
        by_hub: bool,
        fleeting: bool = False,
        ways: Ways | None = None,
    ) -> None:
        """Seal and send. Control is superseded by newer control and is not kept in the outbox. `ways`: of
        flow; the row may still go by the hub when it is sent again."""
        sealed = seal.seal(header, payload, self.state.office.signer, by_hub=by_hub, fleeting=fleeting)
        if sealed.traffic is not Traffic.CONTROL:
            self.sealed.append(sealed)
        if ways is None:
            self.sends.append(Send(sealed, flash=sealed.traffic is Traffic.URGENT))
            return
        once = replace(sealed, by_hub=False) if ways.alone else sealed
        self.sends.append(Send(once, ways.flash, ways.stored))

    def done(self) -> tuple[DoorState, tuple[DoorEffect, ...]]:
        """The new state, and the effects with the transaction first."""
        store = self._must_store()
        state = replace(
            self.state,
            stored_ns=self.now if store else self.state.stored_ns,
            dirty=not store and self._dirty(),
            offers_upto=self.offers_upto,
            handed_upto=self.handed_upto,
            hall_upto=self.hall_upto,
            hall_step=self.hall_step,
            hall_seconds=self.hall_seconds,
            hall_heard_ns=self.hall_heard_ns,
            outs=self.outs,
            ins=self.ins,
            flights=tuple(self.flights),
            held=tuple(self.held) if self.held_new or self.unheld else self.state.held,
            links=self.links,
            copies=self.copies,
            taken=self.taken,
            logs=self.logs,
            full=self.full,
            reported_ns=self.reported_ns,
            lists=self.lists,
            trust=self.trust,
            list_seen=self.list_seen,
            disputed=self.disputed,
            opened_ns=self.opened_ns,
            unproven=self.unproven,
            troubles=self.troubles,
        )
        effects: list[DoorEffect] = []
        if store:
            effects.append(self._store())
        effects += self.sends  # partners first: the hall knows its own products already
        if self.handed:
            effects.append(HandOver(tuple(self.handed)))
        if self.answer_hall:
            effects.append(AckOffers(self.offers_upto, self.hall_upto))
        return state, (*effects, *self.after)

    def _must_store(self) -> bool:
        rows = (
            self.offers
            or self.sealed
            or self.rows_in
            or self.handed
            or self.unheld
            or self.new_lists
            or self._logs_changed
        )
        overdue = self._dirty() and passed(self.state.stored_ns, LAZY_NS, self.now)
        return bool(rows) or overdue

    def _dirty(self) -> bool:
        before = self.state
        marks = self.outs != before.outs or self.ins != before.ins or self.hall_upto != before.hall_upto
        counts = (self.copies, self.list_seen) != (before.copies, before.list_seen)
        return before.dirty or marks or counts

    def _store(self) -> Store:
        return Store(
            at_wall_ns=self.now,
            offers=tuple(self.offers),
            decisions=tuple(self.decisions),
            sealed=tuple(self.sealed),
            held=tuple(self.held_new),
            unheld=tuple(self.unheld),
            rows_in=tuple(self.rows_in),
            handed=tuple(self.handed),
            evidence=tuple(self.evidence),
            outs=self.outs,
            ins=self.ins,
            hall_upto=self.hall_upto,
            handed_upto=self.handed_upto,
            copies=self.copies,
            logs=self.logs if self._logs_changed else None,
            ticks=tuple(self.ticks),
            proofs=tuple(self.proofs),
            lists=tuple(self.new_lists),
            list_seen=self.list_seen,
            shown=tuple(self.shown),
        )

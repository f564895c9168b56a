"""A door's process in virtual time: the production fold and what carries its effects out, in their order.

As node.door: gather, step, commit, carry out, acknowledge; a courier for each stream that sends until the
broker has taken it; what the hall has not acknowledged is handed again. The process can die at every point
between two effects and comes back from its book alone.
"""

import msgspec

from tocsin.errors import TocsinError
from tocsin.model.handoff import (
    Committed,
    CommitWanted,
    HallMessage,
    HandedItem,
    ImportAck,
    ImportBatch,
    LinkReport,
    OfferAck,
)
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant
from tocsin.node import door_fold
from tocsin.node.courier import RETRY_S
from tocsin.node.door import HAND_AGAIN_S, ROWS_AGAIN, TICK_S
from tocsin.node.door_words import (
    AckOffers,
    Arrived,
    AskCommit,
    CommitmentCame,
    DoorEffect,
    DoorState,
    DoorStimulus,
    HallHas,
    HandOver,
    OffersCame,
    Office,
    Officed,
    Report,
    Send,
    SendAgain,
    Store,
    Stream,
    Tick,
)
from tocsin.node.handing import ITEMS_AT_ONCE
from tocsin.share import outbox
from tocsin.share.links import BEAT_NS
from tocsin.sim.virtual.disk import Disk
from tocsin.sim.virtual.door_memory import MemoryDoorBook
from tocsin.sim.virtual.net import Copy
from tocsin.sim.virtual.ports import Crash, Ports
from tocsin.sim.virtual.process import Process

GATHER_NS = 50 * MILLISECOND_NS
"""What comes within it shares one turn. The live door gathers for 5 ms and ticks every 100; no latency is
measured here."""

REPORT_NS = 10 * SECOND_NS
"""A report to the hall that says nothing new of a link but its age goes this often."""

TICK_NS = round(TICK_S * SECOND_NS)
RETRY_NS = round(RETRY_S * SECOND_NS)
HAND_AGAIN_NS = round(HAND_AGAIN_S * SECOND_NS)
PRODUCT_TRAFFIC = (Traffic.URGENT, Traffic.FLOW)

_PACK = msgspec.msgpack.Encoder(order="deterministic")
_FROM_HALL: msgspec.msgpack.Decoder[HallMessage] = msgspec.msgpack.Decoder(HallMessage)
_ACK = msgspec.msgpack.Decoder(ImportAck)


class DoorNode(Process):
    """One nation's door."""

    def __init__(self, ports: Ports, nation: Nation, disk: Disk) -> None:
        super().__init__(ports, nation)
        self.book = MemoryDoorBook(disk)
        self._clear()

    def _clear(self) -> None:
        self._stimuli: list[DoorStimulus] = []
        self._arrivals: list[tuple[Arrived, Copy]] = []
        self._handing = self._hall_spoke = False
        self._acked = 0
        self._told_news: object = None
        self._told_ns = 0

    # ---- life and death

    def start(self, office: Office) -> None:
        """The process starts: its book is all it knows."""
        self._begin()
        self._clear()
        self.office = office
        self.state: DoorState = self.book.load(office)
        self._acked = self.state.hall_upto
        self._ports.observer.door_started(self.nation, self.state)
        self._read_outbox()
        self._ports.network.wake()
        self._plan(self._ports.time.now + GATHER_NS)

    def take_office(self, office: Office) -> None:
        """Keys or lists have changed; one that is down reads them when it starts."""
        if self.up:
            self.office = office
            self._stimuli.append(Officed(office))
            self._gather(GATHER_NS)

    def receipted(self) -> dict[Stream, int]:
        """What partners have receipted, as the book beside the running door says (door_book.told_so_far)."""
        return outbox.receipted(self.book.tables.outs)

    def crash(self) -> None:
        """The process is gone; what it had not acknowledged comes again."""
        self.up, self.crash_in = False, -1
        self.book.crash()
        for _, copy in self._arrivals:
            if copy.stored:
                self._ports.network.come_again(copy)
        self._clear()

    # ---- stimuli

    def arrive(self, copy: Copy) -> bool:
        """From the broker."""
        if not self.up:
            return False
        now = self._ports.time.wall(self.nation)
        self._arrivals.append((Arrived(str(copy.route), copy.issuer, copy.data, now), copy))
        if copy.pressing or (copy.stored and self.backlog):  # it may be the receipt that is waited for
            self._gather(GATHER_NS)
        return True

    def on_hall(self, topic: str, data: bytes) -> None:
        """`offer.data` or `import.ack`."""
        if not self.up:
            return
        if topic == "offer.data":
            message = _FROM_HALL.decode(data)
            if isinstance(message, Committed):
                self._stimuli.append(CommitmentCame(*msgspec.structs.astuple(message)))
                return
            self._stimuli.append(OffersCame(message.offers, message.after))
        else:
            ack = _ACK.decode(data)
            self._stimuli.append(HallHas(ack.upto, ack.step))
            self._acked = max(self._acked, ack.upto)
            if self._hall_spoke and not self.state.flights:
                return  # it lives, or has what nobody waits for: soon enough for the next heartbeat's turn
            self._hall_spoke = True
        self._gather(GATHER_NS)

    # ---- turns

    def turn(self) -> None:
        """One step over everything that waits, committed and carried out; a crash or a failing disk ends the
        process."""
        self._planned = None
        if not self._hall_spoke:
            return  # it knows whether our book is an old copy: nothing is numbered before (node.door)
        came = self._arrivals
        stimuli = [*self._stimuli, *(arrived for arrived, _ in came), Tick()]
        self._stimuli = []
        try:
            after, effects = door_fold.door_step(self.state, stimuli, self._ports.time.wall(self.nation))
            for effect in effects:
                self._point()
                self._carry_out(effect)
            self.state = after
            self._point()
        except (Crash, TocsinError) as death:
            self._ports.died("door", self.nation, death)
            return
        self._arrivals = []
        self._plan(self._next_due())

    @property
    def backlog(self) -> int:
        """Records that partners have not receipted."""
        return sum(row.backlog for (_, t), row in self.state.outs.items() if t is not Traffic.CONTROL)

    def _next_due(self) -> int:
        """When the next tick has anything to do; the live door ticks every TICK_S whether or not."""
        state, wall = self.state, self._ports.time.wall(self.nation)
        links = state.links
        beaten = [links[one].beaten_ns if one in links else 0 for one in self.office.partners]
        due = min(beaten) + BEAT_NS
        if state.held:
            due = min(due, state.held[0].due_wall_ns)
        wait = min(max(due - wall, GATHER_NS), BEAT_NS)
        for (_, traffic), row in state.ins.items():
            if traffic is not Traffic.CONTROL:
                missing = row.received.islands or row.told > row.received.upto
                if missing or row.committed.upto > row.receipted:
                    wait = min(wait, TICK_NS)
        return self._ports.time.now + wait

    # ---- effects

    def _carry_out(self, effect: DoorEffect) -> None:
        ports = self._ports
        match effect:
            case Store():
                self.book.commit(effect)
            case Send():
                self._send(effect)
            case SendAgain(partner=partner, traffic=traffic, runs=runs):
                now = ports.time.wall(self.nation)
                rows = self.book.overlapping((partner, traffic), runs, ROWS_AGAIN, self.office, now)
                for sealed in rows:
                    ports.again(sealed)
                    self._deliver(sealed, now)
            case HandOver(items=items):
                self._hand(list(items))
            case AckOffers(upto=upto, taken=taken):
                ports.private(self.nation, "offer.ack", _PACK.encode(OfferAck(upto, taken)))
            case AskCommit(generation=generation, number=number):
                ports.private(self.nation, "import.data", _PACK.encode(CommitWanted(generation, number)))
            case Report(report=report):
                self._report(report)

    def _report(self, report: LinkReport) -> None:
        now, news = self._ports.time.now, _news(report)
        if news != self._told_news or now - self._told_ns >= REPORT_NS:
            self._told_news, self._told_ns = news, now
            self._ports.observer.shown(self.nation, report)
            self._ports.private(self.nation, "import.data", _PACK.encode(report))

    def _send(self, effect: Send) -> None:
        sealed = effect.sealed
        self._ports.sent(sealed)
        if effect.flash or sealed.fleeting:
            self._ports.network.say(sealed)
        if sealed.fleeting:
            return
        if sealed.traffic is Traffic.CONTROL:
            self._ports.network.store(sealed, 0)
        elif effect.stored:
            self._deliver(sealed, 0)

    def _deliver(self, sealed: Sealed, attempt: int) -> None:
        """Until the broker has taken it; a new life reads it from the book again."""
        if not self._ports.network.store(sealed, attempt):
            life = self.life

            def again() -> None:
                if self.up and self.life == life:
                    self._deliver(sealed, attempt)

            self._ports.time.after(RETRY_NS, again)

    def _read_outbox(self) -> None:
        now = self._ports.time.wall(self.nation)
        for partner in self.office.partners:
            for traffic in PRODUCT_TRAFFIC:
                for sealed in self.book.outbox((partner, traffic), 0, 100_000, self.office, now):
                    self._ports.again(sealed)
                    self._deliver(sealed, 0)

    def _hand(self, items: list[HandedItem]) -> None:
        for first in range(0, len(items), ITEMS_AT_ONCE):
            batch = ImportBatch(tuple(items[first : first + ITEMS_AT_ONCE]))
            self._ports.private(self.nation, "import.data", _PACK.encode(batch))
        if not self._handing:
            self._handing = True
            self._hand_again(self.life, Instant(-1))

    def _hand_again(self, life: int, before: int) -> None:
        """Every HAND_AGAIN_S while the hall has not acknowledged everything."""
        if not self.up or self.life != life:
            return
        acked = self._acked
        if acked == before and acked < self.state.handed_upto:
            self._hand(self.book.handoff(acked, 10 * ITEMS_AT_ONCE))
        if before >= 0 and acked == self.state.handed_upto:
            self._handing = False
            return
        self._ports.time.after(HAND_AGAIN_NS, lambda: self._hand_again(life, acked))


def _news(report: LinkReport) -> object:
    """What of a report is more than time that has passed."""
    return report.alarms, [(one.paths_up, one.blind, one.backlog, one.missing) for one in report.links]

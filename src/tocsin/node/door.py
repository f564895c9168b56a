"""The door's shell: the only process that holds the release key and speaks to partners.

Runs as `python -m tocsin.node.door CONFIG`. It gathers what comes (hall's offers, partners' envelopes,
the passing of time), runs the fold, commits its `Store`, and only then sends, hands over and
acknowledges. After a crash everything goes on from door.sqlite.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.handoff import (
    Committed,
    CommitWanted,
    HallMessage,
    ImportAck,
    OfferAck,
)
from tocsin.model.label import Nation
from tocsin.model.product import Traffic, traffic_of
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node.broker_plan import door_exchange
from tocsin.node.bus import connect_bus
from tocsin.node.config import NodeConfig, load_config
from tocsin.node.courier import Caller, Courier, Read
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_office import LOOK_S, open_office, stamp, with_keys
from tocsin.node.door_words import (
    AckOffers,
    Arrived,
    AskCommit,
    CommitmentCame,
    Disk,
    DoorEffect,
    DoorStimulus,
    HallHas,
    HandOver,
    OffersCame,
    Office,
    Officed,
    Report,
    Send,
    SendAgain,
    Show,
    Store,
    Stream,
    Tick,
)
from tocsin.node.gathering import GATHER_RECORDS, Gathering
from tocsin.node.handing import ITEMS_AT_ONCE, Handing, Publish
from tocsin.node.holding import held
from tocsin.node.reserve import Reserve
from tocsin.node.shell import RESTARTED, announce_ready, run_process, until_stopped
from tocsin.node.watching import WatcherLine, lines_of
from tocsin.record.book import BookFullError
from tocsin.share.transport import Arrival, Transport

TICK_S = 0.1
"""Without news the fold still runs: receipts, requests and heartbeats fall due."""

MOST_OFFERS = 200
"""Offers after which a turn takes no further message of the hall: about 20 ms of work, so that what is urgent
behind them, or comes meanwhile, does not wait long.
"""

MOST_ARRIVALS = 32
"""Arrivals of one turn, and those that may wait for it; further ones wait in the mailbox, where urgent ones
pass them. Full batches of flow are about 1 ms of work each.
"""

MOST_FROM_HALL = 256
"""Messages of the hall that may wait for a turn."""

LOOK_AGAIN_S = 1.0
"""Between two looks whether a full disk has room again."""
HAND_AGAIN_S = 0.5
"""An acknowledgement of the hall takes a few milliseconds; half a second without one is a lost message.
"""

ROWS_AGAIN = 256
"""Envelopes sent again at one request: a second of flow in its smallest batches, and what a courier holds.
The partner asks on for the rest."""

T = TypeVar("T")

_PACK = msgspec.msgpack.Encoder(order="deterministic")
_FROM_HALL: msgspec.msgpack.Decoder[HallMessage] = msgspec.msgpack.Decoder(HallMessage)
_ACK = msgspec.msgpack.Decoder(ImportAck)


class Door:
    """One nation's door over a transport to partners and `publish(topic, bytes)` to its hall."""

    def __init__(
        self,
        office: Office,
        book: DoorBook,
        transport: Transport,
        publish: Publish,
        lines: Mapping[str, WatcherLine] | None = None,
        reserve: Reserve | None = None,
    ) -> None:
        self.book = book
        self._lines = lines or {}
        self.state = book.load(office)
        self._reserve, self._looked_s = reserve, 0.0
        if reserve and not reserve.fill():
            _say("the disk is full: flow is refused, what is urgent goes while it can")
            self.state = replace(self.state, full=True)
        self._transport, self._publish, self._handing = transport, publish, Handing(publish)
        self._disk = ThreadPoolExecutor(1, "door-reader")
        self._stimuli: deque[DoorStimulus] = deque()
        self._arrivals: deque[tuple[Arrived, Arrival]] = deque()
        self._room, self._gathering, self._hall_spoke = asyncio.Event(), Gathering(), False
        self._couriers: dict[Stream, Courier] = {}
        self._callers = {partner: Caller(transport) for partner in office.partners}
        for partner in office.partners:
            for traffic in (Traffic.URGENT, Traffic.FLOW):
                self._couriers[partner, traffic] = Courier(transport, self._reader((partner, traffic)))

    # ---- stimuli
    # ---------------------------------------------------------------------------------------------

    async def on_offers(self, data: bytes) -> None:
        """`offer.data` from the hall: offers, or the commitment that was asked for."""
        if len(self._stimuli) >= MOST_FROM_HALL:
            return  # the hall keeps them and says them again
        message = _FROM_HALL.decode(data)
        if isinstance(message, Committed):
            self._stimuli.append(CommitmentCame(*msgspec.structs.astuple(message)))
            self._gathering.came(0, urgent=False)
            return
        offers = message.offers
        self._stimuli.append(OffersCame(offers, message.after))
        self._gathering.came(len(offers), urgent=any(traffic_of(o.product) is Traffic.URGENT for o in offers))

    async def on_import_ack(self, data: bytes) -> None:
        """`import.ack` from the hall: cumulative; all that follows from it can wait for a tick."""
        if self._hall_spoke and len(self._stimuli) >= MOST_FROM_HALL:
            return
        ack = _ACK.decode(data)
        self._stimuli.append(HallHas(ack.upto, ack.step))
        if not self._hall_spoke:
            self._hall_spoke = True
            self._gathering.came(0, urgent=True)

    async def take_arrivals(self) -> None:
        """For ever: what partners sent, as fast as turns take it."""
        async for arrival in self._transport.arrivals():
            while len(self._arrivals) >= MOST_ARRIVALS:
                self._room.clear()
                await self._room.wait()
            now = Instant(time.time_ns())
            arrived = Arrived(str(arrival.route), arrival.origin, arrival.data, now)
            self._arrivals.append((arrived, arrival))
            # Signed already: waiting would gain no batch, and what comes during a commit shares the next one.
            self._gathering.came(1, urgent=True)

    # ---- turns
    # -----------------------------------------------------------------------------------------------

    async def run_turns(self) -> None:
        """For ever: gather, step, commit, carry out."""
        while True:
            await self._gathering.until_due(TICK_S)
            await self.turn()

    async def turn(self) -> None:
        """One step over everything that waits. Arrivals are acknowledged when it is committed."""
        if not self._hall_spoke:
            return  # it knows whether our book is an old copy (node.restored): nothing is numbered before
        began_s, came = time.monotonic(), [*self._arrivals]
        self._arrivals.clear()
        self._room.set()
        stimuli = [*self._take_from_hall(), *(arrived for arrived, _ in came), Tick()]
        if self.state.full and self._room_again():
            stimuli.insert(0, Disk(False))
        try:
            effects = self._step(stimuli)
        except BookFullError as full:
            if not self._reserve or not self._reserve.release():
                raise
            _say(f"{full}; until then flow is refused, what is urgent still goes")
            effects = self._step([Disk(True), *stimuli])
        self._transport.hold_flow(held(self.state, Instant(time.time_ns())))
        for effect in effects:
            await self._carry_out(effect)
        for _, arrival in came:
            await arrival.ack()
        if any(isinstance(stimulus, OffersCame) for stimulus in stimuli):
            self._gathering.sealed(time.monotonic() - began_s)

    def _step(self, stimuli: Sequence[DoorStimulus]) -> Sequence[DoorEffect]:
        """The fold, and its commit. BookFullError: nothing has changed."""
        after, effects = door_step(self.state, stimuli, Instant(time.time_ns()))
        for effect in effects:
            if isinstance(effect, Store):
                # On the loop, not in a thread: what comes meanwhile could not be worked on before it ends,
                # and two switches of threads cost more than an fsync of a usual disk.
                self.book.commit(effect)
        self.state = after
        return effects

    def _room_again(self) -> bool:
        """True when the reserve could be filled, looked at now and then."""
        now_s = time.monotonic()
        if not self._reserve or now_s - self._looked_s < LOOK_AGAIN_S:
            return False
        self._looked_s = now_s
        if filled := self._reserve.fill():
            _say("there is room on the disk again; flow is taken again")
        return filled

    def _take_from_hall(self) -> list[DoorStimulus]:
        taken: list[DoorStimulus] = []
        offers = 0
        while self._stimuli and offers < MOST_OFFERS:
            stimulus = self._stimuli.popleft()
            offers += len(stimulus.offers) if isinstance(stimulus, OffersCame) else 0
            taken.append(stimulus)
        self._gathering.taken()
        if self._stimuli:
            self._gathering.came(GATHER_RECORDS, urgent=False)  # the rest is due at once
        return taken

    async def _carry_out(self, effect: DoorEffect) -> None:
        match effect:
            case Send(sealed=sealed, flash=flash, stored=stored):
                if flash:
                    await self._transport.say(sealed)
                if sealed.traffic is Traffic.CONTROL:
                    self._callers[sealed.recipient].put(sealed)
                elif stored:
                    self._couriers[sealed.recipient, sealed.traffic].put(sealed, flashed=flash)
            case SendAgain(partner=partner, traffic=traffic, runs=runs):
                now = Instant(time.time_ns())
                rows = await self._on_disk(
                    self.book.overlapping, (partner, traffic), runs, ROWS_AGAIN, self.state.office, now
                )
                self._couriers[partner, traffic].again(rows, now)
            case HandOver(items=items):
                await self._handing.hand(items)
            case AckOffers(upto=upto, taken=taken):
                self._handing.acknowledge(OfferAck(upto, taken))
            case AskCommit(generation=generation, number=number):
                await self._publish("import.data", _PACK.encode(CommitWanted(generation, number)))
            case Report(report=report):
                await self._publish("import.data", _PACK.encode(report))
            case Show(watcher=watcher, product=product):
                self._lines[watcher].put(product)
            case Store():
                pass

    # ---- hall
    # ------------------------------------------------------------------------------------------------

    async def hand_again(self) -> None:
        """For ever: what the hall has not acknowledged for a while, from the book."""
        acked = -1
        while True:
            if acked == self.state.hall_upto < self.state.handed_upto:
                items = await self._on_disk(self.book.handoff, acked, 10 * ITEMS_AT_ONCE)
                await self._handing.hand_again(items)
            acked = self.state.hall_upto
            await asyncio.sleep(HAND_AGAIN_S)

    # ---- keys
    # ------------------------------------------------------------------------------------------------

    async def watch_keys(self, config: NodeConfig) -> None:
        """For ever: keys and trust lists that change are taken over, without a restart."""
        before = stamp(config)
        while True:
            await asyncio.sleep(LOOK_S)
            now = stamp(config)
            if now == before:
                continue
            before = now
            try:
                office = await self._on_disk(with_keys, config, self.state.office.policy)
            except UserError as mistake:  # half of a change; the door goes on with what it has, and says so
                print(f"keys not taken over: {mistake}", file=sys.stderr, flush=True)
                continue
            self._stimuli.append(Officed(office))
            self._gathering.came(0, urgent=True)

    # ---- all of it
    # -------------------------------------------------------------------------------------------

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that runs for ever."""
        couriers = [courier.run() for courier in self._couriers.values()]
        callers = [caller.run() for caller in self._callers.values()]
        lines = [line.run() for line in self._lines.values()]
        own = [self.run_turns(), self.take_arrivals(), self.hand_again(), self._handing.run()]
        return [*own, *couriers, *callers, *lines]

    def close(self) -> None:
        """Wait for the read that is under way. Who has stopped needs no reserve."""
        self._disk.shutdown(wait=True)
        if self._reserve:
            self._reserve.release()

    def _reader(self, stream: Stream) -> Read:
        async def read(after: int, limit: int) -> Sequence[Sealed]:
            now = Instant(time.time_ns())
            return await self._on_disk(self.book.outbox, stream, after, limit, self.state.office, now)

        return read

    async def _on_disk(self, work: Callable[..., T], *args: object) -> T:
        """Long reads of the book, which verify every row: in a thread, over a connection of their own."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work, *args)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def main(argv: list[str]) -> None:
    """Run one door until it is told to stop."""
    if len(argv) != 1:
        raise UserError("the door takes one argument, its configuration", fix="run `tocsin node CONFIG`")
    config = load_config(Path(argv[0]))
    office = open_office(config)
    book = DoorBook(config.door_book)
    try:
        await run(config, office, book)
    finally:
        book.close()


async def run(config: NodeConfig, office: Office, book: DoorBook) -> None:
    """Everything of the door on one loop."""
    exchange = door_exchange(config)
    bus = await connect_bus(config, "door")
    reserve = Reserve(config.door_book.with_suffix(".reserve"))
    door = Door(office, book, exchange, bus.publish, lines_of(config), reserve)
    try:
        await bus.subscribe("offer.data", door.on_offers)
        await bus.subscribe("import.ack", door.on_import_ack)
        await exchange.open()
        await until_stopped(_say_ready(config.nation), door.watch_keys(config), *door.jobs())
    finally:
        door.close()
        await exchange.close()
        await bus.close()


async def _say_ready(nation: Nation) -> None:
    """From inside `until_stopped`: whoever reads the line may send SIGTERM at once, and it must be heard."""
    announce_ready(f"{nation} door")
    await asyncio.Event().wait()


if __name__ == "__main__":
    run_process(main, full_code=RESTARTED)

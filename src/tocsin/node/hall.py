"""The hall's shell: sensors' bytes and the door's items in, the fold, the record, then page, outlets and
offers.

Runs as `python -m tocsin.node.hall CONFIG`. It holds no release key and no partner credential and imports
neither release nor share: what it wants to share goes to the door as an offer, over the broker's private
account. A broker or a door that is gone stops the sharing and never the warning.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path

import msgspec

from tocsin.earth.places import areas_sha256
from tocsin.earth.seas import all_areas
from tocsin.earth.warm import warm_flight
from tocsin.errors import TocsinError, UserError
from tocsin.model.alarm import Alarm
from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.model.product import Quarantined
from tocsin.model.time import Instant
from tocsin.model.warning import ForeignAlert, WarnStatus
from tocsin.node import desk
from tocsin.node.bus import connect_bus
from tocsin.node.config import Clock, NodeConfig, load_config
from tocsin.node.desk_port import DeskPort
from tocsin.node.desk_rules import rules_of
from tocsin.node.feeds import Feed, Inlet, Piece, Receiver, open_feed
from tocsin.node.formats import make_decoder
from tocsin.node.hall_door import DoorLink
from tocsin.node.hall_outlets import Outlets
from tocsin.node.hall_words import (
    Acted,
    CalledOut,
    Configured,
    HallEffect,
    HallStimulus,
    HeardIn,
    Offered,
    OutletReceipt,
    Restarted,
    RulesIn,
    Told,
)
from tocsin.node.hooks import Hooks
from tocsin.node.inbound import Inbound
from tocsin.node.pending import Pending
from tocsin.node.replay import rebuild
from tocsin.node.shell import announce_ready, run_process, until_stopped
from tocsin.node.turn import Turner
from tocsin.node.worldlink import Tick, Tock, serve_world
from tocsin.page.commands import CommandApi
from tocsin.page.server import LOOPBACK_HOSTS, make_app, serve
from tocsin.record.ledger import Ledger
from tocsin.sense.format import Fault
from tocsin.track.warm import warm_track

WALL_TICK_S = 0.2
"""A quiet hall still steps: coasting, loss and countdowns are the passing of time."""

GATHER_S = 0.005
"""Arrivals of this long share one step and one commit (EXCHANGE.md: micro-batches <= 5 ms)."""

PLOTS_WAIT_S = 1.0
"""How long a world's tick waits for the bytes it announced; on loopback later means dropped by the
kernel.
"""

POLL_S = 0.0005

LOAD_AFTER_S = 5.0
"""A hall that is ready waits so long before it loads what no plot has asked for yet."""

MOST_FAULTS = 20
"""Faults of one reason in one piece that are kept one by one: a hostile datagram can hold thousands."""


class Hall:
    """One nation's hall."""

    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self.config, self.ledger = config, ledger
        state, last_now = rebuild(ledger)
        if state is not None:
            _say_unused(state.config, _configured(config))
        self.turner = Turner(ledger, state, last_now)
        self.pending = Pending()
        self.outlets = Outlets(config, self._receipted, self._alarmed, self.now)
        self.inbound = Inbound(config, self._heard, self._refused)
        self.inlet = Inlet()
        self.door: DoorLink | None = None
        self._feeds = [Feed(f.kind, f.format, f.host, f.port, f.group, f.path) for f in config.feeds]
        self._decoders = {
            feed.name: make_decoder(feed.format, config.registry(), plane=config.plane)
            for feed in self._feeds
        }
        self._wake = asyncio.Event()
        self._world_now: Instant | None = None
        self._pieces = 0
        self._picture: Picture | None = None
        self._dropped: Counter[str] = Counter()
        self._rules = rules_of(config)
        self._restarted = state is not None
        self.hooks = Hooks(config.hooks)
        self.desk = DeskPort(config, self.pending, self.wake, lambda: self.turner.state, self.now)

    def wake(self) -> None:
        """Something waits for a turn."""
        self._wake.set()

    def now(self) -> Instant:
        """The fold's time: the machine's, or what the scenario's conductor last said."""
        if self.config.clock is Clock.WORLD:
            return self._world_now or self.turner.last_now
        return Instant(time.time_ns())

    def picture(self) -> Picture | None:
        """What the desk shows now; null before the first step."""
        state = self.turner.state
        if state is not None and (self._picture is None or self._picture.step != state.step):
            self._picture = desk.picture(state, self.turner.last_now)
        return self._picture

    # ---- turns
    # -----------------------------------------------------------------------------------------------

    async def turn(self) -> None:
        """One step over everything that waits, committed; then its effects."""
        stimuli, arrived_wall_ns = self.pending.take()
        effects = self.turner.turn([*self._first_words(), *stimuli], self.now(), arrived_wall_ns)
        self.desk.committed([word.act for word in stimuli if isinstance(word, Acted)], effects)
        await self.carry_out(effects)

    def _first_words(self) -> list[HallStimulus]:
        """What a hall says of itself in its first turn, and whenever its rules are not those of its
        record.
        """
        words: list[HallStimulus] = []
        state = self.turner.state
        if state is None:
            words.append(_configured(self.config))
        elif self._restarted:
            words.append(Restarted(Instant(time.time_ns())))
        self._restarted = False
        if state is None or state.warn.rules != self._rules:
            words.append(RulesIn(self._rules))
        return words

    async def carry_out(self, effects: Sequence[HallEffect]) -> None:
        """Our own people first: nothing of the sharing may stand before a warning."""
        for effect in effects:
            if isinstance(effect, Told):
                self.outlets.carry(effect)
            elif isinstance(effect, CalledOut):
                self.hooks.call(effect.call, effect.draft)
        if self.door is not None:
            await self.door.committed(self.ledger.last_step())
            await self.door.send([effect.offer for effect in effects if isinstance(effect, Offered)])

    def carry_released(self) -> None:
        """At the start: carry what is in force and not receipted. A crash between the record and the outlet
        left it uncarried; a crash after it left it unreceipted, and an outlet that has it says so.
        """
        receipts = self.ledger.stimuli("outlet")
        self.outlets.remember(msgspec.json.decode(body, type=OutletReceipt) for body in receipts)
        state = self.turner.state
        for draft in state.warn.drafts.values() if state else ():
            if draft.status is WarnStatus.RELEASED:
                self.outlets.carry(Told("released", draft))

    def _receipted(self, receipt: OutletReceipt) -> None:
        self.pending.put_act(receipt)
        self.wake()

    def _heard(self, alert: ForeignAlert) -> None:
        self.pending.put_act(HeardIn(alert))
        self.wake()

    def _refused(self, refused: Quarantined) -> None:
        self.pending.put_refused(refused)
        self.wake()

    def _alarmed(self, source: str, alarms: tuple[Alarm, ...]) -> None:
        self.pending.put_alarms(source, alarms)
        self.wake()

    async def run_turns(self) -> None:
        """Turn for ever: on arrivals and, on a wall clock, every WALL_TICK_S. A world's ticks turn by
        themselves.
        """
        wall = self.config.clock is Clock.WALL
        while True:
            with suppress(TimeoutError):  # not asyncio.wait_for: on 3.11 it can swallow a cancellation
                async with asyncio.timeout(WALL_TICK_S if wall else None):
                    await self._wake.wait()
            if self._wake.is_set():
                await asyncio.sleep(GATHER_S)
            self._wake.clear()
            if wall or (self.pending.waiting and self._world_now is not None):
                await self.turn()

    async def on_tick(self, tick: Tick) -> Tock:
        """The conductor's time: wait for the bytes it sent, step, answer."""
        give_up = time.monotonic() + PLOTS_WAIT_S
        while self._pieces < tick.pieces and time.monotonic() < give_up:
            await asyncio.sleep(POLL_S)
        for act in tick.acts:
            self.pending.put_act(act)
        if self._world_now is None or tick.now_ns > self._world_now or tick.acts:
            self._world_now = tick.now_ns
            await self.turn()
        return self._tock(tick)

    def _tock(self, tick: Tick) -> Tock:
        state = self.turner.state
        if state is None:
            raise TocsinError("a hall answered before its first step")
        counts = state.counts
        return Tock(
            now_ns=self.turner.last_now,
            step=state.step,
            drafts=tuple(state.warn.drafts.values()),
            offered=counts.offered,
            decided=counts.released + counts.withheld,
            released=counts.released,
            received=counts.received,
            picture=self.picture() if tick.want_picture else None,
        )

    # ---- sensors
    # ---------------------------------------------------------------------------------------------

    async def open_feeds(self) -> list[Receiver]:
        """Listen to every sensor feed. UserError for a busy port."""
        return [await open_feed(feed, self.inlet) for feed in self._feeds]

    async def sense(self) -> None:
        """For ever: decode what came, queue the plots, count what was refused."""
        while True:
            await self.inlet.hand(self._decode)
            self._tell_dropped()
            self.wake()

    def _decode(self, piece: Piece) -> None:
        now_wall = Instant(time.time_ns())
        decoded = self._decoders[piece.feed].decode(piece.data, self.now())
        self._pieces += 1
        if decoded.plots:
            self.pending.put_plots(decoded.plots, now_wall)
        self.pending.put_alive(service.sensor for service in decoded.services)
        for reason, faults in groupby(sorted(decoded.faults, key=_reason), key=_reason):
            for fault in islice(faults, MOST_FAULTS):
                self.pending.put_refused(Quarantined(reason, piece.feed, fault.detail, now_wall))
            if more := sum(1 for _ in faults):
                detail = f"{more} more of this reason in one piece"
                self.pending.put_refused(Quarantined(reason, piece.feed, detail, now_wall))

    def _tell_dropped(self) -> None:
        """What the feeds had to drop since the last look is refused input like any other: counted and
        shown.
        """
        dropped = Counter(self.inlet.dropped)
        for what, count in sorted((dropped - self._dropped).items()):
            refused = Quarantined("feed-dropped", what, f"{count} dropped", Instant(time.time_ns()))
            self.pending.put_refused(refused)
        self._dropped = dropped


def _reason(fault: Fault) -> str:
    return fault.reason


def _say_unused(begun: Configured, asked: Configured) -> None:
    """A record holds to the scenario, sensors and maps that it was begun with: say what of node.toml is not
    in use. Officers, regions, limits and thresholds are (RulesIn).
    """
    now = msgspec.structs.replace(asked, thresholds=begun.thresholds)
    other = [name for name in begun.__struct_fields__ if getattr(begun, name) != getattr(now, name)]
    if other:
        said = f"CONFIGURATION: the record was begun with other {', '.join(other)}: those stay in use"
        print(said, file=sys.stderr, flush=True)


def _configured(config: NodeConfig) -> Configured:
    return Configured(
        nation=config.nation,
        plane=config.plane,
        scenario=config.scenario,
        sensors=config.registry(),
        thresholds=config.warn,
        areas_sha256=areas_sha256(),
    )


async def main(argv: list[str]) -> None:
    """Run one hall until it is told to stop."""
    if len(argv) != 1:
        raise UserError("the hall takes one argument, its configuration", fix="run `tocsin node CONFIG`")
    config = load_config(Path(argv[0]))
    ledger = Ledger(config.hall_book)
    try:
        await run(config, ledger)
    finally:
        ledger.close()


async def run(config: NodeConfig, ledger: Ledger) -> None:
    """Everything of the hall on one loop."""
    ledger.describe(nation=config.nation, plane=config.plane, scenario=config.scenario)
    hall = Hall(config, ledger)
    hall.carry_released()
    feeds = await hall.open_feeds()
    bus = await connect_bus(config, "hall")
    hall.door = DoorLink(ledger, hall.pending, bus.publish, hall.wake)
    await bus.subscribe("offer.ack", hall.door.on_offer_ack)
    await bus.subscribe("import.data", hall.door.on_import_data)
    world = await _world(config, hall)
    names = {area.iso: area.names for area in all_areas()}
    app = make_app(
        hall.picture,
        nation=config.nation,
        plane=config.plane,
        hosts=(config.page.name, *LOOPBACK_HOSTS),
        commands=CommandApi(hall.desk, config.nation, config.plane, names).routes(),
    )
    try:
        await until_stopped(
            _say_ready(config.nation),
            _load_compiled(),
            hall.run_turns(),
            hall.sense(),
            hall.door.resend(),
            hall.door.beat(),
            *hall.outlets.jobs(),
            *hall.inbound.jobs(),
            serve(app, config.page.host, config.page.port, tls=config.page_tls),
        )
    finally:
        for feed in feeds:
            await feed.close()
        if world is not None:
            world.close()
        await bus.close()


async def _say_ready(nation: Nation) -> None:
    """From inside `until_stopped`: whoever reads the line may send SIGTERM at once, and it must be heard."""
    announce_ready(f"{nation} hall")
    await asyncio.Event().wait()


async def _load_compiled() -> None:
    """Numba loads a function when it is called first: 0.3 s in all, none of which the first crossing of two
    objects may wait for. On a thread, and after the programs that start beside this one."""
    await asyncio.sleep(LOAD_AFTER_S)
    for load in (warm_flight, warm_track):
        await asyncio.to_thread(load)
    await asyncio.Event().wait()


async def _world(config: NodeConfig, hall: Hall) -> asyncio.Server | None:
    if config.clock is not Clock.WORLD or config.world_port is None:
        return None
    return await serve_world("127.0.0.1", config.world_port, hall.on_tick)


if __name__ == "__main__":
    run_process(main)

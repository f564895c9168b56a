"""A hall's process in virtual time: the production Turner, Pending and DoorLink over a record in memory."""

from collections.abc import Coroutine, Sequence
from typing import Any

from tocsin.errors import TocsinError
from tocsin.model.alarm import Alarm
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant
from tocsin.model.track import Plot
from tocsin.node.arrivals import DOOR
from tocsin.node.canonical import digest
from tocsin.node.hall_door import BEAT_S, RESEND_S, DoorLink
from tocsin.node.hall_words import Configured, HallState, Offered
from tocsin.node.pending import Pending
from tocsin.node.replay import rebuild
from tocsin.node.turn import Fold, Turner
from tocsin.record.ledger import UNPROVEN, Step
from tocsin.sim.virtual.disk import Disk
from tocsin.sim.virtual.hall_memory import MemoryLedger
from tocsin.sim.virtual.ports import Crash, Ports
from tocsin.sim.virtual.process import Process

GATHER_NS = 5 * MILLISECOND_NS
"""As node.hall.GATHER_S."""

BUSY_NS = SECOND_NS
"""While something flies the hall steps once a second, as under a scenario's conductor."""

QUIET_NS = 60 * SECOND_NS
"""A hall with nothing in its picture steps this often: coasting and countdowns have nobody to wait for."""

BEAT_NS = round(BEAT_S * SECOND_NS)
RESEND_NS = round(RESEND_S * SECOND_NS)


class HallNode(Process):
    """One nation's hall."""

    def __init__(self, ports: Ports, config: Configured, disk: Disk, salts: Any, fold: Fold) -> None:
        super().__init__(ports, config.nation)
        self.ledger = MemoryLedger(disk, salts, self._committed)
        self._config, self._fold = config, fold
        self._before: HallState | None = None
        """Of the last committed step: what a restart is compared with, and nothing else."""

    # ---- life and death

    def start(self) -> None:
        """The process starts: its record is all it knows."""
        self._begin()
        state, last_now = self._remember()
        wall = self._wall
        self.turner = Turner(self.ledger, state, last_now, wall, self._fold)
        self.pending = Pending(wall)
        try:
            self.link = DoorLink(self.ledger, self.pending, self._publish, self._soon, wall)
        except TocsinError as death:
            self._ports.died("hall", self.nation, death)
            return
        self._ports.observer.hall_started(self.nation, self.ledger.mark("handed"))
        self._every(BEAT_NS, self._beat)
        self._every(RESEND_NS, self._resend)
        self._plan(self._ports.time.now + GATHER_NS)
        self._guarded(self.link.ask())

    def restore(self, old: MemoryLedger) -> None:
        """An old copy of the record is in the place of what was there."""
        self.ledger, self._before = old, None

    def crash(self) -> None:
        """The process is gone."""
        self.up, self.crash_in = False, -1

    def _remember(self) -> tuple[HallState | None, Instant]:
        """From the newest snapshot on, as a live hall; it must come to the state that was there before."""
        state, last_now = rebuild(self.ledger, self._fold)
        if self._before is not None and (state is None or digest(state) != digest(self._before)):
            raise AssertionError(f"the record of {self.nation} did not run again to the same state")
        return state, last_now

    def _wall(self) -> int:
        return self._ports.time.wall(self.nation)

    # ---- what comes

    def sense(self, plots: Sequence[Plot]) -> None:
        """Plots of the own sensors."""
        if self.up:
            self.pending.put_plots(plots, Instant(self._wall()))
            self._gather(GATHER_NS)

    def make(self, names: Sequence[str]) -> None:
        """Products of the script (watch.py) are due."""
        if self.up:
            self.pending.put_alive(names)
            self._gather(GATHER_NS)

    def on_door(self, topic: str, data: bytes) -> None:
        """`offer.ack` or `import.data`."""
        if self.up:
            heard = self.link.on_offer_ack if topic == "offer.ack" else self.link.on_import_data
            self._guarded(heard(data))

    # ---- turns

    def turn(self) -> None:
        """One step, committed; then its effects, in the order of node.hall."""
        self._planned = None
        stimuli, arrived = self.pending.take()
        if self.turner.state is None:
            stimuli.insert(0, self._config)
        try:
            self._point()
            effects = self.turner.turn(stimuli, self._ports.time.now, arrived)
            self._before = self.turner.state
            self._point()
            self._ports.observer.effects(self.nation, effects)
            self._ports.observer.desk(self.nation, self._own_alarms())
            run(self.link.committed(self.ledger.last_step()))
            run(self.link.send([effect.offer for effect in effects if isinstance(effect, Offered)]))
        except (Crash, TocsinError) as death:
            self._ports.died("hall", self.nation, death)
            return
        self._plan(self._ports.time.now + self._pause())

    def _own_alarms(self) -> list[Alarm]:
        state = self.turner.state
        told = state.alarms.items() if state else ()
        return [alarm for source, alarms in told if source != DOOR for alarm in alarms]

    def _pause(self) -> int:
        state = self.turner.state
        return BUSY_NS if state and (state.own or state.fused or state.gone) else QUIET_NS

    # ---- the door

    def _soon(self) -> None:
        self._gather(GATHER_NS)

    async def _publish(self, topic: str, data: bytes) -> None:
        self._point()
        self._ports.private(self.nation, topic, data)

    def _committed(self, step: Step) -> None:
        self._ports.committed(step)
        self._ports.observer.committed(self.nation, step)

    def _beat(self) -> None:
        self._guarded(self.link.say_alive())

    def _resend(self) -> None:
        if self.ledger.mark(UNPROVEN) or self.ledger.offers_open(1):
            self._guarded(self.link.resend_stalled())

    def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            run(work)
        except (Crash, TocsinError) as death:
            self._ports.died("hall", self.nation, death)

    def _every(self, period_ns: int, work: Any) -> None:
        life = self.life

        def again() -> None:
            if self.up and self.life == life:
                work()
                self._ports.time.after(period_ns, again)

        self._ports.time.after(period_ns, again)


def run(work: Coroutine[Any, Any, None]) -> None:
    """A coroutine of production whose waits are all served at once: to its end, without a loop."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("a simulated port made its caller wait")

"""One seed's world: three nations, what is between them, what goes wrong and when."""

import random
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from hashlib import sha256

import msgspec

from tocsin.model.handoff import Committed, ImportAck, OfferAck
from tocsin.model.label import Nation
from tocsin.model.sealed import Sealed
from tocsin.model.time import MILLISECOND_NS, SECOND_NS
from tocsin.node.door_words import Office
from tocsin.record.leaf import SALT_BYTES
from tocsin.record.ledger import Step
from tocsin.share.topology import Mode, Topology
from tocsin.sim.virtual import watch
from tocsin.sim.virtual.attack import Liar
from tocsin.sim.virtual.disk import BrokenKeyError, Disk
from tocsin.sim.virtual.door_memory import Tables
from tocsin.sim.virtual.door_node import DoorNode
from tocsin.sim.virtual.faults import CRASH_POINTS, FAULTS, Undo
from tocsin.sim.virtual.hall_memory import MemoryLedger
from tocsin.sim.virtual.hall_node import HallNode
from tocsin.sim.virtual.keys import Keys, SimKey, office_of
from tocsin.sim.virtual.launches import Launches
from tocsin.sim.virtual.net import Network
from tocsin.sim.virtual.observer import Observer
from tocsin.sim.virtual.past_hub import SeededEncrypt
from tocsin.sim.virtual.plan import Plan
from tocsin.sim.virtual.signatures import known_again
from tocsin.sim.virtual.terms import any_terms
from tocsin.sim.virtual.time import START, Timeline

PRIVATE_NS = MILLISECOND_NS
"""Hall to door over the broker of the same machine."""

RESTART_S = (0.3, 2.0)
"""How long the supervisor takes to start a process again."""

COPIES = 3
"""Copies of a door's book, and of a hall's record, that are kept: one of the beginning of each storm."""

AGAIN = 0.3
"""Share of restored doors that die again at once, between two of their first deeds."""

HEAL_NS = 180 * SECOND_NS
"""After the last fault everything must be there and receipted within this: requests go every two seconds and
serve 64 envelopes each, and a link that was down is dialled every second."""


_OFFER_ACK = msgspec.msgpack.Decoder(OfferAck)
_IMPORT_ACK = msgspec.msgpack.Decoder(ImportAck)
_COMMITTED = msgspec.msgpack.Decoder(Committed)
COMMITTED = b"\xa9committed"
"""The tag of a commitment, as MessagePack has it; offers of the simulation hold no such word."""


class World:
    """Everything there is."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dice = random.Random(plan.seed)
        self.time = Timeline()
        self.faults: Counter[str] = Counter()
        self._sha = sha256(f"tocsin simulation {plan.seed}".encode())
        topology = Topology(plan.mode or self.dice.choice((Mode.BOTH, Mode.BOTH, Mode.MESH, Mode.HUB)))
        self.topology = topology
        terms = {nation: any_terms(self.dice) for nation in Nation}
        self._policies = {nation: terms[nation].policy for nation in Nation}
        self.keys = Keys()
        self._encrypt = SeededEncrypt(random.Random(self.dice.random()))
        self.network = Network(
            self.time, random.Random(self.dice.random()), topology, self.count, self._trace
        )
        self.observer = Observer(self.time, topology, terms, START, self.keys.log_public)
        chance = random.Random(self.dice.random())
        self.liar = Liar(self.time, self.network, chance, self.keys.signer, self.observer.reach)
        self.liar.lied = self.observer.logs.suspect.add
        self.disks = {f"{what} {nation}": Disk() for what in ("door", "hall") for nation in Nation}
        self.doors = {n: DoorNode(self, n, self.disks[f"door {n}"]) for n in Nation}
        self.scripts = {n: watch.Script(n, random.Random(self.dice.random())) for n in Nation}
        self.halls = {n: self._hall(n) for n in Nation}
        self.network.doors.update(self.doors)
        self._copies = {n: deque[Tables](maxlen=COPIES) for n in Nation}
        self._records = {n: deque[MemoryLedger](maxlen=COPIES) for n in Nation}
        self._undo: list[Undo] = []

    def _hall(self, nation: Nation) -> HallNode:
        chance = random.Random(self.dice.random())
        config = watch.configured(nation, chance)
        salts = partial(chance.randbytes, SALT_BYTES)
        return HallNode(self, config, self.disks[f"hall {nation}"], salts, self.scripts[nation].fold)

    def office(self, nation: Nation) -> Office:
        """What a door that starts now is."""
        return office_of(self.keys, nation, self.topology, self._policies[nation], self._encrypt)

    # ---- a run

    def run(self) -> None:
        """From the start of all processes to the observer's verdict."""
        with known_again() as self.signatures:
            self._run()

    def _run(self) -> None:
        end = START + round(self.plan.length_s * SECOND_NS)
        for nation in Nation:
            at = self.dice.randrange(SECOND_NS)
            self.time.after(at, partial(self._start, "hall", nation))
            self.time.after(at, partial(self._start, "door", nation))
        self._plan_storms(end)
        self._plan_bursts(end)
        sense = {nation: hall.sense for nation, hall in self.halls.items()}
        Launches(self.plan, self.time, self.dice, self.network, self.observer, self._last, sense).planned(end)
        self.time.run(end)
        self.calm()
        healed = self.heal()
        if healed is None:
            self.observer.breaks("stuck", f"not settled {HEAL_NS // SECOND_NS} s after the last fault")
        self.observer.close(self._versions())

    def calm(self) -> None:
        """Every fault is over."""
        while self._undo:
            self._undo.pop()()
        self.network.calm()
        for disk in self.disks.values():
            disk.full = disk.failing = False

    def heal(self) -> float | None:
        """Seconds until everything is delivered and receipted; null when HEAL_NS is not enough."""
        since = self.time.now
        while self.time.now - since < HEAL_NS:
            self.time.run(self.time.now + SECOND_NS)
            if self.settled():
                return (self.time.now - since) / SECOND_NS
        return None

    def settled(self) -> bool:
        """Nothing is under way any more."""
        nodes: list[DoorNode | HallNode] = [*self.doors.values(), *self.halls.values()]
        if self.observer.open or not all(node.up for node in nodes):
            return False
        waiting = any(door.state.held or door.backlog for door in self.doors.values())
        if waiting or any(hall.ledger.offers_open(1) for hall in self.halls.values()):
            return False
        return not self.observer.logs.late() and not self.observer.uninformed(self._versions())

    def _versions(self) -> dict[Nation, int]:
        return {nation: own.version for nation, own in self.keys.own.items()}

    @property
    def trace(self) -> str:
        """SHA-256 of everything that was said and committed, in order."""
        return self._sha.copy().hexdigest()

    # ---- what happens when

    def _plan_storms(self, end: int) -> None:
        at = START + 5 * SECOND_NS
        while self.plan.faults:
            at += int(self.dice.expovariate(1.0 / self.plan.storm_every_s) * SECOND_NS)
            length = int(self.dice.uniform(*self.plan.storm_s) * SECOND_NS)
            if at >= end:
                return
            self.time.at(at, partial(self._storm, min(at + length, end)))
            at += length

    def _storm(self, until: int) -> None:
        if "old-backup" in self.plan.faults:
            for nation, door in self.doors.items():
                self._copies[nation].append(door.book.tables.copied())
        if "old-record" in self.plan.faults:
            for nation, hall in self.halls.items():
                self._records[nation].append(hall.ledger.copied())
        names = self.dice.sample(self.plan.faults, min(len(self.plan.faults), self.dice.randint(1, 4)))
        undo: list[Undo] = []
        for name in names:
            fault = FAULTS[name]
            for _ in range(self.dice.randint(2, 5) if fault.instant else 1):
                self.time.at(
                    self.dice.randrange(self.time.now, until),
                    partial(self._begin, name, undo),
                )
        for _ in range(self.dice.randint(1, 4)):
            nation = self.dice.choice(list(Nation))
            self.time.at(self.dice.randrange(self.time.now, until), partial(self._burst, nation))
        self.time.at(until, partial(self._storm_ends, undo))

    def _begin(self, name: str, undo: list[Undo]) -> None:
        end = FAULTS[name].begin(self)
        undo.append(end)
        self._undo.append(end)
        self._trace(name.encode())

    def _storm_ends(self, undo: list[Undo]) -> None:
        for end in undo:
            self._ends(end)

    def _last(self, length_ns: int, end: Undo) -> None:
        """`end` it after that time, or when everything is over."""
        self._undo.append(end)
        self.time.after(length_ns, partial(self._ends, end))

    def _ends(self, end: Undo) -> None:
        if end in self._undo:
            self._undo.remove(end)
            end()

    def _plan_bursts(self, end: int) -> None:
        at = START + 3 * SECOND_NS
        while at < end:
            self.time.at(at, partial(self._burst, self.dice.choice(list(Nation))))
            at += int(self.dice.expovariate(1.0 / self.plan.burst_every_s) * SECOND_NS)

    def _burst(self, nation: Nation) -> None:
        names = self.scripts[nation].burst(self.dice.randint(*self.plan.burst))
        step = self.dice.randint(1, 8)
        for n in range(0, len(names), step):
            self.time.after(n * 200 * MILLISECOND_NS, partial(self.halls[nation].make, names[n : n + step]))

    # ---- Stage: what faults are done to

    def count(self, fault: str) -> None:
        """It happened."""
        self.faults[fault] += 1

    def kill(self, what: str, nation: Nation, points: int) -> None:
        """See faults.Stage."""
        node = self._node(what, nation)
        if not node.up:
            return
        if points:
            node.crash_in = points
        else:
            self._die(what, nation)

    def broker(self, nation: Nation, *, up: bool) -> None:
        """See faults.Stage."""
        if up:
            self.network.down.discard(nation)
            self.network.wake()
        else:
            self.network.down.add(nation)

    def rotate(self, nation: Nation, *, stolen: bool) -> None:
        """See faults.Stage."""
        wall = self.time.wall(nation)
        if stolen:
            key = self.keys.revoke(nation, self.doors[nation].receipted(), wall)
            for recipient in self.topology.partners(nation):
                self._rob(key, self.keys.own[nation].version, recipient)
        else:
            self.keys.rotate(nation, wall)
        self.doors[nation].take_office(self.office(nation))

    def _rob(self, key: SimKey, version: int, recipient: Nation) -> None:
        """The thief uses it as soon as the recipient says that it knows better."""
        if self.observer.lists.get((recipient, key.nation), 0) >= version:
            self.liar.thief(key, recipient)
        else:
            self.time.after(2 * SECOND_NS, partial(self._rob, key, version, recipient))

    def restore(self, nation: Nation) -> None:
        """See faults.Stage."""
        if self._copies[nation] and self._abreast(nation):
            old = self.dice.choice(self._copies[nation])
            self._die("door", nation)
            self.doors[nation].book.tables = old.copied()
            if self.dice.random() < AGAIN:
                self.doors[nation].crash_in = self.dice.randrange(CRASH_POINTS)
            self.observer.restored(nation, old)

    def _abreast(self, nation: Nation) -> bool:
        """Hall and door know of each other's past. Both old at once: docs/threat-model.md, not defended."""
        book, record = self.doors[nation].book.tables, self.halls[nation].ledger
        taken = book.handed_upto >= record.mark("handed") >= book.hall_upto
        return taken and record.offers_upto >= book.offers_upto

    def restore_record(self, nation: Nation) -> None:
        """See faults.Stage."""
        if self._records[nation] and self._abreast(nation):
            old = self.dice.choice(self._records[nation]).copied()
            self._die("hall", nation)
            self.halls[nation].restore(old)
            self.observer.record_restored(nation, old, self.doors[nation].book.tables)

    def retire_log(self, nation: Nation) -> None:
        """See faults.Stage."""
        self.keys.retire_log(nation, self.time.wall(nation))
        self.observer.logs.begins(nation)
        self.doors[nation].take_office(self.office(nation))

    # ---- Ports: what processes may touch

    def private(self, nation: Nation, topic: str, data: bytes) -> None:
        """See ports.Ports."""
        self._trace(data)
        if topic == "offer.ack":
            self.observer.offers_acked(nation, _OFFER_ACK.decode(data).upto)
        elif topic == "import.ack":
            self.observer.imports_acked(nation, _IMPORT_ACK.decode(data).upto)
        elif topic == "offer.data" and COMMITTED in data:
            self.observer.logs.committed(nation, _COMMITTED.decode(data))
        if nation in self.network.down:
            return None
        if self.network.faults.lose and self.dice.random() < self.network.faults.lose / 4:
            return self.count("handoff-loss")
        if topic in ("offer.data", "import.ack"):
            to: Callable[[str, bytes], None] = self.doors[nation].on_hall
        else:
            to = self.halls[nation].on_door
        return self.time.after(PRIVATE_NS, partial(to, topic, data))

    def sent(self, sealed: Sealed) -> None:
        """See ports.Ports."""
        self.observer.sent(sealed)
        self.liar.overhear(sealed)

    def again(self, sealed: Sealed) -> None:
        """See ports.Ports."""
        self.observer.again(sealed)

    def died(self, what: str, nation: Nation, why: BaseException) -> None:
        """See ports.Ports."""
        if isinstance(why, BrokenKeyError):
            self.observer.breaks("broken-key", f"{nation} {what}: {why}")
        self._die(what, nation)

    def _die(self, what: str, nation: Nation) -> None:
        self.count(f"crash-{what}")
        self._trace(f"{what} {nation} died".encode())
        self._node(what, nation).crash()
        wait_s = self.dice.uniform(*RESTART_S)
        self.time.after(round(wait_s * SECOND_NS), partial(self._start, what, nation))

    def _start(self, what: str, nation: Nation) -> None:
        if self._node(what, nation).up:
            return
        if what == "door":
            self.doors[nation].start(self.office(nation))
        else:
            self.halls[nation].start()

    def _node(self, what: str, nation: Nation) -> DoorNode | HallNode:
        return self.doors[nation] if what == "door" else self.halls[nation]

    def committed(self, step: Step) -> None:
        """For the trace."""
        self._trace(step.state_sha256)

    def _trace(self, data: bytes) -> None:
        self._sha.update(self.time.now.to_bytes(8))
        self._sha.update(data)

"""The faults by name: what begins and what ends. Drawn by seed; all are over before the verdict."""

import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from tocsin.model.label import Nation
from tocsin.model.time import SECOND_NS
from tocsin.sim.virtual.attack import Liar
from tocsin.sim.virtual.disk import Disk
from tocsin.sim.virtual.net import Network
from tocsin.sim.virtual.time import Timeline

Undo = Callable[[], None]
HOUR_NS = 3600 * SECOND_NS
FOUND_NS = 3 * SECOND_NS
"""From a thief's first deed to the revocation: long enough for some products to be kept back (own choice)."""

CRASH_POINTS = 12
"""A process dies at one of the next so many points between two of its deeds."""


class Stage(Protocol):
    """What faults are done to."""

    time: Timeline
    network: Network
    disks: dict[str, Disk]
    dice: random.Random
    liar: Liar

    def count(self, fault: str) -> None:
        """It happened."""

    def kill(self, what: str, nation: Nation, points: int) -> None:
        """End that process so many crash points from now, at once with 0."""

    def broker(self, nation: Nation, *, up: bool) -> None:
        """Stop or start a nation's broker."""

    def rotate(self, nation: Nation, *, stolen: bool) -> None:
        """The next key takes over; a stolen one is revoked, and a thief has it."""

    def restore(self, nation: Nation) -> None:
        """A door's book is an old copy of itself from now on, if there is one."""

    def restore_record(self, nation: Nation) -> None:
        """A hall's record is an old copy of itself from now on, if there is one."""

    def retire_log(self, nation: Nation) -> None:
        """A new log key: the officer's act when a log can no longer go on."""


class Fault(NamedTuple):
    """`begin` does it and gives back how it ends; `instant` ones are done several times in a storm."""

    begin: Callable[[Stage], Undo]
    instant: bool = False


def _nothing() -> None:
    """Over when it is done."""


def _wire(name: str, least: float, most: float) -> Fault:
    def begin(stage: Stage) -> Undo:
        setattr(stage.network.faults, name, stage.dice.uniform(least, most))
        return lambda: setattr(stage.network.faults, name, 0.0)

    return Fault(begin)


def _hour(stage: Stage) -> Undo:
    stage.network.faults.hour = stage.dice.uniform(0.02, 0.2)

    def end() -> None:
        stage.network.faults.hour = 0.0

    return end


def _partition(stage: Stage) -> Undo:
    one = stage.dice.choice(list(Nation))
    others = [other for other in Nation if other is not one]
    cut = [other for other in others if stage.dice.random() < 0.7] or others
    return _cut(stage, {hop for other in cut for hop in ((one, other), (other, one))}, "partition")


def _oneway(stage: Stage) -> Undo:
    one, other = stage.dice.sample(list(Nation), 2)
    return _cut(stage, {(one, other)}, "oneway")


def _cut(stage: Stage, hops: set[tuple[Nation, Nation]], name: str) -> Undo:
    stage.count(name)
    cut = stage.network.faults.cut
    cut |= hops

    def end() -> None:
        cut.difference_update(hops)
        stage.network.wake()

    return end


def _crash(what: str) -> Fault:
    def begin(stage: Stage) -> Undo:
        stage.kill(what, stage.dice.choice(list(Nation)), stage.dice.randrange(CRASH_POINTS))
        return _nothing

    return Fault(begin, instant=True)


def _crash_broker(stage: Stage) -> Undo:
    nation = stage.dice.choice(list(Nation))
    stage.count("crash-broker")
    stage.broker(nation, up=False)
    stage.time.after(int(stage.dice.uniform(0.5, 5.0) * SECOND_NS), lambda: stage.broker(nation, up=True))
    return _nothing


def _skew(stage: Stage) -> Undo:
    nation = stage.dice.choice(list(Nation))
    off = stage.dice.choice((-HOUR_NS, HOUR_NS))
    stage.count("skew")
    stage.time.set_clock(nation, off)

    def end() -> None:
        stage.time.set_clock(nation, -off)

    return end


def _leap(stage: Stage) -> Undo:
    """A positive leap second: every POSIX clock repeats a second, each when its administrator lets it."""
    stage.count("leap")
    for nation in Nation:

        def back(nation: Nation = nation) -> None:
            stage.time.set_clock(nation, -SECOND_NS)

        stage.time.after(int(stage.dice.uniform(0, 2.0) * SECOND_NS), back)
    return _nothing


def _disk(flag: str, name: str) -> Fault:
    def begin(stage: Stage) -> Undo:
        disk = stage.disks[stage.dice.choice(sorted(stage.disks))]
        stage.count(name)
        setattr(disk, flag, True)
        return lambda: setattr(disk, flag, False)

    return Fault(begin)


def _rotated_key(stage: Stage) -> Undo:
    stage.count("rotated-key")
    stage.rotate(stage.dice.choice(list(Nation)), stolen=False)
    return _nothing


def _stolen_key(stage: Stage) -> Undo:
    """Every second thief keeps products back before the theft is known: their places are what it may fill."""
    stage.count("stolen-key")
    nation = stage.dice.choice(list(Nation))
    ways = (
        {(nation, other) for other in Nation if other is not nation} if stage.dice.random() < 0.5 else set()
    )
    held = stage.network.faults.held
    held |= ways
    found = partial(stage.rotate, nation, stolen=True)
    stage.time.after(FOUND_NS if ways else 0, found)

    def end() -> None:
        held.difference_update(ways)
        stage.network.wake()

    return end


def _lie(name: str, tell: Callable[[Liar], None]) -> Fault:
    def begin(stage: Stage) -> Undo:
        stage.count(name)
        tell(stage.liar)
        return _nothing

    return Fault(begin, instant=True)


def _old_backup(stage: Stage) -> Undo:
    nation = stage.dice.choice(list(Nation))
    stage.count("old-backup")
    stage.restore(nation)
    return partial(stage.retire_log, nation)


def _old_record(stage: Stage) -> Undo:
    stage.count("old-record")
    stage.restore_record(stage.dice.choice(list(Nation)))
    return _nothing


def _contradicting(stage: Stage) -> Undo:
    stage.count("contradicting")
    liar = stage.liar.contradicting()
    return partial(stage.retire_log, liar) if liar is not None else _nothing


FAULTS: dict[str, Fault] = {
    "loss": _wire("lose", 0.05, 0.5),
    "duplicate": _wire("double", 0.1, 0.6),
    "reorder": _wire("reorder", 0.1, 0.6),
    "delay": Fault(_hour),
    "bitflip": _wire("flip", 0.05, 0.3),
    "partition": Fault(_partition),
    "oneway": Fault(_oneway),
    "crash-hall": _crash("hall"),
    "crash-door": _crash("door"),
    "crash-broker": Fault(_crash_broker, instant=True),
    "skew": Fault(_skew),
    "leap": Fault(_leap),
    "disk-full": _disk("full", "disk-full"),
    "eio": _disk("failing", "eio"),
    "rotated-key": Fault(_rotated_key),
    "stolen-key": Fault(_stolen_key),
    "old-backup": Fault(_old_backup),
    "old-record": Fault(_old_record),
    "malformed": _lie("malformed", Liar.malformed),
    "spoofed": _lie("spoofed", Liar.spoofed),
    "replayed": _lie("replayed", Liar.replayed),
    "future": _lie("future", Liar.future),
    "flood": _lie("flood", Liar.flood),
    "contradicting": Fault(_contradicting, instant=True),
    "wider-label": _lie("wider-label", Liar.wider),
    "false-receipt": _lie("false-receipt", Liar.false_receipts),
    "false-list": _lie("false-list", Liar.false_list),
}

"""What a simulated process may touch of the world, and how it ends."""

from collections.abc import Iterable
from typing import Protocol

from tocsin.model.alarm import Alarm
from tocsin.model.handoff import LinkReport
from tocsin.model.label import Nation
from tocsin.model.sealed import Sealed
from tocsin.node.door_words import DoorState
from tocsin.node.hall_words import HallEffect
from tocsin.record.ledger import Step
from tocsin.sim.virtual.net import Network
from tocsin.sim.virtual.time import Timeline


class Crash(Exception):
    """The process is gone, between two of its deeds."""


class Watcher(Protocol):
    """The observer, as processes' deeds reach it."""

    def door_started(self, nation: Nation, state: DoorState) -> None:
        """A door's process has read its book."""

    def hall_started(self, nation: Nation, handed: int) -> None:
        """A hall's process has read its record and run it again."""

    def committed(self, nation: Nation, step: Step) -> None:
        """A hall's record has one more step."""

    def shown(self, nation: Nation, report: LinkReport) -> None:
        """What a door has its officers see."""

    def desk(self, nation: Nation, alarms: Iterable[Alarm]) -> None:
        """What a hall has its officers see of itself."""

    def effects(self, nation: Nation, effects: tuple[HallEffect, ...]) -> None:
        """What the hall made of it."""


class Ports(Protocol):
    """Clock, Net and the broker's private account of one nation."""

    time: Timeline
    network: Network

    @property
    def observer(self) -> Watcher:
        """Sees everything, says nothing."""

    def private(self, nation: Nation, topic: str, data: bytes) -> None:
        """Between hall and door, unstored: lost while the broker is down."""

    def sent(self, sealed: Sealed) -> None:
        """A door lets this out for the first time."""

    def again(self, sealed: Sealed) -> None:
        """A door lets out once more what stands in its outbox, perhaps under a new seal."""

    def committed(self, step: Step) -> None:
        """A hall's record has one more step: for the trace."""

    def died(self, what: str, nation: Nation, why: BaseException) -> None:
        """A process has ended; the supervisor starts it again."""

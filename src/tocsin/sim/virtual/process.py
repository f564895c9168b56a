"""A process in virtual time: lives, the points at which it can die, and its next turn."""

from abc import ABC, abstractmethod

from tocsin.model.label import Nation
from tocsin.sim.virtual.ports import Crash, Ports


class Process(ABC):
    """One nation's door or hall. `crash_in`: crash points until it dies; negative, never."""

    def __init__(self, ports: Ports, nation: Nation) -> None:
        self.nation = nation
        self.up = False
        self.life = 0
        self.crash_in = -1
        self._ports = ports
        self._planned: int | None = None

    @abstractmethod
    def turn(self) -> None:
        """One step over everything that waits."""

    def _begin(self) -> None:
        """A new life: nothing is planned in it."""
        self.up, self.life, self._planned = True, self.life + 1, None

    def _point(self) -> None:
        """Between two deeds. Crash: here it ends."""
        if self.crash_in >= 0:
            self.crash_in -= 1
            if self.crash_in < 0:
                raise Crash

    def _gather(self, within_ns: int) -> None:
        """A turn at the end of this span of time, whoever else asks for one in it."""
        now = self._ports.time.now
        self._plan(now - now % within_ns + within_ns)

    def _plan(self, at: int) -> None:
        """A turn then, unless one is planned before."""
        if self._planned is None or at < self._planned:
            self._planned = at
            life = self.life

            def due() -> None:
                if self.up and self.life == life and self._planned == at:
                    self.turn()

            self._ports.time.at(at, due)

"""What the tracks of one nation have in common against another's: a radar that is turned by a milliradian
moves all its objects alike, by a kilometre at 1,000 km. A source that differs as its neighbours do is no
stranger to its object, and finds it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.model.label import Nation
from tocsin.model.space import EcefState
from tocsin.model.track import Phase, Tracklet
from tocsin.track.body import Body, Sources, moved, voices
from tocsin.track.motion import Gaussian, distance2

Array = NDArray[np.float64]

NEAR_M: Final = 200e3  # neighbours: over so much a turned radar moves objects by nearly the same
LEAST: Final = 3  # neighbours that must differ alike
MOST: Final = 9  # neighbours that are looked at
MOST_M: Final = 5e3  # 5 mrad at 1,000 km: what differs more is no radar's registration


class Gap(NamedTuple):
    """Two nations' estimates of one body at a common epoch."""

    one: Gaussian
    other: Gaussian

    @property
    def offset(self) -> Array:
        """Of position and velocity (6,)."""
        return np.asarray(self.one.x[:6] - self.other.x[:6])


class Leans:
    """Differences between nations during one step, each looked at once."""

    def __init__(self, bodies: Sequence[Body], sources: Sources) -> None:
        self._bodies = [body for body in bodies if body.ended_ns is None and len(body.members) > 1]
        self._places = np.array([body.out.state.x[:3] for body in self._bodies]).reshape(-1, 3)
        self._sources = sources
        self._gaps: dict[tuple[int, Nation, Nation], Gap | None] = {}

    def gap(self, body: Body, one: Nation, other: Nation) -> Gap | None:
        """The two nations' sources of a body in coast that count; None where it has not both."""
        key = (body.number, one, other)
        if key not in self._gaps:
            heard = voices(body.members, body.quiet, self._sources)
            alive = {s.origin: s for s in heard if s.phase is Phase.COAST}
            self._gaps[key] = None
            if one in alive and other in alive:
                epoch = max(alive[one].state.epoch_ns, alive[other].state.epoch_ns)
                self._gaps[key] = Gap(moved(alive[one], epoch), moved(alive[other], epoch))
        return self._gaps[key]

    def shared(self, body: Body, one: Nation, other: Nation, gate: float) -> bool:
        """Do two nations differ about a body as they do about its neighbours, within the gate (d^2 of six
        numbers)?
        """
        own = self.gap(body, one, other)
        common = None if own is None else self._common(body.out.state, one, other, body.number)
        return own is not None and common is not None and _apart(own, common)[0] < gate

    def apart(self, first: Sequence[Tracklet], second: Sequence[Tracklet]) -> tuple[float, float]:
        """Squared distance of the sources of two bodies of different nations, with what their nations differ
        by in common taken off, and ln det: of the two sources that agree least. Infinite where nothing is
        known to be common.
        """
        worst: tuple[float, float] | None = None
        for one in first:
            for other in second:
                common = self._common(one.state, one.origin, other.origin)
                if common is None:
                    continue
                epoch = max(one.state.epoch_ns, other.state.epoch_ns)
                found = _apart(Gap(moved(one, epoch), moved(other, epoch)), common)
                worst = found if worst is None or found[0] > worst[0] else worst
        return (float("inf"), 0.0) if worst is None else worst

    def _common(self, at: EcefState, one: Nation, other: Nation, but: int | None = None) -> Array | None:
        """What two nations differ by (6,) around a place, a body left out; None where neighbours are too few,
        or it is too much.
        """
        if not self._bodies:
            return None
        off_m = np.linalg.norm(self._places - np.array(at.x[:3]), axis=1)
        near = [self._bodies[i] for i in np.argsort(off_m, kind="stable")[: MOST + 1] if off_m[i] < NEAR_M]
        gaps = [self.gap(n, one, other) for n in near if n.number != but]
        offsets = [gap.offset for gap in gaps if gap is not None]
        if len(offsets) < LEAST:
            return None
        common = np.asarray(np.median(offsets, axis=0))
        return common if float(np.linalg.norm(common[:3])) < MOST_M else None


def _apart(gap: Gap, common: Array) -> tuple[float, float]:
    shifted = Gaussian(np.append(gap.one.x[:6] - common, gap.one.x[6]), gap.one.p)
    return distance2(shifted, gap.other)

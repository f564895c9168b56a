"""What the tracks of one nation have in common against another's: a radar that is turned by a milliradian
moves all its objects alike, by a kilometre at 1,000 km. A source that differs as its neighbours do is no
stranger to its object.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.model.label import Nation
from tocsin.model.track import Phase
from tocsin.track.body import Body, Sources, counting, moved
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
            alive = {s.origin: s for s in counting(body.members, self._sources) if s.phase is Phase.COAST}
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
        if own is None:
            return False
        off_m = np.linalg.norm(self._places - np.array(body.out.state.x[:3]), axis=1)
        near = [self._bodies[i] for i in np.argsort(off_m, kind="stable")[: MOST + 1] if off_m[i] < NEAR_M]
        gaps = [self.gap(n, one, other) for n in near if n.number != body.number]
        offsets = [gap.offset for gap in gaps if gap is not None]
        if len(offsets) < LEAST:
            return False
        common = np.median(offsets, axis=0)
        shifted = Gaussian(np.append(own.one.x[:6] - common, own.one.x[6]), own.one.p)
        near_enough = float(np.linalg.norm(common[:3])) < MOST_M
        return near_enough and distance2(shifted, own.other)[0] < gate

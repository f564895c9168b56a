"""One estimate from the single looks of several nations, while their tracks fuse badly: nobody knows yet that
the object flies freely, or the air moves it for all filters alike.

The nations' own trackers have said whose looks are of which track, and fusion which tracks are one object:
what is left is one estimator with all looks in it. It stands in fusion in the place of the sources that it
covers, so that a look counts by its tracklet or by itself, never by both:

- While one of them does not know the coast it is made from looks alone. No tracklet is in it.
- In re-entry it begins from all tracklets of one moment, and takes looks made after the newest of them alone.
- When a covered source's looks stop while its tracklets go on, or its nation's next track begins, the whole
  estimate ends. What is left are tracklets.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.flight import propagate
from tocsin.model.label import Label, Nation
from tocsin.model.space import EcefState
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, Member, ObjectClass, Phase, Tracklet
from tocsin.track.life import ENDED
from tocsin.track.looks import KEPT_S, Looks, in_air, stacked, telling
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, estimate, packed
from tocsin.track.rows import instant, pack, seconds, triangle
from tocsin.track.solve import update

Array = NDArray[np.float64]

LEAST: Final = 2  # sources that it must cover: one alone is its own tracklet
# A tracklet goes out once a second; looks of two steps may be on their way.
LAG_NS: Final = 2_500_000_000
LEAST_ROWS: Final = 4  # as many as a tracker confirms a track by
TOGETHER_NS: Final = 2 * SECOND_NS  # looks since so soon after a source's first are all that it saw
# Chi-squared per number: three radars of which one is turned by half its random error give 1.25. Beyond this
# their looks are not of one object to the estimator, and the most precise source is the better word.
MISFIT: Final = 2.0

Key = tuple[Nation, str]


class Joint(Struct, frozen=True):
    """The estimate, and whose looks are in it. `record`: its times count from `base_ns`; its rows are with
    the sources. `newest`: how many looks, and the newest's time (s), so that it is computed anew only with
    others.
    """

    members: tuple[Member, ...]
    base_ns: Instant
    record: Record
    newest: tuple[int, float]
    falling: bool

    @property
    def fits(self) -> bool:
        """May it speak for the object?"""
        return self.record.chi2_ratio < MISFIT


def covered(alive: Sequence[Tracklet], looks: Mapping[Key, Looks]) -> list[Tracklet]:
    """The sources of one object whose looks are worth it and all here, up to about now."""
    found: list[Tracklet] = []
    for source in filter(telling, alive):
        one = looks.get((source.origin, source.track_id))
        sole = source.label.originators == frozenset((source.origin,))
        if one is None or not sole or source.life in ENDED or not one.rows:
            continue
        since = one.first_ns <= source.first_ns + TOGETHER_NS or source.phase is Phase.COAST
        if since and one.last_ns >= source.last_ns - LAG_NS:
            found.append(source)
    return found


def joined(
    before: Joint | None,
    alive: Sequence[Tracklet],
    looks: Mapping[Key, Looks],
    start: Callable[[], EcefState | None],
) -> Joint | None:
    """The estimate with what came; None where tracklets must do. `start`: all tracklets fused, for one that
    begins in re-entry (none: not all of them know the coast).
    """
    sources = covered(alive, looks)
    if len(sources) < LEAST:
        return None
    falling = all(source.phase is Phase.COAST and in_air(source) for source in sources)
    if all(source.phase is Phase.COAST for source in sources) and not (
        falling and len(sources) == len(alive)
    ):
        return None
    members = tuple(Member(source.origin, source.track_id) for source in sources)
    of_all = [looks[source.origin, source.track_id] for source in sources]
    if before is not None and not _goes_on(before, members, falling):
        before = None
    if before is None:
        before = _fallen(members, of_all, start()) if falling else _begun(members, sources, of_all)
    return None if before is None else _updated(before, members, of_all)


def _goes_on(before: Joint, members: tuple[Member, ...], falling: bool) -> bool:
    """What a filter, or the prior of a coast after burnout, has taken in cannot be taken out again; least
    squares over looks only ever hold those looks.
    """
    if before.falling is not falling or before.record.anchor or before.record.resumed:
        return before.falling is falling and before.members == members
    return True


def _begun(members: tuple[Member, ...], sources: Sequence[Tracklet], looks: Sequence[Looks]) -> Joint:
    """Where the search begins: the source seen last says where to look, and nothing more."""
    base_ns = Instant(min(one.base_ns for one in looks))
    sure = [source for source in sources if source.phase is Phase.COAST]
    source = max(sure or sources, key=lambda one: (one.state.epoch_ns, one.origin))
    head_s = seconds(base_ns, source.state.epoch_ns)
    if not sure:
        head = np.concatenate((source.state.x[:6], np.zeros(6 + 144)))
        record = _record(source, head_s, pack(head))
    else:
        record = _record(source, head_s, packed(Gaussian(np.array(source.state.x), _matrix(source.state))))
        since = min(one.first_ns if one.burnout_ns is None else one.burnout_ns for one in sure)
        first_ns, last_ns = (pick(one.last_ns for one in looks) for pick in (min, max))
        start_s = seconds(base_ns, min(max(since, Instant(first_ns - round(KEPT_S * SECOND_NS))), last_ns))
        start = propagate(np.array(source.state.x), start_s - head_s)
        burnout = max((one.burnout_ns for one in sure if one.burnout_ns is not None), default=None)
        record = replace(record, phase=Phase.COAST, start=pack(start), start_s=start_s, burnout_ns=burnout)
    return Joint(members, base_ns, record, (0, 0.0), False)


def _fallen(members: tuple[Member, ...], looks: Sequence[Looks], start: EcefState | None) -> Joint | None:
    """From all tracklets of one moment, whose looks it holds up to its epoch: later ones go in by
    themselves.
    """
    if start is None:
        return None
    base_ns = Instant(min(one.base_ns for one in looks))
    head_s = seconds(base_ns, start.epoch_ns)
    anchor = packed(Gaussian(np.array(start.x), _matrix(start)))
    record = _record(None, head_s, anchor)
    record = replace(record, phase=Phase.COAST, anchor=anchor, anchor_s=head_s)
    return Joint(members, base_ns, record, (0, 0.0), True)


def _matrix(state: EcefState) -> Array:
    matrix = np.zeros((7, 7))
    matrix[np.triu_indices(7)] = state.p
    return np.asarray(matrix + np.triu(matrix, 1).T)


def _record(source: Tracklet | None, head_s: float, head: bytes) -> Record:
    first = Instant(0) if source is None else source.first_ns
    return Record(
        number=1,
        life=Life.CONFIRMED,
        phase=Phase.UNKNOWN,
        kind=ObjectClass.BALLISTIC,
        first_ns=first,
        last_ns=first,
        plots=0,
        sensors=(),
        rows=b"",
        head_s=head_s,
        head=head,
    )


def _updated(before: Joint, members: tuple[Member, ...], looks: Sequence[Looks]) -> Joint | None:
    rows, table = stacked(looks, before.base_ns)
    if before.falling:
        rows = rows[rows[:, 0] > before.record.anchor_s]
    else:
        rows = rows[rows[:, 0] >= rows[-1, 0] - KEPT_S]
    newest = (len(rows), float(rows[-1, 0]) if len(rows) else 0.0)
    if len(rows) < LEAST_ROWS and not before.falling:
        return None
    if not len(rows) or (newest == before.newest and members == before.members):
        return replace(before, members=members)
    bare = replace(before.record, rows=b"", plots=0, sensors=())
    try:
        with np.errstate(all="ignore"):
            record = update(bare, np.ascontiguousarray(rows), table, before.base_ns)
    except np.linalg.LinAlgError:
        return None  # looks that no object can have made: a key may sign any that can be measured
    if before.falling and record.phase is not Phase.COAST:
        return None  # it does not fall freely: whatever it does, its sources say by themselves
    now = estimate(record)[0]
    if not (np.isfinite(now.x).all() and np.isfinite(now.p).all() and (np.diag(now.p) > 0.0).all()):
        return None  # looks that no object can have made
    return Joint(members, before.base_ns, replace(record, rows=b""), newest, before.falling)


def spoken(joint: Joint, sources: Sequence[Tracklet]) -> Tracklet:
    """The estimate in the form of a source, in the place of those that it covers (at least one)."""
    record = joint.record
    now, accel = estimate(record)
    push = None
    if record.phase is Phase.BOOST and accel is not None:
        push = (float(accel[0]), float(accel[1]), float(accel[2]))
    first = sources[0]
    return replace(
        first,
        track_id="",  # no track has this name
        life=Life.CONFIRMED if any(s.life is Life.CONFIRMED for s in sources) else Life.COASTING,
        phase=record.phase,
        state=EcefState(instant(joint.base_ns, record.head_s), tuple(now.x.tolist()), triangle(now.p)),
        first_ns=min(source.first_ns for source in sources),
        last_ns=max(source.last_ns for source in sources),
        label=Label(first.label.plane, frozenset((first.origin,)), frozenset()),
        accel_mps2=push,
        burnout_ns=record.burnout_ns,
        identity=None,
    )

"""Tracks as others see them."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.label import Label, Nation
from tocsin.model.space import STATE_SIZE, EcefState
from tocsin.model.time import Instant
from tocsin.model.track import Life, Phase, Track
from tocsin.track.bent import bends, told
from tocsin.track.fleet_kernels import HEAD
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, estimate
from tocsin.track.rows import SITE, instant, triangle
from tocsin.track.scene import Scene

Array = NDArray[np.float64]

_UPPER: Final = np.triu_indices(STATE_SIZE)
LOST_TOGETHER_S: Final = 4.0  # two looks of a slow radar: sensors that lose an object so close together


def publish(
    scene: Scene, nation: Nation, names: tuple[str, ...], label_of: Callable[[tuple[int, ...]], Label]
) -> list[Track]:
    """All records that have a number, in their order. `label_of`: the label of what was made from sensors."""
    if not scene.records:
        return []
    made = {**_filtered(scene, nation, names, label_of), **_alone(scene, nation, names, label_of)}
    tracks = [made[record.number] for record in scene.records if record.number]
    return _with_losers(tracks, scene, names)


def _filtered(
    scene: Scene, nation: Nation, names: tuple[str, ...], label_of: Callable[[tuple[int, ...]], Label]
) -> dict[int, Track]:
    """Those whose numbers are in the fleet, by number."""
    inside = [record for record in scene.records if record.filtered]
    slots = [scene.flock.slots[record.number] for record in inside]
    states, covariances = _shelled(scene, inside, scene.flock.x[slots, HEAD], scene.flock.p[slots, HEAD])
    x, p = states.tolist(), covariances[:, *_UPPER].tolist()
    times, plots = scene.flock.times[slots, HEAD].tolist(), scene.flock.plots[slots].tolist()
    kinds, kind_of = np.unique(scene.flock.seen[slots], axis=0, return_inverse=True)
    sets = [tuple(np.flatnonzero(kind).tolist()) for kind in kinds]
    used = [sets[kind] for kind in kind_of.ravel().tolist()]
    made: dict[int, Track] = {}
    for k, record in enumerate(inside):
        epoch = instant(scene.base_ns, times[k])
        state = EcefState(epoch, tuple(x[k]), tuple(p[k]))
        last_ns = max(record.last_ns, epoch)
        made[record.number] = _track(record, nation, names, label_of, state, last_ns, used[k], plots[k])
    return made


def _shelled(scene: Scene, records: Sequence[Record], x: Array, p: Array) -> tuple[Array, Array]:
    """States (n, 7) and covariances (n, 7, 7) of records with the bend that the ranges of the radars which
    see them leave in them (see `bent`).
    """
    radars = np.flatnonzero(scene.table[:, SITE].any(axis=1))
    if not (len(radars) and len(records)):
        return x, p
    bent = bends(x, p, scene.table[radars, SITE])
    rows = np.flatnonzero(bent.any(axis=1)).tolist()
    if not rows:
        return x, p
    x, p = x.copy(), p.copy()
    bent[rows] &= scene.recent_sensors([records[k] for k in rows], LOST_TOGETHER_S)[:, radars]
    for k in rows:
        x[k], p[k] = told(Gaussian(x[k], p[k]), scene.table[radars[bent[k]], SITE])
    return x, p


def _with_losers(tracks: list[Track], scene: Scene, names: tuple[str, ...]) -> list[Track]:
    """Those that coast with the sensors that lost them last."""
    lost = [record for record in scene.records if record.number and record.life is Life.COASTING]
    if not lost:
        return tracks
    seen = scene.recent_sensors(lost, LOST_TOGETHER_S)
    by = {
        f"{record.number}": tuple(sorted(names[i] for i in np.flatnonzero(row)))
        for record, row in zip(lost, seen, strict=True)
    }
    return [
        replace(track, lost_by=by[number]) if (number := track.id.rpartition("-")[2]) in by else track
        for track in tracks
    ]


def _alone(
    scene: Scene, nation: Nation, names: tuple[str, ...], label_of: Callable[[tuple[int, ...]], Label]
) -> dict[int, Track]:
    """Those that have their numbers with them, by number."""
    outside = [record for record in scene.records if record.number and not record.filtered]
    if not outside:
        return {}
    found = [estimate(record) for record in outside]
    flat = Gaussian(np.array([now.x for now, _ in found]), np.array([now.p for now, _ in found]))
    x, p = _shelled(scene, outside, *flat)
    made: dict[int, Track] = {}
    for k, record in enumerate(outside):
        state = EcefState(instant(scene.base_ns, record.head_s), tuple(x[k].tolist()), triangle(p[k]))
        accel, push = found[k][1], None
        if record.phase is Phase.BOOST and accel is not None:
            push = (float(accel[0]), float(accel[1]), float(accel[2]))
        made[record.number] = _track(
            record, nation, names, label_of, state, record.last_ns, record.sensors, record.plots, push
        )
    return made


def _track(
    record: Record,
    nation: Nation,
    names: tuple[str, ...],
    label_of: Callable[[tuple[int, ...]], Label],
    state: EcefState,
    last_ns: Instant,
    sensors: tuple[int, ...],
    plots: int,
    push: tuple[float, float, float] | None = None,
) -> Track:
    return Track(
        id=f"{nation}-{record.number}",
        life=record.life,
        phase=record.phase,
        kind=record.kind,
        state=state,
        first_ns=record.first_ns,
        last_ns=last_ns,
        sensors=tuple(sorted(names[i] for i in sensors)),
        plots=plots,
        label=label_of(sensors),
        accel_mps2=push,
        confirmed_ns=record.confirmed_ns,
        burnout_ns=record.burnout_ns,
        early=record.early,
    )

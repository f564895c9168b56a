"""Groups in a nation's picture: fused tracks that fly together and that no own sensor tells apart. Pure.

A group is stated when a look would give one plot in four to a neighbour, and dissolved when this has been
less than one in twenty for a while: between the two it stays what it is. Tracks stay tracks, and warnings
rest on them; a group is said of them.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.group import Group, ObjectCount
from tocsin.model.label import Nation
from tocsin.model.sensor import Sensor, SensorKind
from tocsin.model.space import EcefState
from tocsin.model.time import SECOND_NS, Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, ObjectClass, Plot, Track, Tracklet
from tocsin.track.aside import asides, silent_on, states_at
from tocsin.track.extent import cloud_of, doubted, extent_of, measured, placed
from tocsin.track.howmany import how_many
from tocsin.track.life import ENDED
from tocsin.track.parting import Pairs, astray, components, look_errors, neighbours
from tocsin.track.rows import (
    is_main,
    merged,
    pack,
    row_table,
    rows_of,
    seconds,
    sensor_table,
    triangle,
)
from tocsin.track.sights import Sights, beside

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST: Final = 4  # tracks: more than what comes apart in public launches has pieces (`match.CROWD`)
STATED: Final = 0.25  # plots astray: of salvos that are mixed half a minute later all, at 1.5 km none (ours)
DISSOLVED: Final = 0.05  # tracks with less are as near to one object each as they claim (ADR 41)
DISSOLVED_S: Final = 10.0  # one turn of a slow radar
EVERY_NS: Final = SECOND_NS
COUNTED_S: Final = 30.0  # looks of so long are counted: fifteen of a radar of 2 s, three of a slow one
FAR: Final = 1e9  # metres: farther than anything that comes down again
KEPT: Final = 6_000  # plots that are kept for counting


class Held(Struct, frozen=True):
    """What is remembered of a group. `parted_ns`: since when its tracks can be told apart."""

    number: int
    members: tuple[str, ...]
    since_ns: Instant
    parted_ns: Instant | None = None
    count: ObjectCount | None = None


class TogetherState(Struct, frozen=True):
    """Groups and their memory in the same order; the rows of the last COUNTED_S (`rows`)."""

    groups: tuple[Group, ...] = ()
    held: tuple[Held, ...] = ()
    next_number: int = 1
    base_ns: Instant = Instant(0)
    rows: bytes = b""
    looked_ns: Instant = Instant(0)


class _Flying(NamedTuple):
    """Living tracks at one time: states (n, 7), covariances (n, 7, 7); `aside`: by how much (n, 3) each
    nation's silent tracks lie beside them, nan where there is none.
    """

    tracks: list[FusedTrack]
    x: Array
    p: Array
    aside: dict[Nation, Array]


def step(
    state: TogetherState,
    fused: Sequence[FusedTrack],
    own: Sequence[Track],
    plots: Sequence[Plot],
    sensors: Sequence[Sensor],
    now: Instant,
    silent: Sequence[Tracklet] = (),
) -> TogetherState:
    """After one step; groups are looked at once a second. `silent`: all nations' tracks that are in fused
    ones and say nothing of their states (`fuse.silent`).
    """
    sensors = tuple(sorted(sensors, key=lambda sensor: sensor.id))
    state = _kept(state, plots, sensors, now)
    if now - state.looked_ns < EVERY_NS:
        return state
    state = replace(state, looked_ns=now)
    flying = _flying(fused, silent, now)
    if len(flying.tracks) < LEAST:
        return replace(state, groups=(), held=())
    table = sensor_table(sensors)
    errors = look_errors(flying.x[:, :3], table, _seen_by(flying.tracks, own, sensors))
    pairs = neighbours(flying.x[:, :6], flying.p[:, :6, :6], errors)
    held, parts = _remembered(state, flying, pairs, now)
    sights = Sights(rows_of(state.rows), table, sensors, state.base_ns)
    share = astray(pairs, len(flying.tracks), unparted=False)
    groups = [
        _group(one, part, flying, sights, float(share[part].mean()), now)
        for one, part in zip(held, parts, strict=True)
    ]
    held = [replace(one, count=group.count) for one, group in zip(held, groups, strict=True)]
    number = max([state.next_number, *(one.number + 1 for one in held)])
    return replace(state, groups=tuple(groups), held=tuple(held), next_number=number)


def _kept(
    state: TogetherState, plots: Sequence[Plot], sensors: Sequence[Sensor], now: Instant
) -> TogetherState:
    """With the radar rows of these plots, and without old ones."""
    index = {sensor.id: i for i, sensor in enumerate(sensors) if sensor.kind is SensorKind.RADAR}
    fresh = [(plot, index[plot.sensor]) for plot in plots if plot.sensor in index and is_main(plot)]
    if not fresh and not state.rows:
        return state
    base_ns = state.base_ns or Instant(now // SECOND_NS * SECOND_NS)
    rows = merged(rows_of(state.rows), row_table(fresh, base_ns)) if fresh else rows_of(state.rows)
    rows = rows[rows[:, 0] > seconds(base_ns, now) - COUNTED_S][-KEPT:]
    return replace(state, base_ns=base_ns, rows=pack(rows))


def _flying(fused: Sequence[FusedTrack], silent: Sequence[Tracklet], now: Instant) -> _Flying:
    tracks = [t for t in fused if t.kind is not ObjectClass.AIR and t.life not in ENDED]
    if len(tracks) < LEAST:
        return _Flying(tracks, np.empty((0, 7)), np.empty((0, 7, 7)), {})
    x, p = states_at(tracks, now)
    fine = _fine(x, p)
    kept = [t for t, good in zip(tracks, fine, strict=True) if good]
    return _Flying(kept, x[fine], p[fine], asides(kept, x[fine], silent, now))


def _fine(x: Array, p: Array) -> Mask:
    """Which states are near the Earth, and their covariances are ones: partners' may be anything."""
    sizes = np.sqrt(np.maximum(np.diagonal(p, axis1=1, axis2=2), 0.0))
    good = (np.abs(x).max(axis=1, initial=0.0) < FAR) & (sizes.min(axis=1, initial=FAR) > 0.0)
    good &= np.isfinite(p).all(axis=(1, 2)) & (sizes.max(axis=1, initial=0.0) < FAR)
    turned = p[good] / (sizes[good][:, :, None] * sizes[good][:, None, :])
    good[good] = np.linalg.eigvalsh(turned)[:, 0] > 0.0
    return np.asarray(good)


def _seen_by(tracks: Sequence[FusedTrack], own: Sequence[Track], sensors: Sequence[Sensor]) -> list[Index]:
    """Tracks (indices) that each sensor sees or saw, if it is a radar."""
    seen = {track.id: track.sensors for track in own}
    by = [{name for member in t.members for name in seen.get(member.track_id, ())} for t in tracks]
    return [
        np.array(
            [i for i, names in enumerate(by) if sensor.kind is SensorKind.RADAR and sensor.id in names],
            dtype=np.int64,
        )
        for sensor in sensors
    ]


def _remembered(
    state: TogetherState, flying: _Flying, pairs: Pairs, now: Instant
) -> tuple[list[Held], list[Index]]:
    """Groups that go on and new ones, with their tracks (indices)."""
    size = len(flying.tracks)
    free = np.ones(size, dtype=np.bool_)
    new, still = astray(pairs, size, unparted=True), astray(pairs, size, unparted=False)
    held: list[Held] = []
    parts: list[Index] = []
    for one, part in _heirs(state.held, flying, new >= DISSOLVED, components(pairs, free)):
        seen = sum(flying.tracks[i].life is Life.CONFIRMED for i in part)
        parted = seen >= LEAST and float(still[part].mean()) < DISSOLVED
        since = (one.parted_ns or now) if parted else None
        if len(part) >= LEAST and (since is None or seconds_between(since, now) < DISSOLVED_S):
            free[part] = False
            held.append(replace(one, members=_names(flying, part), parted_ns=since))
            parts.append(part)
    for part in components(pairs, free & (new >= DISSOLVED)):
        if len(part) >= LEAST and float(new[part].mean()) >= STATED:
            number = state.next_number + len(parts)
            held.append(Held(number, _names(flying, part), now))
            parts.append(part)
    return held, parts


def _names(flying: _Flying, part: Index) -> tuple[str, ...]:
    return tuple(flying.tracks[i].id for i in part)


def _heirs(
    held: Sequence[Held], flying: _Flying, mixed: Mask, parts: Sequence[Index]
) -> Iterator[tuple[Held, Index]]:
    """Groups that were, each with its members among the linked tracks that hold most of them, and those
    that cannot be told from these. Of two groups in one place the larger one goes on.
    """
    left = list(parts)
    for one in sorted(held, key=lambda one: (-len(one.members), one.number)):
        names = set(one.members)
        was = np.array([track.id in names for track in flying.tracks])
        best = max(left, key=lambda part: int(was[part].sum()), default=None)
        if best is not None and was[best].any():
            left = [part for part in left if part is not best]
            yield one, best[was[best] | mixed[best]]


def _group(held: Held, part: Index, flying: _Flying, sights: Sights, share: float, now: Instant) -> Group:
    cloud, silent = cloud_of(flying.x[part], flying.p[part]), silent_on(part, flying.aside)
    began_ns = sorted(flying.tracks[i].first_ns for i in part)[len(part) // 2]
    radars = sights.at(cloud, beside(cloud, flying.x, part), now, began_ns, silent)
    count = how_many(len(part), [[len(look.off) - look.strays for look in looks] for looks in radars])
    if not radars and held.count is not None and held.count.looks:
        count = held.count
    looks = [look for radar in radars for look in radar]
    cloud = measured(cloud, looks)
    if not any(sensor.nation in silent for sensor in sights.sensors):
        cloud = placed(cloud, looks, count.likely)
    cloud = doubted(cloud, list(silent.values()))
    return Group(
        id=f"G-{held.number}",
        since_ns=held.since_ns,
        members=held.members,
        count=count,
        centre=EcefState(now, tuple(cloud.x.tolist()), triangle(cloud.p)),
        each=EcefState(now, tuple(cloud.x.tolist()), triangle(cloud.each)),
        extent=extent_of(cloud),
        astray=round(share, 3),
    )

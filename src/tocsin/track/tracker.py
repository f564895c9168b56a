"""A nation's own picture: a pure fold of its sensors' plots into tracks.

In the room: duplicates taken out, plots given to objects, estimates brought up to date, lives lived. Not in
the room: partners' data (`fuse`), clocks (`now` is handed in). Tentative objects have no id and are not
published; ids count from 1 in the order of confirmation. Plots may come in any order within KEPT_S; the
estimators put them into their place.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.label import Label, Nation, join_all
from tocsin.model.sensor import Offsets, Sensor
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Plot, Track
from tocsin.track import air, registration
from tocsin.track.crib import Crib
from tocsin.track.family import agree
from tocsin.track.fleet import Fleet
from tocsin.track.life import ENDED
from tocsin.track.numbers import Numbers
from tocsin.track.publish import publish
from tocsin.track.record import Record
from tocsin.track.registration import Registration
from tocsin.track.regroup import regroup
from tocsin.track.rows import ROW, is_main, merged, pack, row_table, rows_of, seconds, sensor_table, unpack
from tocsin.track.scene import Scene
from tocsin.track.several import seen_by_several
from tocsin.track.stitch import join
from tocsin.track.work import CARRIED, allowance

Array = NDArray[np.float64]

KEPT_NS: Final = 100 * SECOND_NS  # plots later than this are not taken any more
CHUNK_S: Final = 1.0


class TrackerState(Struct, frozen=True):
    """All that the tracker carries from step to step. `numbers`: plot numbers seen, by sensor (see
    `numbers`).
    """

    nation: Nation
    sensors: tuple[Sensor, ...]
    base_ns: Instant = Instant(0)
    newest_ns: Instant = Instant(0)
    stepped_ns: Instant = Instant(0)
    room: float = 0.0  # for estimates, left by the last step (see `work`)
    next_number: int = 1
    numbers: tuple[bytes, ...] = ()
    records: tuple[Record, ...] = ()
    fleet: Fleet = Fleet()
    loose: bytes = b""
    waiting: bytes = b""
    tried: bytes = b""
    held: bytes = b""
    registration: Registration = Registration()
    aircraft: tuple[air.AirRecord, ...] = ()


def new_tracker(nation: Nation, sensors: Sequence[Sensor]) -> TrackerState:
    """A tracker that has seen nothing. Sensors are ordered by id."""
    ordered = tuple(sorted(sensors, key=lambda sensor: sensor.id))
    return TrackerState(nation=nation, sensors=ordered, numbers=(b"",) * len(ordered))


def step(state: TrackerState, plots: Sequence[Plot], now: Instant) -> tuple[TrackerState, tuple[Track, ...]]:
    """Take the plots that arrived; all confirmed tracks that are alive, or ended in this step, by number."""
    state, fresh = _fresh(state, plots)
    bare = sensor_table(state.sensors)
    table = registration.widened(state.registration, bare)
    new = row_table([(plot, sensor) for plot, sensor in fresh if is_main(plot)], state.base_ns)
    rows = merged(rows_of(state.held), registration.corrected(new, state.registration, bare))
    tried = unpack(state.tried, -1).copy() if state.tried else np.full(len(table), -np.inf)
    crib = Crib(rows_of(state.waiting), tried, table, state.sensors, state.base_ns)
    loose = unpack(state.loose, -1, ROW)
    before_s = seconds(state.base_ns, state.stepped_ns)
    fits = allowance(state.room, seconds(state.stepped_ns, now))
    scene = Scene(state.records, state.fleet, loose, crib, table, state.sensors, state.base_ns, now, fits)
    scene.catch_up()
    for chunk in _chunks(rows):
        scene.take(chunk)
    scene.hatch()
    scene.records = agree(scene.records, table)
    scene.records, crib.waiting = regroup(
        scene.records, crib.waiting, table, scene.periods_s, (before_s, scene.now_s), state.base_ns
    )
    sky = air.Sky(state.aircraft)
    for plot, sensor in fresh:
        if not is_main(plot):
            position_m = state.sensors[sensor].errors.position_m
            sky.take(air.place(plot, sensor, table[sensor], position_m, sky.height_of(plot.identity)))
    scene.age(now)
    join(scene)
    state = replace(state, stepped_ns=now, room=min(scene.fits, CARRIED))
    return _close(_registered(state, scene, bare), scene, sky, now)


def _registered(state: TrackerState, scene: Scene, table: Array) -> TrackerState:
    """With what the plots of one more window say of the radars' offsets."""
    before, newest_s = state.registration, seconds(state.base_ns, state.newest_ns)
    if len(table) < 2 or not registration.due(before, newest_s):
        return state
    seen = seen_by_several(scene, before.mark_s, before.mark_s + registration.WINDOW_S)
    return replace(state, registration=registration.learnt(before, seen, table, newest_s))


def offsets(state: TrackerState) -> dict[str, Offsets]:
    """Registration of radars by sensor id, of those that objects show."""
    found = registration.shown(state.registration, sensor_table(state.sensors))
    return {sensor.id: one for sensor, one in zip(state.sensors, found, strict=False) if one is not None}


def _fresh(state: TrackerState, plots: Sequence[Plot]) -> tuple[TrackerState, list[tuple[Plot, int]]]:
    """New plots of known sensors with their sensor's index, by (time, sensor, number); duplicates and
    relics left out.
    """
    if not plots:
        return state, []
    index = {sensor.id: i for i, sensor in enumerate(state.sensors)}
    known = [Numbers(packed) for packed in state.numbers]
    newest = max(state.newest_ns, *(plot.time_ns for plot in plots))
    found: list[tuple[Plot, int]] = []
    for plot in sorted(plots, key=lambda plot: (plot.time_ns, plot.sensor, plot.number)):
        sensor = index.get(plot.sensor)
        if sensor is None or newest - plot.time_ns > KEPT_NS or known[sensor].seen(plot.number):
            continue
        found.append((plot, sensor))
    if not found:
        return state, found
    numbers = tuple(seen.packed(newest, KEPT_NS) for seen in known)
    base = state.base_ns or Instant(found[0][0].time_ns // SECOND_NS * SECOND_NS)
    return replace(state, base_ns=base, newest_ns=newest, numbers=numbers), found


def _chunks(rows: Array) -> list[Array]:
    """Rows by whole seconds, so that gates never reach far ahead of the estimates."""
    marks = np.floor(rows[:, 0] / CHUNK_S)
    return [np.ascontiguousarray(rows[marks == mark]) for mark in np.unique(marks)]


def _close(
    state: TrackerState, scene: Scene, sky: air.Sky, now: Instant
) -> tuple[TrackerState, tuple[Track, ...]]:
    """Numbers for the confirmed; publish, and forget what has ended."""
    flying = air.lives(sky.records, now, scene.periods_s)
    number = state.next_number
    for i, record in enumerate(scene.records):
        if record.number == 0 and record.confirmed_ns is not None:
            scene.records[i], number = replace(record, number=number), number + 1
    for i, aircraft in enumerate(flying):
        if aircraft.number == 0 and aircraft.confirmed_ns is not None:
            flying[i], number = replace(aircraft, number=number), number + 1
    scene.admit()
    tracks = _publish(state, scene, flying)
    for record in scene.records:
        if record.life in ENDED:
            scene.released(record)
    return replace(
        state,
        next_number=number,
        loose=pack(scene.loose),
        waiting=pack(scene.crib.waiting),
        tried=pack(scene.crib.tried_s),
        held=pack(scene.held),
        records=tuple(r for r in scene.records if r.life not in ENDED),
        fleet=scene.flock.packed(),
        aircraft=tuple(a for a in flying if a.life not in ENDED),
    ), tracks


def _publish(state: TrackerState, scene: Scene, flying: list[air.AirRecord]) -> tuple[Track, ...]:
    names = tuple(sensor.id for sensor in state.sensors)
    labels: dict[tuple[int, ...], Label] = {}

    def label_of(sensors: tuple[int, ...]) -> Label:
        if sensors not in labels:
            labels[sensors] = join_all(state.sensors[i].label for i in sensors)
        return labels[sensors]

    tracks = publish(scene, state.nation, names, label_of)
    tracks += [
        air.publish(aircraft, state.nation, names[aircraft.sensor], state.sensors[aircraft.sensor].label)
        for aircraft in flying
        if aircraft.number
    ]
    return tuple(sorted(tracks, key=lambda track: int(track.id.rpartition("-")[2])))

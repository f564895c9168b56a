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
from tocsin.model.sensor import Sensor
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import Life, Phase, Plot, Track
from tocsin.track import air
from tocsin.track.associate import assign, gate, scans
from tocsin.track.life import ENDED
from tocsin.track.living import lived
from tocsin.track.record import Record, at
from tocsin.track.record import publish as publish_record
from tocsin.track.rows import LOS, ROW, instant, is_main, pack, row_of, sensor_table, unpack
from tocsin.track.solve import update
from tocsin.track.start import LOOSE_S, from_radar, from_sights
from tocsin.track.stitch import joined

Array = NDArray[np.float64]

KEPT_S: Final = 100.0  # plots later than this are not taken any more
REMEMBERED: Final = 512  # plot numbers by sensor, to know duplicates by
CHUNK_S: Final = 1.0
BLIND_S: Final = 12.0
DOWN_NS: Final = 10_000_000_000
LOOSE_LIMIT: Final = 64
TENTATIVE_LIMIT: Final = 200


class TrackerState(Struct, frozen=True):
    """All that the tracker carries from step to step. `numbers`: packed plot numbers last seen, by sensor."""

    nation: Nation
    sensors: tuple[Sensor, ...]
    base_ns: Instant = Instant(0)
    newest_ns: Instant = Instant(0)
    next_number: int = 1
    numbers: tuple[bytes, ...] = ()
    records: tuple[Record, ...] = ()
    loose: bytes = b""
    aircraft: tuple[air.AirRecord, ...] = ()


def new_tracker(nation: Nation, sensors: Sequence[Sensor]) -> TrackerState:
    """A tracker that has seen nothing. Sensors are ordered by id."""
    ordered = tuple(sorted(sensors, key=lambda sensor: sensor.id))
    return TrackerState(nation=nation, sensors=ordered, numbers=(b"",) * len(ordered))


def step(state: TrackerState, plots: Sequence[Plot], now: Instant) -> tuple[TrackerState, tuple[Track, ...]]:
    """Take the plots that arrived; all confirmed tracks that are alive, or ended in this step, by number."""
    state, fresh = _fresh(state, plots)
    table = sensor_table(state.sensors)
    main = [(plot, sensor) for plot, sensor in fresh if is_main(plot)]
    rows = np.array([row_of(plot, sensor, state.base_ns) for plot, sensor in main]).reshape(-1, ROW)
    records, loose = list(state.records), unpack(state.loose, -1, ROW)
    for chunk in _chunks(rows):
        records, loose = _take(state, records, loose, chunk, table)
    sky = air.Sky(state.aircraft)
    for plot, sensor in fresh:
        if not is_main(plot):
            position_m = state.sensors[sensor].errors.position_m
            sky.take(air.place(plot, sensor, table[sensor], position_m, sky.height_of(plot.identity)))
    return _close(state, records, loose, sky, table, now)


def _fresh(state: TrackerState, plots: Sequence[Plot]) -> tuple[TrackerState, list[tuple[Plot, int]]]:
    """New plots of known sensors with their sensor's index, by (time, sensor, number); duplicates and
    relics left out.
    """
    index = {sensor.id: i for i, sensor in enumerate(state.sensors)}
    known = [dict.fromkeys(np.frombuffer(packed, dtype=np.int64).tolist()) for packed in state.numbers]
    found: list[tuple[Plot, int]] = []
    newest = max((plot.time_ns for plot in plots), default=state.newest_ns)
    newest = max(newest, state.newest_ns)
    for plot in sorted(plots, key=lambda plot: (plot.time_ns, plot.sensor, plot.number)):
        sensor = index.get(plot.sensor)
        if sensor is None or plot.number in known[sensor] or seconds_between(plot.time_ns, newest) > KEPT_S:
            continue
        known[sensor][plot.number] = None
        found.append((plot, sensor))
    if not found:
        return state, found
    numbers = tuple(np.array(list(seen)[-REMEMBERED:], dtype=np.int64).tobytes() for seen in known)
    base = state.base_ns or Instant(found[0][0].time_ns // 1_000_000_000 * 1_000_000_000)
    return replace(state, base_ns=base, newest_ns=newest, numbers=numbers), found


def _chunks(rows: Array) -> list[Array]:
    """Rows by whole seconds, so that gates never reach far ahead of the estimates."""
    marks = np.floor(rows[:, 0] / CHUNK_S)
    return [np.ascontiguousarray(rows[marks == mark]) for mark in np.unique(marks)]


def _take(
    state: TrackerState, records: list[Record], loose: Array, chunk: Array, table: Array
) -> tuple[list[Record], Array]:
    """Give a chunk's plots to their objects: the confirmed choose first, then the tentative; the rest may
    begin new ones.
    """
    taken: dict[int, list[Array]] = {}
    loose = loose[loose[:, 0] > chunk[0, 0] - LOOSE_S]
    for scan in scans(chunk, [sensor.period_s for sensor in state.sensors]):
        left = scan
        for tentative in (False, True):
            time_s = float(np.mean(scan[:, 0]))
            chosen = [
                i for i, record in enumerate(records) if _asks(record, tentative, time_s, state.base_ns)
            ]
            pairs = (
                assign(gate(left, table, [at(records[i], time_s) for i in chosen], time_s))
                if len(left)
                else []
            )
            for track, plot in pairs:
                taken.setdefault(chosen[track], []).append(left[plot])
            left = np.ascontiguousarray(np.delete(left, [plot for _, plot in pairs], axis=0))
        records, loose = _begin(state, records, loose, left, table)
    for i, rows in sorted(taken.items()):
        records[i] = update(records[i], np.array(rows), table, state.base_ns)
    return records, loose


def _asks(record: Record, tentative: bool, time_s: float, base_ns: Instant) -> bool:
    """May a record choose plots now? One lost from sight under power is anywhere by now: it waits to be
    stitched.
    """
    if (record.life is Life.TENTATIVE) is not tentative:
        return False
    if record.phase is not Phase.COAST:
        return time_s - record.head_s < BLIND_S
    return record.down_ns is None or instant(base_ns, time_s) < record.down_ns + DOWN_NS


def _begin(
    state: TrackerState, records: list[Record], loose: Array, left: Array, table: Array
) -> tuple[list[Record], Array]:
    """Plots that nobody wants: a radar's begins an object, a line of sight waits for one that crosses it."""
    for row in left:
        if sum(record.life is Life.TENTATIVE for record in records) >= TENTATIVE_LIMIT:
            break
        if row[1] != LOS:
            records.append(from_radar(row, table, state.base_ns))
            continue
        begun = from_sights(row, loose, table, state.base_ns)
        if begun is None:
            loose = np.concatenate((loose, row.reshape(1, -1)))[-LOOSE_LIMIT:]
        else:
            records.append(begun[0])
            loose = np.delete(loose, begun[1], axis=0)
    return records, loose


def _close(
    state: TrackerState, records: list[Record], loose: Array, sky: air.Sky, table: Array, now: Instant
) -> tuple[TrackerState, tuple[Track, ...]]:
    """Lives, joins, numbers; publish, and forget what has ended."""
    periods = [sensor.period_s for sensor in state.sensors]
    records = [lived(record, now, periods, state.base_ns) for record in records]
    records = joined(records, table, state.base_ns)
    flying = air.lives(sky.records, now, periods)
    number = state.next_number
    for i, record in enumerate(records):
        if record.number == 0 and record.confirmed_ns is not None:
            records[i], number = replace(record, number=number), number + 1
    for i, aircraft in enumerate(flying):
        if aircraft.number == 0 and aircraft.confirmed_ns is not None:
            flying[i], number = replace(aircraft, number=number), number + 1
    tracks = _publish(state, records, flying)
    return replace(
        state,
        next_number=number,
        loose=pack(loose),
        records=tuple(r for r in records if r.life not in ENDED),
        aircraft=tuple(a for a in flying if a.life not in ENDED),
    ), tracks


def _publish(state: TrackerState, records: list[Record], flying: list[air.AirRecord]) -> tuple[Track, ...]:
    names = tuple(sensor.id for sensor in state.sensors)
    tracks = [
        publish_record(record, state.nation, state.base_ns, names, _label(state.sensors, record.sensors))
        for record in records
        if record.number
    ]
    tracks += [
        air.publish(aircraft, state.nation, names[aircraft.sensor], state.sensors[aircraft.sensor].label)
        for aircraft in flying
        if aircraft.number
    ]
    return tuple(sorted(tracks, key=lambda track: int(track.id.rpartition("-")[2])))


def _label(sensors: tuple[Sensor, ...], used: tuple[int, ...]) -> Label:
    return join_all(sensors[i].label for i in used)

"""Single looks at an object that may be under power or comes down through the air: a nation's own, as
partners may have them, and theirs, as rows like those of any sensor.

In the room: which looks are worth telling, the forms on both sides. Not in the room: whether they may leave
(release), and what is made of them (`joint`). Bounded: so many objects, so many looks of each.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.label import Nation
from tocsin.model.sensor import Sensor
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, ObjectClass, Phase, RadarLook, SharedPlot, SightLook, Track, Tracklet
from tocsin.track import registration
from tocsin.track.fleet import Flock
from tocsin.track.record import Record
from tocsin.track.rows import (
    LOS,
    MIXED,
    RADAR,
    ROW,
    SENSOR,
    instant,
    merged,
    pack,
    rows_of,
    sensor_table,
    unpack,
)
from tocsin.track.tracker import TrackerState

Array = NDArray[np.float64]

# From the Earth's centre: 92 to 113 km high (WGS-84). Lower down drag soon moves an object by more than the
# trackers' noise in space foresees (one of 5,000 kg/m^2 at 5 km/s by 0.5 mm/s^2 at 100 km).
AIR_M: Final = 6.470e6
# A tracker knows the coast of a young object after 15 to 25 s (docs/evaluation.md): until all do, looks
# serve.
YOUNG_S: Final = 30.0
OBJECTS: Final = 16  # whose looks are told in a step: a salvo's tracklets must do
KEPT_S: Final = 60.0  # as long as the estimator keeps rows of an object under power (solve.POWERED_KEPT_S)
ROWS: Final = 200  # of one source: three sensors for a minute
SOURCES: Final = 256  # of one nation that are kept: who tells much pushes out nobody else's
NEAR_S: Final = 120.0  # plots of another time are of no use
AHEAD_S: Final = 5.0  # nor from further ahead: no clock that is sure errs so much


class Looks(Struct, frozen=True):
    """Looks of one source, in order of time; packed rows (n, ROW) and sensors (k, SENSOR), see `rows`. A
    row's number is that of the plot, or of the shared look. `first_ns`: of the first look it ever had.
    """

    origin: Nation
    track_id: str
    base_ns: Instant
    first_ns: Instant
    rows: bytes
    table: bytes

    @property
    def last_ns(self) -> Instant:
        """Of the newest look."""
        return instant(self.base_ns, float(unpack(self.rows, -1, ROW)[-1, 0]))


class Shown(Struct, frozen=True):
    """What partners were offered of one track's looks: how many, and which of those still held: packed (n, 2)
    of sensor and plot.
    """

    sequence: int = 0
    keys: bytes = b""


def telling(source: Tracklet | Track) -> bool:
    """Is a source worth its single looks? Nobody can know yet that it flies freely, or air moves it."""
    since = source.first_ns if source.burnout_ns is None else source.burnout_ns
    young = source.phase is not Phase.COAST or source.last_ns - since < YOUNG_S * SECOND_NS
    return young or in_air(source)


def in_air(source: Tracklet | Track) -> bool:
    """Does it come down through the air?"""
    x, y, z, vx, vy, vz, _ = source.state.x
    return x * vx + y * vy + z * vz < 0.0 and x * x + y * y + z * z < AIR_M**2


def own_looks(state: TrackerState, tracks: Iterable[Track]) -> tuple[Looks, ...]:
    """Looks at the few of a nation's own tracks that are worth them."""
    wanted = {
        int(track.id.rpartition("-")[2]): track
        for track in tracks
        if track.kind is ObjectClass.BALLISTIC and track.life is Life.CONFIRMED and telling(track)
    }
    if not wanted:
        return ()
    bare = sensor_table(state.sensors)
    table = registration.widened(state.registration, bare)
    flock = Flock(state.fleet, len(table))
    found: list[Looks] = []
    for record in state.records:
        if record.number in wanted and len(found) < OBJECTS:
            rows = _rows(record, flock)
            if len(rows):
                track = wanted[record.number]
                found.append(
                    Looks(state.nation, track.id, state.base_ns, track.first_ns, pack(rows), pack(table))
                )
    return tuple(found)


def _rows(record: Record, flock: Flock) -> Array:
    rows = flock.rows_of(record.number) if record.filtered else rows_of(record.rows)
    return np.ascontiguousarray(rows[rows[:, 0] >= rows[-1, 0] - KEPT_S][-ROWS:]) if len(rows) else rows


def shared(looks: Looks, before: Shown, sensors: Sequence[Sensor]) -> tuple[Shown, tuple[SharedPlot, ...]]:
    """Looks that were not offered yet, as products of the sensors (ordered by id) that made them."""
    rows, table = rows_of(looks.rows), unpack(looks.table, -1, SENSOR)
    held = pack(rows[:, 2:4])
    if held == before.keys:
        return before, ()
    known = set(map(tuple, unpack(before.keys, -1, 2).tolist()))
    new = [n for n, key in enumerate(map(tuple, rows[:, 2:4].tolist())) if key not in known]
    if not new:
        return before, ()
    ordered = sorted(sensors, key=lambda sensor: sensor.id)
    products = tuple(
        SharedPlot(
            origin=looks.origin,
            of_track=looks.track_id,
            sequence=before.sequence + count,
            time_ns=instant(looks.base_ns, float(rows[n, 0])),
            look=_look(rows[n], table[int(rows[n, 2])], ordered[int(rows[n, 2])]),
            label=ordered[int(rows[n, 2])].label,
        )
        for count, n in enumerate(new, start=1)
    )
    return Shown(before.sequence + len(new), held), products


def _look(row: Array, entry: Array, sensor: Sensor) -> RadarLook | SightLook:
    values: list[float] = row[4:].tolist()
    errors: list[float] = entry[:5].tolist()
    if row[1] == LOS or sensor.place is None:
        x, y, z, from_x, from_y, from_z = values
        return SightLook((from_x, from_y, from_z), (x, y, z), errors[4])
    place, rated = sensor.place, bool(row[1] != MIXED and np.isfinite(values[3]))
    if row[1] == MIXED:
        errors[:3] = np.sqrt(entry[:3] ** 2 + row[7:10]).tolist()
    return RadarLook(
        lat_deg=place.lat_deg,
        lon_deg=place.lon_deg,
        alt_m=place.alt_m,
        range_m=values[0],
        az_rad=values[1],
        el_rad=values[2],
        range_sigma_m=errors[0],
        az_sigma_rad=errors[1],
        el_sigma_rad=errors[2],
        range_rate_mps=values[3] if rated else None,
        range_rate_sigma_mps=errors[3] if rated else None,
    )


def heard(
    known: Sequence[Looks], own: Iterable[Looks], arrived: Iterable[SharedPlot], now: Instant
) -> tuple[Looks, ...]:
    """Looks by source, with those that the own tracker holds now and partners' that arrived; what is old is
    left out, and nothing is in twice.
    """
    by_source = {(one.origin, one.track_id): one for one in known if _lately(one.last_ns, now)}
    for one in own:
        by_source[one.origin, one.track_id] = _grown(by_source.get((one.origin, one.track_id)), one)
    groups: dict[tuple[Nation, str], list[SharedPlot]] = {}
    for plot in arrived:
        if _lately(plot.time_ns, now):
            groups.setdefault((plot.origin, plot.of_track), []).append(plot)
    for key, plots in sorted(groups.items()):
        by_source[key] = _with(by_source.get(key), plots)
    newest = sorted(by_source.values(), key=lambda one: (one.origin, -one.last_ns, one.track_id))
    kept = [one for _, some in groupby(newest, lambda one: one.origin) for one in islice(some, SOURCES)]
    return tuple(sorted(kept, key=lambda one: (one.origin, one.track_id)))


def _grown(known: Looks | None, now: Looks) -> Looks:
    """Own looks of now, and those that the tracker has taken into an estimate and let go meanwhile."""
    if known is None or known.base_ns != now.base_ns:
        return now
    rows, held = rows_of(now.rows), rows_of(known.rows)
    keys = set(map(tuple, rows[:, 2:4].tolist()))
    gone = np.array([key not in keys for key in map(tuple, held[:, 2:4].tolist())], dtype=np.bool_)
    rows = merged(held[gone], rows)
    return replace(now, rows=pack(rows[rows[:, 0] >= rows[-1, 0] - KEPT_S][-ROWS:]), first_ns=known.first_ns)


def _lately(time_ns: Instant, now: Instant) -> bool:
    return -AHEAD_S * SECOND_NS < now - time_ns < NEAR_S * SECOND_NS


def _with(known: Looks | None, plots: Sequence[SharedPlot]) -> Looks:
    first = min(plots, key=lambda plot: plot.time_ns)
    if known is None:
        base = Instant(first.time_ns // SECOND_NS * SECOND_NS)
        known = Looks(first.origin, first.of_track, base, first.time_ns, b"", b"")
    rows = rows_of(known.rows)
    table = {entry.tobytes(): float(n) for n, entry in enumerate(unpack(known.table, -1, SENSOR))}
    numbers, new = set(rows[:, 3].tolist()), []
    for plot in plots:
        if float(plot.sequence) in numbers:
            continue
        numbers.add(float(plot.sequence))
        sensor = table.setdefault(_entry(plot.look).tobytes(), float(len(table)))
        time_s = (plot.time_ns - known.base_ns) / SECOND_NS
        new.append((time_s, *_values(plot.look, sensor, float(plot.sequence))))
    if not new:
        return known
    rows = merged(rows, np.array(new))
    rows = rows[rows[:, 0] >= rows[-1, 0] - KEPT_S][-ROWS:]
    rows, used = _used(rows, tuple(table))
    first_ns = min(known.first_ns, first.time_ns)
    return replace(known, rows=pack(rows), table=used, first_ns=first_ns)


def _used(rows: Array, table: Sequence[bytes]) -> tuple[Array, bytes]:
    """Rows and the sensors that they name; those that no row names are left out."""
    named, place = np.unique(rows[:, 2].astype(np.int64), return_inverse=True)
    rows = rows.copy()
    rows[:, 2] = place
    return rows, b"".join(table[i] for i in named.tolist())


def _entry(look: RadarLook | SightLook) -> Array:
    """Of the sensors' table. What a look does not measure gets a sigma that is never used."""
    entry = np.zeros(SENSOR)
    if isinstance(look, SightLook):
        entry[:5] = (1.0, 1.0, 1.0, 1.0, look.sigma_rad)
        return entry
    rate = look.range_rate_sigma_mps or 1.0
    entry[:5] = (look.range_sigma_m, look.az_sigma_rad, look.el_sigma_rad, rate, 1.0)
    lat, lon = float(np.radians(look.lat_deg)), float(np.radians(look.lon_deg))
    entry[5:8] = geodetic_to_ecef(lat, lon, look.alt_m)
    entry[8:] = enu_basis(lat, lon).ravel()
    return entry


def _values(look: RadarLook | SightLook, sensor: float, number: float) -> tuple[float, ...]:
    """A row but for its time."""
    if isinstance(look, SightLook):
        unit = np.array(look.unit)
        x, y, z = (unit / np.linalg.norm(unit)).tolist()
        return (LOS, sensor, number, x, y, z, *look.from_ecef_m)
    rate = float("nan") if look.range_rate_mps is None else look.range_rate_mps
    return (RADAR, sensor, number, look.range_m, look.az_rad, look.el_rad, rate, 0.0, 0.0)


class Stack(NamedTuple):
    """Rows (n, ROW) of several sources, by time since a base, and their sensors (k, SENSOR)."""

    rows: Array
    table: Array


def stacked(sources: Sequence[Looks], base_ns: Instant) -> Stack:
    """All looks of sources together: none of them is in two."""
    rows, tables, sensors = [], [], 0
    for one in sources:
        own = rows_of(one.rows)
        own[:, 0] += (one.base_ns - base_ns) / SECOND_NS
        own[:, 2] += sensors
        table = unpack(one.table, -1, SENSOR)
        sensors += len(table)
        rows.append(own)
        tables.append(table)
    return Stack(merged(np.concatenate(rows), np.empty((0, ROW))), np.concatenate(tables))

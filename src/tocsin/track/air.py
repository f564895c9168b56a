"""Air traffic: finished positions, and fixes of rotating radars that give height only as reported. Simple
and quick.

Identity decides first, then the nearest within its gate. The filter is a straight flight with one variance
for all three directions; rotating radars see a place every 4 to 12 s, so that turns must go into the noise.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.constants import WGS84_A_M
from tocsin.earth.frames import aer_to_ecef, ecef_to_geodetic, enu_basis, geodetic_to_ecef
from tocsin.model.label import Label, Nation
from tocsin.model.space import EcefState
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import Life, ObjectClass, Phase, Plot, RadarFix, ReportedPosition, Track
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.life import Happening, after
from tocsin.track.rows import triangle

Array = NDArray[np.float64]

SPEED_MPS: Final = 150.0  # one sigma of an aircraft's speed before it is measured: airliners cruise at 250
NOISE_M2_S3: Final = (
    20.0  # a standard-rate turn (3 deg/s) at 100 m/s is 5 m/s^2, held for about a second here
)
GATE: Final = 4.0  # sigmas
LEAST_GATE_M: Final = 500.0
POSITION_M: Final = 100.0  # a reported position without a stated error: ADS-B is better, a tracker's is not
VELOCITY_MPS: Final = 5.0
UNKNOWN_HEIGHT_M: Final = 6_000.0  # the middle of where airliners fly; a slant range hardly depends on it
CONFIRM_PLOTS: Final = 3
CONFIRM_NAMED: Final = 1  # an addressed, parity-checked reply is no clutter
PERIODS: Final = 4.0
COASTING_LEAST_S: Final = 15.0
LOST_AFTER_S: Final = 60.0  # five turns of a slow radar
FASTEST_MPS: Final = 400.0
HIGHEST_M: Final = 20e3
LIMIT: Final = 5_000  # aircraft at once in one nation's sky; more are counted as plots only


class AirRecord(Struct, frozen=True):
    """One aircraft: ECEF position and velocity, (position, cross, velocity) variance of each direction."""

    number: int
    identity: str | None
    life: Life
    time_ns: Instant
    first_ns: Instant
    plots: int
    sensor: int
    r_m: tuple[float, float, float]
    v_mps: tuple[float, float, float]
    variance: tuple[float, float, float]
    height_m: float | None = None
    confirmed_ns: Instant | None = None


class Seen(Struct, frozen=True):
    """A plot as a place."""

    plot: Plot
    sensor: int
    r_m: Array
    variance: float
    height_m: float | None
    v_mps: Array | None


def place(plot: Plot, sensor: int, entry: Array, position_m: float | None, height_m: float | None) -> Seen:
    """Where a plot says the aircraft is; `height_m` is what its track flew at, for plots without height."""
    measured = plot.measurement
    if isinstance(measured, RadarFix):
        height = measured.alt_m if measured.alt_m is not None else height_m
        sigma = max(float(entry[0]), measured.range_m * float(entry[1]))
        return Seen(plot, sensor, _radar_place(measured, entry, height), sigma**2, height, None)
    if not isinstance(measured, ReportedPosition):
        raise ValueError("a line of sight is no place")
    height = measured.alt_m if measured.alt_m is not None else height_m
    lat, lon = float(np.radians(measured.lat_deg)), float(np.radians(measured.lon_deg))
    velocity = None
    if measured.ve_mps is not None and measured.vn_mps is not None:
        basis = enu_basis(lat, lon)
        velocity = measured.ve_mps * basis[0] + measured.vn_mps * basis[1]
    where = geodetic_to_ecef(lat, lon, UNKNOWN_HEIGHT_M if height is None else height)
    return Seen(plot, sensor, where, (position_m or POSITION_M) ** 2, height, velocity)


def _radar_place(fix: RadarFix, entry: Array, height_m: float | None) -> Array:
    """Elevation from slant range and height over a sphere through the site: right to tens of metres for
    aircraft.
    """
    height = UNKNOWN_HEIGHT_M if height_m is None else height_m
    site_r = float(np.linalg.norm(entry[5:8]))
    site_height = float(ecef_to_geodetic(entry[5:8])[2])
    other_r = site_r + height - site_height
    sine = (other_r**2 - site_r**2 - fix.range_m**2) / (2.0 * max(fix.range_m, 1.0) * site_r)
    elevation = float(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return aer_to_ecef(fix.range_m, fix.az_rad, elevation, entry[5:8], entry[8:].reshape(3, 3))


class Sky:
    """The aircraft during one step: arrays that grow, so that a plot is compared with all of them at once."""

    def __init__(self, records: Sequence[AirRecord]) -> None:
        self.records = list(records)
        self.by_identity = {
            record.identity: i for i, record in enumerate(records) if record.identity is not None
        }
        size = max(2 * len(records), 64)
        self._r, self._v, self._var, self._time = (
            np.zeros((size, 3)),
            np.zeros((size, 3)),
            np.zeros((size, 3)),
            np.zeros(size),
        )
        for i, record in enumerate(self.records):
            self._set(i, record)

    def _set(self, i: int, record: AirRecord) -> None:
        if i >= len(self._time):
            self._r, self._v, self._var = (
                np.concatenate((a, np.zeros_like(a))) for a in (self._r, self._v, self._var)
            )
            self._time = np.concatenate((self._time, np.zeros_like(self._time)))
        self._r[i], self._v[i], self._var[i] = record.r_m, record.v_mps, record.variance
        self._time[i] = record.time_ns / 1e9

    def take(self, seen: Seen) -> None:
        """Give a plot to its aircraft, or begin one."""
        i = self._find(seen)
        if i is not None:
            self.records[i] = _updated(self.records[i], seen)
            if seen.plot.identity is not None:
                self.by_identity[seen.plot.identity] = i
        elif len(self.records) < LIMIT:
            i = len(self.records)
            self.records.append(_begun(seen))
            if seen.plot.identity is not None:
                self.by_identity[seen.plot.identity] = i
        else:
            return
        self._set(i, self.records[i])

    def height_of(self, identity: str | None) -> float | None:
        """Height that an identity was last seen at."""
        i = None if identity is None else self.by_identity.get(identity)
        return None if i is None else self.records[i].height_m

    def _find(self, seen: Seen) -> int | None:
        identity = seen.plot.identity
        if identity is not None and identity in self.by_identity:
            return self.by_identity[identity]
        count = len(self.records)
        if not count:
            return None
        dt = seen.plot.time_ns / 1e9 - self._time[:count]
        off = seen.r_m - self._r[:count] - dt[:, None] * self._v[:count]
        if seen.height_m is None:
            up = seen.r_m / WGS84_A_M
            off -= (off @ up)[:, None] * up
        var = self._var[:count]
        spread = (
            var[:, 0]
            + 2.0 * dt * var[:, 1]
            + dt**2 * var[:, 2]
            + NOISE_M2_S3 * np.abs(dt) ** 3 / 3.0
            + seen.variance
        )
        ratio = np.sum(off**2, axis=1) / np.maximum(GATE**2 * spread, LEAST_GATE_M**2)
        for i in np.argsort(ratio, kind="stable")[:4].tolist():
            if ratio[i] > 1.0:
                break
            known = self.records[i].identity
            if known is None or identity is None:
                return int(i)
        return None


def _begun(seen: Seen) -> AirRecord:
    speed = SPEED_MPS if seen.v_mps is None else VELOCITY_MPS
    return AirRecord(
        number=0,
        identity=seen.plot.identity,
        life=Life.TENTATIVE,
        time_ns=seen.plot.time_ns,
        first_ns=seen.plot.time_ns,
        plots=1,
        sensor=seen.sensor,
        r_m=_three(seen.r_m),
        v_mps=_three(np.zeros(3) if seen.v_mps is None else seen.v_mps),
        variance=(seen.variance, 0.0, speed**2),
        height_m=seen.height_m,
    )


def _updated(record: AirRecord, seen: Seen) -> AirRecord:
    """Kalman filter, the same scalar gains for all three directions; a plot older than the last one only
    counts.
    """
    dt = seconds_between(record.time_ns, seen.plot.time_ns)
    if dt < 0.0:
        return replace(record, plots=record.plots + 1)
    r, v = np.array(record.r_m), np.array(record.v_mps)
    pp, pv, vv = record.variance
    r = r + dt * v
    pp += 2.0 * dt * pv + dt**2 * vv + NOISE_M2_S3 * dt**3 / 3.0
    pv += dt * vv + NOISE_M2_S3 * dt**2 / 2.0
    vv += NOISE_M2_S3 * dt
    off = seen.r_m - r
    gain_r, gain_v = pp / (pp + seen.variance), pv / (pp + seen.variance)
    r, v = r + gain_r * off, v + gain_v * off
    pp, pv, vv = (1.0 - gain_r) * pp, (1.0 - gain_r) * pv, vv - gain_v * pv
    if seen.v_mps is not None:
        gain_r, gain_v = pv / (vv + VELOCITY_MPS**2), vv / (vv + VELOCITY_MPS**2)
        off = seen.v_mps - v
        r, v = r + gain_r * off, v + gain_v * off
        pp, pv, vv = pp - gain_r * pv, (1.0 - gain_v) * pv, (1.0 - gain_v) * vv
    return replace(
        record,
        time_ns=seen.plot.time_ns,
        plots=record.plots + 1,
        sensor=seen.sensor,
        r_m=_three(r),
        v_mps=_three(v),
        variance=(pp, pv, vv),
        height_m=seen.height_m if seen.height_m is not None else record.height_m,
        identity=record.identity or seen.plot.identity,
    )


def lives(records: Sequence[AirRecord], now: Instant, periods_s: Sequence[float]) -> list[AirRecord]:
    """Every record's life at `now`; ended ones are still in it."""
    return [_lived(record, now, periods_s[record.sensor]) for record in records]


def _lived(record: AirRecord, now: Instant, period_s: float) -> AirRecord:
    unseen_s = seconds_between(record.time_ns, now)
    life = record.life
    if unseen_s > max(LOST_AFTER_S, 2.0 * PERIODS * period_s):
        life = after(life, Happening.GONE)
    elif unseen_s > max(COASTING_LEAST_S, PERIODS * period_s):
        life = after(life, Happening.MISSED)
    elif life is Life.TENTATIVE and record.plots >= (CONFIRM_NAMED if record.identity else CONFIRM_PLOTS):
        life = after(life, Happening.SURE)
    elif life is Life.COASTING:
        life = after(life, Happening.SEEN)
    if life is record.life:
        return record
    first = life is Life.CONFIRMED and record.confirmed_ns is None
    return replace(record, life=life, confirmed_ns=now if first else record.confirmed_ns)


def kind_of(record: AirRecord) -> ObjectClass:
    """AIR below the speed and height that aircraft keep to; anything else is not said."""
    slow = float(np.linalg.norm(record.v_mps)) < FASTEST_MPS
    low = record.height_m is None or record.height_m < HIGHEST_M
    return ObjectClass.AIR if slow and low else ObjectClass.UNKNOWN


def publish(record: AirRecord, nation: Nation, sensor: str, label: Label) -> Track:
    """The track as others see it."""
    p = np.zeros((7, 7))
    pp, pv, vv = record.variance
    p[:3, :3], p[3:6, 3:6], p[6, 6] = pp * np.eye(3), vv * np.eye(3), LN_BETA_SIGMA**2
    p[:3, 3:6] = p[3:6, :3] = pv * np.eye(3)
    return Track(
        id=f"{nation}-{record.number}",
        life=record.life,
        phase=Phase.UNKNOWN,
        kind=kind_of(record),
        state=EcefState(record.time_ns, (*record.r_m, *record.v_mps, LN_BETA_MEAN), triangle(p)),
        first_ns=record.first_ns,
        last_ns=record.time_ns,
        sensors=(sensor,),
        plots=record.plots,
        label=label,
        confirmed_ns=record.confirmed_ns,
        identity=record.identity,
    )


def _three(values: Array) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z

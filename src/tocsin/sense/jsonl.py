"""JSON-lines plots: tocsin's own input format, one object a line (docs/plot-schema.md), both ways.

Reading is strict: unknown or repeated keys, numbers out of range, other planes and unknown sensors are faults
with the byte offset of their line. Degrees on the line, radians inside.
"""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tocsin.model.label import Plane
from tocsin.model.sensor import Sensor
from tocsin.model.time import MILLISECOND_NS, Instant, from_datetime
from tocsin.model.track import LineOfSight, Measurement, Plot, RadarFix, ReportedPosition
from tocsin.sense.format import Decoded, Fault, Registry
from tocsin.sense.framing import MAX_LINE_BYTES

MAX_NUMBER = 2**53 - 1
"""Largest integer every JSON reader keeps exactly (RFC 8259, section 6)."""
UNIT_TOLERANCE = 1e-6
"""A direction's length may differ from 1 by this: rounding of seven-digit writers."""

# Bounds are wide: they refuse other units and broken senders, not unusual objects.
Range = Annotated[float, Meta(gt=0.0, le=1e8)]
Speed = Annotated[float, Meta(ge=-2e4, le=2e4)]
Altitude = Annotated[float, Meta(ge=-1e3, le=1e8)]
Azimuth = Annotated[float, Meta(ge=0.0, le=360.0)]
Latitude = Annotated[float, Meta(ge=-90.0, le=90.0)]
Longitude = Annotated[float, Meta(ge=-180.0, le=180.0)]
Coordinate = Annotated[float, Meta(ge=-1e9, le=1e9)]
Component = Annotated[float, Meta(ge=-1.0 - UNIT_TOLERANCE, le=1.0 + UNIT_TOLERANCE)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class RadarLine(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`radar`: azimuth clockwise from true north, elevation above the local horizon."""

    range_m: Range
    az_deg: Azimuth
    el_deg: Latitude | None = None
    range_rate_mps: Speed | None = None
    alt_m: Altitude | None = None


class LosLine(Struct, forbid_unknown_fields=True):
    """`los`: unit vector and the platform's place, both ECEF (WGS-84)."""

    from_ecef_m: tuple[Coordinate, Coordinate, Coordinate]
    unit: tuple[Component, Component, Component]


class ReportedLine(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`reported`: geodetic WGS-84 place, ground velocity east and north."""

    lat_deg: Latitude
    lon_deg: Longitude
    alt_m: Altitude | None = None
    ve_mps: Speed | None = None
    vn_mps: Speed | None = None


class PlotLine(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One line. Exactly one of radar, los, reported; time_ns, time_utc or both (then they agree)."""

    sensor: Name
    number: Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
    plane: Plane | None = None
    time_ns: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    time_utc: Annotated[datetime, Meta(tz=True)] | None = None
    radar: RadarLine | UnsetType = UNSET
    los: LosLine | UnsetType = UNSET
    reported: ReportedLine | UnsetType = UNSET
    identity: Name | None = None


class _Refused(ValueError):
    """A line that is JSON but not a plot we take: (reason, detail)."""


class JsonlDecoder:
    """Decoder of plot lines. A line of a plane other than ours, or of none, is refused ("wrong-plane")."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        date: date | None = None,
        plane: Plane | None = None,
        *,
        accept_unknown: bool = False,
    ) -> None:
        # `date` has no meaning here: lines carry whole instants.
        self._registry = Registry(sensors, accept_unknown=accept_unknown)
        self._plane = plane
        self._line = msgspec.json.Decoder(PlotLine)

    def decode(self, data: bytes, now: Instant) -> Decoded:
        """Whole lines; the last may lack its newline. Blank lines are skipped."""
        plots: list[Plot] = []
        faults: list[Fault] = []
        offset = lines = 0
        for line in data.split(b"\n"):
            if line.strip():
                lines += 1
                match self._read(line, offset):
                    case Plot() as plot:
                        plots.append(plot)
                    case Fault() as fault:
                        faults.append(fault)
            offset += len(line) + 1
        return Decoded(tuple(plots), tuple(faults), counts={"lines": lines} if lines else {})

    def _read(self, line: bytes, offset: int) -> Plot | Fault:
        if len(line) > MAX_LINE_BYTES:
            return Fault(offset, "line-too-long", f"more than {MAX_LINE_BYTES} bytes")
        try:
            plot = self._plot(self._line.decode(line))
            json.loads(line, object_pairs_hook=_once)
        except msgspec.ValidationError as error:
            return Fault(offset, "bad-plot", str(error))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Fault(offset, "not-json", str(error))
        except _Refused as error:
            return Fault(offset, *error.args)
        return plot

    def _plot(self, line: PlotLine) -> Plot:
        if self._plane is not None and line.plane is not self._plane:
            raise _Refused("wrong-plane", f"{line.plane or 'no plane'} at a node of {self._plane}")
        measurement = _measurement(line)
        if not self._registry.knows(line.sensor):
            raise _Refused("unknown-sensor", line.sensor)
        if not self._registry.fits(line.sensor, measurement):
            raise _Refused("wrong-measurement", f"{line.sensor} cannot measure that")
        return Plot(line.sensor, line.number, _time(line), measurement, line.identity)


def encode_plot(plot: Plot, plane: Plane | None) -> bytes:
    """The plot as a line (with newline). Without a plane it can be looked at, but no node takes it."""
    line = PlotLine(plot.sensor, plot.number, plane, plot.time_ns, identity=plot.identity)
    match plot.measurement:
        case RadarFix() as fix:
            line.radar = _radar_line(fix)
        case LineOfSight(from_ecef_m, unit):
            line.los = LosLine(from_ecef_m, unit)
        case ReportedPosition(lat_deg, lon_deg, alt_m, ve_mps, vn_mps):
            line.reported = ReportedLine(lat_deg, lon_deg, alt_m, ve_mps, vn_mps)
    return msgspec.json.encode(line) + b"\n"


def _radar_line(fix: RadarFix) -> RadarLine:
    el_deg = None if fix.el_rad is None else math.degrees(fix.el_rad)
    return RadarLine(fix.range_m, math.degrees(fix.az_rad) % 360.0, el_deg, fix.range_rate_mps, fix.alt_m)


def _measurement(line: PlotLine) -> Measurement:
    given = [part for part in (line.radar, line.los, line.reported) if part is not UNSET]
    if len(given) != 1:
        raise _Refused("bad-plot", f"{len(given)} of radar, los, reported; exactly one is needed")
    match given[0]:
        case RadarLine(range_m, az_deg, el_deg, range_rate_mps, alt_m):
            el_rad = None if el_deg is None else math.radians(el_deg)
            return RadarFix(range_m, math.radians(az_deg), el_rad, range_rate_mps, alt_m)
        case LosLine(from_ecef_m, unit):
            if abs(math.hypot(*unit) - 1.0) > UNIT_TOLERANCE:
                raise _Refused("bad-plot", f"los.unit has length {math.hypot(*unit):.6f}, not 1")
            return LineOfSight(from_ecef_m, unit)
        case ReportedLine(lat_deg, lon_deg, alt_m, ve_mps, vn_mps):
            return ReportedPosition(lat_deg, lon_deg, alt_m, ve_mps, vn_mps)
    raise AssertionError("unreachable: one of three")


def _time(line: PlotLine) -> Instant:
    if line.time_utc is None:
        if line.time_ns is None:
            raise _Refused("bad-plot", "neither time_ns nor time_utc")
        return Instant(line.time_ns)
    if line.time_utc.utcoffset() != timedelta(0):
        raise _Refused("bad-plot", "time_utc is not in UTC (Z or +00:00)")
    instant = from_datetime(line.time_utc)
    if line.time_ns is None:
        return instant
    if abs(instant - line.time_ns) > MILLISECOND_NS:
        raise _Refused("bad-plot", "time_ns and time_utc differ by more than a millisecond")
    return Instant(line.time_ns)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON readers disagree about repeated keys, and a sender that repeats one is broken: refuse."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("bad-plot", "a key stands twice in one object")
    return found

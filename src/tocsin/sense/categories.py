"""What each ASTERIX category says, item by item: record -> Report (mostly a plot) or Notice (sign of life).

Sources: EUROCONTROL-SPEC-0149 Part 4 (CAT048), Part 2b (CAT034), Part 9 (CAT062), Part 15 (CAT065), Part 12
(CAT021). Bits are unpacked by libasterix, in these editions: CAT021 2.7 (2.x only: earlier editions order
their items differently), CAT034 1.29, CAT048 1.32, CAT062 1.21, CAT065 1.6.
Limits of the format: polar range 256 NM, height 62.4 km: it carries air traffic, never ballistic objects.
"""

import gc
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from tocsin.model.track import Measurement, RadarFix, ReportedPosition

NM_M = 1852.0
"""International nautical mile (exact, BIPM)."""
FT_M = 0.3048
"""International foot (exact)."""
FL_M = 100.0 * FT_M
"""One flight level: 100 ft of pressure altitude."""
FLIGHT_LEVELS = (-15.0, 1500.0)
"""Range of a flight level (I062/136, I021/145)."""
HEIGHTS_FT = (-1500.0, 150_000.0)
"""Range of a geometric height (I062/130, I021/140). Beyond it encoders wrap silently: refused."""


class OutOfRangeError(ValueError):
    """A value outside the range its specification gives: the report is refused."""


class Report(NamedTuple):
    """A report of an object. `passed_over` says why it is no plot though nothing is wrong with it."""

    tod_128ths: int | None
    measurement: Measurement | None
    identity: str | None
    simulated: bool = False
    passed_over: str | None = None


class Notice(NamedTuple):
    """A service message."""

    kind: str
    tod_128ths: int | None


class Category(NamedTuple):
    """libasterix's specification of a category, and our reader of its records."""

    spec: Any
    read: Callable[[Any], Report | Notice]


@cache
def categories() -> dict[int, Category]:
    """Category number -> Category. Loads libasterix's tables on the first call, once a process."""
    from asterix import base

    with _untyped(base):
        from asterix import generated as tables

    return {
        21: Category(tables.Cat_021_2_7, read_021),
        34: Category(tables.Cat_034_1_29, lambda record: _notice(record, _KINDS_034)),
        48: Category(tables.Cat_048_1_32, read_048),
        62: Category(tables.Cat_062_1_21, read_062),
        65: Category(tables.Cat_065_1_6, lambda record: _notice(record, _KINDS_065)),
    }


class _Unwritten:
    """Stands for a word of `typing`: may be subscripted, or decorate."""

    def __getitem__(self, _: object) -> "_Unwritten":
        return self

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function


_TYPING = ("Union", "Optional", "Tuple", "List", "Type", "Literal", "overload")


@contextmanager
def _untyped(words: ModuleType) -> Iterator[None]:
    """While the tables are made (from `words` import *), types are not: nobody reads those of 9,800 classes,
    and they take a second of every hall's start. So do collections of what is all there to stay.
    """
    written, collects = {name: getattr(words, name) for name in _TYPING}, gc.isenabled()
    vars(words).update(dict.fromkeys(_TYPING, _Unwritten()))
    gc.disable()
    try:
        yield
    finally:
        vars(words).update(written)
        if collects:
            gc.enable()


def source_of(record: Any) -> tuple[int, int] | None:
    """SAC and SIC (item 010 in every category here)."""
    sac, sic = _uint(record, "010", "SAC"), _uint(record, "010", "SIC")
    return None if sac is None or sic is None else (sac, sic)


# ---- reports of objects ----


def read_048(record: Any) -> Report:
    """Monoradar report: slant range, azimuth, height by 3D radar or valid flight level (pressure)."""
    fix = None
    rho_nm, theta_deg = _quantity(record, "NM", "040", "RHO"), _quantity(record, "°", "040", "THETA")
    if rho_nm is not None and theta_deg is not None:
        fix = RadarFix(rho_nm * NM_M, math.radians(theta_deg), alt_m=_altitude_048(record))
    return Report(
        tod_128ths=_uint(record, "140"),
        measurement=fix,
        identity=_hex(record, "220") or _text(record, "240"),
        simulated=_flag(record, "020", "SIM") or _flag(record, "020", "TST"),
        passed_over="field monitor" if _flag(record, "020", "RAB") else None,
    )


def _altitude_048(record: Any) -> float | None:
    height_ft = _quantity(record, "ft", "110", "3DH")
    if height_ft is not None:
        return height_ft * FT_M
    if _flag(record, "090", "V") or _flag(record, "090", "G"):  # not validated, garbled: no altitude
        return None
    level = _quantity(record, "FL", "090", "FL")
    return None if level is None else _checked(level, FLIGHT_LEVELS, "I048/090") * FL_M


def read_062(record: Any) -> Report:
    """System track: WGS-84 position, ground velocity. Updates that only extrapolate are passed over."""
    old = _flag(record, "080", "CST") or _flag(record, "080", "TSE")
    return Report(
        tod_128ths=_uint(record, "070"),
        measurement=_position_062(record),
        identity=_hex(record, "380", "ADR") or _text(record, "380", "ID") or _text(record, "245", "CHR"),
        simulated=_flag(record, "080", "SIM"),
        passed_over="extrapolated or ended" if old else None,
    )


def _position_062(record: Any) -> ReportedPosition | None:
    lat_deg, lon_deg = _quantity(record, "°", "105", "LAT"), _quantity(record, "°", "105", "LON")
    if lat_deg is None or lon_deg is None:
        return None
    _check_place(lat_deg, lon_deg, "I062/105")
    # I062/185 is in the system's Cartesian plane, whose x is east and y north near its centre.
    east, north = _quantity(record, "m/s", "185", "VX"), _quantity(record, "m/s", "185", "VY")
    return ReportedPosition(lat_deg, lon_deg, _altitude_062(record), east, north)


def _altitude_062(record: Any) -> float | None:
    """Geometric height if given, else the tracker's barometric altitude, else the measured flight level."""
    height_ft = _quantity(record, "ft", "130")
    if height_ft is not None:
        return _checked(height_ft, HEIGHTS_FT, "I062/130") * FT_M
    for item in (("135", "CTB"), ("136",)):
        level = _quantity(record, "FL", *item)
        if level is not None:
            return _checked(level, FLIGHT_LEVELS, f"I062/{item[0]}") * FL_M
    return None


def read_021(record: Any) -> Report:
    """ADS-B report: position (high resolution first), geometric height or flight level, ground vector."""
    times = (_uint(record, item) for item in ("071", "073", "077"))  # applicability, reception, transmission
    return Report(
        tod_128ths=next((time for time in times if time is not None), None),
        measurement=_position_021(record),
        identity=_hex(record, "080") or _text(record, "170"),
        simulated=_flag(record, "040", "SIM") or _flag(record, "040", "TST"),
        passed_over="field monitor" if _flag(record, "040", "RAB") else None,
    )


def _position_021(record: Any) -> ReportedPosition | None:
    for item in ("131", "130"):
        lat_deg, lon_deg = _quantity(record, "°", item, "LAT"), _quantity(record, "°", item, "LON")
        if lat_deg is not None and lon_deg is not None:
            _check_place(lat_deg, lon_deg, f"I021/{item}")
            return ReportedPosition(lat_deg, lon_deg, _altitude_021(record), *_velocity_021(record))
    return None


def _altitude_021(record: Any) -> float | None:
    height_ft = _quantity(record, "ft", "140")
    if height_ft is not None:
        return _checked(height_ft, HEIGHTS_FT, "I021/140") * FT_M
    level = _quantity(record, "FL", "145")
    return None if level is None else _checked(level, FLIGHT_LEVELS, "I021/145") * FL_M


def _velocity_021(record: Any) -> tuple[float | None, float | None]:
    speed, angle_deg = _quantity(record, "NM/s", "160", "GS"), _quantity(record, "°", "160", "TA")
    beyond_range = _flag(record, "160", "RE")
    if speed is None or angle_deg is None or beyond_range:
        return None, None
    angle_rad = math.radians(angle_deg)
    return speed * NM_M * math.sin(angle_rad), speed * NM_M * math.cos(angle_rad)


def _checked(value: float, bounds: tuple[float, float], item: str) -> float:
    if not bounds[0] <= value <= bounds[1]:
        raise OutOfRangeError(f"{item} is {value:g}, outside {bounds[0]:g}..{bounds[1]:g}")
    return value


def _check_place(lat_deg: float, lon_deg: float, item: str) -> None:
    _checked(lat_deg, (-90.0, 90.0), f"{item} latitude")
    _checked(lon_deg, (-180.0, 180.0), f"{item} longitude")


# ---- service messages ----

_KINDS_034 = {
    1: "north marker",
    2: "sector crossing",
    3: "geographical filtering",
    4: "jamming strobe",
    5: "solar storm",
    6: "SSR jamming strobe",
    7: "mode S jamming strobe",
}
_KINDS_065 = {1: "SDPS status", 2: "end of batch", 3: "service status"}


def _notice(record: Any, kinds: dict[int, str]) -> Notice:
    number = _uint(record, "000")
    kind = "no message type" if number is None else kinds.get(number, f"message type {number}")
    return Notice(kind, _uint(record, "030"))


# ---- access to libasterix's records: None for every way of not being there ----


def _node(record: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        item = record.get_item(key)
        if item is None:
            return None
        record = item.variation
    return record


def _uint(record: Any, *path: str) -> int | None:
    node = _node(record, path)
    return None if node is None else int(node.as_uint())


def _flag(record: Any, *path: str) -> bool:
    return _uint(record, *path) == 1


def _quantity(record: Any, unit: str, *path: str) -> float | None:
    node = _node(record, path)
    return None if node is None else float(node.content.as_quantity(unit))


def _hex(record: Any, *path: str) -> str | None:
    address = _uint(record, *path)
    return f"{address:06X}" if address else None  # address 0 is "none"


def _text(record: Any, *path: str) -> str | None:
    node = _node(record, path)
    return None if node is None else str(node.content.as_string()).strip() or None

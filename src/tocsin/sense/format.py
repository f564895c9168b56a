"""What every input format gives: plots, and a named fault for whatever was not one.

In here: the Decoder protocol, its results, the registry of formats (plug-in point) and the look-up of sensors
that all formats share. A format is added by `FORMATS["name"] = factory`, or by an installed package through
the entry point group `tocsin.decoders` (node.formats loads those). Not in here: files, sockets, a clock.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct, field

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.sensor import Sensor, SensorKind
from tocsin.model.time import Instant
from tocsin.model.track import LineOfSight, Measurement, Plot, RadarFix, ReportedPosition


class Fault(Struct, frozen=True):
    """Something that was refused: byte offset in what was given, a reason to count by, a detail to read."""

    offset: int
    reason: str
    detail: str


class Service(Struct, frozen=True):
    """A sensor's word about itself (north marker, status, ...): a sign of life, never a plot."""

    sensor: str
    kind: str
    time_ns: Instant | None


class Decoded(Struct, frozen=True):
    """Result of one decode. `counts` says what was read, by kind ("CAT048": records, "lines": ...)."""

    plots: tuple[Plot, ...] = ()
    faults: tuple[Fault, ...] = ()
    services: tuple[Service, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


class Decoder(Protocol):
    """One input stream's reader. It may remember (the date a time of day belongs to), so: one per stream."""

    def decode(self, data: bytes, now: Instant) -> Decoded:
        """Read a datagram, a line or a whole file's worth of either. Never raises on what `data` holds."""
        ...


class Factory(Protocol):
    """Makes a Decoder for the sensors of a registry.

    `date` (UTC): day of the first time of day, for formats that carry no date; without it `now` decides.
    `plane`: input of another plane is refused ("wrong-plane", "simulated"); None takes all (for a look).
    `accept_unknown`: sensors outside the registry are named, not refused (looking at files).
    """

    def __call__(
        self,
        sensors: Sequence[Sensor],
        date: date | None = None,
        plane: Plane | None = None,
        *,
        accept_unknown: bool = False,
    ) -> Decoder:
        """A fresh decoder. UserError where the registry contradicts itself."""
        ...


FORMATS: dict[str, Factory] = {}
"""Name -> factory. Filled by the package's `__init__` and by plug-ins."""

_MEASURES: dict[SensorKind, type[Measurement]] = {
    SensorKind.RADAR: RadarFix,
    SensorKind.INFRARED: LineOfSight,
    SensorKind.SURVEILLANCE: ReportedPosition,
}


class Registry:
    """The sensors a decoder may hear, by id and by SAC/SIC."""

    def __init__(self, sensors: Sequence[Sensor], *, accept_unknown: bool = False) -> None:
        self._accept_unknown = accept_unknown
        self._by_id: dict[str, Sensor] = {}
        self._by_code: dict[tuple[int, int], str] = {}
        for sensor in sensors:
            self._add(sensor)

    def _add(self, sensor: Sensor) -> None:
        if sensor.id in self._by_id:
            raise UserError(f"two sensors are called {sensor.id!r}", fix="give each sensor an id of its own")
        self._by_id[sensor.id] = sensor
        if sensor.sac is None or sensor.sic is None:
            return
        code = (sensor.sac, sensor.sic)
        if code in self._by_code:
            raise UserError(
                f"sensors {self._by_code[code]!r} and {sensor.id!r} share SAC/SIC {code[0]}/{code[1]}",
                fix="give each sensor its own SAC/SIC",
            )
        self._by_code[code] = sensor.id

    def by_code(self, sac: int, sic: int) -> str | None:
        """The sensor id of an ASTERIX source; None when it is to be refused."""
        name = self._by_code.get((sac, sic))
        if name is None and self._accept_unknown:
            return f"SAC/SIC {sac}/{sic}"
        return name

    def knows(self, sensor: str) -> bool:
        """False when plots of this sensor are to be refused."""
        return self._accept_unknown or sensor in self._by_id

    def fits(self, sensor: str, measurement: Measurement) -> bool:
        """False when a known sensor cannot have measured this (an infrared sensor gives no range)."""
        known = self._by_id.get(sensor)
        return known is None or isinstance(measurement, _MEASURES[known.kind])

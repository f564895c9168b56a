"""ASTERIX data blocks -> plots and signs of life: CAT048/034 (radar), CAT062/065 (tracker), CAT021 (ADS-B).

A data block whose records do not parse is refused whole (its records carry no lengths, so none of them can
be trusted) and named by its offset; the block's own length leads to the next one. A broken length ends the
datagram. A plot's `number` is a digest of its record and time: the same report heard twice (networks carry
each block over two paths) has the same (sensor, number), also when a file is decoded again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple

from tocsin.model.label import Plane
from tocsin.model.sensor import Sensor
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Plot
from tocsin.sense.categories import Category, Notice, OutOfRangeError, Report, categories, source_of
from tocsin.sense.format import Decoded, Fault, Registry, Service
from tocsin.sense.framing import BLOCK_HEADER_BYTES, block_length
from tocsin.sense.timeofday import DAY_NS, Calendar

TOD_UNIT_NS = SECOND_NS // 128
"""Unit of every time of day in ASTERIX: 1/128 s, a whole number of nanoseconds."""
NUMBER_BITS = 53
"""Plot numbers stay exact in every JSON reader; two of a million reports collide with probability 6e-5."""


class _Block(NamedTuple):
    offset: int
    category: int
    body: bytes


class _Refused(ValueError):
    """A record that is not taken: (reason, detail)."""


class AsterixDecoder:
    """Decoder of a stream of datagrams or of raw blocks.

    With `plane` REAL, simulated and test reports are refused: the sensor itself says they are not real.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        date: date | None = None,
        plane: Plane | None = None,
        *,
        accept_unknown: bool = False,
    ) -> None:
        self._registry = Registry(sensors, accept_unknown=accept_unknown)
        self._calendar = Calendar(date)
        self._plane = plane
        self._categories = categories()

    def decode(self, data: bytes, now: Instant) -> Decoded:
        """One datagram, or the raw blocks of a file one after another."""
        plots: list[Plot] = []
        faults: list[Fault] = []
        services: list[Service] = []
        counts: Counter[str] = Counter()
        for block in _blocks(data, faults):
            for offset, record in self._records(block, faults):
                name = f"CAT{block.category:03d}"
                counts[name] += 1
                try:
                    match self._read(self._categories[block.category], record, now):
                        case Plot() as plot:
                            plots.append(plot)
                        case Service() as service:
                            services.append(service)
                        case str() as passed_over:
                            counts[f"{name} {passed_over}"] += 1
                except OutOfRangeError as error:
                    faults.append(Fault(offset, "out-of-range", str(error)))
                except _Refused as error:
                    faults.append(Fault(offset, *error.args))
        return Decoded(tuple(plots), tuple(faults), tuple(services), dict(counts))

    def _records(self, block: _Block, faults: list[Fault]) -> Iterator[tuple[int, Any]]:
        """Each record with its offset, or none and one fault."""
        category = self._categories.get(block.category)
        if category is None:
            faults.append(Fault(block.offset, "unsupported-category", f"CAT{block.category:03d}"))
            return
        records = _parse(category.spec, block.body)
        if isinstance(records, str):
            detail = f"CAT{block.category:03d}, {len(block.body)} bytes of records: {records}"
            faults.append(Fault(block.offset, "malformed-block", detail))
            return
        offset = block.offset + BLOCK_HEADER_BYTES
        for record in records:
            yield offset, record
            offset += len(record.unparse()) // 8

    def _read(self, category: Category, record: Any, now: Instant) -> Plot | Service | str:
        """Plot, sign of life, or the words why it is neither."""
        sensor = self._sensor(record)
        match category.read(record):
            case Notice(kind, tod):
                return Service(sensor, kind, None if tod is None else self._time(tod, now))
            case Report() as report:
                if report.simulated and self._plane is Plane.REAL:
                    raise _Refused("simulated", f"{sensor} marks it simulated or test, this node is REAL")
                if report.passed_over is not None:
                    return report.passed_over
                return self._plot(sensor, report, record, now)

    def _plot(self, sensor: str, report: Report, record: Any, now: Instant) -> Plot | str:
        if report.measurement is None:
            return "without position"
        if report.tod_128ths is None:
            raise _Refused("no-time", f"a report of {sensor} has no time of day")
        if not self._registry.fits(sensor, report.measurement):
            raise _Refused("wrong-measurement", f"{sensor} cannot measure that")
        time_ns = self._time(report.tod_128ths, now)
        number = _number(record.unparse().to_bytes(), time_ns)
        return Plot(sensor, number, time_ns, report.measurement, report.identity)

    def _sensor(self, record: Any) -> str:
        source = source_of(record)
        if source is None:
            raise _Refused("no-source", "no SAC/SIC")
        sensor = self._registry.by_code(*source)
        if sensor is None:
            raise _Refused("unknown-sensor", f"SAC/SIC {source[0]}/{source[1]}")
        return sensor

    def _time(self, tod_128ths: int, now: Instant) -> Instant:
        tod_ns = tod_128ths * TOD_UNIT_NS
        if tod_ns >= DAY_NS:
            raise _Refused("out-of-range", f"time of day {tod_128ths / 128:.3f} s")
        return self._calendar.resolve(tod_ns, now)


def _blocks(data: bytes, faults: list[Fault]) -> Iterator[_Block]:
    """Data blocks by their lengths; a broken length is a fault and the end."""
    offset = 0
    while offset < len(data):
        header = data[offset : offset + BLOCK_HEADER_BYTES]
        left = len(data) - offset
        length = block_length(header) if left >= BLOCK_HEADER_BYTES else left
        if length < BLOCK_HEADER_BYTES or length > left:
            detail = f"length {length}, {left} bytes left: nothing after this offset can be read"
            faults.append(Fault(offset, "broken-length", detail))
            return
        yield _Block(offset, header[0], data[offset + BLOCK_HEADER_BYTES : offset + length])
        offset += length


def _parse(spec: Any, body: bytes) -> list[Any] | str:
    """The records, or what is wrong with them (libasterix returns its errors)."""
    from asterix.base import Bits

    if not body:
        return "no record"
    records = spec.cv_uap.parse(Bits.from_bytes(body))
    return str(records) if isinstance(records, ValueError) else list(records)


def _number(record: bytes, time_ns: Instant) -> int:
    digest = blake2b(record + time_ns.to_bytes(8, "big", signed=True), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - NUMBER_BITS)

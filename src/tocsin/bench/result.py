"""What the exchange's benchmark found, and how its parts become one object."""

from typing import NamedTuple

from msgspec import Struct

from tocsin.bench.account import Account, Envelope
from tocsin.bench.chain import Chain
from tocsin.bench.cpu import Spent
from tocsin.bench.load import Load
from tocsin.measure.timing import Spread


class Doors(NamedTuple):
    """What the doors alone did. `envelopes`: what each steady load was packed into, `spent`: what it took of
    the processors; `flooded`: single urgent messages while `flood` went on."""

    saturation: Load
    steady: tuple[Load, ...]
    urgent: Load
    flooded: Load
    flood: Load
    envelopes: tuple[Envelope, ...]
    spent: tuple[Spent | None, ...]


class Floors(NamedTuple):
    """What the bare loops did; `stream`, `durable` and `unstored` under the same rates as the doors."""

    saturation: Load
    core: Load
    stream: tuple[Load, ...]
    durable: tuple[Load, ...]
    unstored: tuple[Load, ...]


class AtRate(Struct, frozen=True):
    """tocsin and the floors under one offered rate. `floor`: streams with equal batches and commits;
    `unstored_floor`: that without streams; `bare_floor`: each message at once, and no commits."""

    rate_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    floor_p50_ms: float | None
    floor_p99_ms: float | None
    bare_floor_p50_ms: float | None
    bare_floor_p99_ms: float | None
    unstored_floor_p50_ms: float | None
    unstored_floor_p99_ms: float | None
    ratio_p50: float | None
    ratio_bare_p50: float | None
    ratio_unstored_p50: float | None
    envelope_records: float
    envelope_bytes: float
    cpu_per_1000: Spent | None
    """For 1,000 products; null where the system does not tell."""


class Result(Struct, frozen=True):
    """One run. `p50_ms`, `p99_ms`, `floor_*` and `ratio_*` are those of `moderate_per_s`, the last of
    `at_rates`."""

    rate_per_s: float
    fsync_ms: float
    p50_ms: float | None
    p99_ms: float | None
    urgent_p50_ms: float | None
    urgent_flood_p99_ms: float | None
    floor_p50_ms: float | None
    ratio_p50: float | None
    lost: int
    duplicated: int
    plot_to_partner_ms: Spread
    moderate_per_s: float
    urgent_p99_ms: float | None
    urgent_flood_p50_ms: float | None
    flood_per_s: float
    floor_p99_ms: float | None
    bare_floor_p50_ms: float | None
    bare_floor_p99_ms: float | None
    ratio_bare_p50: float | None
    unstored_floor_p50_ms: float | None
    ratio_unstored_p50: float | None
    bare_floor_rate_per_s: float
    ratio_rate: float | None
    core_floor_p50_ms: float | None
    core_floor_p99_ms: float | None
    floor_lost: int
    floor_duplicated: int
    offered: int
    released: int
    withheld: int
    plots: int
    chain_products: int
    at_rates: tuple[AtRate, ...]
    cpus: int
    seconds: float


def at_rates(doors: Doors, floors: Floors) -> tuple[AtRate, ...]:
    """One row a rate."""
    own = zip(doors.steady, doors.envelopes, doors.spent, strict=True)
    bare = zip(floors.stream, floors.durable, floors.unstored, strict=True)
    return tuple(_at_rate(*door, *floor) for door, floor in zip(own, bare, strict=True))


def _at_rate(
    own: Load, envelope: Envelope, spent: Spent | None, bare: Load, durable: Load, unstored: Load
) -> AtRate:
    return AtRate(
        rate_per_s=own.asked_per_s or own.rate_per_s,
        p50_ms=own.latency_ms.p50,
        p99_ms=own.latency_ms.p99,
        floor_p50_ms=durable.latency_ms.p50,
        floor_p99_ms=durable.latency_ms.p99,
        bare_floor_p50_ms=bare.latency_ms.p50,
        bare_floor_p99_ms=bare.latency_ms.p99,
        unstored_floor_p50_ms=unstored.latency_ms.p50,
        unstored_floor_p99_ms=unstored.latency_ms.p99,
        ratio_p50=ratio(own.latency_ms.p50, durable.latency_ms.p50),
        ratio_bare_p50=ratio(own.latency_ms.p50, bare.latency_ms.p50),
        ratio_unstored_p50=ratio(own.latency_ms.p50, unstored.latency_ms.p50),
        envelope_records=round(envelope.records, 1),
        envelope_bytes=round(envelope.size_bytes, 1),
        cpu_per_1000=spent,
    )


def ratio(own: float | None, floor: float | None) -> float | None:
    """`own` over `floor`, to a hundredth; null where either is missing."""
    return round(own / floor, 2) if own is not None and floor else None


def result(
    seconds: float, fsync_ms: float, cpus: int, chain: Chain, doors: Doors, floors: Floors, account: Account
) -> Result:
    """Everything in one object."""
    rows = at_rates(doors, floors)
    bare = (floors.saturation, floors.core, *floors.stream, *floors.durable, *floors.unstored)
    own = (doors.saturation, *doors.steady, doors.urgent, doors.flooded, doors.flood)
    return Result(
        rate_per_s=doors.saturation.rate_per_s,
        fsync_ms=fsync_ms,
        p50_ms=rows[-1].p50_ms,
        p99_ms=rows[-1].p99_ms,
        urgent_p50_ms=doors.urgent.latency_ms.p50,
        urgent_flood_p99_ms=doors.flooded.latency_ms.p99,
        floor_p50_ms=rows[-1].floor_p50_ms,
        ratio_p50=rows[-1].ratio_p50,
        lost=max(account.lost, sum(load.lost for load in own)),
        duplicated=max(account.duplicated, sum(load.duplicated for load in own)),
        plot_to_partner_ms=chain.plot_to_partner_ms,
        moderate_per_s=rows[-1].rate_per_s,
        urgent_p99_ms=doors.urgent.latency_ms.p99,
        urgent_flood_p50_ms=doors.flooded.latency_ms.p50,
        flood_per_s=doors.flood.asked_per_s or doors.flood.rate_per_s,
        floor_p99_ms=rows[-1].floor_p99_ms,
        bare_floor_p50_ms=rows[-1].bare_floor_p50_ms,
        bare_floor_p99_ms=rows[-1].bare_floor_p99_ms,
        ratio_bare_p50=rows[-1].ratio_bare_p50,
        unstored_floor_p50_ms=rows[-1].unstored_floor_p50_ms,
        ratio_unstored_p50=rows[-1].ratio_unstored_p50,
        bare_floor_rate_per_s=floors.saturation.rate_per_s,
        ratio_rate=ratio(doors.saturation.rate_per_s, floors.saturation.rate_per_s),
        core_floor_p50_ms=floors.core.latency_ms.p50,
        core_floor_p99_ms=floors.core.latency_ms.p99,
        floor_lost=sum(load.lost for load in bare),
        floor_duplicated=sum(load.duplicated for load in bare),
        offered=account.offered,
        released=account.released,
        withheld=account.withheld,
        plots=chain.plots,
        chain_products=chain.products,
        at_rates=rows,
        cpus=cpus,
        seconds=seconds,
    )

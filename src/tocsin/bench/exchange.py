"""The exchange's benchmark: one run over three brokers, first the whole chain, then the doors alone, then the
floors.

Brokers, links and streams are the same throughout; what stands above them changes. The halls stop when the
chain is measured and are played from then on; the doors stop before the floors begin.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple, TypeVar

from tocsin.bench import chain, samples
from tocsin.bench.account import Account, Books, Envelope, flow_envelopes, marks, mean_envelope, take_account
from tocsin.bench.cpu import Meter, Spent
from tocsin.bench.disk import fsync_ms
from tocsin.bench.floor import FloorWay, Kind
from tocsin.bench.load import Load, one_by_one, saturate, steady
from tocsin.bench.played import DoorWay, PlayedHall
from tocsin.bench.result import Doors, Floors, Result, result
from tocsin.demo.stage import Site
from tocsin.errors import TocsinError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after
from tocsin.node.config import NodeConfig
from tocsin.node.station import Station

ORIGIN = Nation.KOR
"""A spoke: what is urgent for the other spoke goes both ways, direct and by the hub."""

RATES_PER_S = (200.0, 1_000.0)
HEADROOM = 0.8
"""A rate counts as moderate up to this part of what saturation carried."""

URGENT_EVERY_S = 0.05
FLOOD = 100.0
"""Products of flow beside each urgent one in the flood (issue: a hundredfold)."""

SETTLE_S = 1.0
"""After the last plot, and before the first offer: what is under way has crossed both doors."""

SAMPLE_S = 0.1
LEAST_S = 0.3
"""Of any one load, however short the run."""

LEAST_CHAIN_S = 5.0
"""A track is confirmed after a few looks of its radars, one a second; less than this shows nothing."""

FIRST_WITHIN_S = 30.0
"""Bound on waiting for the chain's first product: halls may still be compiling on a fresh checkout."""

Say = Callable[[str], None]
T = TypeVar("T")
Configs = Mapping[Nation, NodeConfig]
Stations = Mapping[Nation, Station]


class Parts(NamedTuple):
    """Shares of the measured time; steady and floor parts come once for each rate."""

    chain: float = 0.24
    saturation: float = 0.12
    steady: float = 0.11
    urgent: float = 0.06
    flood: float = 0.06
    core: float = 0.02
    floor_saturation: float = 0.08
    floor_steady: float = 0.05


PARTS = Parts()


async def run(seconds: float, folder: Path | None, say: Say) -> Result:
    """The whole benchmark: about `seconds` of measuring and some 15 s around it. Everything that it starts is
    stopped, and its folder under `folder` (default: the temporary folder) removed."""
    root = Path(tempfile.mkdtemp(prefix="tocsin-bench-", dir=folder))
    try:
        return await _run_in(root, seconds, say)
    finally:
        shutil.rmtree(root, ignore_errors=True)


async def _run_in(root: Path, seconds: float, say: Say) -> Result:
    fsync = fsync_ms(root)
    chain_s = max(LEAST_CHAIN_S, seconds * PARTS.chain)
    scenario = chain.material(chain_s)
    rows = chain.rows_of(scenario)
    sites = chain.found(root, scenario)
    configs = {nation: site.config for nation, site in sites.items()}
    stations = {nation: Station(config, say) for nation, config in configs.items()}
    try:
        say("starting three nations: broker, door and hall each")
        await asyncio.gather(*(station.start() for station in stations.values()))
        say(f"plot to partner: {len(rows)} plots in {chain_s:.0f} s of the wall clock")
        await chain.feed(sites, rows, after(scenario.start_ns, chain.LEAD_S))
        chained = await _read_back(sites, stations, len(rows))
        doors, account = await _doors(configs, Meter(stations), seconds, say)
        await asyncio.gather(*(station.door.stop() for station in stations.values()))
        floors = await _floors(configs, doors, seconds, say)
    finally:
        await asyncio.gather(*(station.stop() for station in stations.values()), return_exceptions=True)
    return result(seconds, fsync, os.cpu_count() or 1, chained, doors, floors, account)


async def _read_back(sites: Mapping[Nation, Site], stations: Stations, sent: int) -> chain.Chain:
    give_up = time.monotonic() + FIRST_WITHIN_S
    while not chain.arrived(sites) and time.monotonic() < give_up:
        await asyncio.sleep(SAMPLE_S)
    await asyncio.sleep(SETTLE_S)
    await asyncio.gather(*(station.hall.stop() for station in stations.values()))
    return chain.read_back(sites, sent)


async def _doors(configs: Configs, meter: Meter, seconds: float, say: Say) -> tuple[Doors, Account]:
    halls: dict[Nation, PlayedHall] = {}
    try:
        for nation, config in configs.items():
            halls[nation] = await PlayedHall.open(config, *marks(config.hall_book))
        await asyncio.sleep(SETTLE_S)
        doors = await _loaded(configs, halls, meter, seconds, say)
        await asyncio.sleep(SETTLE_S)
    finally:
        await asyncio.gather(*(hall.close() for hall in halls.values()))
    return doors, take_account(Books.of(configs), {nation: hall.imports for nation, hall in halls.items()})


async def _loaded(
    configs: Configs, halls: Mapping[Nation, PlayedHall], meter: Meter, seconds: float, say: Say
) -> Doors:
    now, book = Instant(time.time_ns()), configs[ORIGIN].door_book
    flow = DoorWay(halls, ORIGIN, samples.tracklet(ORIGIN, now))
    say("doors: as much as arrives")
    saturation, fullest = await _packed(saturate(flow, _at_least(seconds * PARTS.saturation)), book)
    if fullest is None:
        raise TocsinError("the origin's door kept no envelope while it was loaded: read log/door.log")
    loads: list[Load] = []
    envelopes: list[Envelope] = []
    spent: list[Spent | None] = []
    for rate in _moderate(saturation.rate_per_s):
        say(f"doors: {rate:.0f} products/s")
        metered = meter.per_thousand(steady(flow, rate, _at_least(seconds * PARTS.steady)))
        (load, cpu), envelope = await _packed(metered, book)
        loads.append(load)
        spent.append(cpu)
        envelopes.append(envelope or fullest)
    say("doors: single urgent messages")
    urgent = DoorWay(halls, ORIGIN, samples.launch(ORIGIN, now))
    single = await one_by_one(urgent, URGENT_EVERY_S, _at_least(seconds * PARTS.urgent))
    say(f"doors: urgent messages in a flood of {FLOOD / URGENT_EVERY_S:.0f} products/s of flow")
    flood_s = _at_least(seconds * PARTS.flood)
    flooded, flood = await asyncio.gather(
        one_by_one(urgent, URGENT_EVERY_S, flood_s), steady(flow, FLOOD / URGENT_EVERY_S, flood_s)
    )
    return Doors(saturation, tuple(loads), single, flooded, flood, tuple(envelopes), tuple(spent))


def _moderate(saturation_per_s: float) -> tuple[float, ...]:
    """The stated rates that lie below saturation; half of it when it is below all of them."""
    rates = tuple(rate for rate in RATES_PER_S if rate <= HEADROOM * saturation_per_s)
    return rates or (max(1.0, round(0.5 * saturation_per_s)),)


async def _packed(loading: Coroutine[None, None, T], door_book: Path) -> tuple[T, Envelope | None]:
    """A load, and the mean envelope that the door packed it into, as far as its book was caught with any: the
    floor sends messages of that size."""
    before = flow_envelopes(door_book)  # of the load before, not yet receipted
    task = asyncio.create_task(loading)
    seen: dict[int, Envelope] = {}
    while not task.done():
        await asyncio.wait({task}, timeout=SAMPLE_S)
        seen |= await asyncio.to_thread(flow_envelopes, door_book)
    return task.result(), mean_envelope(row for first, row in seen.items() if first not in before)


async def _floors(configs: Configs, doors: Doors, seconds: float, say: Say) -> Floors:
    steady_s = _at_least(seconds * PARTS.floor_steady)
    rates = [load.asked_per_s or 1.0 for load in doors.steady]
    say("floor: core messages")
    core = await _bare(configs, Kind.CORE, doors.envelopes[-1], rates[-1], _at_least(seconds * PARTS.core))
    stream: list[Load] = []
    durable: list[Load] = []
    unstored: list[Load] = []
    for rate, envelope in zip(rates, doors.envelopes, strict=True):
        say(f"floor: bare streams, equal batches and commits, the same unstored, {rate:.0f} products/s")
        stream.append(await _bare(configs, Kind.STREAM, envelope, rate, steady_s))
        durable.append(await _bare(configs, Kind.DURABLE, envelope, rate, steady_s))
        unstored.append(await _bare(configs, Kind.UNSTORED, envelope, rate, steady_s))
    say("floor: as much as arrives")
    most_s = _at_least(seconds * PARTS.floor_saturation)
    saturation = await _bare(configs, Kind.STREAM, doors.envelopes[-1], None, most_s)
    return Floors(saturation, core, tuple(stream), tuple(durable), tuple(unstored))


async def _bare(configs: Configs, kind: Kind, envelope: Envelope, rate: float | None, seconds: float) -> Load:
    async with AsyncExitStack() as stack:
        way = FloorWay(kind, ORIGIN, Plane.EXERCISE, f"floor-{time.time_ns()}", envelope.bytes_of)
        await way.connect(configs, stack)
        return await (saturate(way, seconds) if rate is None else steady(way, rate, seconds))


def _at_least(seconds: float) -> float:
    return max(LEAST_S, seconds)

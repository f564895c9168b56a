"""The whole chain on the machine's own clock: sensors' plots over TCP into three real halls, read back from
their records.

The material is the shipped salvo with its launches moved to one moment: the densest material of public record
there is for three nodes. It is entered LEAD_S after the launches, when several radars see several objects.
"""

import asyncio
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import tomlkit
from msgspec.structs import replace

from tocsin.bench.account import imported
from tocsin.demo.plots import Sender, simulated
from tocsin.demo.stage import Setting, Site, set_stage
from tocsin.measure.exchange import measure
from tocsin.measure.timing import Spread
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import Plot
from tocsin.node.config import load_config
from tocsin.record.ledger import Ledger
from tocsin.share.topology import Mode, Topology
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots

MATERIAL = "salvo"
SEED = 1
LEAD_S = 35.0

Row = tuple[Instant, Nation, Plot]


class Chain(NamedTuple):
    """What the halls' records say. `products`: those that partners took in, each once per partner."""

    plots: int
    products: int
    plot_to_partner_ms: Spread


def material(seconds: float) -> Scenario:
    """The salvo with all launches at its start, links without delay, until `seconds` after LEAD_S."""
    salvo = load(MATERIAL)
    flights = tuple(replace(flight, launch_utc=salvo.start_utc) for flight in salvo.flights)
    return replace(salvo, duration_s=LEAD_S + seconds, links=(), flights=flights)


def found(root: Path, scenario: Scenario) -> dict[Nation, Site]:
    """Three nodes with the scenario's sensors on the wall clock, both routes, on free loopback ports."""
    sites, _ = set_stage(root, Setting(scenario, Topology(Mode.BOTH), True, False, 1.0))
    return {nation: _on_wall_clock(site) for nation, site in sites.items()}


def _on_wall_clock(site: Site) -> Site:
    path = Path(site.config.source)
    document = tomllib.loads(path.read_text("utf-8"))
    del document["clock"], document["world_port"]
    path.write_text(tomlkit.dumps(document), "utf-8")
    return replace(site, config=load_config(path))


def rows_of(scenario: Scenario) -> list[Row]:
    """Its plots from LEAD_S on, in order of their delivery."""
    begin = after(scenario.start_ns, LEAD_S)
    return [row for row in plots(scenario, SEED) if row[0] >= begin]


async def feed(sites: Mapping[Nation, Site], rows: list[Row], begin: Instant) -> None:
    """Send every plot at its own moment, the times moved so that `begin` is now.

    Positions are earth-fixed and times enter nowhere else, so the moved plots are as good as the first.
    """
    sender = Sender(sites)
    await sender.connect()
    shift_ns = time.time_ns() - begin
    try:
        for at, nation, plot in rows:
            moved = replace(plot, time_ns=Instant(plot.time_ns + shift_ns))
            due = Instant(at + shift_ns)
            await asyncio.sleep(max(0.0, (due - time.time_ns()) / SECOND_NS))
            await sender.send(simulated([(due, nation, moved)], Plane.EXERCISE))
    finally:
        sender.close()


def arrived(sites: Mapping[Nation, Site]) -> bool:
    """True when anything has come from a partner yet."""
    return any(imported(site.config.hall_book) for site in sites.values())


def read_back(sites: Mapping[Nation, Site], sent: int) -> Chain:
    """From a plot's arrival in the origin's hall to the step that took its product in at the partner's. The
    halls must have stopped."""
    ledgers = {nation: Ledger(site.config.hall_book) for nation, site in sites.items()}
    try:
        measured = measure(ledgers)
    finally:
        for ledger in ledgers.values():
            ledger.close()
    products = sum(side.received for side in measured.by_nation.values())
    return Chain(sent, products, measured.plot_to_partner_ms)

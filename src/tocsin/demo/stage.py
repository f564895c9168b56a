"""Setting the stage: three nodes on this machine with the scenario's sensors, driven by its clock."""

import socket
import time
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import tomlkit

from tocsin.demo.wire import DelayLine
from tocsin.model.label import Nation, Plane
from tocsin.model.sensor import Sensor
from tocsin.model.time import Instant
from tocsin.node.broker import check_free
from tocsin.node.config import CONFIG_NAME, NodeConfig, load_config
from tocsin.node.founding import Ports, found_demo
from tocsin.share.topology import Topology
from tocsin.sim.scenario import Scenario

FIRST_PAGE_PORT = 8801
"""Pages at 8801 (USA), 8802 (KOR), 8803 (JPN): what the README tells a newcomer to open."""

FREE_PORTS_EACH = 9


class Site(msgspec.Struct, frozen=True):
    """Where the conductor reaches one node of the demo."""

    config: NodeConfig
    plots_port: int
    blocks_port: int
    world_port: int


class Setting(NamedTuple):
    """What the demo runs: which scenario, over which links, with or without sharing, how fast."""

    scenario: Scenario
    topology: Topology
    sharing: bool
    fixed_pages: bool
    speed: float


class StageSet(NamedTuple):
    """The three sites, and the delayed lines between them (to be opened before the brokers)."""

    sites: dict[Nation, Site]
    lines: tuple[DelayLine, ...]


def set_stage(root: Path, setting: Setting) -> StageSet:
    """Three nodes under `root`, keys and all. UserError when a page's port is taken (`fixed_pages`)."""
    fixed_pages = setting.fixed_pages
    spare = iter(free_ports(FREE_PORTS_EACH * len(Nation)))
    pages = {nation: FIRST_PAGE_PORT + n for n, nation in enumerate(Nation)}
    if fixed_pages:
        for port in pages.values():
            check_free("127.0.0.1", port)
    ports = {
        nation: Ports(next(spare), next(spare), next(spare), pages[nation] if fixed_pages else next(spare))
        for nation in Nation
    }
    found_demo(root, Instant(time.time_ns()), ports, setting.topology)
    lines = {
        (one, other): DelayLine(next(spare), ports[other].leaf, delay_s / setting.speed)
        for one in Nation
        for other in Nation
        if setting.topology.dials(one, other) and (delay_s := setting.scenario.link_delay_s(one, other)) > 0
    }
    sites = {}
    for nation in Nation:
        leaves = {other: line.port for (one, other), line in lines.items() if one is nation}
        own_ports = (next(spare), next(spare), next(spare))
        sites[nation] = _dress(root / nation / CONFIG_NAME, setting, nation, own_ports, leaves)
    return StageSet(sites, tuple(lines.values()))


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports that nothing listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _dress(
    path: Path, setting: Setting, nation: Nation, ports: tuple[int, int, int], leaves: Mapping[Nation, int]
) -> Site:
    """Write the scenario's part into a node's configuration. `leaves`: partners over a delayed line."""
    scenario = setting.scenario
    plots_port, blocks_port, world_port = ports
    document = tomllib.loads(path.read_text("utf-8"))
    for partner in document["partners"]:
        if partner["nation"] in leaves:
            partner["leaf"] = f"127.0.0.1:{leaves[Nation(partner['nation'])]}"
    officers = (f"{nation}-{role}".lower() for role in ("watch", "releaser"))
    delays = (scenario.officers.propose_delay_s, scenario.officers.approve_delay_s)
    document |= {
        "clock": "world",
        "world_port": world_port,
        "scenario": scenario.name,
        "feeds": [
            {"kind": "tcp", "format": "jsonl", "port": plots_port},
            {"kind": "udp", "format": "asterix", "port": blocks_port},
        ],
        "sensors": [
            _sensor_table(row, setting.sharing) for row in scenario.sensors_of(nation, Plane.EXERCISE)
        ],
        "outlet": [{"kind": "file"}],
        "desk": {} if setting.sharing else {"warnings_releasable_to": []},
        "officers": [
            {"name": name, "credential": f"{name}-scripted", "delay_s": delay}
            for name, delay in zip(officers, delays, strict=True)
        ],
    }
    path.write_text(tomlkit.dumps(document), "utf-8")
    return Site(load_config(path), plots_port, blocks_port, world_port)


def _sensor_table(sensor: Sensor, sharing: bool) -> Mapping[str, Any]:
    """A registry entry without its label: nation and plane are the node's; without sharing nobody else may
    read.
    """
    table: dict[str, Any] = msgspec.to_builtins(sensor)
    label = table.pop("label")
    table.pop("nation")
    table["releasable_to"] = sorted(label["releasable_to"]) if sharing else []
    return _without_nulls(table)


def _without_nulls(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_nulls(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }


def page_urls(sites: Mapping[Nation, Site]) -> dict[Nation, str]:
    """Addresses to open in a browser."""
    return {n: f"http://{site.config.page.name}:{site.config.page.port}" for n, site in sites.items()}

"""Making new nodes on disk: keys, own trust entry, configuration and policy to edit; or three that trust each
other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tomlkit
from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.config import CONFIG_NAME, POLICY_NAME, NodeConfig, load_config
from tocsin.node.keys import make_keys
from tocsin.node.policy_text import default_policy, policy_text
from tocsin.node.trust import TrustEntry, entry_path, own_entry, write_entry
from tocsin.share.topology import Topology

DEFAULT_TOPOLOGY = Topology()

PORT_STEP = 10
"""Ports of one node lie together; the next nation's begin ten higher."""


class Ports(Struct, frozen=True):
    """Listeners of one node."""

    broker: int
    monitor: int
    leaf: int
    page: int


def default_ports(nation: Nation, base: int = 14_200, page_base: int = 8_801) -> Ports:
    """`base` + 10 a nation for the broker, and the pages at 8801 (USA), 8802 (KOR), 8803 (JPN)."""
    place = list(Nation).index(nation)
    first = base + PORT_STEP * place
    return Ports(first, first + 1, first + 2, page_base + place)


def found_node(
    root: Path,
    nation: Nation,
    plane: Plane,
    ports: Ports,
    now: Instant,
    topology: Topology = DEFAULT_TOPOLOGY,
    leaves: Mapping[Nation, str] | None = None,
    hosts: Sequence[str] = (),
) -> TrustEntry:
    """A new node in `root`; returns its public parts. `leaves`: addresses of the partners' leaf listeners.

    UserError when `root` holds a node already.
    """
    folder = make_keys(root / "keys", nation, plane, hosts, now)
    entry = own_entry(nation, plane, folder)
    write_entry(entry_path(root / "trust", nation), entry)
    text = config_text(nation, plane, ports, topology, leaves or {})
    (root / CONFIG_NAME).write_text(text, "utf-8")
    (root / POLICY_NAME).write_text(policy_text(nation, default_policy(nation, plane)), "utf-8")
    return entry


def found_demo(
    root: Path,
    now: Instant,
    ports: Mapping[Nation, Ports],
    topology: Topology = DEFAULT_TOPOLOGY,
    plane: Plane = Plane.EXERCISE,
) -> dict[Nation, NodeConfig]:
    """Three nodes under `root`/USA, KOR, JPN that trust each other, all on this machine."""
    leaves = {nation: f"127.0.0.1:{ports[nation].leaf}" for nation in Nation}
    entries = [
        found_node(root / nation, nation, plane, ports[nation], now, topology, leaves) for nation in Nation
    ]
    for nation in Nation:
        for entry in entries:
            write_entry(entry_path(root / nation / "trust", entry.nation), entry)
    return {nation: load_config(root / nation / CONFIG_NAME) for nation in Nation}


def config_text(
    nation: Nation, plane: Plane, ports: Ports, topology: Topology, leaves: Mapping[Nation, str]
) -> str:
    """A configuration to edit, with a comment beside what an operator is likely to change."""
    document = tomlkit.document()
    document.add(tomlkit.comment(f"tocsin node {nation}, plane {plane}. Paths are relative to this file."))
    document.add("nation", tomlkit.item(str(nation)))
    document.add("plane", tomlkit.item(str(plane)))
    document.add("broker", _broker_table(ports))
    page = tomlkit.table()
    page.add("port", ports.page)
    page.add("name", f"{nation}-{plane}.localhost".lower())
    document.add("page", page)
    shape = tomlkit.table()
    shape.add("mode", str(topology.mode))
    shape["mode"].comment("hub, mesh or both: the same in all three nations")
    shape.add("hub", str(topology.hub))
    document.add("topology", shape)
    document.add(tomlkit.comment("Public outlets are off until [[outlet]] tables name them."))
    document.add("partners", _partner_tables(nation, topology, leaves))
    return tomlkit.dumps(document)


def _broker_table(ports: Ports) -> tomlkit.items.Table:
    table = tomlkit.table()
    table.add("host", "127.0.0.1")
    table.add("port", ports.broker)
    table.add("monitor_port", ports.monitor)
    table.add("leaf_host", "127.0.0.1")
    table["leaf_host"].comment("where partners that dial us find our broker (mutual TLS)")
    table.add("leaf_port", ports.leaf)
    return table


def _partner_tables(nation: Nation, topology: Topology, leaves: Mapping[Nation, str]) -> tomlkit.items.AoT:
    tables = tomlkit.aot()
    for partner in topology.partners(nation):
        table = tomlkit.table()
        table.add("nation", str(partner))
        if topology.dials(nation, partner):
            table.add("leaf", leaves.get(partner, f"{partner.lower()}.example:7422"))
            table["leaf"].comment("HOST:PORT of that partner's leaf listener: edit")
        tables.append(table)
    return tables

"""`tocsin init`: a new node, or three that trust each other on this machine."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import astuple

from tocsin.commands.addresses import check_host, check_ports
from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.config import CONFIG_NAME
from tocsin.node.founding import Ports, default_ports, found_demo, found_node
from tocsin.node.trust import TrustEntry, read_entry, spoken
from tocsin.share.topology import Mode, Topology


def init_command(
    directory: Annotated[Path, typer.Option("--dir", help="Folder to make the node in.")] = Path(
        "tocsin-node"
    ),
    demo: Annotated[
        bool, typer.Option("--demo", help="Three nations on this machine, plane EXERCISE.")
    ] = False,
    nation: Annotated[Nation | None, typer.Option(help="Make one node of this nation.")] = None,
    plane: Annotated[Plane, typer.Option(help="The plane is fixed for the node's life.")] = Plane.EXERCISE,
    topology: Annotated[Mode, typer.Option(help="The same in all three nations.")] = Mode.BOTH,
    hub: Annotated[Nation, typer.Option(help="Nation that relays.")] = Nation.USA,
    host: Annotated[
        list[str] | None, typer.Option(help="Name or address at which partners reach the broker.")
    ] = None,
    base_port: Annotated[int, typer.Option(help="First broker port; the next nations' follow.")] = 14_200,
    page_port: Annotated[int, typer.Option(help="Page of the USA; KOR and JPN follow.")] = 8_801,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Make keys, certificates, trust entry and configuration of a new node.

    \b
    Examples:
      tocsin init --demo --dir demo
      tocsin init --nation KOR --plane EXERCISE --dir kor --host broker.kor.example
    """
    if demo == (nation is not None):
        raise UserError("init makes either one nation or the demo", fix="give --nation KOR, or --demo")
    now = Instant(time.time_ns())
    ports = {each: default_ports(each, base_port, page_port) for each in Nation}
    _check([ports[nation]] if nation else list(ports.values()), host or ())
    shape = Topology(topology, hub)
    if nation is None:
        entries = _demo(directory, now, ports, shape, plane)
    else:
        entries = [found_node(directory, nation, plane, ports[nation], now, shape, hosts=host or ())]
    homes = [directory / entry.nation if demo else directory for entry in entries]
    if as_json:
        print(json.dumps({"nodes": [_row(e, h) for e, h in zip(entries, homes, strict=True)]}))
        return
    for entry, home in zip(entries, homes, strict=True):
        print(f"{entry.nation} {entry.plane}: {home / CONFIG_NAME}")
        print(f"  fingerprint {spoken(entry.fingerprint)}")
    if not demo:
        print(f"next: edit {directory / CONFIG_NAME}, then `tocsin trust export {directory / CONFIG_NAME}`")


def _check(ports: Sequence[Ports], hosts: Sequence[str]) -> None:
    """Before anything is written: a node that was made in part has to be removed by hand."""
    check_ports([number for each in ports for number in astuple(each)])
    for host in hosts:
        check_host(host)


def _demo(
    directory: Path, now: Instant, ports: dict[Nation, Ports], shape: Topology, plane: Plane
) -> list[TrustEntry]:
    if plane is not Plane.EXERCISE:
        raise UserError("the demo runs in plane EXERCISE", fix="leave out --plane")
    configs = found_demo(directory, now, ports, shape)
    return [read_entry(config.trust_dir / f"{nation}.json") for nation, config in configs.items()]


def _row(entry: TrustEntry, home: Path) -> dict[str, str]:
    return {
        "nation": entry.nation,
        "plane": entry.plane,
        "config": str(home / CONFIG_NAME),
        "fingerprint": entry.fingerprint,
    }

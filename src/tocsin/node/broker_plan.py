"""From a node's configuration, keys and trust to the plan of its broker, and to the door's and hall's way
in."""

from pathlib import Path

from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.node.config import NodeConfig
from tocsin.node.keys import KeyFolder, public_nkey, read_seed
from tocsin.node.trust import TrustEntry, read_trust
from tocsin.share.broker_config import BrokerPlan, LinkPlan, TlsFiles
from tocsin.share.exchange import Exchange
from tocsin.share.nats import connect_exchange


def client_tls(folder: KeyFolder, role: str) -> TlsFiles:
    """Certificate, key and authority with which `hall` or `door` meets its own broker."""
    cert, key = folder.certificate(role), folder.private(role)
    return TlsFiles(str(cert), str(key), str(folder.certificate("ca")))


def linked_partners(config: NodeConfig) -> tuple[Nation, ...]:
    """Partners named in the configuration to whom the topology gives a link."""
    named = {partner.nation for partner in config.partners}
    return tuple(nation for nation in config.topology.links(config.nation) if nation in named)


def make_plan(config: NodeConfig) -> BrokerPlan:
    """Everything that the broker's configuration says. UserError when a linked partner is not yet trusted."""
    folder = KeyFolder(config.keys_dir)
    trust = read_trust(config.trust_dir, config.plane)
    config.broker_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    links = tuple(
        _link(config, folder, partner, _entry(config, trust.get(partner), partner))
        for partner in linked_partners(config)
    )
    callers = [link.partner for link in links if link.dial_url is None]
    return BrokerPlan(
        nation=config.nation,
        plane=config.plane,
        topology=config.topology,
        listen=_address(config.broker.host, config.broker.port),
        monitor=_address("127.0.0.1", config.broker.monitor_port),
        store_dir=str(config.broker_dir / "store"),
        log_file=str(config.broker_dir / "nats.log"),
        tls=client_tls(folder, "node"),
        sys_nkey=_public(folder, "sys"),
        hall_nkey=_public(folder, "hall"),
        door_nkey=_public(folder, "door"),
        links=links,
        leaf_listen=_address(config.broker.leaf_host, config.broker.leaf_port) if callers else None,
        leaf_ca=_authorities(config.broker_dir, [trust[nation] for nation in callers]) if callers else None,
    )


def _entry(config: NodeConfig, entry: TrustEntry | None, partner: Nation) -> TrustEntry:
    if entry is None:
        raise UserError(
            f"{config.source}: partner {partner} is not trusted yet",
            fix=f"run `tocsin trust accept` with the file that {partner} exported",
        )
    return entry


def _link(config: NodeConfig, folder: KeyFolder, partner: Nation, entry: TrustEntry) -> LinkPlan:
    door = _public(folder, f"door-{partner}")
    ca = _authorities(config.broker_dir, [entry])
    if not config.topology.dials(config.nation, partner):
        return LinkPlan(partner, door, ca, leaf_nkey=entry.leaf_nkeys.get(config.nation))
    address = next(row.leaf for row in config.partners if row.nation is partner)
    return LinkPlan(partner, door, ca, f"tls://{address}", read_seed(folder.nkey(f"leaf-{partner}")))


def _authorities(folder: Path, entries: list[TrustEntry]) -> str:
    """A PEM file of the partners' authorities, written anew so that a replaced one is gone."""
    name = "-".join(entry.nation for entry in entries)
    path = folder / f"authorities-{name}.pem"
    path.write_text("".join(entry.ca_pem for entry in entries), "ascii")
    return str(path)


def _public(folder: KeyFolder, role: str) -> str:
    return public_nkey(read_seed(folder.nkey(role)))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def door_exchange(config: NodeConfig) -> Exchange:
    """The door's Transport, not yet open."""
    folder = KeyFolder(config.keys_dir)
    seeds = {p: read_seed(folder.nkey(f"door-{p}")) for p in linked_partners(config)}
    tls = client_tls(folder, "door")
    return connect_exchange(config.nation, config.plane, config.topology, config.broker_url, tls, seeds)

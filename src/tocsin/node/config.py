"""One node's configuration: a TOML file, every key documented here, every mistake answered with file, key and
fix.

Paths are relative to the file. Addresses are loopback unless the file says otherwise; what listens elsewhere
must speak TLS: the broker always does (mutual), the page needs `tls_cert` and `tls_key`, and sensor feeds,
whose formats know no TLS, need `protected_network = true`: the operator's word that the network itself is
protected.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from tocsin.errors import UserError
from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.warning import Thresholds
from tocsin.node.config_inbound import InboundEntry, inbound_faults
from tocsin.node.config_outlets import OutletEntry, outlet_faults
from tocsin.node.config_tak import TakEntry, tak_faults
from tocsin.node.desk_config import DeskEntry, HookEntries, OfficerEntry, patience_faults
from tocsin.node.keys import is_loopback
from tocsin.share.topology import Mode, Topology

CONFIG_NAME = "node.toml"
POLICY_NAME = "policy.toml"


class Clock(StrEnum):
    """WALL: the fold's time is the machine's. WORLD: a scenario's conductor drives it (never in plane
    REAL)."""

    WALL = "wall"
    WORLD = "world"


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is a mistake to name, not to ignore."""


class BrokerAddress(Strict, frozen=True):
    """[broker] `host`:`port` for hall and door, `monitor_port` on loopback, `leaf_*` where partners dial
    us."""

    port: int
    monitor_port: int
    leaf_port: int
    host: str = "127.0.0.1"
    leaf_host: str = "127.0.0.1"


class PageAddress(Strict, frozen=True):
    """[page] the duty officer's page; `name` is the host name it answers to."""

    port: int
    host: str = "127.0.0.1"
    name: str = "localhost"
    tls_cert: str | None = None
    tls_key: str | None = None


class PartnerEntry(Strict, frozen=True):
    """[[partners]] `leaf` = host:port of the partner's leaf listener; needed only when we dial it."""

    nation: Nation
    leaf: str | None = None


class FeedEntry(Strict, frozen=True):
    """[[feeds]] one source of sensor bytes. udp: host, port, group (multicast); tcp: host, port; file:
    path."""

    kind: Literal["udp", "tcp", "file"]
    format: str
    host: str = "127.0.0.1"
    port: int = 0
    group: str | None = None
    path: str | None = None
    protected_network: bool = False


class SensorEntry(Strict, frozen=True):
    """[[sensors]] as tocsin.model.sensor.Sensor; nation, plane and originator are the node's own."""

    id: str
    kind: SensorKind
    errors: SensorErrors
    releasable_to: frozenset[Nation] = frozenset()
    caveats: frozenset[Caveat] = frozenset()
    place: Geodetic | None = None
    sac: int | None = None
    sic: int | None = None
    period_s: float = 1.0
    silence_limit_s: float = 30.0


class NodeConfig(Strict, frozen=True):
    """The whole file. `corridor_m`: half width of the strip along a ground track that counts as overflown."""

    nation: Nation
    plane: Plane
    broker: BrokerAddress
    page: PageAddress
    topology: Topology = Topology()
    partners: tuple[PartnerEntry, ...] = ()
    feeds: tuple[FeedEntry, ...] = ()
    sensors: tuple[SensorEntry, ...] = ()
    warn: Thresholds = Thresholds()
    officers: tuple[OfficerEntry, ...] = ()
    desk: DeskEntry = DeskEntry()
    hooks: HookEntries = HookEntries()
    corridor_m: float = 50_000.0
    clock: Clock = Clock.WALL
    world_port: int | None = None
    scenario: str = ""
    directory: str = "."
    outlets: str = "outlets"
    outlet: tuple[OutletEntry, ...] = ()
    tak: tuple[TakEntry, ...] = ()
    inbound: tuple[InboundEntry, ...] = ()
    authority: str | None = None
    """The nation's authority file: without it a REAL node drafts and shows but tells the public nothing."""
    source: str = field(default="", name="_source")

    @property
    def root(self) -> Path:
        """Directory of the node: keys, trust, books, broker."""
        return Path(self.source).parent / self.directory

    @property
    def policy_file(self) -> Path:
        """The nation's release policy (node.policy_file), beside this file."""
        return Path(self.source).parent / POLICY_NAME

    @property
    def keys_dir(self) -> Path:
        """Secrets (node.keys)."""
        return self.root / "keys"

    @property
    def trust_dir(self) -> Path:
        """Public parts of this nation and its partners (node.trust)."""
        return self.root / "trust"

    @property
    def broker_dir(self) -> Path:
        """Broker's configuration, log and store."""
        return self.root / "broker"

    @property
    def hall_book(self) -> Path:
        """The nation's record."""
        return self.root / "hall.sqlite"

    @property
    def secrets_file(self) -> Path:
        """Hashes of the officers' passphrases (node.secrets)."""
        return self.root / "officers.json"

    @property
    def door_book(self) -> Path:
        """The door's book."""
        return self.root / "door.sqlite"

    @property
    def outlets_dir(self) -> Path:
        """Where the file outlet writes."""
        return self.root / self.outlets

    @property
    def page_tls(self) -> tuple[Path, Path] | None:
        """Certificate and key of the page, PEM; null = plain HTTP, on loopback alone."""
        page, beside = self.page, Path(self.source).parent
        if page.tls_cert is None or page.tls_key is None:
            return None
        return beside / page.tls_cert, beside / page.tls_key

    @property
    def broker_url(self) -> str:
        """Where hall and door reach the broker."""
        return f"tls://{self.broker.host}:{self.broker.port}"

    def registry(self) -> tuple[Sensor, ...]:
        """The sensors with this node's nation and label."""
        return tuple(self._sensor(entry) for entry in self.sensors)

    def _sensor(self, entry: SensorEntry) -> Sensor:
        label = Label(
            self.plane, frozenset((self.nation,)), entry.releasable_to - {self.nation}, entry.caveats
        )
        return Sensor(
            id=entry.id,
            nation=self.nation,
            kind=entry.kind,
            errors=entry.errors,
            label=label,
            place=entry.place,
            sac=entry.sac,
            sic=entry.sic,
            period_s=entry.period_s,
            silence_limit_s=entry.silence_limit_s,
        )


def load_config(path: Path) -> NodeConfig:
    """Read and check a node's configuration; UserError names the file, the key and what to do."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as failure:
        raise UserError(
            f"cannot read {path} ({failure.strerror})", fix="name a node.toml; `tocsin init` makes one"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise UserError(f"{path} is not TOML ({failure})", fix="mend that line") from None
    return parse_config(document, path)


def parse_config(document: dict[str, Any], path: Path) -> NodeConfig:
    """The configuration that a parsed TOML document says; `path` stands for relative paths and messages."""
    try:
        config = msgspec.convert({**document, "_source": str(path.absolute())}, NodeConfig)
    except msgspec.ValidationError as failure:
        raise UserError(
            f"{path}: {failure}", fix="mend that key (the meaning of each: docs/operating.md)"
        ) from None
    for key, what, fix in _faults(config):
        raise UserError(f"{path}: {key}: {what}", fix=fix)
    return config


def _faults(config: NodeConfig) -> list[tuple[str, str, str]]:
    """(key, what is wrong, fix) of everything that types alone cannot say."""
    return [
        *_address_faults(config),
        *_clock_faults(config),
        *_partner_faults(config),
        *_list_faults(config),
        *outlet_faults(config.outlet),
        *patience_faults(config.desk.no_act),
        *tak_faults(config.tak),
        *inbound_faults(config.inbound),
    ]


def _address_faults(config: NodeConfig) -> list[tuple[str, str, str]]:
    found = []
    broker, page = config.broker, config.page
    ports = {
        "broker.port": broker.port,
        "broker.monitor_port": broker.monitor_port,
        "broker.leaf_port": broker.leaf_port,
        "page.port": page.port,
    }
    for key, port in ports.items():
        if not 1 <= port <= 65_535:
            found.append((key, f"{port} is no port", "give a number from 1 to 65535"))
        elif list(ports.values()).count(port) > 1:
            found.append((key, f"port {port} is given twice", "give each listener a port of its own"))
    has_tls = page.tls_cert is not None and page.tls_key is not None
    if not is_loopback(page.host) and not has_tls:
        fix = "use 127.0.0.1, or give page.tls_cert and page.tls_key"
        found.append(("page.host", f"{page.host} is not loopback and the page has no TLS", fix))
    for number, feed in enumerate(config.feeds, start=1):
        found += _feed_faults(f"feeds[{number}]", feed)
    return found


def _feed_faults(key: str, feed: FeedEntry) -> list[tuple[str, str, str]]:
    if feed.kind == "file":
        return [] if feed.path else [(f"{key}.path", "a file feed needs a path", "give the file to follow")]
    if not 1 <= feed.port <= 65_535:
        return [(f"{key}.port", f"{feed.port} is no port", "give a number from 1 to 65535")]
    if (feed.group or not is_loopback(feed.host)) and not feed.protected_network:
        fix = "use 127.0.0.1, or say protected_network = true when the network itself is protected"
        return [
            (
                f"{key}.host",
                f"{feed.group or feed.host} is not loopback and {feed.kind} feeds know no TLS",
                fix,
            )
        ]
    return []


def _clock_faults(config: NodeConfig) -> list[tuple[str, str, str]]:
    found = []
    if config.clock is Clock.WORLD and config.world_port is None:
        found.append(("world_port", 'clock = "world" needs it', "give the loopback port of the conductor"))
    if config.plane is Plane.REAL and config.clock is Clock.WORLD:
        found.append(("clock", "a REAL node cannot be driven by a scenario", 'use clock = "wall"'))
    if config.plane is Plane.REAL and any(officer.delay_s is not None for officer in config.officers):
        found.append(("officers.delay_s", "no scripted officers in plane REAL", "remove delay_s"))
    return found


def _partner_faults(config: NodeConfig) -> list[tuple[str, str, str]]:
    found = []
    named = [partner.nation for partner in config.partners]
    if config.nation in named or len(set(named)) != len(named):
        found.append(
            ("partners", "a partner stands there twice or is the nation itself", "name each partner once")
        )
    for partner in config.partners:
        if config.topology.dials(config.nation, partner.nation) and partner.leaf is None:
            fix = 'give leaf = "HOST:PORT" of that partner\'s leaf listener'
            found.append(("partners.leaf", f"{config.nation} dials {partner.nation} in this topology", fix))
        elif partner.leaf is not None and not _is_host_port(partner.leaf):
            found.append(("partners.leaf", f"{partner.leaf!r} is no address", 'write leaf = "HOST:PORT"'))
    return found


def _is_host_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    good_host = bool(host) and host.isascii() and host.isprintable() and not set(host) & set("/@ \"'\\")
    return good_host and port.isdecimal() and 1 <= int(port) <= 65_535


def _list_faults(config: NodeConfig) -> list[tuple[str, str, str]]:
    found = []
    for key, ids in (
        ("sensors.id", [sensor.id for sensor in config.sensors]),
        ("officers.credential", [officer.credential for officer in config.officers]),
    ):
        if len(set(ids)) != len(ids):
            found.append((key, "two entries have the same", "make each unique"))
    if not 0 < config.corridor_m <= 1_000_000:
        found.append(("corridor_m", f"{config.corridor_m} m", "give metres, more than 0 and at most 1000000"))
    return found


__all__ = [
    "CONFIG_NAME",
    "POLICY_NAME",
    "BrokerAddress",
    "Clock",
    "DeskEntry",
    "FeedEntry",
    "HookEntries",
    "Mode",
    "NodeConfig",
    "OfficerEntry",
    "PageAddress",
    "PartnerEntry",
    "SensorEntry",
    "load_config",
    "parse_config",
]

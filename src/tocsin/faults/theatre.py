"""Three nations' nodes on this machine, with a relay on every line between brokers, under a load of plots.

`Theatre` is what every fault acts upon: it starts and stops the nodes, knows their processes, and says when
all is well again.
"""

import asyncio
import os
import time
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import tomlkit

from tocsin.demo.stage import Setting, Site, free_ports, set_stage
from tocsin.errors import TocsinError, UserError
from tocsin.faults.account import Account, Window
from tocsin.faults.disks import ForgetfulDisk, SmallDisk, sync_tree
from tocsin.faults.relay import Relay
from tocsin.faults.sensors import Sensors, material
from tocsin.model.label import Nation
from tocsin.node.config import load_config
from tocsin.node.station import Station
from tocsin.share.topology import Mode, Topology

TOPOLOGY = Topology(Mode.BOTH)
POLL_S = 0.1
"""Resolution of all times that are printed."""

LONG_S, TELL_S = 30.0, 10.0
"""Acts longer than this tell how far they are, so often."""

FLOWING_WITHIN_S = 60.0
"""From the start of the nodes until everybody has everybody's tracks; a fresh checkout may compile first."""

Say = Callable[[str], None]
Line = frozenset[Nation]


class Disks(NamedTuple):
    """Mounts that nodes stand on, where any do."""

    small: Mapping[Nation, SmallDisk] = {}
    forgetful: Mapping[Nation, ForgetfulDisk] = {}


class Theatre:
    """Three nodes under `root`, whose folders may be mounted disks (`root`/USA, KOR, JPN).

    An act may leave `afterwards` (what brings the nodes back: healing is counted from its beginning), and
    `later` (what is to be put back when the row is done).
    """

    def __init__(self, root: Path, seconds: float, say: Say, disks: Disks) -> None:
        self.root, self.say, self.disks = root, say, disks
        self.afterwards: Awaitable[object] | None = None
        self.later: list[Callable[[], Awaitable[None]]] = []
        scenario = material(seconds)
        sites, _ = set_stage(root, Setting(scenario, TOPOLOGY, True, False, 1.0))
        self.relays: dict[Line, Relay] = {}
        self.sites = {nation: self._on_wall_clock(site) for nation, site in sites.items()}
        self._lead_lines_through_relays()
        self.stations = {nation: self._station(nation) for nation in self.sites}
        self.account = Account({nation: site.config.hall_book for nation, site in self.sites.items()})
        self._sensors = Sensors(scenario, {nation: site.plots_port for nation, site in self.sites.items()})
        self._sending: asyncio.Task[None] | None = None
        self._told = 0.0

    def _on_wall_clock(self, site: Site) -> Site:
        _rewrite(
            Path(site.config.source), lambda document: [document.pop(k) for k in ("clock", "world_port")]
        )
        return Site(load_config(Path(site.config.source)), site.plots_port, site.blocks_port, site.world_port)

    def _lead_lines_through_relays(self) -> None:
        pairs = [(one, other) for one in Nation for other in Nation if TOPOLOGY.dials(one, other)]
        for (one, other), port in zip(pairs, free_ports(len(pairs)), strict=True):
            self.relays[frozenset((one, other))] = Relay(port, self.sites[other].config.broker.leaf_port)
            _rewrite(Path(self.sites[one].config.source), _leaf(other, port))
        for nation, site in self.sites.items():
            config = load_config(Path(site.config.source))
            self.sites[nation] = Site(config, site.plots_port, site.blocks_port, site.world_port)

    def _station(self, nation: Nation) -> Station:
        return Station(self.sites[nation].config, self.say)

    async def start(self) -> None:
        """Everything up, the load on, and every nation's products at both partners. TocsinError if not."""
        for disk in self.disks.forgetful.values():
            sync_tree(disk.point)
        for relay in self.relays.values():
            await relay.open()
        await asyncio.gather(*(station.start() for station in self.stations.values()))
        self._sending = asyncio.create_task(self._sensors.run())
        since = Window(dict.fromkeys(Nation, 0), dict.fromkeys(Nation, 0))
        if await self.healed(since, FLOWING_WITHIN_S) is None:
            raise TocsinError("three healthy nodes do not exchange anything: read their logs")

    async def stop(self) -> None:
        """Everything down."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        self._sensors.close()
        self.account.close()
        stations = self.stations.values()
        await asyncio.gather(*(station.stop() for station in stations), return_exceptions=True)
        for relay in self.relays.values():
            await relay.close()

    async def stop_node(self, nation: Nation) -> None:
        """End one nation's node."""
        await self.stations[nation].stop()

    async def start_node(self, nation: Nation) -> None:
        """Start it anew, as an operator would."""
        self.stations[nation] = self._station(nation)
        await self.stations[nation].start()

    async def power_off(self, nation: Nation) -> None:
        """Every program of the node dies at once, and its disk forgets what was not confirmed."""
        await self.stations[nation].power_off()
        self.account.sides[nation].rewind()
        disk = self.disks.forgetful[nation]
        await disk.cut()
        await disk.mount()

    def with_broker_port(self, nation: Nation, port: int) -> str:
        """A copy of the node's configuration for a door that is to find its broker at another port."""
        source = Path(self.sites[nation].config.source)
        copy = source.with_name(f"door-{port}.toml")
        copy.write_bytes(source.read_bytes())
        _rewrite(copy, lambda document: _table(document, "broker").update(port=port))
        return str(copy)

    def pid(self, nation: Nation, role: str) -> int | None:
        """Process of `hall`, `door` or `broker`; null while it is down."""
        pid: int | None = getattr(self.stations[nation], role).pid
        return pid

    def signal(self, nation: Nation, role: str, number: int) -> bool:
        """Send a signal; false when the process is down just now."""
        pid = self.pid(nation, role)
        if pid is None:
            return False
        os.kill(pid, number)
        return True

    def lines_of(self, *nations: Nation) -> list[Relay]:
        """With one nation all its lines, with two the line between them."""
        return [relay for line, relay in self.relays.items() if line.issuperset(nations)]

    async def wait(self, seconds: float) -> None:
        """Let time pass and keep the account."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            self.account.read_on()
            if seconds > LONG_S:
                self.progress(round(seconds - left_s), round(seconds))
            await asyncio.sleep(min(POLL_S, left_s))

    def progress(self, done: int, of: int) -> None:
        """Say how far a long act is, now and then."""
        if done == of or time.monotonic() - self._told > TELL_S:
            self._told = time.monotonic()
            self.say(f"  {done} of {of}")

    async def healed(self, since: Window, within_s: float) -> float | None:
        """Seconds until everything accepted before `since` has arrived and each nation's later products have
        reached both partners; null when they do not."""
        begin = time.monotonic()
        while (spent_s := time.monotonic() - begin) < within_s:
            self.account.read_on()
            if self._sending is not None and self._sending.done():
                raise UserError("the load's material is used up", fix="run fewer faults at once")
            if not self.account.owing(since) and self.account.news(since):
                return spent_s
            await asyncio.sleep(POLL_S)
        return None

    async def drained(self, upto: Window, within_s: float) -> None:
        """Wait until nothing accepted before `upto` is under way; in vain at the most `within_s`."""
        give_up = time.monotonic() + within_s
        while self.account.owing(upto) and time.monotonic() < give_up:
            await asyncio.sleep(POLL_S)
            self.account.read_on()


def _rewrite(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    document = tomllib.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(tomlkit.dumps(document), "utf-8")


def _table(document: dict[str, object], name: str) -> dict[str, object]:
    table = document[name]
    if not isinstance(table, dict):
        raise TypeError(f"{name} is no table")
    return table


def _leaf(partner: Nation, port: int) -> Callable[[dict[str, object]], object]:
    def change(document: Mapping[str, object]) -> None:
        rows = document["partners"]
        if isinstance(rows, list):
            for row in rows:
                if row["nation"] == partner:
                    row["leaf"] = f"127.0.0.1:{port}"

    return change

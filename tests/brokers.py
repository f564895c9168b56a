"""Three real brokers on loopback for tests: fixtures `trio` (both routes, one a session) and `make_trio`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import time
import zlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node.broker import Broker, make_broker
from tocsin.node.broker_plan import door_exchange
from tocsin.node.config import NodeConfig
from tocsin.node.founding import Ports, found_demo
from tocsin.share.exchange import Exchange
from tocsin.share.topology import Mode, Topology
from tocsin.share.transport import Arrival

WITHIN_S = 20.0
T = TypeVar("T")


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def free_node_ports() -> dict[Nation, Ports]:
    """Free listeners for three nodes."""
    numbers = iter(free_ports(4 * len(Nation)))
    return {nation: Ports(*(next(numbers) for _ in range(4))) for nation in Nation}


class Trio:
    """Three founded nodes and their brokers; coroutines run on one loop through `run`."""

    def __init__(self, runner: asyncio.Runner, root: Path, now: Instant, mode: Mode) -> None:
        self._runner = runner
        self.configs: dict[Nation, NodeConfig] = found_demo(root, now, free_node_ports(), Topology(mode))
        self.brokers: dict[Nation, Broker] = {n: make_broker(c) for n, c in self.configs.items()}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end, at most a minute."""
        return self._runner.run(asyncio.wait_for(work, 60.0))

    async def start(self) -> None:
        """Start all three; returns when every link is up."""
        await asyncio.gather(*(broker.start() for broker in self.brokers.values()))
        await self.linked()

    async def linked(self) -> None:
        """Every link of the topology is up."""
        for broker in self.brokers.values():
            await broker.until_linked()

    async def stop(self) -> None:
        """Stop all three."""
        await asyncio.gather(*(broker.stop() for broker in self.brokers.values()))

    @contextlib.asynccontextmanager
    async def doors(self) -> Any:
        """The three doors' transports, open."""
        doors = {nation: door_exchange(config) for nation, config in self.configs.items()}
        await asyncio.gather(*(door.open() for door in doors.values()))
        try:
            yield doors
        finally:
            await asyncio.gather(*(door.close() for door in doors.values()))


def sealed(
    issuer: Nation, recipient: Nation, number: int, traffic: Traffic = Traffic.URGENT, run: str = ""
) -> Sealed:
    """A message as the transport sees it: bytes that it must not alter. The transport verifies no
    signature."""
    data = f"{run}/{issuer}/{recipient}/{traffic}/{number}".encode()
    first = zlib.crc32(run.encode()) * 1_000_000 + number  # brokers drop what they know by number
    return Sealed(Plane.EXERCISE, issuer, recipient, traffic, first, first, True, data)


async def collect(
    door: Exchange, until: Callable[[list[Arrival]], bool], within_s: float = WITHIN_S, run: str = ""
) -> list[Arrival]:
    """Acknowledged arrivals of this run until the condition holds; what came when it does not in time.

    The brokers are shared: what another test left unread is acknowledged and passed over.
    """
    came: list[Arrival] = []

    async def read() -> None:
        async for arrival in door.arrivals():
            await arrival.ack()
            if arrival.data.startswith(f"{run}/".encode() if run else b""):
                came.append(arrival)
                if until(came):
                    return

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(read(), within_s)
    return came


@pytest.fixture(scope="session")
def make_trio() -> Iterator[Callable[[Mode], Trio]]:
    """Makes and starts three brokers in the given topology; all are stopped at the end of the session."""
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory(prefix="trio-") as folder:
        made: list[Trio] = []

        def make(mode: Mode) -> Trio:
            trio = Trio(runner, Path(folder) / f"{len(made)}", Instant(time.time_ns()), mode)
            made.append(trio)
            trio.run(trio.start())
            return trio

        yield make
        for trio in made:
            trio.run(trio.stop())


@pytest.fixture(scope="session")
def trio(make_trio: Callable[[Mode], Trio]) -> Trio:
    """Three brokers with direct links and the hub's relay."""
    return make_trio(Mode.BOTH)

"""Sensors' bytes on their way to the halls: simulated plots over TCP, captured blocks over UDP."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from tocsin.demo.stage import Site
from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant, after, to_datetime
from tocsin.model.track import Plot
from tocsin.sense.asterix import AsterixDecoder
from tocsin.sense.capture import Datagram, datagrams
from tocsin.sense.format import Fault
from tocsin.sense.jsonl import encode_plot
from tocsin.sim.scenario import Scenario

BEFORE_CAPTURE_S = 2.0
AFTER_CAPTURE_S = 30.0
"""A capture is played with this much quiet before and after it."""


class Delivery(NamedTuple):
    """One plot line or one datagram of blocks that reaches one nation's node at a scenario time."""

    at_ns: Instant
    nation: Nation
    data: bytes
    is_line: bool


def simulated(rows: Iterable[tuple[Instant, Nation, Plot]], plane: Plane) -> list[Delivery]:
    """Simulated plots as the JSON lines that carry them."""
    return [Delivery(at, nation, encode_plot(plot, plane), True) for at, nation, plot in rows]


class Capture(NamedTuple):
    """A file of captured blocks, laid into a scenario."""

    scenario: Scenario
    deliveries: list[Delivery]


def captured(path: Path, scenario: Scenario) -> Capture:
    """Blocks of `path` for the nations whose sensors they name, and the scenario moved to the capture's time
    of day.

    A block that names nobody's sensor goes to all three, which refuse and count it. CAT048 says the time
    of day only, so the scenario keeps its date and takes the capture's hour. UserError for a file without
    a single plot.
    """
    try:
        data = path.read_bytes()
    except OSError as failure:
        raise UserError(
            f"cannot read {path} ({failure.strerror})", fix="name a capture or a file of raw blocks"
        ) from failure
    faults: list[Fault] = []
    blocks = list(datagrams(data, faults, Counter()))
    first = _first_plot_ns(blocks, scenario)
    if first is None:
        raise UserError(f"{path} holds no plot", fix="check it with `tocsin decode --format asterix`")
    start = after(first, -BEFORE_CAPTURE_S)
    times = _times(blocks, first)
    span_s = (max(times) - start) / SECOND_NS
    moved = replace(
        scenario, start_utc=to_datetime(start).astimezone(UTC), duration_s=span_s + AFTER_CAPTURE_S
    )
    owners = {nation: AsterixDecoder(moved.sensors_of(nation, Plane.EXERCISE)) for nation in Nation}
    deliveries = [
        Delivery(at, nation, block.payload, False)
        for block, at in zip(blocks, times, strict=True)
        for nation in _owners(block, at, owners) or tuple(Nation)
    ]
    return Capture(moved, deliveries)


def _owners(block: Datagram, at: Instant, decoders: Mapping[Nation, AsterixDecoder]) -> tuple[Nation, ...]:
    """The nations that can read anything in the block."""
    read = {nation: decoder.decode(block.payload, at) for nation, decoder in decoders.items()}
    return tuple(nation for nation, what in read.items() if what.plots or what.services)


def _first_plot_ns(blocks: Sequence[Datagram], scenario: Scenario) -> Instant | None:
    decoder = AsterixDecoder((), date=to_datetime(scenario.start_ns).date(), accept_unknown=True)
    for block in blocks:
        plots = decoder.decode(block.payload, scenario.start_ns).plots
        if plots:
            return min(plot.time_ns for plot in plots)
    return None


def _times(blocks: Sequence[Datagram], first: Instant) -> list[Instant]:
    captured_ns = [block.time_ns for block in blocks]
    origin = next((at for at in captured_ns if at is not None), None)
    if origin is None:
        return [after(first, 0.01 * n) for n in range(len(blocks))]
    return [first if at is None else Instant(first + max(0, at - origin)) for at in captured_ns]


class Sender:
    """Open ways into every node's feeds. `sent[nation]` counts pieces so far."""

    def __init__(self, sites: Mapping[Nation, Site]) -> None:
        self._sites = sites
        self._lines: dict[Nation, asyncio.StreamWriter] = {}
        self._blocks: dict[Nation, asyncio.DatagramTransport] = {}
        self.sent = dict.fromkeys(sites, 0)

    async def connect(self) -> None:
        """Connect to every node's feeds."""
        loop = asyncio.get_running_loop()
        for nation, site in self._sites.items():
            _, self._lines[nation] = await asyncio.open_connection("127.0.0.1", site.plots_port)
            address = ("127.0.0.1", site.blocks_port)
            self._blocks[nation], _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=address
            )

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """Write all; returns when the kernel has taken them."""
        for row in deliveries:
            if row.is_line:
                self._lines[row.nation].write(row.data)
            else:
                self._blocks[row.nation].sendto(row.data)
            self.sent[row.nation] += 1
        for writer in self._lines.values():
            await writer.drain()

    def close(self) -> None:
        """Hang up on all."""
        for writer in self._lines.values():
            writer.close()
        for transport in self._blocks.values():
            transport.close()

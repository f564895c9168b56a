"""The load: sensors' plots of objects in flight, into three real halls over TCP, for as long as the faults
take.

The arc is the shipped lofted one, which every nation's radar sees for half an hour, flown several times over;
times are moved so that it happens now. A hall that is away loses the plots of that time, as in life: what it
never took in was never promised to anybody.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import Plot
from tocsin.sense.jsonl import encode_plot
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots

MATERIAL = "lofted"
SEED = 14
LEAD_S = 160.0
"""Entered so long after the first launches: by then every radar sees the arc."""

LAUNCHES_S = (0.0,) * 5 + (300.0, 600.0, 900.0, 1_200.0, 1_500.0)
"""A few objects at once, and one more now and then: launch events are the urgent traffic."""

APART_DEG = 0.4
AGAIN_S = 0.1
"""Between two attempts to reach a hall that is away."""


def material(seconds: float) -> Scenario:
    """The arc flown by several objects side by side, from LEAD_S for `seconds`."""
    arc = load(MATERIAL)
    flight = arc.flights[0]
    flights = tuple(
        replace(
            flight,
            object=f"{flight.object}{n}",
            lat_deg=flight.lat_deg + APART_DEG * (n % 3),
            lon_deg=flight.lon_deg + APART_DEG * (n // 3),
            launch_utc=flight.launch_utc + timedelta(seconds=at_s),
        )
        for n, at_s in enumerate(LAUNCHES_S)
    )
    return replace(arc, duration_s=LEAD_S + seconds, links=(), flights=flights)


class Sensors:
    """Sends every plot at its own moment. `open` works out all of them; `run` is to be cancelled."""

    def __init__(self, scenario: Scenario, ports: Mapping[Nation, int]) -> None:
        begin = after(scenario.start_ns, LEAD_S)
        self._begin = begin
        self._rows = [row for row in plots(scenario, SEED) if row[0] >= begin]
        self._ports = ports
        self._lines: dict[Nation, asyncio.StreamWriter] = {}
        self._dialled: dict[Nation, float] = {}
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """From now until the material is used up."""
        shift_ns = time.time_ns() - self._begin
        for at, nation, plot in self._rows:
            due = Instant(at + shift_ns)
            await asyncio.sleep(max(0.0, (due - time.time_ns()) / SECOND_NS))
            await self._send(nation, replace(plot, time_ns=Instant(plot.time_ns + shift_ns)))
        self.ended.set()

    async def _send(self, nation: Nation, plot: Plot) -> None:
        line = await self._line(nation)
        if line is None:
            return
        try:
            line.write(encode_plot(plot, Plane.EXERCISE))
            await asyncio.wait_for(line.drain(), AGAIN_S)
        except (OSError, TimeoutError):
            self._lines.pop(nation).transport.abort()

    async def _line(self, nation: Nation) -> asyncio.StreamWriter | None:
        line = self._lines.get(nation)
        if line is not None and not line.is_closing():
            return line
        self._lines.pop(nation, None)
        now = time.monotonic()
        if now - self._dialled.get(nation, 0.0) < AGAIN_S:
            return None
        self._dialled[nation] = now
        with suppress(OSError):
            _, self._lines[nation] = await asyncio.open_connection("127.0.0.1", self._ports[nation])
        return self._lines.get(nation)

    def close(self) -> None:
        """Hang up on all."""
        for line in self._lines.values():
            line.close()

"""The conductor: gives time and plots to three halls, plays their officers, waits for laggards.

`speed` is a ceiling. Every tick is a barrier: the world moves on when all three halls have stepped over it,
and it waits while the exchange between them is more than LAG_S behind (docs/adr/0006).
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence

from tocsin.demo.lag import ExchangeLag
from tocsin.demo.officers import Desk
from tocsin.demo.plots import Delivery, Sender
from tocsin.demo.stage import Site
from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.model.time import SECOND_NS, Instant, after, seconds_between
from tocsin.node.station import Station
from tocsin.node.worldlink import Tick, Tock, WorldLink
from tocsin.sim.scenario import Scenario

TICK_WALL_S = 0.05
LONGEST_TICK_S = 1.0
"""Scenario seconds of one tick at most: the period of the radars."""

PICTURE_WALL_S = 0.25
SAMPLES = 120
"""Pictures of each nation that the results keep: one every ten seconds of a twenty-minute flight."""

DRAIN_S = 60.0
"""Bound on waiting for the exchange after the last tick; a killed hub is back within seconds."""

POLL_S = 0.02
SETTLE_S = 0.05
LAST_WORD_S = 1.5
"""Doors report their links once a second: after this long the counts of copies are the last ones."""

Show = Callable[[Mapping[Nation, Picture], float, str], None]


class Conductor:
    """Runs one scenario over three running stations."""

    def __init__(
        self,
        scenario: Scenario,
        sites: Mapping[Nation, Site],
        stations: Mapping[Nation, Station],
        speed: float,
    ) -> None:
        self._scenario, self._sites, self._stations, self._speed = scenario, sites, stations, speed
        self._links: dict[Nation, WorldLink] = {}
        self._sender = Sender(sites)
        self._desks = {n: Desk(site.config.officers[0], site.config.officers[1]) for n, site in sites.items()}
        self._tocks: dict[Nation, Tock] = {}
        self._lag = ExchangeLag(partners=len(sites) - 1)
        self.pictures: dict[Nation, Picture] = {}
        self.samples: dict[Nation, list[Picture]] = {nation: [] for nation in sites}
        self.speed_reached = 0.0
        self.kill_hub_at: Instant | None = None
        self.hub = Nation.USA

    async def run(self, deliveries: Sequence[Delivery], show: Show) -> None:
        """Play the whole scenario and drain the exchange. UserError when a hall is gone for good."""
        for nation, site in self._sites.items():
            self._links[nation] = await WorldLink.connect("127.0.0.1", site.world_port)
        await self._sender.connect()
        try:
            await self._play(deliveries, show)
            await self._drain(show)
        except (ConnectionError, OSError) as failure:
            raise UserError(
                f"a hall went away in mid-run ({failure})", fix="read log/hall.log in the node's folder"
            ) from failure
        finally:
            self._sender.close()
            for link in self._links.values():
                await link.close()

    async def _play(self, deliveries: Sequence[Delivery], show: Show) -> None:
        start, begun = self._scenario.start_ns, time.monotonic()
        end = after(start, self._scenario.duration_s)
        tick_s = min(LONGEST_TICK_S, TICK_WALL_S * self._speed)
        sample_s = self._scenario.duration_s / SAMPLES
        now, sent, sampled, shown = start, 0, -1, 0.0
        while now <= end:
            upto = sent
            while upto < len(deliveries) and deliveries[upto].at_ns <= now:
                upto += 1
            await self._sender.send(deliveries[sent:upto])
            sent = upto
            sample = int(seconds_between(start, now) / sample_s)
            fresh = time.monotonic() - shown > PICTURE_WALL_S
            await self._tick(now, want_picture=fresh or sample != sampled)
            if sample != sampled:
                sampled = sample
                for nation, picture in self.pictures.items():
                    self.samples[nation].append(picture)
            if fresh:
                shown = time.monotonic()
                show(self.pictures, self.speed_reached, "")
            await self._maybe_kill_hub(now)
            await self._wait_for_exchange(now)
            now = after(now, tick_s)
            await self._pace(start, now, begun)

    async def _pace(self, start: Instant, now: Instant, begun: float) -> None:
        """Wait until the wall clock allows `now`; note how fast it went."""
        ahead_s = seconds_between(start, now) / self._speed - (time.monotonic() - begun)
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
        self.speed_reached = seconds_between(start, now) / max(1e-3, time.monotonic() - begun)

    async def _tick(self, now: Instant, want_picture: bool) -> None:
        """All halls step over `now`; their officers see what came of it."""

        async def one(nation: Nation) -> None:
            acts = self._desks[nation].acts(now)
            tick = Tick(now, self._sender.sent[nation], acts, want_picture)
            tock = await self._links[nation].tick(tick)
            self._tocks[nation] = tock
            self._desks[nation].see(tock.drafts, now)
            if tock.picture is not None:
                self.pictures[nation] = tock.picture

        await asyncio.gather(*(one(nation) for nation in self._links))
        self._lag.note(self._tocks.values(), time.monotonic())

    async def _wait_for_exchange(self, now: Instant) -> None:
        """The world stands still while a product is more than LAG_S late; not for ever."""
        give_up = time.monotonic() + self._lag.patience_s
        waited = False
        while (behind := self._lag.behind(time.monotonic())) and time.monotonic() < give_up:
            waited = True
            await asyncio.sleep(POLL_S)
            await self._tick(now, want_picture=False)
        if waited:
            self._lag.waited(in_vain=behind)

    async def _maybe_kill_hub(self, now: Instant) -> None:
        if self.kill_hub_at is not None and now >= self.kill_hub_at:
            self.kill_hub_at = None
            await self._stations[self.hub].kill_broker()

    async def _drain(self, show: Show) -> None:
        """After the end: until every offer is decided and every released product has arrived."""
        give_up, drained_at = time.monotonic() + DRAIN_S, math.inf
        end = after(self._scenario.start_ns, self._scenario.duration_s)
        while time.monotonic() < give_up:
            await self._tick(end, want_picture=True)
            show(self.pictures, self.speed_reached, "draining the exchange")
            if not self._drained():
                drained_at = math.inf
            elif time.monotonic() > (drained_at := min(drained_at, time.monotonic())) + LAST_WORD_S:
                break
            await asyncio.sleep(SETTLE_S)
            end = after(end, SETTLE_S)  # else the halls would not step over the doors' last reports
        for nation, picture in self.pictures.items():
            self.samples[nation].append(picture)

    def _drained(self) -> bool:
        tocks = self._tocks.values()
        partners = len(self._sites) - 1
        decided = all(tock.decided == partners * tock.offered for tock in tocks)
        return decided and sum(tock.released for tock in tocks) == sum(tock.received for tock in tocks)


def hub_kill_time(scenario: Scenario, at_s: float) -> Instant:
    """`at_s` scenario seconds after the first launch (after the start where nothing is launched). UserError
    when the scenario is over by then, or `at_s` is no time after it.
    """
    first = min((flight.launch_ns for flight in scenario.flights), default=scenario.start_ns)
    longest_s = math.floor(
        scenario.duration_s - seconds_between(scenario.start_ns, first) - LONGEST_TICK_S
    )  # a tick comes after it for certain
    if not 0.0 <= at_s <= longest_s:  # nan compares false too
        raise UserError(
            f"--kill-hub-at {at_s:g} is not within scenario {scenario.name}",
            fix=f"give 0 to {longest_s} seconds after the first launch",
        )
    return Instant(first + round(at_s * SECOND_NS))

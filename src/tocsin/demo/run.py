"""One run of the demo from stage to results; everything it started is stopped, whatever happens."""

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tocsin.demo.conductor import Conductor, Show, hub_kill_time
from tocsin.demo.folders import full_disk_told, out_folder, work_folder
from tocsin.demo.plots import Delivery, captured, simulated
from tocsin.demo.results import leave_results
from tocsin.demo.stage import Setting, Site, page_urls, set_stage
from tocsin.demo.summary import Run, Summary
from tocsin.demo.view import Stage, render
from tocsin.model.label import Nation, Plane
from tocsin.model.picture import Picture
from tocsin.model.time import seconds_between
from tocsin.node.shell import stop_event, unless
from tocsin.node.station import Station
from tocsin.share.topology import Mode, Topology
from tocsin.sim.scenario import Scenario
from tocsin.sim.sensors import plots

Say = Callable[[str], None]


class Wish(NamedTuple):
    """What the user asked for."""

    scenario: Scenario
    seed: int
    speed: float
    mode: Mode
    sharing: bool
    headless: bool
    out: Path | None
    plots: Path | None
    kill_hub_at_s: float | None
    linger: bool


async def play(wish: Wish, say: Say) -> Summary | None:
    """Run the demo. Returns the summary when results were asked for. UserError for what a person can mend."""
    with nullcontext() if wish.out is None else out_folder(wish.out), work_folder() as folder:
        return await _play_in(folder, wish, say)


async def _play_in(root: Path, wish: Wish, say: Say) -> Summary | None:
    stop = stop_event()
    scenario, deliveries = _material(wish)
    kill_at = None if wish.kill_hub_at_s is None else hub_kill_time(scenario, wish.kill_hub_at_s)
    say(f"scenario {scenario.name}: {scenario.title}; {len(deliveries)} sensor reports, seed {wish.seed}")
    topology = Topology(wish.mode)
    setting = Setting(scenario, topology, wish.sharing, not wish.headless, wish.speed)
    sites, lines = set_stage(root, setting)
    stations = {nation: Station(site.config, say) for nation, site in sites.items()}
    conductor = Conductor(scenario, sites, stations, wish.speed)
    conductor.hub = topology.hub
    conductor.kill_hub_at = kill_at
    try:
        with full_disk_told(root):
            for line in lines:
                await line.open()
            if not await unless(stop, start_all(stations.values())):
                raise KeyboardInterrupt
            for nation, url in page_urls(sites).items():
                say(f"{nation} page: {url}")
            await _conduct(stop, conductor, deliveries, wish, scenario, sites, stations)
    finally:
        await asyncio.gather(*(station.stop() for station in stations.values()), return_exceptions=True)
        for line in lines:
            await line.close()
    if wish.out is None:
        return None
    say(f"writing the results to {wish.out}")
    return leave_results(wish.out, _run(wish, scenario, conductor), scenario, sites, conductor.samples)


def _material(wish: Wish) -> tuple[Scenario, list[Delivery]]:
    if wish.plots is None:
        return wish.scenario, simulated(plots(wish.scenario, wish.seed), Plane.EXERCISE)
    capture = captured(wish.plots, wish.scenario)
    own = simulated(plots(capture.scenario, wish.seed), Plane.EXERCISE)
    return capture.scenario, sorted(own + capture.deliveries, key=lambda row: row.at_ns)


async def _conduct(
    stop: asyncio.Event,
    conductor: Conductor,
    deliveries: list[Delivery],
    wish: Wish,
    scenario: Scenario,
    sites: Mapping[Nation, Site],
    stations: Mapping[Nation, Station],
) -> None:
    """Play until the end, a stop by the user, or a node that cannot run on."""
    show, close = _progress(scenario) if wish.headless else _live(scenario, page_urls(sites))
    playing = _play_and_linger(conductor, deliveries, show, wish.linger)
    try:
        if not await unless(stop, playing, *(station.run() for station in stations.values())):
            raise KeyboardInterrupt
    finally:
        close()


async def start_all(stations: Iterable[Station]) -> None:
    """Start every node; returns when all are ready."""
    await asyncio.gather(*(station.start() for station in stations))


async def _play_and_linger(
    conductor: Conductor, deliveries: list[Delivery], show: Show, linger: bool
) -> None:
    await conductor.run(deliveries, show)
    if linger:
        await asyncio.Event().wait()  # pages stay up until Ctrl-C


def _live(scenario: Scenario, pages: Mapping[Nation, str]) -> tuple[Show, Callable[[], None]]:
    live = Live(console=Console(stderr=True), auto_refresh=False, screen=False)
    live.start()

    def show(pictures: Mapping[Nation, Picture], speed: float, note: str) -> None:
        live.update(
            render(Stage(scenario.title, scenario.start_ns, speed, note, pages), pictures), refresh=True
        )

    return show, live.stop


def _progress(scenario: Scenario) -> tuple[Show, Callable[[], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    task = bar.add_task(scenario.name, total=scenario.duration_s, note="")
    bar.start()

    def show(pictures: Mapping[Nation, Picture], speed: float, note: str) -> None:
        now = max((picture.now_ns for picture in pictures.values()), default=scenario.start_ns)
        done = seconds_between(scenario.start_ns, now)
        bar.update(task, completed=done, note=note or f"T+{done:.0f} s x{speed:.0f}")

    return show, bar.stop


def _run(wish: Wish, scenario: Scenario, conductor: Conductor) -> Run:
    return Run(
        scenario=scenario.name,
        plane=Plane.EXERCISE,
        seed=wish.seed,
        sharing=wish.sharing,
        topology=wish.mode,
        speed=wish.speed,
        speed_reached=round(conductor.speed_reached, 2),
    )

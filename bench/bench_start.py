"""What a node's programs spend before they are of use: processor seconds and time, from exec to `ready`.

The node of a demo alone on loopback, its partners away; medians of RUNS (first argument, 5 by default) starts
on a folder that a first start has filled. `tocsin --help` is the command line by itself.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tocsin.demo.stage import free_ports
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.node.broker import make_broker
from tocsin.node.config import CONFIG_NAME, load_config
from tocsin.node.founding import Ports, found_demo

TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


class Start(NamedTuple):
    """One start: processor seconds of the program and its threads, and seconds by the clock."""

    cpu_s: float
    wall_s: float


def start(*words: str) -> Start:
    """Run a program until it says `ready` (or ends), and end it."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready"):
            break
    wall_s = time.perf_counter() - began
    cpu_s = _cpu_s(process.pid)
    process.kill()
    process.wait()
    return Start(cpu_s, wall_s)


def _cpu_s(pid: int) -> float:
    """Of a process that still runs, or waits for its parent."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


async def programs(root: Path, runs: int) -> None:
    """Print a line for each program."""
    spare = iter(free_ports(4 * len(Nation)))
    ports = {nation: Ports(*(next(spare) for _ in range(4))) for nation in Nation}
    found_demo(root, Instant(time.time_ns()), ports)
    config = load_config(root / Nation.KOR / CONFIG_NAME)
    broker = make_broker(config)
    await broker.start()
    try:
        for role in ("door", "hall"):
            words = (sys.executable, "-m", f"tocsin.node.{role}", config.source)
            await asyncio.to_thread(start, *words)
            tell(role, [await asyncio.to_thread(start, *words) for _ in range(runs)])
    finally:
        await broker.stop()


def tell(name: str, starts: list[Start]) -> None:
    """Medians."""
    cpu_s, wall_s = (statistics.median(part) for part in zip(*starts, strict=True))
    print(f"{name:14} {cpu_s:.2f} s of a processor, {wall_s:.2f} s by the clock")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    tell("tocsin --help", [start(f"{Path(sys.executable).parent}/tocsin", "--help") for _ in range(runs)])
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(programs(Path(folder), runs))


if __name__ == "__main__":
    main()

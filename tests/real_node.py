"""A REAL node of real processes over a flight of now: for the test that kills its hall, and for the bench."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from msgspec.structs import replace

from tocsin.commands.desk_client import DeskClient
from tocsin.demo.stage import free_ports
from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, to_datetime
from tocsin.node.config import load_config
from tocsin.node.founding import Ports, found_demo
from tocsin.sense.jsonl import encode_plot
from tocsin.sim.scenario import Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots

PASSPHRASE = "correct horse battery staple"
FLOWN_S = 200.0
"""Before the node starts: the object is in free flight, and Aomori is threatened."""
AUTHORITY = """nation = "JPN"
office = "desk"
[[offices]]
name = "desk"
areas = ["JP-*"]
"""


def flying_now() -> Scenario:
    """The flight of 4 October 2022, launched FLOWN_S ago, all sensors Japan's."""
    scenario = load("2022-10-04")
    launch = to_datetime(Instant(time.time_ns())) - timedelta(seconds=FLOWN_S)
    return replace(
        scenario,
        start_utc=launch - timedelta(seconds=30),
        flights=tuple(replace(flight, launch_utc=launch) for flight in scenario.flights),
        sensors=tuple(replace(sensor, nation=Nation.JPN, releasable_to=()) for sensor in scenario.sensors),
    )


def made_node(
    root: Path, scenario: Scenario, outlets: Sequence[Mapping[str, Any]] = ({"kind": "file"},)
) -> tuple[Path, int]:
    """A REAL node with two officers, an authority file and the scenario's sensors; its plots' port."""
    *spare, feed = free_ports(13)
    ports = {nation: Ports(*spare[4 * n : 4 * n + 4]) for n, nation in enumerate(Nation)}
    found_demo(root.parent, Instant(time.time_ns()), ports, plane=Plane.REAL)  # partners that never answer
    path = root / "node.toml"
    document = tomlkit.parse(path.read_text("utf-8"))
    document["page"]["name"] = "localhost"
    document["authority"] = "authority.toml"
    patience = dict.fromkeys(("sounder_s", "second_desk_s", "pager_s", "limit_s"), 900.0)
    document["desk"] = {"no_act": patience}
    document["outlet"] = [dict(one) for one in outlets]
    document["feeds"] = [{"kind": "tcp", "format": "jsonl", "port": feed}]
    document["sensors"] = [_table(sensor) for sensor in scenario.sensors_of(Nation.JPN, Plane.REAL)]
    path.write_text(tomlkit.dumps(document), "utf-8")
    (root / "authority.toml").write_text(AUTHORITY, "utf-8")
    secret = root / "passphrase"
    secret.write_text(PASSPHRASE, "utf-8")
    for name in ("sato", "ito"):
        said = tocsin("officer", "add", str(path), "--name", name, "--credential", f"{name}-1", root=root)
        assert said.returncode == 0, said.stderr
    return path, feed


def _table(sensor: Any) -> dict[str, Any]:
    rows = msgspec.to_builtins(sensor)
    keys = ("id", "kind", "errors", "place", "period_s", "silence_limit_s")
    return {key: _full(rows[key]) for key in keys if rows[key] is not None}


def _full(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def tocsin(*words: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tocsin.cli", *words, "--passphrase-file", str(root / "passphrase")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def desk(path: Path, who: str = "sato-1") -> DeskClient:
    return DeskClient(load_config(path), who, PASSPHRASE)


def drafts(path: Path) -> list[dict[str, Any]]:
    with desk(path) as client:
        return client.drafts()


def named(path: Path, name: str) -> dict[str, Any]:
    return next(row for row in drafts(path) if row["id"] == name)


def wait_for(path: Path, status: str, within_s: float) -> dict[str, Any]:
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        for row in drafts(path):
            if row["status"] == status:
                return row
        time.sleep(0.3)
    raise AssertionError(f"nothing is {status}")


@contextmanager
def running(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tocsin.cli", "node", str(path)]
    words = path.with_name("stderr")
    with words.open("w", encoding="utf-8") as stream:
        node = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True)
    try:
        assert node.stdout is not None
        assert node.stdout.readline().startswith("ready"), words.read_text("utf-8")
        yield node
    finally:
        node.send_signal(signal.SIGTERM)
        node.communicate(timeout=30)


def hall_of(node: subprocess.Popen[str]) -> int:
    """Process id of the node's own hall."""
    for child in Path(f"/proc/{node.pid}/task/{node.pid}/children").read_text("ascii").split():
        if "tocsin.node.hall" in Path(f"/proc/{child}/cmdline").read_text("utf-8"):
            return int(child)
    raise AssertionError("the node has no hall")


@contextmanager
def feeding(scenario: Scenario, port: int) -> Iterator[None]:
    """What the sensors have seen so far at once, and then what they see; the feed dials again when the hall
    is gone.
    """
    over = threading.Event()

    def feed() -> None:
        rows = plots(scenario, 1)
        while rows and not over.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5.0) as line:
                while rows and not over.wait(max(0.0, (rows[0].deliver_ns - time.time_ns()) / 1e9)):
                    line.sendall(encode_plot(rows[0].plot, Plane.REAL))
                    rows.pop(0)
            over.wait(0.1)

    sender = threading.Thread(target=feed, name="feed")
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def back_after_s(path: Path, within_s: float) -> float:
    """Seconds until the desk shows its drafts again."""
    begun = time.monotonic()
    while time.monotonic() < begun + within_s:
        with suppress(UserError):
            if drafts(path):
                return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError("the desk did not come back")

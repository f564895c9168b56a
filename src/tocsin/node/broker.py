"""The nation's nats-server as a child process: find it, start it, know that it is ready, stop it."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sysconfig
import urllib.request
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from tocsin.errors import TocsinError, UserError
from tocsin.node.broker_plan import make_plan
from tocsin.node.config import NodeConfig
from tocsin.node.keys import write_secret
from tocsin.node.orphan import end_with_parent
from tocsin.share.broker_config import render

OLDEST = (2, 14)
"""First nats-server with pre-made durable consumers for sourcing (its ADR-60)."""

READY_S = 10.0
"""A broker with a full store starts within a second on a slow disk; ten means that it hangs."""

STOP_S = 5.0
"""Time for a clean stop (JetStream flushes) before it is killed."""

LINK_S = 2.0
"""A first start waits so long for the partner links (re-dialled every second): JetStream asks for its sources
when the door makes the streams, and a source that is not there then is asked again only after five seconds.
Streams that stand in the store already are asked for by the broker itself, and wake when a link comes."""

POLL_S = 0.02

LONGEST_ANSWER = 80
"""Characters of a program's own words in our one line."""


class Leaf(Struct, frozen=True):
    """A live leaf connection as the broker reports it."""

    account: str
    remote: str
    rtt: str


def find_server() -> Path:
    """nats-server from $NATS_SERVER, this Python environment, or PATH; UserError when there is none, or
    it is another program or too old.
    """
    named = os.environ.get("NATS_SERVER")
    candidates = (
        [named] if named else [f"{sysconfig.get_path('scripts')}/nats-server", shutil.which("nats-server")]
    )
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            _check_version(candidate)
            return Path(candidate)
    where = (
        f"$NATS_SERVER is {named!r}, which is no program" if named else "not in this environment nor in PATH"
    )
    raise UserError(
        f"no nats-server ({where})", fix="run make setup, or set NATS_SERVER to nats-server >= 2.14"
    )


@cache
def _check_version(program: str) -> None:
    try:
        said = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=READY_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise UserError(
            f"{program} does not run ({failure})", fix="set NATS_SERVER to nats-server >= 2.14"
        ) from None
    first = (said.stdout.strip().splitlines() or ["nothing"])[0][:LONGEST_ANSWER]
    found = re.match(r"nats-server: v(\d+)\.(\d+)", first)
    if found is None:
        raise UserError(
            f"{program} is no nats-server (asked for its version it says {first!r})",
            fix="set NATS_SERVER to nats-server >= 2.14, or unset it and run make setup",
        )
    if (int(found[1]), int(found[2])) < OLDEST:
        raise UserError(
            f"{program} is too old ({first}; tocsin needs >= 2.14)",
            fix="run make setup, or set NATS_SERVER to a newer one",
        )


class Broker:
    """One broker process. `ports` are (host, port) pairs it will listen on, checked before the start; `links`
    is the number of partner links it should get."""

    def __init__(
        self, config: str, folder: Path, monitor_port: int, ports: tuple[tuple[str, int], ...], links: int = 0
    ) -> None:
        self._links = links
        self._config = config
        self._folder = folder
        self._monitor = f"http://127.0.0.1:{monitor_port}"
        self._ports = ports
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def fresh(self) -> bool:
        """True when its store holds no streams yet."""
        return not (self._folder / "store").exists()

    async def start(self) -> None:
        """Start and wait until it is ready; partners may be away. UserError for a busy port or a refused
        configuration."""
        program, fresh = find_server(), self.fresh
        for host, port in self._ports:
            check_free(host, port)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = self._folder / "nats.conf"
        write_secret(config, self._config.encode())
        with open(self._folder / "nats.err", "wb") as said:
            self._process = await asyncio.create_subprocess_exec(
                program,
                "-c",
                config,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                preexec_fn=end_with_parent,
                start_new_session=True,
            )
        await self._until_ready(self._process)
        if fresh:
            with suppress(TocsinError):
                await self.until_linked(LINK_S)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        deadline = asyncio.get_running_loop().time() + READY_S
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None:
                raise UserError(
                    f"the broker stopped at once: {self._last_words()}", fix=f"see {self._folder}"
                )
            if await self._ask("/healthz") == {"status": "ok"}:
                return
            await asyncio.sleep(POLL_S)
        await self.stop()
        raise TocsinError(f"the broker was not ready in {READY_S:.0f} s: {self._last_words()}")

    def _last_words(self) -> str:
        said = (self._folder / "nats.err").read_text(errors="replace").strip().splitlines()
        return said[-1] if said else "it said nothing"

    async def leaves(self) -> tuple[Leaf, ...]:
        """Live leaf connections; none when the broker does not answer."""
        said = await self._ask("/leafz")
        rows = said.get("leafs") or []
        return tuple(Leaf(row.get("account", ""), row.get("name", ""), row.get("rtt", "")) for row in rows)

    async def until_linked(self, timeout_s: float = READY_S) -> None:
        """Wait for the partner links; TocsinError when they do not all come."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while len(leaves := await self.leaves()) < self._links:
            if asyncio.get_running_loop().time() > deadline:
                raise TocsinError(f"only {len(leaves)} of {self._links} partner links came up")
            await asyncio.sleep(POLL_S)

    async def _ask(self, path: str) -> dict[str, Any]:
        return await asyncio.to_thread(_get_json, self._monitor + path)

    async def stop(self) -> None:
        """Stop cleanly; kill it when that takes longer than STOP_S. Nothing to do when it does not run."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def restart(self) -> None:
        """Stop and start again with the same configuration and store."""
        await self.stop()
        await self.start()

    async def wait(self) -> int:
        """Exit code, when it has ended."""
        if self._process is None:
            raise TocsinError("the broker was never started")
        return await self._process.wait()


def make_broker(config: NodeConfig) -> Broker:
    """The broker of this node, not yet started. Writes the authorities it believes beside its
    configuration."""
    broker = config.broker
    ports = [(broker.host, broker.port), ("127.0.0.1", broker.monitor_port)]
    plan = make_plan(config)
    if plan.leaf_listen is not None:
        ports.append((broker.leaf_host, broker.leaf_port))
    return Broker(render(plan), config.broker_dir, broker.monitor_port, tuple(ports), len(plan.links))


def check_free(host: str, port: int) -> None:
    """UserError when something listens on the port already, or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as failure:
            raise UserError(
                f"cannot listen on {host}:{port} ({failure.strerror})",
                fix="stop what uses the port, or give another in the node's configuration",
            ) from None


# Loopback is never asked through a proxy, whatever the environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _get_json(url: str) -> dict[str, Any]:
    try:
        with _OPENER.open(url, timeout=2.0) as answer:
            said: dict[str, Any] = json.load(answer)
            return said
    except (OSError, ValueError):
        return {}

"""Keeping a node's programs running: hall, door, broker. One that dies is started again; one that cannot
start because of a user's mistake (exit code 2) stops the node with its own words.

The only place where a failure of any kind is met with a restart. A program says that it is ready by a line on
stdout that begins with `ready`; what it says on stderr goes to its log file.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tocsin.errors import UserError
from tocsin.node.orphan import end_with_parent

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0
"""Pause before a restart, doubled after each death within the settling time: quick for one crash, calm in a
loop.
"""

SETTLED_S = 10.0
STOP_S = 8.0
"""Time that a program gets to finish its commit after SIGTERM before it is killed."""

USER_MISTAKE = 2

Say = Callable[[str], None]


class Program:
    """One supervised program. `start` returns when it is ready; it is then kept running until `stop`."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        say: Say | None = None,
    ) -> None:
        self.name, self.argv, self.log = name, list(argv), log
        self.restarts = 0
        self._env = {**os.environ, **(env or {})}
        self._say = say or (lambda line: print(line, file=sys.stderr, flush=True))
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id of the running instance, null between two."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process is not None else None

    async def start(self, within_s: float) -> None:
        """Start and wait for `ready`. UserError with the program's last words when it does not come up."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper of {self.name}")
        waiting = asyncio.create_task(self._ready.wait())
        try:
            done, _ = await asyncio.wait(
                {waiting, self._keeper}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()
        if self._keeper in done:
            self._keeper.result()
        if not self._ready.is_set():
            await self.stop()
            raise UserError(
                f"{self.name} was not ready within {within_s:.0f} s: {self.last_words()}",
                fix=f"read its log {self.log}",
            )

    async def failed(self) -> None:
        """Return (by raising) only when the program can never come up again: a user's mistake."""
        if self._keeper is not None:
            await self._keeper

    def kill(self, *, again: bool = True) -> None:
        """SIGKILL the running instance; it will be started again, unless not. For drills of failure."""
        self._stopping = self._stopping or not again
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after STOP_S. Returns when it is gone."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                self._say(f"{self.name}: no end within {STOP_S:.0f} s of SIGTERM, killed")
                process.kill()
                await process.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def last_words(self) -> str:
        """The last line of the log that says something."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return "no log"
        return lines[-1] if lines else "it said nothing"

    async def _keep(self) -> None:
        pause_s, loop = FIRST_PAUSE_S, asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await self._run_once()
            if self._over():
                return
            if code == USER_MISTAKE:
                raise UserError(f"{self.name}: {self.last_words()}", fix="mend that and start again")
            self.restarts += 1
            self._say(
                f"{self.name} ended (code {code}), starting it again in {pause_s:.1f} s: {self.last_words()}"
            )
            await asyncio.sleep(pause_s)
            settled = loop.time() - started > SETTLED_S
            pause_s = FIRST_PAUSE_S if settled else min(LONGEST_PAUSE_S, pause_s * 2)

    def _over(self) -> bool:
        return self._stopping

    async def _run_once(self) -> int:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._env,
                preexec_fn=end_with_parent,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone; it ends its programs in order
            )
            self._process = process
            if process.stdout is None:
                raise UserError(f"{self.name} has no stdout", fix="report this as a defect")
            async for line in process.stdout:
                if line.startswith(b"ready"):
                    self._ready.set()
                else:
                    log.write(line)
            return await process.wait()

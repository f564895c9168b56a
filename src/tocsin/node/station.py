"""One nation's node on one machine: broker, door and hall, started side by side and kept running."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tocsin.errors import UserError
from tocsin.node.broker import make_broker
from tocsin.node.config import NodeConfig
from tocsin.node.supervise import FIRST_PAUSE_S, LONGEST_PAUSE_S, Program

READY_WITHIN_S = 60.0
"""A hall that finds a long record runs it again before it is ready; a fresh one takes about two seconds."""


class Station:
    """The supervised programs of one node."""

    def __init__(self, config: NodeConfig, say: Callable[[str], None]) -> None:
        self.config = config
        self.broker = make_broker(config)
        self.broker_restarts = 0
        self._say = say
        self._keeper: asyncio.Task[None] | None = None
        self.door = self._program("door")
        self.hall = self._program("hall")

    def _program(self, role: str) -> Program:
        name = f"{self.config.nation} {role}"
        log = Path(self.config.root) / "log" / f"{role}.log"
        argv = (sys.executable, "-m", f"tocsin.node.{role}", self.config.source)
        return Program(name, argv, log, say=self._say)

    async def start(self) -> None:
        """Start all three; returns when they are ready. UserError names what could not start.

        Side by side: hall and door spend a second or two before they need the broker. Only a door that is to
        make the streams of a new store comes after it (node.broker.LINK_S).
        """
        fresh, broker_up = self.broker.fresh, asyncio.create_task(self._start_broker())
        jobs = [broker_up, asyncio.create_task(self.hall.start(READY_WITHIN_S))]
        jobs.append(asyncio.create_task(self._start_door(broker_up if fresh else None)))
        try:
            await asyncio.gather(*jobs)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def _start_broker(self) -> None:
        await self.broker.start()
        self._keeper = asyncio.create_task(self._keep_broker(), name=f"keeper of {self.config.nation} broker")

    async def _start_door(self, after: asyncio.Task[None] | None) -> None:
        if after is not None:
            await asyncio.wait({after})
            if self._keeper is None:
                return  # no broker: told by its own start
        await self.door.start(READY_WITHIN_S)

    async def run(self) -> None:
        """Keep running until one of them can never come up again (UserError)."""
        await asyncio.gather(self.door.failed(), self.hall.failed())

    async def stop(self) -> None:
        """Hall and door first, so that they can still say what they committed; the broker last."""
        await asyncio.gather(self.hall.stop(), self.door.stop())
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self.broker.stop()

    async def kill_broker(self) -> None:
        """SIGKILL the broker, as a crash would; it is started again by its keeper."""
        await self.broker.kill()

    async def power_off(self) -> None:
        """End everything at once and start nothing again, as when the power goes. For drills of failure."""
        if self._keeper is not None:
            self._keeper.cancel()
        for program in (self.hall, self.door):
            program.kill(again=False)
        await self.broker.kill()
        await self.stop()

    async def _keep_broker(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            code = await self.broker.wait()
            self.broker_restarts += 1
            self._say(
                f"{self.config.nation} broker ended (code {code}), starting it again in {pause_s:.1f} s"
            )
            await asyncio.sleep(pause_s)
            try:
                await self.broker.start()
                pause_s = FIRST_PAUSE_S
            except UserError as failure:
                self._say(f"{self.config.nation} broker: {failure}")
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

"""What hall and door have in common as processes: run until SIGTERM, one line for a user's mistake, exit
codes.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tocsin.errors import UserError
from tocsin.record.book import BookFullError

USER_MISTAKE = 2
RESTARTED = 1
"""The supervisor tries again after a while."""


def announce_ready(what: str) -> None:
    """The line that the supervisor waits for. What is there by now stays: a collection that looks through all
    of it stops a hall for a tenth of a second, and finds nothing."""
    gc.freeze()
    print(f"ready {what}", flush=True)


def stop_event() -> asyncio.Event:
    """Set by SIGTERM or SIGINT from now on; to be asked for before anything is started."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def unless(stop: asyncio.Event, *jobs: Coroutine[Any, Any, Any]) -> bool:
    """Run jobs until the first ends or `stop` is set, then cancel the rest; True when it was not stopped.

    What a job raises is raised here.
    """
    running = [asyncio.create_task(job) for job in jobs]
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({stopped, *running}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            task.result()
        return stopped not in done
    finally:
        for task in (stopped, *running):
            task.cancel()
        await asyncio.gather(stopped, *running, return_exceptions=True)


async def until_stopped(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run jobs that never end by themselves until SIGTERM or SIGINT."""
    await unless(stop_event(), *jobs)


def run_process(main: Callable[[list[str]], Awaitable[None]], full_code: int = USER_MISTAKE) -> None:
    """Entry point of a node's process. Exit code 2 and one line for what only a person can mend; `full_code`
    where the disk has no room left at all."""

    async def start() -> None:
        await main(sys.argv[1:])

    code = 0
    try:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(start())
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        code = USER_MISTAKE
    except BookFullError as full:
        print(f"error: {full}; free some space and start the node again", file=sys.stderr)
        code = full_code
    _leave(code)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where there is one: it does less work for a door under load. Null: Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _leave(code: int) -> None:
    """End at once. Books and sockets are closed; taking the compiler's modules apart costs seconds, and
    the supervisor's patience ends in SIGKILL.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

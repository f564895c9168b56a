"""When a door's next turn is due: what comes in a short pause shares one signature and one commit.

What is urgent waits for nobody, nor does flow that comes to an idle door. Turns that seal flow begin GATHER_S
apart, or further where they take long: on a machine that is full, fewer and larger batches bring everything
across sooner.
"""

import asyncio
import time
from contextlib import suppress

GATHER_S = 0.005
"""From one turn that seals flow to the next (EXCHANGE.md: micro-batches <= 5 ms or 50 records)."""

GATHER_TURNS = 1.0
"""The pause is at least so many times the last turn: sealing takes half of the door's time at most."""

LONGEST_GATHER_S = 0.02
"""However long a turn took: four times the usual pause, a fifth of a tick."""

GATHER_RECORDS = 50
"""Full: nothing is gained by waiting on."""


class Gathering:
    """One door's. `came` may be called from anywhere on the loop."""

    def __init__(self) -> None:
        self._wake, self._now = asyncio.Event(), asyncio.Event()
        self._records, self._due_s = 0, 0.0

    def came(self, records: int, *, urgent: bool) -> None:
        """So many records of flow, or something that is due at once."""
        self._records += records
        self._wake.set()
        if urgent or self._records >= GATHER_RECORDS:
            self._now.set()

    async def until_due(self, idle_s: float) -> None:
        """Until a turn is due, with or without news: `idle_s` at the most."""
        await _at_most(self._wake, idle_s)
        if self._wake.is_set():
            await _at_most(self._now, self._due_s - time.monotonic())
        self._wake.clear()
        self._now.clear()

    def taken(self) -> None:
        """A turn takes what has come."""
        self._records = 0

    def sealed(self, took_s: float) -> None:
        """A turn that sealed flow has ended, and took so long."""
        self._due_s = time.monotonic() + pause_s(took_s)


def pause_s(took_s: float) -> float:
    """After a turn that took so long."""
    return min(LONGEST_GATHER_S, max(GATHER_S - took_s, GATHER_TURNS * took_s))


async def _at_most(event: asyncio.Event, seconds: float) -> None:
    # Not asyncio.wait_for: in Python 3.11 it can swallow the cancellation that ends the process.
    if seconds > 0 and not event.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

"""The sounder, the second desk and the pager: commands of the nation's own, run when nobody acts on a draft.

A hook is a list of words, run without a shell, with the draft in its environment. It is bounded in time and
number, and whatever becomes of it, the desk goes on: its failure is said aloud.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from tocsin.model.time import to_iso
from tocsin.model.warning import Call, Draft
from tocsin.node.desk_config import HookEntries

HOOK_S = 10.0
"""A sounder that has not started by then has failed."""
MOST_AT_ONCE = 4
"""More drafts than this at once are one alarm to a person."""


class Hooks:
    """Runs the configured commands."""

    def __init__(self, entries: HookEntries) -> None:
        self._commands: dict[Call, Sequence[str]] = {
            Call.SOUNDER: entries.sounder,
            Call.SECOND_DESK: entries.second_desk,
            Call.PAGER: entries.pager,
            Call.ABORT_WINDOW: entries.sounder,
        }
        self._running: set[asyncio.Task[None]] = set()

    def call(self, call: Call, draft: Draft) -> None:
        """Start the hook for a call, in the background."""
        command = self._commands[call]
        if not command:
            return
        if len(self._running) >= MOST_AT_ONCE:
            _aloud(call, draft, f"{MOST_AT_ONCE} hooks run already")
            return
        task = asyncio.create_task(_run(command, call, draft), name=f"hook {call}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for the hooks that still run; each is bounded."""
        await asyncio.gather(*self._running)


async def _run(command: Sequence[str], call: Call, draft: Draft) -> None:
    environment = {**os.environ, **_told(call, draft)}
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, env=environment, start_new_session=True
        )
    except OSError as failure:
        _aloud(call, draft, f"{command[0]} did not start ({failure.strerror})")
        return
    try:
        async with asyncio.timeout(HOOK_S):
            code = await process.wait()
        if code != 0:
            _aloud(call, draft, f"{command[0]} ended with code {code}")
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        _aloud(call, draft, f"{command[0]} took longer than {HOOK_S:.0f} s and was ended")


def _told(call: Call, draft: Draft) -> dict[str, str]:
    """What a hook learns, as environment variables."""
    warning = draft.warning
    return {
        "TOCSIN_CALL": str(call),
        "TOCSIN_DRAFT": draft.id,
        "TOCSIN_NATION": str(warning.nation),
        "TOCSIN_PLANE": str(warning.plane),
        "TOCSIN_MESSAGE": str(warning.msg_type),
        "TOCSIN_AREAS": " ".join(row.area for row in warning.areas),
        "TOCSIN_OUTCOME": str(draft.outcome or ""),
        "TOCSIN_DEADLINE_UTC": "" if draft.deadline_ns is None else to_iso(draft.deadline_ns),
    }


def _aloud(call: Call, draft: Draft, what: str) -> None:
    print(f"HOOK FAILED {call} for {draft.id}: {what}", file=sys.stderr, flush=True)

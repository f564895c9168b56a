"""A command of the nation's own for each message: a siren, a relay on a GPIO pin, a pager, a radio gateway.

No shell: the configured words are run as they are, the message comes as one JSON object (GeoJSON, texts in
three languages) on standard input, its main facts in the environment. Exit code 0 = carried.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from tocsin.outlet.contract import Message, OutletError, Receipt

TIMEOUT_S: Final = 10.0
"""A relay closes in milliseconds, a modem dials in seconds; what takes longer hangs."""

MOST_SAID: Final = 200
"""Characters of what a failed command said that are told."""

_KEPT: Final = ("PATH", "HOME", "LANG", "SYSTEMROOT")
"""Of the hall's own environment nothing else is handed on."""


class CommandOutlet:
    """Runs `words` once for each message; the same message may come again after a failure."""

    def __init__(self, name: str, words: Sequence[str], timeout_s: float = TIMEOUT_S) -> None:
        self.name = name
        self._words, self._timeout_s = tuple(words), timeout_s

    async def carry(self, message: Message) -> Receipt:
        """See Outlet."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(message),
            )
        except OSError as failure:
            raise OutletError(f"{self._words[0]} cannot be run: {failure.strerror}") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                told = _tell(process.stdin, msgspec.json.encode(message.geojson))
                said, *_ = await asyncio.gather(_end_of(process.stderr), told, process.wait())
        except TimeoutError:
            raise OutletError(f"{self._words[0]} had not ended after {self._timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            text = said.decode("utf-8", "replace").strip()[-MOST_SAID:]
            raise OutletError(f"{self._words[0]} ended with {process.returncode}: {text!r}")
        return Receipt(f"{self._words[0]} 0")


async def _tell(stdin: asyncio.StreamWriter | None, data: bytes) -> None:
    """What a program does not read, it does not need: a siren may close its input, or end, at once. uvloop
    says RuntimeError where asyncio says that a pipe is broken; not caught, it ends the hall at every start.
    """
    if stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
        stdin.write(data)
        await stdin.drain()
    with suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
        stdin.close()


async def _end_of(stream: asyncio.StreamReader | None) -> bytes:
    """The last of what it said; a program that talks for ever fills nothing."""
    said = b""
    while stream is not None and (some := await stream.read(4_096)):
        said = (said + some)[-4 * MOST_SAID :]
    return said


def _environment(message: Message) -> dict[str, str]:
    warning = message.warning
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "TOCSIN_PLANE": str(warning.plane),
        "TOCSIN_MSGTYPE": str(warning.msg_type),
        "TOCSIN_CERTAINTY": str(warning.certainty),
        "TOCSIN_IDENTIFIER": message.name,
        "TOCSIN_AREAS": " ".join(row.area for row in warning.areas),
    }

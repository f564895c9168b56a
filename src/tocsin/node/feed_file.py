"""A followed file, by name like `tail -F`: a stream of lines or blocks that other programs append to."""

import asyncio
import os
from pathlib import Path

from tocsin.errors import UserError
from tocsin.node.inlet import READ_BYTES, Feed, Inlet, pour
from tocsin.sense.framing import Framer, framer

POLL_S = 0.2
"""How often the file is looked at."""


class FileReceiver:
    """Follows a file by name like `tail -F`: what is appended, also after it was rotated or cut.

    What stands in the file at the start is old and is passed over; a file that appears later is read whole.
    """

    def __init__(self, feed: Feed, inlet: Inlet, path: Path) -> None:
        self.address: tuple[str, int] | None = None
        self._feed = feed
        self._inlet = inlet
        self._path = path
        self._file: int | None = None
        self._cut: Framer = framer(feed.format)
        self._task: asyncio.Task[None] | None = None
        self._reading: asyncio.Future[bytes] | None = None

    @classmethod
    async def start(cls, feed: Feed, inlet: Inlet) -> "FileReceiver":
        """Begin at the file's end. UserError when the path cannot be followed."""
        receiver = cls(feed, inlet, _followable(feed))
        if receiver._open():
            os.lseek(receiver._descriptor(), 0, os.SEEK_END)
        receiver._task = asyncio.get_running_loop().create_task(receiver._follow())
        return receiver

    async def _follow(self) -> None:
        while True:
            await self._pour_new()
            if self._moved():
                await self._pour_new()  # what was written between our last read and the move
                await pour(self._inlet, self._feed.name, self._cut.end())
                self._reopen()
            await asyncio.sleep(POLL_S)

    async def _pour_new(self) -> None:
        # A thread reads (a network disk may hang); close() waits for it before it gives the descriptor back.
        loop = asyncio.get_running_loop()
        while True:
            self._reading = loop.run_in_executor(None, self._read)
            data = await asyncio.shield(self._reading)
            if not data:
                return
            await pour(self._inlet, self._feed.name, self._cut.feed(data))

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor(), READ_BYTES) if self._file is not None else b""
        except OSError as error:
            self._inlet.dropped[f"{self._feed.name} {error.strerror}"] += 1
            return b""

    def _reopen(self) -> None:
        self._cut = framer(self._feed.format)
        self._shut()
        self._open()

    def _moved(self) -> bool:
        """Has another file taken the name, or was this one cut?"""
        try:
            now = self._path.stat()
        except OSError:
            return False  # gone for the moment: the old file may still grow
        if self._file is None:
            return True
        mine = os.fstat(self._file)
        cut = mine.st_size < os.lseek(self._file, 0, os.SEEK_CUR)
        return cut or (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)

    def _open(self) -> bool:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._inlet.dropped[f"{self._feed.name} {error.strerror}"] += 1
            return False
        return True

    def _descriptor(self) -> int:
        if self._file is None:
            raise ValueError("no file is open")
        return self._file

    def _shut(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._reading is not None:
            await asyncio.wait((self._reading,))
        self._shut()


def _followable(feed: Feed) -> Path:
    if feed.path is None:
        raise UserError("a file feed has no path", fix='give path = "/where/the/sensor/writes"')
    path = Path(feed.path)
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is not a file", fix="give the path of one file to follow")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", fix="make it, or correct the feed's path")
    if path.exists() and not os.access(path, os.R_OK):
        raise UserError(f"{path} may not be read", fix="check its permissions")
    return path

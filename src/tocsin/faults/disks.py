"""Disks for the nodes to stand on: a small one that can be full, and one that forgets at a power cut.

Both are mounts, which only root can make. `why_not` says what is missing, in words for the table.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tocsin.errors import TocsinError
from tocsin.faults import volatile

SMALL_BYTES = 96 * 1024**2
"""Of a disk to be filled: a node's books and streams of a few minutes take a tenth of it."""

MOUNT_S = 10.0
POLL_S = 0.02


def sync_tree(root: Path) -> None:
    """What was founded is on the disk: an operator's files are older than any power cut."""
    for path in (root, *root.rglob("*")):
        if path.is_file() or path.is_dir():
            fd = os.open(path, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)


def unmount(point: Path) -> None:
    """Take away what is mounted, used or not."""
    if os.path.ismount(point):
        subprocess.run(["umount", "--lazy", str(point)], check=False)


class SmallDisk:
    """A tmpfs of SMALL_BYTES."""

    def __init__(self, point: Path) -> None:
        self.point = point
        self._ballast = point / "ballast"

    @staticmethod
    def why_not() -> str | None:
        """What is missing on this machine; null when nothing is."""
        if sys.platform != "linux" or os.geteuid() != 0:
            return "needs root on Linux, to mount a small disk"
        return None

    def mount(self) -> None:
        """Make it. TocsinError when the system refuses."""
        self.point.mkdir(parents=True, exist_ok=True)
        options = f"size={SMALL_BYTES}"
        _run("mount", "-t", "tmpfs", "-o", options, "tocsin-small", str(self.point))

    def fill(self) -> None:
        """Use up its last byte."""
        with open(self._ballast, "wb", buffering=0) as file:
            for size in (1024**2, 4_096, 1):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    def remove(self) -> None:
        """Take it away for good."""
        unmount(self.point)


class ForgetfulDisk:
    """A mounted tocsin.faults.volatile. `python`: of the environment that holds mfusepy."""

    def __init__(self, point: Path, python: Path) -> None:
        self.point = point
        self._python = python
        self._backing = point.with_name(f".{point.name}-backing")
        self._process: asyncio.subprocess.Process | None = None
        self._cuts = 0

    @staticmethod
    def why_not(python: Path | None) -> str | None:
        """What is missing on this machine; null when nothing is."""
        if sys.platform != "linux" or os.geteuid() != 0:
            return "needs root on Linux, to mount a disk that forgets"
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            return "needs /dev/fuse"
        if python is None or not python.exists():
            return "needs an environment with mfusepy (`make faults` makes it; or --fuse-python)"
        probe = [str(python), "-c", "import mfusepy"]
        if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            return "needs libfuse3 (Debian, Ubuntu: apt-get install fuse3)"
        return None

    async def mount(self) -> None:
        """Make it, or bring it back as it was last confirmed. TocsinError when the system refuses."""
        for path in (self.point, self._backing):
            path.mkdir(parents=True, exist_ok=True)
        self._cuts += 1
        how = "half" if self._cuts % 2 else "drop"
        self._process = await asyncio.create_subprocess_exec(
            self._python, volatile.__file__, self._backing, self.point, how, str(self._cuts)
        )
        give_up = time.monotonic() + MOUNT_S
        while not os.path.ismount(self.point):
            if self._process.returncode is not None or time.monotonic() > give_up:
                raise TocsinError("the disk that forgets could not be mounted: see above")
            await asyncio.sleep(POLL_S)

    async def cut(self) -> None:
        """The power goes. Whoever used the disk must be dead already."""
        if self._process is None:
            return
        give_up = time.monotonic() + MOUNT_S
        while os.path.ismount(self.point):
            done = await asyncio.to_thread(
                subprocess.run, ["umount", str(self.point)], capture_output=True, check=False
            )
            if done.returncode != 0 and time.monotonic() > give_up:
                raise TocsinError(f"the disk is still in use: {done.stderr.decode().strip()}")
            await asyncio.sleep(POLL_S)
        await asyncio.wait_for(self._process.wait(), MOUNT_S)

    def remove(self) -> None:
        """Take it away for good."""
        unmount(self.point)
        shutil.rmtree(self._backing, ignore_errors=True)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode != 0:
        raise TocsinError(f"{words[0]} refused: {done.stderr.decode().strip()}")

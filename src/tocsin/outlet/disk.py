"""Files that are there whole or not at all, and the disk's failures in words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.outlet.contract import OutletError


def write_whole(path: Path, data: bytes) -> None:
    """Write beside it, fsync, rename, fsync of the folder. OutletError when the disk does not take it."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A name survives a power cut only when its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """An OSError becomes an OutletError that names the file."""
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutletError(
                f"the disk is full: {path} was not written; free some space, it is still to be carried"
            ) from failure
        raise OutletError(f"{path} was not written: {failure.strerror}") from failure

"""Room on a disk that is kept for what is urgent: a file of no use, let go when everything else is full."""

import errno
import os
from pathlib import Path

RESERVE_BYTES = 32 * 1024**2
"""An urgent product takes about 5 kB of the book and its log for both partners, a refusal of flow about 200
bytes: three thousand of them beside half an hour of 50 refusals a second."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Reserve:
    """The file at `path`; it survives crashes and is filled again at every start."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path, self._size = path, size

    def fill(self) -> bool:
        """True when the room is kept now. OSError for anything but a full disk."""
        try:
            # To read too and not to append: the C library's stand-in, where a file system cannot allocate,
            # refuses any other descriptor (posix_fallocate(3), EBADF).
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _allocate(file, self._size)
            finally:
                os.close(file)
        except OSError as failure:
            if failure.errno not in NO_ROOM:
                raise
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Let it go; false when there was none."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True


def _allocate(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    if (missing := size - os.fstat(file).st_size) > 0:  # macOS has no such call
        os.write(file, bytes(missing))
    os.fsync(file)

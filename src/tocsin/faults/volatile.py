"""A disk that forgets: a FUSE file system whose writes are kept only once they were synchronised.

Runs by itself, in an environment that holds mfusepy (`make faults` makes it):

    python volatile.py BACKING MOUNTPOINT drop|half SEED

Unmounting it is the power cut: what no fsync (or O_SYNC, O_DSYNC write) has confirmed is undone, all of it
(`drop`) or each 4 KiB block by chance (`half`: written, not written, or torn at a 512-byte sector). Metadata
go as on a journalling file system: creations, renames and removals come back in order of their making, and
any fsync confirms all that were made before it. `half` keeps a random beginning of those that are open.
"""

import errno
import os
import random
import stat
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

BLOCK_BYTES = 4_096
SECTOR_BYTES = 512
TRASH = ".trash"
SYNC_FLAGS = os.O_SYNC | os.O_DSYNC


class Volatile(NamedTuple):
    """What a file was when it was last confirmed: its size, and the old content of blocks written since."""

    size: int
    blocks: dict[int, bytes]


class Disk:
    """Passes everything to the folder `backing`, and can take back what was not confirmed. Method by method
    what mfusepy asks for; failures are OSErrors."""

    use_ns = True

    def __init__(self, backing: str, half: bool, seed: int) -> None:
        self._root, self._half, self._dice = backing, half, random.Random(seed)
        self._dirty: dict[int, Volatile] = {}
        self._paths: dict[int, str] = {}
        self._undo: list[Callable[[], None]] = []
        self._sync: set[int] = set()
        self._discarded = 0
        os.makedirs(self._at(f"/{TRASH}"), exist_ok=True)

    # ---- the cut

    def destroy(self, _path: str) -> None:
        """The disk goes away: undo what was never confirmed."""
        for inode, volatile in self._dirty.items():
            if inode in self._paths and os.path.exists(self._paths[inode]):
                self._take_back(self._paths[inode], volatile)
        kept = self._dice.randint(0, len(self._undo)) if self._half else 0
        for undo in reversed(self._undo[kept:]):
            undo()

    def _take_back(self, path: str, old: Volatile) -> None:
        with open(path, "r+b") as file:
            now = os.fstat(file.fileno()).st_size
            end = old.size
            for index, content in sorted(old.blocks.items()):
                start = index * BLOCK_BYTES
                file.seek(start)
                new = file.read(BLOCK_BYTES)
                kept = self._surviving(content, new)
                if kept != content:
                    end = max(end, min(now, start + len(kept)))
                file.seek(start)
                file.write(kept.ljust(len(new), b"\0"))
            file.truncate(end)

    def _surviving(self, old: bytes, new: bytes) -> bytes:
        if not self._half:
            return old
        fate = self._dice.random()
        if fate < 1 / 3:
            return old
        if fate < 2 / 3:
            return new
        cut = SECTOR_BYTES * self._dice.randint(1, BLOCK_BYTES // SECTOR_BYTES - 1)
        return new[:cut] + old[cut:]

    # ---- what is confirmed

    def _confirm(self, fd: int) -> None:
        self._dirty.pop(os.fstat(fd).st_ino, None)
        self._confirm_names()

    def _confirm_names(self) -> None:
        self._undo.clear()

    def _before_write(self, path: str, fd: int, offset: int, size: int) -> None:
        found = os.fstat(fd)
        self._paths[found.st_ino] = self._at(path)
        old = self._dirty.setdefault(found.st_ino, Volatile(found.st_size, {}))
        for index in range(offset // BLOCK_BYTES, (offset + max(size, 1) - 1) // BLOCK_BYTES + 1):
            if index not in old.blocks:
                old.blocks[index] = os.pread(fd, BLOCK_BYTES, index * BLOCK_BYTES)

    def _before_truncate(self, path: str, length: int) -> None:
        fd = os.open(self._at(path), os.O_RDWR)
        try:
            size = os.fstat(fd).st_size
            self._before_write(path, fd, length, max(size - length, 1))
        finally:
            os.close(fd)

    def _put_away(self, path: str) -> Callable[[], None] | None:
        """Move what stands at `path` aside, to be brought back by the undo."""
        full = self._at(path)
        if not os.path.lexists(full):
            return None
        self._discarded += 1
        aside = self._at(f"/{TRASH}/{self._discarded}")
        os.rename(full, aside)
        inode = os.lstat(aside).st_ino
        self._paths[inode] = aside

        def bring_back() -> None:
            os.rename(aside, full)

        return bring_back

    # ---- names

    def _at(self, path: str) -> str:
        return self._root + path

    def access(self, path: str, amode: int) -> int:
        """See access(2)."""
        if not os.access(self._at(path), amode):
            raise PermissionError(errno.EACCES, path)
        return 0

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """See stat(2)."""
        found = os.fstat(fh) if fh is not None else os.lstat(self._at(path))
        keys = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid")
        times = ("st_atime", "st_mtime", "st_ctime")
        return {key: getattr(found, key) for key in keys} | {
            key: getattr(found, f"{key}_ns") for key in times
        }

    def readdir(self, path: str, _fh: int) -> list[str]:
        """See readdir(3)."""
        return [".", "..", *(name for name in os.listdir(self._at(path)) if name != TRASH)]

    def mkdir(self, path: str, mode: int) -> int:
        """See mkdir(2)."""
        os.mkdir(self._at(path), mode)
        self._undo.append(lambda: os.rmdir(self._at(path)))
        return 0

    def rmdir(self, path: str) -> int:
        """See rmdir(2)."""
        mode = stat.S_IMODE(os.stat(self._at(path)).st_mode)
        os.rmdir(self._at(path))
        self._undo.append(lambda: os.mkdir(self._at(path), mode))
        return 0

    def unlink(self, path: str) -> int:
        """See unlink(2)."""
        bring_back = self._put_away(path)
        if bring_back is None:
            raise FileNotFoundError(errno.ENOENT, path)
        self._undo.append(bring_back)
        return 0

    def rename(self, old: str, new: str, _flags: int = 0) -> int:
        """See rename(2)."""
        bring_back = self._put_away(new)
        os.rename(self._at(old), self._at(new))
        found = os.lstat(self._at(new))
        if found.st_ino in self._paths:
            self._paths[found.st_ino] = self._at(new)

        def undo() -> None:
            os.rename(self._at(new), self._at(old))
            if bring_back is not None:
                bring_back()

        self._undo.append(undo)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        """See chmod(2)."""
        os.chmod(self._at(path), mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        """See chown(2)."""
        os.chown(self._at(path), uid, gid)
        return 0

    def utimens(self, path: str, times: Any = None) -> int:
        """See utimensat(2)."""
        os.utime(self._at(path), ns=times) if times is not None else os.utime(self._at(path))
        return 0

    def statfs(self, path: str) -> dict[str, Any]:
        """See statvfs(3)."""
        found = os.statvfs(self._at(path))
        keys = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize")
        return {key: getattr(found, key) for key in (*keys, "f_namemax")}

    # ---- content

    def open(self, path: str, flags: int) -> int:
        """See open(2)."""
        if flags & os.O_TRUNC:
            self._before_truncate(path, 0)
        how = os.O_RDONLY if flags & os.O_ACCMODE == os.O_RDONLY else os.O_RDWR  # old content is read, too
        return self._opened(os.open(self._at(path), how | (flags & os.O_TRUNC)), flags)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        """See open(2) with O_CREAT."""
        fd = os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)
        full, inode = self._at(path), os.fstat(fd).st_ino
        self._paths[inode] = full

        def undo() -> None:
            if os.path.exists(full) and os.stat(full).st_ino == inode:
                os.unlink(full)

        self._undo.append(undo)
        return self._opened(fd, 0)

    def _opened(self, fd: int, flags: int) -> int:
        if flags & SYNC_FLAGS:
            self._sync.add(fd)
        return fd

    def read(self, _path: str, size: int, offset: int, fh: int) -> bytes:
        """See pread(2)."""
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        """See pwrite(2)."""
        if fh in self._sync:
            written = os.pwrite(fh, data, offset)
            self._confirm(fh)
            return written
        self._before_write(path, fh, offset, len(data))
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        """See truncate(2)."""
        self._before_truncate(path, length)
        os.truncate(self._at(path), length)
        return 0

    def fsync(self, _path: str, _datasync: int, fh: int) -> int:
        """See fsync(2)."""
        self._confirm(fh)
        return 0

    def fsyncdir(self, _path: str, _datasync: int, _fh: int) -> int:
        """See fsync(2) of a folder."""
        self._confirm_names()
        return 0

    def flush(self, _path: str, _fh: int) -> int:
        """Closing confirms nothing."""
        return 0

    def release(self, _path: str, fh: int) -> int:
        """See close(2)."""
        self._sync.discard(fh)
        os.close(fh)
        return 0


def main() -> None:
    """Mount until it is unmounted."""
    backing, mountpoint, mode, seed = sys.argv[1:]
    from mfusepy import FUSE, Operations  # here: tests use the disk without FUSE

    class Mounted(Disk, Operations):  # type: ignore[misc]  # untyped where it is not installed
        """With what FUSE asks for beyond the disk."""

    disk = Mounted(backing, mode == "half", int(seed))
    FUSE(disk, mountpoint, foreground=True, nothreads=True, fsname="volatile", default_permissions=True)


if __name__ == "__main__":
    main()

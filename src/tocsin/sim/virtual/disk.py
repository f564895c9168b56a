"""The disk under a node's two books: what a commit does there, and how it fails.

A commit is on the disk when it returns, whole or not at all: `synchronous=FULL` promises that, and the books
rely on it. `synchronous` off is a planted bug: what was committed since the last checkpoint is then lost in a
crash.
"""

from tocsin.errors import TocsinError
from tocsin.record.book import BookFullError


class DiskFailedError(TocsinError):
    """EIO: not retried, the process ends (tocsin.record.book)."""


class BrokenKeyError(TocsinError):
    """A row that breaks a unique index: the transaction is undone and the process ends."""


class Disk:
    """One node's disk. `full`, `failing` and `synchronous` are set by the world."""

    def __init__(self) -> None:
        self.full = False
        self.failing = False
        self.synchronous = True
        self.commits = 0

    def write(self) -> None:
        """What stands before every commit. BookFullError, DiskFailedError: nothing of it is on the disk."""
        if self.full:
            raise BookFullError("no space left on the simulated disk")
        if self.failing:
            self.failing = False
            raise DiskFailedError("the simulated disk failed; not retried, start again")
        self.commits += 1

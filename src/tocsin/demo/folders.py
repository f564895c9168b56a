"""The two folders of a run: the nodes' own, which is temporary, and that of the results. Neither is left
behind empty; the nodes' records outlive results that could not be written.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tocsin.demo.results import UnwrittenError, check_room
from tocsin.errors import TocsinError, UserError

FULL_BYTES = 16 * 1024 * 1024
"""Less than this left when a run breaks off: the disk is why. A book that is closed gives back some MB of
write-ahead log.
"""


@contextmanager
def out_folder(folder: Path) -> Iterator[None]:
    """Make the folder of the results. What this run made of it is removed again if nothing was put there."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        check_room(folder)
        yield
    finally:
        with suppress(OSError):  # the first that is not empty stays, and so do those above it
            for path in made:
                path.rmdir()


@contextmanager
def work_folder() -> Iterator[Path]:
    """The nodes' temporary folder. UserError that names it when it is kept because the results could not be
    written.
    """
    folder = _make()
    kept = False
    try:
        check_room(folder)
        yield folder
    except UnwrittenError as failure:
        kept = True
        what = f"{failure.args[0]}, the nodes' folder {folder} is kept"
        raise UserError(what, fix=failure.fix) from failure
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """A full disk breaks brokers, doors, halls and their logs in ways of their own: told as what it is, a
    UserError. To be asked before the nodes are stopped: closing their books gives some of the disk back.
    """
    try:
        yield
    except (OSError, TocsinError) as failure:
        free = shutil.disk_usage(folder).free
        if free >= FULL_BYTES:
            raise
        raise UserError(
            f"the run was stopped: the disk of {folder.parent}, where the nodes keep their books, is full",
            fix="free some space there, or set TMPDIR to a folder on another disk",
        ) from failure


def _make() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    except OSError as failure:
        raise UserError(
            f"no temporary folder can be made ({failure.strerror})", fix="set TMPDIR to a folder with space"
        ) from failure

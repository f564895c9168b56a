"""Opening a book (SQLite file) so that a commit means: it is on the disk, and nobody else writes here.

In here: what hall.sqlite and door.sqlite have in common: WAL, `synchronous=FULL`, one writer process, a
schema version, and foreign failures in tocsin's words. Not in here: what stands in a book.
An I/O error at a commit is never retried (the page cache may have lost what the disk refused): the process
stops and starts again from what is really there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from tocsin.errors import TocsinError, UserError

MIN_SQLITE = (3, 51, 3)
"""First SQLite without the WAL-reset corruption bug (sqlite.org/wal.html, "The WAL-reset bug")."""

BUSY_MS = 2_000
"""A reader's checkpoint may hold the file for a moment; a second writer is refused by its lock."""


class BookFullError(TocsinError):
    """The disk is full: new work is refused loudly, what was committed stays."""


class BookConnection(apsw.Connection):
    """A connection that holds the book's writer lock until it is closed or its process ends."""

    writer_lock: apsw.Connection | None = None

    def close(self, force: bool = False) -> None:
        """Close the book, then let go of the lock."""
        super().close(force)
        if self.writer_lock is not None:
            self.writer_lock.close(force)
            self.writer_lock = None


def open_book(path: Path, schema_sql: str, version: int) -> apsw.Connection:
    """Open or create the book at `path` for its one writer. The schema is applied to a new book only.

    UserError: SQLite too old, book held by another process, not a book, newer than this tocsin, no place or
    right to write. Older versions are refused too until there is a first migration to run.
    """
    check_sqlite(apsw.sqlite_lib_version())
    with book_errors(path):
        lock = _writer_lock(path)
        try:
            book = BookConnection(str(path))
        except apsw.Error:
            lock.close()
            raise
        book.writer_lock = lock
        try:
            _prepare(book, path, schema_sql, version)
        except (apsw.Error, TocsinError):
            book.close()
            raise
    return book


def open_reader(path: Path) -> apsw.Connection:
    """Open an existing book to read, beside its writer. UserError when there is none.

    A book without a write-ahead log beside it is at rest: it is read as it lies and nothing is left behind,
    so an archive on a read-only medium can be read too.
    """
    if not path.is_file():
        raise UserError(f"there is no record at {path}", fix="name an existing .sqlite file")
    with book_errors(path):
        at_rest = "" if path.with_name(path.name + "-wal").exists() else "?immutable=1"
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        reader = apsw.Connection(path.absolute().as_uri() + at_rest, flags=flags)
        reader.set_busy_timeout(BUSY_MS)
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    return reader


@contextmanager
def transaction(book: apsw.Connection) -> Iterator[None]:
    """One transaction: on disk when the block ends, undone when it raises. Many rows in one: group commit."""
    with book_errors(book.filename):
        book.execute("BEGIN IMMEDIATE")
        try:
            yield
            book.execute("COMMIT")
        finally:
            if book.in_transaction:
                book.execute("ROLLBACK")


@contextmanager
def book_errors(path: Path | str) -> Iterator[None]:
    """SQLite's failures in tocsin's words."""
    try:
        yield
    except apsw.FullError as error:
        raise BookFullError(f"no space left on the disk of {path}; free some and start again") from error
    except apsw.BusyError as error:
        raise UserError(
            f"{path} is in use by another process", fix="stop the other node, or give this one its own folder"
        ) from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise UserError(
            f"{path} is not a sound book: {error}", fix="restore it, or name another file"
        ) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise UserError(
            f"{path} cannot be opened for writing: {error}", fix="check that its folder exists and is yours"
        ) from error
    except apsw.IOError as error:
        raise TocsinError(f"the disk failed at {path}: {error}; not retried, start again") from error


def check_sqlite(lib_version: str) -> None:
    """UserError when the SQLite library is older than MIN_SQLITE."""
    if tuple(int(part) for part in lib_version.split(".")) < MIN_SQLITE:
        wanted = ".".join(map(str, MIN_SQLITE))
        raise UserError(
            f"SQLite {lib_version} can corrupt a write-ahead log, {wanted} or newer is needed",
            fix="run `make setup` (its apsw brings its own SQLite)",
        )


def _writer_lock(path: Path) -> apsw.Connection:
    """An exclusive transaction on a file beside the book, never committed: it ends with the process."""
    lock = apsw.Connection(f"{path}.lock")
    try:
        lock.set_busy_timeout(0)
        lock.execute("PRAGMA journal_mode=MEMORY")
        lock.execute("BEGIN EXCLUSIVE")
    except apsw.Error:
        lock.close()
        raise
    return lock


def _prepare(book: apsw.Connection, path: Path, schema_sql: str, version: int) -> None:
    book.set_busy_timeout(BUSY_MS)
    mode = book.pragma("journal_mode", "wal")
    if mode != "wal":
        raise UserError(f"{path} cannot keep a write-ahead log here", fix="use a folder on a local disk")
    book.pragma("synchronous", "FULL")
    found = book.pragma("user_version")
    if found == version:
        return
    if found != 0:
        word, fix = ("newer", "use the tocsin that wrote it, or a newer one")
        if found < version:
            word, fix = ("older", "keep it, and give this node a new folder")
        raise UserError(f"{path} is of a {word} form ({found}, this tocsin writes {version})", fix=fix)
    with transaction(book):
        book.execute(schema_sql)
        book.pragma("user_version", version)

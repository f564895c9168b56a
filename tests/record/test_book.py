"""A commit is on the disk, one process writes, and every failure is one clear line."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from tocsin.errors import TocsinError, UserError
from tocsin.record.book import BookFullError, check_sqlite, open_book, open_reader, transaction

SCHEMA = "CREATE TABLE row (n INTEGER PRIMARY KEY, text TEXT); CREATE INDEX by_text ON row(text);"


def numbers(book: apsw.Connection) -> list[int]:
    return [n for (n,) in book.execute("SELECT n FROM row ORDER BY n")]


def test_book_is_wal_and_full(tmp_path: Path) -> None:
    book = open_book(tmp_path / "b.sqlite", SCHEMA, 1)
    assert book.pragma("journal_mode") == "wal"
    assert book.pragma("synchronous") == 2  # FULL (sqlite.org/pragma.html#pragma_synchronous)
    assert book.pragma("user_version") == 1
    book.close()


def test_rows_survive_reopening_and_a_failed_block_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    book = open_book(path, SCHEMA, 1)
    with transaction(book):
        book.execute("INSERT INTO row VALUES (1, 'a')")
    with pytest.raises(apsw.ConstraintError), transaction(book):
        book.executemany("INSERT INTO row VALUES (?, 'b')", [(2,), (1,)])
    assert numbers(book) == [1]
    book.close()
    again = open_book(path, SCHEMA, 1)
    assert numbers(again) == [1]
    again.close()


def test_rows_survive_kill(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    code = (
        "import os, signal; from pathlib import Path; from tocsin.record.book import open_book, transaction\n"
        f"book = open_book(Path({str(path)!r}), {SCHEMA!r}, 1)\n"
        "for n in range(5):\n"
        "    with transaction(book): book.execute('INSERT INTO row VALUES (?, ?)', (n, 'x'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)
    assert done.returncode == -9
    book = open_book(path, SCHEMA, 1)  # the killed writer's lock is gone with it
    assert numbers(book) == [0, 1, 2, 3, 4]
    book.close()


def test_second_writer_in_another_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    book = open_book(path, SCHEMA, 1)
    code = (
        "import sys; from pathlib import Path; from tocsin.record.book import open_book\n"
        "from tocsin.errors import UserError\n"
        f"try: open_book(Path({str(path)!r}), {SCHEMA!r}, 1)\n"
        "except UserError as error: print(error); sys.exit(2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert "in use by another process" in done.stdout
    with transaction(book):
        book.execute("INSERT INTO row VALUES (1, 'still mine')")
    book.close()


def test_second_writer_in_this_process_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    book = open_book(path, SCHEMA, 1)
    with pytest.raises(UserError, match="in use"):
        open_book(path, SCHEMA, 1)
    book.close()
    open_book(path, SCHEMA, 1).close()


def test_reader_beside_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    book = open_book(path, SCHEMA, 1)
    with transaction(book):
        book.execute("INSERT INTO row VALUES (7, 'a')")
    reader = open_reader(path)
    assert numbers(reader) == [7]
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("INSERT INTO row VALUES (8, 'b')")
    reader.close()
    book.close()
    with pytest.raises(UserError, match="no record"):
        open_reader(tmp_path / "none.sqlite")


@pytest.mark.parametrize(("found", "word"), [(3, "newer"), (1, "older")])
def test_other_versions_are_refused(tmp_path: Path, found: int, word: str) -> None:
    path = tmp_path / "b.sqlite"
    open_book(path, SCHEMA, found).close()
    with pytest.raises(UserError, match=word):
        open_book(path, SCHEMA, 2)
    open_book(path, SCHEMA, found).close()  # the refusal let go of the lock


def test_old_sqlite_is_refused() -> None:
    check_sqlite("3.51.3")
    check_sqlite("3.54.1")
    for old in ("3.51.2", "3.40.1", "3.51.0"):
        with pytest.raises(UserError, match=r"3\.51\.3"):
            check_sqlite(old)


def test_no_folder_and_no_database(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened"):
        open_book(tmp_path / "none" / "b.sqlite", SCHEMA, 1)
    path = tmp_path / "b.sqlite"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(UserError, match="not a sound book"):
        open_book(path, SCHEMA, 1)


def test_full_disk_says_so_and_keeps_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    book = open_book(path, SCHEMA, 1)
    with transaction(book):
        book.execute("INSERT INTO row VALUES (1, 'a')")
    book.pragma("max_page_count", book.pragma("page_count"))  # SQLite's own full disk: SQLITE_FULL
    with pytest.raises(BookFullError, match="no space left") as caught, transaction(book):
        book.executemany("INSERT INTO row VALUES (?, ?)", ((n, "x" * 1000) for n in range(2, 100)))
    assert isinstance(caught.value, TocsinError)
    assert numbers(book) == [1]
    book.close()

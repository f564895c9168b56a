"""The disk that forgets, without FUSE: what it takes back and what it keeps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tocsin.faults.volatile import BLOCK_BYTES, Disk


class Power:
    """A disk over a folder; `cut` is the end of the power."""

    def __init__(self, root: Path, *, half: bool = False, seed: int = 1) -> None:
        self.root = root
        self.disk = Disk(str(root), half, seed)

    def write(self, name: str, data: bytes, offset: int = 0, *, sync: bool = False) -> None:
        path = f"/{name}"
        there = (self.root / name).exists()
        fd = self.disk.open(path, os.O_RDWR) if there else self.disk.create(path, 0o600)
        self.disk.write(path, data, offset, fd)
        if sync:
            self.disk.fsync(path, 0, fd)
        self.disk.release(path, fd)

    def cut(self) -> None:
        self.disk.destroy("/")


@pytest.fixture
def power(tmp_path: Path) -> Power:
    return Power(tmp_path)


def test_what_was_synchronised_stays_and_the_rest_goes(tmp_path: Path, power: Power) -> None:
    power.write("a", b"kept", sync=True)
    power.write("a", b"LOST", 2)
    power.write("b", b"never")
    power.cut()
    assert (tmp_path / "a").read_bytes() == b"kept"
    assert not (tmp_path / "b").exists()


def test_a_write_opened_for_synchronous_writing_stays(tmp_path: Path, power: Power) -> None:
    power.write("a", b"", sync=True)
    fd = power.disk.open("/a", os.O_RDWR | os.O_DSYNC)
    power.disk.write("/a", b"kept", 0, fd)
    power.cut()
    assert (tmp_path / "a").read_bytes() == b"kept"


def test_any_synchronisation_confirms_the_names_before_it_but_not_their_content(
    tmp_path: Path, power: Power
) -> None:
    power.write("a", b"content")
    power.write("b", b"x", sync=True)
    power.cut()
    assert (tmp_path / "a").read_bytes() == b""


def test_removals_and_renames_come_back_in_order(tmp_path: Path, power: Power) -> None:
    power.write("a", b"old a", sync=True)
    power.write("b", b"old b", sync=True)
    power.disk.rename("/a", "/b")
    power.disk.unlink("/b")
    power.cut()
    assert (tmp_path / "a").read_bytes() == b"old a"
    assert (tmp_path / "b").read_bytes() == b"old b"


def test_a_truncation_comes_back(tmp_path: Path, power: Power) -> None:
    data = bytes(range(256)) * 64
    power.write("a", data, sync=True)
    power.disk.truncate("/a", 100)
    power.cut()
    assert (tmp_path / "a").read_bytes() == data


def test_half_kept_blocks_are_old_new_or_torn_and_never_anything_else(tmp_path: Path) -> None:
    fates = set()
    for seed in range(30):
        root = tmp_path / str(seed)
        root.mkdir()
        power = Power(root, half=True, seed=seed)
        power.write("a", b"o" * BLOCK_BYTES, sync=True)
        power.write("a", b"n" * BLOCK_BYTES)
        power.cut()
        left = (root / "a").read_bytes()
        new = left.count(b"n")
        assert left == b"n" * new + b"o" * (BLOCK_BYTES - new)
        fates.add("old" if new == 0 else "new" if new == BLOCK_BYTES else "torn")
    assert fates == {"old", "new", "torn"}


def test_a_file_opened_for_writing_alone_can_be_taken_back(tmp_path: Path, power: Power) -> None:
    power.write("a", b"old", sync=True)
    fd = power.disk.open("/a", os.O_WRONLY | os.O_TRUNC)
    power.disk.write("/a", b"new", 0, fd)
    power.cut()
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_opened_to_be_written_anew_begins_empty(tmp_path: Path, power: Power) -> None:
    power.write("a", b"a long first text", sync=True)
    fd = power.disk.open("/a", os.O_WRONLY | os.O_TRUNC)
    power.disk.write("/a", b"short", 0, fd)
    assert (tmp_path / "a").read_bytes() == b"short"
    power.cut()
    assert (tmp_path / "a").read_bytes() == b"a long first text"

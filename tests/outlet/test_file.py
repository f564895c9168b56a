"""The file outlet on a real disk: whole or not at all, once, of its own plane only."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from shapely.geometry import box
from warn_worlds import NAMES, warning

from tocsin.errors import UserError
from tocsin.model.label import Plane, PlaneMixError
from tocsin.outlet.file import FileOutlet, OutletError
from tocsin.warn.cap import check

SHAPES = {"JP-02": box(139.5, 40.2, 141.7, 41.5)}


def outlet(folder: Path, plane: Plane = Plane.EXERCISE, authority: Path | None = None) -> FileOutlet:
    return FileOutlet(folder, plane, SHAPES, NAMES, authority)


def test_a_message_becomes_one_file_with_a_receipt(tmp_path: Path) -> None:
    receipt = outlet(tmp_path).carry(warning())
    assert receipt.path == tmp_path / "cap" / "JPN-EXERCISE-20221003T222430Z-1-1.xml"
    data = receipt.path.read_bytes()
    assert check(data, Plane.EXERCISE) == ()
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert [p.name for p in receipt.path.parent.iterdir()] == [receipt.path.name]


def test_again_is_the_same_and_another_text_is_refused(tmp_path: Path) -> None:
    first = outlet(tmp_path).carry(warning())
    stamp = first.path.stat().st_mtime_ns
    again = outlet(tmp_path).carry(warning())
    assert again == replace(first, repeated=True)
    assert first.path.stat().st_mtime_ns == stamp
    with pytest.raises(OutletError, match="holds another text"):
        outlet(tmp_path).carry(warning(objects=2))
    assert first.path.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("mine", Plane)
@pytest.mark.parametrize("its", Plane)
def test_no_plane_carries_anothers(tmp_path: Path, mine: Plane, its: Plane) -> None:
    authority = tmp_path / "authority.txt"
    authority.write_text("office of civil protection")
    desk = outlet(tmp_path / "out", mine, authority)
    if mine is its:
        assert desk.carry(warning(plane=its)).path.exists()
        return
    with pytest.raises(PlaneMixError):
        desk.carry(warning(plane=its))
    assert not (tmp_path / "out").exists()


def test_real_is_shut_without_authority(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for authority, said in ((None, "is shut"), (tmp_path / "none", "cannot be read"), (empty, "is empty")):
        with pytest.raises(UserError, match=said):
            outlet(tmp_path, Plane.REAL, authority)


@pytest.mark.parametrize("bad", ["../x", "a/b", ".hidden", "a b", "x" * 200, "a\n"])
def test_an_id_cannot_leave_the_folder(tmp_path: Path, bad: str) -> None:
    with pytest.raises(OutletError, match="cannot be a file's name"):
        outlet(tmp_path).carry(warning(id=bad))
    assert list(tmp_path.iterdir()) == []


def test_a_message_that_breaks_the_rules_is_not_written(tmp_path: Path) -> None:
    late = warning()
    with pytest.raises(OutletError, match="expires is not after sent"):
        outlet(tmp_path).carry(replace(late, expires_ns=late.sent_ns))
    with pytest.raises(OutletError, match="no shape for the area JP-01"):
        outlet(tmp_path).carry(warning(areas=[replace(late.areas[0], area="JP-01")]))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "cap").write_text("a file where the folder should be")
    with pytest.raises(OutletError, match="was not written: "):
        outlet(tmp_path).carry(warning())


FULL = """
import sys
from pathlib import Path
from tocsin.outlet.file import OutletError
sys.path[:0] = [{tests!r}, {here!r}]
from test_file import outlet
from warn_worlds import warning
try:
    outlet(Path({folder!r})).carry(warning())
except OutletError as error:
    print(error)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    """/dev/full refuses every byte as a full disk does: the half-written name is a link to it."""
    folder = tmp_path / "cap"
    folder.mkdir()
    (folder / "JPN-EXERCISE-20221003T222430Z-1-1.part").symlink_to("/dev/full")
    with pytest.raises(OutletError, match="the disk is full") as caught:
        outlet(tmp_path).carry(warning())
    assert "\n" not in str(caught.value)
    assert list(folder.iterdir()) == []
    assert outlet(tmp_path).carry(warning()).path.exists()


def test_a_cut_write_leaves_no_message(tmp_path: Path) -> None:
    """A limit on the size of files stops the write in its middle, in a process of its own."""
    here = Path(__file__).parent
    code = FULL.format(tests=str(here.parent), here=str(here), folder=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert "was not written: File too large" in done.stdout
    assert list((tmp_path / "cap").iterdir()) == []

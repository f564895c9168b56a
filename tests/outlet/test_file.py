"""The file outlet on a real disk: whole or not at all, once."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from outlet_messages import message

from tocsin.model.label import Plane
from tocsin.outlet.contract import Message, OutletError, OutletRefusedError, Receipt
from tocsin.outlet.file import FileOutlet
from tocsin.warn.cap import check

NAME = "JPN-EXERCISE-20221003T222430Z-1-1"


def carry(folder: Path, one: Message) -> Receipt:
    return asyncio.run(FileOutlet("file", folder).carry(one))


def test_a_message_becomes_one_file_with_a_receipt(tmp_path: Path) -> None:
    one = message()
    assert carry(tmp_path, one) == Receipt(f"{NAME}.xml")
    path = tmp_path / "cap" / f"{NAME}.xml"
    assert path.read_bytes() == one.xml
    assert check(one.xml, Plane.EXERCISE) == ()
    assert one.sha256 == hashlib.sha256(one.xml).hexdigest()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_again_is_the_same_and_another_text_is_refused(tmp_path: Path) -> None:
    carry(tmp_path, message())
    path = tmp_path / "cap" / f"{NAME}.xml"
    stamp = path.stat().st_mtime_ns
    assert carry(tmp_path, message()) == Receipt(path.name, repeated=True)
    with pytest.raises(OutletRefusedError, match="holds another text"):
        carry(tmp_path, message(objects=2))
    assert path.stat().st_mtime_ns == stamp


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "cap").write_text("a file where the folder should be")
    with pytest.raises(OutletError, match="was not written: "):
        carry(tmp_path, message())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this machine")
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    """/dev/full refuses every byte as a full disk does: the half-written name is a link to it."""
    folder = tmp_path / "cap"
    folder.mkdir()
    (folder / f"{NAME}.part").symlink_to("/dev/full")
    with pytest.raises(OutletError, match="the disk is full") as caught:
        carry(tmp_path, message())
    assert "\n" not in str(caught.value)
    assert list(folder.iterdir()) == []
    carry(tmp_path, message())
    assert (folder / f"{NAME}.xml").exists()


CUT = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {here!r}]
from test_file import carry, message
from tocsin.outlet.contract import OutletError
try:
    carry(Path({folder!r}), message())
except OutletError as error:
    print(error)
"""


def test_a_cut_write_leaves_no_message(tmp_path: Path) -> None:
    """A limit on the size of files stops the write in its middle, in a process of its own."""
    here = Path(__file__).parent
    code = CUT.format(tests=str(here.parent), here=str(here), folder=str(tmp_path))
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

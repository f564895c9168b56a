"""Folders of a run: nothing empty is left behind, and records outlive results that could not be written."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tocsin.demo.folders import full_disk_told, out_folder, work_folder
from tocsin.demo.results import UnwrittenError, leave_results
from tocsin.demo.stage import Setting, set_stage
from tocsin.demo.summary import Run
from tocsin.errors import TocsinError, UserError
from tocsin.model.label import Plane
from tocsin.share.topology import Mode, Topology
from tocsin.sim.scenario_file import load


class Usage(NamedTuple):
    """What shutil.disk_usage says."""

    total: int
    used: int
    free: int


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the nodes' folder is made in."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_refused_run_leaves_no_folder(tmp_path: Path) -> None:
    def refused() -> None:
        with out_folder(tmp_path / "a" / "b" / "out"):
            assert (tmp_path / "a" / "b" / "out").is_dir()
            raise UserError("no nats-server", fix="run make setup")

    with pytest.raises(UserError):
        refused()
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError), out_folder(tmp_path / "a" / "out"):
        raise UserError("no nats-server", fix="run make setup")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    with out_folder(tmp_path / "a"):
        pass
    assert (tmp_path / "a").is_dir()


def test_what_was_put_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "a" / "out" / "summary.json"

    def broken_off() -> None:
        with out_folder(file.parent):
            file.touch()
            raise UserError("the disk is full", fix="free some space")

    with pytest.raises(UserError):
        broken_off()
    assert file.is_file()


@pytest.mark.parametrize(
    "failure", [None, UserError("a", fix="b"), OSError(5, "c"), KeyboardInterrupt(), TocsinError("d")]
)
def test_the_nodes_folder_is_removed(temporary: Path, failure: BaseException | None) -> None:
    def run() -> None:
        with work_folder() as folder:
            (folder / "USA").mkdir()
            (folder / "USA" / "hall.sqlite").touch()
            if failure is not None:
                raise failure

    if failure is None:
        run()
    else:
        with pytest.raises(type(failure)) as raised:
            run()
        assert raised.value is failure
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "failure", [UserError("a hall went away", fix="read its log"), OSError(28, "No space left on device")]
)
def test_a_disk_that_fills_up_is_named(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def filled() -> None:
        with work_folder() as folder, full_disk_told(folder):
            monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 0))
            raise failure

    with pytest.raises(UserError, match="is full") as told:
        filled()
    assert str(temporary) in str(told.value)
    assert "TMPDIR" in told.value.fix
    assert list(temporary.iterdir()) == []


def test_another_failure_is_not_laid_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a hall went away"), full_disk_told(tmp_path):
        raise UserError("a hall went away", fix="read its log")


def test_a_disk_that_is_full_at_the_start_is_named_too(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10**6))
    with pytest.raises(UserError, match="a run needs"), work_folder():
        pytest.fail("it was let in")
    with pytest.raises(UserError, match="a run needs"), out_folder(tmp_path / "out"):
        pytest.fail("it was let in")
    assert list(tmp_path.iterdir()) == [temporary]
    assert list(temporary.iterdir()) == []


def test_results_that_cannot_be_written_leave_the_nodes_folder(temporary: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "records").touch()  # where a folder should be
    scenario = load("quiet")
    run = Run(scenario.name, Plane.EXERCISE, 1, True, Mode.HUB, 60.0, 60.0)

    def unwritten() -> None:
        with work_folder() as folder:
            sites, _ = set_stage(folder, Setting(scenario, Topology(Mode.HUB), True, False, 60.0))
            leave_results(out, run, scenario, sites, {})

    with pytest.raises(UserError) as told:
        unwritten()
    assert not isinstance(told.value, UnwrittenError)
    assert f"cannot write the results to {out} (File exists)" in str(told.value)
    (kept,) = temporary.iterdir()
    assert str(kept) in str(told.value)
    assert (kept / "USA" / "hall.sqlite").is_file()

"""The compile at installation: compiles all that flight calls, throws away what a change made stale."""

import ast
import os
from pathlib import Path

import pytest

from tocsin.earth import flight, kernels, warm


def aged(file: Path, age_s: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    os.utime(file, (1_000_000 - age_s, 1_000_000 - age_s))
    return file


def test_code_older_than_any_source_is_dropped(tmp_path: Path) -> None:
    aged(tmp_path / "track" / "changed.py", 10)
    index = aged(tmp_path / "track" / "__pycache__" / "a.nbi", 20)
    code = aged(tmp_path / "track" / "__pycache__" / "a.1.nbc", 5)
    other = aged(tmp_path / "track" / "__pycache__" / "a.pyc", 20)
    assert warm.drop_stale(tmp_path) == 2
    assert not index.exists()
    assert not code.exists()
    assert other.exists()


def test_code_younger_than_every_source_stays(tmp_path: Path) -> None:
    aged(tmp_path / "earth" / "a.py", 10)
    aged(tmp_path / "track" / "a.py", 20)
    index = aged(tmp_path / "track" / "__pycache__" / "a.nbi", 5)
    assert warm.drop_stale(tmp_path) == 0
    assert index.exists()


def test_other_rooms_code_goes_when_the_physics_in_it_changed(tmp_path: Path) -> None:
    aged(tmp_path / "earth" / "gravity.py", 10)
    aged(tmp_path / "track" / "a.py", 30)
    index = aged(tmp_path / "track" / "__pycache__" / "a.nbi", 20)
    assert warm.drop_stale(tmp_path) == 1
    assert not index.exists()


def test_warming_calls_every_kernel_that_flight_calls_and_says_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert warm.main() == 0
    assert capsys.readouterr().out.count("\n") == 1
    called = {name for name in flight_names() if hasattr(getattr(kernels, name), "signatures")}
    assert {"propagate_block", "propagate_times", "fall_block"} <= called
    # One signature each: a second one would be compiled in the midst of an alarm.
    assert {name: len(getattr(kernels, name).signatures) for name in called} == dict.fromkeys(called, 1)


def flight_names() -> set[str]:
    """What `flight` takes from `kernels`."""
    tree = ast.parse(Path(flight.__file__).read_text(encoding="utf-8"))
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {
        node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "kernels"
    }

"""`tocsin warn lint | check` as a user meets them: what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shapely.geometry import box
from typer.testing import CliRunner
from warn_worlds import NAMES, warning

from tocsin.commands.warn import app
from tocsin.errors import UserError
from tocsin.warn.cap import to_cap

XML = to_cap(warning(), {"JP-02": box(139.5, 40.2, 141.7, 41.5)}, NAMES)


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.xml"
    path.write_bytes(XML)
    return path


def test_our_own_message_is_good(good: Path) -> None:
    assert run("lint", good) == (0, f"{good}: good\n")
    assert run("check", good, "--plane", "exercise") == (0, f"{good}: good\n")


def test_faults_are_named_one_a_line_and_exit_is_1(good: Path) -> None:
    assert run("check", good, "--plane", "REAL") == (1, f"{good}: status Exercise in the REAL plane\n")
    good.write_bytes(XML.replace(b"This is an exercise.", b"This is not a drill."))
    code, out = run("lint", good)
    assert (code, out) == (1, f"{good}: en: description: denies being a drill: notadrill\n")


def test_json_is_one_object(good: Path) -> None:
    code, out = run("lint", good, "--json")
    assert (code, json.loads(out)) == (0, {"file": str(good), "good": True, "faults": []})


def test_plain_text_needs_a_plane(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("訓練 訓練 訓練 これは訓練ではありません 訓練 訓練 訓練", encoding="utf-8")
    with pytest.raises(UserError, match="plane is unknown"):
        run("lint", path)
    code, out = run("lint", path, "--plane", "EXERCISE")
    assert code == 1
    assert "denies being a drill" in out


def test_wrong_input_is_a_user_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.xml"
    empty.touch()
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"caf\xe9")
    for words, said in (
        (("check", tmp_path / "none.xml"), "No such file"),
        (("check", tmp_path), "Is a directory"),
        (("lint", empty), "is empty"),
        (("lint", latin, "--plane", "TEST"), "is not UTF-8"),
    ):
        with pytest.raises(UserError, match=said):
            run(*words)

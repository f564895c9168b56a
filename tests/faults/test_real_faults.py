"""A few real faults on real nodes, with the whole rig: that it breaks, counts and heals. `make faults` does
all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.faults.plan import faults
from tocsin.faults.words import Row, skipped

pytestmark = pytest.mark.timeout(420)

WITHIN_S = 400


def tocsin(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tocsin.cli", "faults", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)


def test_a_killed_door_and_a_nation_cut_off_lose_and_double_nothing(tmp_path: Path) -> None:
    out = tmp_path / "faults.json"
    done = tocsin("--only", "kill-door-kor", "--only", "cut-jpn", "--healed-within", "60", "--out", str(out))
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(out.read_text())
    assert [row["fault"] for row in rows] == ["kill-door-kor", "cut-jpn"]
    for row in rows:
        assert row["times"] == 1
        assert row["delivered"] == row["due"] > 0
        assert row["lost"] == row["duplicated"] == row["unkept"] == 0
        assert row["healed_s"] is not None


def test_all_faults_are_listed_and_an_unknown_one_is_a_mistake() -> None:
    said = CliRunner().invoke(app, ["faults", "--list"]).stdout
    assert all(fault.name in said for fault in faults())
    wrong = CliRunner().invoke(app, ["faults", "--only", "earthquake"]).exception
    assert isinstance(wrong, UserError)
    assert "earthquake" in str(wrong)


GOOD = Row("f", "about", 1, 5, 10, 10, 0, 0, 0, 0, 1.5)


@pytest.mark.parametrize(
    ("row", "sound"),
    [
        (GOOD, True),
        (Row("f", "about", 1, 5, 10, 9, 1, 0, 0, 0, 1.5), False),
        (Row("f", "about", 1, 5, 10, 10, 0, 1, 0, 0, 1.5), False),
        (Row("f", "about", 1, 5, 10, 10, 0, 0, 1, 0, 1.5), False),
        (Row("f", "about", 1, 5, 10, 10, 0, 0, 0, 0, None), False),
        (Row("f", "about", 1, 5, 10, 10, 0, 0, 0, 0, 5.1), False),
        (Row("f", "about", 1, 0, 0, 0, 0, 0, 0, 0, 1.0), False),
        (skipped("f", "about", "needs root"), True),
    ],
)
def test_verdict(row: Row, sound: bool) -> None:
    assert row.sound(5.0) is sound

"""`tocsin evaluate`: its JSON, its refusals."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app
from tocsin.errors import UserError

CONTRACT = {
    "scenario", "runs", "position_ratio", "velocity_ratio", "impact_ratio", "anees", "anees_band", "coverage",
    "time_to_km", "fused_ratio", "siap",
}  # fmt: skip


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", *words])


def test_json_holds_the_contract_and_jobs_change_nothing() -> None:
    words = ("--scenario", "near", "--runs", "2", "--sensors", "KOR-R1", "--json")
    alone, shared = invoke(*words), invoke(*words, "--jobs", "2")
    assert alone.exit_code == 0, alone.output
    assert alone.stdout == shared.stdout
    found = json.loads(alone.stdout)
    assert found.keys() >= CONTRACT
    assert set(found["at"]) == {"10", "30", "60", "120", "240"}
    assert found["at"]["240"].keys() >= CONTRACT - {"scenario", "runs", "time_to_km", "siap"}
    assert set(found["siap"]) == {"C", "A", "S"}
    assert set(found["time_to_km"]) == {"50", "10", "5", "1"}
    assert set(found["coverage"]) == {"50", "90", "95"}
    assert len(found["anees_band"]) == 2
    assert "2 of 2 runs" in alone.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenario", "near", "--sensors", "nowhere"), "no sensor 'nowhere'"),
        (("--scenario", "nearer"), "no scenario named 'nearer'"),
        (("--scenario", "quiet"), "no flight"),
        (("--scenario", "near", "--sensors", ","), "no sensor is chosen"),
    ],
)
def test_mistakes(words: tuple[str, ...], said: str) -> None:
    result = invoke(*words, "--runs", "1")
    assert isinstance(result.exception, UserError)
    assert said in str(result.exception)


def test_every_nation_with_and_without_its_partners() -> None:
    words = ("--scenario", "near", "--runs", "1", "--sensors", "KOR-R1,JPN-R1", "--compare-sharing", "--json")
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found["nations"]) == {"KOR", "JPN"}
    japan = found["nations"]["JPN"]
    assert japan["track_s"] < japan["track_alone_s"]  # Korea sees it 13 s earlier


def test_pictures_and_noise(tmp_path: Path) -> None:
    words = ("--scenario", "near", "--runs", "1", "--sensors", "KOR-R1", "--process-noise", "0.01", "--json")
    result = invoke(*words, "--until", "70", "--plot", str(tmp_path / "new"))
    assert result.exit_code == 0, result.output
    assert {file.name for file in (tmp_path / "new").iterdir()} == {
        "near-KOR-R1-ratio.svg",
        "near-KOR-R1-coverage.svg",
    }
    found = json.loads(result.stdout)
    assert found["at"]["60"]["position_ratio"] is None
    assert found["at"]["60"]["tracked"] == 1
    assert found["at"]["120"]["tracked"] == 0


def test_runs_kept_in_pieces_are_judged_as_one(tmp_path: Path) -> None:
    words = ("--scenario", "near", "--sensors", "KOR-R1", "--until", "30", "--json")
    whole = invoke(*words, "--runs", "3")
    first, second = str(tmp_path / "a.runs"), str(tmp_path / "b.runs")
    assert invoke(*words, "--runs", "2", "--save", first).exit_code == 0
    assert invoke(*words, "--runs", "1", "--seed", "3", "--save", second).exit_code == 0
    both = invoke("--merge", second, "--merge", first, "--json")
    assert both.exit_code == 0, both.output
    assert both.stdout == whole.stdout

    twice = invoke("--merge", first, "--merge", first)
    assert isinstance(twice.exception, UserError)
    assert "seed 1 is in" in str(twice.exception)
    other = str(tmp_path / "c.runs")
    assert (
        invoke(*words, "--runs", "1", "--seed", "9", "--process-noise", "0.1", "--save", other).exit_code == 0
    )
    mixed = invoke("--merge", first, "--merge", other)
    assert isinstance(mixed.exception, UserError)
    assert "different plans" in str(mixed.exception)
    (tmp_path / "d.runs").write_bytes(b"{}")
    strange = invoke("--merge", str(tmp_path / "d.runs"))
    assert isinstance(strange.exception, UserError)
    assert "holds no runs" in str(strange.exception)
    nothing = invoke("--runs", "1")
    assert isinstance(nothing.exception, UserError)
    assert "no scenario is given" in str(nothing.exception)

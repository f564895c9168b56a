"""`tocsin scenario`: what it prints, what it writes, how it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.commands.scenario import app
from tocsin.errors import UserError
from tocsin.sim.scenario_file import load, shipped
from tocsin.sim.sensors import plots


def run(*words: str) -> Result:
    """A mistake is re-raised: `tocsin.cli.main` prints it as one line and exits 2."""
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, UserError):
        result.exception.add_note(result.stderr)
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_list_and_show() -> None:
    listed = json.loads(run("list", "--json").stdout)
    assert tuple(listed["scenarios"]) == shipped()
    assert all(name in run("list").stdout for name in shipped())
    shown = run("show", "2022-10-04").stdout
    assert "flight time 1315 s (21.9 min)" in shown
    assert "sensor JPN-R3 (JPN radar): first contact never" in shown
    assert json.loads(run("show", "salvo", "--json").stdout)["flights"][7]["object"] == "H"


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_check(name: str) -> None:
    assert "all as stated" in run("check", name).stdout


def test_check_names_what_is_off(tmp_path: Path) -> None:
    from tocsin.sim.scenario_file import render

    text = render(load("2022-10-04")).replace("apogee_km = 970.0", "apogee_km = 1200.0")
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UserError, match="stated figures") as mistake:
        run("check", str(tmp_path / "mine.toml"))
    said = mistake.value.__notes__[0]
    assert "flight A: flight_time_s is" in said
    assert "sensor KOR-R1: first contact with A is" in said


def test_from_record_writes_what_it_prints(shared_data: Path, tmp_path: Path) -> None:
    record = str(shared_data / "launches" / "test.en.json")
    out = tmp_path / "mine.toml"
    result = run("from-record", record, "--date", "2022-10-04", "--out", str(out), "--json")
    assert json.loads(result.stdout)["flights"][0]["range_km"] == 4_500.0
    assert "flight time 1315 s" in result.stderr
    assert load(str(out)) == load("2022-10-04")
    assert run("from-record", record, "--date", "2022-10-04").stdout == out.read_text()
    with pytest.raises(UserError, match="is there already"):
        run("from-record", record, "--date", "2022-10-04", "--out", str(out))
    run("from-record", record, "--date", "2022-10-04", "--out", str(out), "--force")


def test_several_matches_are_listed_and_one_is_chosen(shared_data: Path) -> None:
    record = str(shared_data / "launches" / "test.en.json")
    with pytest.raises(UserError, match="8 launches on 2022-06-05") as mistake:
        run("from-record", record, "--date", "2022-06-05")
    assert "--row N" in mistake.value.fix
    listed = [line for line in mistake.value.__notes__[0].splitlines() if line.startswith("--row ")]
    assert len(listed) == 8
    number = listed[3].split()[1].rstrip(":")
    result = run("from-record", record, "--date", "2022-06-05", "--row", number, "--json")
    (flight,) = json.loads(result.stdout)["flights"]
    assert (flight["apogee_km"], flight["flags"]) == (25.0, ["time interpolated within the series"])


def test_wrong_dates_are_refused(shared_data: Path) -> None:
    record = str(shared_data / "launches" / "test.en.json")
    with pytest.raises(UserError, match="no launch on 2022-10-05"):
        run("from-record", record, "--date", "2022-10-05")
    with pytest.raises(UserError, match="'4 Oct' is not a date"):
        run("from-record", record, "--date", "4 Oct")


def test_plots_and_truth_are_the_same_for_a_seed(tmp_path: Path) -> None:
    one, again, other = (tmp_path / name for name in ("1.jsonl", "2.jsonl", "3.jsonl"))
    for path, seed in ((one, "5"), (again, "5"), (other, "6")):
        run("plots", "2022-10-04", "--seed", seed, "--out", str(path))
    assert one.read_bytes() == again.read_bytes() != other.read_bytes()
    lines = [json.loads(line) for line in one.read_text().splitlines()]
    assert len(lines) == len(plots(load("2022-10-04"), 5))
    assert {line["plane"] for line in lines} == {"EXERCISE"}
    truth = run("truth", "2022-10-04").stdout.splitlines()
    assert truth[0] == "t,id,x,y,z,vx,vy,vz"
    assert len(truth) == 1 + 1_316  # whole seconds 30 to 1,345 after the scenario's start


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        run("truth", "salvo", "--out", str(tmp_path / "no" / "truth.csv"))

"""`tocsin decode` as a user meets it: streams, exit codes, one line for a mistake."""

import io
import json
import sys
from pathlib import Path

import pytest
import typer

from tocsin.commands.decode import decode_command
from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.time import Instant
from tocsin.model.track import LineOfSight, Plot, RadarFix, ReportedPosition
from tocsin.sense.jsonl import JsonlDecoder, encode_plot

PLOTS = (
    Plot("R", 1, Instant(1_664_835_720_000_000_000), RadarFix(1e6, 1.0, 0.5, -3000.0, 2e5)),
    Plot("I", 2, Instant(1_664_835_721_000_000_000), LineOfSight((4.2e7, 0.0, 0.0), (-1.0, 0.0, 0.0))),
    Plot(
        "S",
        3,
        Instant(1_664_835_722_000_000_000),
        ReportedPosition(35.5, 135.25, 1e4, 100.0, -50.0),
        "[red]X",
    ),
)
LINES = b"".join(encode_plot(plot, Plane.EXERCISE) for plot in PLOTS)
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(decode_command)


def run(*args: object) -> int:
    return app([str(arg) for arg in args], standalone_mode=False) or 0


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "plots.jsonl"
    path.write_bytes(LINES)
    return path


def test_json_lines_on_stdout_counts_on_stderr(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines.write_bytes(LINES + b"junk\n")
    assert run(lines, "--format", "jsonl", "--json", "--plane", "EXERCISE") == 0
    out, err = capsys.readouterr()
    rows = [json.loads(row) for row in out.splitlines()]
    assert [(row["sensor"], row["number"]) for row in rows] == [("R", 1), ("I", 2), ("S", 3)]
    assert rows[0]["time_utc"] == "2022-10-03T22:22:00.000Z"
    told = json.loads(err)
    assert told["plots"] == 3
    assert told["counts"] == {"lines": 4}
    assert [(fault["offset"], fault["reason"]) for fault in told["faults"]] == [(len(LINES), "not-json")]


def test_what_decode_prints_can_be_read_again(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(lines, "--format", "jsonl", "--json", "--plane", "EXERCISE")
    again = JsonlDecoder((), plane=Plane.EXERCISE, accept_unknown=True)
    decoded = again.decode(capsys.readouterr().out.encode(), Instant(0))
    assert (len(decoded.plots), decoded.faults) == (3, ())


def test_table_shows_every_plot_and_no_markup_from_outside(
    lines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lines, "--format", "jsonl") == 0
    out = capsys.readouterr().out
    assert "3 plots" in out
    assert "2022-10-03T22:22:02.000Z" in out
    assert "[red]X" in out
    assert "1000.000 km" in out


def test_captures_print_as_many_plots_as_they_hold(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = shared_data / "asterix" / "croatia_cat_034_048.pcap"
    assert run(capture, "--format", "asterix", "--json") == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == json.loads(err)["plots"] == 126
    assert json.loads(out.splitlines()[0])["sensor"] == "SAC/SIC 25/201"


def test_raw_blocks_take_the_given_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # CAT048, SAC/SIC 25/201, 23:59:59.5 then 00:00:00.5; range 1 NM, azimuth 0.
    record = "f0" + "19c9" + "{tod}" + "a0" + "01000000"
    raw = b"".join(
        b"\x30" + (len(body) + 3).to_bytes(2, "big") + body
        for body in (bytes.fromhex(record.format(tod=tod)) for tod in ("a8bfc0", "000040"))
    )
    path = tmp_path / "raw.ast"
    path.write_bytes(raw)
    assert run(path, "--format", "asterix", "--json", "--date", "2017-12-31") == 0
    times = [json.loads(row)["time_utc"] for row in capsys.readouterr().out.splitlines()]
    assert times == ["2017-12-31T23:59:59.500Z", "2018-01-01T00:00:00.500Z"]


NODE = """
nation = "JPN"
plane = "TEST"
broker = { port = 4222, monitor_port = 8222, leaf_port = 7422 }
page = { port = 8803 }
sensors = [{ id = "JPN-ATC-1", kind = "radar", errors = {}, sac = 25, sic = 201 }]
"""


def test_a_node_s_registry_names_the_sensors(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node.toml"
    node.write_text(NODE)
    capture = shared_data / "asterix" / "croatia_cat_034_048.pcap"
    assert run(capture, "--format", "asterix", "--json", "--config", node) == 0
    names = {json.loads(row)["sensor"] for row in capsys.readouterr().out.splitlines()}
    assert "JPN-ATC-1" in names
    assert "SAC/SIC 25/201" not in names
    assert "SAC/SIC 25/204" in names


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES)))
    assert run("-", "--format", "jsonl", "--json") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_standard_input_is_called_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x30\x00\x01noise")))
    assert run("-", "--format", "asterix") == 1
    assert "nothing in standard input can be decoded as asterix" in capsys.readouterr().err


def test_nothing_to_decode_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\x30\x00\x01noise")
    assert run(path, "--format", "asterix") == 1
    assert "refused at byte 0: broken-length" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options", "what"),
    [
        ("missing", ["--format", "jsonl"], "does not exist"),
        ("", ["--format", "jsonl"], "is a directory"),
        ("empty", ["--format", "asterix"], "is empty"),
        ("plots.jsonl", ["--format", "cobol"], "no input format is called 'cobol'"),
        ("plots.jsonl", ["--format", "asterix", "--date", "31.12.2017"], "is no date"),
    ],
)
def test_mistakes_are_one_line_with_a_fix(
    lines: Path, tmp_path: Path, name: str, options: list[str], what: str
) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(UserError, match=what) as mistake:
        run(tmp_path / name, *options)
    assert "\n" not in str(mistake.value)
    assert mistake.value.fix

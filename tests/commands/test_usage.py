"""Wrong options and words are one line, as every other mistake; help and exit codes stay as they were."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer

from tocsin import cli, commands
from tocsin.errors import UserError


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    """Exit code of the console script."""
    monkeypatch.setattr(sys, "argv", ["/some/where/tocsin", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("demo --no-such-option", ("--no-such-option", "see tocsin demo --help")),
        ("demo --topology ring", ("--topology", "'ring' is not one of 'hub', 'mesh', 'both'")),
        ("demo --speed 5000", ("--speed", "1000")),
        ("demo --speed nan", ("--speed", "less than or equal")),
        ("demo --seed one", ("--seed", "integer")),
        ("demo extra", ("extra",)),
        ("init --nation DEU", ("--nation", "'USA', 'KOR', 'JPN'")),
        ("replay", ("record", "see tocsin replay --help")),
        ("policy explain x DEU", ("PARTNER", "see tocsin policy explain --help")),
        ("scenario from-record --date", ("--date",)),
        ("noed", ("noed", "see tocsin --help")),
        ("trust nonsense", ("nonsense", "see tocsin trust --help")),
    ],
)
def test_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, names: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *words.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("error: ")
    assert "Value error" not in said.err
    for name in (*names, "; see tocsin"):
        assert name in said.err


@pytest.mark.parametrize("words", ["--help", "demo --help", "policy explain --help"])
def test_help_is_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    assert run(monkeypatch, *words.split()) == 0
    said = capsys.readouterr()
    assert said.out.strip().startswith("Usage: tocsin")
    assert said.err == ""


def test_a_group_without_a_command_shows_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "policy") == 2
    said = capsys.readouterr().err
    assert said.strip().startswith("Usage: tocsin policy")
    assert "error:" not in said


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (None, 0),
        (typer.Exit(0), 0),
        (typer.Exit(1), 1),
        (typer.Exit(130), 130),
        (typer.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (UserError("what", fix="mend it"), 2),
    ],
)
def test_exit_codes_of_commands(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException | None,
    code: int,
) -> None:
    app = typer.Typer()

    @app.command()
    def only() -> None:
        if raised is not None:
            raise raised

    monkeypatch.setattr(cli, "app", app)
    assert run(monkeypatch) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def only() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(sys, "argv", ["tocsin"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_its_line_fits(name: str) -> None:
    assert cli.load(name).get_short_help_str(80)
    assert len(cli.COMMANDS[name]) <= 80 - 4 - max(map(len, cli.COMMANDS))


def test_no_command_is_left_out() -> None:
    sources = {path.stem: path.read_text("utf-8") for path in Path(commands.__path__[0]).glob("*.py")}
    own = {n for n, text in sources.items() if f"def {n}_command" in text or "\napp = typer" in text}
    assert own == set(cli.COMMANDS)

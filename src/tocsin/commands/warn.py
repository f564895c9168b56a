"""`tocsin warn`: look at messages before people do (`lint` reads words, `check` reads CAP rules), and the
desk's acts (warn_desk.py).
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.commands import warn_desk, warn_replay
from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.warn.cap import check
from tocsin.warn.lint import lint_cap, lint_words

MAX_FILE_BYTES = 4_000_000
"""Longer is no warning; `check` says so of a CAP file from 1 MB on."""

app = typer.Typer(
    help="Warnings: check their words and CAP form; act on a running node's drafts.", no_args_is_help=True
)
warn_desk.add_to(app)
app.command("replay")(warn_replay.replay_command)

_File = Annotated[Path, typer.Argument(metavar="FILE")]
_Plane = Annotated[Plane | None, typer.Option(help="The plane it is for.", case_sensitive=False)]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("lint")
def lint_command(file: _File, plane: _Plane = None, as_json: _Json = False) -> None:
    """Words and marks of FILE: a CAP message (plane by its status), or plain text with --plane.

    Exit code 0: nothing found. 1: faults, one a line. 2: wrong input.

    Example: tocsin warn lint out/cap/JPN-EXERCISE-20221003T222513Z-1-1.xml
    """
    data = _read(file)
    if data.lstrip().startswith(b"<"):
        _report(file, lint_cap(data, plane), as_json)
    elif plane is None:
        raise UserError(
            f"{file} is plain text, whose plane is unknown", fix="give --plane EXERCISE, TEST or REAL"
        )
    else:
        _report(file, lint_words(_text(file, data), plane), as_json)


@app.command("check")
def check_command(file: _File, plane: _Plane = None, as_json: _Json = False) -> None:
    """CAP 1.2 rules of FILE, those of the schema and those that a schema cannot say.

    With --plane it must be one of our own: status of that plane, the same said in three languages.

    Exit code 0: nothing found. 1: faults, one a line. 2: wrong input.
    """
    _report(file, check(_read(file), plane), as_json)


def _report(file: Path, faults: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        found: dict[str, Any] = {"file": str(file), "good": not faults, "faults": list(faults)}
        print(json.dumps(found, ensure_ascii=False))
    else:
        for fault in faults:
            print(f"{file}: {fault}")
        if not faults:
            print(f"{file}: good")
    if faults:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UserError(
            f"{file} cannot be read: {error.strerror}", fix="give the path of one file"
        ) from error
    if not data.strip():
        raise UserError(f"{file} is empty", fix="give a CAP message or a text")
    if len(data) > MAX_FILE_BYTES:
        raise UserError(f"{file} is larger than {MAX_FILE_BYTES} bytes", fix="give one message")
    return data


def _text(file: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 text", fix="save it as UTF-8") from error

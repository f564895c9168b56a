"""The runner, and programs at its other end that are sound, wrong, mute, mad or dead."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app
from tocsin.commands.conformance import run
from tocsin.commands.conformance_peer import MAX_ANSWER_BYTES, MAX_STARTS, Peer
from tocsin.commands.conformance_vectors import read_vectors
from tocsin.errors import UserError

SHIPPED = Path(__file__).resolve().parents[2] / "conformance" / "vectors"
OURS = f"{sys.executable} -c 'from tocsin.cli import main; main()' conformance --reply"
PROGRAM = """
import json, sys
for line in sys.stdin:
    number = json.loads(line)["number"]
    {answer}
    sys.stdout.flush()
"""
ACCEPTS = 'print(json.dumps({"number": number, "verdict": "accept", "fresh": [[1, 1]]}))'
REFUSES = 'print(json.dumps({"number": number, "verdict": "refuse", "reason": "no-thanks"}))'


def tocsin(*words: str) -> Result:
    return CliRunner().invoke(app, ["conformance", *words])


def small(folder: Path, *classes: str) -> Path:
    """A folder with some of the classes."""
    for name in (*(f"{one}.jsonl" for one in classes), "usual.json"):
        (folder / name).write_bytes((SHIPPED / name).read_bytes())
    return folder


def program(folder: Path, answer: str) -> str:
    file = folder / "verifier.py"
    file.write_text(PROGRAM.format(answer=answer), encoding="utf-8")
    return f"{sys.executable} {file}"


def test_our_own_verifier_passes() -> None:
    result = tocsin("--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["failed"] == 0
    assert told["passed"] == told["vectors"] == sum(row["vectors"] for row in told["classes"].values())
    assert told["open"]["as_proposed"] == 0


def test_the_table_names_each_class(tmp_path: Path) -> None:
    result = tocsin("--vectors", str(small(tmp_path, "good", "time")))
    assert result.exit_code == 0
    assert "good" in result.stdout
    assert "time" in result.stdout


def test_a_wrong_verdict_is_named_and_exits_1(tmp_path: Path) -> None:
    folder = small(tmp_path, "time")
    text = (folder / "time.jsonl").read_text(encoding="utf-8")
    (folder / "time.jsonl").write_text(text.replace('["expired"]', '["future"]', 1), encoding="utf-8")
    result = tocsin("--vectors", str(folder))
    assert result.exit_code == 1
    assert "time/expire" in result.stdout


def test_another_program_with_the_same_protocol() -> None:
    result = tocsin("--command", OURS, "--reasons", "--json")
    assert result.exit_code == 0, result.stdout
    assert json.loads(result.stdout)["failed"] == 0


def test_a_program_that_believes_everything(tmp_path: Path) -> None:
    result = tocsin(
        "--vectors", str(small(tmp_path, "signature")), "--json", "--command", program(tmp_path, ACCEPTS)
    )
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["passed"] == 0


def test_another_reason_is_counted_and_fails_only_on_request(tmp_path: Path) -> None:
    words = ("--vectors", str(small(tmp_path, "key")), "--json", "--command", program(tmp_path, REFUSES))
    lenient = tocsin(*words)
    told = json.loads(lenient.stdout)
    assert lenient.exit_code == 0
    assert told["classes"]["key"]["other_reason"] == told["vectors"] > 0
    assert tocsin(*words, "--reasons").exit_code == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("sys.exit(3)", "it has ended"),
        ("print('x' * 100_000)", f"more than {MAX_ANSWER_BYTES} bytes"),
        ("print('{}\\n{}')", "more than one line"),
    ],
)
def test_a_program_that_gives_no_answer(tmp_path: Path, answer: str, said: str) -> None:
    with Peer(program(tmp_path, answer), 5.0) as peer:
        assert peer.ask(b'{"number":1}') == said


@pytest.mark.parametrize(
    "answer", ["print('yes')", "print('{}')", 'print(json.dumps({"number": 0, "verdict": "refuse"}))']
)
def test_an_answer_that_cannot_be_read_has_failed(tmp_path: Path, answer: str) -> None:
    result = tocsin(
        "--vectors", str(small(tmp_path, "time")), "--json", "--command", program(tmp_path, answer)
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["passed"] == 0


def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    with Peer(program(tmp_path, "print(number) if number != 2 else sys.exit(1)"), 5.0) as peer:
        said = [peer.ask(b'{"number":%d}' % number) for number in (1, 2, 3, 4)]
    assert said == [b"1\n", "it has ended", b"3\n", b"4\n"]


def test_a_program_that_always_dies_is_given_up(tmp_path: Path) -> None:
    with Peer("false", 5.0) as peer:
        said = [peer.ask(b"{}") for _ in range(MAX_STARTS + 1)]
    assert said == ["it has ended"] * MAX_STARTS + [f"it has failed {MAX_STARTS} times"]


def test_a_program_that_never_reads_cannot_hold_us_up() -> None:
    with Peer("sleep 30", 0.25, 0.25) as peer:
        assert peer.ask(b"x" * 1_000_000) == "no answer within 0.5 s"


def test_a_program_that_falls_silent_cannot_hold_us_up(tmp_path: Path) -> None:
    silent = "print(number) if number < 2 else __import__('time').sleep(30)"
    with Peer(program(tmp_path, silent), 0.5) as peer:
        assert [peer.ask(b'{"number":%d}' % number) for number in (1, 2)] == [
            b"1\n",
            "no answer within 0.5 s",
        ]


@pytest.mark.parametrize("command", ["", "'", "/nowhere/verifier"])
def test_a_command_that_is_none(command: str) -> None:
    with pytest.raises(UserError), Peer(command, 5.0) as peer:
        peer.ask(b"{}")


def test_folders_that_hold_no_vectors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no vectors"):
        read_vectors(tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"name":\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"bad\.jsonl, line 1"):
        read_vectors(tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"name":"a/b","why":"c","message":"AA=="}\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 1"):
        read_vectors(tmp_path)


def test_a_vector_whose_keys_nobody_could_hold(tmp_path: Path) -> None:
    usual = json.loads((SHIPPED / "usual.json").read_bytes())
    usual["context"]["keys"] *= 2
    (small(tmp_path, "time") / "usual.json").write_text(json.dumps(usual), encoding="utf-8")
    with pytest.raises(UserError, match="two keys"):
        list(run(read_vectors(tmp_path)))

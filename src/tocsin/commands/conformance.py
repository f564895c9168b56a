"""`tocsin conformance`: known messages (docs/conformance.md) against our verifier, or another's."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tocsin.commands.conformance_peer import Peer
from tocsin.commands.conformance_vectors import (
    MAX_LINE_BYTES,
    Answer,
    Outcome,
    Question,
    Vector,
    judge,
    read_vectors,
)
from tocsin.errors import UserError

SHIPPED = Path(__file__).resolve().parents[3] / "conformance" / "vectors"
OPEN = "open"
"""Class of the questions that the form leaves open: shown, never counted as failures."""
ANSWER_S = 10.0
FAILURES_SHOWN = 40


def run(vectors: Iterable[Vector], answer: Callable[[Question], Answer] = judge) -> Iterator[Outcome]:
    """Ask about each."""
    return (Outcome(vector, answer(vector.question)) for vector in vectors)


def conformance_command(
    vectors: Annotated[
        Path,
        typer.Option(
            "--vectors", metavar="DIR", help="Folder of *.jsonl.", show_default="conformance/vectors"
        ),
    ] = SHIPPED,
    command: Annotated[
        str | None,
        typer.Option("--command", metavar="CMD", help="Ask this program instead of our own verifier."),
    ] = None,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="With --command: another reason for a refusal is a failure too.")
    ] = False,
    reply: Annotated[
        bool, typer.Option("--reply", help="Be such a program: questions on stdin, verdicts on stdout.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")
    ] = False,
) -> None:
    """Messages, good and bad, against the verifier; exit code 1 when a verdict is not the expected one.

    Examples:

      tocsin conformance

      tocsin conformance --command "./our-verifier --lines" --json
    """
    if reply:
        _reply()
        return
    all_vectors = read_vectors(vectors)
    if command is None:
        told = summary(tuple(run(all_vectors)), strict=True)
    else:
        with Peer(command, ANSWER_S) as peer:
            told = summary(tuple(run(all_vectors, lambda q: _ask(peer, q))), strict=reasons)
    if as_json:
        print(json.dumps(told))
    else:
        _print(told)
    if told["failed"]:
        raise typer.Exit(1)


def _ask(peer: Peer, question: Question) -> Answer:
    said = peer.ask(msgspec.json.encode(question))
    if isinstance(said, str):
        return Answer(question.number, "none", said)
    try:
        answer = msgspec.json.decode(said, type=Answer)
    except msgspec.MsgspecError as error:
        return Answer(question.number, "none", f"not a verdict: {error}")
    if answer.number != question.number:
        return Answer(question.number, "none", f"an answer to {answer.number}")
    return answer


def _reply() -> None:
    """Bounded by its input: one line in, one line out."""
    for line in iter(lambda: sys.stdin.buffer.readline(MAX_LINE_BYTES), b""):
        try:
            question = msgspec.json.decode(line, type=Question)
        except msgspec.MsgspecError as error:
            raise UserError(f"not a question: {error}", fix="see docs/conformance.md") from error
        sys.stdout.buffer.write(msgspec.json.encode(judge(question)) + b"\n")
        sys.stdout.buffer.flush()


def summary(outcomes: Sequence[Outcome], *, strict: bool) -> dict[str, Any]:
    """Counts by class, and what failed. `strict`: a refusal for another reason has failed too."""
    counted: dict[str, Counter[str]] = {}
    failures: list[dict[str, Any]] = []
    for outcome in outcomes:
        row = counted.setdefault(outcome.vector.group, Counter(vectors=0, passed=0, failed=0, other_reason=0))
        right = outcome.verdict_right and (outcome.reason_right or not strict)
        row.update(vectors=1, passed=int(right), failed=int(not right))
        row.update(other_reason=int(outcome.verdict_right and not outcome.reason_right))
        if not right:
            failures.append(_failure(outcome))
    unsettled = counted.pop(OPEN, Counter[str]())
    total = sum(counted.values(), Counter[str]())
    return {
        "vectors": total["vectors"],
        "passed": total["passed"],
        "failed": total["failed"],
        "classes": {name: dict(row) for name, row in counted.items()},
        "failures": [failure for failure in failures if failure["class"] != OPEN],
        "open": {"vectors": unsettled["vectors"], "as_proposed": unsettled["passed"]},
        "open_otherwise": [failure["name"] for failure in failures if failure["class"] == OPEN],
    }


def _failure(outcome: Outcome) -> dict[str, Any]:
    vector = outcome.vector
    return {
        "name": vector.name,
        "class": vector.group,
        "why": vector.why,
        "expected": msgspec.to_builtins(vector.expected),
        "answer": msgspec.to_builtins(outcome.answer),
    }


def _print(told: dict[str, Any]) -> None:
    table = Table("class", "vectors", "passed", "failed", "other reason")
    for name, row in told["classes"].items():
        table.add_row(name, *(str(row[key]) for key in ("vectors", "passed", "failed", "other_reason")))
    table.add_row("all", str(told["vectors"]), str(told["passed"]), str(told["failed"]), "", style="bold")
    Console().print(table)
    settled = told["open"]
    print(
        f"open questions: {settled['vectors']}, answered as proposed: {settled['as_proposed']} (not counted)"
    )
    for failure in told["failures"][:FAILURES_SHOWN]:
        print(f"{failure['name']}: {failure['why']}; expected {failure['expected']}, got {failure['answer']}")
    if len(told["failures"]) > FAILURES_SHOWN:
        print(f"and {len(told['failures']) - FAILURES_SHOWN} more: see --json")

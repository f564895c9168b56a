"""A verifier with a fault in it is found out: every check of ours is taken away in turn, every limit moved by
one, and at least one vector tells.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import pytest
from numpy.linalg import LinAlgError
from test_conformance import SETTLED, wrong

from tocsin.commands import conformance_vectors
from tocsin.commands.conformance import run
from tocsin.commands.conformance_vectors import Answer, Context, Question, Verify, judge
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.share import bounds, wire
from tocsin.share.inbox import InStream
from tocsin.share.marks import Run
from tocsin.share.trust import TrustedKey, TrustList
from tocsin.share.wire import Refused, Verified

STEPS = {
    "_parsed": 2,
    "_parsed_header": 2,
    "_addressed": 3,
    "_signature": 5,
    "_in_time": 7,
    "_opened": 8,
    "_marks": 9,
    "_content": 9,
    "_notes": 9,
    "_unlawful": 9,
    "_first_fault": 9,
    "soundness": 9,
    "_sound_but_for_state": 9,
    "within": 9,
    "_named": 9,
    "_datable": 9,
    "_sound_place": 9,
    "_sound_tracklet": 9,
    "_sound_states": 9,
    "_all_within": 9,
}
"""The numbered step of `verify` that each of its helpers does."""

SOURCE = inspect.getsource(wire)
SOURCES = {"wire": SOURCE, "bounds": inspect.getsource(bounds)}
"""Both modules that decide; `verify` of the first asks `soundness` of the second."""
NUMBERED = {int(n): line for line, n in enumerate(re.findall(r"^(?:    # (\d)\.)?.*$", SOURCE, re.M), 1) if n}
EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
FOUND_OUT = (
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    UnboundLocalError,
    LinAlgError,
    RuntimeWarning,
)
"""What a verifier with a hole runs into: as good as a wrong verdict."""


@dataclass(frozen=True)
class Fault:
    """A change of a source: the step it is in, what it is, which module, and its changed tree."""

    step: int
    name: str
    module: str
    tree: ast.Module


def _step(function: ast.FunctionDef, line: int) -> int:
    if function.name != "verify":
        return STEPS[function.name]
    return max(step for step, at in NUMBERED.items() if at < line)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """(what, how to do it to a copy of the node)."""
    match node:
        case ast.If(test=test):
            yield f"never: if {ast.unparse(test)}", _never
        case ast.BoolOp(values=values):
            for at, part in enumerate(values):
                yield f"without: {ast.unparse(part)}", partial(_other_operand, at)
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                if type(op) in EDGES:
                    swapped = EDGES[type(op)]()
                    what = f"edge {at} of: {ast.unparse(node)}"
                    yield what, partial(_other_edge, at, swapped)


def _never(copy: ast.AST) -> None:
    assert isinstance(copy, ast.If)
    copy.test = ast.Constant(False)


def _other_operand(at: int, copy: ast.AST) -> None:
    """`a or b` without a is `b or b`."""
    assert isinstance(copy, ast.BoolOp)
    copy.values[at] = copy.values[at - 1]


def _other_edge(at: int, swapped: ast.cmpop, copy: ast.AST) -> None:
    assert isinstance(copy, ast.Compare)
    copy.ops[at] = swapped


def faults() -> Iterator[Fault]:
    """Each check of the verifier taken out, each operand, each limit moved."""
    for module, source in SOURCES.items():
        yield from _faults_of(module, ast.parse(source))


def _faults_of(module: str, tree: ast.Module) -> Iterator[Fault]:
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in (*STEPS, "verify")
    ]
    for function in functions:
        for at, node in enumerate(ast.walk(function)):
            for name, change in _changes(node):
                changed = deepcopy(tree)
                twin = next(
                    n for n in changed.body if isinstance(n, ast.FunctionDef) and n.name == function.name
                )
                change(next(n for place, n in enumerate(ast.walk(twin)) if place == at))
                step = _step(function, getattr(node, "lineno", 0))
                yield Fault(step, f"{function.name}, {name}", module, ast.fix_missing_locations(changed))


FAULTS = list(faults())


def faulty(module: str, tree: ast.Module) -> Verify:
    """The verifier with one source changed; the words for its outcome stay ours, so that they can be
    compared.
    """
    names: dict[str, object] = {"__name__": wire.__name__}
    exec(compile(tree if module == "wire" else ast.parse(SOURCE), "faulty wire.py", "exec"), names)
    names |= {"Verified": Verified, "Refused": Refused}
    if module == "bounds":
        changed: dict[str, object] = {"__name__": bounds.__name__}
        exec(compile(tree, "faulty bounds.py", "exec"), changed)
        names["soundness"] = changed["soundness"]
    made: Verify = names["verify"]  # type: ignore[assignment]
    return made


def caught(verify: Verify) -> str | None:
    """The first vector that tells."""
    for vector in SETTLED:
        try:
            outcome = next(run([vector], lambda question: judge(question, verify)))
        except FOUND_OUT:
            return vector.name
        if wrong(outcome):
            return vector.name
    return None


def test_the_sound_verifier_is_not_caught() -> None:
    assert caught(faulty("bounds", ast.parse(SOURCES["bounds"]))) is None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.step}: {fault.name}")
def test_a_fault_is_caught(fault: Fault) -> None:
    assert caught(faulty(fault.module, fault.tree)) is not None


def test_each_numbered_step_was_broken() -> None:
    assert sorted(NUMBERED) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert {fault.step for fault in FAULTS} == set(NUMBERED)
    assert len(FAULTS) > 40


@pytest.mark.parametrize("verdict", ["accept", "refuse"])
def test_a_verifier_of_one_word_is_caught(verdict: str) -> None:
    outcomes = run(SETTLED, lambda q: Answer(q.number, verdict, "malformed", ((1, 1),)))
    assert any(not outcome.verdict_right for outcome in outcomes)


def test_keys_found_by_their_id_alone_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_id(keys: TrustList, key_id: str, nation: Nation) -> TrustedKey | None:
        return keys.keys.get(key_id)

    monkeypatch.setattr(TrustList, "find", by_id)
    assert caught(wire.verify) is not None


def test_any_key_of_the_nation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def any_of(keys: TrustList, key_id: str, nation: Nation) -> TrustedKey | None:
        return next((key for key in keys.keys.values() if key.nation is nation), None)

    monkeypatch.setattr(TrustList, "find", any_of)
    assert caught(wire.verify) is not None


def test_marks_that_forget_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_new(
        stream: InStream, traffic: Traffic, first: int, last: int
    ) -> tuple[InStream, tuple[Run, ...]]:
        return stream, ((first, last),)

    monkeypatch.setattr(conformance_vectors, "accept", all_new)
    assert caught(wire.verify) == next(v.name for v in SETTLED if v.group == "replay")


def test_marks_of_the_wrong_stream_are_caught() -> None:
    def one_stream(question: Question) -> Answer:
        rows = tuple(
            row.__class__(Nation.KOR, Traffic.FLOW, row.upto, row.islands) for row in question.context.marks
        )
        context = Context(question.context.nation, question.context.plane, question.context.keys, rows)
        return judge(Question(question.message, question.now_wall_ns, context, question.number))

    assert any(wrong(outcome) for outcome in run(SETTLED, one_stream))

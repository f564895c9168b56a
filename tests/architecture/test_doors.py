"""The walls that import contracts cannot see: who makes Sealed, who imports by name, who catches everything.

Each rule is a function from a source to its breaches. It runs over the whole tree, and over planted breaches
that it has to find: a rule that finds nothing anywhere proves nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest
from sources import Source, parse, sources

Rule = Callable[[Source], list[str]]

SEALER = "release/seal.py"
# The compile at installation calls rooms above its own, the command line its commands; no node runs either.
IMPORTS_BY_NAME = frozenset({"earth/warm.py", "cli.py"})
# The supervisor outlives whatever its children do; nobody else may swallow an unknown failure.
CATCHES_ALL = frozenset({"node/supervise.py"})
# (files, import, why): direct imports that package-wide contracts are too coarse for.
FORBIDDEN_IMPORTS = (
    (r"share/(?!nats\.py)", r"nats(\.|$)", "only share.nats speaks the broker's protocol"),
    (r"(?!share/nats\.py|node/)", r"tocsin\.share\.nats", "only the node's own processes use share.nats"),
    (r"(?!node/door_office\.py|release/)", r"tocsin\.release\._key", "only the door loads the release key"),
    (r"node/hall[^/]*\.py", r"tocsin\.(release|share)(\.|$)", "the hall knows neither release nor share"),
    (
        r"record/(merkle|leaf|note|checkpoint|proof)\.py|node/pipeline\.py",
        r"(asyncio|socket|ssl|time|random|threading|apsw)$",
        "a pure module",
    ),
    (
        r"outlet/",
        r"tocsin\.model\.(track|event|picture|product|sensor)(\.|$)",
        "public outlets carry only Warning",
    ),
    (r"(?!sim/|faults/)", r"random$", "chance belongs to the simulated world"),
)
# Official or foreign terms that hold the word; everything else says "object".
OBJECT_NOT_TARGET = re.compile(r"target", re.IGNORECASE)
OFFICIAL = re.compile(
    r"Cursor on Target|event\.target|currentTarget|ASTERIX.*target|target report|numba\S*target|--target",
    re.IGNORECASE,
)


def calls(source: Source) -> list[tuple[int, str]]:
    """Line and dotted name of every call."""
    return [(node.lineno, ast.unparse(node.func)) for node in source.nodes(ast.Call)]


def makes_sealed(source: Source) -> list[str]:
    if source.path == SEALER:
        return []
    return [
        f"{source.path}:{line} makes Sealed"
        for line, name in calls(source)
        if name.split(".")[-1] == "Sealed"
    ]


def imports_by_name(source: Source) -> list[str]:
    if source.path in IMPORTS_BY_NAME:
        return []
    used = [f"{source.path} imports {name}" for name in source.imports() if name.split(".")[0] == "importlib"]
    used = [
        u
        for u in used
        if "importlib.resources" not in u and "importlib.metadata" not in u and not u.endswith("importlib")
    ]
    banned = {"__import__", "eval", "exec", "import_module"}
    return used + [
        f"{source.path}:{line} calls {name}" for line, name in calls(source) if name.split(".")[-1] in banned
    ]


def catches_all(source: Source) -> list[str]:
    if source.path in CATCHES_ALL:
        return []
    found: list[str] = []
    for node in source.nodes(ast.ExceptHandler):
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in kinds):
            found.append(f"{source.path}:{node.lineno} catches everything")
    return found


def forbidden_imports(source: Source) -> list[str]:
    return [
        f"{source.path} imports {name}: {why}"
        for files, pattern, why in FORBIDDEN_IMPORTS
        if re.match(files, source.path)
        for name in sorted(source.imports())
        if re.match(pattern, name)
    ]


def forbidden_words(source: Source) -> list[str]:
    lines = enumerate(source.text.splitlines(), start=1)
    return [
        f"{source.path}:{number} says 'target'"
        for number, line in lines
        if OBJECT_NOT_TARGET.search(line) and not OFFICIAL.search(line)
    ]


def too_long(source: Source) -> list[str]:
    found = [] if (n := source.text.count("\n")) <= 400 else [f"{source.path} has {n} lines, more than 400"]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            found += (
                [f"{source.path}:{node.lineno} {node.name} has {size} lines, more than 60"]
                if size > 60
                else []
            )
    return found


RULES: tuple[Rule, ...] = (
    makes_sealed, imports_by_name, catches_all, forbidden_imports, forbidden_words, too_long,
)  # fmt: skip

BREACHES: tuple[tuple[Rule, str, str], ...] = (
    (makes_sealed, "share/outbox.py", "from tocsin.model import product\nproduct.Sealed(b'')"),
    (imports_by_name, "share/wire.py", "import importlib\nimportlib.import_module('tocsin.release')"),
    (imports_by_name, "share/wire.py", "from importlib import import_module"),
    (imports_by_name, "share/wire.py", "__import__('tocsin.release')"),
    (imports_by_name, "warn/texts.py", "eval('1')"),
    (catches_all, "node/hall.py", "try:\n    pass\nexcept Exception:\n    pass"),
    (catches_all, "node/hall.py", "try:\n    pass\nexcept:\n    pass"),
    (catches_all, "node/hall.py", "try:\n    pass\nexcept (OSError, BaseException):\n    pass"),
    (forbidden_imports, "share/links.py", "import nats"),
    (forbidden_imports, "share/links.py", "from nats.aio.client import Client"),
    (forbidden_imports, "page/server.py", "from tocsin.share import nats"),
    (forbidden_imports, "node/hall.py", "from tocsin.release import seal"),
    (forbidden_imports, "node/hall.py", "from tocsin.release._key import load"),
    (forbidden_imports, "node/pipeline.py", "import time"),
    (forbidden_imports, "track/tracker.py", "import random"),
    (forbidden_imports, "outlet/feed.py", "from tocsin.model import track"),
    (forbidden_words, "track/tracker.py", "target_id = 3"),
    (too_long, "track/tracker.py", "def long() -> None:\n" + "    pass\n" * 60),
    (too_long, "track/tracker.py", "x = 1\n" * 401),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps(rule: Rule) -> None:
    assert [breach for source in sources() for breach in rule(source)] == []


@pytest.mark.parametrize(
    ("rule", "path", "text"), BREACHES, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_planted_breach_is_found(rule: Rule, path: str, text: str) -> None:
    assert rule(parse(path, text))


def test_what_is_allowed_is_not_a_breach() -> None:
    allowed = (
        (makes_sealed, SEALER, "Sealed(b'')"),
        (
            imports_by_name,
            "page/server.py",
            "from importlib.resources import files\nimport importlib.metadata",
        ),
        (catches_all, "node/hall.py", "try:\n    pass\nexcept (OSError, ValueError):\n    pass"),
        (forbidden_imports, "share/nats.py", "import nats"),
        (forbidden_imports, "node/door_office.py", "from tocsin.release import _key"),
        (forbidden_imports, "node/door.py", "from tocsin.share import nats"),
        (forbidden_words, "sense/asterix.py", "# ASTERIX I048/020 Target Report Descriptor"),
    )
    assert [breach for rule, path, text in allowed for breach in rule(parse(path, text))] == []

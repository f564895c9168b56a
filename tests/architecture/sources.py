"""The source tree as the architecture tests read it: parsed files, their imports, their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T", bound=ast.AST)
PACKAGE = ROOT / "src" / "tocsin"


@dataclass(frozen=True)
class Source:
    """One module: its path inside the package, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    def nodes(self, kind: type[T]) -> Iterator[T]:
        """Every node of one kind."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kind))

    def imports(self) -> set[str]:
        """Dotted names imported: `from a import b` counts as a and as a.b."""
        found = {alias.name for node in self.nodes(ast.Import) for alias in node.names}
        for node in self.nodes(ast.ImportFrom):
            base = node.module or ""
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        return found


def parse(path: str, text: str) -> Source:
    """A source from its text."""
    return Source(path, text, ast.parse(text))


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    assert files, "no sources found: the architecture tests would pass on nothing"
    return tuple(parse(f.relative_to(PACKAGE).as_posix(), f.read_text(encoding="utf-8")) for f in files)

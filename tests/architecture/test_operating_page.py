"""docs/operating.md names every key of node.toml and every alarm: who runs a node finds what it says."""

import re
from pathlib import Path

import msgspec

from tocsin.model.alarm import PRIORITY, AlarmKind
from tocsin.model.warning import Thresholds
from tocsin.node.config import NodeConfig


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the first table after a heading, without its head."""
    table = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_key_of_node_toml_is_told(root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text(encoding="utf-8")
    table = rows(page, "What each key of node.toml says")
    told = {name for cells in table for name in re.findall(r"`(\w+)`", cells[0])}
    keys = {field.encode_name for field in msgspec.structs.fields(NodeConfig)} - {"_source"}
    assert told == keys


def test_every_part_of_a_key_is_told(root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text(encoding="utf-8")
    parts = {cells[0].strip("`"): cells[1] for cells in rows(page, "What each key of node.toml says")}
    types = {field.encode_name: field.type for field in msgspec.structs.fields(NodeConfig)}
    for name in ("broker", "page", "desk", "hooks", "partners", "feeds", "sensors", "officers", "warn"):
        kind = types[name]
        kind = kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else kind.__args__[0]
        for field in msgspec.structs.fields(kind):
            assert f"`{field.encode_name}`" in parts[name] or f"`{field.encode_name}`/" in parts[name], (
                name,
                field.encode_name,
            )
    assert types["warn"] is Thresholds


def test_every_alarm_is_told_with_its_priority(root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text(encoding="utf-8")
    told = {cells[0].strip("`"): int(cells[1]) for cells in rows(page, "Alarms, and what to do")}
    assert told == {str(kind): int(PRIORITY[kind]) for kind in AlarmKind}

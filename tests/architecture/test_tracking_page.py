"""docs/tracking.md leads to every module of the room and to no other: who inherits it finds the place."""

import re
from pathlib import Path


def test_every_module_of_the_room_has_its_place_on_the_page(root: Path) -> None:
    page = (root / "docs" / "tracking.md").read_text(encoding="utf-8")
    columns = [line.split("|")[3:5] for line in page.splitlines() if line.startswith("| ")]
    named = set(re.findall(r"`(\w+)`", " ".join(" ".join(cells) for cells in columns)))
    prose = re.findall(r"\(`(\w+)`\)|^`(\w+)` |: `(\w+)`\.", page, re.MULTILINE)
    named |= {name for found in prose for name in found if name}
    modules = {path.stem for path in (root / "src" / "tocsin" / "track").glob("*.py")} - {"__init__"}
    assert modules - named == set()
    assert named - modules == set()


def test_every_decision_that_the_page_names_is_there(root: Path) -> None:
    page = (root / "docs" / "tracking.md").read_text(encoding="utf-8")
    names = re.findall(r"\(adr/([\w.-]+)\)", page)
    assert names
    assert [name for name in names if not (root / "docs" / "adr" / name).is_file()] == []

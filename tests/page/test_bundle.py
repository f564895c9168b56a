from __future__ import annotations

import pytest

from tocsin.page.assets import load_assets
from tocsin.page.bundle import BundleError, bundle


def test_modules_come_in_the_order_of_need_and_once() -> None:
    files = {
        "main.js": 'import { twice } from "./a.js";\nimport { one } from "./deep/b.js";\nuse(twice, one);\n',
        "a.js": 'import { one } from "./deep/b.js";\nexport function twice() {}\n',
        "deep/b.js": "const one = 1;\nexport{one};\n",
    }
    script = bundle(files, "main.js")
    assert [line for line in script.splitlines() if line.startswith("// ")] == [
        "// deep/b.js",
        "// a.js",
        "// main.js",
    ]
    assert "import" not in script
    assert "export" not in script
    assert "return { one: one };" in script
    assert "const { twice } = m1;" in script


def test_renamed_exports() -> None:
    files = {"a.js": 'import { far as near } from "./b.js";', "b.js": "var x=1;export{x as far};"}
    script = bundle(files, "a.js")
    assert "return { far: x };" in script
    assert "const { far: near } = m0;" in script


@pytest.mark.parametrize(
    "source", ['import x from "./b.js";', "export default 1;", 'export * from "./b.js";', "export let x = 1;"]
)
def test_unknown_forms_are_refused(source: str) -> None:
    with pytest.raises(BundleError):
        bundle({"a.js": source, "b.js": ""}, "a.js")


def test_circles_and_gaps_are_named() -> None:
    with pytest.raises(BundleError, match=r"a\.js > b\.js > a\.js"):
        bundle({"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'}, "a.js")
    with pytest.raises(BundleError, match=r"no module b\.js"):
        bundle({"a.js": 'import { b } from "./b.js";'}, "a.js")


@pytest.mark.parametrize("entry", ["main.js", "replay.js"])
def test_the_page_itself_can_be_bundled(entry: str) -> None:
    sources = {name: asset.data.decode() for name, asset in load_assets().items() if name.endswith(".js")}
    assert "geoOrthographic" in bundle(sources, entry)

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from made_picture import OWNERS, picture

from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.page.export import MAX_BYTES, ExportError, picture_html

META = {"scenario": "2022-10-04 & <more>", "seed": "7"}


def run(every_s: int = 200, air: int = 3) -> dict[Nation, list[Picture]]:
    return {
        nation: [picture(nation, float(t), air=air) for t in range(0, 1_401, every_s)] for nation in OWNERS
    }


def unpacked(page: bytes) -> dict[str, object]:
    found = re.search(rb'id="run-data">([^<]*)<', page)
    assert found
    content: dict[str, object] = json.loads(gzip.decompress(b64decode(found[1])))
    return content


def test_holds_every_nations_pictures_and_the_words_about_the_run() -> None:
    page = picture_html(run(), META)
    content = unpacked(page)
    views = content["views"]
    assert isinstance(views, dict)
    assert {nation: len(rows) for nation, rows in views.items()} == {"USA": 8, "KOR": 8, "JPN": 8}
    assert content["meta"] == META
    assert b"<title>EXERCISE 2022-10-04 &amp; &lt;more&gt;" in page
    assert len(page) < 1_000_000 < MAX_BYTES


def test_same_run_same_bytes() -> None:
    assert picture_html(run(), META) == picture_html(run(), META)


def test_policy_names_exactly_the_script_and_the_style_inside() -> None:
    page = picture_html(run(700), META).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    script = re.search(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy
    assert script
    assert style
    for kind, text in (("script-src", script[1]), ("style-src", style[1])):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy[1]
    assert "unsafe" not in policy[1]
    assert page.count("<script") == 2


def test_refers_to_nothing_outside() -> None:
    page = picture_html(run(700), META).decode()
    assert not re.search(r'(?:src|href)="(?!data:)', page.replace('href="#queue"', ""))
    assert "url(" not in page
    assert "@import" not in page


def test_a_run_too_large_is_sampled_and_keeps_its_end() -> None:
    whole = run(20)
    full = picture_html(whole, META)
    small = picture_html(whole, META, max_bytes=len(full) - 10_000)
    assert len(small) <= len(full) - 10_000
    views = unpacked(small)["views"]
    assert isinstance(views, dict)
    for nation, rows in views.items():
        assert 1 < len(rows) < 71
        assert rows[-1]["now"] == whole[Nation(nation)][-1].now_ns // 1_000_000
        assert [row["now"] for row in rows] == sorted({row["now"] for row in rows})


def test_what_cannot_fit_or_be_shown_is_refused() -> None:
    with pytest.raises(ExportError, match="does not fit"):
        picture_html(run(1_400), META, max_bytes=10_000)
    with pytest.raises(ExportError, match="without a single picture"):
        picture_html({}, META)

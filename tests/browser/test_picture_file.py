"""picture.html from a folder: one file, nothing loaded, the run can be walked through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_picture import OWNERS, picture
from playwright.sync_api import Page, expect, sync_playwright

from tocsin.page.export import picture_html

pytestmark = pytest.mark.browser
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run") / "picture.html"
    pictures = {nation: [picture(nation, float(t), air=4) for t in range(0, 1_401, 100)] for nation in OWNERS}
    place.write_bytes(picture_html(pictures, {"scenario": "2022-10-04", "seed": "7 </script><b>"}))
    return place


@pytest.fixture
def page(chromium: str, run_file: Path) -> Iterator[Page]:
    faults: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{run_file.as_uri()}#lang=en")
        expect(page.locator("#run")).to_be_visible()
        yield page
        browser.close()
    assert faults == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_slider_and_desks(page: Page) -> None:
    # Opens at the first picture after the first release (200 s after the launch).
    expect(page.locator("#clock-utc")).to_have_text("2022-10-03 22:25:20Z")
    expect(page.locator("#warnings tbody tr")).to_contain_text("RELEASED")
    expect(page.locator("#marks tbody tr.item-other")).to_have_count(2)
    slider = page.locator("#run input[type=range]")
    slider.focus()
    slider.press("End")
    expect(page.locator("#queue tbody tr")).to_contain_text("impacted")
    slider.press("Home")
    expect(page.locator("#queue tbody tr")).to_contain_text("No ballistic object")
    slider.press("End")
    page.get_by_role("button", name="KOR", exact=True).click()
    expect(page.locator("#bar h1")).to_contain_text("KOR")
    expect(page.locator("#queue tbody tr")).to_contain_text("KOR-F1")
    page.get_by_text("About this run").click()
    expect(page.locator("#run dd", has_text="7 </script><b>")).to_be_visible()


def test_plays_by_itself(page: Page) -> None:
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#clock-utc")).not_to_have_text("2022-10-03 22:25:20Z")
    page.get_by_role("button", name="Pause").click()
    for key in "gp":
        page.keyboard.press(key)

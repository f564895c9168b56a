"""The live page in a real browser: nothing fails, nothing is asked elsewhere, and it says what it must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from desk_server import desk_server
from made_picture import LAUNCHED, grouped, picture, unseen
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tocsin.model.alarm import Alarm, AlarmKind, Priority, by_urgency
from tocsin.model.event import ArcShape, Footprint, Mishap, Motion, RangeBand
from tocsin.model.label import Nation, Plane
from tocsin.model.picture import Picture
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import Life
from tocsin.model.warning import MsgType

pytestmark = pytest.mark.browser
EMPTY_PNG_BYTES = 10_000  # more than a canvas of one colour, far less than a map
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@dataclass
class Source:
    """What the desk's hall would show; tests change it."""

    shown: Picture = field(default_factory=lambda: picture(Nation.JPN, 240.0))

    def __call__(self) -> Picture:
        return self.shown


@dataclass
class Desk:
    """An open page and what went wrong in it."""

    page: Page
    address: str
    source: Source
    faults: list[str]
    asked: list[str]

    def open(self, state: str = "lang=en&object=JPN-F1") -> Page:
        self.page.goto(f"{self.address}#{state}")
        expect(self.page.locator("#feed.good")).to_be_visible()
        expect(self.page.locator("#queue tbody tr[data-key]")).to_have_count(1)
        return self.page


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    source = Source()
    with desk_server(source, Nation.JPN, Plane.EXERCISE) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        opened = Desk(page, address, source, [], [])
        page.on("console", lambda message: opened.faults.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: opened.faults.append(str(error)))
        page.on("request", lambda request: opened.asked.append(request.url))
        page.on("websocket", lambda socket: opened.asked.append(socket.url))
        yield opened
        page.close()
    assert opened.faults == []


def test_no_fault_and_no_request_elsewhere(desk: Desk) -> None:
    page = desk.open()
    for key in "gpf?":
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    elsewhere = [
        url
        for url in desk.asked
        if not url.startswith((desk.address, desk.address.replace("http", "ws"), "data:"))
    ]
    assert elsewhere == []
    assert any(url.endswith("/feed") for url in desk.asked)


def test_countdown_runs_to_impact_and_to_my_areas(desk: Desk) -> None:
    page = desk.open()
    cells = page.locator("#queue tbody td.count")
    expect(cells).to_have_count(2)
    before = cells.all_text_contents()
    assert all(re.match(r"−\d\d:\d\d", text) for text in before)
    desk.source.shown = picture(Nation.JPN, 250.0)
    for i, text in enumerate(before):
        minutes, seconds = map(int, text[1:6].split(":"))
        left = 60 * minutes + seconds - 10
        expect(cells.nth(i)).to_contain_text(f"−{left // 60:02d}:{left % 60:02d}")


def test_exercise_wears_its_marks(desk: Desk) -> None:
    page = desk.open()
    expect(page.locator(".plane-EXERCISE")).to_contain_text("EXERCISE訓練훈련")
    assert "JPN EXERCISE" in page.title()
    hatched = page.evaluate("getComputedStyle(document.body).backgroundImage")
    assert hatched.startswith("repeating-linear-gradient")


def test_real_does_not(browser: Browser) -> None:
    shown = picture(Nation.JPN, 240.0, plane=Plane.REAL)
    with desk_server(lambda: shown, Nation.JPN, Plane.REAL) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#queue tbody tr[data-key]")).to_have_count(1)
        assert page.evaluate("getComputedStyle(document.body).backgroundImage") == "none"
        words = page.evaluate("document.body.innerText") + page.title()
        assert not re.search("exercise|訓練|훈련", words, re.IGNORECASE)
        page.close()


@pytest.mark.parametrize(
    ("language", "queue", "area"),
    [("en", "Alert queue", "Aomori"), ("ko", "경보 목록", "아오모리현"), ("ja", "警報一覧", "青森県")],
)
def test_three_languages(desk: Desk, language: str, queue: str, area: str) -> None:
    page = desk.open("lang=en&object=JPN-F1")
    page.locator("#language").select_option(language)
    expect(page.locator("#queue h2")).to_have_text(queue)
    expect(page.locator("#detail")).to_contain_text(area)
    assert page.evaluate("document.documentElement.lang") == language
    assert f"lang={language}" in page.url


def test_a_group_is_one_row_that_shows_its_tracks(desk: Desk) -> None:
    desk.source.shown = grouped(picture(Nation.JPN, 240.0), 5)
    page = desk.open("lang=en")
    rows, marks = page.locator("#queue tbody tr[data-key]"), page.locator("#marks tbody")
    expect(rows).to_contain_text("at least 4 objects together, 3.2 × 2.9 km")
    expect(rows.locator("td.count")).to_have_count(2)
    expect(page.locator("#who tbody tr[data-key]")).to_have_count(1)
    for key, count in (("group G-1", 1), ("impact G-1", 1), ("impact JPN-F1a", 0)):
        expect(marks.locator(f'[data-key="{key}"]')).to_have_count(count)
    for view in "gpf":
        page.keyboard.press(view)
    rows.click()
    expect(rows).to_have_count(6)
    expect(marks.locator('[data-key="impact JPN-F1a"]')).to_have_count(1)
    rows.nth(2).click()
    expect(page.locator("#detail .headline")).to_contain_text("JPN-F1b")
    rows.first.click()
    expect(rows).to_have_count(1)


def test_a_merged_name_is_told_and_not_drawn(desk: Desk) -> None:
    """It flies on under the other name: on the map it would be a second object."""
    shown = picture(Nation.JPN, 240.0)
    page = desk.open("lang=en")
    merged = replace(shown.fused[0], id="JPN-F1m", life=Life.MERGED)
    desk.source.shown = replace(shown, fused=(*shown.fused, merged), step=shown.step + 1)
    rows = page.locator("#queue tbody tr[data-key]")
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text("JPN-F1m")
    expect(rows.last).to_have_class(re.compile("over"))
    marks = page.locator("#marks tbody")
    expect(marks.locator('[data-key$=" JPN-F1"]')).not_to_have_count(0)
    expect(marks.locator('[data-key$=" JPN-F1m"]')).to_have_count(0)


def test_every_mark_on_the_map_is_a_row(desk: Desk) -> None:
    page = desk.open()
    shown = desk.source.shown
    track = shown.fused[0]
    sources = "+".join(track.sources)
    wanted = {f"fused {sources} {track.id}", f"launch {track.id}", f"impact {track.id}", f"apogee {track.id}"}
    wanted |= {f"air {t.id}" for t in shown.fused[1:]} | {
        f"area {r.area}" for r in shown.assessments[0].risks
    }
    wanted |= {f"own {'+'.join(t.sensors)} {t.id}" for t in shown.own}
    wanted |= {f"partner {t.origin} {t.track_id}" for t in shown.partners}
    wanted |= {f"sensor {s.id}" for s in shown.sensors}
    rows = page.locator("#marks tbody tr[data-key]")
    expect(rows).to_have_count(len(wanted))
    assert set(rows.evaluate_all("rows => rows.map((row) => row.dataset.key)")) == wanted


def test_layers_go_from_map_and_table_and_stay_in_the_address(desk: Desk) -> None:
    page = desk.open()
    page.keyboard.press("a")
    page.keyboard.press("i")
    expect(page.locator("#marks tbody tr.item-air, #marks tbody tr.item-partner")).to_have_count(0)
    page.reload()
    expect(page.locator("#marks tbody tr.item-fused")).to_have_count(1)
    expect(page.locator("#marks tbody tr.item-air, #marks tbody tr.item-partner")).to_have_count(0)


def test_warning_with_lead_time_and_quarantine(desk: Desk) -> None:
    desk.source.shown = picture(Nation.JPN, 320.0)
    page = desk.open()
    expect(page.locator("#warnings tbody tr")).to_contain_text("RELEASED")
    expect(page.locator("#warnings tbody tr")).to_contain_text("2 min 33 s")
    expect(page.locator("#quarantine")).to_contain_text("bad-signature1")
    expect(page.locator("#announce")).to_contain_text("Warning released for")


def test_map_is_drawn_and_an_object_can_be_picked_on_it(desk: Desk) -> None:
    page = desk.open("lang=en")
    expect(page.locator("#detail .headline")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("#detail .headline")).to_contain_text("JPN-F1")
    pictures = set()
    for view in "fgp":
        page.keyboard.press(view)
        page.wait_for_timeout(150)
        pictures.add(page.locator("canvas").screenshot())
    assert len(pictures) == 3
    assert min(len(png) for png in pictures) > EMPTY_PNG_BYTES


def test_a_lost_server_is_said_at_once(browser: Browser) -> None:
    shown = picture(Nation.JPN, 240.0)
    page = browser.new_page()
    with desk_server(lambda: shown, Nation.JPN, Plane.EXERCISE) as address:
        page.goto(f"{address}#lang=en")
        expect(page.locator("#feed.good")).to_contain_text("Page live")
    expect(page.locator("#feed.bad")).to_contain_text("NO CONNECTION")
    expect(page.locator("body.stale")).to_have_count(1)
    page.close()


def test_an_unseen_object_stands_at_its_predicted_place_and_says_so(desk: Desk) -> None:
    desk.source.shown = unseen(picture(Nation.JPN, 480.0), 740.0)
    page = desk.open()
    row = page.locator("#marks tbody tr.item-fused")
    expect(row).to_contain_text("coasting · predicted place, last seen 4 min 20 s ago")
    expect(page.locator("#queue tbody tr")).to_contain_text("predicted, last seen 4 min 20 s ago")
    expect(page.locator("#detail")).to_contain_text("Last measured")
    expect(page.locator("#who tbody tr td.own").first).to_have_text("○")
    for language, word in (("ko", "예측 위치"), ("ja", "予測位置")):
        page.locator("#language").select_option(language)
        expect(row).to_contain_text(word)


def test_after_the_predicted_impact_no_place_is_shown(desk: Desk) -> None:
    desk.source.shown = unseen(picture(Nation.JPN, 480.0), 1_400.0)
    page = desk.open()
    words = "predicted impact time passed, not observed"
    row = page.locator("#marks tbody tr.item-fused")
    expect(row).to_contain_text(words)
    expect(row.locator("td.col-place")).to_have_text("–")
    expect(page.locator("#marks tbody tr.item-impact")).to_contain_text(words)
    expect(page.locator("#detail .headline")).to_contain_text(words)
    for key in "fgp":
        page.keyboard.press(key)
        page.wait_for_timeout(100)


def test_a_predicted_object_is_drawn_otherwise(desk: Desk) -> None:
    """Same place, same clock: only whether it was measured differs."""
    still = picture(Nation.JPN, 740.0, air=0)
    alone = msgspec.structs.replace(still, own=(), partners=(), sensors=())
    shots = []
    for shown in (
        alone,
        unseen(
            msgspec.structs.replace(
                picture(Nation.JPN, 480.0, air=0),
                own=(),
                partners=(),
                sensors=(),
                assessments=alone.assessments,
            ),
            740.0,
        ),
    ):
        desk.source.shown = shown
        page = desk.open("lang=en&at=150.00,42.00,900.00")
        expect(page.locator("#clock-utc")).to_contain_text("22:34:20")
        page.wait_for_timeout(300)
        shots.append(page.locator("canvas").screenshot())
    assert shots[0] != shots[1]


def test_a_manoeuvring_object_has_a_region_and_no_impact_point(desk: Desk) -> None:
    shown = picture(Nation.JPN, 400.0)
    at = shown.assessments[0]
    corners = ((41.0, 141.0), (42.5, 146.0), (39.5, 147.0))
    where = Footprint(corners, after(shown.now_ns, 60.0), after(shown.now_ns, 300.0))
    odd = replace(
        at, impact=None, footprint=where, motion=Motion.MANOEUVRING, mishap=Mishap.BROKEN_UP, pieces=3
    )
    odd = replace(odd, mishap_ns=shown.now_ns, band=RangeBand.MEDIUM, shape=ArcShape.DEPRESSED)
    desk.source.shown = replace(shown, assessments=(odd, *shown.assessments[1:]))
    page = desk.open()
    facts = page.locator("#detail")
    for words in (
        "not predictable: it manoeuvres",
        "medium range · depressed",
        "came apart · 3 pieces fly on",
    ):
        expect(facts).to_contain_text(words)
    expect(facts).not_to_contain_text("no prediction before burnout")
    expect(page.locator("#marks tbody tr.item-region")).to_have_count(1)
    expect(page.locator("#marks tbody tr.item-impact")).to_have_count(0)
    assert desk.faults == []


def test_before_burnout_no_area_is_called_safe(desk: Desk) -> None:
    desk.source.shown = picture(Nation.JPN, 90.0)
    page = desk.open()
    expect(page.locator("#queue tbody td").last).to_have_text("–")
    expect(page.locator("#detail tbody")).to_have_text("no prediction before burnout")


def test_a_cancel_does_not_look_like_an_alert(desk: Desk) -> None:
    shown = picture(Nation.JPN, 320.0)
    draft = shown.drafts[0]
    warning = msgspec.structs.replace(draft.warning, msg_type=MsgType.CANCEL, serial=2)
    cancel = msgspec.structs.replace(
        draft, id=f"{draft.id}-2", warning=warning, drafted_ns=after(LAUNCHED, 310)
    )
    desk.source.shown = msgspec.structs.replace(shown, drafts=(draft, cancel))
    page = desk.open()
    first, second = (page.locator("#warnings tbody tr").nth(i) for i in (0, 1))
    expect(first).to_contain_text("⊘ CANCEL 1.2 · RELEASED")
    expect(second).to_contain_text("Alert 1 · RELEASED · observed")
    style = "row => getComputedStyle(row.cells[0]).borderLeft"
    assert first.evaluate(style) != second.evaluate(style)
    expect(page.locator("#announce")).to_contain_text("Warning cancelled for")
    assert page.locator("#announce p", has_text="Warning released for").count() == 1


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1500, 900), (1920, 1080)])
@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_nothing_is_cut_off(desk: Desk, width: int, height: int, language: str) -> None:
    shown = unseen(picture(Nation.JPN, 480.0), 740.0)
    busy = tuple(msgspec.structs.replace(link, backlog=1_200, round_trip_ms=1_310.0) for link in shown.links)
    desk.source.shown = msgspec.structs.replace(shown, links=busy)
    desk.page.set_viewport_size({"width": width, "height": height})
    page = desk.open(f"lang={language}&object=JPN-F1")
    for part in ("#marks", "#warnings", "#queue", "#detail", "#sensors", "#right", "#left", "#bar"):
        wide = page.locator(part).evaluate("node => node.scrollWidth - node.clientWidth")
        assert wide <= 0, part
    assert page.locator("#bar").bounding_box()["height"] < 50  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    map_height = page.locator(".canvas-box").bounding_box()["height"]  # type: ignore[index]
    assert map_height > 0.5 * height


def with_links(shown: Picture, **facts: object) -> Picture:
    """Both partners' links, with these facts of KOR's."""
    links = tuple(
        msgspec.structs.replace(link, **facts) if link.partner is Nation.KOR else link for link in shown.links
    )
    return msgspec.structs.replace(shown, links=links)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("last proof 1.5 s ago", "certificate 12 days", "clock -0.25 s ahead", "hall's word 0.4 s old"),
        ),
        ("ko", ("1.5", "12", "-0.25", "0.4")),
        ("ja", ("1.5", "12", "-0.25", "0.4")),
    ],
)
def test_a_link_tells_its_proof_certificate_clock_and_hall(
    desk: Desk, language: str, words: tuple[str, ...]
) -> None:
    desk.source.shown = with_links(
        picture(Nation.JPN, 240.0),
        proof_age_s=1.5,
        certificate_days=12.3,
        clock_offset_s=-0.25,
        hall_age_s=0.4,
    )
    page = desk.open(f"lang={language}")
    kor = page.locator("#links li", has_text="KOR")
    for one in words:
        expect(kor).to_have_attribute("title", re.compile(re.escape(one)))
    title = page.locator("#links li", has_text="USA").get_attribute("title") or ""
    assert not any(one in title for one in words), "what is not known is not told"


@pytest.mark.parametrize(
    ("facts", "state", "says"),
    [
        ({"missing": 7}, "link-withheld", "7"),
        ({"blind": True, "hall_age_s": 9.0}, "link-blind", "9"),
        ({"heard_age_s": 3.2, "paths_up": ()}, "link-down", "down"),
        ({"heard_age_s": 5.1}, "link-down", "down"),
        ({"heard_age_s": None, "round_trip_ms": None, "paths_up": ()}, "link-never", "never heard"),
    ],
)
def test_a_link_that_is_not_well_is_seen_and_named(
    desk: Desk, facts: dict[str, object], state: str, says: str
) -> None:
    desk.source.shown = with_links(picture(Nation.JPN, 240.0), **facts)
    page = desk.open()
    kor = page.locator("#links li", has_text="KOR")
    expect(kor).to_have_class(state)
    expect(kor).to_have_attribute("title", re.compile(says))
    expect(page.locator("#links li", has_text="USA")).to_have_class("link-up")


def test_alarms_stand_in_one_list_by_urgency_and_go_when_they_are_over(desk: Desk) -> None:
    now = Instant(1_700_000_000 * SECOND_NS)
    alarms = (
        Alarm(AlarmKind.CERTIFICATE_ENDS, "KOR", "the link's certificate ends in 12 days", now),
        Alarm(AlarmKind.CERTIFICATE_ENDS, "USA", "it ends today", now, Priority.NOW),
        Alarm(AlarmKind.CLOCK_UNSURE, "KOR", "the clock is off by 2 s", now),
        Alarm(AlarmKind.OUTLET_FAILED, "siren", "it does not answer", now),
    )
    desk.source.shown = msgspec.structs.replace(picture(Nation.JPN, 240.0), alarms=by_urgency(alarms))
    page = desk.open()
    rows = page.locator("#alarms tbody tr")
    expect(rows).to_have_count(4)
    texts = rows.all_inner_texts()
    assert [text.split()[1] for text in texts] == ["1", "1", "2", "3"]
    assert "A certificate runs out" in texts[3]
    assert "KOR" in texts[3]
    expect(rows.nth(3).locator("td").nth(1)).to_have_attribute(
        "title", "the link's certificate ends in 12 days"
    )
    expect(rows.nth(2)).to_contain_text("The clock is uncertain")
    desk.source.shown = msgspec.structs.replace(picture(Nation.JPN, 241.0), alarms=())
    expect(page.locator("#alarms")).to_be_hidden()

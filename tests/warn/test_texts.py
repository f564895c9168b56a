"""What people read: the same facts in three languages, local clocks, marks, no extrapolation as fact."""

from __future__ import annotations

import re
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warn_worlds import NAMES, T0, at, warning

from tocsin.earth.places import load_areas
from tocsin.model.label import Nation, Plane
from tocsin.model.time import from_iso
from tocsin.model.warning import Certainty, MsgType, ThreatKind, WarnedArea, Warning
from tocsin.warn.lint import lint
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS, MARKS, WORDS, Lang
from tocsin.warn.zones import clock, zone_of

AREAS = {
    Nation.JPN: ("JP-01", "JP-02", "JP-03", "JP-47"),
    Nation.KOR: ("KR-11", "KR-49"),
    Nation.USA: ("US-GU", "US-HI", "US-AK", "US-WA", "US-NY"),
}


@st.composite
def warnings(draw: st.DrawFn) -> Warning:
    nation = draw(st.sampled_from(Nation))
    codes = draw(st.lists(st.sampled_from(AREAS[nation]), min_size=1, unique=True))
    sent_s = draw(st.floats(0.0, 1e6))
    areas = [
        WarnedArea(code, draw(st.sampled_from(ThreatKind)), at(sent_s + draw(st.integers(-600, 80_000))))
        for code in codes
    ]
    kind = draw(st.sampled_from(MsgType))
    count = 0 if kind is MsgType.ALERT else draw(st.integers(1, 4))
    return warning(
        kind,
        draw(st.sampled_from(Plane)),
        nation,
        draw(st.sampled_from(Certainty)),
        areas,
        serial=count + 1,
        objects=draw(st.integers(1, 12)),
        launched_ns=draw(st.sampled_from((None, at(sent_s - 90.0)))),
        sent_ns=at(sent_s),
        expires_ns=at(sent_s + 90_000.0),
        references=tuple((i + 1, at(sent_s - 100.0 * (count - i))) for i in range(count)),
    )


def numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"[0-9]+", text))


@given(warnings())
def test_same_numbers_marks_and_nothing_refused(message: Warning) -> None:
    told = {lang: render(message, NAMES, lang) for lang in LANGS}
    for part in ("headline", "description", "instruction", "event"):
        counts = [numbers(getattr(told[lang], part)) for lang in LANGS]
        assert counts[0] == counts[1] == counts[2]
        for lang in LANGS:
            mark, text = MARKS[message.plane][lang], getattr(told[lang], part)
            assert text.startswith(mark)
            assert text.endswith(mark)
    for lang in LANGS:
        assert lint(told[lang], lang, message.plane) == ()


def test_what_aomori_reads() -> None:
    """Read by eye once, kept as it was found right."""
    text = {lang: render(warning(), NAMES, lang) for lang in LANGS}
    assert text["en"].description.split("\n") == [
        "EXERCISE EXERCISE EXERCISE",
        "This is an exercise.",
        "Who: Missile warning desk of Japan (tocsin)",
        "When: Issued 2022-10-04 07:24 JST.",
        "Where: Aomori (may pass overhead, from about 07:28 JST)",
        "What: A missile appears to have been launched at about 07:22 JST. Number of objects: 1.",
        "Why: Sensors are tracking the object. Areas and times are predictions.",
        "EXERCISE EXERCISE EXERCISE",
    ]
    assert "대상 지역: 아오모리현 (07:28 JST경부터 상공 통과 가능성)" in text["ko"].description
    assert "対象地域: 青森県(07:28 JSTごろから上空を通過するおそれ)" in text["ja"].description
    assert "建物の中、又は地下に避難してください" in text["ja"].instruction
    assert "건물 안이나 지하로 대피하십시오" in text["ko"].instruction


def test_a_launch_is_an_estimate_and_told_to_the_nearest_minute() -> None:
    text = render(warning(launched_ns=at(-8.0)), NAMES, "en").description
    assert "launched at about 07:22 JST" in text


def test_real_texts_have_no_mark_and_say_nothing_of_drills() -> None:
    told = render(warning(plane=Plane.REAL), NAMES, "en")
    assert told.headline == "Missile warning for Aomori. Take shelter now."
    assert "xercise" not in told.description


@pytest.mark.parametrize(
    ("area", "said"),
    [("US-GU", "08:28 ChST"), ("US-HI", "12:28 HST"), ("US-AK", "14:28 AKDT"), ("US-NY", "18:28 EDT")],
)
def test_a_lone_american_area_reads_its_own_clock(area: str, said: str) -> None:
    one = warning(nation=Nation.USA, areas=[WarnedArea(area, ThreatKind.IMPACT, at(373))])
    text = render(one, NAMES, "en").description
    assert f"from about {said})" in text
    assert "UTC" not in text


def test_areas_in_several_zones_read_their_clock_and_utc() -> None:
    areas = [WarnedArea(code, ThreatKind.IMPACT, at(373)) for code in ("US-GU", "US-HI")]
    text = render(warning(nation=Nation.USA, areas=areas), NAMES, "ja").description
    assert "グアム(08:28 ChST = 22:28 UTCごろから" in text
    assert "ハワイ州(12:28 HST = 22:28 UTCごろから" in text
    assert "2022-10-03 22:24 UTC" in text


def test_a_time_on_another_day_has_its_date() -> None:
    late = from_iso("2022-10-04T23:58:00+09:00")
    message = warning(
        sent_ns=late,
        areas=[WarnedArea("JP-02", ThreatKind.IMPACT, from_iso("2022-10-05T00:03:00+09:00"))],
    )
    assert "2022-10-05 00:03 JST" in render(message, NAMES, "ko").description


def test_lost_is_said_as_lost() -> None:
    lost = render(warning(MsgType.UPDATE, certainty=Certainty.POSSIBLE), NAMES, "en").description
    assert "Tracking of the object is lost and its position is not known." in lost
    assert "replaces the message issued 07:24 JST" in lost
    lifted = render(warning(MsgType.CANCEL, certainty=Certainty.POSSIBLE), NAMES, "en")
    assert "its point of impact was not observed" in lifted.description
    assert "may leave your shelter" in lifted.instruction


def test_many_areas_are_counted_in_the_headline() -> None:
    areas = [WarnedArea(f"JP-{i:02d}", ThreatKind.IMPACT, at(373)) for i in range(1, 9)]
    headline = render(warning(areas=areas), NAMES, "ja").headline
    assert headline.startswith(
        "訓練 訓練 訓練 ミサイル発射情報。対象地域: 北海道、青森県、岩手県、JP-04、JP-05、ほか3地域。"
    )


@pytest.mark.parametrize("lang", LANGS)
def test_catalogues_are_complete(lang: Lang) -> None:
    words = WORDS[lang]
    assert set(words.nations) == set(Nation)
    assert set(words.headlines) == set(MsgType)
    assert set(words.threats) == set(ThreatKind)
    assert set(words.why) == set(Certainty)
    assert set(words.plane_note) == set(Plane)


def test_every_area_that_can_be_warned_has_a_clock_and_a_name() -> None:
    for area in load_areas():
        assert clock(T0, zone_of(area.iso)).split()[-1] != "UTC", area.iso
    assert zone_of("US-HI") == ZoneInfo("Pacific/Honolulu")
    assert clock(T0, zone_of("XX-1")).endswith("UTC")

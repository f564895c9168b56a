"""Words that were said once and must not be said again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from shapely.geometry import box
from warn_worlds import NAMES, warning

from tocsin.model.label import Plane
from tocsin.warn.cap import to_cap
from tocsin.warn.lint import lint, lint_cap, lint_words, squeeze
from tocsin.warn.texts import render

SHAPES = {"JP-02": box(139.5, 40.2, 141.7, 41.5)}


def exercise(text: str) -> str:
    return f"EXERCISE EXERCISE EXERCISE {text} EXERCISE EXERCISE EXERCISE"


@pytest.mark.parametrize(
    "text",
    [
        "BALLISTIC MISSILE THREAT. SEEK SHELTER. THIS IS NOT A DRILL.",  # Hawaii, 13 January 2018
        "this is not  a-drill",
        "It isn't a test",
        "no drill",
        "This is ＮＯＴ ＡＮ exercise",
        "not\u200b a drill",
        "This is real.",
        "This is a real attack",
        "실제 상황입니다",
        "실제상황",
        "훈련이 아닙니다",
        "훈련 아님",
        "これは訓練ではありません",
        "訓練ではない",
        "これは本番です",
        "実際の攻撃です",
    ],
)
@pytest.mark.parametrize("plane", [Plane.EXERCISE, Plane.TEST])
def test_a_drill_that_denies_being_one_is_refused(text: str, plane: Plane) -> None:
    assert any("denies" in fault for fault in lint_words(text, plane))


@pytest.mark.parametrize(
    "text",
    [
        "This is an exercise.",
        "No action is needed. The current exercise ends at noon.",
        "이것은 훈련입니다.",
        "これは訓練です。",
        "実際の行動は必要ありません。",
        "This is really only practice.",
    ],
)
def test_plain_drill_words_are_good(text: str) -> None:
    assert lint_words(exercise(text), Plane.EXERCISE) == ()


@pytest.mark.parametrize(
    "text",
    [
        "The missile passed over Aomori at 07:48.",  # 3 November 2022
        "It has landed in the sea.",
        "미사일이 일본 상공을 통과했습니다",
        "동해상에 낙하하였습니다",
        "ミサイルは上空を通過しました",
        "太平洋に落下したものとみられます",
    ],
)
@pytest.mark.parametrize("plane", Plane)
def test_extrapolation_as_fact_is_refused(text: str, plane: Plane) -> None:
    assert any("as fact" in fault for fault in lint_words(text, plane))


@pytest.mark.parametrize("text", ["It may pass overhead.", "上空を通過するおそれ", "낙하 가능성"])
def test_predictions_are_good(text: str) -> None:
    assert lint_words(text, Plane.REAL) == ()


def test_marks() -> None:
    assert lint_words("Take shelter.", Plane.EXERCISE) == (
        "does not begin with the EXERCISE mark",
        "does not end with the EXERCISE mark",
    )
    assert lint_words(exercise("Take shelter. TEST TEST TEST"), Plane.EXERCISE) == (
        "holds the mark of another plane: TEST TEST TEST",
    )
    assert lint_words("EXERCISE EXERCISE EXERCISE", Plane.EXERCISE) == (
        "does not end with the EXERCISE mark",
    )
    assert lint_words("訓練 訓練 訓練 避難 訓練 訓練 訓練", Plane.EXERCISE) == ()


@pytest.mark.parametrize("text", ["EXERCISE", "a drill", "훈련", "訓練 訓練 訓練", "this is a test"])
def test_a_real_alert_does_not_speak_of_drills(text: str) -> None:
    assert any("speaks of a drill" in fault for fault in lint_words(text, Plane.REAL))


@pytest.mark.parametrize("text", ["Jアラート", "J-ALERT", "긴급재난문자", "Emergency Alert System"])
def test_national_systems_are_not_imitated(text: str) -> None:
    assert any("imitates" in fault for fault in lint_words(text, Plane.REAL))


def test_every_answer_is_asked_for() -> None:
    told = render(warning(), NAMES, "ko")
    for label in ("발표", "일시", "대상 지역", "내용", "근거"):
        kept = "\n".join(line for line in told.description.split("\n") if not line.startswith(label))
        assert lint(replace(told, description=kept), "ko", Plane.EXERCISE) == (
            f"description: no answer to {label!r}",
        )
    unanswered = replace(told, instruction="훈련 훈련 훈련\n행동 요령: \n훈련 훈련 훈련")
    assert lint(unanswered, "ko", Plane.EXERCISE) == ("instruction: no answer to '행동 요령'",)


def test_a_message_is_linted_in_its_plane() -> None:
    xml = to_cap(warning(), SHAPES, NAMES)
    assert lint_cap(xml) == ()
    assert lint_cap(xml, Plane.REAL) == ("status Exercise in the REAL plane",)
    real = xml.replace(b"<status>Exercise<", b"<status>Actual<")
    assert any("speaks of a drill" in fault for fault in lint_cap(real))
    denied = xml.replace("これは訓練です。".encode(), "これは訓練ではありません。".encode())
    assert lint_cap(denied) == ("ja: description: denies being a drill: 訓練ではあり",)
    assert lint_cap(b"<a/>") == ("not a CAP 1.2 alert: a",)
    assert lint_cap(xml.replace(b"Exercise", b"Draft"))[0] == "status 'Draft' belongs to no plane"


def test_squeeze_reads_through_decoration() -> None:
    assert squeeze("ＮＯＴ\u200b  a-Drill!") == "notadrill"

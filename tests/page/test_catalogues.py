from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "src" / "tocsin" / "page" / "static"
LANGUAGES = ("en", "ko", "ja")
GROUPS = {
    "alarm": "tocsin.model.alarm.AlarmKind",
    "priority": "tocsin.model.alarm.Priority",
    "kind": "tocsin.model.track.ObjectClass",
    "life": "tocsin.model.track.Life",
    "phase": "tocsin.model.track.Phase",
    "band": "tocsin.model.event.RangeBand",
    "shape": "tocsin.model.event.ArcShape",
    "mishap": "tocsin.model.event.Mishap",
    "sensorkind": "tocsin.model.sensor.SensorKind",
    "draft": "tocsin.model.warning.WarnStatus",
    "purpose": "tocsin.model.warning.Purpose",
    "standing": "tocsin.model.warning.Standing",
    "outcome": "tocsin.model.warning.Outcome",
    "msgtype": "tocsin.model.warning.MsgType",
    "certainty": "tocsin.model.warning.Certainty",
    "threat": "tocsin.model.warning.ThreatKind",
    "nation": "tocsin.model.label.Nation",
    "plane": "tocsin.model.label.Plane",
}


def catalogue(language: str) -> dict[str, str]:
    text = (STATIC / "lang" / f"{language}.js").read_text(encoding="utf-8")
    words: dict[str, str] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return words


def scripts() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js")))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_same_keys_and_same_blanks(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert list(other) == list(english)
    for key, text in english.items():
        assert other[key].strip(), key
        assert set(re.findall(r"\{\w+\}", other[key])) == set(re.findall(r"\{\w+\}", text)), key


def test_every_word_that_is_said_is_known() -> None:
    said = set(re.findall(r'say\("([^"]+)"', scripts()))
    assert len(said) > 50
    assert said <= set(catalogue("en"))


def test_no_word_lies_about_unused() -> None:
    source = scripts()
    prefixes = (
        tuple(re.findall(r"say\(`([\w.]+\.)\$\{", source))
        + tuple(f"{group}." for group in GROUPS)
        + ("link.", "policy.", "conflict.", "exchange.")
    )
    unused = [key for key in catalogue("en") if f'"{key}"' not in source and not key.startswith(prefixes)]
    assert unused == []


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_code_word_of_the_model_has_a_name(group: str) -> None:
    module, _, name = GROUPS[group].rpartition(".")
    enum = getattr(__import__(module, fromlist=[name]), name)
    assert {f"{group}.{member.value}" for member in enum} <= set(catalogue("en"))

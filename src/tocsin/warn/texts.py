"""One structure, three texts: who, when, where, what, why, what to do, in English, Korean and Japanese.

In here: how a `Warning` reads. Not in here: the words (words.py), local clocks (zones.py), the refusals
(lint.py). Outside REAL every part begins and ends with the plane's mark.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tocsin.model.time import Instant, after
from tocsin.model.warning import Certainty, MsgType, Purpose, WarnedArea, Warning, at_sea
from tocsin.warn.words import MARKS, WORDS, Lang, Words
from tocsin.warn.zones import area_zone, clock, clock_beside, dated_clock, desk_zone, zone_of

Names = Mapping[str, Mapping[str, str]]
"""Area's code -> language (en, ko, ja) -> the area's name."""

HEADLINE_AREAS: Final = 5
"""CAP 1.2 asks for a headline that fits small displays (160 characters): more areas than this are counted."""


class Texts(Struct, frozen=True):
    """What people read, in one language."""

    headline: str
    description: str
    instruction: str
    event: str


def render(warning: Warning, names: Names, lang: Lang) -> Texts:
    """The texts of a warning. Names fall back to English and then to the area's code."""
    words = WORDS[lang]
    mark = MARKS[warning.plane][lang]
    lifted = warning.msg_type is MsgType.CANCEL
    advice = words.sea if afloat(warning) else words
    act = advice.act_lifted if lifted else advice.act
    headline = _headline(warning, words).format(areas=_short(warning, names, lang))
    return Texts(
        headline=_marked(headline, mark, " "),
        description=_marked("\n".join(_description(warning, names, lang)), mark, "\n"),
        instruction=_marked(f"{words.labels.action}{words.colon}{act}", mark, "\n"),
        event=_marked(words.event, mark, " "),
    )


def afloat(warning: Warning) -> bool:
    """True for a message to ships and aircraft: sea areas and land never stand in one message."""
    return all(at_sea(row.area) for row in warning.areas)


def name_of(area: str, names: Names, lang: Lang) -> str:
    """The area's name in a language, else in English, else its code."""
    known = names.get(area, {})
    return known.get(lang) or known.get("en") or area


def _marked(text: str, mark: str, gap: str) -> str:
    return f"{mark}{gap}{text}{gap}{mark}" if mark else text


def _headline(warning: Warning, words: Words) -> str:
    if warning.purpose is Purpose.WITHDRAW:
        return words.headline_withdrawn
    advice = words.sea if afloat(warning) else words
    return (
        advice.headline_corrected
        if warning.purpose is Purpose.CORRECT
        else advice.headlines[warning.msg_type]
    )


def _short(warning: Warning, names: Names, lang: Lang) -> str:
    words = WORDS[lang]
    shown = [name_of(row.area, names, lang) for row in warning.areas[:HEADLINE_AREAS]]
    rest = len(warning.areas) - len(shown)
    return words.comma.join([*shown, words.more.format(count=rest)] if rest else shown)


def _description(warning: Warning, names: Names, lang: Lang) -> list[str]:
    words = WORDS[lang]
    answers = (
        words.desk.format(nation=words.nations[warning.nation]),
        words.issued.format(time=dated_clock(warning.sent_ns, desk_zone(warning))),
        words.comma.join(_area(warning, row, names, lang) for row in warning.areas),
        " ".join(_what(warning, words)),
        _why(warning, words),
    )
    note = words.plane_note[warning.plane]
    lines = [f"{label}{words.colon}{text}" for label, text in zip(words.labels.all(), answers, strict=False)]
    return [note, *lines] if note else lines


def _area(warning: Warning, row: WarnedArea, names: Names, lang: Lang) -> str:
    name = name_of(row.area, names, lang)
    if warning.msg_type is MsgType.CANCEL:
        return name
    zone = zone_of(row.area)
    time = clock_beside(row.expected_ns, zone, warning.sent_ns)
    if area_zone(warning) is None:
        time += f" = {clock(row.expected_ns, desk_zone(warning))}"
    return WORDS[lang].threats[row.threat].format(area=name, time=time)


def _what(warning: Warning, words: Words) -> list[str]:
    if warning.msg_type is MsgType.CANCEL:
        withdrawn = warning.purpose is Purpose.WITHDRAW
        return [(words.withdraws if withdrawn else words.lifts).format(time=_reference(warning, 0))]
    launched = words.launched_sometime
    if warning.launched_ns is not None:
        nearest = after(warning.launched_ns, 30.0)  # an estimate: to the nearest minute, not the last one
        launched = words.launched.format(time=_beside_issue(warning, nearest))
    rows = [launched, words.objects.format(count=warning.objects)]
    if warning.msg_type is MsgType.UPDATE:
        corrected = warning.purpose is Purpose.CORRECT
        rows.append((words.corrects if corrected else words.replaces).format(time=_reference(warning, -1)))
    return rows


def _why(warning: Warning, words: Words) -> str:
    if warning.msg_type is not MsgType.CANCEL:
        return words.why_region if warning.region else words.why[warning.certainty]
    if warning.purpose is Purpose.WITHDRAW:
        return words.why_withdrawn
    if warning.purpose is Purpose.LIFT:
        return words.why_lifted_desk
    known = warning.certainty is Certainty.OBSERVED or warning.region
    return words.why_lifted if known else words.why_lifted_lost


def _reference(warning: Warning, index: int) -> str:
    return _beside_issue(warning, warning.references[index][1])


def _beside_issue(warning: Warning, instant: Instant) -> str:
    return clock_beside(instant, desk_zone(warning), warning.sent_ns)

"""Words that may not stand in a warning, and answers that may not be missing from it.

Hawaii, 13 January 2018: a drill said "this is not a drill". J-Alert, 3 November 2022: "passed over" was
said of an object that had been lost. Both are refused here, in three languages whatever the language of the
text. Words are compared without case, width, spaces or punctuation, so that `NOT A-DRILL` is found too.
"""

import re
import unicodedata
from typing import Final

from tocsin.model.label import Plane
from tocsin.warn.cap_rules import STATUS
from tocsin.warn.cap_schema import children, first, parse
from tocsin.warn.texts import Texts
from tocsin.warn.words import MARKS, TAGS, WORDS, Lang

_LANG: Final = {tag: lang for lang, tag in TAGS.items()}
# Said in a drill, each of these makes it look like reality. Compared in squeezed form (see `squeeze`).
_DENIES_DRILL: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:not|isnt|never)(?:just|only)?(?:a|an|the)(?:drill|exercise|test)",
        r"(?:no|not)drill",
        r"thisisreal(?!ly)",
        r"isareal(?:alert|attack|emergency|event|missile|threat|warning)",
        r"(?:훈련|시험|연습|테스트)(?:이|은|는|가)?아(?:님|니|닙|닌)",
        r"실제(?:상황|경보|공격|발사)",
        r"(?:訓練|試験|演習|テスト)で(?:は|も)?(?:な|あり)",
        r"(?:これは|これが)?本番です",
        r"実際の(?:状況|事態|警報|攻撃|ミサイル)",
    )
)
# What only an observer may say; a prediction says "may", "おそれ", "가능성".
_STATES_AS_FACT: Final = (
    re.compile(r"\b(?:passed|landed|splashed|fallen|fell|crashed|impacted|struck)\b", re.IGNORECASE),
    re.compile(r"(?:통과|낙하|추락|착탄|탄착|착수)(?:했|하였|됐|되었|완료)"),
    re.compile(r"(?:通過|落下|着弾|着水|墜落)(?:した|しました|済み|が確認)"),
)
# A real alert that speaks of drills is as dangerous as a drill that denies being one.
_SAYS_DRILL: Final = re.compile(
    r"\b(?:exercise|drill|test)s?\b|훈련|연습|시험|테스트|訓練|演習|試験|テスト", re.IGNORECASE
)
# National alert systems are not imitated: their names belong to their operators.
_BRANDS: Final = re.compile(
    r"J[- ]?ALERT|Jアラート|全国瞬時警報|エリアメール|\bEmergency Alert System\b|\bWireless Emergency Alert|"
    r"\bPresidential Alert\b|긴급재난문자|민방위\s*경보",
    re.IGNORECASE,
)


def squeeze(text: str) -> str:
    """Letters and digits only, compatibility forms folded, no case: what the eye reads through decoration."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in plain if unicodedata.category(c)[0] in "LN")


def lint_words(text: str, plane: Plane) -> tuple[str, ...]:
    """Faults of one free text in any of the languages: marks and words."""
    return (*_mark_faults(text, plane), *_word_faults(text, plane))


def lint(texts: Texts, lang: Lang, plane: Plane) -> tuple[str, ...]:
    """Faults of a rendered warning: words and marks of every part, and the six answers."""
    parts = {
        "headline": texts.headline,
        "description": texts.description,
        "instruction": texts.instruction,
        "event": texts.event,
    }
    faults = [f"{name}: {fault}" for name, text in parts.items() for fault in lint_words(text, plane)]
    return (*faults, *_missing(texts, lang))


def lint_cap(xml: bytes, plane: Plane | None = None) -> tuple[str, ...]:
    """Faults of the texts in a CAP message; its plane is that of its status, and must be `plane` where
    given.
    """
    try:
        alert = parse(xml)
    except ValueError as fault:
        return (str(fault),)
    status = first(alert, "status")
    bound = next((known for known, name in STATUS.items() if name == status), None)
    if bound is None:
        return (f"status {status!r} belongs to no plane",)
    if plane not in (None, bound):
        return (f"status {status} in the {plane} plane",)
    faults = []
    for info in children(alert, "info"):
        lang = _LANG.get(first(info, "language"))
        texts = Texts(*(first(info, part) for part in ("headline", "description", "instruction", "event")))
        found = lint(texts, lang, bound) if lang else (f"language {first(info, 'language')!r} is not ours",)
        faults += [f"{lang or 'info'}: {fault}" for fault in found]
    return tuple(faults) or (() if children(alert, "info") else ("has no info",))


def _mark_faults(text: str, plane: Plane) -> list[str]:
    marks = [mark for mark in MARKS[plane].values() if mark]
    if not marks:
        return []
    body = text.strip()
    faults = []
    if not any(body.startswith(mark) for mark in marks):
        faults.append(f"does not begin with the {plane} mark")
    if not any(body.endswith(mark) and len(body) > len(mark) for mark in marks):
        faults.append(f"does not end with the {plane} mark")
    foreign = [m for other in Plane if other is not plane for m in MARKS[other].values() if m and m in body]
    return faults + [f"holds the mark of another plane: {mark}" for mark in foreign]


def _word_faults(text: str, plane: Plane) -> list[str]:
    faults = [f"states as fact: {hit.group()}" for rule in _STATES_AS_FACT for hit in rule.finditer(text)]
    faults += [f"imitates a national alert system: {hit.group()}" for hit in _BRANDS.finditer(text)]
    if plane is Plane.REAL:
        return faults + [f"speaks of a drill: {hit.group()}" for hit in _SAYS_DRILL.finditer(text)]
    squeezed = squeeze(text)
    hits = (hit.group() for rule in _DENIES_DRILL for hit in rule.finditer(squeezed))
    return faults + [f"denies being a drill: {hit}" for hit in hits]


def _missing(texts: Texts, lang: Lang) -> list[str]:
    """The labels whose answer is not there (who, when, where, what, why in the description; action below
    it).
    """
    words = WORDS[lang]
    *answered, action = words.labels.all()
    faults = [
        f"description: no answer to {label!r}"
        for label in answered
        if not _answer(texts.description, label + words.colon)
    ]
    if not _answer(texts.instruction, action + words.colon):
        faults.append(f"instruction: no answer to {action!r}")
    return faults + [f"{name}: empty" for name in ("headline", "event") if not getattr(texts, name).strip()]


def _answer(text: str, label: str) -> bool:
    return any(line.startswith(label) and line.removeprefix(label).strip() for line in text.splitlines())

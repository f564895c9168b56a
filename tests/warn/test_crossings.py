"""Every crossing of planes tried: no exercise message in a REAL outlet, none the other way, in any
template.
"""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace
from shapely.geometry import box
from warn_worlds import NAMES, RULES, Room, act, drafted, meaning, over, track, warning

from tocsin.model.label import Plane, PlaneMixError
from tocsin.model.warning import ActKind, Certainty, MsgType, Purpose, Warning
from tocsin.outlet.press import Press
from tocsin.warn.approve import Refusal
from tocsin.warn.decide import Refused
from tocsin.warn.lint import lint, lint_cap
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS, MARKS

TEMPLATES = (
    (MsgType.ALERT, Purpose.WARN),
    (MsgType.UPDATE, Purpose.WARN),
    (MsgType.UPDATE, Purpose.DOWNGRADE),
    (MsgType.UPDATE, Purpose.CORRECT),
    (MsgType.CANCEL, Purpose.WITHDRAW),
    (MsgType.CANCEL, Purpose.LIFT),
    (MsgType.CANCEL, Purpose.ALL_CLEAR),
)
SHAPES = {"JP-02": box(139.5, 40.2, 141.7, 41.5)}
STATUS = {Plane.REAL: b"Actual", Plane.EXERCISE: b"Exercise", Plane.TEST: b"Test"}


def messages(plane: Plane) -> list[Warning]:
    return [
        warning(kind, plane, certainty=certainty, purpose=purpose)
        for (kind, purpose), certainty in itertools.product(TEMPLATES, Certainty)
    ]


@pytest.mark.parametrize(("outlet", "plane"), list(itertools.product(Plane, Plane)))
def test_an_outlet_of_one_plane_carries_no_message_of_another(outlet: Plane, plane: Plane) -> None:
    """What every outlet is handed comes from the press alone (outlet.contract)."""
    press = Press(outlet, SHAPES, NAMES)
    for message in messages(plane):
        if outlet is not plane:
            with pytest.raises(PlaneMixError):
                press.message("d", message)
            continue
        made = press.message("d", message)
        assert b"<status>" + STATUS[plane] + b"</status>" in made.xml
        assert lint_cap(made.xml, plane) == ()


@pytest.mark.parametrize("plane", Plane)
def test_the_words_of_every_template_fit_their_plane_and_no_other(plane: Plane) -> None:
    for message, lang in itertools.product(messages(plane), LANGS):
        texts = render(message, NAMES, lang)
        assert lint(texts, lang, plane) == ()
        for other in Plane:
            if other is not plane:
                assert lint(texts, lang, other), (message.purpose, lang, other)
        marked = [mark for marks in MARKS.values() for mark in marks.values() if mark]
        if plane is Plane.REAL:
            assert not any(mark in texts.headline for mark in marked)


@pytest.mark.parametrize(("desk", "plane"), list(itertools.product(Plane, Plane)))
def test_a_desk_acts_on_no_draft_of_another_plane(desk: Plane, plane: Plane) -> None:
    """By its name, and where the name was forged by its text."""
    seen = ([track()], [meaning(over("JP-02", 0.9))])
    here, there = Room(plane=desk, rules=RULES), Room(plane=plane, rules=RULES)
    (own,), (foreign,) = drafted(here.see(160.0, *seen)), drafted(there.see(160.0, *seen))
    if desk is plane:
        return
    (refused,) = here.see(161.0, *seen, [act(foreign, ActKind.PROPOSE)])
    assert isinstance(refused, Refused)
    assert refused.reason == Refusal.OTHER_DESK
    planted = replace(foreign, id=own.id)
    here.state = replace(here.state, drafts={**here.state.drafts, own.id: planted})
    (again,) = here.see(162.0, *seen, [act(planted, ActKind.PROPOSE)])
    assert isinstance(again, Refused)
    assert again.reason == Refusal.OTHER_DESK

"""Scripted officers act once, late enough, over the text they saw."""

from msgspec.structs import replace

from tocsin.demo.officers import Desk
from tocsin.model.label import Nation, Plane
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.warning import (
    ActKind,
    Certainty,
    Draft,
    MsgType,
    ThreatKind,
    WarnedArea,
    Warning,
    WarnStatus,
)
from tocsin.node.config import OfficerEntry

T0 = Instant(1_000 * SECOND_NS)
WARNING = Warning(
    id="JPN-1",
    serial=1,
    plane=Plane.EXERCISE,
    nation=Nation.JPN,
    msg_type=MsgType.ALERT,
    certainty=Certainty.OBSERVED,
    objects=1,
    areas=(WarnedArea("JP-02", ThreatKind.OVERFLIGHT, after(T0, 200)),),
    launched_ns=T0,
    sent_ns=T0,
    expires_ns=after(T0, 3600),
)
DRAFT = Draft("d1", WARNING, "aa", WarnStatus.DRAFTED, T0, ("F-1",))


def desk() -> Desk:
    return Desk(OfficerEntry("sato", "k1", 5.0), OfficerEntry("ito", "k2", 5.0))


def test_first_proposes_then_second_approves_each_after_the_stated_delay() -> None:
    pair = desk()
    pair.see([DRAFT], T0)
    assert pair.acts(after(T0, 4.9)) == ()
    (proposal,) = pair.acts(after(T0, 5))
    assert (proposal.officer, proposal.kind, proposal.digest) == ("sato", ActKind.PROPOSE, "aa")
    pair.see([replace(DRAFT, status=WarnStatus.PROPOSED)], after(T0, 5))
    assert pair.acts(after(T0, 9)) == ()
    (approval,) = pair.acts(after(T0, 10))
    assert (approval.officer, approval.credential, approval.kind) == ("ito", "k2", ActKind.APPROVE)


def test_an_act_is_made_once_even_when_the_draft_stands() -> None:
    pair = desk()
    for second in range(20):
        pair.see([DRAFT], after(T0, second))
        acts = pair.acts(after(T0, second))
        assert len(acts) == (1 if second == 5 else 0)


def test_a_changed_text_starts_the_clock_again() -> None:
    pair = desk()
    pair.see([DRAFT], T0)
    pair.see([replace(DRAFT, digest="bb")], after(T0, 4))
    assert pair.acts(after(T0, 8)) == ()
    (act,) = pair.acts(after(T0, 9))
    assert act.digest == "bb"


def test_a_draft_that_is_gone_is_not_acted_on() -> None:
    pair = desk()
    pair.see([DRAFT], T0)
    pair.see([replace(DRAFT, status=WarnStatus.ENDED)], after(T0, 1))
    assert pair.acts(after(T0, 60)) == ()

"""Rules and Cedar text agree at every point of the lattice; a difference planted in either is found."""

import re
from collections.abc import Callable

import cedarpy
import pytest
from msgspec.structs import replace

from compare_policies import digests
from tocsin.model.label import Caveat, Nation, Plane
from tocsin.node.policy_compared import COMPARED
from tocsin.node.policy_text import default_policy
from tocsin.release.cedar import cedar_text
from tocsin.release.compare import first_difference, lattice, ways
from tocsin.release.policy import FORBID, PERMIT, Question, Release, Verdict, Withheld, decide, forbidding
from tocsin.release.terms import Coarsening, Delaying, FlowTerms, Kind, PartnerTerms, Policy, UrgentTerms
from tocsin.release.wording import WORDINGS, obstacles, said

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
PLAIN = default_policy(KOR)
# Every branch of the text: a partner with nothing, one with a part, one that is not named; both words of each
# caveat in each class.
NARROW = Policy(
    {USA: PartnerTerms(frozenset({Kind.TRACKLET, Kind.LAUNCH})), JPN: PartnerTerms()},
    UrgentTerms(coarsen=Coarsening.FORBID, delay=Delaying.WAIT, delay_s=30),
    FlowTerms(delay=Delaying.WAIT, delay_s=300),
)
OTHER = Policy(
    {JPN: PartnerTerms(frozenset({Kind.PREDICTION, Kind.TRACKLET}))},
    UrgentTerms(delay=Delaying.WAIT, delay_s=1),
    FlowTerms(coarsen=Coarsening.FORBID),
)


def text_of(policy: Policy) -> str:
    return cedar_text(policy, KOR, Plane.EXERCISE)


def difference(policy: Policy, text: str, **side: Callable[..., object]) -> str:
    found = first_difference(policy, KOR, Plane.EXERCISE, text, **side)  # type: ignore[arg-type]
    return "" if found is None else str(found)


@pytest.mark.parametrize("policy", [PLAIN, NARROW, OTHER], ids=["plain", "narrow", "other"])
def test_they_agree_everywhere(policy: Policy) -> None:
    assert difference(policy, text_of(policy)) == ""


def test_the_lattice_is_whole() -> None:
    """2 planes, 2 origins, 8 originator sets, 8 reader sets, 8 caveat sets, 6 kinds, 13 ways; none twice."""
    assert len(ways(KOR)) == 2 * 2 * 3 + 1
    seen = {
        (q.product.label, q.product.origin, type(q.product), q.partner, q.direct, q.hub, q.encrypts)
        for q in lattice(PLAIN, KOR, Plane.EXERCISE)
    }
    assert len(seen) == 2 * 2 * 8 * 8 * 8 * 6 * 13
    assert {q.partner for q in lattice(PLAIN, KOR, Plane.EXERCISE)} == set(Nation)


def statements(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if "@id(" in part]


@pytest.mark.parametrize("number", range(len(statements(text_of(NARROW)))))
def test_a_lost_statement_is_found(number: int) -> None:
    kept = statements(text_of(NARROW))
    lost = kept.pop(number)
    assert difference(NARROW, "\n\n".join(kept)) != "", f"nobody missed {lost}"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('resource.plane == "EXERCISE"', 'resource.plane != "EXERCISE"'),
        ("resource.originators == [principal]", "resource.originators.contains(principal)"),
        ('resource.originators != [Nation::"KOR"]', 'resource.originators == [Nation::"KOR"]'),
        ("resource.releasableTo.contains(principal)", "true"),
        ('["launch", "tracklet"]', '["launch", "prediction", "tracklet"]'),
        ("context.waitedS >= 300", "context.waitedS >= 299"),
        ("context.waitedS >= 300", "context.waitedS >= 301"),
        ("unless { context.coarsened }", "unless { true }"),
        ("context.direct ||", "true ||"),
        ('@id("forbid.echo")', '@id("forbid.onward")'),
        ('@id("permit.releasable")\npermit', '@id("permit.releasable")\nforbid'),
    ],
)
def test_a_changed_word_is_found(was: str, becomes: str) -> None:
    text = text_of(NARROW)
    assert was in text
    assert "the Cedar text says" in difference(NARROW, text.replace(was, becomes))


def test_a_statement_that_fails_is_a_difference_and_not_an_allow() -> None:
    """Cedar skips a forbid that fails: alone it would let everything through."""
    broken = text_of(PLAIN).replace(
        "resource.originators == [principal]", "resource.originator == [principal]"
    )
    request = {
        "principal": 'Nation::"JPN"',
        "action": 'Action::"release"',
        "resource": 'Product::"1"',
        "context": {},
    }
    trap = cedarpy.is_authorized(request, 'permit(principal, action, resource); forbid(principal, action, '
                                 'resource) when { resource.originator == principal };', [])  # fmt: skip
    assert trap.allowed
    assert trap.diagnostics.errors
    assert "it failed" in difference(PLAIN, broken)


@pytest.mark.parametrize("text", ["permit(", "", "permit(principal, action, resource);"])
def test_what_is_no_policy_is_a_difference(text: str) -> None:
    assert difference(PLAIN, text) != ""


def forgetful(lost: str) -> Callable[[Question], Verdict]:
    def judge(question: Question) -> Verdict:
        for name, speaks in FORBID:
            if name != lost and speaks(question):
                return Withheld(name)
        verdict = decide(question)
        return Release(PERMIT[0][0]) if verdict == Withheld(lost) and PERMIT[0][1](question) else verdict

    return judge


@pytest.mark.parametrize("rule", ["forbid.echo", "forbid.onward", "forbid.kind", "forbid.other-plane"])
def test_a_rule_lost_in_our_code_is_found(rule: str) -> None:
    found = difference(NARROW, text_of(NARROW), judge=forgetful(rule))
    assert "the rules say release" in found
    assert rule in found


def test_a_reduction_lost_in_our_code_is_found() -> None:
    def careless(question: Question) -> Verdict:
        verdict = decide(question)
        return replace(verdict, coarsen=False) if isinstance(verdict, Release) else verdict

    def hasty(question: Question) -> Verdict:
        verdict = decide(question)
        return replace(verdict, delay_s=0) if isinstance(verdict, Release) else verdict

    assert "COARSEN" in difference(NARROW, text_of(NARROW), judge=careless)
    assert "DELAY" in difference(NARROW, text_of(NARROW), judge=hasty)


def test_a_rule_that_hides_behind_another_is_found() -> None:
    """The decision is the same everywhere; only the names tell."""
    found = difference(
        NARROW, text_of(NARROW), speaking=lambda q: [n for n in forbidding(q) if n != "forbid.no-originator"]
    )
    assert "forbid.no-originator" in found


def test_every_statement_has_a_comment_and_the_name_of_a_rule() -> None:
    names = {name for name, _ in (*FORBID, *PERMIT)} | {
        "forbid.hub-may-not-read",
        "reduce.coarsen",
        "reduce.delay",
    }
    seen = set()
    for policy in (PLAIN, NARROW, OTHER):
        for statement in statements(text_of(policy)):
            assert re.match(r"// .+\.\n@id\(\"[a-z.-]+\"\)\n(permit|forbid) \(", statement)
            seen.add(re.findall(r'@id\("([^"]+)"\)', statement)[0])
    assert seen == names


def test_obstacles_are_all_that_stands_in_the_way() -> None:
    """Something may go exactly when nothing does; each has words for this case."""
    for question in lattice(NARROW, KOR, Plane.EXERCISE):
        stands = obstacles(question)
        verdict = decide(question)
        assert isinstance(verdict, Release) is not bool(stands)
        assert isinstance(verdict, Release) or verdict.rule in stands
        if question.direct and Caveat.DELAY in question.product.label.caveats:
            assert all("{" not in part for rule in stands for part in said(rule, question))
    assert {name for name, _ in (*FORBID, *PERMIT)} <= set(WORDINGS)


def test_the_policies_that_init_writes_were_compared() -> None:
    """Else new nodes compare at their first start: run `python tools/compare_policies.py`."""
    assert frozenset(digests().values()) == COMPARED

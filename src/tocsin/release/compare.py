"""The rules that the door runs against the policy's Cedar text, at every point of the label lattice.

Every combination of plane (ours or not), origin (ours or not), originators, releasable_to, caveats, kind of
product, partner and way there is put to both. They must agree on the decision, and on the names of all rules
that speak, so that no difference hides behind another rule; and where something may go, on how it must be
reduced first. Cedar skips a statement that fails, which can turn a forbid into an Allow: any error among its
diagnostics is a difference.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, combinations
from json import dumps
from typing import Any, NamedTuple

import cedarpy
import msgspec

from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate, SharedPrediction
from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.space import STATE_SIZE, TRIANGLE_SIZE, EcefState, Ellipse95
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase, SharedPlot, SightLook, Tracklet
from tocsin.model.warning import Certainty, MsgType, Purpose, SharedWarning
from tocsin.release.cedar import REDUCE_COARSEN, REDUCE_DELAY
from tocsin.release.policy import Question, Release, Verdict, decide, forbidding, permitting
from tocsin.release.terms import MAX_DELAY_S, TRAFFIC_OF_KIND, Kind, Policy, kind_of

CHUNK = 1_024
"""Requests in one call: keeps the answers' memory small, and a difference is found early."""

STRIDE = 7_919
"""A prime that does not divide the number of products, so that each is met once."""

_T0 = Instant(0)
_ALERT = (MsgType.ALERT, Purpose.WARN, Certainty.POSSIBLE, 1, (), _T0, _T0)
_ELLIPSE = Ellipse95(1_000.0, 1_000.0, 0.0)
_STATE = EcefState(_T0, (0.0,) * STATE_SIZE, (0.0,) * TRIANGLE_SIZE)


_Key = tuple[Kind, Nation, Label]


class Way(NamedTuple):
    """How a partner can be reached."""

    partner: Nation
    direct: bool
    hub: Nation | None
    encrypts: bool


class Difference(NamedTuple):
    """The first case that the two do not agree on, in words."""

    case: str
    rules_say: str
    cedar_says: str

    def __str__(self) -> str:
        return f"{self.case}: the rules say {self.rules_say}, the Cedar text says {self.cedar_says}"


class _Answer(NamedTuple):
    allow: bool
    names: tuple[str, ...]
    errors: tuple[str, ...]


class _Treated(NamedTuple):
    """What was done to a product before it goes."""

    coarsened: bool = True
    waited_s: int = MAX_DELAY_S


_FULLY = _Treated()


def first_difference(
    policy: Policy,
    nation: Nation,
    plane: Plane,
    text: str,
    judge: Callable[[Question], Verdict] = decide,
    speaking: Callable[[Question], list[str]] = forbidding,
) -> Difference | None:
    """Null when rules and text agree everywhere. `judge` and `speaking`: the rules' side, as the door runs
    it.
    """
    try:
        court = _Court(text, nation, plane)
    except ValueError as error:
        return Difference("the text as a whole", "so and so", f"nothing: {error}")
    questions = lattice(policy, nation, plane)
    while chunk := _take(questions, CHUNK):
        found = _first_in(chunk, court, judge, speaking)
        if found is not None:
            return found
    return None


def lattice(policy: Policy, nation: Nation, plane: Plane) -> Iterator[Question]:
    """Every point: one question each. The nation's own first, each by all ways, neighbours unlike each other:
    so a difference is found early, and in a case that people know."""
    specimens = list(_specimens(nation, plane))
    mixed = [specimens[n * STRIDE % len(specimens)] for n in range(len(specimens))]
    mixed.sort(key=lambda one: (one.label.plane is not plane, one.origin is not nation))
    for product in mixed:
        for way in ways(nation):
            yield Question(
                product, nation, way.partner, plane, way.direct, way.hub, policy, encrypts=way.encrypts
            )


def ways(nation: Nation) -> tuple[Way, ...]:
    """To each nation: directly, by the third nation's relay, both, and not at all; encrypted or not where a
    relay is passed."""
    found: list[Way] = []
    for partner in Nation:
        third = [other for other in Nation if other not in (nation, partner)]
        if partner is not nation:
            hubs = [None, *third]
            found += [
                Way(partner, direct, hub, encrypts)
                for direct in (True, False)
                for hub in hubs
                for encrypts in ((False,) if hub is None else (False, True))
            ]
    return (*found, Way(nation, False, None, False))


def labels(planes: Sequence[Plane]) -> Iterator[Label]:
    """Every label of these planes."""
    sets = [frozenset(some) for some in subsets(tuple(Nation))]
    caveats = [frozenset(some) for some in subsets(tuple(Caveat))]
    for plane in planes:
        for originators in sets:
            for readers in sets:
                yield from (Label(plane, originators, readers, some) for some in caveats)


def subsets(values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """All of them, the empty one first."""
    return chain.from_iterable(combinations(values, size) for size in range(len(values) + 1))


def _specimens(nation: Nation, plane: Plane) -> Iterator[Product]:
    other_plane = next(one for one in Plane if one is not plane)
    other_origin = next(one for one in Nation if one is not nation)
    for label in labels((plane, other_plane)):
        for origin in (nation, other_origin):
            yield from _of_each_kind(origin, label)


def _of_each_kind(origin: Nation, label: Label) -> tuple[Product, ...]:
    place = ImpactPointPrediction(0.0, 0.0, _ELLIPSE, _T0, 1.0)
    start = LaunchPointEstimate(0.0, 0.0, _ELLIPSE, _T0, 1.0)
    life, phase, kind = Life.CONFIRMED, Phase.COAST, ObjectClass.BALLISTIC
    return (
        Tracklet(origin, "1", 1, life, phase, kind, _STATE, _T0, _T0, label),
        LaunchEvent(origin, "1", 1, _T0, start, label),
        SharedPrediction(origin, "1", 1, _T0, place, 0.0, label),
        SensorWord(origin, "1", 1, True, _T0, label),
        SharedWarning(origin, "1", 1, *_ALERT, label, False),
        SharedPlot(origin, "1", 1, _T0, SightLook((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 1e-3), label),
    )


def _take(questions: Iterator[Question], count: int) -> list[Question]:
    return [question for question, _ in zip(questions, range(count), strict=False)]


def _first_in(
    questions: Sequence[Question],
    court: "_Court",
    judge: Callable[[Question], Verdict],
    speaking: Callable[[Question], list[str]],
) -> Difference | None:
    answers = court.ask([(question, _FULLY) for question in questions])
    may_go: list[tuple[Question, Release]] = []
    for question, answer in zip(questions, answers, strict=True):
        verdict = judge(question)
        released = isinstance(verdict, Release)
        names = sorted(permitting(question) if released else speaking(question))
        if answer.errors or answer.allow is not released or list(answer.names) != names:
            return Difference(_case(question, _FULLY), _rules_say(verdict, names), _cedar_says(answer))
        if isinstance(verdict, Release):
            may_go.append((question, verdict))
    return _first_unreduced(may_go, court)


def _first_unreduced(may_go: Sequence[tuple[Question, Release]], court: "_Court") -> Difference | None:
    """What may go: does the text ask for the same reductions, no more and no less?"""
    asked: list[tuple[Question, _Treated]] = []
    wanted: list[list[str]] = []
    for question, release in may_go:
        coarsen, delay_s = release.coarsen, release.delay_s
        for treated in {
            _Treated(False, delay_s),
            _Treated(True, max(0, delay_s - 1)),
            _Treated(coarsen, delay_s),
        }:
            lacking = [REDUCE_COARSEN] if coarsen and not treated.coarsened else []
            lacking += [REDUCE_DELAY] if treated.waited_s < delay_s else []
            asked.append((question, treated))
            wanted.append(lacking)
    for (question, treated), lacking, answer in zip(asked, wanted, court.ask(asked), strict=True):
        names = lacking or permitting(question)
        if answer.errors or answer.allow is bool(lacking) or list(answer.names) != sorted(names):
            says = f"not without {' and '.join(lacking)}" if lacking else "release"
            return Difference(_case(question, treated), says, _cedar_says(answer))
    return None


class _Court:
    """Cedar with the text parsed once, and every product of the lattice as an entity."""

    def __init__(self, text: str, nation: Nation, plane: Plane) -> None:
        """ValueError for a text that Cedar cannot read."""
        self._policies = cedarpy.PolicySet.from_str(text)
        self._uids, self._entities = _products(nation, plane)
        self._contexts: dict[tuple[bool, Nation | None, bool, _Treated], str] = {}

    def ask(self, cases: Sequence[tuple[Question, _Treated]]) -> list[_Answer]:
        requests = [self._request(question, treated) for question, treated in cases]
        results = cedarpy.is_authorized_batch(requests, self._policies, self._entities)
        return [_answer(result) for result in results]

    def _request(self, question: Question, treated: _Treated) -> dict[str, Any]:
        key = (question.direct, question.hub, question.encrypts, treated)
        if key not in self._contexts:
            self._contexts[key] = _context(*key)
        return {
            "principal": _nation(question.partner),
            "action": {"type": "Action", "id": "release"},
            "resource": self._uids[_key(question.product)],
            "context": self._contexts[key],
        }


@lru_cache(maxsize=len(Nation) * len(Plane))
def _products(nation: Nation, plane: Plane) -> tuple[dict[_Key, dict[str, str]], cedarpy.Entities]:
    """Every product of the lattice as Cedar knows it, and its name there. The same for every policy."""
    specimens = list(_specimens(nation, plane))
    uids = {_key(one): {"type": "Product", "id": str(n)} for n, one in enumerate(specimens)}
    entities = [_entity(uids[_key(one)], one) for one in specimens]
    return uids, cedarpy.Entities.from_json_str(msgspec.json.encode(entities).decode())


def _answer(result: cedarpy.AuthzResult) -> _Answer:
    # Cedar names the rules that decided: all forbids that speak, or, with none, all permits.
    named = result.diagnostics.id_annotations_by_reason
    names = {str(named.get(reason, reason)) for reason in result.diagnostics.reasons}
    return _Answer(result.allowed, tuple(sorted(names)), tuple(result.diagnostics.errors))


def _key(product: Product) -> _Key:
    return (kind_of(product), product.origin, product.label)


def _entity(uid: dict[str, str], product: Product) -> dict[str, Any]:
    label, kind = product.label, kind_of(product)
    attributes = {
        "plane": label.plane,
        "origin": {"__entity": _nation(product.origin)},
        "kind": kind,
        "traffic": TRAFFIC_OF_KIND[kind],
        "originators": [{"__entity": _nation(nation)} for nation in sorted(label.originators)],
        "releasableTo": [{"__entity": _nation(nation)} for nation in sorted(label.releasable_to)],
        "caveats": sorted(label.caveats),
    }
    return {"uid": uid, "attrs": attributes, "parents": []}


def _nation(nation: Nation) -> dict[str, str]:
    return {"type": "Nation", "id": str(nation)}


def _context(direct: bool, hub: Nation | None, encrypted: bool, treated: _Treated) -> str:
    facts: dict[str, Any] = {
        "direct": direct,
        "encrypted": encrypted,
        "coarsened": treated.coarsened,
        "waitedS": treated.waited_s,
    }
    if hub is not None:
        facts["hub"] = {"__entity": _nation(hub)}
    return dumps(facts)


def _case(question: Question, treated: _Treated) -> str:
    label = question.product.label
    way = "by their own link" if question.direct else "without a link of their own"
    relay = f" and the relay of {question.hub}" if question.hub else ""
    relay += ", encrypted" if question.encrypts else ""
    sets = (label.originators, label.releasable_to, label.caveats)
    originators, readers, caveats = ("+".join(sorted(some)) or "none" for some in sets)
    done = "" if treated == _FULLY else f", coarsened {treated.coarsened}, waited {treated.waited_s} s"
    product = question.product
    return (
        f"{kind_of(product)} of {product.origin} to {question.partner}, label {label.plane} "
        f"originators {originators} releasable_to {readers} caveats {caveats}, {way}{relay}{done}"
    )


def _rules_say(verdict: Verdict, names: Sequence[str]) -> str:
    return f"{'release' if isinstance(verdict, Release) else 'withhold'} ({', '.join(names) or 'no permit'})"


def _cedar_says(answer: _Answer) -> str:
    if answer.errors:
        return f"nothing sure, it failed ({'; '.join(answer.errors)})"
    return f"{'release' if answer.allow else 'withhold'} ({', '.join(answer.names) or 'no permit'})"

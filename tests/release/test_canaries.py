"""Canaries with random labels through a door: none is ever in bytes to a nation that may not have it.

What "may" means is written down here a second time, in sets, from what labels mean and not from the rules.
$TOCSIN_CANARIES sets how many (20,000 by default).
"""

import os
import random
import re
from collections import defaultdict

import pytest
from exchange_samples import NOW, PLANE, key, launch, plot, prediction, tracklet, trust_of
from msgspec.structs import replace

from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Offer, Product
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import SharedPlot
from tocsin.node import releasing
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import DoorState, HandOver, OffersCame, Office, Report, Send, Store
from tocsin.release.policy import Question, Release, Verdict, Withheld, decide
from tocsin.release.terms import Delaying, FlowTerms, Kind, PartnerTerms, Policy, UrgentTerms
from tocsin.share.topology import Mode, Topology

CANARIES = int(os.environ.get("TOCSIN_CANARIES", "20000"))
TURN = 200
KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
POLICY = Policy(
    {USA: PartnerTerms(frozenset(Kind)), JPN: PartnerTerms(frozenset({Kind.TRACKLET, Kind.LAUNCH}))},
    UrgentTerms(),
    FlowTerms(delay=Delaying.WAIT, delay_s=5),
)
CANARY = re.compile(rb"CANARY-(\d+)-")
SECRET = re.compile(rb"FINE-(\d+)-")


def subset(dice: random.Random, of: list[Nation] | list[Caveat]) -> frozenset[object]:
    return frozenset(one for one in of if dice.random() < 0.5)


def canaries(count: int, seed: int) -> list[Product]:
    dice = random.Random(seed)
    found: list[Product] = []
    for n in range(count):
        plane = PLANE if dice.random() < 0.8 else dice.choice(list(Plane))
        owners = frozenset((KOR,)) if dice.random() < 0.5 else subset(dice, list(Nation))
        made = Label(plane, owners, subset(dice, list(Nation)), subset(dice, list(Caveat)))  # type: ignore[arg-type]
        origin = KOR if dice.random() < 0.9 else dice.choice(list(Nation))
        one = dice.choice((tracklet, tracklet, launch, prediction, plot))(origin, n + 1, made)
        named = {"of_track" if isinstance(one, SharedPlot) else "track_id": f"CANARY-{n}-"}
        one = replace(one, **named)
        found.append(replace(one, identity=f"FINE-{n}-") if hasattr(one, "identity") else one)
    return found


FLOW = ("Tracklet", "SharedPlot")


def may_have(one: Product, reader: Nation, *, waited_s: float) -> bool:
    """The law, in sets."""
    of = one.label
    theirs_only = of.originators == {reader}
    shut = (
        of.plane is not PLANE or one.origin is not KOR or reader is KOR or not of.originators or theirs_only
    )
    onward = Caveat.NO_ONWARD in of.caveats and of.originators != {KOR}
    kinds = {
        "Tracklet": True,
        "LaunchEvent": True,
        "SharedPrediction": reader is USA,
        "SharedPlot": reader is USA,
    }
    in_time = Caveat.DELAY not in of.caveats or (type(one).__name__ in FLOW and waited_s >= 5)
    return not shut and not onward and reader in of.releasable_to and kinds[type(one).__name__] and in_time


def fly(count: int, topology: Topology) -> dict[str, int]:
    """Offers all; the clock runs a second a turn. Returns counts of what went and what leaked."""
    flock = canaries(count, seed=count)
    state = DoorState(Office(KOR, PLANE, topology, trust_of(KOR), key(KOR), POLICY))
    taken: dict[int, int] = {}
    seen: dict[str, int] = defaultdict(int)
    for second in range(count // TURN + 8):
        batch = flock[second * TURN : (second + 1) * TURN]
        taken |= {second * TURN + n: second for n in range(len(batch))}
        offers = tuple(Offer(second * TURN + n, one, NOW) for n, one in enumerate(batch, 1))
        state, effects = door_step(state, (OffersCame(offers),), Instant(NOW + second * SECOND_NS))
        for effect in effects:
            if not isinstance(effect, Send):
                assert isinstance(effect, Store | HandOver | Report) or not CANARY.search(
                    repr(effect).encode()
                )
                continue
            sealed = effect.sealed
            for found in CANARY.finditer(sealed.data):
                n = int(found[1])
                seen["carried"] += own(flock[n])
                lawful = may_have(flock[n], sealed.recipient, waited_s=second - taken[n])
                seen["leaked"] += not lawful or (sealed.by_hub and not relay_may(flock[n], topology))
            for found in SECRET.finditer(sealed.data):
                seen["leaked"] += Caveat.COARSEN in flock[int(found[1])].label.caveats
    seen["due"] = sum(
        may_have(one, reader, waited_s=9) and reachable(one, reader, topology)
        for one in filter(own, flock)
        for reader in (USA, JPN)
    )
    return seen


def own(one: Product) -> bool:
    """Of own sensors alone: the only kind that nations exchange, so the only kind that must arrive."""
    return one.label.originators == {KOR}


def relay_may(one: Product, topology: Topology) -> bool:
    """A relay reads what passes: its nation must be named on the label, or be the sole originator."""
    return topology.hub in one.label.releasable_to or one.label.originators == {topology.hub}


def reachable(one: Product, reader: Nation, topology: Topology) -> bool:
    return topology.mode is not Mode.HUB or reader is topology.hub or relay_may(one, topology)


def test_no_canary_is_where_it_may_not_be_and_every_other_arrives() -> None:
    seen = fly(CANARIES, Topology())
    assert seen["leaked"] == 0
    assert seen["carried"] == seen["due"] > CANARIES / 10


def test_nor_where_everything_passes_through_a_relay() -> None:
    seen = fly(CANARIES // 10, Topology(Mode.HUB))
    assert seen["leaked"] == 0
    assert seen["carried"] == seen["due"] > CANARIES / 200


# Not forbid.onward: products of several originators meet a second lock, they are no product at all (share).
@pytest.mark.parametrize("rule", ["forbid.delay", "forbid.kind", "default.deny", "delay", "coarsen"])
def test_a_hole_in_the_door_is_found(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    """One rule forgotten, one wait left out, one blur left out: the canaries tell."""

    def holed(question: Question) -> Verdict:
        verdict = decide(question)
        if verdict == Withheld(rule):
            return Release("hole")
        return replace(verdict, delay_s=0) if rule == "delay" and isinstance(verdict, Release) else verdict

    monkeypatch.setattr(releasing, "decide", holed)
    if rule == "coarsen":
        monkeypatch.setattr(releasing, "reduced", lambda product, _: product)
    assert fly(1_000, Topology())["leaked"] > 0

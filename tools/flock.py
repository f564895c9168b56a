"""Canaries: products with random labels, and random policies, both of every shape that there is. Each canary
bears its number as a mark, and what its label ought to be, worked out in sets.
"""

from __future__ import annotations

import random
from hashlib import sha256
from typing import Any, NamedTuple

from msgspec.structs import replace

from tocsin.bench import samples
from tocsin.model.event import ImpactPointPrediction, SharedPrediction
from tocsin.model.label import Caveat, Label, Nation, Plane, join_all
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.space import Ellipse95
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import RadarLook, SharedPlot, SightLook
from tocsin.release._key import ReleaseKey
from tocsin.release.terms import Coarsening, Delaying, FlowTerms, Kind, PartnerTerms, Policy, UrgentTerms

PLANE = Plane.EXERCISE
START = Instant(1_700_000_000 * SECOND_NS)
LONGEST_DELAY_S = 6


class Canary(NamedTuple):
    """A product and what its label ought to be, worked out in sets."""

    product: Product
    plane: Plane
    owners: frozenset[Nation]
    readers: frozenset[Nation]
    caveats: frozenset[Caveat]


def key(nation: Nation) -> ReleaseKey:
    """A nation's key, the same every time."""
    name = f"{nation}-canaries-1"
    return ReleaseKey(name, sha256(name.encode()).digest())


def random_policy(dice: random.Random) -> Policy:
    """Terms of every shape that a policy file can have."""
    partners = {n: PartnerTerms(subset(dice, Kind, 0.8)) for n in Nation if dice.random() < 0.9}
    waits = [dice.random() < 0.5 for _ in range(2)]
    coarsen = [dice.choice(list(Coarsening)) for _ in range(2)]
    urgent = UrgentTerms(
        coarsen=coarsen[0],
        delay=Delaying.WAIT if waits[0] else Delaying.FORBID,
        delay_s=dice.randint(1, LONGEST_DELAY_S) if waits[0] else 0,
    )
    flow = FlowTerms(
        coarsen=coarsen[1],
        delay=Delaying.WAIT if waits[1] else Delaying.FORBID,
        delay_s=dice.randint(1, LONGEST_DELAY_S) if waits[1] else 0,
    )
    return Policy(partners, urgent, flow)


def subset(dice: random.Random, of: Any, part: float = 0.5) -> frozenset[Any]:
    """A random part of an enumeration."""
    return frozenset(one for one in of if dice.random() < part)


def random_canary(dice: random.Random, number: int, me: Nation) -> Canary:
    """A product of one to three ancestors' data, most of them our own."""
    plane = PLANE if dice.random() < 0.9 else dice.choice(list(Plane))
    ancestors = []
    count = 1 if dice.random() < 0.6 else dice.randint(2, 3)
    for _ in range(count):
        owners = frozenset((me,)) if dice.random() < 0.7 else subset(dice, Nation)
        ancestors.append(Label(plane, owners, subset(dice, Nation, 0.7), subset(dice, Caveat, 0.2)))
    readers = [a.releasable_to | (a.originators if len(a.originators) == 1 else set()) for a in ancestors]
    joined, made = join_all(ancestors), [a.originators for a in ancestors]
    if len(ancestors) == 1:
        readers = [ancestors[0].releasable_to]
    return Canary(
        product=_product(dice, number, me, joined),
        plane=plane,
        owners=frozenset().union(*made) if all(made) else frozenset(),  # partly of unknown making
        readers=frozenset.intersection(*map(frozenset, readers)),
        caveats=frozenset().union(*(a.caveats for a in ancestors)),
    )


def _product(dice: random.Random, number: int, me: Nation, label: Label) -> Product:
    origin = me if dice.random() < 0.95 else dice.choice(list(Nation))
    kind = dice.random()
    if kind < 0.1:
        shown = SharedPlot(origin, "", 0, START, dice.choice(LOOKS), label)
        return replace(shown, of_track=f"CANARY-{number}-", sequence=number + 1)
    if kind < 0.6:
        one: Product = replace(samples.tracklet(origin, START), identity=f"FINE-{number}-")
    elif kind < 0.8:
        one = samples.launch(origin, START)
    elif kind < 0.9:
        one = SensorWord(origin, "", 0, True, START, label)
        return replace(one, sensor=f"CANARY-{number}-", sequence=number + 1)
    else:
        place = ImpactPointPrediction(40.123456, 153.234567, Ellipse95(9e3, 3e3, 0.9), START, 4.0)
        one = SharedPrediction(origin, "", 0, START, place, 970_123.0, label)
    return replace(one, track_id=f"CANARY-{number}-", sequence=number + 1, label=label)


LOOKS = (
    RadarLook(38.123456, 127.654321, 651.5, 812_345.6, 0.789, 0.345, 12.3, 1.23e-3, 1.45e-3, -1_234.5, 2.3),
    SightLook((-4_123_456.7, 5_534_567.8, 2_545_678.9), (0.48, 0.6, 0.64), 1.1e-4),
)
"""Finer in every number than any grid."""

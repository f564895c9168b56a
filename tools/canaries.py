"""Canaries: products with random labels under random policies through a real door; none is where it may not
be.

    python tools/canaries.py --count 1000000 --jobs 2 [--seed N] [--json]

What "may" means is written down here a second time, from what labels and terms mean and not from the rules:
an oracle that shares nothing with tocsin.release. Labels are joined along random lineages, in sets, and
compared with model.label.join_all. A leak is a canary's mark in bytes to a nation that may not have it (or
that pass a relay that may not read it), one that came too early, and any field finer than a COARSEN label
allows. Each flock also flies in two worlds that its partner must not tell apart (tools/worlds.py).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from typing import Any, NamedTuple

from msgspec.structs import replace

from tocsin.bench import samples
from tocsin.model.event import ImpactPointPrediction, LaunchEvent, SharedPrediction
from tocsin.model.label import Caveat, Label, Nation, Plane, join_all
from tocsin.model.product import Offer, Product
from tocsin.model.sealed import Sealed
from tocsin.model.sensor import SensorWord
from tocsin.model.space import Ellipse95
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import RadarLook, SharedPlot, SightLook, Tracklet
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import DoorState, OffersCame, Office, Send, Tick
from tocsin.release._key import ReleaseKey
from tocsin.release.terms import (
    Coarsening,
    Delaying,
    FlowTerms,
    Kind,
    PartnerTerms,
    Policy,
    UrgentTerms,
)
from tocsin.share.topology import Mode, Topology
from tocsin.share.trust import TrustedKey, trust_list
from tocsin.share.wire import verify

PLANE = Plane.EXERCISE
START = Instant(1_700_000_000 * SECOND_NS)
FLOCK = 5_000
"""Canaries under one policy: a policy, a topology and a door are made for each flock."""

TURN = 200
LONGEST_DELAY_S = 6
MARK = re.compile(rb"CANARY-(\d+)-")
FINE = re.compile(rb"FINE-(\d+)-")


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


# ---- the law, a second time

NAMES = {
    Tracklet: "tracklet",
    LaunchEvent: "launch",
    SharedPrediction: "prediction",
    SensorWord: "sensor",
    SharedPlot: "plot",
}
MINUTE_NS = 60_000_000_000


def may_have(canary: Canary, reader: Nation, me: Nation, policy: Policy, waited_s: int) -> bool:
    """May this nation have this product, so long after the door took it?"""
    product = canary.product
    flow = isinstance(product, Tracklet | SharedPlot)
    terms = policy.flow if flow else policy.urgent
    name = NAMES[type(product)]
    given = reader in policy.partners and name in {str(kind) for kind in policy.partners[reader].kinds}
    named = reader in canary.readers
    ours = product.origin is me and canary.plane is PLANE and bool(canary.owners)
    echo = canary.owners == {reader}
    onward = "NO_ONWARD" in canary.caveats and canary.owners != {me}
    blurred = "COARSEN" not in canary.caveats or terms.coarsen == "reduce"
    in_time = "DELAY" not in canary.caveats or (terms.delay == "wait" and waited_s >= terms.delay_s)
    return given and named and ours and not echo and not onward and blurred and in_time


def relay_may(canary: Canary, hub: Nation) -> bool:
    """A relay reads what passes: it must be named, or be the sole owner."""
    return hub in canary.readers or canary.owners == {hub}


def finer(product: Product, sent: Product, policy: Policy) -> list[str]:
    """Fields of a COARSEN product that left finer than the terms' grids allow."""
    found: list[str] = []
    if isinstance(sent, Tracklet) and isinstance(product, Tracklet):
        found += [name for name in ("identity", "accel_mps2") if getattr(sent, name) is not None]
        grids = (policy.flow.grid_m,) * 3 + (policy.flow.grid_mps,) * 3 + (policy.flow.grid_ln_beta,)
        found += [
            f"x[{n}]" for n, (x, g) in enumerate(zip(sent.state.x, grids, strict=True)) if off_grid(x, g)
        ]
        found += ["covariance"] if set(sent.state.p) & set(product.state.p) - {0.0} else []
    elif isinstance(sent, SharedPlot) and isinstance(product, SharedPlot):
        found += finer_look(product.look, sent.look, policy.flow.grid_m)
    elif isinstance(sent, SharedPrediction):
        found += ["apogee_m"] if off_grid(sent.apogee_m, policy.urgent.grid_apogee_m) else []
        found += ["lat_deg"] if off_grid(sent.impact.lat_deg, policy.urgent.grid_deg) else []
    elif isinstance(sent, SensorWord):
        found += ["since_ns"] if sent.since_ns % MINUTE_NS else []
    elif isinstance(sent, LaunchEvent):
        found += ["lat_deg"] if off_grid(sent.launch.lat_deg, policy.urgent.grid_deg) else []
    return found


def finer_look(product: RadarLook | SightLook, sent: RadarLook | SightLook, grid_m: float) -> list[str]:
    """The same of a single look."""
    if isinstance(sent, SightLook):
        found = [f"from[{n}]" for n, x in enumerate(sent.from_ecef_m) if off_grid(x, grid_m)]
        fine = isinstance(product, SightLook) and set(sent.unit) & set(product.unit)
        return found + (["unit"] if fine else []) + (["sigma"] if sent.sigma_rad < 0.1 else [])
    found = ["rate"] if sent.range_rate_mps is not None or sent.range_rate_sigma_mps is not None else []
    found += ["range_m"] if off_grid(sent.range_m, grid_m) else []
    found += ["alt_m"] if off_grid(sent.alt_m, grid_m) else []
    same = [name for name in sent.__struct_fields__ if getattr(sent, name) == getattr(product, name)]
    return found + same


def off_grid(value: float, grid: float) -> bool:
    """True when a number says more than its grid."""
    return abs(value / grid - round(value / grid)) > 1e-4


# ---- the flight


def fly(seed: int, count: int) -> Counter[str]:
    """One flock: offered in turns of one second, until the longest delay is over."""
    dice = random.Random(seed)
    me = dice.choice(list(Nation))
    policy, topology = random_policy(dice), Topology(dice.choice(list(Mode)), dice.choice(list(Nation)))
    others = [nation for nation in Nation if nation is not me]
    trust = trust_list([TrustedKey(me, PLANE, key(me).key_id, key(me).public)])
    state = DoorState(Office(me, PLANE, topology, trust_list([]), key(me), policy))
    flock = [random_canary(dice, n, me) for n in range(count)]
    seen: Counter[str] = Counter(canaries=count)
    seen["labels"] = sum(_label_differs(one) for one in flock)
    for second in range(-(-count // TURN) + LONGEST_DELAY_S + 1):
        first, now = second * TURN, Instant(START + second * SECOND_NS)
        offers = tuple(
            Offer(n, one.product, START) for n, one in enumerate(flock[first : first + TURN], first + 1)
        )
        state, effects = door_step(state, (OffersCame(offers), Tick()), now)
        for effect in effects:
            if isinstance(effect, Send):
                _look(effect.sealed, flock, second, now, seen, (me, policy, topology, trust))
    seen["due"] = sum(
        may_have(one, reader, me, policy, 10**6) and _reachable(one, reader, me, topology)
        for one in flock
        if one.owners == {me}
        for reader in others
    )
    return seen


def _label_differs(one: Canary) -> bool:
    label = one.product.label
    return (label.originators, label.releasable_to, label.caveats) != (one.owners, one.readers, one.caveats)


def _reachable(one: Canary, reader: Nation, me: Nation, topology: Topology) -> bool:
    direct = topology.mode is not Mode.HUB or topology.hub in (me, reader)
    return direct or relay_may(one, topology.hub)


def _look(
    sealed: Sealed, flock: list[Canary], second: int, now: Instant, seen: Counter[str], world: tuple[Any, ...]
) -> None:
    """Into the plain bytes, and with the recipient's eyes."""
    me, policy, topology, trust = world
    for found in MARK.finditer(sealed.data):
        n = int(found[1])
        waited_s = second - n // TURN
        lawful = may_have(flock[n], sealed.recipient, me, policy, waited_s)
        relayed = (
            sealed.by_hub and topology.mode is not Mode.MESH and topology.hub not in (me, sealed.recipient)
        )
        seen["carried"] += 1
        seen["leaked"] += not lawful or (relayed and not relay_may(flock[n], topology.hub))
    for found in FINE.finditer(sealed.data):
        seen["leaked"] += "COARSEN" in flock[int(found[1])].caveats
    read = verify(sealed.data, trust, sealed.recipient, PLANE, now)
    for sent in getattr(read, "products", ()):
        canary = flock[sent.sequence - 1]
        seen["read"] += 1
        if "COARSEN" in canary.caveats:
            seen["leaked"] += bool(finer(canary.product, sent, policy))


TOLD = (
    *("canaries", "due", "carried", "read", "leaked", "labels"),
    *("worlds", "hidden", "compared", "differing"),
)
"""Of each flock in one world, and in two (tools/worlds.py)."""


def parts(count: int, seed: int) -> Iterator[tuple[int, int]]:
    """Seeds and sizes of the flocks."""
    for n in range(0, count, FLOCK):
        yield seed + n // FLOCK, min(FLOCK, count - n)


def main() -> int:
    """Fly them all, and each flock in two worlds; exit code 1 when any leaked, one that was due did not
    arrive, or a partner can tell the worlds apart."""
    ask = argparse.ArgumentParser(description="Canaries with random labels through a real door.")
    ask.add_argument("--count", type=int, default=1_000_000)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--seed", type=int, default=1)
    said = ask.parse_args()
    from worlds import compare  # which stands on this file

    total: Counter[str] = Counter()
    with ProcessPoolExecutor(said.jobs) as pool:
        flocks = [pool.submit(job, *part) for part in parts(said.count, said.seed) for job in (fly, compare)]
        for done, one in enumerate(as_completed(flocks), 1):
            total += one.result()
            if done % 10 == 0:
                print(
                    f"{total['canaries']:,} canaries, {total['leaked']} leaked", file=sys.stderr, flush=True
                )
    print(json.dumps({"seed": said.seed, **{name: total[name] for name in TOLD}}))
    wrong = total["leaked"] or total["labels"] or total["differing"] or total["carried"] != total["due"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Canaries: products with random labels under random policies through a real door; none is where it may not
be.

    python tools/canaries.py --count 1000000 --jobs 2 [--seed N] [--json]

What "may" means is written down a second time (tools/may.py). Labels are joined along random lineages, in
sets, and compared with model.label.join_all. A leak is a canary's mark in bytes to a nation that may not have
it (or that pass a relay that may not read it), one that came too early, and any field finer than a COARSEN
label allows. Each flock also flies in two worlds that its partner must not tell apart (tools/worlds.py).
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
from typing import Any

from flock import LONGEST_DELAY_S, PLANE, START, Canary, key, random_canary, random_policy
from may import finer, may_have, relay_may
from tocsin.model.label import Nation
from tocsin.model.product import Offer
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import DoorState, OffersCame, Office, Send, Tick
from tocsin.share.topology import Mode, Topology
from tocsin.share.trust import TrustedKey, trust_list
from tocsin.share.wire import verify
from worlds import compare

FLOCK = 5_000
"""Canaries under one policy: a policy, a topology and a door are made for each flock."""

TURN = 200
MARK = re.compile(rb"CANARY-(\d+)-")
FINE = re.compile(rb"FINE-(\d+)-")


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

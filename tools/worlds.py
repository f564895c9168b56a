"""Two worlds that differ only in what one partner may never have: the door tells that partner the same, byte
for byte and turn by turn, and shows its people's map the same. `tools/canaries.py` runs it at scale.

What "may" means is the canaries' own law. In both worlds the partner's share of a flock is offered in the
same turns; around it stands, in each world, another number of other canaries that it may never have.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from flock import LONGEST_DELAY_S, PLANE, START, Canary, key, random_canary, random_policy
from may import may_have
from tocsin.model.label import Nation
from tocsin.model.product import Offer
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import DoorState, HallHas, OffersCame, Office, Send, Show, Tick
from tocsin.release.watchers import Watcher
from tocsin.share.topology import Mode, Topology
from tocsin.share.trust import trust_list

GIVEN, HIDDEN = 40, 120
"""The most of a turn that the partner may have, and that it may not."""

EVER_S = 10**6


class World:
    """A door, and what it has said to the partner and shown to its people."""

    def __init__(self, office: Office, partner: Nation) -> None:
        self._state, self._partner = DoorState(office), partner
        self._offered = self._steps = 0

    def turn(self, now: Instant, some: Sequence[Canary]) -> list[bytes]:
        """Offer these; what the partner and its map get, in order. A busier hall steps more often."""
        offers = tuple(Offer(self._offered + n, one.product, START) for n, one in enumerate(some, 1))
        self._offered += len(offers)
        self._steps += 1 + len(offers)
        hall = HallHas(self._state.handed_upto, self._steps)
        self._state, effects = door_step(self._state, (hall, OffersCame(offers), Tick()), now)
        return [
            one.sealed.data if isinstance(one, Send) else repr(one).encode()
            for one in effects
            if (isinstance(one, Send) and one.sealed.recipient is self._partner) or isinstance(one, Show)
        ]


def compare(seed: int, count: int) -> Counter[str]:
    """One flock of `count` in two worlds: messages compared, and turns in which they differ."""
    dice = random.Random(seed)
    me, partner = dice.sample(list(Nation), 2)
    policy, topology = random_policy(dice), Topology(dice.choice(list(Mode)), dice.choice(list(Nation)))
    flock = [random_canary(dice, n, me) for n in range(count)]
    given = [one for one in flock if may_have(one, partner, me, policy, EVER_S)]
    hidden = [one for one in flock if not may_have(one, partner, me, policy, EVER_S)]
    maps = (Watcher("map", partner),)
    office = Office(me, PLANE, topology, trust_list([]), key(me), policy, watchers=maps)
    worlds = (World(office, partner), World(office, partner))
    seen: Counter[str] = Counter(worlds=1, hidden=len(hidden))
    for second, (shared, *secrets) in enumerate(_turns(dice, given, hidden)):
        now = Instant(START + second * SECOND_NS)
        told = [
            world.turn(now, _mixed(shared, secret)) for world, secret in zip(worlds, secrets, strict=True)
        ]
        seen.update(compared=len(told[0]), differing=int(told[0] != told[1]))
    return seen


def _turns(
    dice: random.Random, given: list[Canary], hidden: list[Canary]
) -> Iterator[tuple[list[Canary], list[Canary], list[Canary]]]:
    """(for the partner, hidden in one world, hidden in the other), until the longest delay is over."""
    while given:
        n = dice.randint(0, GIVEN)
        here, there = (dice.sample(hidden, dice.randint(0, min(HIDDEN, len(hidden)))) for _ in range(2))
        yield given[:n], here, there
        given = given[n:]
    for _ in range(LONGEST_DELAY_S + 1):
        yield [], [], hidden[:HIDDEN]


def _mixed(shared: list[Canary], secret: list[Canary]) -> list[Canary]:
    """Taken in turns, one of each while there are both."""
    pairs = zip(shared, secret, strict=False)
    both = min(len(shared), len(secret))
    return [*(one for pair in pairs for one in pair), *shared[both:], *secret[both:]]

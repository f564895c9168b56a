"""Sources of crowds that only one of several nations can part (see pattern) find their bodies, all at once:
each at one of the speaker's objects, where it says nothing, or waiting beside them.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.time import Instant
from tocsin.model.track import Life, Member
from tocsin.track.body import Body, Key, Sources, combine, counting, key_of
from tocsin.track.life import ENDED
from tocsin.track.pattern import SPARE, SPARE_LEAST, Crowd, Side, crowds, fitted

Index = NDArray[np.int64]

EVERY_NS: Final = 4_000_000_000  # two looks


class Seated(NamedTuple):
    """Bodies by number, sources that wait, and those whose body is not what it was."""

    bodies: list[Body]
    waiting: frozenset[Key]
    changed: frozenset[Key]


def due(
    bodies: list[Body], sources: Sources, waiting: Collection[Key], last_ns: Instant, now: Instant
) -> bool:
    """Has a source come that has no body, or some time gone by?"""
    if now >= last_ns + EVERY_NS:
        return True
    home = {key_of(member) for body in bodies for member in body.members}
    return any(
        key not in home and key not in waiting and source.life not in ENDED for key, source in sources.items()
    )


def seated(bodies: list[Body], sources: Sources, before: Collection[Key], now: Instant) -> Seated:
    """All crowds looked at anew. `before`: who waits; a track that broke off goes on waiting."""
    table = _Table(bodies, sources)
    waiting = {key for key in before if key in sources and sources[key].life is Life.COASTING}
    silent: set[Key] = set()
    for crowd in crowds(sources, table.home(), now):
        for nation, side in sorted(crowd.sides.items()):
            if nation is not crowd.speaker:
                waiting |= _placed(table, sources, crowd, side)
                silent |= set(side.keys)
        for key in crowd.strays:
            table.leave(key)
        waiting |= crowd.strays
    return table.cleared(sources, silent, waiting, now)


def _placed(table: "_Table", sources: Sources, crowd: Crowd, side: Side) -> set[Key]:
    """One nation's sources moved to the speaker's bodies; returns who waits."""
    best = crowd.sides[crowd.speaker]
    seats = [i for i, key in enumerate(best.keys) if table.speaks(key, sources)]
    place_of = {table.at[best.keys[i]]: n for n, i in enumerate(seats)}
    sharp = Side(tuple(best.keys[i] for i in seats), best.places[seats], best.covs[seats])
    seen = [i for i, key in enumerate(side.keys) if sources[key].life is Life.CONFIRMED]
    chosen = seen or list(range(len(side.keys)))
    if not seats:
        return set()
    asked = Side(tuple(side.keys[i] for i in chosen), side.places[chosen], side.covs[chosen])
    before = np.array([place_of.get(table.at.get(key, -1), -1) for key in asked.keys])
    found = fitted(asked, sharp, before)
    taken = {sharp.keys[n] for n in found.places.tolist() if n >= 0}
    spare = [key for key, n in zip(asked.keys, found.places.tolist(), strict=True) if n < 0]
    own = set(spare) if len(spare) > max(SPARE_LEAST, SPARE * len(seats)) else set()
    for key, n in zip(asked.keys, found.places.tolist(), strict=True):
        if n >= 0:
            table.move(key, table.at[sharp.keys[n]])
    waiting = set(spare) - own
    free = {table.at[key] for key in sharp.keys if key not in taken}
    for key in set(side.keys) - set(asked.keys):
        if table.at.get(key, -1) not in free:
            waiting.add(key)
    for key in waiting:
        table.leave(key)
    return waiting


class _Table:
    """Bodies while sources change places."""

    def __init__(self, bodies: list[Body], sources: Sources) -> None:
        self.bodies = bodies
        self.at = {
            key_of(member): i
            for i, body in enumerate(bodies)
            if body.ended_ns is None
            for member in body.members
        }
        self.members = [set(map(key_of, body.members)) for body in bodies]
        self.numbers = [body.number for body in bodies]

    def home(self) -> dict[Key, Body]:
        """Bodies of sources."""
        return {key: self.bodies[i] for key, i in self.at.items()}

    def speaks(self, key: Key, sources: Sources) -> bool:
        """Is it its nation's newest in a living body?"""
        if key not in self.at:
            return False
        body = self.bodies[self.at[key]]
        return any(key_of(source) == key for source in counting(body.members, sources))

    def move(self, key: Key, seat: int) -> None:
        """To another body; what is left empty gives its number on if it is the lower one."""
        before = self.at.get(key)
        if before == seat:
            return
        self.leave(key)
        self.members[seat].add(key)
        self.at[key] = seat
        if before is not None and not self._lives(before) and self.numbers[before] < self.numbers[seat]:
            self.numbers[seat], self.numbers[before] = self.numbers[before], self.numbers[seat]

    def leave(self, key: Key) -> None:
        """Out of its body."""
        before = self.at.pop(key, None)
        if before is not None:
            self.members[before].discard(key)

    def _lives(self, i: int) -> bool:
        return any(self.at.get(key) == i for key in self.members[i])

    def cleared(self, sources: Sources, silent: set[Key], waiting: set[Key], now: Instant) -> Seated:
        """Bodies as they are now, by number."""
        out: list[Body] = []
        changed: set[Key] = set()
        for i, body in enumerate(self.bodies):
            if body.ended_ns is not None:
                out.append(body)
                continue
            keys = sorted(self.members[i])
            if not any(key in sources and sources[key].life not in ENDED for key in keys):
                if self.members[i] == set(map(key_of, body.members)):
                    out.append(body)  # nobody left it: it ends by itself
                continue
            members = tuple(Member(*key) for key in keys)
            quiet = tuple(member for member in members if key_of(member) in silent)
            if (members, quiet, self.numbers[i]) == (body.members, body.quiet, body.number):
                out.append(body)
                continue
            changed |= self.members[i]
            renewed = combine(
                self.numbers[i], members, sources, body.out.confirmed_ns or now, now, quiet=quiet
            )
            if renewed is not None:
                out.append(
                    replace(
                        body,
                        number=self.numbers[i],
                        members=members,
                        quiet=quiet,
                        out=renewed,
                        down_ns=None,
                        joint=None,
                    )
                )
        return Seated(sorted(out, key=lambda body: body.number), frozenset(waiting), frozenset(changed))

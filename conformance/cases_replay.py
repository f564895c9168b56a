"""What was taken already is not taken again."""

from collections.abc import Iterator, Sequence
from typing import Any

from cases_good import control, urgent
from wire_bytes import (
    MAX_AHEAD,
    MAX_ISLANDS,
    NOW,
    SECOND,
    Case,
    envelope,
    header,
    heartbeat,
    launch,
    mark,
    pack,
    tracklet,
)

Runs = Sequence[tuple[int, int]]
RECEIPT = {"type": "receipt", "traffic": "flow", "upto": 12}


def cases() -> Iterator[Case]:
    """Class `replay`."""
    yield from _replays()
    yield from _beyond()


def batch(first: int, last: int) -> bytes:
    """Tracklets of those sequences."""
    products = [tracklet(n, sequence=min(n, 2**53)) for n in range(first, last + 1)]
    return envelope(header(first=first, last=last), pack(products))


def _seen(
    name: str, why: str, run: tuple[int, int], marks: Sequence[Any], *reasons: str, fresh: Runs = ()
) -> Case:
    return Case(f"replay/{name}", why, batch(*run), reasons, marks=marks, fresh=fresh)


def _replays() -> Iterator[Case]:
    old = "replayed"
    yield _seen("whole", "a true message for the second time", (1, 1), [mark(1)], old)
    yield _seen("long-ago", "a million messages later", (1, 1), [mark(1_000_000)], old)
    yield _seen("batch", "every record was taken", (4, 6), [mark(6)], old)
    yield _seen("in-island", "taken out of order, before a gap closed", (5, 6), [mark(2, [(4, 8)])], old)
    yield _seen("in-two-islands", "taken in three pieces", (3, 5), [mark(3, [(4, 4), (5, 9)])], old)
    yield _seen("first-half-old", "only what is new is taken", (3, 6), [mark(4)], fresh=[(5, 6)])
    yield _seen("last-half-old", "only what is new is taken", (3, 6), [mark(2, [(5, 9)])], fresh=[(3, 4)])
    yield _seen(
        "middle-old", "only what is new is taken", (3, 7), [mark(2, [(5, 5)])], fresh=[(3, 4), (6, 7)]
    )
    yield _seen("next", "the next in order", (7, 7), [mark(6)], fresh=[(7, 7)])
    yield _seen(
        "after-a-gap", "what is there is taken; the gap is asked for", (9, 9), [mark(6)], fresh=[(9, 9)]
    )
    yield _seen("closes-a-gap", "the late one still counts", (7, 8), [mark(6, [(9, 12)])], fresh=[(7, 8)])
    usa = [mark(9, issuer="USA"), mark(9, traffic="urgent")]
    yield _seen(
        "other-streams", "marks of another issuer or traffic say nothing", (3, 3), usa, fresh=[(3, 3)]
    )
    twice = urgent(launch())
    yield Case("replay/urgent", "a launch event again", twice, (old,), marks=[mark(1, traffic="urgent")])
    yield Case(
        "replay/control", "a receipt again", control([RECEIPT]), (old,), marks=[mark(1, traffic="control")]
    )
    renewed = envelope(header(issued_wall_ns=NOW, expires_wall_ns=NOW + 9 * SECOND))
    why = "signed anew with a later time, yet the same sequence"
    yield Case("replay/renewed", why, renewed, (old,), marks=[mark(1)])


def _beyond() -> Iterator[Case]:
    far = MAX_AHEAD + 10
    yield _seen("farthest", "exactly as far ahead as is taken", (far, far), [mark(10)], fresh=[(far, far)])
    yield _seen("too-far", "one further: asked for in its turn", (far + 1, far + 1), [mark(10)], "not-now")
    yield _seen("2-62", "the last sequence there is", (2**62, 2**62), [mark(10)], "not-now")
    islands = [(n, n) for n in range(3, 3 + 2 * MAX_ISLANDS, 2)]
    at = islands[-1][1] + 2
    yield _seen("one-gap-too-many", f"{MAX_ISLANDS} gaps are open", (at, at), [mark(1, islands)], "not-now")
    yield _seen(
        "last-gap",
        f"one gap less than {MAX_ISLANDS} is open",
        (at, at),
        [mark(1, islands[:-1])],
        fresh=[(at, at)],
    )
    yield _seen(
        "closes-one-of-many",
        "full of gaps, what closes the first is taken",
        (2, 2),
        [mark(1, islands)],
        fresh=[(2, 2)],
    )
    control_far = control([heartbeat()], first=far + 1, last=far + 1)
    yield Case(
        "replay/control-far-ahead",
        "control is never sent again: refused once for being far ahead, it is refused for ever",
        control_far,
        marks=[mark(10, traffic="control")],
        fresh=[(far + 1, far + 1)],
    )

"""Objects under two names: how two bodies become one, and what is said of the name that ends.

In the room: bodies made one, the heir of a track that its own nation found to be another one's object, last
words. Not in the room: whether two bodies are one (`match`).
"""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from tocsin.earth.gauss import chi2_gate
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, Tracklet
from tocsin.track.body import Body, Key, Sources, combine, key_of, moved
from tocsin.track.life import ENDED
from tocsin.track.motion import distance2

GATE: Final = chi2_gate(6, 0.999)
NEAR_M: Final = 30e3  # what passed for one object (stitch.TWIN_M), and 20 km for some seconds of gravity


def united(one: Body, other: Body, sources: Sources, now: Instant) -> Body | None:
    """Two bodies as one under the first's number; None when no source of them is alive."""
    members = tuple(sorted((*one.members, *other.members), key=key_of))
    quiet = (*one.quiet, *other.quiet)
    out = combine(one.number, members, sources, one.out.confirmed_ns or now, now, quiet=quiet)
    return None if out is None else replace(one, members=members, out=out, down_ns=None, quiet=quiet)


def inherited(bodies: Sequence[Body], sources: Sources, changed: Collection[Key], now: Instant) -> list[Body]:
    """Bodies after some sources were merged into others of their nations: one that nobody else sees goes over
    into its heir's, under the lower number.
    """
    ended = [key for key in sorted(changed) if sources[key].life is Life.MERGED]
    if not ended:
        return list(bodies)
    found: list[Body | None] = list(bodies)
    home = {key_of(m): i for i, body in enumerate(bodies) if body.ended_ns is None for m in body.members}
    for key in ended:
        body = found[home[key]] if key in home else None
        if body is None or _lives(body, sources):
            continue
        heir = _heir(sources[key], sources)
        if heir is None or heir not in home:
            continue
        kept, gone = sorted((home[key], home[heir]), key=lambda i: bodies[i].number)
        first, second = found[kept], found[gone]
        both = united(first, second, sources, now) if first is not None and second is not None else None
        if both is not None:
            found[kept], found[gone] = both, None
            home |= {key_of(member): kept for member in both.members}
    return [body for body in found if body is not None]


def _lives(body: Body, sources: Sources) -> bool:
    known = (sources.get(key_of(member)) for member in body.members)
    return any(source is not None and source.life not in ENDED for source in known)


def _heir(source: Tracklet, sources: Sources) -> Key | None:
    """The living source of the same nation that it agrees with best."""
    rivals = [one for one in sources.values() if one.origin is source.origin and one.life not in ENDED]
    found = [(_apart(source, one), key_of(one)) for one in rivals if _near(source, one)]
    apart, key = min(found, default=(np.inf, key_of(source)))
    return key if apart < GATE else None


def _near(one: Tracklet, other: Tracklet) -> bool:
    dt_s = seconds_between(other.state.epoch_ns, one.state.epoch_ns)
    ahead = np.array(other.state.x[:3]) + dt_s * np.array(other.state.x[3:6])
    return float(np.linalg.norm(ahead - np.array(one.state.x[:3]))) < NEAR_M


def _apart(one: Tracklet, other: Tracklet) -> float:
    epoch = max(one.state.epoch_ns, other.state.epoch_ns)
    return distance2(moved(one, epoch), moved(other, epoch))[0]


def last_words(before: Sequence[Body], after: Sequence[Body]) -> list[FusedTrack]:
    """Of objects that were shown and are no body of their own any more, by number."""
    kept = {body.number for body in after}
    gone = [body for body in before if body.ended_ns is None and body.number not in kept]
    return [replace(body.out, life=Life.MERGED) for body in sorted(gone, key=lambda body: body.number)]

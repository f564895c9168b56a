"""Sequences of what we send, and how far the partner's receipts reach. Pure; one OutStream per (partner,
traffic).

The sealed rows themselves are in the door's book: a row stays until the partner's receipt covers it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant, passed
from tocsin.share.marks import Run

RESEND_EVERY_NS = 500 * MILLISECOND_NS
"""However often a partner asks, it is served at most this often: asking is cheap, sending is not."""

RECEIPTED_NS = SECOND_NS
"""A direct way by which receipts come so often carries what is sent: they are due every 200 ms, and a way
between capitals takes less than that (docs/adr/0022)."""

PROOF_NS = SECOND_NS
"""So often a copy goes by the hub although the direct way works, that the hub's is known to work too."""

DOUBT_NS = 10 * SECOND_NS
"""How long a direct way that brought no receipts is not used alone again: the next ones may have come by the
hub's copies."""


class OutStream(Struct, frozen=True):
    """`sent`: last sequence given away; `receipted`: last one that the partner's hall has committed."""

    sent: int = 0
    receipted: int = 0
    resent_ns: Instant = Instant(0)
    forgotten: tuple[Run, ...] = ()
    """Given away in a past that our book does not hold: restored from a copy, it went on beyond them."""
    waits_ns: Instant = Instant(0)
    """The last receipt that reached further, or when the first was sent of what waits for one."""
    twice_ns: Instant = Instant(0)
    """When something went by both ways last."""
    stalled_ns: Instant = Instant(0)
    """When receipts last failed to come."""

    @property
    def backlog(self) -> int:
        """Records not yet receipted."""
        return self.sent - self.receipted


class Ways(NamedTuple):
    """`alone`: the direct way is enough. `again`: what may have gone by it in vain goes by both first."""

    stream: OutStream
    alone: bool
    again: tuple[Run, ...]


def allocate(stream: OutStream, count: int) -> tuple[OutStream, int]:
    """The first of `count` new contiguous sequences."""
    return replace(stream, sent=stream.sent + count), stream.sent + 1


def receipt(stream: OutStream, upto: int, now: Instant) -> OutStream | None:
    """Cumulative, so an older one changes nothing. None: it claims what was never sent."""
    if upto > stream.sent:
        return None
    return stream if upto <= stream.receipted else replace(stream, receipted=upto, waits_ns=now)


def ways(stream: OutStream, now: Instant, *, heard: bool) -> Ways:
    """How the next envelope goes. `heard`: the partner's heartbeats come by the direct way."""
    waits_ns = stream.waits_ns if stream.backlog else now
    stalled = passed(waits_ns, RECEIPTED_NS, now)
    trusted = passed(stream.stalled_ns, DOUBT_NS, now)
    alone = heard and trusted and not stalled and not passed(stream.twice_ns, PROOF_NS, now)
    after = replace(
        stream,
        waits_ns=waits_ns,
        twice_ns=stream.twice_ns if alone else now,
        stalled_ns=now if stalled else stream.stalled_ns,
    )
    return Ways(after, alone, (waiting(stream),) if stalled and trusted else ())


def waiting(stream: OutStream) -> Run:
    """What is sent and not yet receipted."""
    return stream.receipted + 1, stream.sent


def receipted(outs: Mapping[tuple[Nation, Traffic], OutStream]) -> dict[tuple[Nation, Traffic], int]:
    """Up to where partners' halls have our products, by stream. What is beyond may be still to come."""
    return {stream: row.receipted for stream, row in outs.items() if stream[1] is not Traffic.CONTROL}


def resend(stream: OutStream, runs: tuple[Run, ...], now: Instant) -> tuple[OutStream, tuple[Run, ...]]:
    """What to send again of what was asked for: only what was sent and is not yet receipted."""
    if not passed(stream.resent_ns, RESEND_EVERY_NS, now):
        return stream, ()
    cut = ((max(first, stream.receipted + 1), min(last, stream.sent)) for first, last in runs)
    wanted = tuple((first, last) for first, last in cut if first <= last)
    return (replace(stream, resent_ns=now), wanted) if wanted else (stream, ())

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
"""So often something is stored and goes by the hub although the direct way works: to know that both work."""

PATIENCE_NS = 10 * PROOF_NS
"""Before that it is something that nothing unreceipted stands before: a stored copy would overtake what was
flashed in vain."""

PROMPT_NS = 750 * MILLISECOND_NS
"""Receipts that are further behind tell of a backlog at a broker, which a flash copy would overtake: they are
due every 200 ms, and no way between capitals takes longer there and back than that."""

MOST_FLASHED = 5_000
"""Records that wait for receipts, beyond which flow is stored again: a second of what two processors carry,
some 5 MB that a partner's door may have to hold."""

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
    alone_upto: int = 0
    """Last sequence that went by the direct way alone, stored or not."""
    marked: int = 0
    marked_ns: Instant = Instant(0)
    """A sequence that was next or last then; moved on as soon as a receipt reaches it."""
    steady: bool = False
    """The last receipt to reach the mark was prompt, and everything since has left as a flash copy too."""

    @property
    def backlog(self) -> int:
        """Records not yet receipted."""
        return self.sent - self.receipted


class Ways(NamedTuple):
    """How an envelope goes. `flash`: first as a copy that nobody stores, by the direct way; `stored`: to a
    broker, until it has it; `alone`: nothing goes by the hub."""

    stream: OutStream
    flash: bool
    stored: bool
    alone: bool


def allocate(stream: OutStream, count: int) -> tuple[OutStream, int]:
    """The first of `count` new contiguous sequences."""
    return replace(stream, sent=stream.sent + count), stream.sent + 1


def receipt(stream: OutStream, upto: int, now: Instant) -> OutStream | None:
    """Cumulative, so an older one changes nothing. None: it claims what was never sent."""
    if upto > stream.sent:
        return None
    if upto <= stream.receipted:
        return stream
    after = replace(stream, receipted=upto, waits_ns=now)
    if upto < stream.marked:
        return after
    prompt = not passed(stream.marked_ns, PROMPT_NS, now)
    return replace(after, marked=stream.sent, marked_ns=now, steady=prompt)


def ways(stream: OutStream, now: Instant, *, heard: bool) -> Ways:
    """How the next envelope of flow goes. `heard`: the partner's heartbeats come by the direct way."""
    if not stream.backlog:
        stream = replace(stream, waits_ns=now, marked=stream.sent + 1, marked_ns=now, steady=True)
    stalled = passed(stream.waits_ns, RECEIPTED_NS, now)
    works = heard and not stalled and passed(stream.stalled_ns, DOUBT_NS, now)
    flash = works and stream.steady and stream.backlog <= MOST_FLASHED
    flash = flash and not passed(stream.marked_ns, RECEIPTED_NS, now)
    if stream.steady and not flash:
        stream = replace(stream, marked=stream.sent + 1, marked_ns=now, steady=False)
    settled = not stream.backlog or passed(stream.twice_ns, PATIENCE_NS, now)
    proof = settled and passed(stream.twice_ns, PROOF_NS, now)
    alone = works and not proof
    after = replace(
        stream,
        twice_ns=stream.twice_ns if alone else now,
        stalled_ns=now if stalled else stream.stalled_ns,
    )
    return Ways(after, flash, proof or not flash, alone)


def went_alone(stream: OutStream) -> OutStream:
    """All that was allocated so far may have gone by the direct way alone."""
    return replace(stream, alone_upto=stream.sent)


def overdue(stream: OutStream, now: Instant) -> tuple[OutStream, tuple[Run, ...]]:
    """Once receipts stay out: what may have gone by the direct way alone, and in vain, to be stored on every
    way that it may take."""
    if stream.alone_upto <= stream.receipted or not passed(stream.waits_ns, RECEIPTED_NS, now):
        return stream, ()
    open_run = (stream.receipted + 1, stream.alone_upto)
    return replace(stream, stalled_ns=now, alone_upto=0), (open_run,)


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

"""What of a partner's stream is new, what is missing, what may be receipted. Pure; one InStream per (origin,
traffic).

Exactly once: every sequence is fresh one time, whatever order, path or copy it comes by. Products are handed
on as they come (a tracklet replaces its source's last, so order does not matter); a gap is asked for again
until it closes.
"""

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.product import Traffic
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant, passed
from tocsin.share.links import MAX_RUNS, WITHHELD_NS, Receipt, Resend
from tocsin.share.marks import Marks, Run

GAP_GRACE_NS = 700 * MILLISECOND_NS
"""The other path's copy, or the broker's own redelivery, usually closes a gap by then (own choice)."""

ASK_AGAIN_NS = 2 * SECOND_NS
"""Between two requests for the same gap."""

RECEIPT_NS = 200 * MILLISECOND_NS
"""Receipts are cumulative: one per stream in this time is enough, and each costs a signature and up to eight
fsyncs on its two routes."""

CATCH_UP_NS = 10 * SECOND_NS
"""So long flow waits for what is urgent and was sent before it (docs/adr/0023): time for some thousands of
single messages. What is missing longer may never come."""

MAX_ASKED = MAX_RUNS

MAX_AHEAD = 1_000_000
"""A product's sequence further ahead than this of what is contiguous is not taken (it will be asked for in
its turn). Control is never sent again: refused once, it would be refused for ever."""

CONTROL_ISLANDS = 64
"""Control is superseded by newer control: gaps older than this many islands are given up."""


class InStream(Struct, frozen=True):
    """`received`: committed in the door's book; `committed`: in the hall's too; `receipted`: what we said of
    it."""

    received: Marks = Marks()
    committed: Marks = Marks()
    receipted: int = 0
    receipted_ns: Instant = Instant(0)
    told: int = 0
    """The last sequence that the origin says it has sent us."""
    gap_ns: Instant | None = None
    asked_ns: Instant = Instant(0)


def accept(stream: InStream, traffic: Traffic, first: int, last: int) -> tuple[InStream, tuple[Run, ...]]:
    """What of `first`..`last` is fresh. Nothing: a duplicate, or too far ahead to be taken now."""
    marks = stream.received
    if traffic is not Traffic.CONTROL and (last > marks.upto + MAX_AHEAD or not marks.room_for(first)):
        return stream, ()
    fresh = marks.fresh(first, last)
    if not fresh:
        return stream, ()
    marks = marks.add(first, last)
    if traffic is Traffic.CONTROL:
        marks = marks.squeezed(CONTROL_ISLANDS)
    return replace(stream, received=marks), fresh


def hall_has(stream: InStream, first: int, last: int) -> InStream:
    """The hall has committed the imports `first`..`last`."""
    return replace(stream, committed=stream.committed.add(first, last))


def told(stream: InStream, sent_upto: int) -> InStream:
    """The origin says how far it has sent: the end of a stream has no later message to betray a loss."""
    return stream if sent_upto <= stream.told else replace(stream, told=sent_upto)


def withheld(stream: InStream, now: Instant) -> int:
    """Records that the origin has sent and that are missing for too long."""
    if stream.gap_ns is None or not passed(stream.gap_ns, WITHHELD_NS, now):
        return 0
    return sum(last - first + 1 for first, last in stream.received.missing(stream.told))


def behind(stream: InStream, now: Instant) -> bool:
    """True when the origin has sent what is not here, and has not been waited for in vain."""
    if stream.received.upto >= stream.told:
        return False
    return stream.gap_ns is None or not passed(stream.gap_ns, CATCH_UP_NS, now)


def receipt_due(stream: InStream, traffic: Traffic, now: Instant) -> tuple[InStream, Receipt | None]:
    """A receipt when there is news and the last one is long enough ago."""
    upto = stream.committed.upto
    if upto <= stream.receipted or not passed(stream.receipted_ns, RECEIPT_NS, now):
        return stream, None
    return replace(stream, receipted=upto, receipted_ns=now), Receipt(traffic, upto)


def resend_due(stream: InStream, traffic: Traffic, now: Instant) -> tuple[InStream, Resend | None]:
    """A request when something has been missing for the grace time."""
    received = stream.received
    if received.islands or received.upto < stream.told:
        missing = received.missing(min(stream.told, received.upto + MAX_AHEAD))
    else:
        missing = ()
    if not missing:
        return (replace(stream, gap_ns=None) if stream.gap_ns is not None else stream), None
    if stream.gap_ns is None:
        return replace(stream, gap_ns=now), None
    if not passed(stream.gap_ns, GAP_GRACE_NS, now) or not passed(stream.asked_ns, ASK_AGAIN_NS, now):
        return stream, None
    return replace(stream, asked_ns=now), Resend(traffic, missing[:MAX_ASKED])

"""Sequences of what we send, and how far the partner's receipts reach. Pure; one OutStream per (partner,
traffic).

The sealed rows themselves are in the door's book: a row stays until the partner's receipt covers it.
"""

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.time import MILLISECOND_NS, Instant, passed
from tocsin.share.marks import Run

RESEND_EVERY_NS = 500 * MILLISECOND_NS
"""However often a partner asks, it is served at most this often: asking is cheap, sending is not."""


class OutStream(Struct, frozen=True):
    """`sent`: last sequence given away; `receipted`: last one that the partner's hall has committed."""

    sent: int = 0
    receipted: int = 0
    resent_ns: Instant = Instant(0)
    forgotten: tuple[Run, ...] = ()
    """Given away in a past that our book does not hold: restored from a copy, it went on beyond them."""

    @property
    def backlog(self) -> int:
        """Records not yet receipted."""
        return self.sent - self.receipted


def allocate(stream: OutStream, count: int) -> tuple[OutStream, int]:
    """The first of `count` new contiguous sequences."""
    return replace(stream, sent=stream.sent + count), stream.sent + 1


def receipt(stream: OutStream, upto: int) -> OutStream | None:
    """Cumulative, so an older one changes nothing. None: it claims what was never sent."""
    if upto > stream.sent:
        return None
    return stream if upto <= stream.receipted else replace(stream, receipted=upto)


def resend(stream: OutStream, runs: tuple[Run, ...], now: Instant) -> tuple[OutStream, tuple[Run, ...]]:
    """What to send again of what was asked for: only what was sent and is not yet receipted."""
    if not passed(stream.resent_ns, RESEND_EVERY_NS, now):
        return stream, ()
    cut = ((max(first, stream.receipted + 1), min(last, stream.sent)) for first, last in runs)
    wanted = tuple((first, last) for first, last in cut if first <= last)
    return (replace(stream, resent_ns=now), wanted) if wanted else (stream, ())

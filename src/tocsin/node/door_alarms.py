"""What is wrong at the door and must be seen, beside the logs: clocks, certificates, refused lists, revoked
keys in use, sequences that had to be skipped. Pure.
"""

from collections.abc import Iterator

from tocsin.model.alarm import Alarm, AlarmKind, Priority
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.door_turn import Turn
from tocsin.share.links import CLOCK_UNSURE_NS, DAY_NS

CERTIFICATE_DAYS = ((1, Priority.NOW), (7, Priority.SOON), (30, Priority.TODAY))
"""EXCHANGE.md: alarms at 30, 7 and 1 day."""

GRACE = "links that stand go on, new ones are refused after that: `tocsin trust certify`"
"""The grace policy `standing-links` (docs/threat-model.md): TLS looks at certificates when a link is made."""


def standing(turn: Turn) -> tuple[Alarm, ...]:
    """All that stands now."""
    return (*turn.troubles.values(), *_clocks(turn), *_certificates(turn))


def _clocks(turn: Turn) -> Iterator[Alarm]:
    for partner, link in turn.links.items():
        offset_ns = link.clock_offset_ns
        if offset_ns is not None and abs(offset_ns) > CLOCK_UNSURE_NS:
            detail = f"the clock of {partner} is {offset_ns / SECOND_NS:+.1f} s from ours"
            yield Alarm(AlarmKind.CLOCK_UNSURE, str(partner), detail, link.beat_arrived_ns)


def _certificates(turn: Turn) -> Iterator[Alarm]:
    ends = {turn.state.office.nation: turn.state.office.certificate_until_ns}
    ends |= {
        partner: Instant(link.beat.certificate_until_ns)
        for partner, link in turn.links.items()
        if link.beat is not None and link.beat.certificate_until_ns is not None
    }
    for nation, until_ns in ends.items():
        if until_ns is None:
            continue
        days = (until_ns - turn.now) / DAY_NS
        for limit, priority in CERTIFICATE_DAYS:
            if days <= limit:
                left = f"has ended {-days:.1f} days ago" if days < 0 else f"ends in {days:.1f} days"
                since = Instant(until_ns - limit * DAY_NS)
                detail = f"a certificate of {nation} {left}; {GRACE}"
                yield Alarm(AlarmKind.CERTIFICATE_ENDS, str(nation), detail, since, priority)
                break

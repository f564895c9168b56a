"""What partners say to each other about the exchange itself (notes), and what a node makes of a link's
health.

A heartbeat is signed, once a wall second: a partner that withholds a message, a cut link and a blind hall all
show within three.
"""

from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import LinkHealth, Traffic
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant

BEAT_NS = SECOND_NS
"""EXCHANGE.md: signed heartbeat each second."""

SILENT_NS = 3 * SECOND_NS
"""EXCHANGE.md: a withheld message or a cut link is shown within 3 s."""


class Receipt(Struct, frozen=True, tag="receipt"):
    """Our hall has committed everything of yours up to `upto`."""

    traffic: Traffic
    upto: int


class Resend(Struct, frozen=True, tag="resend"):
    """We miss these runs of yours."""

    traffic: Traffic
    runs: tuple[tuple[int, int], ...]


class Heartbeat(Struct, frozen=True, tag="heartbeat"):
    """High-water marks by traffic, and how far the sender's hall is. `echo` returns the partner's last
    beat."""

    at_wall_ns: Instant
    sent: dict[Traffic, int]
    received: dict[Traffic, int]
    committed: dict[Traffic, int]
    step: int
    step_age_ms: int | None
    echo_wall_ns: Instant | None = None
    echo_held_ns: int = 0
    """How long the sender held the echoed beat before it answered."""


Note = Receipt | Resend | Heartbeat
"""Payload of control traffic."""


class Link(Struct, frozen=True):
    """One partner as heard here; times are this node's wall clock."""

    heard_ns: dict[str, Instant] = {}
    """When the last new heartbeat came, by path."""
    said_ns: dict[str, Instant] = {}
    """That heartbeat's own time, by path: a replayed one is not newer and keeps no dead path alive."""
    beat: Heartbeat | None = None
    beat_arrived_ns: Instant = Instant(0)
    round_trip_ms: float | None = None
    beaten_ns: Instant = Instant(0)
    """When we last sent ours."""


def heard(link: Link, path: str, beat: Heartbeat, now: Instant) -> Link:
    """A verified heartbeat came by `path`, perhaps as the second copy."""
    if beat.at_wall_ns <= link.said_ns.get(path, 0):
        return link
    heard_ns, said_ns = {**link.heard_ns, path: now}, {**link.said_ns, path: beat.at_wall_ns}
    return replace(link, heard_ns=heard_ns, said_ns=said_ns)


def took_beat(link: Link, beat: Heartbeat, now: Instant) -> Link:
    """A heartbeat; an older one than the last (the slower path's) changes nothing."""
    if link.beat is not None and beat.at_wall_ns <= link.beat.at_wall_ns:
        return link
    trip = link.round_trip_ms
    if beat.echo_wall_ns is not None:
        trip = max(now - beat.echo_wall_ns - beat.echo_held_ns, 0) / MILLISECOND_NS
    return replace(link, beat=beat, beat_arrived_ns=now, round_trip_ms=trip)


def beat_due(link: Link, now: Instant) -> bool:
    """True once a wall second."""
    return now - link.beaten_ns >= BEAT_NS


def beaten(link: Link, now: Instant) -> Link:
    """Ours has been sent."""
    return replace(link, beaten_ns=now)


def echo(link: Link, now: Instant) -> tuple[Instant | None, int]:
    """(the partner's last beat's own time, how long it has been here)."""
    if link.beat is None:
        return None, 0
    return link.beat.at_wall_ns, now - link.beat_arrived_ns


def health(partner: Nation, link: Link, backlog: int, now: Instant) -> LinkHealth:
    """The link as the page shows it; a path is up when a new heartbeat came by it within SILENT_NS."""
    last = max(link.heard_ns.values(), default=None)
    return LinkHealth(
        partner=partner,
        heard_age_s=None if last is None else (now - last) / SECOND_NS,
        round_trip_ms=link.round_trip_ms,
        backlog=backlog,
        paths_up=tuple(sorted(path for path, at in link.heard_ns.items() if now - at <= SILENT_NS)),
    )

"""What partners say to each other about the exchange itself (notes), and what a node makes of a link's
health.

A heartbeat is signed, once a wall second: a partner that withholds a message, a cut link and a blind hall all
show within three.
"""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import LinkHealth, Traffic
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant, passed
from tocsin.share.keylist import SignedList

BEAT_NS = SECOND_NS
"""EXCHANGE.md: signed heartbeat each second."""

SILENT_NS = 3 * SECOND_NS
"""EXCHANGE.md: a withheld message or a cut link is shown within 3 s."""

BLIND_NS = 2 * SECOND_NS
"""EXCHANGE.md: a hall older than 2 s is shown as blind; a younger one is said to be of now."""

WITHHELD_NS = 900 * MILLISECOND_NS
"""What a partner says it has sent us and is not here so long after: something withholds it. With a heartbeat
and a report a second it shows within 3 s, and the other path's copy has had its time (inbox.GAP_GRACE_NS)."""

DAY_NS = 86_400 * SECOND_NS

BLIND_MS = 2_000
"""EXCHANGE.md: a hall older than 2 s is shown as "node blind"."""

OLD_BEAT_NS = 30 * SECOND_NS
"""A partner whose clock is as far behind refuses what we send as from the future, and can echo nothing."""

CLOCK_UNSURE_NS = SECOND_NS
"""An object of 5 km/s is 5 km off after a second: from there on a partner's clock is shown and widens what
comes. Far above NTP's error over a long line (tens of milliseconds); own choice."""

MAX_RUNS = 16
"""Runs named in one request: the rest is asked for in its turn."""

MAX_NOTES = 16
"""Notes of one envelope; a door has four to say at most (a receipt and a request for two traffics)."""

Mark = Annotated[int, Meta(ge=0, le=2**62)]
"""A sequence up to which something holds; 0 before the first (envelope.Sequence)."""

Sequence = Annotated[int, Meta(ge=1, le=2**62)]

Count = Annotated[int, Meta(ge=0, le=2**62)]
"""Steps, milliseconds, nanoseconds."""


class Receipt(Struct, frozen=True, tag="receipt", forbid_unknown_fields=True):
    """Our hall has committed everything of yours up to `upto`."""

    traffic: Traffic
    upto: Mark


class Resend(Struct, frozen=True, tag="resend", forbid_unknown_fields=True):
    """We miss these runs of yours: ascending, none touching the next."""

    traffic: Traffic
    runs: Annotated[tuple[tuple[Mark, Mark], ...], Meta(min_length=1, max_length=MAX_RUNS)]

    @property
    def in_order(self) -> bool:
        """True when each run begins at 1 or later and after the one before, and ends no earlier than it
        begins."""
        ends = (0, *(last for _, last in self.runs))
        return all(before < first <= last for before, (first, last) in zip(ends, self.runs, strict=False))


class ListMark(Struct, frozen=True, forbid_unknown_fields=True):
    """A trust list as one nation holds it: two of one version with different digests are two truths."""

    version: Count
    digest: Annotated[str, Meta(min_length=64, max_length=64)]


class ListNews(Struct, frozen=True, tag="list", forbid_unknown_fields=True):
    """The sender's trust list: the recipient's heartbeat says that it has an older one."""

    key_list: SignedList


class Heartbeat(Struct, frozen=True, tag="heartbeat", forbid_unknown_fields=True):
    """High-water marks by traffic, and whether the sender's hall goes on. `echo` returns the partner's last
    beat.

    `step`: wall seconds in which that hall has committed steps, `step_age_ms`: 0 below BLIND_NS. The steps
    themselves and their moments would tell how busy it is, which is nobody else's business.
    """

    at_wall_ns: Instant
    sent: dict[Traffic, Mark]
    received: dict[Traffic, Mark]
    committed: dict[Traffic, Mark]
    step: Count
    step_age_ms: Count | None
    echo_wall_ns: Count | None = None
    echo_held_ns: Count = 0
    """How long the sender held the echoed beat before it answered."""
    lists: dict[Nation, ListMark] = {}
    """The trust lists that the sender holds, its own too."""
    seen: dict[Traffic, Mark] = {}
    """The highest sequence of the partner's that has come, whatever is missing below it."""
    certificate_until_ns: Count | None = None
    """When the first of the sender's certificates ends (wall time)."""


class Void(Struct, frozen=True, tag="void", forbid_unknown_fields=True):
    """We have forgotten what we sent you under these sequences: what of them has not come never will."""

    traffic: Traffic
    first: Sequence
    last: Sequence


SignedText = Annotated[bytes, Meta(min_length=1, max_length=4096)]
"""A signed note (c2sp.org/signed-note): about 250 bytes and 170 for each signature."""

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]

MAX_LEAVES = 512
"""Leaves of a log in one note: 16 kB. Partners that were away longer catch up in several."""

MAX_PEAKS = 62
"""Of a tree of 2**62 leaves."""

MAX_ACCUSATION_BYTES = 40_000
"""Two envelopes of a usual size; larger proofs stay with the nation that holds them."""


class LogGrew(Struct, frozen=True, tag="log-grew", forbid_unknown_fields=True):
    """Our national log's checkpoint `note`, and its leaves past the size `after` that you cosigned last. To
    one who holds nothing yet: no leaves, but `peaks`, from which the root follows."""

    note: SignedText
    after: Mark
    leaves: Annotated[tuple[Hash, ...], Meta(max_length=MAX_LEAVES)]
    peaks: Annotated[tuple[Hash, ...], Meta(max_length=MAX_PEAKS)] = ()


class Holding(Struct, frozen=True, tag="holding", forbid_unknown_fields=True):
    """Of your national log we hold this many leaves; go on from there."""

    size: Mark


class Cosigned(Struct, frozen=True, tag="cosigned", forbid_unknown_fields=True):
    """Your checkpoint with our cosignature: it goes on from the one that we cosigned before."""

    note: SignedText


class Sighted(Struct, frozen=True, tag="sighted", forbid_unknown_fields=True):
    """What the third nation showed us as its checkpoint: compare it with what it showed you."""

    note: SignedText


class Shown(Struct, frozen=True, tag="shown", forbid_unknown_fields=True):
    """You have signed or cosigned this, and speak as if you had not."""

    note: SignedText


class ToldSoFar(Struct, frozen=True, tag="told-so-far", forbid_unknown_fields=True):
    """The signed root of all that we told you in `traffic`: sequences past `after` up to `upto`."""

    traffic: Traffic
    after: Mark
    upto: Mark
    note: SignedText


class Accused(Struct, frozen=True, tag="accused", forbid_unknown_fields=True):
    """A proof that a nation signed two truths. It needs no trust in who carries it."""

    proof: Annotated[bytes, Meta(min_length=1, max_length=MAX_ACCUSATION_BYTES)]


LogNote = LogGrew | Holding | Cosigned | Sighted | Shown | ToldSoFar | Accused

Note = Receipt | Resend | Heartbeat | ListNews | Void | LogNote
"""Payload of control traffic."""


class Link(Struct, frozen=True):
    """One partner as heard here; times are this node's wall clock."""

    heard_ns: dict[str, Instant] = {}
    """When the last new heartbeat came, by path."""
    said_ns: dict[str, Instant] = {}
    """That heartbeat's own time, by path: a replayed one is not newer and keeps no dead path alive."""
    beat: Heartbeat | None = None
    beat_arrived_ns: Instant = Instant(0)
    beat_sha256: bytes = b""
    """Of the envelope that brought it: the other path brings the same bytes."""
    round_trip_ms: float | None = None
    beaten_ns: Instant = Instant(0)
    """When we last sent ours."""
    clock_offset_ns: int | None = None
    """How far its clock is ahead of ours at the least: a slow or one-sided way is not taken for a clock."""
    proof_ns: Instant | None = None
    """When a receipt last covered something, or all."""
    listed_ns: Instant = Instant(0)
    """When we last sent our trust list."""


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
    seen_ns, offset_ns = beat.at_wall_ns - now, link.clock_offset_ns
    if beat.echo_wall_ns is not None and trip is not None:
        offset_ns = _sure_offset_ns(seen_ns, round(trip * MILLISECOND_NS))
    elif abs(seen_ns) > OLD_BEAT_NS:  # it does not hear us, and no broker keeps a heartbeat for so long
        offset_ns = seen_ns
    return replace(link, beat=beat, beat_arrived_ns=now, round_trip_ms=trip, clock_offset_ns=offset_ns)


def _sure_offset_ns(seen_ns: int, trip_ns: int) -> int:
    """A heartbeat took from 0 to the whole round trip, so the offset is from `seen_ns` to that much more (as
    in NTP, RFC 5905, 8): the end that is nearer to zero, or zero between them.
    """
    if seen_ns > 0:
        return seen_ns
    return min(seen_ns + trip_ns, 0)


def beat_due(link: Link, now: Instant) -> bool:
    """True once a wall second."""
    return passed(link.beaten_ns, BEAT_NS, now)


def beaten(link: Link, now: Instant) -> Link:
    """Ours has been sent."""
    return replace(link, beaten_ns=now)


def echo(link: Link, now: Instant) -> tuple[int | None, int]:
    """(the partner's last beat's own time, how long it has been here)."""
    if link.beat is None:
        return None, 0
    return link.beat.at_wall_ns, max(now - link.beat_arrived_ns, 0)  # our clock may have been set back


def path_up(link: Link, path: str, now: Instant) -> bool:
    """A new heartbeat came by it within SILENT_NS."""
    return path in link.heard_ns and not passed(link.heard_ns[path], SILENT_NS, now)


def proven(link: Link, now: Instant) -> Link:
    """The partner's hall has all that we sent, or more of it than before: the last end-to-end proof."""
    return replace(link, proof_ns=now)


def health(
    partner: Nation, link: Link, backlog: int, now: Instant, missing: int = 0, until_ns: Instant | None = None
) -> LinkHealth:
    """The link as the page shows it; a path is up when a new heartbeat came by it within SILENT_NS.

    `missing`: records that should be here; `until_ns`: when the first certificate of this node ends.
    """
    last = max(link.heard_ns.values(), default=None)
    beat = link.beat
    hall_age_s = None
    if beat is not None and beat.step_age_ms is not None:
        hall_age_s = (beat.step_age_ms * MILLISECOND_NS + max(now - link.beat_arrived_ns, 0)) / SECOND_NS
    theirs = beat.certificate_until_ns if beat is not None else None
    ends = [end for end in (until_ns, theirs) if end is not None]
    return LinkHealth(
        partner=partner,
        heard_age_s=None if last is None else (now - last) / SECOND_NS,
        round_trip_ms=link.round_trip_ms,
        backlog=backlog,
        paths_up=tuple(sorted(path for path, at in link.heard_ns.items() if now - at <= SILENT_NS)),
        missing=missing,
        hall_age_s=hall_age_s,
        blind=beat is not None and (hall_age_s is None or hall_age_s * 1_000 > BLIND_MS),
        proof_age_s=None if link.proof_ns is None else (now - link.proof_ns) / SECOND_NS,
        certificate_days=(min(ends) - now) / DAY_NS if ends else None,
        clock_offset_s=None if link.clock_offset_ns is None else link.clock_offset_ns / SECOND_NS,
    )

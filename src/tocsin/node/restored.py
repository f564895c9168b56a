"""A door whose book is older than its past: restored from a copy, or lost. Nothing is numbered twice.

Three witnesses know better: the hall (which numbers it has taken), and each partner (which sequences it has
seen, in its heartbeat). A door that was just opened hears its hall first (node.door). If the hall has more
than the door remembers, the door leaves BEYOND sequences out at once, in the transaction that knows of it;
products for a partner wait until it has answered a heartbeat of this run; then the door goes on beyond
whatever it saw. What it forgot and a partner misses is declared void: it will never come under those numbers.
The hall offers again what the door does not remember to have taken. Pure.
"""

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, DoorState, Stream
from tocsin.node.notary import BOOK
from tocsin.share.links import Heartbeat, Void
from tocsin.share.marks import Run

MAX_JUMP = 10**9
"""Sequences that a partner can make us skip at once: days of the highest rate; 2**62 lasts for as many jumps
as there are seconds in a century."""

BEYOND = 100_000
"""Sequences that a door leaves out which finds its book to be old: what it sealed and forgot may still be
under way, unseen by the partner, and must never meet another content under its number. Records of three
quarters of an hour of a busy night; a tenth of what a partner takes ahead of a gap (inbox.MAX_AHEAD)."""

BEYOND_CONTROL = 1_000_000
"""Of control: four days at three a second. A partner takes older control for repeats, and what it says it has
seen may be a liar's number, further than MAX_JUMP."""

MOST_FALSE = 32
"""Numbers that cannot be, each kept as evidence once: a partner says the same with every heartbeat. Half of
what a door tells once (door_trust.MOST_DISPUTES): no partner's numbers hide a dispute about lists."""

MOST_FORGOTTEN = 16
"""Restorations that one stream remembers."""


def hall_spoke(turn: Turn, upto: int) -> None:
    """The hall has taken items up to this number: no number up to it is given away again."""
    if upto > turn.handed_upto:
        _old_book(turn, f"the hall has taken items up to {upto}, this door remembers {turn.handed_upto}")
        turn.handed_upto = upto
        turn.unproven = frozenset(turn.state.office.partners)
        for partner in turn.unproven:
            _go_on(
                turn, (partner, Traffic.CONTROL), turn.out((partner, Traffic.CONTROL)).sent + BEYOND_CONTROL
            )
            for traffic in (Traffic.URGENT, Traffic.FLOW):
                _go_on(turn, (partner, traffic), turn.out((partner, traffic)).sent + BEYOND)
    if turn.unproven:
        turn.answer_hall = True  # it offers again from there, and not only when it has something new


def unproven(state: DoorState) -> frozenset[Nation]:
    """At a start: partners whose word is waited for, because this book was an old copy and may have been put
    back twice; what was sealed after the first time, the second one does not know."""
    old = any((one.kind, one.about) == (AlarmKind.OLD_BACKUP, BOOK) for one in state.logs.alarms)
    return frozenset(state.office.partners) if old else frozenset()


def partner_spoke(turn: Turn, partner: Nation, beat: Heartbeat, arrived: Arrived) -> None:
    """What the partner has seen of us; an answer to a heartbeat of this run proves that it is all."""
    for traffic, seen in beat.seen.items():
        stream = (partner, traffic)
        out = turn.out(stream)
        if seen > out.sent + MAX_JUMP:
            if (partner, seen) in turn.disputed or len(turn.disputed) >= MOST_FALSE:
                continue
            turn.disputed |= {(partner, seen)}
            detail = f"{partner} saw {traffic} {seen}, sent were {out.sent}"
            turn.quarantine("false-receipt", arrived.source, detail, arrived.data)
        elif seen > out.sent:
            _go_on(turn, stream, seen if traffic is Traffic.CONTROL else seen + BEYOND)
            detail = f"{partner} has seen our {traffic} {seen}, this door remembers {out.sent}"
            turn.trouble_with(AlarmKind.SEQUENCE_JUMP, str(partner), f"{detail}: its book is an old copy")
            if traffic is not Traffic.CONTROL:
                _old_book(turn, detail)
    if beat.echo_wall_ns is not None and beat.echo_wall_ns >= turn.opened_ns:
        turn.unproven = turn.unproven - {partner}


def _old_book(turn: Turn, detail: str) -> None:
    """Told in the transaction that goes on beyond it: after that the book is as new as what hall and partners
    know, and a door that died before its report would have nothing to tell."""
    said = f"{detail}: its book is an old copy. It stands until `tocsin witness retire` begins a new log"
    turn.alarm(Alarm(AlarmKind.OLD_BACKUP, BOOK, said, turn.now))


def _go_on(turn: Turn, stream: Stream, sent: int) -> None:
    """The next sequence is past `sent`; what lies between is forgotten, and not to be waited for."""
    partner, traffic = stream
    out = turn.out(stream)
    lost = ((out.sent + 1, sent),) if traffic is not Traffic.CONTROL else ()
    turn.outs[stream] = replace(out, sent=sent, forgotten=(*out.forgotten, *lost)[-MOST_FORGOTTEN:])
    for first, last in lost:
        turn.say(partner, Void(traffic, first, last))


def void_of(turn: Turn, partner: Nation, traffic: Traffic, runs: tuple[Run, ...]) -> None:
    """Tell a partner that asks for what we have forgotten that it will never come; so too what it has
    receipted: its hall has that, its door's book is an old copy, and we keep nothing that is receipted."""
    out = turn.out((partner, traffic))
    for first, last in ((1, out.receipted), *out.forgotten):
        cut = [(max(first, low), min(last, high)) for low, high in runs if low <= last and high >= first]
        if cut:
            turn.say(partner, Void(traffic, cut[0][0], cut[-1][1]))


def take_void(turn: Turn, partner: Nation, void: Void) -> None:
    """A partner has lost its memory of these sequences: what of them has not come is waited for no more."""
    stream = (partner, void.traffic)
    before = turn.into(stream)
    missing = before.received.fresh(void.first, void.last)
    if void.traffic is Traffic.CONTROL or not missing:
        return
    received, committed = before.received, before.committed
    for first, last in missing:
        received, committed = received.add(first, last), committed.add(first, last)
    turn.ins[stream] = replace(before, received=received, committed=committed)
    detail = f"what {partner} sent as {void.traffic} {void.first} to {void.last} comes no more"
    turn.trouble_with(AlarmKind.SEQUENCE_JUMP, str(partner), f"{detail}: its book, or ours, is an old copy")

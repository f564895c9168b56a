"""What comes in at the door: partners' envelopes verified and de-duplicated, and the hall's word on what it
has."""

from hashlib import sha256

from msgspec.structs import replace

from tocsin.model.alarm import AlarmKind
from tocsin.model.envelope import Header
from tocsin.model.label import Nation
from tocsin.model.product import Import, Product, Traffic
from tocsin.model.product import Receipt as ReceiptForHall
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node import door_trust, logs, restored, showing, tellings
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, Flight, HallHas, InRow, SendAgain
from tocsin.share import inbox, links, outbox
from tocsin.share.links import Heartbeat, Link, ListNews, Receipt, Resend, Void
from tocsin.share.wire import Refused, Verified, verify

LATE_NS = 10 * SECOND_NS
"""From seal to arrival; beyond it an officer is told that what he sees is not of now. Ten times a usual
round trip with a repeat; own choice."""

MAX_FLIGHTS = 10_000
"""Envelopes of one partner handed to a hall that does not commit; beyond it nothing of that partner is taken.
It keeps what it has, and is asked for it later."""


def take_arrival(turn: Turn, arrived: Arrived) -> None:
    """Believe it and use what is new of it, or keep it as evidence."""
    digest = sha256(arrived.data).digest()
    if records := turn.taken.get(digest):
        turn.copies += records  # by the other path: the same bytes, verified and taken already
        return
    if _beat_again(turn, arrived.path, digest):
        return
    outcome = _verified(turn, arrived)
    if outcome is None:
        return
    header = outcome.header
    for note in outcome.notes:
        if isinstance(note, Heartbeat):
            link = turn.links.get(header.issuer, Link())
            turn.links[header.issuer] = links.heard(link, arrived.path, note, turn.now)
    turn.copies += len(outcome.products)
    if outcome.products and not _has_room(turn, header):
        return
    stream = (header.issuer, header.traffic)
    after, fresh = inbox.accept(turn.into(stream), header.traffic, header.first, header.last)
    if not fresh:
        if outcome.products:
            tellings.came_again(turn, header, outcome.digest, arrived.data)
        return
    turn.ins[stream] = after
    if header.traffic is Traffic.CONTROL:
        _take_notes(turn, outcome, arrived)
        _remember_beat(turn, outcome, digest)
        return
    turn.remember(digest, len(outcome.products))
    tellings.took(turn, header, outcome.digest, arrived.data)
    for first, last in fresh:
        _take_products(turn, outcome, arrived, first, last)


def _beat_again(turn: Turn, path: str, digest: bytes) -> bool:
    """True for the very bytes of a partner's newest heartbeat, verified already: its path lives, that is all
    it says."""
    for partner, link in turn.links.items():
        if link.beat is not None and link.beat_sha256 == digest:
            turn.links[partner] = links.heard(link, path, link.beat, turn.now)
            return True
    return False


def _remember_beat(turn: Turn, verified: Verified, digest: bytes) -> None:
    """What brought the newest heartbeat, if it brought nothing else."""
    link = turn.links.get(verified.header.issuer, Link())
    if len(verified.notes) == 1 and link.beat is verified.notes[0]:
        turn.links[verified.header.issuer] = replace(link, beat_sha256=digest)


def _verified(turn: Turn, arrived: Arrived) -> Verified | None:
    """Null for what is refused; it is kept as evidence."""
    office = turn.state.office
    outcome = verify(arrived.data, turn.trust, office.nation, office.plane, turn.now, office.decrypt)
    if isinstance(outcome, Refused) and outcome.reason == "unknown-key" and door_trust.learn(turn, arrived):
        outcome = verify(arrived.data, turn.trust, office.nation, office.plane, turn.now, office.decrypt)
    if isinstance(outcome, Refused):
        turn.quarantine(outcome.reason, arrived.source, outcome.detail, arrived.data)
        if outcome.reason == "revoked-key" and not door_trust.under_way(turn, arrived.said):
            turn.trouble_with(AlarmKind.KEY_REVOKED, str(arrived.said), f"still in use: {outcome.detail}")
        if outcome.reason == "future":  # its signature is true: it is the clock that is not
            turn.trouble_with(AlarmKind.CLOCK_UNSURE, str(arrived.said), f"quarantined: {outcome.detail}")
        return None
    return outcome


def _has_room(turn: Turn, header: Header) -> bool:
    if turn.full and header.traffic is Traffic.FLOW:
        return False
    return turn.flying(header.issuer) < MAX_FLIGHTS


def _take_products(turn: Turn, verified: Verified, arrived: Arrived, first: int, last: int) -> None:
    header = verified.header
    marks, sigma_s = _shown_as(turn, verified, arrived.at_wall_ns)
    flight = Flight(turn.handed_upto + 1, header.issuer, header.traffic, first, last)
    for sequence in range(first, last + 1):
        product = verified.products[sequence - header.first]
        showing.show(turn, product)
        number = turn.hand(_import(header, sequence, product, arrived.at_wall_ns, marks, sigma_s))
        turn.rows_in.append(
            InRow(
                origin=header.issuer,
                traffic=header.traffic,
                sequence=sequence,
                number=number,
                issued_wall_ns=Instant(header.issued_wall_ns),
                arrived_wall_ns=arrived.at_wall_ns,
                path=arrived.path,
                digest=verified.digest,
            )
        )
    turn.fly(flight)


def _import(
    header: Header,
    sequence: int,
    product: Product,
    arrived_wall_ns: Instant,
    marks: tuple[str, ...],
    clock_sigma_s: float,
) -> Import:
    return Import(
        origin=header.issuer,
        traffic=header.traffic,
        sequence=sequence,
        product=product,
        issued_wall_ns=Instant(header.issued_wall_ns),
        arrived_wall_ns=arrived_wall_ns,
        marks=marks,
        clock_sigma_s=clock_sigma_s,
    )


def _shown_as(turn: Turn, verified: Verified, arrived_wall_ns: Instant) -> tuple[tuple[str, ...], float]:
    """Marks of what came, and how unsure its origin's clock is."""
    offset_ns = turn.links.get(verified.header.issuer, Link()).clock_offset_ns or 0
    unsure = abs(offset_ns) > links.CLOCK_UNSURE_NS
    late = arrived_wall_ns - verified.header.issued_wall_ns > LATE_NS
    marks = (*verified.marks, *(["late"] if late else []), *(["clock-unsure"] if unsure else []))
    return marks, abs(offset_ns) / SECOND_NS if unsure else 0.0


def _take_notes(turn: Turn, verified: Verified, arrived: Arrived) -> None:
    partner = verified.header.issuer
    for note in verified.notes:
        match note:
            case Receipt(traffic=traffic, upto=upto):
                _take_receipt(turn, partner, traffic, upto, arrived)
            case Resend(traffic=traffic, runs=runs):
                _take_request(turn, partner, traffic, runs)
            case Heartbeat():
                _take_beat(turn, partner, note, arrived)
            case Void():
                restored.take_void(turn, partner, note)
            case ListNews(key_list=key_list):
                door_trust.take_list(turn, partner, key_list, arrived)
            case _:
                logs.take_note(turn, partner, note, arrived)


def _take_receipt(turn: Turn, partner: Nation, traffic: Traffic, upto: int, arrived: Arrived) -> None:
    if traffic is Traffic.CONTROL:
        return
    before = turn.out((partner, traffic))
    after = outbox.receipt(before, upto, turn.now)
    if after is None:
        detail = f"{partner} receipts {traffic} {upto}, sent were {before.sent}"
        turn.quarantine("false-receipt", arrived.source, detail, arrived.data)
    elif after is not before:
        turn.outs[partner, traffic] = after
        turn.links[partner] = links.proven(turn.links.get(partner, Link()), turn.now)
        turn.hand(ReceiptForHall(partner, traffic, upto))


def _take_request(turn: Turn, partner: Nation, traffic: Traffic, runs: tuple[tuple[int, int], ...]) -> None:
    if traffic is Traffic.CONTROL:
        return
    after, wanted = outbox.resend(turn.out((partner, traffic)), runs[: inbox.MAX_ASKED], turn.now)
    if wanted:
        turn.outs[partner, traffic] = after
        turn.after.append(SendAgain(partner, traffic, wanted))
    restored.void_of(turn, partner, traffic, runs[: inbox.MAX_ASKED])


def _take_beat(turn: Turn, partner: Nation, beat: Heartbeat, arrived: Arrived) -> None:
    turn.links[partner] = links.took_beat(turn.links.get(partner, Link()), beat, turn.now)
    door_trust.compare(turn, partner, beat, arrived)
    restored.partner_spoke(turn, partner, beat, arrived)
    for traffic, upto in beat.sent.items():
        if traffic is not Traffic.CONTROL:
            before = turn.into((partner, traffic))
            after = inbox.told(before, upto)
            if after is not before:
                turn.ins[partner, traffic] = after
    for traffic, upto in beat.committed.items():
        _take_receipt(turn, partner, traffic, upto, arrived)
    if not any(turn.out((partner, traffic)).backlog for traffic in beat.committed):
        turn.links[partner] = links.proven(turn.links[partner], turn.now)


def take_hall(turn: Turn, word: HallHas) -> None:
    """The hall lives, and has committed items: their origins may have a receipt for them."""
    heard_ns = turn.hall_heard_ns or Instant(0)
    if word.step > turn.hall_step and turn.now // links.BEAT_NS != heard_ns // links.BEAT_NS:
        turn.hall_seconds += 1
    turn.hall_step, turn.hall_heard_ns = word.step, turn.now
    restored.hall_spoke(turn, word.upto)
    upto = min(word.upto, turn.handed_upto)
    if upto <= turn.hall_upto:
        return
    turn.hall_upto = upto
    while turn.flights and turn.flights[0].number <= upto:
        flight = turn.flights.pop(0)
        last = min(flight.last, flight.first + upto - flight.number)
        stream = (flight.origin, flight.traffic)
        turn.ins[stream] = inbox.hall_has(turn.into(stream), flight.first, last)
        if last < flight.last:
            rest = replace(flight, number=upto + 1, first=last + 1)
            turn.flights.insert(0, rest)

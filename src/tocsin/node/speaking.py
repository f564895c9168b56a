"""What the door says of itself when it is due: receipts, requests for what is missing, heartbeats, the links'
health."""

from tocsin.model.handoff import LinkReport
from tocsin.model.label import Label, Nation
from tocsin.model.product import LinkHealth, Traffic
from tocsin.model.time import MILLISECOND_NS, passed
from tocsin.node import door_alarms, door_trust
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Report
from tocsin.share import inbox, links, outbox
from tocsin.share.links import Heartbeat, Link, Note
from tocsin.share.wire import encode_notes

PRODUCT_TRAFFIC = (Traffic.URGENT, Traffic.FLOW)
ALL_TRAFFIC = tuple(Traffic)


def speak(turn: Turn) -> None:
    """Everything that is due now, to every partner and to the hall."""
    for partner in turn.state.office.partners:
        notes = _receipts_and_requests(turn, partner)
        notes += turn.notes.pop(partner, [])
        news = door_trust.list_due(turn, partner)
        notes += [news] if news is not None else []
        for first in range(0, len(notes), links.MAX_NOTES):
            _say(turn, partner, notes[first : first + links.MAX_NOTES], fleeting=False)
        if links.beat_due(turn.links.get(partner, Link()), turn.now):
            _say(turn, partner, [_beat(turn, partner)], fleeting=True)
            turn.links[partner] = links.beaten(turn.links.get(partner, Link()), turn.now)
    if passed(turn.reported_ns, links.BEAT_NS, turn.now):
        turn.reported_ns = turn.now
        report = tuple(_health(turn, partner) for partner in turn.state.office.partners)
        turn.after.append(
            Report(LinkReport(report, turn.copies, (*turn.logs.alarms, *door_alarms.standing(turn))))
        )


def _receipts_and_requests(turn: Turn, partner: Nation) -> list[Note]:
    notes: list[Note] = []
    for traffic in PRODUCT_TRAFFIC:
        stream = (partner, traffic)
        before = turn.into(stream)
        after, receipt = inbox.receipt_due(before, traffic, turn.now)
        after, request = inbox.resend_due(after, traffic, turn.now)
        if after is not before:
            turn.ins[stream] = after
        notes += [note for note in (receipt, request) if note is not None]
    return notes


def _say(turn: Turn, partner: Nation, notes: list[Note], *, fleeting: bool) -> None:
    """Control may go by the hub: it holds no sensor's data."""
    office = turn.state.office
    stream = (partner, Traffic.CONTROL)
    turn.outs[stream], number = outbox.allocate(turn.out(stream), 1)
    label = Label(office.plane, frozenset((office.nation,)), frozenset((partner,)))
    header = turn.header(label, partner, Traffic.CONTROL, number, number)
    turn.send(header, encode_notes(notes), by_hub=True, fleeting=fleeting)


def _beat(turn: Turn, partner: Nation) -> Heartbeat:
    link = turn.links.get(partner, Link())
    echo_wall_ns, held_ns = links.echo(link, turn.now)
    came = {traffic: turn.into((partner, traffic)) for traffic in ALL_TRAFFIC}
    return Heartbeat(
        at_wall_ns=turn.now,
        sent={traffic: turn.out((partner, traffic)).sent for traffic in PRODUCT_TRAFFIC},
        received={traffic: came[traffic].received.upto for traffic in PRODUCT_TRAFFIC},
        committed={traffic: came[traffic].committed.upto for traffic in PRODUCT_TRAFFIC},
        step=turn.hall_seconds,
        step_age_ms=_hall_age_ms(turn),
        echo_wall_ns=echo_wall_ns,
        echo_held_ns=held_ns,
        lists=door_trust.marks(turn),
        seen={traffic: one.received.highest for traffic, one in came.items()},
        certificate_until_ns=turn.state.office.certificate_until_ns,
    )


def _hall_age_ms(turn: Turn) -> int | None:
    """Zero for a hall that lives: when exactly it spoke last would tell when it had something to say."""
    if turn.hall_heard_ns is None:
        return None
    age_ns = turn.now - turn.hall_heard_ns
    return 0 if age_ns < links.BLIND_NS else age_ns // MILLISECOND_NS


def _health(turn: Turn, partner: Nation) -> LinkHealth:
    backlog = sum(turn.out((partner, traffic)).backlog for traffic in PRODUCT_TRAFFIC)
    missing = sum(inbox.withheld(turn.into((partner, traffic)), turn.now) for traffic in PRODUCT_TRAFFIC)
    until_ns = turn.state.office.certificate_until_ns
    return links.health(partner, turn.links.get(partner, Link()), backlog, turn.now, missing, until_ns)

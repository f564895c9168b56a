"""Trust lists at the door: the newest of each partner counts, ours goes to whoever says it holds an older
one.

A list is believed by its root's signature, so it may come under an envelope whose own key it is the first to
name: a partner that was cut off through two rotations learns the new keys from the very message it could not
verify.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from tocsin.model.alarm import AlarmKind
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import SECOND_NS, passed
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, DoorState, Office, SendAgain
from tocsin.node.log_words import LogKey
from tocsin.node.notary import settled
from tocsin.node.restored import unproven
from tocsin.share import outbox
from tocsin.share.keylist import Believed, ListRefused, SignedList, newer
from tocsin.share.links import Heartbeat, Link, ListMark, ListNews
from tocsin.share.trust import TrustList, trusted
from tocsin.share.wire import lists_in

LIST_AGAIN_NS = 2 * SECOND_NS
"""Between two sendings of our list: a heartbeat of theirs and a round trip fit into it."""

UNDER_WAY_NS = 30 * SECOND_NS
"""After a revocation the partner's own last words under the old key are still on their ways: a look at its
files (1 s), a heartbeat, the slower path, and its clock may be as far ahead as a message's may (ADR 9)."""

MOST_DISPUTES = 64
"""Told once each; a root that signs more truths than that has made its point."""


def newest(office: Office, held: Mapping[Nation, Believed]) -> dict[Nation, Believed]:
    """Of each partner the newer of what was given by hand and what came over the links, under one root."""
    found = dict(office.lists)
    for nation, one in held.items():
        given = found.get(nation)
        if given is not None and given.root == one.root and given.version < one.version:
            found[nation] = one
    return found


def keys_of(office: Office, lists: Mapping[Nation, Believed]) -> TrustList:
    """Whose signatures count."""
    return trusted(lists.values()) if lists else office.trust


def settle(state: DoorState) -> DoorState:
    """The state with what follows from its office and lists."""
    lists = newest(state.office, state.lists)
    office = with_log_keys(state.office, lists)
    logs = settled(state.logs, office.log)
    found = replace(state, office=office, logs=logs, lists=lists, trust=keys_of(office, lists))
    return replace(found, unproven=unproven(found))


def with_log_keys(office: Office, lists: Mapping[Nation, Believed]) -> Office:
    """The office that believes the log keys which partners' lists name now."""
    if office.log is None or not lists:
        return office
    named = ((nation, one.keys.signs_logs) for nation, one in lists.items())
    partners = {nation: LogKey(found[0], found[1].public) for nation, found in named if found is not None}
    return replace(office, log=replace(office.log, partners=partners))


def _believe(turn: Turn, office: Office) -> None:
    """What follows from new keys or lists."""
    office = with_log_keys(office, turn.lists)
    if office.log != turn.state.office.log:
        turn.keep_logs(settled(turn.logs, office.log))
    turn.state = replace(turn.state, office=office)
    turn.trust = keys_of(office, turn.lists)


def take_office(turn: Turn, office: Office) -> None:
    """Our keys or what we believe by hand have changed. What waits under a key that is revoked now goes again
    under the next one, before anybody has to ask for it."""
    if _revoked(office) - _revoked(turn.state.office):
        for (partner, traffic), out in turn.outs.items():
            if out.backlog and traffic is not Traffic.CONTROL:
                turn.after.append(SendAgain(partner, traffic, (outbox.waiting(out),)))
    turn.lists = newest(office, turn.lists)
    _believe(turn, office)


def _revoked(office: Office) -> set[str]:
    keys = office.own.keys.signing if office.own is not None else ()
    return {key.key_id for key in keys if key.revoked is not None}


def under_way(turn: Turn, issuer: Nation) -> bool:
    """Whether what a partner sealed before it revoked a key may still come under that key."""
    held = turn.lists.get(issuer)
    return held is not None and not passed(held.keys.made_wall_ns, UNDER_WAY_NS, turn.now)


def take_list(turn: Turn, nation: Nation, signed: SignedList, arrived: Arrived) -> bool:
    """True when it is newer and counts from now on; what is not true is kept as evidence."""
    held = turn.lists.get(nation)
    if held is None:
        return False
    found = newer(held, signed)
    if isinstance(found, ListRefused):
        if found.reason == "list-equivocation":
            _dispute(turn, nation, held.version, found.detail, arrived)
        else:
            turn.quarantine(found.reason, arrived.source, found.detail, arrived.data)
            turn.trouble_with(AlarmKind.TRUST_REFUSED, str(nation), f"{found.reason}: {found.detail}")
    if not isinstance(found, Believed):
        return False
    turn.lists[nation] = found
    turn.new_lists.append(found)
    _believe(turn, turn.state.office)
    return True


def learn(turn: Turn, arrived: Arrived) -> bool:
    """Lists in a message that could not be verified for want of its key. True when one of them is news."""
    issuer, signed = lists_in(arrived.data)
    if issuer is None or issuer not in turn.lists:
        return False
    return bool(signed) and take_list(turn, issuer, signed[0], arrived)


def marks(turn: Turn) -> dict[Nation, ListMark]:
    """The lists that we hold, ours too, for the heartbeat."""
    own = turn.state.office.own
    rows = [*turn.lists.values(), *([own] if own else [])]
    return {row.keys.nation: ListMark(row.version, row.signed.digest) for row in rows}


def compare(turn: Turn, partner: Nation, beat: Heartbeat, arrived: Arrived) -> None:
    """What the partner holds of us and of the third nation, beside what we hold."""
    own, me = turn.state.office.own, turn.state.office.nation
    if own is not None:
        theirs = beat.lists.get(me)
        turn.list_seen = max(turn.list_seen, theirs.version if theirs else 0)
        if turn.list_seen > own.version:
            detail = f"{partner} holds our trust list {turn.list_seen}, this node {own.version}"
            turn.trouble_with(AlarmKind.OLD_BACKUP, "keys", f"{detail}: its keys are an old copy")
    for nation, theirs in beat.lists.items():
        held = own if own is not None and nation is me else turn.lists.get(nation)
        if held is not None and held.version == theirs.version and held.signed.digest != theirs.digest:
            detail = f"{partner} holds another list {theirs.version} of {nation}: {theirs.digest[:16]}"
            _dispute(turn, nation, theirs.version, detail, arrived)


def list_due(turn: Turn, partner: Nation) -> ListNews | None:
    """Our list, when the partner's last heartbeat shows an older one."""
    own, link = turn.state.office.own, turn.links.get(partner, Link())
    if own is None or link.beat is None or not passed(link.listed_ns, LIST_AGAIN_NS, turn.now):
        return None
    theirs = link.beat.lists.get(turn.state.office.nation)
    if theirs is None or theirs.version >= own.version:
        return None
    turn.links[partner] = replace(link, listed_ns=turn.now)
    return ListNews(own.signed)


def _dispute(turn: Turn, nation: Nation, version: int, detail: str, arrived: Arrived) -> None:
    if (nation, version) in turn.disputed or len(turn.disputed) >= MOST_DISPUTES:
        return
    turn.disputed = turn.disputed | {(nation, version)}
    turn.quarantine("list-equivocation", arrived.source, detail, arrived.data)
    turn.trouble_with(AlarmKind.EQUIVOCATION, str(nation), detail)

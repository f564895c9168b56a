"""One log for each direction: what A told B. A keeps the root of what it sealed, B the leaves of what it
took.

A leaf is an envelope: its sequences and the digest of its content, in the order of the sequences. At the
cadence of the national log A signs the root; B recomputes it when nothing is missing up to there. A gap is
waited for, a difference is an alarm. On the way of every envelope stands no more than one hash. Pure.
"""

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.envelope import Header
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.node import equivocation, witness
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived
from tocsin.node.log_words import Checked, Claim, Heard, LogOffice, Telling, Told
from tocsin.record.checkpoint import Checkpoint, believe, sign_checkpoint, told_key
from tocsin.record.merkle import Frontier, leaf_hash
from tocsin.record.note import NoteError, NoteSigner
from tocsin.share.links import ToldSoFar
from tocsin.share.wire import content_digest

MOST_TAIL = 50_000
"""Envelopes that wait for their origin's word: four minutes at 200 a second, 25 of its periods."""

KEPT_RECENT = 32
"""Envelopes kept whole, to prove a contradiction with; the other path's copy comes well within."""


def entry(first: int, last: int, digest: bytes) -> bytes:
    """Content of a leaf."""
    return f"tocsin-told/1 {first} {last}\n".encode() + digest


def sealed(turn: Turn, header: Header, payload: bytes) -> None:
    """We tell a partner something."""
    log = turn.state.office.log
    if log is None:
        return
    way = (header.recipient, header.traffic)
    telling = turn.logs.telling.get(way)
    if telling is None or telling.generation != log.generation:
        telling = Telling(log.generation, header.first - 1, header.first - 1)
    leaf = leaf_hash(entry(header.first, header.last, content_digest(header, payload)))
    telling = replace(telling, upto=header.last, tree=telling.tree.append(leaf)[0], note=b"")
    turn.keep_logs(replace(turn.logs, telling={**turn.logs.telling, way: telling}))


def sign_all(turn: Turn, log: LogOffice) -> None:
    """Our signed word on every stream."""
    office = turn.state.office
    for (partner, traffic), telling in turn.logs.telling.items():
        if telling.generation != log.generation or not telling.tree.size:
            continue
        if not telling.note:
            key = told_key(office.nation, office.plane, log.generation, log.signer.public, partner, traffic)
            said = Checkpoint(key.name, telling.tree.size, telling.tree.root())
            telling = replace(telling, note=sign_checkpoint(said, NoteSigner(key, log.signer.sign)).data)
            turn.logs = replace(turn.logs, telling={**turn.logs.telling, (partner, traffic): telling})
        turn.say(partner, ToldSoFar(traffic, telling.after, telling.upto, telling.note))


def took(turn: Turn, header: Header, digest: bytes, data: bytes) -> None:
    """A partner told us something new."""
    log = turn.state.office.log
    if log is None or header.issuer not in log.partners:
        return
    way = (header.issuer, header.traffic)
    told = turn.logs.told.get(way, Told())
    heard = Heard(header.first, header.last, digest)
    told = replace(told, tail=(*told.tail, heard), recent=(*told.recent, (heard, data))[-KEPT_RECENT:])
    if len(told.tail) > MOST_TAIL:
        told = replace(told, tail=told.tail[-MOST_TAIL:], checked=replace(told.checked, differs=True))
        detail = f"{header.issuer} has not signed what it told us in {header.traffic}: {MOST_TAIL} envelopes"
        turn.alarm(Alarm(AlarmKind.RECORD_DIFFERS, f"{header.issuer}/{header.traffic}", detail, turn.now))
    _put(turn, way, told)
    if told.claim is not None:
        _check(turn, log, way, told, told.claim)


def came_again(turn: Turn, header: Header, digest: bytes, data: bytes) -> None:
    """A sequence that we have: the other copy, or a second truth."""
    told = turn.logs.told.get((header.issuer, header.traffic))
    for heard, before in told.recent if told else ():
        if heard.first <= header.last and header.first <= heard.last and heard.digest != digest:
            says = f"{header.traffic} {max(heard.first, header.first)} to {header.recipient}"
            witness.accuse(turn, header.issuer, equivocation.of_envelopes(before, data), says)


def take_word(turn: Turn, partner: Nation, word: ToldSoFar, arrived: Arrived) -> None:
    """A partner's signed root of all that it told us."""
    log = turn.state.office.log
    held = log.partners.get(partner) if log else None
    if log is None or held is None or word.traffic is Traffic.CONTROL:
        return
    office = turn.state.office
    key = told_key(partner, office.plane, held.generation, held.public, office.nation, word.traffic)
    try:
        said = believe(word.note, (key,)).checkpoint
    except NoteError as fault:
        turn.quarantine("bad-checkpoint", arrived.source, str(fault), arrived.data)
        return
    way = (partner, word.traffic)
    told = turn.logs.told.get(way, Told())
    claim = Claim(held.generation, word.after, word.upto, said.size, said.root, word.note)
    if told.claim is not None and told.claim.upto > claim.upto and told.claim.generation == claim.generation:
        return  # an older one, by the slower path
    told = replace(told, claim=claim)
    _put(turn, way, told)
    _check(turn, log, way, told, claim)


def _check(turn: Turn, log: LogOffice, way: tuple[Nation, Traffic], told: Told, claim: Claim) -> None:
    """Recompute what can be; what is missing is waited for."""
    if turn.into(way).received.upto < claim.upto:
        return
    start = told.checked
    if start.generation != claim.generation:
        start = Checked(claim.generation, claim.after, Frontier())
    if start.differs or claim.upto < start.upto:
        _put(turn, way, replace(told, claim=None, checked=start))
        return
    tree, upto = start.tree, start.upto
    for heard in sorted(told.tail):
        if start.upto < heard.first and heard.last <= claim.upto:
            tree, upto = tree.append(leaf_hash(entry(*heard)))[0], heard.last
    differs = (tree.size, tree.root(), upto) != (claim.size, claim.root, claim.upto)
    if differs:
        partner, traffic = way
        here = f"{tree.size} envelopes here, {claim.size} by its signature"
        detail = f"what {partner} says it told us in {traffic} up to {claim.upto} is not what we hold: {here}"
        turn.alarm(Alarm(AlarmKind.RECORD_DIFFERS, f"{partner}/{traffic}", detail, turn.now))
    checked = Checked(claim.generation, claim.upto, tree, differs)
    tail = tuple(heard for heard in told.tail if heard.last > claim.upto)
    _put(turn, way, replace(told, claim=None, checked=checked, tail=tail))
    turn.keep_logs(turn.logs)


def _put(turn: Turn, way: tuple[Nation, Traffic], told: Told) -> None:
    turn.logs = replace(turn.logs, told={**turn.logs.told, way: told})

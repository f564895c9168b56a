"""Witnessing: a partner's checkpoint is cosigned when its log goes on from the one cosigned before, else not.

Who holds the leaves recomputes the root; a consistency proof (RFC 9162) would not bind the new size. What a
partner shows us is passed on to the third nation, so that it cannot show the two of us different logs: two
checkpoints of one size that differ are a proof that needs no trust in whoever carries it. Pure.
"""

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.label import Nation
from tocsin.node import equivocation, notary
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, Proof
from tocsin.node.log_words import LogOffice, Seen
from tocsin.record.checkpoint import (
    Checkpoint,
    believe,
    cosign,
    nation_log_keys,
    origin_nation,
    parse_checkpoint,
)
from tocsin.record.merkle import Frontier
from tocsin.record.note import NoteError, NoteKey, NoteSigner, parse_note
from tocsin.record.tick import grown, whole
from tocsin.share.links import MAX_ACCUSATION_BYTES, Accused, Cosigned, Holding, LogGrew, Shown, Sighted

KEPT_NOTES = 64
"""Checkpoints of one log that are kept to compare with what the third nation was shown: ten minutes."""

KEPT_OTHERS = 8
"""The third nation's, for sizes that we have not been shown yet."""

SECOND_NS = 1_000_000_000


def take_log(turn: Turn, partner: Nation, word: LogGrew, arrived: Arrived) -> None:
    """A partner's national log has grown."""
    log = turn.state.office.log
    key = _key(turn, log, partner)
    if log is None or key is None:
        return
    try:
        seen_now = believe(word.note, (key,)).checkpoint
    except NoteError as fault:
        turn.quarantine("bad-checkpoint", arrived.source, str(fault), arrived.data)
        return
    seen = _seen(turn, log, partner)
    if seen_now.size <= seen.tree.size:
        _known(turn, log, partner, seen, seen_now, word.note)
        return
    if word.after > seen.tree.size and not (word.peaks and not seen.tree.size):
        turn.say(partner, Holding(seen.tree.size))
        return
    tree = _led_to(seen.tree, word, seen_now)
    if tree is None:
        detail = f"the leaves that {partner} sent do not lead to its checkpoint {seen_now.size}"
        turn.quarantine("inconsistent-log", arrived.source, detail, arrived.data)
        turn.alarm(Alarm(AlarmKind.RECORD_DIFFERS, partner, f"{detail}: not cosigned", turn.now))
        return
    notes = (*seen.notes, (seen_now.size, word.note))[-KEPT_NOTES:]
    _keep(turn, partner, replace(seen, tree=tree, notes=notes))
    if not _contradicted(turn, partner, seen_now, word.note, seen.others):
        _cosign(turn, log, partner, word.note)


def take_sighted(turn: Turn, teller: Nation, word: Sighted, arrived: Arrived) -> None:
    """What the third nation was shown by another: the same that we were?"""
    log = turn.state.office.log
    of = origin_nation(word.note)
    if log is None or of is None or of in (teller, turn.state.office.nation):
        return
    key = _key(turn, log, of)
    if key is None:
        return
    try:
        seen_there = believe(word.note, (key,)).checkpoint
    except NoteError as fault:
        turn.quarantine("bad-checkpoint", arrived.source, str(fault), arrived.data)
        return
    seen = _seen(turn, log, of)
    if not _contradicted(turn, of, seen_there, word.note, seen.notes) and seen_there.size > seen.tree.size:
        others = (*seen.others, (seen_there.size, word.note))[-KEPT_OTHERS:]
        turn.logs = replace(turn.logs, seen={**turn.logs.seen, of: replace(seen, others=others)})


def take_shown(turn: Turn, partner: Nation, word: Shown) -> None:
    """A checkpoint that we are said to have signed or cosigned, and to have forgotten."""
    log, of = turn.state.office.log, origin_nation(word.note)
    if log is None or of is None:
        return
    if of is turn.state.office.nation:
        notary.take_own_shown(turn, partner, word)
        return
    key = _key(turn, log, of)
    if key is None or turn.logs.lost:
        return
    try:
        believed = believe(word.note, (key, _own_witness(turn, log)))
    except NoteError:
        return
    held = _seen(turn, log, of).tree.size
    if believed.witnesses and believed.checkpoint.size > held:
        said = f"we cosigned checkpoint {believed.checkpoint.size} of {of}, this node's book knows {held}"
        detail = f"{said}: it was lost or restored from an old backup; {notary.RETIRE}"
        turn.lose(Alarm(AlarmKind.WITNESS_LOST, notary.WITNESS, detail, turn.now))


def take_accused(turn: Turn, teller: Nation, word: Accused, arrived: Arrived) -> None:
    """Another nation's proof that one signed two truths: believed when it holds, whoever sent it."""
    found = equivocation.judge(word.proof, equivocation.Keys(turn.trust, _log_keys(turn)))
    if isinstance(found, str):
        turn.quarantine("false-accusation", arrived.source, found, arrived.data)
    elif found.nation is not turn.state.office.nation:
        accuse(turn, found.nation, word.proof, found.says, tell=False)


def accuse(turn: Turn, nation: Nation, proof: bytes, says: str, *, tell: bool = True) -> None:
    """Kept, shown, and told to the third nation; once for each proof."""
    alarm = Alarm(AlarmKind.EQUIVOCATION, nation, f"{nation} signed two truths: {says}", turn.now)
    if not turn.alarm(alarm):
        return
    turn.proofs.append(Proof(nation, says, turn.now, proof))
    if tell and len(proof) <= MAX_ACCUSATION_BYTES:
        for other in turn.state.office.partners:
            if other is not nation:
                turn.say(other, Accused(proof))


def _known(turn: Turn, log: LogOffice, partner: Nation, seen: Seen, shown: Checkpoint, note: bytes) -> None:
    """A checkpoint of a size that we have: the same again, an older one, or another truth."""
    if _contradicted(turn, partner, shown, note, seen.notes):
        return
    if shown.size == seen.tree.size and shown.root == seen.tree.root():
        _cosign(turn, log, partner, note)
    elif seen.notes and shown.size < seen.tree.size:
        turn.say(partner, Shown(seen.notes[-1][1]))


def _contradicted(
    turn: Turn, of: Nation, shown: Checkpoint, note: bytes, others: tuple[tuple[int, bytes], ...]
) -> bool:
    """True when the log has signed another root for this size, which is then proven."""
    for size, other in others:
        if size == shown.size and parse_checkpoint(parse_note(other).text).root != shown.root:
            accuse(turn, of, equivocation.of_checkpoints(other, note), f"checkpoint {size} of its log")
            return True
    return False


def _cosign(turn: Turn, log: LogOffice, partner: Nation, data: bytes) -> None:
    """Not for one that has been caught signing two truths, nor with a key that forgot what it signed. A proof
    that comes after its log was retired counts against the next one: when it signed only the accused says.
    """
    caught = any(one.kind is AlarmKind.EQUIVOCATION and one.about == partner for one in turn.logs.alarms)
    if turn.logs.lost or caught:
        return
    note = parse_note(data)
    signer = NoteSigner(_own_witness(turn, log), log.signer.sign)
    signed = cosign(note._replace(signatures=note.signatures[:1]), signer, turn.now // SECOND_NS).data
    seen = turn.logs.seen[partner]
    if seen.notes and seen.notes[-1][1] == data:
        kept = (*seen.notes[:-1], (seen.notes[-1][0], signed))
        turn.logs = replace(turn.logs, seen={**turn.logs.seen, partner: replace(seen, notes=kept)})
    turn.say(partner, Cosigned(signed))
    for other in turn.state.office.partners:
        if other is not partner:
            turn.say(other, Sighted(signed))


def _led_to(tree: Frontier, word: LogGrew, shown: Checkpoint) -> Frontier | None:
    """The log at the checkpoint's size, when what was sent leads to its root."""
    if word.peaks and not tree.size and not word.leaves:
        found = whole(shown.size, word.peaks)
    else:
        found = grown(tree, word.leaves[tree.size - word.after :])
    fits = found is not None and found.size == shown.size and found.root() == shown.root
    return found if fits else None


def _seen(turn: Turn, log: LogOffice, of: Nation) -> Seen:
    generation = log.partners[of].generation
    seen = turn.logs.seen.get(of)
    return seen if seen is not None and seen.generation == generation else Seen(generation)


def _keep(turn: Turn, of: Nation, seen: Seen) -> None:
    turn.keep_logs(replace(turn.logs, seen={**turn.logs.seen, of: seen}))


def _key(turn: Turn, log: LogOffice | None, of: Nation) -> NoteKey | None:
    """The key that signs a partner's national log."""
    key = log.partners.get(of) if log else None
    if key is None:
        return None
    return nation_log_keys(of, turn.state.office.plane, key.generation, key.public)[0]


def _own_witness(turn: Turn, log: LogOffice) -> NoteKey:
    office = turn.state.office
    return nation_log_keys(office.nation, office.plane, log.generation, log.signer.public)[1]


def _log_keys(turn: Turn) -> tuple[NoteKey, ...]:
    log = turn.state.office.log
    found = [_key(turn, log, nation) for nation in (log.partners if log else ())]
    return tuple(key for key in found if key is not None)

"""The own national log at the door: the hall commits itself at a fixed cadence, the door signs, partners
cosign.

The door asks, so that the cadence does not tell how busy the hall is, and the hall answers with a commitment:
the door never learns what the record holds, the hall never holds a key. Pure.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.handoff import Witnessed
from tocsin.model.label import Nation
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, AskCommit, CommitmentCame
from tocsin.node.log_words import LogOffice, Logs, OwnLog
from tocsin.record.checkpoint import (
    Checkpoint,
    believe,
    log_origin,
    nation_log_keys,
    sign_checkpoint,
)
from tocsin.record.merkle import HASH_BYTES, Frontier
from tocsin.record.note import NoteError, NoteKey, NoteSigner
from tocsin.record.tick import grown
from tocsin.share.links import MAX_LEAVES, Cosigned, Holding, LogGrew, Shown

MOST_LEAVES = 100_000
"""Leaves in memory for partners that are away: eleven days at ten seconds, 3.2 MB."""

RECORD, WITNESS, BOOK = "record", "witness", "door"
"""What alarms about the own log, about what was cosigned here, and about the door's own book are about."""

RETIRE = "checkpoints and cosignatures stop until `tocsin witness retire`; sharing and warning go on"


def ask_hall(turn: Turn, log: LogOffice) -> bool:
    """Once a period of wall time: a commitment for the national log. True when it was time."""
    period = turn.now // log.period_ns
    if turn.logs.lost or period == turn.logs.asked:
        return False
    turn.logs = replace(turn.logs, asked=period)
    turn.after.append(AskCommit(log.generation, turn.logs.own.tree.size + 1))
    return True


def take_commitment(turn: Turn, came: CommitmentCame) -> None:
    """The hall's answer: the next leaf. One that was not asked for changes nothing."""
    log, own = turn.state.office.log, turn.logs.own
    wanted = (own.generation, own.tree.size + 1)
    if log is None or turn.logs.lost or (came.generation, came.number) != wanted:
        return
    own = _trimmed(
        replace(own, tree=grown(own.tree, (came.commitment,)), leaves=own.leaves + came.commitment)
    )
    turn.ticks.append((came.generation, came.number, came.commitment))
    behind = came.last > came.number
    if behind:  # our book was restored: the hall knows the ticks that we have lost
        turn.after.append(AskCommit(came.generation, came.number + 1))
    else:
        own = replace(own, note=_signed(turn, log, own.tree))
    turn.keep_logs(replace(turn.logs, own=own, ready=not behind))
    if not behind:
        for partner in turn.state.office.partners:
            show(turn, log, partner)


def show(turn: Turn, log: LogOffice, partner: Nation) -> None:
    """The newest checkpoint to a partner, or the furthest that one note can lead it to."""
    own = turn.logs.own
    key = log.partners.get(partner)
    if key is None or not own.note:
        return
    held = _held(own, log, partner)
    if held is None:
        turn.say(partner, LogGrew(own.note, own.tree.size, (), own.tree.peaks))
    else:
        _show_from(turn, log, partner, held)


def _show_from(turn: Turn, log: LogOffice, partner: Nation, held: Frontier) -> None:
    own = turn.logs.own
    count = min(own.tree.size - held.size, MAX_LEAVES)
    if count <= 0:
        return
    leaves = _leaves(own, held.size, count)
    if leaves is None:
        detail = f"{partner} has cosigned nothing for {own.tree.size - held.size} checkpoints"
        turn.alarm(Alarm(AlarmKind.WITNESS_LOST, partner, f"{detail}; it must retire its log key", turn.now))
        return
    newest = held.size + count == own.tree.size
    note = own.note if newest else _signed(turn, log, grown(held, leaves))
    turn.say(partner, LogGrew(note, held.size, leaves))


def take_cosigned(turn: Turn, partner: Nation, word: Cosigned, arrived: Arrived) -> None:
    """A partner's cosignature on one of our checkpoints: into the record, and on from there."""
    log, own = turn.state.office.log, turn.logs.own
    key = log.partners.get(partner) if log else None
    if log is None or key is None:
        return
    office = turn.state.office
    _, witness = nation_log_keys(partner, office.plane, key.generation, key.public)
    try:
        believed = believe(word.note, (own_key(turn, log), witness))
    except NoteError as fault:
        turn.quarantine("bad-checkpoint", arrived.source, str(fault), arrived.data)
        return
    if not believed.witnesses or not turn.logs.ready:
        return
    tree = _agreed(turn, believed.checkpoint, partner)
    if tree is None:
        return
    before = _held(own, log, partner)
    if before is None or before.size < tree.size:
        own = replace(
            own,
            held={**own.held, partner: tree},
            keys={**own.keys, partner: key.generation},
            proofs={**own.proofs, partner: word.note},
        )
        turn.keep_logs(replace(turn.logs, own=own))
        turn.hand(Witnessed(believed.checkpoint.origin, tree.size, word.note))
        show(turn, log, partner)


def take_holding(turn: Turn, partner: Nation, word: Holding) -> None:
    """A partner is not where we thought: show it what it signed, or go on from where it is."""
    log, own = turn.state.office.log, turn.logs.own
    if log is None or not turn.logs.ready:
        return
    held = _held(own, log, partner)
    if held is not None and held.size > word.size:
        turn.say(partner, Shown(own.proofs[partner]))
        return
    tree = tree_at(own, word.size)
    if word.size and tree is not None:
        _show_from(turn, log, partner, tree)


def take_own_shown(turn: Turn, partner: Nation, word: Shown) -> None:
    """A partner shows a checkpoint that bears our log's name: do we know it?"""
    log = turn.state.office.log
    if log is None or not turn.logs.ready:
        return
    try:
        believed = believe(word.note, (own_key(turn, log),))
    except NoteError:
        return  # of an older generation, or not ours at all
    _agreed(turn, believed.checkpoint, partner)


def own_key(turn: Turn, log: LogOffice) -> NoteKey:
    """The key that signs the own national log."""
    office = turn.state.office
    return nation_log_keys(office.nation, office.plane, log.generation, log.signer.public)[0]


def settled(logs: Logs, log: LogOffice | None) -> Logs:
    """After a start or a change of keys: a new generation begins an empty log, and what was wrong with the
    old one is over.
    """
    if log is None:
        return logs
    over = {
        n
        for n, seen in logs.seen.items()
        if n in log.partners and seen.generation != log.partners[n].generation
    }
    alarms = tuple(one for one in logs.alarms if one.about.partition("/")[0] not in over)
    if log.generation != logs.own.generation:
        alarms = tuple(one for one in alarms if one.about not in (RECORD, WITNESS, BOOK))
        logs = replace(logs, own=OwnLog(log.generation), telling={}, lost=False)
    return replace(logs, alarms=alarms if alarms != logs.alarms else logs.alarms, ready=False)


def tree_at(own: OwnLog, size: int) -> Frontier | None:
    """The own log at an earlier size; null when that is beyond it or further back than memory goes."""
    known = [tree for tree in (own.base, own.tree, *own.held.values()) if tree.size <= size]
    if size > own.tree.size or not known:
        return None
    start = max(known, key=lambda tree: tree.size)
    leaves = _leaves(own, start.size, size - start.size)
    return None if leaves is None else grown(start, leaves)


def _held(own: OwnLog, log: LogOffice, partner: Nation) -> Frontier | None:
    """What the partner has cosigned with the key that it has now."""
    key = log.partners.get(partner)
    return own.held.get(partner) if key and own.keys.get(partner) == key.generation else None


def _agreed(turn: Turn, seen: Checkpoint, partner: Nation) -> Frontier | None:
    """The own log at the size of a checkpoint that we have signed. One that our log does not lead to means
    that the book, or all of the node, was restored from an old backup.
    """
    own = turn.logs.own
    tree = tree_at(own, seen.size)
    if tree is not None and tree.root() == seen.root:
        return tree
    if seen.size > own.tree.size or tree is not None:
        said = f"{partner} holds our checkpoint {seen.size}, signed by us; "
        ours = f"our log ends at {own.tree.size}" if tree is None else "our log has another root there"
        detail = (
            f"{said}{ours}: restored from an old backup. What was committed since is not in this record; "
        )
        turn.lose(Alarm(AlarmKind.OLD_BACKUP, RECORD, detail + RETIRE, turn.now))
    return None


def _signed(turn: Turn, log: LogOffice, tree: Frontier) -> bytes:
    office = turn.state.office
    origin = log_origin(office.nation, office.plane, log.generation)
    signer = NoteSigner(own_key(turn, log), log.signer.sign)
    return sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), signer).data


def _leaves(own: OwnLog, after: int, count: int) -> tuple[bytes, ...] | None:
    """Null when they are further back than memory goes."""
    if after < own.base.size:
        return None
    start = (after - own.base.size) * HASH_BYTES
    part = own.leaves[start : start + count * HASH_BYTES]
    return tuple(part[at : at + HASH_BYTES] for at in range(0, len(part), HASH_BYTES))


def _trimmed(own: OwnLog) -> OwnLog:
    if len(own.leaves) <= MOST_LEAVES * HASH_BYTES:
        return own
    cut = MOST_LEAVES // 10
    gone: Iterable[bytes] = _leaves(own, own.base.size, cut) or ()
    return replace(own, base=grown(own.base, gone), leaves=own.leaves[cut * HASH_BYTES :])

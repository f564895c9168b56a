"""Making a proof from a record: reads the log, lays open what was asked for, checks its own work."""

from collections.abc import Sequence
from itertools import islice

import apsw

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.record.checkpoint import Checkpoint, parse_checkpoint, record_origin
from tocsin.record.leaf import Leaf, Shown, parse_leaf
from tocsin.record.log import log_size, node_lookup, read_frontier
from tocsin.record.merkle import inclusion_proof
from tocsin.record.note import parse_note
from tocsin.record.proof import Opened, Proof, lay_open, refuted
from tocsin.record.rows import rows_of
from tocsin.record.witnessed import generation_of, lookup, newest_note, ticks_of


def head_checkpoint(db: apsw.Connection) -> Checkpoint:
    """What the record says of itself now, unsigned. UserError when it does not say whose it is."""
    about = {str(name): str(text) for name, text in db.execute("SELECT name, text FROM about")}
    try:
        origin = record_origin(Nation(about["nation"]), Plane(about["plane"]))
    except (KeyError, ValueError):
        raise UserError(
            "the record does not say whose it is", fix="give --checkpoint, or the record of a node that ran"
        ) from None
    tree = read_frontier(db)
    return Checkpoint(origin, tree.size, tree.root())


def prove_step(db: apsw.Connection, step: int, note: bytes | None, what: Sequence[str]) -> Proof:
    """Proof that a step stands in the record, leading to the checkpoint in `note` or to the newest root.

    Without a checkpoint the record's own newest one counts that partners cosigned, when it covers the step.
    `what` to lay open beside the step's own row: see lay_open. UserError: no such step or row, a checkpoint
    that is not of this record or older than the step, or a record that is not as it was committed.
    """
    found = db.execute("SELECT leaf, salt, data FROM log WHERE step = ?", (step,)).fetchone()
    if found is None:
        raise UserError(f"the record has no step {step}", fix=f"name one of its {log_size(db)} steps")
    index, salt, data = found
    note = note or _cosigned(db, index)
    checkpoint = head_checkpoint(db) if note is None else parse_checkpoint(parse_note(note).text)
    if note is not None and generation_of(checkpoint.origin) is not None:
        return _under_tick(db, index, note, checkpoint, _shown(db, step, salt, what), parse_leaf(data))
    if not index < checkpoint.size <= log_size(db):
        raise UserError(
            f"step {step} is number {index + 1} of {log_size(db)}, the checkpoint is of {checkpoint.size}",
            fix="give a checkpoint of this record that is not older than the step",
        )
    path = inclusion_proof(index, checkpoint.size, node_lookup(db))
    text = checkpoint.text.encode() if note is None else note
    return _sound(Proof(index, path, parse_leaf(data), _shown(db, step, salt, what), text), checkpoint)


def _shown(db: apsw.Connection, step: int, salt: bytes, what: Sequence[str]) -> tuple[Shown, ...]:
    try:
        return lay_open(rows_of(db, step), salt, ("step", *what))
    except ValueError as missing:
        raise UserError(f"step {step} has no {missing}", fix="name all, effect, effect:0, ...") from None


def _sound(proof: Proof, checkpoint: Checkpoint) -> Proof:
    fault = refuted(proof, checkpoint)
    if fault is not None:
        raise UserError(fault, fix="run `tocsin verify` on the record with this checkpoint")
    return proof


def _cosigned(db: apsw.Connection, index: int) -> bytes | None:
    """The newest cosigned checkpoint of the newest log, when a tick up to it has this leaf."""
    row = db.execute("SELECT max(generation) FROM ticks WHERE size > ?", (index,)).fetchone()
    if row is None or row[0] is None:
        return None
    note = newest_note(db, int(row[0]))
    if note is None:
        return None
    size = parse_checkpoint(parse_note(note).text).size
    return note if _first_tick(db, int(row[0]), index, size) is not None else None


def _first_tick(db: apsw.Connection, generation: int, index: int, upto: int) -> int | None:
    row = db.execute(
        "SELECT min(number) FROM ticks WHERE generation = ? AND size > ? AND number <= ?",
        (generation, index, upto),
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _under_tick(
    db: apsw.Connection,
    index: int,
    note: bytes,
    checkpoint: Checkpoint,
    shown: tuple[Shown, ...],
    leaf: Leaf,
) -> Proof:
    """From the step to the record's root at a tick, from the tick to the checkpoint of the log of ticks."""
    generation = generation_of(checkpoint.origin) or 0
    number = _first_tick(db, generation, index, checkpoint.size)
    if number is None:
        raise UserError(
            f"step {leaf.step} is newer than the last tick under checkpoint {checkpoint.size}",
            fix="take a newer checkpoint, or wait for one",
        )
    ticks = list(islice(ticks_of(db, generation), checkpoint.size))
    if [tick.number for tick in ticks] != list(range(1, checkpoint.size + 1)):
        raise UserError(
            f"the record cannot open all {checkpoint.size} ticks of {checkpoint.origin}",
            fix="it was restored from an old backup, or cut: take a checkpoint that is not newer",
        )
    tick = ticks[number - 1]
    opened = Opened(tick, index, inclusion_proof(index, tick.size, node_lookup(db)))
    path = inclusion_proof(number - 1, checkpoint.size, lookup([one.commitment for one in ticks]))
    return _sound(Proof(number - 1, path, leaf, shown, note, opened), checkpoint)

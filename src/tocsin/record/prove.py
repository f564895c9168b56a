"""Making a proof from a record: reads the log, lays open what was asked for, checks its own work."""

from collections.abc import Sequence

import apsw

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.record.checkpoint import Checkpoint, parse_checkpoint, record_origin
from tocsin.record.leaf import parse_leaf
from tocsin.record.log import log_size, node_lookup, read_frontier
from tocsin.record.merkle import inclusion_proof
from tocsin.record.note import parse_note
from tocsin.record.proof import Proof, lay_open, refuted
from tocsin.record.rows import rows_of


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

    `what` to lay open beside the step's own row: see lay_open. UserError: no such step or row, a checkpoint
    that is not of this record or older than the step, or a record that is not as it was committed.
    """
    found = db.execute("SELECT leaf, salt, data FROM log WHERE step = ?", (step,)).fetchone()
    if found is None:
        raise UserError(f"the record has no step {step}", fix=f"name one of its {log_size(db)} steps")
    index, salt, data = found
    checkpoint = head_checkpoint(db) if note is None else parse_checkpoint(parse_note(note).text)
    if not index < checkpoint.size <= log_size(db):
        raise UserError(
            f"step {step} is number {index + 1} of {log_size(db)}, the checkpoint is of {checkpoint.size}",
            fix="give a checkpoint of this record that is not older than the step",
        )
    try:
        shown = lay_open(rows_of(db, step), salt, ("step", *what))
    except ValueError as missing:
        raise UserError(f"step {step} has no {missing}", fix="name all, effect, effect:0, ...") from None
    path = inclusion_proof(index, checkpoint.size, node_lookup(db))
    proof = Proof(index, path, parse_leaf(data), shown, checkpoint.text.encode() if note is None else note)
    fault = refuted(proof, checkpoint)
    if fault is not None:
        raise UserError(fault, fix="run `tocsin verify` on the record with this checkpoint")
    return proof

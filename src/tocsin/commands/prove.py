"""`tocsin prove`: a file by which others can check that a step stands in a record, without the record."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.verify import read_file
from tocsin.errors import UserError
from tocsin.record.book import book_errors
from tocsin.record.note import MAX_NOTE_BYTES, NoteError
from tocsin.record.proof import Proof, proof_bytes
from tocsin.record.prove import prove_step
from tocsin.record.rows import open_record


def prove_command(
    record: Annotated[Path, typer.Argument(help="A nation's record, e.g. DIR/records/KOR.sqlite")],
    step: Annotated[int, typer.Option(help="The step to prove.")],
    out: Annotated[Path, typer.Option(help="The file to write; by custom its name ends in .tlog-proof")],
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="The checkpoint that the proof shall lead to; else the newest that partners cosigned."
        ),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(help="What to lay open of the step: all, stimulus, effect, effect:2, offer, import."),
    ] = None,
) -> None:
    """Write a proof that a step stands in RECORD. It lays open the step's times and state hash, and of its
    content nothing but what --show names.

    \b
    Example:
      tocsin prove out/records/JPN.sqlite --step 42 --show effect --out step-42.tlog-proof
    """
    note = None if checkpoint is None else read_file(checkpoint, MAX_NOTE_BYTES)
    proof = _prove(record, step, note, show or [])
    try:
        out.write_bytes(proof_bytes(proof))
    except OSError as failure:
        raise UserError(f"cannot write {out} ({failure.strerror})", fix="choose another --out") from None
    signed = "under a signed checkpoint" if b"\n\n" in proof.checkpoint else "to the newest root, unsigned"
    print(f"{out}: step {step} of {record}, {len(proof.shown)} rows laid open, {signed}")


def _prove(record: Path, step: int, note: bytes | None, show: list[str]) -> Proof:
    with book_errors(record):
        db = open_record(record)
        try:
            with db:
                proof = prove_step(db, step, note, show)
        except NoteError as fault:
            raise UserError(f"the checkpoint is malformed: {fault}", fix="ask for it again") from None
        finally:
            db.close()
    return proof

"""What partners have cosigned of a record: whether ticks and checkpoints in its file fit each other.

The record can open every tick; from the ticks the log that partners witness is made again, and each
checkpoint's root must be its root at that size. That the ticks themselves fit the record's steps is the
audit's part (tocsin.record.audit).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import apsw

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.record.checkpoint import Checkpoint, believe, log_origin, parse_checkpoint
from tocsin.record.merkle import Frontier, Lookup, leaf_hash, node_hash
from tocsin.record.note import NoteError, NoteKey, parse_note
from tocsin.record.tick import Tick, grown

_TICKS = """
SELECT generation, number, at_wall_ns, size, CAST(root AS BLOB), CAST(salt AS BLOB) FROM ticks
WHERE generation = ? ORDER BY number
"""


class Cosigned(NamedTuple):
    """Up to where one witness has cosigned: the newest of its checkpoints. `steps`: of the record then.
    `verified`: by keys that were handed in."""

    witness: str
    generation: int
    tick: int
    at_wall_ns: Instant
    steps: int
    verified: bool


class Standing(NamedTuple):
    """`reason`: why the record is not the one that was cosigned; null when it is. `ticks`: commitments that
    the record can open; `missing`: those that only the door's log knows (an old backup was restored)."""

    reason: str | None
    ticks: int
    missing: int
    cosigned: tuple[Cosigned, ...]


def generation_of(origin: str) -> int | None:
    """Of the log that partners witness; null when the name is another log's."""
    found = re.fullmatch(r"tocsin/[A-Z]+/[A-Z]{3}/log-(\d{1,9})", origin)
    return int(found[1]) if found else None


def ticks_of(db: apsw.Connection, generation: int) -> Iterator[Tick]:
    """In order of their numbers."""
    for row in db.execute(_TICKS, (generation,)):
        yield Tick(*row)


def standing(db: apsw.Connection, keys: Sequence[NoteKey]) -> Standing:
    """Check every checkpoint in the record. Signatures are checked for keys that are handed in."""
    newest: dict[tuple[str, int], Cosigned] = {}
    count = missing = 0
    for generation in _generations(db):
        tree, last = Frontier(), 0
        notes = _notes(db, generation)
        note = next(notes, None)
        for tick in ticks_of(db, generation):
            count, gap, last = count + 1, tick.number - last - 1, tick.number
            missing += gap
            if missing:
                continue  # what the log is past a gap, this record cannot say
            tree = grown(tree, (tick.commitment,))
            while note is not None and note[0] == tick.number:
                found = _checked(note[1], tree, keys)
                if isinstance(found, str):
                    return Standing(
                        f"checkpoint {tick.number}: {found}", count, missing, tuple(newest.values())
                    )
                for name, verified in found:
                    row = Cosigned(name, generation, tick.number, tick.at_wall_ns, tick.size, verified)
                    newest[name, generation] = row
                note = next(notes, None)
        if note is not None and not missing:
            reason = f"checkpoint {note[0]} was cosigned, ticks end at {last}: newer ones were removed"
            return Standing(reason, count, missing, tuple(newest.values()))
    return Standing(None, count, missing, tuple(sorted(newest.values())))


def against(db: apsw.Connection, checkpoint: Checkpoint) -> str | None:
    """Why the record is not the one of a checkpoint that somebody else kept; null when it is."""
    generation = generation_of(checkpoint.origin)
    about = {str(name): str(text) for name, text in db.execute("SELECT name, text FROM about")}
    mine = None
    if generation is not None and {"nation", "plane"} <= about.keys():
        mine = log_origin(Nation(about["nation"]), Plane(about["plane"]), generation)
    if generation is None or mine != checkpoint.origin:
        return f"the checkpoint is of {checkpoint.origin}, the record is not"
    tree = Frontier()
    for tick in ticks_of(db, generation):
        if tick.number != tree.size + 1:
            return f"the record cannot open tick {tree.size + 1}: it was restored from an old backup"
        if tree.size == checkpoint.size:
            break
        tree = grown(tree, (tick.commitment,))
    if tree.size < checkpoint.size:
        return f"the record has {tree.size} ticks, its checkpoint {checkpoint.size}: newer ones were removed"
    return None if tree.root() == checkpoint.root else "it is not the one of the checkpoint: it was rewritten"


def lookup(leaves: Sequence[bytes]) -> Lookup:
    """Where proofs find the hashes of a log of which nothing but the leaves' contents is kept."""
    levels = [[leaf_hash(one) for one in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)])
    return lambda height, position: levels[height][position]


def newest_note(db: apsw.Connection, generation: int) -> bytes | None:
    """The largest of the checkpoints with the most cosignatures."""
    best: bytes | None = None
    for _, note in _notes(db, generation):
        if best is None or len(parse_note(note).signatures) >= len(parse_note(best).signatures):
            best = note
    return best


def _generations(db: apsw.Connection) -> list[int]:
    rows = db.execute("SELECT DISTINCT generation FROM ticks ORDER BY generation").fetchall()
    return [row[0] for row in rows if isinstance(row[0], int)]


def _notes(db: apsw.Connection, generation: int) -> Iterator[tuple[int, bytes]]:
    """(size, note), the smallest first."""
    sql = "SELECT size, CAST(note AS BLOB) FROM checkpoints WHERE origin LIKE ? ORDER BY size"
    for size, note in db.execute(sql, (f"%/log-{generation}",)):
        if isinstance(size, int):
            yield size, bytes(note)


def _checked(data: bytes, tree: Frontier, keys: Sequence[NoteKey]) -> list[tuple[str, bool]] | str:
    """(witness, whether a known key verifies it) of a note over this log, or what is wrong with it."""
    try:
        note = parse_note(data)
        said = parse_checkpoint(note.text)
        names = {key.name for key in keys}
        verified: set[str] = set()
        if said.origin in names:
            verified = {name for name, _ in believe(data, keys).witnesses}
    except NoteError as fault:
        return str(fault)
    if (said.size, said.root) != (tree.size, tree.root()):
        return "what was cosigned is not what this record committed to"
    return [(one.name, one.name in verified) for one in note.signatures if one.name.endswith("/witness")]

"""Checkpoints (c2sp.org/tlog-checkpoint): a log's size and root, signed by the log and cosigned by witnesses.

A checkpoint is believed when the key that bears the log's own name has signed it; a cosignature says that a
witness saw this as the largest consistent tree at its time (c2sp.org/tlog-cosignature).
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from tocsin.model.label import Nation, Plane
from tocsin.record.merkle import HASH_BYTES
from tocsin.record.note import (
    COSIGNATURE_V1,
    ED25519,
    Note,
    NoteError,
    NoteKey,
    NoteSigner,
    parse_note,
    sign_note,
    unbase64,
    verify_note,
)


class Checkpoint(NamedTuple):
    """What a log says of itself: `origin` names it for ever, `root` is the RFC 6962 root of `size` leaves."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note's text. tocsin writes no extension lines: no auditor can check them."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


class Believed(NamedTuple):
    """A checkpoint whose log's signature holds, and who witnessed it when (POSIX seconds)."""

    checkpoint: Checkpoint
    witnesses: tuple[tuple[str, int], ...]


def record_origin(nation: Nation, plane: Plane) -> str:
    """The name of a nation's record, and of the key that signs for it."""
    return f"tocsin/{plane}/{nation}/record"


def witness_name(nation: Nation, plane: Plane) -> str:
    """The name under which a nation cosigns."""
    return f"tocsin/{plane}/{nation}/witness"


def log_origin(nation: Nation, plane: Plane, generation: int) -> str:
    """The name of the national log that partners witness, and of the key that signs it. A log key that was
    retired leaves its log behind: the next generation is another log."""
    return f"tocsin/{plane}/{nation}/log-{generation}"


@lru_cache(maxsize=16)
def nation_log_keys(nation: Nation, plane: Plane, generation: int, public: bytes) -> tuple[NoteKey, NoteKey]:
    """One log key (Ed25519) as signer of the nation's log and as witness of the others'."""
    return (
        NoteKey(log_origin(nation, plane, generation), ED25519, public),
        NoteKey(witness_name(nation, plane), COSIGNATURE_V1, public),
    )


@lru_cache(maxsize=64)
def told_key(
    nation: Nation, plane: Plane, generation: int, public: bytes, partner: Nation, traffic: str
) -> NoteKey:
    """The same key as signer of the log of what the nation told a partner in one class of traffic."""
    return NoteKey(f"{log_origin(nation, plane, generation)}/to-{partner}/{traffic}", ED25519, public)


def origin_nation(note: bytes) -> Nation | None:
    """Whose log a note says it speaks of; nothing of it is verified."""
    found = re.match(rb"tocsin/[A-Z]+/([A-Z]{3})/log-\d{1,9}\n", note)
    return next((nation for nation in Nation if found and nation.encode() == found[1]), None)


def nation_keys(nation: Nation, plane: Plane, public: bytes) -> tuple[NoteKey, NoteKey]:
    """One Ed25519 public key as signer of the nation's record and as witness of the others'."""
    return (
        NoteKey(record_origin(nation, plane), ED25519, public),
        NoteKey(witness_name(nation, plane), COSIGNATURE_V1, public),
    )


def parse_checkpoint(text: str) -> Checkpoint:
    """The first three lines of a note's text; extension lines are passed over. NoteError when malformed."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise NoteError("a checkpoint is an origin, a size and a root, a line each")
    origin, size, root = lines[:3]
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", size):
        raise NoteError("a checkpoint's size is a decimal number without leading zeroes")
    raw = unbase64(root)
    if len(raw) != HASH_BYTES:
        raise NoteError(f"a checkpoint's root has {HASH_BYTES} bytes")
    return Checkpoint(origin, int(size), raw)


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> Note:
    """The log's own statement. ValueError when the signer does not bear the log's name."""
    if signer.key.name != checkpoint.origin:
        raise ValueError(f"{signer.key.name} does not sign for {checkpoint.origin}")
    return Note(checkpoint.text, (sign_note(checkpoint.text, signer),))


def cosign(note: Note, witness: NoteSigner, time_s: int) -> Note:
    """The note with the witness's cosignature. That it is consistent with what the witness saw before is for
    the caller to have verified.
    """
    return Note(note.text, (*note.signatures, sign_note(note.text, witness, time_s)))


def merged(one: bytes, other: bytes) -> bytes:
    """One note with the signatures of two over the same text, each line once. NoteError for two texts."""
    first, second = parse_note(one), parse_note(other)
    if first.text != second.text:
        raise NoteError("two checkpoints of one size with different texts")
    names = {(line.name, line.key_id) for line in first.signatures}
    more = tuple(line for line in second.signatures if (line.name, line.key_id) not in names)
    return Note(first.text, (*first.signatures, *more)).data


def believe(data: bytes, keys: Sequence[NoteKey]) -> Believed:
    """A checkpoint that its log has signed. NoteError when malformed, unsigned or badly signed."""
    note = parse_note(data)
    verified = verify_note(note, keys)
    checkpoint = parse_checkpoint(note.text)
    if not any(key.kind == ED25519 and key.name == checkpoint.origin for key, _ in verified):
        raise NoteError(f"the log {checkpoint.origin} has not signed it by a known key")
    seen = tuple((key.name, one.time_s) for key, one in verified if key.kind == COSIGNATURE_V1)
    return Believed(checkpoint, seen)

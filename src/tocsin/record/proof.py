"""A proof that a step stands in a nation's record, as a file that needs neither the record nor its salts.

The file is a C2SP proof (c2sp.org/tlog-proof): index, inclusion path and the checkpoint to which it leads.
Its `extra` line carries the leaf's content and those rows of the step that are laid open; nothing in it is
believed but what leads to the checkpoint's root.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tocsin.errors import TocsinError
from tocsin.model.time import Instant
from tocsin.record.checkpoint import Checkpoint
from tocsin.record.leaf import GROUPS, Leaf, Rows, Shown, is_in, parse_canonical, parse_leaf, show
from tocsin.record.merkle import leaf_hash, verify_inclusion
from tocsin.record.note import NoteError, unbase64
from tocsin.record.tick import Tick

MAX_PROOF_BYTES = 16 * 1024 * 1024
"""A step's rows are some kilobytes; more than this is not a proof."""

_MAX_PATH = 64
"""A path has at most one hash for each bit of a 64-bit size."""
_HEAD = "c2sp.org/tlog-proof@v1"


class ProofError(TocsinError):
    """A file that is no proof of a step."""


class Opened(NamedTuple):
    """A tick laid open: `place` (from 0) and `path` lead from the step's leaf to the root in the tick."""

    tick: Tick
    place: int
    path: tuple[bytes, ...]


class Proof(NamedTuple):
    """`number` and `path`: of the leaf in the log whose `checkpoint` it is (the signed note, or its text
    where none was given). With `opened` that is the log which partners witness, and its leaf the tick;
    without, the record itself, and its leaf the step.
    """

    number: int
    path: tuple[bytes, ...]
    leaf: Leaf
    shown: tuple[Shown, ...]
    checkpoint: bytes
    opened: Opened | None = None


class _Tick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    generation: int
    number: int
    at_wall_ns: int
    size: int
    root: bytes
    salt: bytes
    index: int
    path: tuple[bytes, ...]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: str
    position: int
    salt: bytes
    row: bytes


class _Extra(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    leaf: bytes
    shown: tuple[_Row, ...]
    tick: _Tick | None = None


def lay_open(rows: Rows, salt: bytes, what: Sequence[str]) -> tuple[Shown, ...]:
    """The rows to show: `all`, a group's name, or `group:position`. ValueError: the step has no such row."""
    places = [(name, n) for name, group in zip(GROUPS, rows.groups, strict=True) for n in range(len(group))]
    chosen: list[tuple[str, int]] = []
    for word in what:
        found = [place for place in places if word in ("all", place[0], f"{place[0]}:{place[1]}")]
        if not found and word not in ("all", *GROUPS):
            raise ValueError(word)
        chosen += [place for place in found if place not in chosen]
    return tuple(show(rows, salt, name, n) for name, n in chosen)


def proof_bytes(proof: Proof) -> bytes:
    """The proof as a file."""
    shown = tuple(_Row(*one) for one in proof.shown)
    tick = proof.opened and _Tick(*proof.opened.tick, proof.opened.place, proof.opened.path)
    extra = b64encode(msgspec.json.encode(_Extra(proof.leaf.data, shown, tick))).decode()
    lines = [
        _HEAD,
        f"extra {extra}",
        f"index {proof.number}",
        *(b64encode(one).decode() for one in proof.path),
    ]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + proof.checkpoint


def parse_proof(data: bytes) -> Proof:
    """A proof from its file; nothing of it is verified. ProofError when it is none."""
    head, gap, checkpoint = data.partition(b"\n\n")
    try:
        first, extra, index, *path = head.decode("ascii").split("\n")
        word, _, number = index.partition(" ")
        if not gap or len(data) > MAX_PROOF_BYTES or len(path) > _MAX_PATH or first != _HEAD:
            raise ProofError(f"not a proof of the form {_HEAD}")
        if (
            not extra.startswith("extra ")
            or word != "index"
            or not re.fullmatch(r"0|[1-9][0-9]{0,17}", number)
        ):
            raise ProofError("a proof of a step has an extra line and an index")
        content = msgspec.json.decode(unbase64(extra.removeprefix("extra ")), type=_Extra)
        leaf = parse_leaf(content.leaf)
        shown = tuple(Shown(one.group, one.position, one.salt, one.row) for one in content.shown)
        outer = tuple(unbase64(line) for line in path)
        return Proof(int(number), outer, leaf, shown, checkpoint, _opened(content.tick))
    except (NoteError, ValueError, msgspec.MsgspecError) as fault:
        raise ProofError(f"not a proof of a step: {fault}") from fault


def refuted(proof: Proof, checkpoint: Checkpoint) -> str | None:
    """Why the proof does not hold under this checkpoint; null when it holds."""
    top = proof.leaf.sha256
    if proof.opened is not None:
        tick, place, path = proof.opened
        if not verify_inclusion(top, place, tick.size, path, tick.root):
            return f"step {proof.leaf.step} is not in the record of tick {tick.number}"
        if tick.number != proof.number + 1 or not checkpoint.origin.endswith(f"/log-{tick.generation}"):
            return f"tick {tick.number} is not leaf {proof.number} of {checkpoint.origin}"
        top = leaf_hash(tick.commitment)
    elif re.search(r"/log-\d+$", checkpoint.origin):
        return f"{checkpoint.origin} has ticks for leaves, not steps"
    if not verify_inclusion(top, proof.number, checkpoint.size, proof.path, checkpoint.root):
        return f"step {proof.leaf.step} is not in {checkpoint.origin} of size {checkpoint.size}"
    for one in proof.shown:
        if not is_in(proof.leaf, one):
            return f"{one.group} {one.position} is not what step {proof.leaf.step} holds there"
        try:
            parse_canonical(one.row)
        except ValueError:
            return f"{one.group} {one.position} cannot be read"
    return None


def _opened(tick: _Tick | None) -> Opened | None:
    if tick is None:
        return None
    made = Tick(tick.generation, tick.number, Instant(tick.at_wall_ns), tick.size, tick.root, tick.salt)
    return Opened(made, tick.index, tick.path)

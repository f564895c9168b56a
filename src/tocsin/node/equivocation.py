"""Proof that a nation signed two truths: a file that a third party can check with nothing but public keys.

Either two checkpoints of one log and one size with different roots, or two envelopes of one stream and one
sequence with different contents. JSON, the signed bytes in base64; `tocsin verify --equivocation FILE`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from tocsin.model.label import Nation
from tocsin.record.checkpoint import believe, origin_nation
from tocsin.record.note import NoteError, NoteKey
from tocsin.share.trust import TrustList
from tocsin.share.wire import Refused, signed_content

FORM: Literal["tocsin-equivocation/1"] = "tocsin-equivocation/1"

MAX_BYTES = 256 * 1024
"""Two envelopes of the largest size in base64, and room."""


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of the two pairs is there."""

    form: Literal["tocsin-equivocation/1"]
    checkpoints: tuple[bytes, bytes] | None = None
    envelopes: tuple[bytes, bytes] | None = None


class Keys(NamedTuple):
    """Public keys: those that sign envelopes, and those that sign national logs."""

    trust: TrustList
    logs: Sequence[NoteKey]


class Found(NamedTuple):
    """Whom the proof convicts, and of what."""

    nation: Nation
    says: str


_PROOF = msgspec.json.Decoder(Proof)


def of_checkpoints(one: bytes, other: bytes) -> bytes:
    """The file."""
    return msgspec.json.encode(Proof(FORM, checkpoints=(one, other)))


def of_envelopes(one: bytes, other: bytes) -> bytes:
    """The file."""
    return msgspec.json.encode(Proof(FORM, envelopes=(one, other)))


def judge(data: bytes, keys: Keys) -> Found | str:
    """What the proof shows, or why it shows nothing."""
    try:
        proof = _PROOF.decode(data) if len(data) <= MAX_BYTES else Proof(FORM)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:  # text that is no UTF-8, too
        return f"not a proof of the form {FORM}: {fault}"
    if (proof.checkpoints is None) == (proof.envelopes is None):
        return "a proof holds either two checkpoints or two envelopes"
    if proof.checkpoints is not None:
        return _two_roots(*proof.checkpoints, keys.logs)
    return _two_contents(*(proof.envelopes or (b"", b"")), keys.trust)


def _two_roots(one: bytes, other: bytes, keys: Sequence[NoteKey]) -> Found | str:
    try:
        first, second = (believe(note, keys).checkpoint for note in (one, other))
    except NoteError as fault:
        return f"a checkpoint is not believed: {fault}"
    nation = origin_nation(one)
    if nation is None or (first.origin, first.size) != (second.origin, second.size):
        return f"{first.origin} at {first.size} and {second.origin} at {second.size} do not contradict"
    if first.root == second.root:
        return "the two checkpoints say the same"
    return Found(nation, f"two roots for {first.origin} at size {first.size}")


def _two_contents(one: bytes, other: bytes, trust: TrustList) -> Found | str:
    first, second = signed_content(one, trust), signed_content(other, trust)
    if isinstance(first, Refused) or isinstance(second, Refused):
        refused = first if isinstance(first, Refused) else second
        return f"an envelope is not believed: {refused}"
    here, there = first.header, second.header
    streams = [(h.issuer, h.recipient, h.plane, h.traffic) for h in (here, there)]
    if streams[0] != streams[1] or here.last < there.first or there.last < here.first:
        return "the two envelopes speak of different sequences"
    if first.digest == second.digest:
        return "the two envelopes say the same"
    where = f"{here.traffic} {max(here.first, there.first)} to {here.recipient}"
    return Found(here.issuer, f"two contents of {where}")

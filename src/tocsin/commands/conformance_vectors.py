"""The vectors of docs/conformance.md as they are read, and our verifier's answer to one."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model import hpke
from tocsin.model.envelope import EDDSA
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.time import Instant
from tocsin.share.inbox import InStream, accept
from tocsin.share.marks import Marks, Run
from tocsin.share.trust import TrustedKey, TrustList, trust_list
from tocsin.share.wire import Refused, Verified, verify

MAX_LINE_BYTES = 1 << 20
MAX_VECTORS = 100_000

Verify = Callable[..., Verified | Refused]


class UptoRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A revoked key counts in this stream up to this sequence."""

    recipient: Nation
    traffic: Traffic
    upto: int


class KeyRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A trusted key; `public` is hexadecimal. `revoked`: null = it is not."""

    nation: Nation
    plane: Plane
    key_id: str
    public: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    algorithm: int = EDDSA
    retired: bool = False
    revoked: tuple[UptoRow, ...] | None = None


class OpenerRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A decryption key of the node: X25519, hexadecimal, published as all of these keys."""

    key_id: str
    private: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class MarkRow(Struct, frozen=True, forbid_unknown_fields=True):
    """What has been taken of one stream."""

    issuer: Nation
    traffic: Traffic
    upto: int
    islands: tuple[Run, ...] = ()


class Context(Struct, frozen=True, forbid_unknown_fields=True):
    """The node that the message comes to."""

    nation: Nation
    plane: Plane
    keys: tuple[KeyRow, ...]
    marks: tuple[MarkRow, ...] = ()
    decryption: tuple[OpenerRow, ...] = ()


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """`reasons` of a refusal: any of them will do. `fresh` of an acceptance: what is new of it; `marks`: what
    it is to be shown as.
    """

    verdict: str
    reasons: tuple[str, ...] = ()
    fresh: tuple[Run, ...] = ()
    marks: tuple[str, ...] = ()


class Question(Struct, frozen=True):
    """What a verifier is told: all that it needs, and nothing of the answer. Unknown keys are ignored."""

    message: bytes
    now_wall_ns: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
    context: Context
    number: int = 0


class Answer(Struct, frozen=True, omit_defaults=True):
    """What it says. No verdict: it said nothing that can be read, and `reason` tells why."""

    number: int
    verdict: str
    reason: str = ""
    fresh: tuple[Run, ...] = ()
    marks: tuple[str, ...] = ()


class Vector(Struct, frozen=True):
    """A named question with its answer."""

    name: str
    why: str
    question: Question
    expected: Expected

    @property
    def group(self) -> str:
        """Its class."""
        return self.name.partition("/")[0]


class Outcome(Struct, frozen=True):
    """One vector and what was said of it."""

    vector: Vector
    answer: Answer

    @property
    def verdict_right(self) -> bool:
        """Accepted or refused as expected, and of an accepted one the same records taken."""
        expected, said = self.vector.expected, self.answer
        taken = (said.fresh, said.marks) == (expected.fresh, expected.marks)
        return said.verdict == expected.verdict and (said.verdict == "refuse" or taken)

    @property
    def reason_right(self) -> bool:
        """Refused for a reason that is expected."""
        return self.answer.verdict != "refuse" or self.answer.reason in self.vector.expected.reasons


def judge(question: Question, verify: Verify = verify) -> Answer:
    """Our verifier, and after it the marks: what the door does with what arrives."""
    context = question.context
    now = Instant(int(question.now_wall_ns))
    outcome = verify(question.message, _trust(context), context.nation, context.plane, now, _decrypt(context))
    if isinstance(outcome, Refused):
        return Answer(question.number, "refuse", outcome.reason)
    header = outcome.header
    rows = {(row.issuer, row.traffic): Marks(row.upto, row.islands) for row in context.marks}
    marks = rows.get((header.issuer, header.traffic), Marks())
    _, fresh = accept(InStream(marks), header.traffic, header.first, header.last)
    if fresh:
        return Answer(question.number, "accept", fresh=fresh, marks=outcome.marks)
    return Answer(
        question.number, "refuse", "not-now" if marks.fresh(header.first, header.last) else "replayed"
    )


def _trust(context: Context) -> TrustList:
    try:
        return trust_list(map(_key, context.keys))
    except ValueError as error:
        raise UserError(f"a vector's keys: {error}", fix="mend the vector") from error


def _decrypt(context: Context) -> hpke.Decrypt:
    rows = {row.key_id: bytes.fromhex(row.private) for row in context.decryption}

    def decrypt(key_id: str, data: bytes, info: bytes) -> bytes | None:
        if key_id not in rows:
            return None
        return hpke.decrypt(data, X25519PrivateKey.from_private_bytes(rows[key_id]), info)

    return decrypt


def _key(row: KeyRow) -> TrustedKey:
    revoked = row.revoked
    return TrustedKey(
        row.nation,
        row.plane,
        row.key_id,
        bytes.fromhex(row.public),
        row.algorithm,
        row.retired,
        None if revoked is None else {(one.recipient, one.traffic): one.upto for one in revoked},
    )


def read_vectors(folder: Path) -> tuple[Vector, ...]:
    """All *.jsonl of a folder, completed by its usual.json; UserError when one is not right."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise UserError(
            f"{folder} holds no vectors (*.jsonl)", fix="give --vectors DIR, the folder conformance/vectors"
        )
    usual_file = folder / "usual.json"
    usual = _object(usual_file.read_bytes(), str(usual_file)) if usual_file.is_file() else {}
    vectors: list[Vector] = []
    for file in files:
        with file.open("rb") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES), b""), start=1):
                vectors.append(_vector(line, usual, len(vectors) + 1, f"{file}, line {number}"))
                if len(vectors) > MAX_VECTORS:
                    raise UserError(f"{folder} holds over {MAX_VECTORS} vectors", fix="split it")
    return tuple(vectors)


def _vector(line: bytes, usual: dict[str, Any], number: int, place: str) -> Vector:
    row = usual | _object(line, place) | {"number": number}
    try:
        return msgspec.convert(row | {"question": row}, Vector)
    except msgspec.ValidationError as error:
        raise UserError(
            f"{place}: {error}", fix="write the vectors again: python conformance/make.py"
        ) from error


def _object(text: bytes, place: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise UserError(
            f"{place}: {error}", fix="write the vectors again: python conformance/make.py"
        ) from error

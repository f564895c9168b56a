"""Signed notes (c2sp.org/signed-note): a text that keys have signed, as transparency logs exchange it.

In here: the form, keys and Ed25519 signatures of the two types that tocsin uses. Not in here: a private key
(the signer is handed in as a value) and what the text says.
"""

import re
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from tocsin.errors import TocsinError
from tocsin.model import ed25519

ED25519 = 0x01
"""Signature type: Ed25519 over the text (c2sp.org/signed-note, Signature types)."""
COSIGNATURE_V1 = 0x04
"""Signature type: timestamped Ed25519 cosignature (c2sp.org/tlog-cosignature)."""
_TYPES = (ED25519, COSIGNATURE_V1)

MAX_NOTE_BYTES = 64 * 1024
"""Ours; the specification asks for some limit that lets 16 signatures through."""
MAX_SIGNATURES = 100
"""Limit of the reference implementation, golang.org/x/mod/sumdb/note."""

MOST_KNOWN = 64
"""Notes and signatures that are known again: a checkpoint comes from its log, back from each witness, and
from the third nation; a log that has not grown says the same every period. A second look would find the
same."""

_DASH = "\N{EM DASH} "
_TIME = struct.Struct(">Q")
_MAX_TIME_S = 2**63 - 1
"""c2sp.org/tlog-cosignature, Format."""
_KEY_BYTES, _ID_BYTES, _SIGNATURE_BYTES = 32, 4, 64
"""RFC 8032 section 5.1; c2sp.org/signed-note, Format."""


class NoteError(TocsinError):
    """A text that is no signed note, or one that must not be believed."""


class NoteKey(NamedTuple):
    """A public key by which notes are believed. `kind` is ED25519 or COSIGNATURE_V1."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that stand before a signature: SHA-256(name, newline, type, key), cut."""
        return _key_id(self)

    @property
    def text(self) -> str:
        """`name+id+base64`: the verifier key as other tools take it."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"


@lru_cache(maxsize=64)
def _key_id(key: NoteKey) -> bytes:
    return sha256(key.name.encode() + b"\n" + bytes([key.kind]) + key.public).digest()[:_ID_BYTES]


class NoteSigner(NamedTuple):
    """Signs as `key`. `sign` makes a 64-byte Ed25519 signature; the private key stays where it is."""

    key: NoteKey
    sign: Callable[[bytes], bytes]


class Signature(NamedTuple):
    """A signature line: whose it says it is, and its bytes after the key id."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def time_s(self) -> int:
        """A cosignature's POSIX time."""
        time_s: int = _TIME.unpack_from(self.data)[0]
        return time_s

    @property
    def line(self) -> str:
        """As it stands in the note, newline included."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.data).decode()}\n"


class Note(NamedTuple):
    """A text (it ends in a newline) and what is signed under it. Being parsed verifies nothing in it."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def data(self) -> bytes:
        """The note as a file."""
        return (self.text + "\n" + "".join(one.line for one in self.signatures)).encode()


def parse_key(text: str) -> NoteKey:
    """A verifier key from `name+id+base64`. NoteError when malformed, of another type, or with a wrong id."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise NoteError("a verifier key has the form name+id+base64")
    name, key_id, encoded = parts
    raw = unbase64(encoded)
    if not _good_name(name) or len(raw) != 1 + _KEY_BYTES or raw[0] not in _TYPES:
        raise NoteError(f"{name} is not the name and key of an Ed25519 signature")
    key = NoteKey(name, raw[0], raw[1:])
    if key_id != key.id.hex():
        raise NoteError(f"the id of verifier key {name} is {key.id.hex()}, not {key_id}")
    return key


@lru_cache(maxsize=MOST_KNOWN)
def parse_note(data: bytes) -> Note:
    """Split a note into text and signatures. NoteError when it breaks the form."""
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"a note of {len(data)} bytes is over the limit of {MAX_NOTE_BYTES}")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    head, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise NoteError("a note is a text, an empty line and signature lines, without control characters")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note of {len(lines)} signatures is over the limit of {MAX_SIGNATURES}")
    return Note(head + "\n", tuple(_parse_line(line) for line in lines))


def sign_note(text: str, signer: NoteSigner, time_s: int | None = None) -> Signature:
    """Sign a note's text. `time_s` (POSIX) belongs to a cosignature and to nothing else (ValueError)."""
    key = signer.key
    if not text.endswith("\n") or not _good_name(key.name):
        raise ValueError("a note's text ends in a newline, its signer's name has neither blanks nor plus")
    if (time_s is None) != (key.kind == ED25519) or not 0 <= (time_s or 0) <= _MAX_TIME_S:
        raise ValueError("a cosignature has a time, a signature has none")
    stamp = b"" if time_s is None else _TIME.pack(time_s)
    return Signature(key.name, key.id, stamp + signer.sign(_signed(key.kind, text, stamp)))


def verify_note(note: Note, keys: Sequence[NoteKey]) -> tuple[tuple[NoteKey, Signature], ...]:
    """The signatures of known keys, each verified; those of unknown keys are passed over.

    NoteError when a known key's signature fails (the whole note is then void) or none is of a known key.
    """
    found: list[tuple[NoteKey, Signature]] = []
    for one in note.signatures:
        key = next((key for key in keys if (key.name, key.id) == (one.name, one.key_id)), None)
        if key is None or any(key == known for known, _ in found):
            continue
        if not _verifies(key, note.text, one.data):
            raise NoteError(f"the signature of {key.name} is not over this text")
        found.append((key, one))
    if not found:
        names = ", ".join(one.name for one in note.signatures)
        raise NoteError(f"no known key has signed it (signed as {names})")
    return tuple(found)


def _signed(kind: int, text: str, stamp: bytes) -> bytes:
    """What the signature is over."""
    if kind == ED25519:
        return text.encode()
    return f"cosignature/v1\ntime {_TIME.unpack(stamp)[0]}\n{text}".encode()


@lru_cache(maxsize=MOST_KNOWN)
def _verifies(key: NoteKey, text: str, data: bytes) -> bool:
    stamp, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    if len(data) != _SIGNATURE_BYTES + (_TIME.size if key.kind == COSIGNATURE_V1 else 0):
        return False
    if stamp and _TIME.unpack(stamp)[0] > _MAX_TIME_S:
        return False
    return ed25519.verifies(key.public, _signed(key.kind, text, stamp), signature)


def _parse_line(line: str) -> Signature:
    name, blank, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not blank or not _good_name(name):
        raise NoteError("a signature line is an em dash, a key's name and base64")
    raw = unbase64(encoded)
    if len(raw) <= _ID_BYTES:
        raise NoteError(f"the signature of {name} is too short")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


def _good_name(name: str) -> bool:
    return "+" not in name and name.split() == [name]


def unbase64(text: str) -> bytes:
    """RFC 4648 section 4, one text for one value: what decodes must encode to the same."""
    try:
        raw = b64decode(text.encode(), validate=True)
    except Base64Error:
        raw = b""
    if b64encode(raw).decode() != text:
        raise NoteError("not base64")
    return raw

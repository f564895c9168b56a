"""Notes about logs: checkpoints, cosignatures, what was told so far, proofs of two truths."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from cases_good import control
from wire_bytes import Case, Raw, pack, private_key, public_key

Note = dict[str, Any]

LEAVES, PEAKS, NOTE_BYTES, PROOF_BYTES = 512, 62, 4_096, 40_000
HASHES = [sha256(bytes([n % 256, n // 256])).digest() for n in range(LEAVES + 1)]


def signed_note(origin: str, size: int) -> bytes:
    """A checkpoint as c2sp.org/tlog-checkpoint writes it, signed by the test key of the log's own name."""
    text = f"{origin}\n{size}\n{b64encode(HASHES[size]).decode()}\n"
    key_id = sha256(origin.encode() + b"\n\x01" + public_key(origin)).digest()[:4]
    line = b64encode(key_id + private_key(origin).sign(text.encode())).decode()
    return f"{text}\n— {origin} {line}\n".encode()


OWN = signed_note("tocsin/EXERCISE/KOR/log-1", 3)
OTHERS = signed_note("tocsin/EXERCISE/USA/log-1", 5)
TOLD = signed_note("tocsin/EXERCISE/KOR/log-1/to-JPN/flow", 12)

NOTES: dict[str, tuple[str, Note]] = {
    "log-grew": (
        "KOR's log goes on from the second leaf",
        {"type": "log-grew", "note": OWN, "after": 2, "leaves": HASHES[2:3], "peaks": []},
    ),
    "holding": ("KOR holds five leaves of JPN's log", {"type": "holding", "size": 5}),
    "cosigned": ("JPN's checkpoint with KOR's cosignature", {"type": "cosigned", "note": OTHERS}),
    "sighted": ("what the third nation showed KOR", {"type": "sighted", "note": OTHERS}),
    "shown": ("what JPN has signed and seems to have forgotten", {"type": "shown", "note": OTHERS}),
    "told-so-far": (
        "the root of all flow to JPN up to the twelfth",
        {"type": "told-so-far", "traffic": "flow", "after": 0, "upto": 12, "note": TOLD},
    ),
    "accused": ("a proof, judged apart from its envelope", {"type": "accused", "proof": b"\x80"}),
}


def cases() -> Iterator[Case]:
    """Classes `good` and `log`. Text, signatures and proof in a note are judged apart from its envelope."""
    yield from _good_ones()
    for name, (_, note) in NOTES.items():
        yield from _forms(name, note)
    yield from _bounds()


def _good_ones() -> Iterator[Case]:
    for name, (why, note) in NOTES.items():
        yield _good(name, why, note)
    grew = NOTES["log-grew"][1]
    yield _good("log-first", "to one who holds nothing: no leaf, but peaks", _first(grew))
    yield _good(f"log-{LEAVES}-leaves", "as many leaves as one note may hold", grew | {"leaves": HASHES[1:]})
    yield _good(f"log-{PEAKS}-peaks", "of a tree of 2^62 leaves", grew | {"peaks": HASHES[:PEAKS]})
    yield _good(
        "log-holding-nothing", "the first checkpoint is still to come", {"type": "holding", "size": 0}
    )
    yield _good(
        "log-note-longest", f"a note of {NOTE_BYTES} bytes", {"type": "shown", "note": bytes(NOTE_BYTES)}
    )
    why = "no checkpoint: the envelope is taken, the note is judged apart"
    yield _good("log-note-of-nonsense", why, {"type": "sighted", "note": b"x"})
    yield _good("log-proof-longest", f"{PROOF_BYTES} bytes", {"type": "accused", "proof": bytes(PROOF_BYTES)})
    yield Case("good/log-all-at-once", "one of each kind", control([note for _, note in NOTES.values()]))


def _first(grew: Note) -> Note:
    return grew | {"after": 0, "leaves": [], "peaks": HASHES[:2]}


def _good(name: str, why: str, note: Note) -> Case:
    return Case(f"good/{name}", why, control([note]))


def _bad(name: str, why: str, note: Any) -> Case:
    return Case(f"log/{name}", why, control([note]), ("bad-payload",))


def _forms(name: str, note: Note) -> Iterator[Case]:
    for key in list(note)[1:]:
        cut = {one: value for one, value in note.items() if one != key}
        yield _bad(f"{name}-{key}-missing", f"{key} is left out", cut)
        yield _bad(f"{name}-{key}-nothing", f"{key} is null", note | {key: None})
        wrong = "text" if isinstance(note[key], bytes | int | list) else 7
        yield _bad(f"{name}-{key}-type", f"{key} is of another type", note | {key: wrong})
    yield _bad(f"{name}-unknown-key", "no key that nobody reads", note | {"more": 1})
    yield _bad(f"{name}-turned", "keys stand in their one order", dict(reversed(note.items())))
    yield _bad(f"{name}-as-array", "a note is a map", list(note.values()))


def _bounds() -> Iterator[Case]:
    for name, (_, note) in NOTES.items():
        for key, value in note.items():
            if key in ("after", "upto", "size"):
                for word, mark in (("negative", -1), ("over-2-62", 2**62 + 1), ("float", float(value))):
                    yield _bad(f"{name}-{key}-{word}", "whole numbers from 0 to 2^62", note | {key: mark})
            elif key in ("note", "proof"):
                most = NOTE_BYTES if key == "note" else PROOF_BYTES
                for word, data in (("empty", b""), ("too-long", bytes(most + 1))):
                    yield _bad(f"{name}-{key}-{word}", f"1 to {most} bytes", note | {key: data})
    grew = NOTES["log-grew"][1]
    for key, most in (("leaves", LEAVES), ("peaks", PEAKS)):
        for word, length in (("short", 31), ("long", 33)):
            yield _bad(f"log-grew-{key}-{word}", "a hash has 32 bytes", grew | {key: [bytes(length)]})
        yield _bad(f"log-grew-{key}-too-many", f"at most {most}", grew | {key: HASHES[: most + 1]})
        huge = Raw(b"\xdd\xff\xff\xff\xff")
        yield _bad(f"log-grew-{key}-huge", "it says that it holds 2^32 - 1", grew | {key: huge})
    told = NOTES["told-so-far"][1]
    yield _bad("told-so-far-other-traffic", "no such traffic", told | {"traffic": "bulk"})
    why = "a note in text, where bytes belong"
    yield Case(
        "log/note-as-text", why, control(pack([{"type": "shown", "note": OTHERS.decode()}])), ("bad-payload",)
    )

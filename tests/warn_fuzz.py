"""Bad input against the desk, a million times: `make fuzz-warn`. Never an alert, never a crash.

Acts with forged drafts, digests, officers, areas and kinds; other senders' messages of any type, reference
and area; receipts for what does not exist; and CAP with its message type, references, areas and languages
spoilt. No two officers of the desk are ever drawn over the same right digest, so any release is a fault.
"""

from __future__ import annotations

import random
import sys
import time

from shapely.geometry import box
from warn_worlds import KEYS, NAMES, PEOPLE, Room, at, drafted, meaning, over, track, warning

from tocsin.model.label import Plane
from tocsin.model.warning import ActKind, Certainty, Draft, ForeignAlert, MsgType, OfficerAct
from tocsin.warn.cap import check, to_cap
from tocsin.warn.decide import Released, step
from tocsin.warn.incoming import carried
from tocsin.warn.lint import lint_cap

SEEN = ([track()], [meaning(over("JP-02", 0.9, 9e8, 9e8 + 60.0), impact_s=9e8)])
WORDS = ("", " ", "\x00", "JP-02", "JP-EXERCISE-1", "JPN-REAL-1-d1", "ＪＰＮ", "../../x", "é" * 300, "null")
CAP_WORDS = (
    b"Alert",
    b"Update",
    b"Cancel",
    b"Ack",
    b"Error",
    b"ALERT",
    b"",
    b"\xff",
    b"<x/>",
    b"&x;",
    b"JP-9",
)


def act(rng: random.Random, draft: Draft) -> OfficerAct:
    """One officer alone (`sato`, any credential) over anything, or anybody over a digest that is not the
    draft's.
    """
    alone = rng.random() < 0.5
    digest = draft.digest if alone else _bent(rng, draft.digest)
    officer = "sato" if alone else rng.choice((*PEOPLE, *WORDS))
    name = draft.id if rng.random() < 0.7 else rng.choice(WORDS)
    areas = tuple(rng.choice((*WORDS, "JP-03")) for _ in range(rng.randrange(4)))
    return OfficerAct(officer, rng.choice((*KEYS, *WORDS)), _kind(rng), name, digest, areas)


def _kind(rng: random.Random) -> ActKind:
    """Seldom a refusal, which would leave nothing to attack."""
    return rng.choices(list(ActKind), weights=(10, 10, 1, 3))[0]


def _bent(rng: random.Random, digest: str) -> str:
    place = rng.randrange(len(digest))
    other = rng.choice([c for c in "0123456789abcdefX" if c != digest[place]])
    return rng.choice(
        (digest[:place] + other + digest[place + 1 :], digest[:-1], digest + "0", digest.upper() + " ")
    )


def foreign(rng: random.Random) -> ForeignAlert:
    """Anybody's message about anything."""
    return ForeignAlert(
        rng.choice(WORDS), rng.choice(WORDS), rng.choice(list(MsgType)), rng.choice(list(Plane)),
        at(rng.randrange(-100, 1000)), at(rng.randrange(-100, 10_000)),
        tuple(rng.choice((*WORDS, "JP-02", "KR-11")) for _ in range(rng.randrange(4))),
        "fuzz", rng.random() < 0.5,
    )  # fmt: skip


def spoilt(rng: random.Random, xml: bytes) -> bytes:
    """A good message with one to three things put wrong: what an element says, a tag, a byte."""
    data = bytearray(xml)
    for _ in range(rng.randrange(1, 4)):
        start = data.find(b">", rng.randrange(len(data))) + 1
        end = data.find(b"<", start)
        if rng.random() < 0.7 and 0 < start <= end:
            data[start:end] = rng.choice(CAP_WORDS)
        else:
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def desk_round(rng: random.Random, tries: int) -> None:
    """Acts, foreign messages and receipts against one desk that holds a draft, or an alert in force."""
    room = Room()
    (draft,) = drafted(room.see(160.0, *SEEN))
    if rng.random() < 0.5:
        room.release(draft)
    for n in range(tries):
        rows = list(room.state.drafts.values())
        made = [act(rng, rng.choice(rows or [draft]))]
        heard = [foreign(rng)] if rng.random() < 0.3 else []
        state = carried(room.state, rng.choice((draft.id, *WORDS)), rng.choice(WORDS))
        room.state, effects = step(state, SEEN[1], SEEN[0], made, at(161.0 + 0.01 * n), heard)
        for effect in effects:
            if isinstance(effect, Released):
                raise AssertionError(f"released {effect.draft.id} by {made[0]}")


def cap_round(rng: random.Random, tries: int) -> None:
    """Spoilt CAP through the reader and the linter: faults are values, and a spoilt type is never good."""
    kind = rng.choice(list(MsgType))
    good = to_cap(
        warning(kind, Plane.EXERCISE, certainty=rng.choice(list(Certainty))),
        {"JP-02": box(139.5, 40.2, 141.7, 41.5)},
        NAMES,
    )
    for _ in range(tries):
        bad = spoilt(rng, good)
        faults = (*check(bad, Plane.EXERCISE), *lint_cap(bad, Plane.EXERCISE))
        told = f"<msgType>{kind}</msgType>".encode()
        if told not in bad and b"<msgType>" in bad and not faults:
            kinds = [f"<msgType>{each}</msgType>".encode() in bad for each in ("Update", "Cancel")]
            if kind is MsgType.ALERT and any(kinds):
                raise AssertionError("a message type without references was taken")


def desk_rounds(rng: random.Random, rounds: int, tries: int) -> None:
    """Several desks, one after the other."""
    for _ in range(rounds):
        desk_round(rng, tries)


def main(count: int, seed: int) -> None:
    """`count` inputs: one part in twenty is CAP, which costs a hundred times more."""
    rng, done, begun = random.Random(seed), 0, time.monotonic()
    while done < count:
        desk_round(rng, 190)
        cap_round(rng, 10)
        done += 200
        if done % 50_000 == 0:
            print(f"{done} of {count}, {done / (time.monotonic() - begun):.0f} a second", flush=True)
    print(f"{done} inputs, seed {seed}: no alert, no crash")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

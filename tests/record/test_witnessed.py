"""What partners cosigned stands in the record, is checked with it, and carries proofs that stand alone."""

import json
import re
import shutil
import sqlite3
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.signing import SigningKey
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.keys import make_keys
from tocsin.node.trust import own_entry, read_entry, write_entry
from tocsin.record.checkpoint import Checkpoint, cosign, log_origin, merged, nation_log_keys, sign_checkpoint
from tocsin.record.ledger import Entry, Ledger, Step
from tocsin.record.merkle import Frontier
from tocsin.record.note import NoteError, NoteSigner
from tocsin.record.proof import parse_proof
from tocsin.record.tick import Tick, grown
from tocsin.release._key import ReleaseKey, load_release_key

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
PLANE = Plane.EXERCISE
STEPS, EVERY = 31, 3
NOW = Instant(1_700_000_000_000_000_000)


class Made(NamedTuple):
    """A record, its ticks, its newest note, and the folder with each nation's trust entry."""

    path: Path
    ticks: list[Tick]
    note: bytes
    entries: dict[Nation, Path]

    @property
    def trust(self) -> list[str]:
        return [word for path in self.entries.values() for word in ("--trust", str(path))]


def signers(keys: dict[Nation, ReleaseKey], nation: Nation) -> tuple[NoteSigner, NoteSigner]:
    pair = nation_log_keys(nation, PLANE, 1, keys[nation].public)
    return NoteSigner(pair[0], keys[nation].sign), NoteSigner(pair[1], keys[nation].sign)


def write(path: Path, keys: dict[Nation, ReleaseKey], salt: bytes = b"s") -> tuple[list[Tick], bytes]:
    """Every third step a tick, each cosigned a step later: by Japan up to the sixth, by the US further."""
    chance = iter(range(1_000))
    ledger = Ledger(path, lambda: sha256(salt + b"%d" % next(chance)).digest())
    ledger.describe(nation="KOR", plane="EXERCISE", scenario="quiet")
    ticks: list[Tick] = []
    note = b""
    for n in range(1, STEPS + 1):
        kept: tuple[tuple[str, int, bytes], ...] = ()
        if ticks and n % EVERY == 1:
            tree = grown(Frontier(), (tick.commitment for tick in ticks))
            said = sign_checkpoint(
                Checkpoint(log_origin(KOR, PLANE, 1), tree.size, tree.root()), signers(keys, KOR)[0]
            )
            by = [USA, JPN] if tree.size <= 6 else [USA]
            notes = [cosign(said, signers(keys, one)[1], 1_700_000_000 + n).data for one in by]
            kept = tuple((log_origin(KOR, PLANE, 1), tree.size, one) for one in notes)
            note = merged(notes[0], notes[-1])
        stimuli = (Entry("plots", f'{{"n":{n}}}'),)
        effects = (Entry("told", f'{{"text":"{n}"}}'),)
        ledger.append(
            Step(n, Instant(n), NOW, NOW, sha256(salt).digest(), stimuli, effects, checkpoints=kept)
        )
        if n % EVERY == 0:
            ticks.append(ledger.commit_to(1, len(ticks) + 1, Instant(NOW + n)))
    ledger.close()
    return ticks, note


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Nation, ReleaseKey], dict[Nation, Path]]:
    root = tmp_path_factory.mktemp("keys")
    held, entries = {}, {}
    for nation in Nation:
        folder = make_keys(root / nation, nation, PLANE, (), NOW)
        held[nation] = load_release_key(folder.door / "log-1.json")
        entries[nation] = root / f"{nation}.json"
        write_entry(entries[nation], own_entry(nation, PLANE, folder))
    return held, entries


@pytest.fixture(scope="module")
def sound(
    keys: tuple[dict[Nation, ReleaseKey], dict[Nation, Path]], tmp_path_factory: pytest.TempPathFactory
) -> Made:
    path = tmp_path_factory.mktemp("record") / "KOR.sqlite"
    ticks, note = write(path, keys[0])
    return Made(path, ticks, note, keys[1])


@pytest.fixture
def made(sound: Made, tmp_path: Path) -> Made:
    return sound._replace(path=Path(shutil.copyfile(sound.path, tmp_path / "KOR.sqlite")))


def tocsin(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, words)])
    if isinstance(result.exception, UserError):
        return 2, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def facts(*words: str | Path) -> dict[str, Any]:
    code, output = tocsin("verify", *words, "--json")
    found: dict[str, Any] = json.loads(output)
    assert code == (0 if found["ok"] else 1)
    return found


def tamper(path: Path, *sql: str) -> None:
    db = apsw.Connection(str(path))
    for one in sql:
        db.execute(one)
    db.close()


def test_verify_says_up_to_where_and_by_whom(made: Made) -> None:
    found = facts(made.path, *made.trust)
    assert found["ok"]
    assert found["witnessed"]["missing"] == 0
    rows = {row["by"]: (row["tick"], row["steps"], row["verified"]) for row in found["witnessed"]["cosigned"]}
    assert rows == {
        "tocsin/EXERCISE/JPN/witness": (6, 18, True),
        "tocsin/EXERCISE/USA/witness": (10, 30, True),
    }
    _, words = tocsin("verify", made.path, *made.trust)
    assert "cosigned by tocsin/EXERCISE/JPN/witness up to step 18 (tick 6" in words
    assert "not checked" in tocsin("verify", made.path)[1]


def test_the_log_of_ticks_by_other_hands(made: Made) -> None:
    """pymerkle makes the root, cryptography checks signatures, commitments come from SQL and hashlib."""
    pymerkle = pytest.importorskip("pymerkle", reason="NOT TESTED against pymerkle: it is not installed")
    other = pymerkle.InmemoryTree(algorithm="sha256")
    with sqlite3.connect(made.path) as db:
        for g, n, at, size, root, salt in db.execute("SELECT * FROM ticks ORDER BY generation, number"):
            head = f"tocsin-tick/1 {g} {n} {at} {size}\n".encode()
            other.append_entry(sha256(salt + head + root).digest())
        notes = dict(db.execute("SELECT size, note FROM checkpoints"))
    db.close()
    publics = {}
    for path in made.entries.values():
        entry = own_public(path)
        publics[entry[0]] = entry[1]
    for size, note in notes.items():
        text, _, lines = bytes(note).decode().rpartition("\n\n")
        assert b64decode(text.split("\n")[2]) == other.get_root(size)
        for line in lines.splitlines():
            _, name, encoded = line.split(" ")
            raw = b64decode(encoded)
            signed = (text + "\n").encode()
            if name.endswith("/witness"):
                signed = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n".encode() + signed
            nation = re.split("/", name)[2]
            Ed25519PublicKey.from_public_bytes(publics[nation]).verify(raw[-64:], signed)


def own_public(path: Path) -> tuple[str, bytes]:
    entry = read_entry(path)
    return entry.nation, entry.believed.keys.logs[0].public


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE ticks SET root = zeroblob(32) WHERE number = 4", "tick 4 in table ticks is changed"),
        ("UPDATE ticks SET size = 13 WHERE number = 4", "tick 4 in table ticks is changed"),
        ("UPDATE ticks SET root = 'text' WHERE number = 4", "tick 4 in table ticks is changed"),
        ("UPDATE ticks SET salt = zeroblob(32) WHERE number = 4", "not what this record committed to"),
        ("UPDATE ticks SET at_wall_ns = 0 WHERE number = 4", "not what this record committed to"),
        ("DELETE FROM ticks WHERE number > 8", "newer ones were removed"),
        ("UPDATE checkpoints SET size = 5 WHERE size = 4", "UNIQUE"),
        ("UPDATE checkpoints SET note = zeroblob(99) WHERE size = 4", "checkpoint 4"),
    ],
)
def test_what_was_cosigned_cannot_be_changed(made: Made, sql: str, why: str) -> None:
    if why == "UNIQUE":
        sql = "DELETE FROM checkpoints WHERE size = 5; " + sql
        why = "not what this record committed to"
    tamper(made.path, sql)
    found = facts(made.path, *made.trust)
    assert why in found["reason"]


def test_the_newest_steps_cannot_be_cut_off(made: Made) -> None:
    with sqlite3.connect(made.path) as db:
        for table in ("entries", "log", "steps"):
            db.execute(f"DELETE FROM {table} WHERE step > 28")
        db.execute("DELETE FROM nodes WHERE (position + 1) * (1 << height) > 28")
    db.close()
    found = facts(made.path)
    assert found["first_bad"]["what"] == "missing"
    assert "tick 10 counts 30" in found["reason"]


def test_a_record_written_anew_is_found_by_a_checkpoint_that_a_partner_kept(
    made: Made, keys: tuple[dict[Nation, ReleaseKey], dict[Nation, Path]], tmp_path: Path
) -> None:
    kept = tmp_path / "KOR.checkpoint"
    kept.write_bytes(made.note)
    assert facts(made.path, "--checkpoint", kept, *made.trust)["ok"]
    other = tmp_path / "other.sqlite"
    write(other, keys[0], b"another history")
    tamper(other, "DELETE FROM checkpoints")
    assert facts(other, *made.trust)["ok"], "alone it is sound"
    assert "rewritten" in facts(other, "--checkpoint", kept, *made.trust)["reason"]
    tamper(other, "DELETE FROM ticks")
    assert "newer ones were removed" in facts(other, "--checkpoint", kept, *made.trust)["reason"]
    tamper(other, "UPDATE about SET text = 'USA' WHERE name = 'nation'")
    assert "the record is not" in facts(other, "--checkpoint", kept, *made.trust)["reason"]


def test_a_restored_record_says_what_it_cannot_open(made: Made) -> None:
    tamper(made.path, "DELETE FROM ticks WHERE number IN (4, 5)", "DELETE FROM checkpoints")
    found = facts(made.path)
    assert found["witnessed"]["missing"] == 2
    assert "RESTORED from an old backup: 2 ticks" in tocsin("verify", made.path)[1]
    assert tocsin("prove", made.path, "--step", "20", "--out", made.path.with_suffix(".p"))[0] == 0


# ---- proofs


def prove(made: Made, step: int, *more: str | Path) -> Path:
    out = made.path.with_name(f"{step}.tlog-proof")
    code, output = tocsin("prove", made.path, "--step", str(step), "--out", out, "--show", "effect", *more)
    assert code == 0, output
    return out


def test_a_third_party_checks_a_proof_with_public_keys_alone(made: Made) -> None:
    out = prove(made, 14)
    made.path.unlink()
    found = facts("--proof", out, *made.trust)
    assert found["ok"]
    assert found["step"] == 14
    assert [row["values"][-1] for row in found["shown"] if row["group"] == "effect"] == ['{"text":"14"}']
    names = {row["name"] for row in found["checkpoint"]["witnesses"]}
    assert "tocsin/EXERCISE/USA/witness" in names
    only_japan = ["--trust", str(made.entries[JPN])]
    assert "not believed" in facts("--proof", out, *only_japan)["reason"]


def test_a_proof_may_lead_to_an_older_checkpoint_with_both_cosignatures(made: Made, tmp_path: Path) -> None:
    with sqlite3.connect(made.path) as db:
        (note,) = db.execute("SELECT note FROM checkpoints WHERE size = 6").fetchone()
    db.close()
    kept = tmp_path / "six.checkpoint"
    kept.write_bytes(note)
    found = facts("--proof", prove(made, 18, "--checkpoint", kept), *made.trust)
    assert {row["name"][-11:] for row in found["checkpoint"]["witnesses"]} == {"JPN/witness", "USA/witness"}
    code, output = tocsin(
        "prove", made.path, "--step", "19", "--checkpoint", kept, "--out", tmp_path / "late"
    )
    assert code == 2
    assert "newer than the last tick" in output


def test_a_step_that_no_tick_covers_yet_is_proven_unsigned(made: Made) -> None:
    code, output = tocsin("prove", made.path, "--step", "31", "--out", made.path.with_suffix(".p"))
    assert code == 0
    assert "unsigned" in output


def test_no_changed_byte_of_a_proof_holds(made: Made) -> None:
    """What may change is what nobody signed: lines of signatures that nobody asks for, and nothing else."""
    out = prove(made, 14)
    data = out.read_bytes()
    before = parse_proof(data)
    head = data.index(b"\n\n")
    for at in range(0, len(data), 41):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        out.write_bytes(changed)
        code, output = tocsin("verify", "--proof", out, *made.trust, "--json")
        if code == 0:
            assert at > head, "the proof itself held with a changed byte"
            assert parse_proof(changed)[:4] == before[:4]
            text = changed[head + 2 :].split(b"\n\n")[0]
            assert data[head + 2 :].startswith(text), output


def test_notes_of_two_texts_are_not_one() -> None:
    key = SigningKey(b"\1" * 32)
    signer = NoteSigner(
        nation_log_keys(KOR, PLANE, 1, bytes(key.verify_key))[0], lambda data: bytes(key.sign(data).signature)
    )
    notes = [
        sign_checkpoint(Checkpoint(log_origin(KOR, PLANE, 1), n, bytes(32)), signer).data for n in (1, 2)
    ]
    assert merged(notes[0], notes[0]) == notes[0]
    with pytest.raises(NoteError):
        merged(*notes)


def test_the_same_question_gets_the_same_answer(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "hall.sqlite")
    ledger.append(Step(1, Instant(1), NOW, NOW, bytes(32), (Entry("plots", "{}"),)))
    first = ledger.commit_to(1, 1, Instant(5))
    ledger.append(Step(2, Instant(2), NOW, NOW, bytes(32), (Entry("plots", "{}"),)))
    assert ledger.commit_to(1, 1, Instant(9)) == first
    assert ledger.commit_to(1, 2, Instant(9)).size == 2
    assert ledger.ticks() == (1, 2, 0)
    assert ledger.commit_to(1, 5, Instant(9)).number == 5
    assert ledger.ticks() == (1, 5, 2), "two were asked of another life of this record"
    ledger.close()

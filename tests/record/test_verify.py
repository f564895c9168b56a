"""A record that was touched anywhere is found out, and the first bad entry is named; proofs stand alone."""

import json
import random
import re
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.keys import make_keys
from tocsin.node.trust import own_entry, write_entry
from tocsin.record.audit import Audit, audit
from tocsin.record.checkpoint import Checkpoint, believe, cosign, nation_keys, record_origin, sign_checkpoint
from tocsin.record.leaf import canonical, make_leaf, parse_canonical, parse_leaf
from tocsin.record.ledger import Entry, Imported, Ledger, Step, step_rows
from tocsin.record.log import read_frontier
from tocsin.record.merkle import EMPTY_ROOT
from tocsin.record.note import NoteError, NoteKey, NoteSigner
from tocsin.record.proof import ProofError, parse_proof, refuted
from tocsin.record.prove import head_checkpoint
from tocsin.record.rows import COLUMNS, open_record, rows_of
from tocsin.release._key import load_release_key

STEPS = 23
ORIGIN = record_origin(Nation.KOR, Plane.EXERCISE)
SEED = SigningKey(b"\7" * 32)
KEY, _ = nation_keys(Nation.KOR, Plane.EXERCISE, bytes(SEED.verify_key))
_, WITNESS = nation_keys(Nation.JPN, Plane.EXERCISE, bytes(SEED.verify_key))
CLI = CliRunner()


def signer(key: NoteKey = KEY) -> NoteSigner:
    return NoteSigner(key, lambda data: bytes(SEED.sign(data).signature))


def step(n: int) -> Step:
    """A step of which some numbers, texts and bytes are its own, some empty, some not ASCII."""
    return Step(
        step=n,
        now_ns=Instant(n * 10**9),
        arrived_wall_ns=Instant(10**18 + n),
        stepped_wall_ns=Instant(10**18 + n + 1),
        state_sha256=bytes([n]) * 32,
        stimuli=tuple(Entry("plots", f'{{"n":{n},"of":{k}}}') for k in range(n % 4)),
        effects=tuple(Entry("told", f'{{"text":"경보 {n}.{k}"}}') for k in range(n % 3)),
        offers=tuple((n * 10 + k, bytes([n, k]) * 20) for k in (1, 0))[: n % 3],
        imports=tuple(Imported(who, "flow", n * 2 + k, Instant(7)) for k in (1, 0) for who in ("USA", "JPN")),
    )


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "KOR.sqlite"
    ledger = Ledger(path)
    ledger.describe(nation="KOR", plane="EXERCISE", scenario="quiet")
    for n in range(1, STEPS + 1):
        ledger.append(step(n))
    ledger.close()
    return path


@pytest.fixture
def copy(record: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(record, tmp_path / "copy.sqlite"))


@pytest.fixture(scope="module")
def checkpoint(record: Path) -> bytes:
    return checkpoint_of(record)


def checkpoint_of(record: Path, size: int = STEPS) -> bytes:
    db = open_record(record)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, read_frontier(db, size).root()), signer())
    db.close()
    return cosign(note, signer(WITNESS), 1_700_000_000).data


class Ended(NamedTuple):
    """As `tocsin` ends: a user's mistake is one line and exit code 2; what else escapes is a defect."""

    exit_code: int
    output: str


def tocsin(*words: str | Path) -> Ended:
    result = CLI.invoke(app, [*map(str, words)])
    if isinstance(result.exception, UserError):
        return Ended(2, str(result.exception))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.output)


def verify(*words: str | Path) -> Ended:
    return tocsin("verify", *words, "--json")


def named(result: Ended) -> dict[str, object]:
    assert result.exit_code == 1, result.output
    bad = json.loads(result.output)["first_bad"]
    assert isinstance(bad, dict)
    return bad


def tamper(path: Path, *sql: str) -> None:
    db = apsw.Connection(str(path))
    db.pragma("ignore_check_constraints", True)
    for one in sql:
        db.execute(one)
    db.close()


def covered(path: Path) -> list[bytes]:
    """Canonical bytes of every row that the log covers."""
    db = open_record(path)
    try:
        return [row for n in range(1, STEPS + 1) for group in rows_of(db, n).groups for row in group]
    finally:
        db.close()


def checked(path: Path) -> Audit:
    db = open_record(path)
    try:
        return audit(db)
    finally:
        db.close()


# ---- sound records


def test_a_sound_record_is_said_to_be_sound(record: Path) -> None:
    result = verify(record)
    assert result.exit_code == 0
    ledger = Ledger(record)
    tree = ledger.head()
    ledger.close()
    facts = json.loads(result.output)
    assert (facts["size"], facts["root"], facts["first_bad"]) == (STEPS, tree.root().hex(), None)
    words = tocsin("verify", record).output
    assert str(STEPS) in words
    assert tree.root().hex() in words
    assert [path.name for path in record.parent.iterdir() if path.suffix not in (".sqlite", ".lock")] == []


def test_an_empty_record_has_the_empty_root(tmp_path: Path) -> None:
    Ledger(tmp_path / "r.sqlite").close()
    assert checked(tmp_path / "r.sqlite") == Audit(0, EMPTY_ROOT, None, None)


def test_the_log_goes_on_after_closing_and_beside_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    for n in (1, 2, 3):
        ledger = Ledger(path)
        ledger.append(step(n))
        found = checked(path)
        assert (found.size, found.root, found.fault) == (n, ledger.head().root(), None)
        ledger.close()


def test_a_step_that_was_not_committed_leaves_no_leaf(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "r.sqlite")
    ledger.append(step(1))
    before = ledger.head()
    with pytest.raises(apsw.ConstraintError):
        ledger.append(step(2)._replace(imports=step(1).imports))
    assert ledger.head() == before
    ledger._db.set_commit_hook(lambda: True)  # everything is written, and the commit itself fails
    with pytest.raises(apsw.ConstraintError):
        ledger.append(step(2))
    assert ledger.head() == before
    ledger._db.set_commit_hook(None)
    ledger.append(step(2))
    ledger.close()
    assert checked(tmp_path / "r.sqlite").fault is None


def test_equal_steps_have_unlike_leaves_and_handed_in_salts_are_used(tmp_path: Path) -> None:
    roots = []
    for name, salts in (("a", None), ("b", None), ("c", lambda: bytes(32)), ("d", lambda: bytes(32))):
        ledger = Ledger(tmp_path / name) if salts is None else Ledger(tmp_path / name, salts)
        ledger.append(step(1))
        roots.append(ledger.head().root())
        ledger.close()
    assert len(set(roots)) == 3
    assert roots[2] == roots[3]


def test_what_is_read_back_is_what_was_appended(record: Path) -> None:
    db = open_record(record)
    for n in range(1, STEPS + 1):
        rows = rows_of(db, n)
        mine = step_rows(step(n))
        assert [list(group) for group in rows.groups] == [list(group) for group in mine.groups]
    db.close()


values = st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(), st.binary(), st.none())


@given(st.text(min_size=1), st.lists(values, max_size=6))
def test_canonical_bytes_are_one_to_one(table: str, row: list[int | str | bytes | None]) -> None:
    assert parse_canonical(canonical(table, row)) == (table, tuple(row))


@pytest.mark.parametrize("bad", [b"", b"i1:1", b"t1:ai01:1", b"t1:ai2:01", b"t1:ax0:", b"t1:ai1:", b"t9:a"])
def test_other_bytes_are_no_row(bad: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them: the caller tells no two apart
        parse_canonical(bad)


def test_a_leafs_content_is_read_strictly() -> None:
    data = make_leaf(step_rows(step(5)), bytes(32)).data
    assert parse_leaf(data).data == data
    for bad in (data[:-1], data + b"\0" * 32, data.replace(b" 5 ", b" 05 ", 1), b"", data[1:]):
        with pytest.raises(ValueError, match="leaf"):
            parse_leaf(bad)


def test_the_script_in_the_documentation_finds_the_same_root(record: Path, root: Path) -> None:
    """docs/record.md promises that Python's standard library is enough."""
    (script,) = re.findall(
        r"```python\n(.*?)```", (root / "docs" / "record.md").read_text("utf-8"), re.DOTALL
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(record)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    facts = json.loads(verify(record).output)
    assert done.stdout.split() == [str(facts["size"]), facts["root"]]


# ---- tampered records


def places(path: Path) -> list[tuple[str, int, str, int]]:
    """(table, rowid or rank, column, step) of every value that the log covers, one for each byte of it."""
    db = apsw.Connection(str(path))
    found = []
    for table, columns in COLUMNS.items():
        for rank, row in enumerate(db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3")):
            number = row[columns.index("step")]
            for column, value in zip(columns, row, strict=True):
                size = (
                    8 if isinstance(value, int) else len(value.encode() if isinstance(value, str) else value)
                )
                found += [(table, rank, column, number)] * size
    db.close()
    return found


def flip(path: Path, table: str, rank: int, column: str, bit: int) -> int | None:
    """Flip one bit of one value; gives the row's new step where it is the step that was flipped."""
    columns = COLUMNS[table]
    db = apsw.Connection(str(path))
    db.pragma("ignore_check_constraints", True)
    row = list(db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3"))[rank]
    value = row[columns.index(column)]
    where = " AND ".join(f"{name} = ?" for name in columns)
    change: int | bytes
    if isinstance(value, int):
        change = int.from_bytes(
            (value ^ 1 << bit % 64).to_bytes(9, "big", signed=True)[-8:], "big", signed=True
        )
        sql = f"UPDATE {table} SET {column} = ? WHERE {where}"
    else:
        raw = bytearray(value.encode() if isinstance(value, str) else value)
        raw[bit // 8 % len(raw)] ^= 1 << bit % 8
        cast = "TEXT" if isinstance(value, str) else "BLOB"
        sql, change = f"UPDATE {table} SET {column} = CAST(? AS {cast}) WHERE {where}", bytes(raw)
    try:
        db.execute(sql, (change, *row))
    except apsw.ConstraintError:  # there is such a row already: another bit
        return flip(path, table, rank, column, bit + 1)
    finally:
        db.close()
    return change if column == "step" and isinstance(change, int) else None


def test_one_bit_anywhere_in_the_record_is_found_and_its_step_named(record: Path, tmp_path: Path) -> None:
    rng = random.Random(6962)
    everywhere = places(record)
    by_column = {(place[0], place[2]): place for place in everywhere}
    sample = [*by_column.values(), *rng.sample(everywhere, 200)]
    assert {place[0] for place in sample} == set(COLUMNS)
    for table, rank, column, number in sample:
        path = Path(shutil.copyfile(record, tmp_path / "copy.sqlite"))
        moved = flip(path, table, rank, column, rng.randrange(10**6))
        found = checked(path).fault
        assert found is not None, (table, rank, column)
        if moved is None:
            assert (found.step, found.table) == (number, table)
        else:  # the row moved to another step: too much there or missing here, whichever is first
            assert found.step == min(number, moved)


def test_a_flipped_bit_of_the_log_itself_is_found(record: Path, tmp_path: Path) -> None:
    for table, column in (("log", "salt"), ("log", "data"), ("log", "sha256"), ("nodes", "sha256")):
        for at in (1, 7, 18):
            path = Path(shutil.copyfile(record, tmp_path / "copy.sqlite"))
            db = apsw.Connection(str(path))
            (raw,) = next(db.execute(f"SELECT {column} FROM {table} LIMIT 1 OFFSET {at}"))
            db.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (raw[:-1] + bytes([raw[-1] ^ 1]), raw)
            )
            db.close()
            found = checked(path).fault
            assert found is not None
            if table == "log":
                assert found.step == at + 1


@pytest.mark.parametrize(
    ("sql", "bad"),
    [
        (
            "DELETE FROM entries WHERE step = 7 AND side = 'stimulus' AND position = 1",
            (7, "stimulus", 1, "missing"),
        ),
        (
            "DELETE FROM entries WHERE step = 7 AND side = 'stimulus' AND position = 2",
            (7, "stimulus", 2, "missing"),
        ),
        ("DELETE FROM entries WHERE step = 8", (8, "effect", 0, "missing")),
        ("INSERT INTO entries VALUES (9, 'effect', 0, 'told', '{}')", (9, "effect told", 0, "added")),
        ("INSERT INTO entries VALUES (9, 'offer', 0, 'told', '{}')", (9, "offer told", 0, "added")),
        ("INSERT INTO entries VALUES (99, 'effect', 0, 'told', '{}')", (99, "effect told", 0, "added")),
        (
            "UPDATE entries SET kind = 'tol' WHERE step = 11 AND side = 'effect'",
            (11, "effect tol", 0, "changed"),
        ),
        (
            "UPDATE entries SET body = CAST(body AS BLOB) WHERE step = 11",
            (11, "stimulus plots", 0, "changed"),
        ),
        ("DELETE FROM steps WHERE step = 12", (12, "step", 0, "missing")),
        ("DELETE FROM steps WHERE step = 23", (23, "step", 0, "missing")),
        ("INSERT INTO steps VALUES (24, 1, 1, 1, x'00')", (24, "step", 0, "added")),
        ("INSERT INTO steps VALUES (0, 1, 1, 1, x'00')", (0, "step", 0, "added")),
        ("UPDATE steps SET now_ns = now_ns + 0.5 WHERE step = 5", (5, "step", 0, "changed")),
        ("DELETE FROM offers WHERE number = 141", (14, "offer", 1, "missing")),
        ("INSERT INTO offers VALUES (999, 15, x'00')", (15, "offer", 0, "added")),
        ("UPDATE offers SET step = 16 WHERE number = 141", (14, "offer", 1, "missing")),
        ("DELETE FROM imports WHERE step = 17 AND origin = 'JPN'", (17, "import", 0, "missing")),
        ("INSERT INTO imports VALUES ('USA', 'flow', 999, 18, 7)", (18, "import", 4, "added")),
        ("DELETE FROM log WHERE step = 19", (19, "leaf", 18, "missing")),
        ("DELETE FROM log WHERE step = 23", (23, "step", 0, "added")),
        ("DELETE FROM nodes WHERE height = 2 AND position = 1", (8, "node of height 2", 1, "missing")),
        ("INSERT INTO nodes VALUES (9, 9, x'00')", (None, "node", 19, "added")),
        ("UPDATE log SET step = 90 WHERE step = 20", (20, "leaf", 19, "changed")),
    ],
)
def test_what_was_changed_added_or_removed_is_named(
    copy: Path, sql: str, bad: tuple[int | None, str, int, str]
) -> None:
    tamper(copy, sql)
    found = named(verify(copy))
    assert (found["step"], found["kind"], found["position"], found["what"]) == bad
    said = tocsin("verify", copy)
    assert said.exit_code == 1
    assert bad[1] in said.output


def test_an_index_that_no_longer_fits_its_table_is_found(copy: Path) -> None:
    """Reports look entries up by kind: a broken index could hide one though every row is as it was."""
    db = apsw.Connection(str(copy))
    (page,) = next(db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entries_kind'"))
    size = int(db.pragma("page_size"))
    db.close()
    raw = bytearray(copy.read_bytes())
    raw[page * size - 1] ^= 1
    before = covered(copy)
    copy.write_bytes(raw)
    assert covered(copy) == before
    found = named(verify(copy))
    assert found["table"] == "file"


def test_the_first_of_several_is_named(copy: Path) -> None:
    tamper(copy, "UPDATE entries SET body = '{}' WHERE step > 4", "DELETE FROM offers WHERE step = 8")
    assert named(verify(copy))["step"] == 5


def test_no_byte_of_the_file_can_be_changed_unnoticed_where_the_record_stands(
    record: Path, tmp_path: Path
) -> None:
    """Bytes of the file itself. Most of it is the record; what passes is exactly what holds none of it."""
    whole, rng = record.read_bytes(), random.Random(9162)
    rows = covered(record)
    passed = 0
    for _ in range(150):
        raw = bytearray(whole)
        at = rng.randrange(100, len(raw))
        raw[at] ^= 1 << rng.randrange(8)
        path = tmp_path / "copy.sqlite"
        path.write_bytes(raw)
        try:
            found = checked(path)
        except UserError:
            continue
        if found.fault is None:
            passed += 1
            assert covered(path) == rows
    assert passed < 150


# ---- checkpoints


def rewrite(path: Path) -> None:
    """The forger who owns the file: changes an entry and makes log and nodes anew, all in order."""
    forged = path.with_name("forged.sqlite")
    ledger = Ledger(forged)
    ledger.describe(nation="KOR", plane="EXERCISE", scenario="quiet")
    for n in range(1, STEPS + 1):
        one = step(n)
        ledger.append(one._replace(effects=()) if n == 5 else one)
    ledger.close()
    forged.replace(path)


def cut(path: Path) -> None:
    """The forger, or an old backup: the newest steps are gone, everything else is sound."""
    tables = ("steps", "entries", "offers", "imports", "log")
    tamper(path, *(f"DELETE FROM {table} WHERE step > 20" for table in tables))
    tamper(path, "DELETE FROM nodes WHERE (position + 1) << height > 20")


@pytest.mark.parametrize(("forge", "words"), [(rewrite, "rewritten"), (cut, "removed")])
def test_only_the_checkpoint_shows_a_consistent_forgery(
    copy: Path, tmp_path: Path, checkpoint: bytes, forge: Callable[[Path], None], words: str
) -> None:
    note = tmp_path / "KOR.checkpoint"
    note.write_bytes(checkpoint)
    under = ("--checkpoint", note, "--key", KEY.text)
    good = verify(copy, *under)
    assert good.exit_code == 0
    assert json.loads(good.output)["checkpoint"]["size"] == STEPS
    forge(copy)
    assert verify(copy).exit_code == 0
    bad = verify(copy, *under)
    assert bad.exit_code == 1
    assert words in json.loads(bad.output)["reason"]


def test_an_older_checkpoint_holds_for_the_record_as_it_grew(record: Path, tmp_path: Path) -> None:
    note = tmp_path / "old.checkpoint"
    for size in (0, 1, 16, 22):
        note.write_bytes(checkpoint_of(record, size))
        facts = json.loads(
            verify(record, "--checkpoint", note, "--key", KEY.text, "--key", WITNESS.text).output
        )
        assert facts["ok"]
        assert facts["checkpoint"]["witnesses"] == [{"name": WITNESS.name, "time_s": 1_700_000_000}]


def test_a_nations_trust_entry_is_enough_to_believe_its_record(record: Path, tmp_path: Path) -> None:
    folder = make_keys(tmp_path / "keys", Nation.KOR, Plane.EXERCISE, (), Instant(10**18))
    write_entry(tmp_path / "KOR.trust.json", own_entry(Nation.KOR, Plane.EXERCISE, folder))
    release = load_release_key(folder.release(1))
    key, _ = nation_keys(Nation.KOR, Plane.EXERCISE, release.public)
    db = open_record(record)
    seen = head_checkpoint(db)
    db.close()
    note = tmp_path / "KOR.checkpoint"
    note.write_bytes(sign_checkpoint(seen, NoteSigner(key, release.sign)).data)
    under = ("--checkpoint", note, "--trust", tmp_path / "KOR.trust.json")
    assert verify(record, *under).exit_code == 0
    note.write_bytes(sign_checkpoint(seen, signer()).data)  # another key that calls itself the same
    assert verify(record, *under).exit_code == 1


def test_a_checkpoint_needs_a_key_and_its_signature(record: Path, tmp_path: Path, checkpoint: bytes) -> None:
    note = tmp_path / "KOR.checkpoint"
    note.write_bytes(checkpoint)
    assert verify(record, "--checkpoint", note).exit_code == 2
    note.write_bytes(checkpoint.replace(b"\n23\n", b"\n22\n"))
    bad = verify(record, "--checkpoint", note, "--key", KEY.text)
    assert bad.exit_code == 1
    assert "not believed" in json.loads(bad.output)["reason"]


# ---- proofs


@pytest.fixture
def proved(record: Path, tmp_path: Path, checkpoint: bytes) -> Callable[..., Path]:
    note = tmp_path / "KOR.checkpoint"
    note.write_bytes(checkpoint)

    def prove(n: int, *words: str, signed: bool = True) -> Path:
        out = tmp_path / f"step-{n}.tlog-proof"
        more = ["--checkpoint", str(note)] if signed else []
        result = tocsin("prove", record, "--step", str(n), "--out", str(out), *more, *words)
        assert result.exit_code == 0, result.output
        return out

    return prove


def test_every_step_can_be_proved_without_the_record(proved: Callable[..., Path], tmp_path: Path) -> None:
    for n in range(1, STEPS + 1):
        result = verify("--proof", proved(n), "--key", KEY.text)
        assert result.exit_code == 0, result.output
        facts = json.loads(result.output)
        assert (facts["step"], facts["leaf"], facts["checkpoint"]["origin"]) == (n, n - 1, ORIGIN)
        assert [row["table"] for row in facts["shown"]] == ["steps"]
        assert facts["shown"][0]["values"][:2] == [n, n * 10**9]


def test_an_unsigned_proof_needs_the_checkpoint_beside_it(
    proved: Callable[..., Path], tmp_path: Path
) -> None:
    out = proved(7, signed=False)
    alone = verify("--proof", out, "--key", KEY.text)
    assert alone.exit_code == 2
    assert "--checkpoint" in alone.output
    note = tmp_path / "KOR.checkpoint"
    assert verify("--proof", out, "--checkpoint", note, "--key", KEY.text).exit_code == 0


def test_a_proof_shows_what_it_was_told_to_and_nothing_else(proved: Callable[..., Path]) -> None:
    def shown(*words: str) -> list[tuple[str, int]]:
        facts = json.loads(verify("--proof", proved(11, *words), "--key", KEY.text).output)
        return [(row["group"], row["position"]) for row in facts["shown"]]

    assert shown("--show", "stimulus:2") == [("step", 0), ("stimulus", 2)]
    assert shown("--show", "effect", "--show", "offer:1") == [
        ("step", 0),
        ("effect", 0),
        ("effect", 1),
        ("offer", 1),
    ]
    assert len(shown("--show", "all")) == 1 + 3 + 2 + 2 + 4
    texts = {
        word: b64decode(proved(11, "--show", word).read_bytes().split()[2]) for word in ("step", "effect")
    }
    secret = b64encode(canonical("entries", (11, "effect", 0, "told", step(11).effects[0].body)))
    assert secret in texts["effect"]
    assert secret not in texts["step"]


def test_a_changed_proof_does_not_hold(proved: Callable[..., Path], tmp_path: Path) -> None:
    whole = proved(13, "--show", "all").read_bytes()
    rng = random.Random(13)
    path = tmp_path / "changed.tlog-proof"
    outcomes = []
    for _ in range(200):
        raw = bytearray(whole)
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(7)
        try:
            proof = parse_proof(bytes(raw))
            holds = refuted(proof, believe(proof.checkpoint, [KEY]).checkpoint) is None
        except (ProofError, NoteError):
            holds = False
        if holds:  # a change inside the witness's line, whose key is not given
            assert raw.partition(b"\n\n")[0] == whole.partition(b"\n\n")[0]
        outcomes.append(holds)
    assert outcomes.count(False) > 100
    path.write_bytes(whole.replace(b"index 12", b"index 13"))
    assert verify("--proof", path, "--key", KEY.text).exit_code == 1


def test_a_proof_does_not_hold_for_another_step_or_record(
    proved: Callable[..., Path], copy: Path, tmp_path: Path
) -> None:
    out = proved(13)
    moved = out.read_bytes().replace(b"index 12", b"index 11")
    (tmp_path / "moved").write_bytes(moved)
    assert verify("--proof", tmp_path / "moved", "--key", KEY.text).exit_code == 1
    rewrite(copy)
    (tmp_path / "other.checkpoint").write_bytes(checkpoint_of(copy))
    other = verify("--proof", out, "--checkpoint", tmp_path / "other.checkpoint", "--key", KEY.text)
    assert other.exit_code == 1


# ---- mistakes


@pytest.mark.parametrize("kind", ["none", "text", "sqlite", "door", "old"])
def test_what_is_no_record_is_a_mistake(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.sqlite"
    if kind == "text":
        path.write_text("no database at all\n" * 100)
    elif kind != "none":
        db = apsw.Connection(str(path))
        db.execute("CREATE TABLE steps(step INTEGER PRIMARY KEY)")
        db.pragma("user_version", {"sqlite": 0, "door": 2, "old": 1}[kind])
        db.close()
    for result in (
        verify(path),
        tocsin("prove", path, "--step", "1", "--out", str(tmp_path / "p")),
    ):
        assert result.exit_code == 2
        assert result.output.startswith("error: ")


@pytest.mark.parametrize(
    "words",
    [("--step", "99"), ("--step", "5", "--show", "effect:9"), ("--step", "5", "--show", "radar")],
)
def test_what_the_record_does_not_hold_cannot_be_proved(
    record: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = tocsin("prove", record, *words, "--out", str(tmp_path / "p"))
    assert result.exit_code == 2
    assert not (tmp_path / "p").exists()


def test_a_tampered_step_cannot_be_proved(copy: Path, tmp_path: Path) -> None:
    tamper(copy, "UPDATE steps SET now_ns = 5 WHERE step = 5")
    result = tocsin("prove", copy, "--step", "5", "--out", str(tmp_path / "p"))
    assert result.exit_code == 2
    assert "tocsin verify" in result.output

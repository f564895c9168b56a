"""`tocsin witness` beside a door's book, and `tocsin verify --equivocation` with what it writes."""

import json
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest
from door_world import Net, World
from exchange_samples import NOW, PLANE
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.node import equivocation
from tocsin.node.config import NodeConfig, load_config
from tocsin.node.founding import default_ports, found_node
from tocsin.node.keys import make_keys
from tocsin.node.trust import own_entry, read_entry, write_entry
from tocsin.record.checkpoint import Checkpoint, log_origin, nation_log_keys, sign_checkpoint
from tocsin.record.note import NoteSigner
from tocsin.release._key import load_release_key
from tocsin.share.keylist import Use

KOR, JPN = Nation.KOR, Nation.JPN


def tocsin(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, words)])
    if isinstance(result.exception, UserError):
        return 2, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def node(tmp_path: Path) -> NodeConfig:
    """Japan's node, whose door has seen five seconds of three nations."""
    root = tmp_path / "jpn"
    found_node(root, JPN, PLANE, default_ports(JPN), NOW)
    config = load_config(root / "node.toml")
    (tmp_path / "world").mkdir()
    world = World(tmp_path / "world", Net(), logs=True)
    world.run(5.0)
    world.close()
    shutil.copy(world.doors[JPN].path, config.door_book)
    return config


def test_show_says_who_has_witnessed_what(node: NodeConfig) -> None:
    code, output = tocsin("witness", "show", node.source, "--json")
    assert code == 0
    facts: dict[str, Any] = json.loads(output)
    assert facts["signing"]
    assert facts["size"] >= 5
    assert set(facts["cosigned_by"]) == set(facts["seen"]) == {"KOR", "USA"}
    assert min(*facts["cosigned_by"].values(), *facts["seen"].values()) >= 4
    assert "log of KOR witnessed up to tick" in tocsin("witness", "show", node.source)[1]


def test_a_partners_checkpoint_can_be_taken_along(node: NodeConfig, tmp_path: Path) -> None:
    out = tmp_path / "KOR.checkpoint"
    assert tocsin("witness", "export", node.source, "--of", "KOR", "--out", out)[0] == 0
    text = out.read_text("utf-8")
    assert text.startswith("tocsin/EXERCISE/KOR/log-1\n")
    assert "\N{EM DASH} tocsin/EXERCISE/JPN/witness " in text


def test_retiring_begins_a_new_log(node: NodeConfig) -> None:
    code, output = tocsin("witness", "retire", node.source)
    assert (code, output) == (0, "log key JPN-EXERCISE-L2 begins a new log of JPN\n")
    keys = json.loads(tocsin("trust", "show", node.source, "--json")[1])
    assert keys, "the entry can still be read"
    entry = read_entry(node.trust_dir / "JPN.json")
    uses = {one.key_id: one.use for one in entry.believed.keys.logs}
    assert uses == {"JPN-EXERCISE-L1": Use.RETIRED, "JPN-EXERCISE-L2": Use.CURRENT}
    assert entry.believed.version == 2


def test_without_a_door_book_there_is_nothing_to_show(tmp_path: Path) -> None:
    found_node(tmp_path / "kor", KOR, PLANE, default_ports(KOR), NOW)
    code, output = tocsin("witness", "show", tmp_path / "kor" / "node.toml")
    assert code == 2
    assert "run the node first" in output


def test_a_proof_of_two_truths_is_checked_by_public_keys(tmp_path: Path) -> None:
    folder = make_keys(tmp_path / "keys", KOR, PLANE, (), Instant(NOW))
    entry = tmp_path / "KOR.json"
    write_entry(entry, own_entry(KOR, PLANE, folder))
    held = load_release_key(folder.door / "log-1.json")
    origin = log_origin(KOR, PLANE, 1)
    signer = NoteSigner(nation_log_keys(KOR, PLANE, 1, held.public)[0], held.sign)
    one, other = (sign_checkpoint(Checkpoint(origin, 9, bytes([n]) * 32), signer).data for n in (1, 2))
    proof = tmp_path / "KOR-1.json"
    proof.write_bytes(equivocation.of_checkpoints(one, other))
    code, output = tocsin("verify", "--equivocation", proof, "--trust", entry)
    assert code == 0
    assert f"proven: KOR signed two roots for {origin} at size 9" in output
    proof.write_bytes(equivocation.of_checkpoints(one, one))
    code, output = tocsin("verify", "--equivocation", proof, "--trust", entry, "--json")
    assert code == 1
    assert json.loads(output)["reason"] == "the two checkpoints say the same"
    assert tocsin("verify", "--equivocation", proof)[0] == 2
    proof.write_bytes(b"no json")
    assert tocsin("verify", "--equivocation", proof, "--trust", entry)[0] == 1


def test_evidence_is_written_a_file_each(node: NodeConfig, tmp_path: Path) -> None:
    assert tocsin("witness", "evidence", node.source, "--out", tmp_path)[1] == "no proof is held\n"
    db = apsw.Connection(str(node.door_book))
    db.execute("INSERT INTO proof(nation, says, at_wall_ns, body) VALUES ('KOR', 'two roots', 1, x'7b7d')")
    db.close()
    code, output = tocsin("witness", "evidence", node.source, "--out", tmp_path / "new")
    assert (code, output) == (0, f"{tmp_path / 'new' / 'KOR-1.json'}: two roots\n")
    assert (tmp_path / "new" / "KOR-1.json").read_bytes() == b"{}"

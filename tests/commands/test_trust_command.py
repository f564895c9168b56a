"""`tocsin trust rotate`, `revoke` and `certify` as an operator types them, beside no running node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.config import load_config
from tocsin.node.keys import KeyFolder, make_keys

NOW = Instant(1_790_000_000_000_000_000)


def run(*words: object) -> str:
    """What the command says; its exception when it fails."""
    result = CliRunner().invoke(app, ["trust", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "kor"
    made = CliRunner().invoke(app, ["init", "--nation", "KOR", "--dir", str(folder)])
    assert made.exit_code == 0, made.output
    return folder / "node.toml"


def uses(shown: Any, kind: str = "signing") -> dict[str, str]:
    return {row["key_id"]: row["use"] for row in shown[kind]}


def own(config: Path) -> Any:
    return run_json("show", config)["entries"][0]


@pytest.mark.parametrize("kind", ["signing", "encryption"])
def test_the_next_key_takes_over_and_a_new_next_one_is_made(config: Path, kind: str) -> None:
    before, after = own(config), run_json("rotate", config)
    assert after["version"] == before["version"] + 1
    assert after["fingerprint"] == before["fingerprint"], "what was compared by voice stays"
    was, now = uses(before, kind), uses(after, kind)
    for key_id, use in was.items():
        assert now[key_id] == {"next": "current", "current": "former", "former": "retired"}[use]
    assert [use for key_id, use in now.items() if key_id not in was] == ["next"]
    assert uses(own(config), kind) == now


def test_a_partner_takes_the_new_list_by_the_fingerprint_that_it_knows(config: Path, tmp_path: Path) -> None:
    usa = tmp_path / "usa"
    assert CliRunner().invoke(app, ["init", "--nation", "USA", "--dir", str(usa)]).exit_code == 0
    file = tmp_path / "kor.json"
    said = run_json("export", config, "--out", file)["fingerprint"]
    run("accept", usa / "node.toml", file, "--fingerprint", said)
    version = run_json("rotate", config)["version"]
    run("export", config, "--out", file)
    run("accept", usa / "node.toml", file, "--fingerprint", said)
    held = {row["nation"]: row["version"] for row in run_json("show", usa / "node.toml")["entries"]}
    assert held["KOR"] == version


def revoked(shown: Any) -> dict[str, dict[str, int]]:
    return {row["key_id"]: row["revoked"] for row in shown["signing"] if row["revoked"] is not None}


def test_a_revoked_key_counts_up_to_what_is_said_and_its_successor_takes_over(config: Path) -> None:
    before = own(config)
    lost = next(key_id for key_id, use in uses(before).items() if use == "current")
    after = run_json("revoke", config, lost, "--after", "JPN/flow=1200", "--after", "JPN/urgent=31")
    assert revoked(after) == {lost: {"JPN/flow": 1200, "JPN/urgent": 31}}
    assert uses(after)[lost] != "current"
    assert list(uses(after).values()).count("current") == 1
    assert after["version"] > before["version"]
    said = run("show", config)
    assert f"{lost}: former, REVOKED after JPN/flow=1200, JPN/urgent=31" in said


def test_a_key_revoked_for_everything_counts_for_nothing(config: Path) -> None:
    lost = next(iter(uses(own(config))))
    assert revoked(run_json("revoke", config, lost, "--nothing")) == {lost: {}}
    assert f"{lost}: former, REVOKED after nothing" in run("show", config)


def test_another_rotation_keeps_the_revocation(config: Path) -> None:
    lost = next(iter(uses(own(config))))
    run("revoke", config, lost, "--after", "USA/flow=7")
    assert revoked(run_json("rotate", config)) == {lost: {"USA/flow": 7}}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("revoke", "KOR-EXERCISE-99"), "KOR-EXERCISE-99"),
        (("revoke", "KEY", "--after", "JPN/flow"), "--after JPN/flow names no stream"),
        (("revoke", "KEY", "--after", "DEU/flow=3"), "names no stream"),
        (("revoke", "KEY", "--after", "JPN/secret=3"), "names no stream"),
        (("revoke", "KEY", "--after", "JPN/flow=many"), "names no stream"),
    ],
)
def test_mistakes_change_nothing(config: Path, words: tuple[str, ...], says: str) -> None:
    before = own(config)
    command, *rest = (next(iter(uses(before))) if word == "KEY" else word for word in words)
    with pytest.raises(UserError, match=says):
        run(command, config, *rest)
    assert own(config) == before


def test_a_key_is_revoked_once(config: Path) -> None:
    lost = next(iter(uses(own(config))))
    run("revoke", config, lost)
    before = own(config)
    with pytest.raises(UserError, match="revoked"):
        run("revoke", config, lost)
    assert own(config) == before


@pytest.mark.parametrize("command", ["rotate", "revoke", "certify"])
def test_what_only_the_root_or_the_authority_may_do_needs_its_key(config: Path, command: str) -> None:
    before = own(config)
    keys = KeyFolder(load_config(config).keys_dir)
    for secret in (keys.root_key, keys.private("ca")):
        secret.unlink()
    with pytest.raises(UserError, match=r"root|ca\.key"):
        run(command, config, *([next(iter(uses(before)))] if command == "revoke" else []))
    assert own(config) == before


def test_another_nodes_root_key_signs_no_list(config: Path, tmp_path: Path) -> None:
    before = own(config)
    keys = KeyFolder(load_config(config).keys_dir)
    stranger = make_keys(tmp_path / "stranger", Nation.JPN, Plane.EXERCISE, (), NOW)
    stranger.root_key.replace(keys.root_key)
    with pytest.raises(UserError, match=r"root\.json is not the root key"):
        run("rotate", config)
    assert own(config) == before


@pytest.mark.parametrize("text", ["", "no key", "00" * 31])
def test_a_root_that_is_no_key_is_told(config: Path, text: str) -> None:
    keys = KeyFolder(load_config(config).keys_dir)
    keys.root_public.write_text(text)
    with pytest.raises(UserError, match=r"root\.pub"):
        run("rotate", config)


def certificates(config: Path) -> dict[str, x509.Certificate]:
    keys = KeyFolder(load_config(config).keys_dir)
    roles = ("ca", "node", "door", "hall")
    return {role: x509.load_pem_x509_certificate(keys.certificate(role).read_bytes()) for role in roles}


def test_new_certificates_are_of_the_same_authority(config: Path) -> None:
    before, shown = certificates(config), own(config)
    said = run_json("certify", config)
    after = certificates(config)
    assert after["ca"] == before["ca"]
    for role in ("node", "door", "hall"):
        assert after[role].serial_number != before[role].serial_number
        assert after[role].subject == before[role].subject
        after[role].verify_directly_issued_by(after["ca"])
    ends = min(one.not_valid_after_utc for role, one in after.items() if role != "ca")
    assert said["until_utc"].startswith(ends.strftime("%Y-%m-%dT%H:%M"))
    assert own(config) == shown, "partners need not do anything"


@pytest.mark.parametrize("command", ["rotate", "revoke", "certify"])
def test_help_has_an_example(command: str) -> None:
    assert f"tocsin trust {command}" in run(command, "--help").partition("Example")[2]

"""`tocsin init` and `tocsin trust` as a newcomer types them: three nodes made one by one come to trust each
other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.node.broker_plan import make_plan
from tocsin.node.config import load_config


def run(*words: object) -> str:
    """What the command says; its exception when it fails."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


def test_three_nodes_made_apart_come_to_trust_each_other(tmp_path: Path) -> None:
    for nation in Nation:
        run("init", "--nation", nation, "--dir", tmp_path / nation)
    for nation in Nation:
        config = tmp_path / nation / "node.toml"
        with pytest.raises(UserError, match="not trusted yet"):
            make_plan(load_config(config))
        for partner in Nation:
            if partner is not nation:
                file = tmp_path / f"{partner}.json"
                said = run_json("trust", "export", tmp_path / partner / "node.toml", "--out", file)[
                    "fingerprint"
                ]
                run("trust", "accept", config, file, "--fingerprint", said)
    for nation in Nation:
        shown = run_json("trust", "show", tmp_path / nation / "node.toml")
        assert shown["entries"][0]["nation"] == nation
        assert {row["nation"] for row in shown["entries"]} == set(Nation)
        assert shown["missing"] == []
        assert len(make_plan(load_config(tmp_path / nation / "node.toml")).links) == 2


def test_the_demo_trusts_itself(tmp_path: Path) -> None:
    made = run_json("init", "--demo", "--dir", tmp_path, "--topology", "hub")
    assert [row["nation"] for row in made["nodes"]] == list(Nation)
    for row in made["nodes"]:
        shown = run("trust", "show", row["config"])
        assert "not yet accepted" not in shown
        assert len(make_plan(load_config(Path(row["config"]))).links) == (2 if row["nation"] == "USA" else 1)


def test_what_is_shown_is_what_is_exported(tmp_path: Path) -> None:
    run("init", "--nation", "KOR", "--plane", "TEST", "--dir", tmp_path / "kor")
    out = tmp_path / "out.json"
    said = run("trust", "export", tmp_path / "kor" / "node.toml", "--out", out)
    print_ = run_json("trust", "show", tmp_path / "kor" / "node.toml")["entries"][0]["fingerprint"]
    assert print_ in said.replace(" ", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["init"], "either one nation or the demo"),
        (["init", "--demo", "--nation", "KOR"], "either one nation or the demo"),
        (["init", "--demo", "--plane", "REAL"], "plane EXERCISE"),
        (["trust", "show", "nowhere.toml"], "cannot read nowhere.toml"),
    ],
)
def test_mistakes_are_told_with_a_fix(words: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        run(*words)


def test_nothing_is_overwritten_and_nobody_believed_unasked(tmp_path: Path) -> None:
    for nation in (Nation.KOR, Nation.USA):
        run("init", "--nation", nation, "--dir", tmp_path / nation)
    with pytest.raises(UserError, match="already holds keys"):
        run("init", "--nation", "KOR", "--dir", tmp_path / "KOR")
    file = tmp_path / "kor.json"
    run("trust", "export", tmp_path / "KOR" / "node.toml", "--out", file)
    with pytest.raises(UserError, match="no fingerprint to compare with"):
        run("trust", "accept", tmp_path / "USA" / "node.toml", file)
    with pytest.raises(UserError, match="not the file's"):
        run("trust", "accept", tmp_path / "USA" / "node.toml", file, "--fingerprint", "00" * 32)


@pytest.mark.parametrize("words", [["init"], ["trust", "export"], ["trust", "accept"], ["trust", "show"]])
def test_help_has_an_example(words: list[str]) -> None:
    assert "tocsin " + words[0] in run(*words, "--help").partition("Example")[2]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--base-port", "99999"), "99999"),
        (("--base-port", "65534"), "65536"),
        (("--base-port", "0"), "0 is no port"),
        (("--base-port", "-3"), "-3"),
        (("--page-port", "65536"), "65536"),
        (("--page-port", "0"), "0 is no port"),
        (("--page-port", "14201"), "14201 would be used twice"),
        (("--host", "bad host!"), "bad host!"),
        (("--host", ""), "''"),
        (("--host", "fine.example", "--host", "192.0.2.256"), "192.0.2.256"),
        (("--host", "-a.example"), "-a.example"),
        (("--host", "a..example"), "a..example"),
        (("--host", "fe80::1%eth0"), "eth0"),
        (("--host", f"{'a' * 64}.example"), "aaaa"),
        (("--host", "한국.example"), "xn--"),
    ],
)
def test_what_cannot_be_an_address_is_refused_before_anything_is_written(
    tmp_path: Path, words: tuple[str, ...], names: str
) -> None:
    home = tmp_path / "node"
    result = CliRunner().invoke(app, ["init", "--nation", "USA", "--dir", str(home), *words])
    assert isinstance(result.exception, UserError)
    assert names in str(result.exception)
    assert not home.exists()


def test_the_demo_needs_ports_for_all_three(tmp_path: Path) -> None:
    for words in (("--base-port", "65520"), ("--page-port", "65534")):
        result = CliRunner().invoke(app, ["init", "--demo", "--dir", str(tmp_path / "demo"), *words])
        assert isinstance(result.exception, UserError)
        assert "is no port" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_highest_ports_and_every_kind_of_host_are_taken(tmp_path: Path) -> None:
    hosts = ("broker", "Broker-1.KOR.example", "192.0.2.1", "2001:db8::1", "xn--3e0b707e.example", "3com.com")
    words = [word for host in hosts for word in ("--host", host)]
    run("init", "--nation", "USA", "--dir", tmp_path, "--base-port", 65_533, "--page-port", 65_532, *words)
    config = load_config(tmp_path / "node.toml")
    assert (config.broker.leaf_port, config.page.port) == (65_535, 65_532)

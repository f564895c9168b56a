"""`tocsin policy` as an officer and a lawyer type it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from exchange_samples import label, launch, prediction, tracklet
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.model.handoff import HandedItem
from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Decision, Offer, Product, Traffic
from tocsin.model.time import Instant
from tocsin.node.founding import default_ports, found_node
from tocsin.node.hall_words import HandedIn
from tocsin.node.turn import entry
from tocsin.record.ledger import Ledger, Step
from tocsin.share.topology import Mode, Topology

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
PACK = msgspec.msgpack.Encoder(order="deterministic")


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["policy", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def run_json(*words: object, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code))


@pytest.fixture
def node(tmp_path: Path) -> Path:
    found_node(tmp_path / "kor", KOR, Plane.EXERCISE, default_ports(KOR), Instant(time.time_ns()))
    return tmp_path / "kor" / "node.toml"


def edit(node: Path, was: str, becomes: str) -> Path:
    policy = node.with_name("policy.toml")
    text = policy.read_text()
    assert was in text
    policy.write_text(text.replace(was, becomes))
    return policy


def message(folder: Path, product: Product) -> Path:
    file = folder / "message.json"
    file.write_bytes(msgspec.json.encode(product))
    return file


def test_show_gives_the_file_again_and_the_law_text(node: Path) -> None:
    policy = node.with_name("policy.toml")
    assert run("show", node) == run("show", policy) == run("show", "--default", "KOR") == policy.read_text()
    law = run("show", node, "--cedar")
    assert law.count("// ") > law.count("@id(") > 10
    assert 'resource.plane == "EXERCISE"' in law
    assert 'resource.plane == "REAL"' in run("show", "--default", "kor", "--cedar", "--plane", "REAL")


def test_show_takes_one_policy(node: Path) -> None:
    for words in ([], [node, "--default", "KOR"]):
        with pytest.raises(UserError, match="one policy"):
            run("show", *words)


def test_check_says_good_or_the_fault(node: Path) -> None:
    assert run_json("check", node) == {
        "file": str(node.with_name("policy.toml")), "good": True, "fault": None
    }  # fmt: skip
    assert "good" in run("check", node.with_name("policy.toml"))
    policy = edit(node, "grid_mps", "grid_mpss")
    said = run_json("check", policy, code=1)
    assert said["good"] is False
    assert "grid_mpss" in said["fault"]
    with pytest.raises(UserError, match="no policy at"):
        run("check", node.with_name("nothing.toml"))


def test_check_finds_a_law_text_that_differs(node: Path) -> None:
    law = run("show", node, "--cedar").replace("resource.releasableTo.contains(principal)", "true")
    node.with_name("policy.cedar").write_text(law)
    fault = run_json("check", node, code=1)["fault"]
    assert "the Cedar text says release" in fault
    assert "policy.cedar" in fault


def test_check_finds_another_nations_policy(node: Path) -> None:
    edit(node, 'nation = "KOR"', 'nation = "USA"')
    edit(node, "[partners.USA]", "[partners.KOR]")
    assert "USA's policy" in run_json("check", node, code=1)["fault"]


def test_explain_names_the_rule_the_reduction_and_the_way(node: Path, tmp_path: Path) -> None:
    file = message(tmp_path, tracklet(KOR, 1, label(KOR, frozenset((JPN,)), Caveat.COARSEN)))
    said = run_json("explain", file, "JPN", "--policy", node)
    assert (said["released"], said["rule"], said["by_hub"]) == (True, "permit.releasable", False)
    assert said["reduction"] == {"coarsen": {"grid_m": 1e4, "grid_mps": 100.0, "grid_ln_beta": 1.0}}
    assert said["in_the_way"] == []
    said = run_json("explain", file, "USA", "--policy", node, code=1)
    assert (said["released"], said["rule"]) == (False, "default.deny")
    assert "releasable_to" in said["in_the_way"][0]["change"]
    assert "decided by default.deny" in run("explain", file, "usa", "--policy", node, code=1)


def test_doing_what_explain_says_releases_it(node: Path, tmp_path: Path) -> None:
    """Every obstacle of this one is lifted as told, one after the other; the last lets it go."""
    policy = edit(node, '"tracklet", "launch", "prediction", "sensor", "warning", "plot"', '"tracklet"')
    edit(node, 'coarsen = "reduce"', 'coarsen = "forbid"')
    product = prediction(KOR, 1, label(KOR, frozenset(), Caveat.COARSEN, Caveat.DELAY))
    steps = [
        (
            "forbid.kind",
            'add "prediction" to partners.JPN.kinds',
            ('"tracklet"]', '"tracklet", "prediction"]'),
        ),
        ("forbid.coarsen", 'urgent.coarsen = "reduce"', ('coarsen = "forbid"', 'coarsen = "reduce"')),
        (
            "forbid.delay",
            'urgent.delay = "wait"',
            ('delay = "forbid"\n# Whole', 'delay = "wait"\n# Whole'),
        ),
    ]
    for rule, change, (was, becomes) in steps:
        said = run_json("explain", message(tmp_path, product), "JPN", "--policy", policy, code=1)
        assert said["rule"] == rule
        assert change in said["in_the_way"][0]["change"]
        edit(node, was, becomes)
    edit(node, '1 to 86400; 0 with "forbid".\ndelay_s = 0', '1 to 86400; 0 with "forbid".\ndelay_s = 20')
    said = run_json("explain", message(tmp_path, product), "JPN", "--policy", policy, code=1)
    assert [step["rule"] for step in said["in_the_way"]] == ["default.deny"]
    given = msgspec.structs.replace(
        product, label=label(KOR, frozenset((JPN,)), Caveat.COARSEN, Caveat.DELAY)
    )
    said = run_json("explain", message(tmp_path, given), "JPN", "--policy", policy)
    assert said["reduction"] == {"coarsen": {"grid_deg": 0.1, "grid_apogee_m": 1e4}, "delay_s": 20}
    assert "delay_s 20" in run("explain", message(tmp_path, given), "JPN", "--policy", policy)


def test_explain_knows_the_nodes_plane_and_topology(tmp_path: Path) -> None:
    root = tmp_path / "hub"
    hub = Topology(Mode.HUB, USA)
    found_node(root, KOR, Plane.EXERCISE, default_ports(KOR), Instant(time.time_ns()), hub)
    only_japan = message(tmp_path, launch(KOR, 1, label(KOR, frozenset((JPN,)))))
    said = run_json("explain", only_japan, "JPN", "--policy", root / "policy.toml", code=1)
    assert said["rule"] == "forbid.hub-may-not-read"
    assert run_json("explain", only_japan, "JPN")["released"] is True
    real = message(tmp_path, launch(KOR, 1, Label(Plane.REAL, frozenset((KOR,)), frozenset((JPN,)))))
    assert (
        run_json("explain", real, "JPN", "--policy", root / "node.toml", code=1)["rule"]
        == "forbid.other-plane"
    )


def test_explain_takes_an_offer_out_of_a_record(node: Path) -> None:
    record = node.with_name("hall.sqlite")
    ledger = Ledger(record)
    offer = Offer(1, tracklet(KOR, 1, label(KOR, frozenset((USA,)))), Instant(0))
    decided = Decision(1, JPN, False, "default.deny", Traffic.FLOW, track_id="KOR-1")
    handed = entry(HandedIn((HandedItem(1, decided),)))
    zero = Instant(0)
    ledger.append(Step(1, zero, zero, zero, bytes(32), (), (), ((1, PACK.encode(offer)),)))
    ledger.append(Step(2, zero, zero, zero, bytes(32), (handed,)))
    ledger.close()
    said = run_json("explain", f"{record}#1", "JPN", code=1)
    assert said["rule"] == said["recorded_rule"] == "default.deny"
    assert said["policy"] == str(node.with_name("policy.toml"))
    assert run_json("explain", f"{record}#1", "USA")["recorded_rule"] is None
    with pytest.raises(UserError, match="no offer 2"):
        run("explain", f"{record}#2", "JPN")


@pytest.mark.parametrize("text", ["nothing", "{}", '{"type": "plot"}'])
def test_explain_of_no_product_is_a_mistake(tmp_path: Path, text: str) -> None:
    file = tmp_path / "message.json"
    if text != "nothing":
        file.write_text(text)
    with pytest.raises(UserError):
        run("explain", file, "JPN")


def test_explain_of_numbers_that_no_product_has(node: Path, tmp_path: Path) -> None:
    bad = launch(KOR, 1)
    bad = msgspec.structs.replace(bad, launch=msgspec.structs.replace(bad.launch, lat_deg=99.0))
    said = run_json("explain", message(tmp_path, bad), "JPN", "--policy", node, code=1)
    assert (said["rule"], said["released"]) == ("forbid.unsound", False)

"""A node's configuration: what `init` writes can be read, and every mistake names file, key and fix."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from tocsin.errors import UserError
from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.sensor import SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.warning import Thresholds
from tocsin.node.config import Clock, NodeConfig, load_config, parse_config
from tocsin.node.founding import config_text, default_ports
from tocsin.share.topology import Mode, Topology

KOR = Nation.KOR
FULL = """
corridor_m = 30000.0
clock = "world"
world_port = 14300
scenario = "2022-10-04"
outlets = "public"

[warn]
impact_probability = 0.03

[[feeds]]
kind = "udp"
format = "asterix"
host = "192.0.2.1"
port = 8600
group = "239.255.0.1"
protected_network = true

[[feeds]]
kind = "file"
format = "jsonl"
path = "plots.jsonl"

[[sensors]]
id = "kor-radar"
kind = "radar"
errors = { range_m = 50.0, az_rad = 0.001, el_rad = 0.001 }
place = { lat_deg = 37.5, lon_deg = 127.0 }
releasable_to = ["USA", "JPN", "KOR"]
caveats = ["COARSEN"]
sac = 1
sic = 2

[[officers]]
name = "watch"
credential = "w-1"
delay_s = 5.0

"""


def basic(nation: Nation = KOR, mode: Mode = Mode.BOTH) -> str:
    return config_text(nation, Plane.EXERCISE, default_ports(nation), Topology(mode), {})


def document() -> dict[str, Any]:
    return tomllib.loads(basic())


def refusal(changed: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        parse_config(changed, Path("kor/node.toml"))
    assert caught.value.fix
    return str(caught.value.args[0])


@pytest.mark.parametrize("nation", list(Nation))
@pytest.mark.parametrize("mode", list(Mode))
def test_what_init_writes_can_be_read(tmp_path: Path, nation: Nation, mode: Mode) -> None:
    (tmp_path / "node.toml").write_text(basic(nation, mode))
    config = load_config(tmp_path / "node.toml")
    assert (config.nation, config.plane, config.topology) == (nation, Plane.EXERCISE, Topology(mode))
    assert {config.broker.host, config.broker.leaf_host, config.page.host} == {"127.0.0.1"}
    assert config.page.name == f"{nation}-exercise.localhost".lower()
    assert config.keys_dir == tmp_path / "keys"
    assert config.clock is Clock.WALL


def test_ports_of_three_nations_do_not_collide() -> None:
    rows = [default_ports(nation) for nation in Nation]
    assert [row.page for row in rows] == [8801, 8802, 8803]
    every = [port for row in rows for port in (row.broker, row.monitor, row.leaf, row.page)]
    assert len(set(every)) == 12


def test_every_key_is_understood(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(tomlkit.dumps(document() | tomllib.loads(FULL)))
    config = load_config(tmp_path / "node.toml")
    (sensor,) = config.registry()
    assert sensor.label == Label(
        Plane.EXERCISE, frozenset({KOR}), frozenset({Nation.USA, Nation.JPN}), frozenset({Caveat.COARSEN})
    )
    assert (sensor.kind, sensor.place) == (SensorKind.RADAR, Geodetic(37.5, 127.0))
    assert sensor.errors == SensorErrors(range_m=50.0, az_rad=0.001, el_rad=0.001)
    assert config.corridor_m == 30_000.0
    assert config.warn == Thresholds(impact_probability=0.03)
    assert config.outlets_dir == tmp_path / "public"
    assert [feed.kind for feed in config.feeds] == ["udp", "file"]
    assert config.officers[0].delay_s == 5.0


@pytest.mark.parametrize(
    ("table", "key", "value", "says"),
    [
        (None, "nation", "PRK", r"Invalid enum value 'PRK' - at `\$.nation`"),
        (None, "natoin", "KOR", "natoin"),
        (None, "corridor_m", 0, "corridor_m: 0.0 m"),
        (None, "clock", "world", "world_port"),
        ("broker", "port", 0, "broker.port: 0 is no port"),
        ("broker", "port", 14211, "broker.port: port 14211 is given twice"),
        ("broker", "port", "14210", r"Expected `int`, got `str` - at `\$.broker.port`"),
        ("page", "host", "0.0.0.0", "page.host: 0.0.0.0 is not loopback and the page has no TLS"),
        ("topology", "mode", "star", r"\$.topology.mode"),
    ],
)
def test_a_wrong_value_is_named(table: str | None, key: str, value: object, says: str) -> None:
    changed = document()
    (changed if table is None else changed[table])[key] = value
    with pytest.raises(UserError, match=says) as caught:
        parse_config(changed, Path("kor/node.toml"))
    assert "kor/node.toml" in str(caught.value)
    assert caught.value.fix


def test_a_page_elsewhere_with_tls_is_accepted() -> None:
    changed = document()
    changed["page"] |= {"host": "0.0.0.0", "tls_cert": "page.pem", "tls_key": "page.key"}
    assert parse_config(changed, Path("node.toml")).page.host == "0.0.0.0"


@pytest.mark.parametrize("where", [{"host": "0.0.0.0"}, {"group": "239.255.0.1"}])
def test_a_feed_elsewhere_needs_the_operators_word(where: dict[str, str]) -> None:
    feed = {"kind": "udp", "format": "asterix", "port": 8600, **where}
    assert "feeds[1].host" in refusal(document() | {"feeds": [feed]})
    spoken = feed | {"protected_network": True}
    assert isinstance(parse_config(document() | {"feeds": [spoken]}, Path("n.toml")), NodeConfig)


def test_a_feed_needs_its_port_or_path() -> None:
    assert "feeds[1].port" in refusal(document() | {"feeds": [{"kind": "tcp", "format": "jsonl"}]})
    assert "feeds[1].path" in refusal(document() | {"feeds": [{"kind": "file", "format": "jsonl"}]})


def test_a_real_node_has_no_scenario_and_no_scripted_officer() -> None:
    real = document() | {"plane": "REAL"}
    assert "clock" in refusal(real | {"clock": "world", "world_port": 1})
    officer = {"name": "watch", "credential": "w-1", "delay_s": 5.0}
    assert "officers.delay_s" in refusal(real | {"officers": [officer]})


@pytest.mark.parametrize("leaf", [None, "nowhere", "a:b", "host:0", 'x" }:1', "user@host:1", "[::1]:70000"])
def test_a_partner_that_we_dial_needs_a_usable_address(leaf: str | None) -> None:
    partner = {"nation": "USA"} if leaf is None else {"nation": "USA", "leaf": leaf}
    assert "partners.leaf" in refusal(document() | {"partners": [partner]})


@pytest.mark.parametrize("nations", [["KOR"], ["USA", "USA"]])
def test_partners_are_others_and_named_once(nations: list[str]) -> None:
    rows = [{"nation": nation, "leaf": "127.0.0.1:1"} for nation in nations]
    assert "partners" in refusal(document() | {"partners": rows})


@pytest.mark.parametrize(("key", "same"), [("sensors", "id"), ("officers", "credential")])
def test_two_of_the_same_are_refused(key: str, same: str) -> None:
    row = {
        "sensors": {"id": "r", "kind": "radar", "errors": {}},
        "officers": {"name": "n", "credential": "c"},
    }[key]
    assert f"{key}.{same}" in refusal(document() | {key: [row, row]})


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.toml.*No such file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("nation = \n")
    with pytest.raises(UserError, match=r"bad.toml is not TOML.*line 1"):
        load_config(tmp_path / "bad.toml")

"""The broker's configuration: what it says, and that no value can say more than itself."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from brokers import free_node_ports
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.broker import Broker
from tocsin.node.broker_plan import make_plan
from tocsin.node.founding import found_demo
from tocsin.share.broker_config import HEADER, BrokerPlan, LinkPlan, TlsFiles, render
from tocsin.share.topology import Mode, Topology

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA


def plan(nation: Nation = KOR, mode: Mode = Mode.BOTH, **more: Any) -> BrokerPlan:
    shape = Topology(mode)
    links = tuple(
        LinkPlan(p, f"UDOOR{p}", "ca.pem", "tls://127.0.0.1:1", "SU")
        if shape.dials(nation, p)
        else LinkPlan(p, f"UDOOR{p}", "ca.pem", leaf_nkey=f"ULEAF{p}")
        for p in shape.links(nation)
    )
    made = BrokerPlan(
        nation=nation,
        plane=Plane.EXERCISE,
        topology=shape,
        listen="127.0.0.1:1",
        monitor="127.0.0.1:2",
        store_dir="store",
        log_file="log",
        tls=TlsFiles("cert", "key", "ca"),
        sys_nkey="USYS",
        hall_nkey="UHALL",
        door_nkey="UDOOR",
        links=links,
        leaf_listen="127.0.0.1:3",
        leaf_ca="partners.pem",
    )
    return replace(made, **more)


def parsed(text: str) -> Any:
    return json.loads(text.removeprefix(HEADER))


def strings(value: Any) -> list[str]:
    """Every key and value that is text, in order."""
    if isinstance(value, dict):
        return [s for k, v in value.items() for s in (k, *strings(v))]
    if isinstance(value, list):
        return [s for v in value for s in strings(v)]
    return [value] if isinstance(value, str) else []


@given(odd=st.text(min_size=1))
def test_a_value_stands_in_the_text_as_itself_or_is_refused(odd: str) -> None:
    try:
        text = render(plan(store_dir=odd))
    except UserError:
        assert not odd.isprintable()
        return
    assert odd.isprintable()
    plain = parsed(render(plan()))
    plain["jetstream"]["store_dir"] = odd
    assert parsed(text) == plain


def test_the_real_server_reads_odd_paths_as_they_are(tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted" $HOME \\x41 {#} // 한국 日本'
    config = found_demo(odd, Instant(time.time_ns()), free_node_ports())[USA]
    broker = Broker(render(make_plan(config)), config.broker_dir, config.broker.monitor_port, ())

    async def work() -> None:
        await broker.start()
        await broker.stop()

    asyncio.run(work())
    assert "Server is ready" in (config.broker_dir / "nats.log").read_text()
    assert (config.broker_dir / "store" / "jetstream").is_dir()


@pytest.mark.parametrize("nation", list(Nation))
@pytest.mark.parametrize("mode", list(Mode))
def test_what_the_design_asks_of_every_server(nation: Nation, mode: Mode) -> None:
    text = parsed(render(plan(nation, mode)))
    assert text["jetstream"]["sync_interval"] == "always"
    assert text["jetstream"]["domain"] == f"{nation}-EXERCISE"
    assert (text["ping_interval"], text["ping_max"], text["write_deadline"]) == ("2s", 2, "5s")
    leaf = text["leafnodes"]
    assert leaf["tls"]["verify"] is True
    assert (leaf["reconnect"], leaf["no_advertise"]) == ("1s", True)
    assert all(r["ignore_discovered_servers"] for r in leaf["remotes"])
    assert len(leaf["remotes"]) == sum(Topology(mode).dials(nation, p) for p in Nation)
    assert set(text["accounts"]) == {"SYS", "NAT"} | {f"LINK_{p}" for p in Topology(mode).links(nation)}


def test_every_subject_of_ours_begins_with_the_plane() -> None:
    words = ("rel", "dlv", "xdlv", "hb", "flash", "local", "offer", "import")
    for nation in Nation:
        for text in strings(parsed(render(plan(nation)))):
            tokens = text.split(".")
            if len(tokens) > 1 and (tokens[0] in words or tokens[1] in words):
                assert tokens[0] == "EXERCISE", text


def test_the_hall_has_no_user_in_a_link_account() -> None:
    for nation in Nation:
        accounts = parsed(render(plan(nation)))["accounts"]
        links = {name: json.dumps(account) for name, account in accounts.items() if name.startswith("LINK_")}
        assert links
        assert not [name for name, text in links.items() if "UHALL" in text or '"UDOOR"' in text]


@pytest.mark.parametrize(("mode", "relays"), [(Mode.HUB, True), (Mode.MESH, False), (Mode.BOTH, True)])
def test_only_a_hub_passes_on(mode: Mode, relays: bool) -> None:
    accounts = parsed(render(plan(USA, mode)))["accounts"]
    assert ("exports" in accounts["LINK_KOR"]) is relays
    assert "exports" not in parsed(render(plan(KOR, mode)))["accounts"]["LINK_USA"]

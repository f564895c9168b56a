"""Hearing others: from a folder and a feed, each message once, of this plane only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from outlet_messages import message, signer

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Quarantined
from tocsin.model.time import Instant
from tocsin.model.warning import ForeignAlert
from tocsin.node.config import NodeConfig
from tocsin.node.config_inbound import FolderEntry, InboundEntry, SourceEntry, inbound_faults
from tocsin.node.founding import default_ports, found_demo
from tocsin.node.inbound import Inbound
from tocsin.outlet.feed import FeedOutlet
from tocsin.outlet.receivers import Receivers
from tocsin.outlet.serve import make_feed_app
from tocsin.page.server import serve


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> NodeConfig:
    root = tmp_path_factory.mktemp("inbound")
    return found_demo(root, Instant(time.time_ns()), {n: default_ports(n) for n in Nation})[Nation.JPN]


class Desk:
    def __init__(self) -> None:
        self.heard: list[ForeignAlert] = []
        self.refused: list[Quarantined] = []


async def listen(config: NodeConfig, entry: InboundEntry, desk: Desk, done: Callable[[], bool]) -> None:
    inbound = Inbound(replace(config, inbound=(entry,)), desk.heard.append, desk.refused.append)
    jobs = [asyncio.create_task(job) for job in inbound.jobs()]
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.01)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


def test_a_folder(config: NodeConfig, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(message().xml)
    (tmp_path / "again.xml").write_bytes(message().xml)
    (tmp_path / "b.xml").write_bytes(b"no XML")
    (tmp_path / "c.xml").write_bytes(message(plane=Plane.REAL).xml)
    desk = Desk()
    entry = FolderEntry("gateway", str(tmp_path))
    asyncio.run(listen(config, entry, desk, lambda: len(desk.refused) == 2))
    assert [alert.identifier for alert in desk.heard] == [message().name]
    assert {one.reason for one in desk.refused} == {"cap-rules", "wrong-plane"}
    assert {one.source for one in desk.refused} == {"gateway"}


def test_a_folder_that_is_not_there_is_told_once(config: NodeConfig, tmp_path: Path) -> None:
    desk = Desk()
    began = time.monotonic()
    entry = FolderEntry("gateway", str(tmp_path / "none"))
    asyncio.run(listen(config, entry, desk, lambda: time.monotonic() - began > 2.2))
    assert [one.reason for one in desk.refused] == ["inbound-deaf"]


def test_a_feed_over_http(config: NodeConfig, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        app = make_feed_app(tmp_path, Receivers((), Instant(0)))
        server = asyncio.create_task(serve(app, "127.0.0.1", 0, on_ready=port.set_result))
        outlet = FeedOutlet("feed", tmp_path, "urn:x", "x", signer().cert_pem)
        for serial in (1, 2):
            await outlet.carry(message(serial=serial))
        entry = SourceEntry("others", f"http://127.0.0.1:{await port}/feed.atom")
        await listen(config, entry, desk, lambda: len(desk.heard) == 2)
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)

    desk = Desk()
    asyncio.run(main(desk))
    assert {alert.heard_at for alert in desk.heard} == {"others"}
    assert desk.refused == []


@pytest.mark.parametrize(
    "link",
    [
        "http://[",
        "http://host:port/",
        "http://\u2603.\u2603:99999/",
        "gopher://x/",
        "http://127.0.0.1:9/x.xml",
    ],
)
def test_a_feed_with_a_link_that_is_none_ends_nothing(config: NodeConfig, tmp_path: Path, link: str) -> None:
    space = "http://www.w3.org/2005/Atom"
    (tmp_path / "feed.atom").write_text(f'<feed xmlns="{space}"><entry><link href="{link}"/></entry></feed>')

    async def main(desk: Desk) -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        app = make_feed_app(tmp_path, Receivers((), Instant(0)))
        server = asyncio.create_task(serve(app, "127.0.0.1", 0, on_ready=port.set_result))
        entry = SourceEntry("others", f"http://127.0.0.1:{await port}/feed.atom")
        await listen(config, entry, desk, lambda: len(desk.refused) == 1)
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)

    desk = Desk()
    asyncio.run(main(desk))
    assert [one.reason for one in desk.refused] == ["inbound-link"]


def test_entries_lead_to_the_feeds_own_address_and_to_named_hosts_by_https() -> None:
    entry = SourceEntry("a", "https://alerts.example/feed.atom", hosts=("files.example",))
    good = ("https://alerts.example/1.xml", "https://ALERTS.example/1.xml", "https://files.example/x/1.xml")
    assert all(entry.leads_to(link) for link in good)
    for link in (
        "http://alerts.example/1.xml",
        "https://alerts.example:8443/1.xml",
        "http://files.example/1.xml",
        "https://alerts.example@evil.example/1.xml",
        "https://files.example.evil.example/",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "gopher://alerts.example/",
    ):
        assert not entry.leads_to(link), link


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (SourceEntry("a", "ftp://x/"), "is no address"),
        (SourceEntry("a", "http://alerts.example/"), "neither loopback nor https"),
        (SourceEntry("a", "https://alerts.example/", 0.0), "0 s"),
    ],
)
def test_mistakes_are_named(entry: InboundEntry, said: str) -> None:
    ((_, what, _),) = inbound_faults((entry,))
    assert said in what

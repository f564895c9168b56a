"""The public feed as strangers read it: by an independent reader, over HTTP, after a restart, with a
stranger's file.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import feedparser
import httpx
import pytest
from outlet_messages import message, signer
from starlette.applications import Starlette

from tocsin.model.time import SECOND_NS, Instant
from tocsin.outlet.contract import Message, OutletRefusedError
from tocsin.outlet.feed import MOST_ENTRIES, FeedOutlet, atom, entry_of
from tocsin.outlet.receivers import Receiver, Receivers
from tocsin.outlet.serve import make_feed_app
from tocsin.outlet.sign import verified

SECRET = "beat"
TOWN = Receiver("town", hashlib.sha256(SECRET.encode()).hexdigest())


def outlet(folder: Path) -> FeedOutlet:
    return FeedOutlet("feed", folder, "urn:tocsin:jpn:exercise:feed", "EXERCISE JPN", signer().cert_pem)


def carry(one: FeedOutlet, *messages: Message) -> None:
    for each in messages:
        asyncio.run(one.carry(each))


def numbered(count: int) -> list[Message]:
    first = message().warning
    return [
        message(serial=n + 1, sent_ns=Instant(first.sent_ns + n * SECOND_NS), references=())
        for n in range(count)
    ]


def ask(app: Starlette, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())


def test_an_independent_reader_finds_the_messages_newest_first(tmp_path: Path) -> None:
    carry(outlet(tmp_path), *numbered(3))
    read = feedparser.parse((tmp_path / "feed.atom").read_bytes())
    assert not read.bozo
    assert [row.id.rpartition("-")[2] for row in read.entries] == ["3", "2", "1"]
    assert "훈련" in read.entries[0].title
    href = read.entries[0].links[0].href
    verified((tmp_path / href).read_bytes(), signer().cert_pem)


def test_it_is_the_same_after_a_restart_and_a_repetition(tmp_path: Path) -> None:
    carry(outlet(tmp_path), *numbered(3))
    before = (tmp_path / "feed.atom").read_bytes()
    again = outlet(tmp_path)
    carry(again, numbered(2)[1])
    assert (tmp_path / "feed.atom").read_bytes() == before
    assert asyncio.run(again.carry(numbered(1)[0])).repeated
    with pytest.raises(OutletRefusedError, match="another text"):
        carry(again, message(objects=3))


def test_a_strangers_file_is_not_spread_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "cap").mkdir()
    (tmp_path / "cap" / "a.xml").write_text("no XML")
    forged = message(objects=9).xml.replace(b"Alert", b"Cancel")
    (tmp_path / "cap" / "b.xml").write_bytes(forged)
    carry(outlet(tmp_path), message())
    assert len(feedparser.parse((tmp_path / "feed.atom").read_bytes()).entries) == 1


def test_the_feed_is_bounded() -> None:
    entry = entry_of(message().xml)
    assert len(atom("urn:x", "x", [entry] * MOST_ENTRIES)) < 1_000_000


def test_the_server_serves_the_feed_its_messages_and_nothing_else(tmp_path: Path) -> None:
    carry(outlet(tmp_path), message())
    (tmp_path / "secret.xml").write_text("not for the public")
    app = make_feed_app(tmp_path, Receivers((), Instant(0)))
    assert ask(app, "GET", "/feed.atom").headers["content-type"].startswith("application/atom+xml")
    assert ask(app, "GET", f"/cap/{message().name}.xml").content == message().xml
    for path in (
        "/",
        "/secret.xml",
        "/cap/../secret.xml",
        "/cap/%2e%2e%2fsecret.xml",
        "/cap/..%5csecret.xml",
    ):
        assert ask(app, "GET", path).status_code == 404, path
    assert ask(app, "POST", "/feed.atom").status_code == 405


def test_an_empty_feed_is_not_there_yet(tmp_path: Path) -> None:
    assert ask(make_feed_app(tmp_path, Receivers((), Instant(0))), "GET", "/feed.atom").status_code == 404


def test_a_receiver_beats_with_its_secret_and_is_dead_without(tmp_path: Path) -> None:
    receivers = Receivers((TOWN,), Instant(0))
    assert receivers.dead(Instant(50 * SECOND_NS)) == ()
    (dead,) = receivers.dead(Instant(51 * SECOND_NS))
    assert (dead.about, dead.since_wall_ns) == ("town", 0)
    app = make_feed_app(tmp_path, receivers)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {SECRET}"}):
        assert ask(app, "POST", "/receivers/town/beat", headers).status_code == 403
    good = {"Authorization": f"Bearer {SECRET}"}
    assert ask(app, "POST", "/receivers/nobody/beat", good).status_code == 403
    assert receivers.dead(Instant(51 * SECOND_NS)) != ()
    assert ask(app, "POST", "/receivers/town/beat", good).status_code == 204
    assert receivers.dead(Instant(51 * SECOND_NS)) == ()

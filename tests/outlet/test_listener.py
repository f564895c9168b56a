"""The listener hears what a stranger put into our outlets, over files and over HTTP, and nothing of our
own.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from outlet_messages import message, signer

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.time import Instant
from tocsin.outlet.feed import FeedOutlet
from tocsin.outlet.file import FileOutlet
from tocsin.outlet.listener import Ear, FeedEar, FolderEar, Listener
from tocsin.outlet.receivers import Receivers
from tocsin.outlet.serve import make_feed_app
from tocsin.page.server import serve

OURS = {message().name: message().sha256}


def listen(*ears: Ear, rounds: int = 1) -> tuple[Alarm, ...]:
    listener = Listener(ears, lambda: OURS)
    heard: tuple[Alarm, ...] = ()
    for n in range(rounds):
        heard = asyncio.run(listener.listen(Instant(n)))
    return heard


def test_our_own_messages_are_no_alarm(tmp_path: Path) -> None:
    assert listen(FolderEar("file", tmp_path / "cap")) == ()
    asyncio.run(FileOutlet("file", tmp_path).carry(message()))
    assert listen(FolderEar("file", tmp_path / "cap")) == ()


@pytest.mark.parametrize("name", ["JPN-EXERCISE-20221003T222430Z-2-1.xml", "index.html"])
def test_a_strangers_file_is_an_alarm_that_keeps_its_time(tmp_path: Path, name: str) -> None:
    asyncio.run(FileOutlet("file", tmp_path).carry(message()))
    (tmp_path / "cap" / name).write_bytes(message().xml)
    (alarm,) = listen(FolderEar("file", tmp_path / "cap"), rounds=3)
    assert (alarm.kind, alarm.about, alarm.since_wall_ns) == (AlarmKind.UNAPPROVED_MESSAGE, "file", 0)
    assert name.removesuffix(".xml") in alarm.detail


def test_a_changed_message_is_an_alarm(tmp_path: Path) -> None:
    asyncio.run(FileOutlet("file", tmp_path).carry(message()))
    ear = FolderEar("file", tmp_path / "cap")
    assert listen(ear) == ()
    path = tmp_path / "cap" / f"{message().name}.xml"
    path.write_bytes(path.read_bytes().replace(b"Exercise", b"Actual"))
    assert listen(ear)[0].kind is AlarmKind.UNAPPROVED_MESSAGE


def heard_over_http(folder: Path, then: Path | None = None) -> tuple[Alarm, ...]:
    """A real server over the folder; `then` is changed between two hearings."""

    async def main() -> tuple[Alarm, ...]:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        app = make_feed_app(folder, Receivers((), Instant(0)))
        server = asyncio.create_task(serve(app, "127.0.0.1", 0, on_ready=port.set_result))
        listener = Listener([FeedEar("feed", f"http://127.0.0.1:{await port}/feed.atom")], lambda: OURS)
        heard = await listener.listen(Instant(0))
        if then is not None:
            assert heard == ()
            then.write_bytes(then.read_bytes().replace(b"Exercise", b"Actual"))
            heard = await listener.listen(Instant(1))
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        return heard

    return asyncio.run(main())


def feed_of(folder: Path, *names: str) -> None:
    outlet = FeedOutlet("feed", folder, "urn:x", "x", signer().cert_pem)
    for name in names:
        asyncio.run(outlet.carry(message(id=name)))


def test_the_feed_is_heard_as_the_public_hears_it(tmp_path: Path) -> None:
    assert heard_over_http(tmp_path) == ()
    feed_of(tmp_path, message().warning.id)
    assert heard_over_http(tmp_path) == ()
    assert heard_over_http(tmp_path, tmp_path / "cap" / f"{message().name}.xml") != ()


def test_a_stranger_in_the_feed_is_an_alarm(tmp_path: Path) -> None:
    feed_of(tmp_path, message().warning.id, "JPN-EXERCISE-20221003T222430Z-7")
    (alarm,) = heard_over_http(tmp_path)
    assert "20221003T222430Z-7-1" in alarm.detail


def test_an_outlet_that_cannot_be_heard_is_an_alarm(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (alarm,) = listen(FeedEar("feed", f"http://127.0.0.1:{port}/feed.atom"))
    assert alarm.kind is AlarmKind.OUTLET_FAILED
    (tmp_path / "feed.atom").write_text("no XML")
    assert heard_over_http(tmp_path)[0].kind is AlarmKind.OUTLET_FAILED

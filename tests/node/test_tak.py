"""Objects shown at home: decided by the door's fold, in its book first, then on a real line to a TAK peer."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest
import takproto
from exchange_samples import NOW, PLANE, key, label, launch, prediction, tracklet, trust_of
from lxml import etree
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Offer
from tocsin.node.config_tak import Format, Protocol, TakEntry, tak_faults
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import DoorState, OffersCame, Office, Show, Store
from tocsin.node.tak import MOST_KEPT, TakLine
from tocsin.release.watchers import Watcher
from tocsin.share.topology import Topology

JPN, KOR = Nation.JPN, Nation.KOR
MAP = Watcher("map", JPN)
LIAISON = Watcher("liaison", KOR)


def office(*watchers: Watcher) -> Office:
    return Office(JPN, PLANE, Topology(), trust_of(JPN), key(JPN), watchers=watchers)


def test_the_decision_stands_in_the_book_before_anything_is_shown(tmp_path: Path) -> None:
    book = DoorBook(tmp_path / "door.sqlite")
    hidden = tracklet(JPN, 2, label(JPN, frozenset()))
    offers = (Offer(1, tracklet(JPN, 1), NOW), Offer(2, hidden, NOW), Offer(3, launch(JPN, 3), NOW))
    _, effects = door_step(book.load(office(MAP, LIAISON)), [OffersCame(offers)], NOW)
    assert isinstance(effects[0], Store)
    book.commit(effects[0])
    book.close()
    shown = [(e.watcher, e.product.sequence) for e in effects if isinstance(e, Show)]
    assert shown == [("map", 1), ("liaison", 1), ("map", 2), ("map", 3), ("liaison", 3)]
    with apsw.Connection(str(tmp_path / "door.sqlite")) as db:
        rows = db.execute("SELECT watcher, sequence, released, rule FROM shown").fetchall()
    assert ("liaison", 2, 0, "default.deny") in rows
    assert len(rows) == 6


def test_without_watchers_nothing_is_decided_or_shown(tmp_path: Path) -> None:
    book = DoorBook(tmp_path / "door.sqlite")
    _, effects = door_step(book.load(office()), [OffersCame((Offer(1, tracklet(JPN, 1), NOW),))], NOW)
    book.close()
    assert isinstance(effects[0], Store)
    assert effects[0].shown == ()
    assert not any(isinstance(effect, Show) for effect in effects)


@asynccontextmanager
async def running(line: TakLine) -> AsyncIterator[None]:
    task = asyncio.create_task(line.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(reader: asyncio.StreamReader, count: int) -> list[etree._Element]:
    """So many events, cut at their end tags as TAK servers do."""
    async with asyncio.timeout(10):
        return [etree.fromstring(await reader.readuntil(b"</event>")) for _ in range(count)]


def test_a_server_hears_object_point_and_area_and_again_after_it_was_away() -> None:
    async def main() -> None:
        came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await came.put((reader, writer))

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        line = TakLine(TakEntry("map", server.sockets[0].getsockname()[1]), Path())
        async with running(line):
            line.put(tracklet(JPN, 1))
            line.put(prediction(JPN, 2))
            reader, writer = await came.get()
            kinds = [event.attrib["type"] for event in await heard(reader, 3)]
            assert kinds == ["a-u-A-W-M", "b-m-p-s-m", "u-d-c-c"]
            writer.close()
            async with asyncio.timeout(10):
                reader, writer = await came.get()  # it dials again, and tells what still holds
            assert [event.attrib["type"] for event in await heard(reader, 3)] == kinds
            line.put(tracklet(JPN, 3))
            (event,) = await heard(reader, 1)
            assert str(event.attrib["uid"]).endswith("JPN-3.object")
            writer.close()
        server.close()

    asyncio.run(main())


def test_of_one_object_only_the_newest_waits_and_the_wait_is_bounded() -> None:
    async def main() -> list[etree._Element]:
        line = TakLine(TakEntry("map", 1), Path())
        first = tracklet(JPN, 1)
        for n in range(3):
            line.put(replace(first, sequence=n))
        for n in range(MOST_KEPT + 10):
            line.put(replace(first, track_id=f"JPN-{n}"))
        return [etree.fromstring(event) for event in await line._next()]

    waiting = asyncio.run(main())
    assert len(waiting) == MOST_KEPT
    assert len({event.attrib["uid"] for event in waiting}) == MOST_KEPT


def test_clients_get_datagrams_that_their_own_library_reads() -> None:
    async def main() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.bind(("127.0.0.1", 0))
            ear.setblocking(False)
            line = TakLine(TakEntry("mesh", ear.getsockname()[1], protocol=Protocol.UDP), Path())
            async with running(line), asyncio.timeout(10):
                line.put(tracklet(JPN, 1))
                return await asyncio.get_running_loop().sock_recv(ear, 65_536)

    message = takproto.parse_proto(bytearray(asyncio.run(main())))
    assert message.cotEvent.type == "a-u-A-W-M"
    assert message.cotEvent.opex == "e-tocsin"


def test_another_map_reads_features_from_the_same_line() -> None:
    async def main() -> list[dict[str, object]]:
        came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await came.put((reader, writer))

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        line = TakLine(TakEntry("map", port, format=Format.GEOJSON), Path())
        async with running(line), asyncio.timeout(10):
            line.put(tracklet(JPN, 1))
            line.put(prediction(JPN, 2))
            reader, writer = await came.get()
            records = [await reader.readline() for _ in range(3)]
            writer.close()
        server.close()
        return [json.loads(record.removeprefix(b"\x1e")) for record in records]

    told = asyncio.run(main())
    assert [str(one["id"]).rpartition(".")[2] for one in told] == ["object", "impact", "impact-95"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (TakEntry("a", 0), "is no port"),
        (TakEntry("a", 8087, host="203.0.113.1"), "not encrypted"),
        (TakEntry("a", 8089, host="203.0.113.1", protocol=Protocol.TLS), "tls without"),
        (TakEntry("a", 8087, kinds=frozenset(("plot",))), "is no kind"),
    ],
)
def test_mistakes_are_named(entry: TakEntry, said: str) -> None:
    ((_, what, _),) = tak_faults((entry,))
    assert said in what


def test_two_of_one_name_and_missing_certificates(tmp_path: Path) -> None:
    assert len(list(tak_faults((TakEntry("a", 1), TakEntry("a", 2))))) == 2
    entry = TakEntry("a", 8089, protocol=Protocol.TLS, ca="ca.pem", cert="c.pem", key="k.pem")
    assert list(tak_faults((entry,))) == []
    with pytest.raises(UserError, match="certificates"):
        TakLine(entry, tmp_path)


def test_a_watcher_of_the_wrong_plane_sees_nothing() -> None:
    other = tracklet(JPN, 1, label(JPN, plane=Plane.REAL))
    _, effects = door_step(DoorState(office(MAP)), [OffersCame((Offer(1, other, NOW),))], NOW)
    assert not any(isinstance(effect, Show) for effect in effects)

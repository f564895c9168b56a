"""When there is no room: a full disk, a partner that takes nothing, a partner that floods."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_halls import Hall, Publish, decided, until
from exchange_samples import NOW, PLANE, key, launch, tracklet, trust_of

from tocsin.model.label import Nation
from tocsin.model.product import Decision, Offer, Product, Traffic
from tocsin.node import door as door_module
from tocsin.node import hearing, releasing
from tocsin.node.door import Door
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import Arrived, Disk, DoorState, HandOver, OffersCame, Office, Send
from tocsin.node.reserve import Reserve
from tocsin.release.wording import BACKLOG_FULL, DISK_FULL
from tocsin.share.inbox import InStream
from tocsin.share.lossy import Faults, LossyNet
from tocsin.share.outbox import OutStream
from tocsin.share.topology import Topology

KOR, USA, JPN = Nation.KOR, Nation.USA, Nation.JPN


def office(nation: Nation) -> Office:
    return Office(nation, PLANE, Topology(), trust_of(nation), key(nation))


def offered(state: DoorState, *products: Product) -> tuple[DoorState, list[Decision], list[Send]]:
    numbers = range(state.offers_upto + 1, state.offers_upto + 1 + len(products))
    offers = tuple(Offer(n, one, NOW) for n, one in zip(numbers, products, strict=True))
    after, effects = door_step(state, [OffersCame(offers)], NOW)
    items = [item.item for e in effects if isinstance(e, HandOver) for item in e.items]
    sends = [e for e in effects if isinstance(e, Send) and e.sealed.traffic is not Traffic.CONTROL]
    return after, [item for item in items if isinstance(item, Decision)], sends


def taken(state: DoorState, origin: Nation, traffic: Traffic) -> int:
    return state.ins.get((origin, traffic), InStream()).received.upto


def arrivals(sends: list[Send], recipient: Nation) -> list[Arrived]:
    return [Arrived("direct", KOR, s.sealed.data, NOW) for s in sends if s.sealed.recipient is recipient]


def test_a_full_disk_refuses_flow_loudly_and_lets_urgent_go() -> None:
    state, _ = door_step(DoorState(office(KOR)), [Disk(True)], NOW)
    state, decisions, sends = offered(state, tracklet(KOR, 1), launch(KOR, 2))
    assert {(d.offer, d.released, d.rule) for d in decisions if d.offer == 1} == {(1, False, DISK_FULL)}
    assert {(d.offer, d.released) for d in decisions if d.offer == 2} == {(2, True)}
    assert {s.sealed.traffic for s in sends} == {Traffic.URGENT}
    state, _ = door_step(state, [Disk(False)], NOW)
    _, decisions, _ = offered(state, tracklet(KOR, 3))
    assert all(d.released for d in decisions)


def test_a_full_disk_takes_urgent_and_leaves_flow_with_its_origin() -> None:
    _, _, sends = offered(DoorState(office(KOR)), tracklet(KOR, 1), launch(KOR, 2))
    came = arrivals(sends, JPN)
    full, _ = door_step(DoorState(office(JPN)), [Disk(True), *came], NOW)
    assert (taken(full, KOR, Traffic.URGENT), taken(full, KOR, Traffic.FLOW)) == (1, 0)
    again, _ = door_step(full, [Disk(False), *came], NOW)
    assert (taken(again, KOR, Traffic.URGENT), taken(again, KOR, Traffic.FLOW)) == (1, 1)


def test_a_partner_that_takes_nothing_is_refused_more_flow_and_no_urgent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(releasing, "MOST_BACKLOG", 5)
    outs = {(USA, Traffic.FLOW): OutStream(5, 0), (JPN, Traffic.FLOW): OutStream(5, 1)}
    state = DoorState(office(KOR), outs=outs)
    _, decisions, _ = offered(state, tracklet(KOR, 1), launch(KOR, 2))
    found = {(d.offer, d.partner): (d.released, d.rule) for d in decisions}
    assert found[1, USA] == (False, BACKLOG_FULL)
    assert all(found[case][0] for case in ((1, JPN), (2, USA), (2, JPN)))


def test_a_flooding_partner_fills_its_own_room_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MAX_FLIGHTS", 3)
    flood = DoorState(office(KOR))
    state = DoorState(office(USA))
    for n in range(1, 6):
        flood, _, sends = offered(flood, tracklet(KOR, n))
        state, _ = door_step(state, arrivals(sends, USA), NOW)
    assert taken(state, KOR, Traffic.FLOW) == 3
    _, _, sends = offered(DoorState(office(JPN)), tracklet(JPN, 1))
    came = [Arrived("direct", JPN, s.sealed.data, NOW) for s in sends if s.sealed.recipient is USA]
    state, _ = door_step(state, came, NOW)
    assert taken(state, JPN, Traffic.FLOW) == 1


class SmallDisk(Reserve):
    """SQLite's own limit of pages is the disk, and the reserve is twice as much again."""

    def __init__(self, path: Path, book: DoorBook) -> None:
        super().__init__(path)
        self._book, self.room = book, True
        self._pages = int(book._db.pragma("page_count")) + 20
        self._limit(self._pages)

    def _limit(self, pages: int) -> None:
        self._book._db.pragma("max_page_count", pages)

    def fill(self) -> bool:
        return self.room and super().fill()

    def release(self) -> bool:
        self.room = False
        self._limit(3 * self._pages)
        return super().release()

    def grow(self) -> None:
        self._limit(100 * self._pages)
        self.room = True


@contextlib.asynccontextmanager
async def two_doors(folder: Path, halls: dict[Nation, Hall]) -> AsyncIterator[SmallDisk]:
    """KOR's on a small disk."""
    net = LossyNet(Topology(), Faults(), random.Random(1).random)
    books = {nation: DoorBook(folder / f"{nation}.sqlite") for nation in halls}
    small = SmallDisk(folder / "reserve", books[KOR])
    jobs: list[asyncio.Task[None]] = []
    for nation, hall in halls.items():
        kept = small if nation is KOR else None
        door = Door(office(nation), books[nation], net.ends[nation], hall.hear, reserve=kept)
        hall.publish = to(door)
        jobs += [asyncio.create_task(job) for job in (*door.jobs(), hall.live())]
    try:
        yield small
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        for book in books.values():
            book.close()


def test_a_door_whose_disk_fills_goes_on_with_what_is_urgent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "LOOK_AGAIN_S", 0.0)
    halls = {KOR: Hall(), USA: Hall()}
    home, far = halls.values()

    async def work() -> None:
        async with two_doors(tmp_path, halls) as small:
            await until(lambda: home.report is not None)  # the door has heard its hall, and turns
            for n in range(1, 201, 5):
                await home.offer(*(tracklet(KOR, k) for k in range(n, n + 5)))
                await asyncio.sleep(0.01)
            await until(lambda: len(decided(home)) == 400)
            await home.offer(launch(KOR, 201))
            await until(lambda: launch(KOR, 201) in {row.product for row in far.imports()})
            small.grow()
            await asyncio.sleep(0.3)
            await home.offer(tracklet(KOR, 202))
            await until(lambda: len(decided(home)) == 404)

    asyncio.run(work())
    words = {(d.offer, d.partner): d for d in decided(home)}
    assert {d.rule for d in words.values() if not d.released} == {DISK_FULL}
    assert words[1, USA].released, "there was room at first"
    assert not words[200, USA].released, "the disk is full"
    assert words[201, USA].released, "the reserve is for this"
    assert words[202, USA].released, "room again"
    had = {row.product for row in far.imports()}
    given = {offer for (offer, partner), d in words.items() if d.released and partner is USA}
    assert had >= {tracklet(KOR, offer) for offer in given if offer <= 200}
    assert launch(KOR, 201) in had
    said = capsys.readouterr().err
    assert "no space left" in said
    assert "room on the disk again" in said


def test_a_reserve_is_kept_and_let_go(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "door.reserve", 100_000)
    assert reserve.fill()
    assert reserve.fill()
    assert (tmp_path / "door.reserve").stat().st_blocks * 512 >= 100_000
    assert reserve.release()
    assert not reserve.release()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_reserve_is_kept_where_the_file_system_cannot_allocate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the C library does it there: it reads before it writes, and takes no descriptor that appends."""

    def stand_in(file: int, start: int, size: int) -> None:
        if fcntl.fcntl(file, fcntl.F_GETFL) & os.O_APPEND:
            raise OSError(errno.EBADF, "Bad file descriptor")
        os.pread(file, 1, start)
        os.pwrite(file, b"\0", start + size - 1)

    monkeypatch.setattr(os, "posix_fallocate", stand_in)
    assert Reserve(tmp_path / "reserve", 4096).fill()
    assert (tmp_path / "reserve").stat().st_size == 4096


def test_a_reserve_that_finds_no_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.posix_fallocate", raising=False)
    full = tmp_path / "door.reserve"
    full.symlink_to("/dev/full")
    assert not Reserve(full, 100_000).fill()
    assert not full.is_symlink()


def to(door: Door) -> Publish:
    async def publish(topic: str, data: bytes) -> None:
        await (door.on_offers if topic == "offer.data" else door.on_import_ack)(data)

    return publish

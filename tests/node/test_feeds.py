"""Feeds over real sockets on loopback and real files."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import UserError
from tocsin.node import feed_file, feed_tcp
from tocsin.node.feeds import Feed, Inlet, Piece, Receiver, open_feed
from tocsin.node.inlet import SLICE_S
from tocsin.sense.framing import MAX_LINE_BYTES

GROUP = "239.255.77.1"
PATIENCE_S = 10.0


@asynccontextmanager
async def opened(feed: Feed, inlet: Inlet) -> AsyncIterator[Receiver]:
    receiver = await open_feed(feed, inlet)
    try:
        yield receiver
    finally:
        await receiver.close()


async def take(inlet: Inlet, count: int) -> list[bytes]:
    async with asyncio.timeout(PATIENCE_S):
        return [(await inlet.take()).data for _ in range(count)]


def test_a_full_inlet_lets_others_run_and_hands_everything_over_in_order_once() -> None:
    """Also when whoever takes is cancelled in the middle."""

    async def play() -> None:
        inlet, turns = Inlet(), 0
        taken: list[bytes] = []
        for n in range(8):
            inlet.offer(Piece("radar", b"%d" % n))

        def use(piece: Piece) -> None:
            taken.append(piece.data)
            time.sleep(SLICE_S)

        async def others() -> None:
            nonlocal turns
            while len(taken) < 5:
                turns += 1
                await asyncio.sleep(0)

        async def sense() -> None:
            while True:
                await inlet.hand(use)

        sensing = asyncio.create_task(sense())
        await others()
        sensing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sensing
        assert turns >= 4
        assert [*taken, *await take(inlet, inlet.waiting())] == [b"%d" % n for n in range(8)]
        assert len(taken) < 8

    asyncio.run(play())


def test_small_pieces_share_a_slice() -> None:
    async def play() -> int:
        inlet = Inlet()
        taken: list[Piece] = []
        for _ in range(3):
            inlet.offer(Piece("radar", b""))
        await inlet.hand(taken.append)
        return len(taken)

    assert max(asyncio.run(play()) for _ in range(10)) > 1  # a machine may stand still between two


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.01)


def address(receiver: Receiver) -> tuple[str, int]:
    assert receiver.address is not None
    return receiver.address


def send_udp(payloads: list[bytes], to: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for payload in payloads:
            out.sendto(payload, to)


async def send_tcp(to: tuple[str, int], *parts: bytes) -> None:
    _, writer = await asyncio.open_connection(*to)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()


# ---- UDP ----


@pytest.mark.parametrize("group", [None, GROUP])
def test_datagrams_arrive_whole(group: str | None) -> None:
    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("udp", "asterix", group=group), inlet) as receiver:
            payloads = [b"\x30\x00\x03", b"", b"\n\n" * 10_000]
            send_udp(payloads, address(receiver))
            assert await take(inlet, 3) == payloads

    asyncio.run(main())


def test_datagrams_beyond_the_inlet_are_dropped_and_counted() -> None:
    async def main() -> None:
        inlet, feed = Inlet(limit=5), Feed("udp", "asterix")
        async with opened(feed, inlet) as receiver:
            send_udp([bytes([n]) for n in range(20)], address(receiver))
            await until(lambda: inlet.received[feed.name] == 20)
            assert inlet.dropped == {f"{feed.name} inlet full": 15}
            assert await take(inlet, inlet.waiting()) == [bytes([n]) for n in range(5)]

    asyncio.run(main())


def test_two_programs_may_listen_to_one_group() -> None:
    async def main() -> None:
        one, two = Inlet(), Inlet()
        async with opened(Feed("multicast", "asterix", group=GROUP), one) as first:
            port = address(first)[1]
            async with opened(Feed("multicast", "asterix", port=port, group=GROUP), two):
                send_udp([b"both"], (GROUP, port))
                assert await take(one, 1) == await take(two, 1) == [b"both"]

    asyncio.run(main())


# ---- TCP ----


def test_many_connections_send_lines_in_parts() -> None:
    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("tcp", "jsonl"), inlet) as receiver:
            to = address(receiver)
            senders = [send_tcp(to, f"{n} fir".encode(), f"st\n{n} sec".encode(), b"ond") for n in range(20)]
            await asyncio.gather(*senders)
            lines = await take(inlet, 40)
        for n in range(20):
            mine = [line for line in lines if line.startswith(f"{n} ".encode())]
            assert mine == [f"{n} first\n".encode(), f"{n} second".encode()]

    asyncio.run(main())


def test_a_line_without_end_is_cut_and_the_next_one_read() -> None:
    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("tcp", "jsonl"), inlet) as receiver:
            await send_tcp(address(receiver), *[b"x" * 50_000] * 20, b"\nnext\n")
            cut, after = await take(inlet, 2)
        assert (len(cut), after) == (MAX_LINE_BYTES + 2, b"next\n")

    asyncio.run(main())


def test_blocks_are_cut_by_length_and_a_broken_one_ends_the_connection() -> None:
    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("tcp", "asterix"), inlet) as receiver:
            reader, writer = await asyncio.open_connection(*address(receiver))
            writer.write(b"\x30\x00\x05\x01\x02\x30\x00\x01\x30\x00\x03")
            assert await take(inlet, 2) == [b"\x30\x00\x05\x01\x02", b"\x30\x00\x01"]
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
            writer.close()

    asyncio.run(main())


def test_a_full_inlet_makes_the_sender_wait_and_loses_nothing() -> None:
    async def main() -> None:
        inlet = Inlet(limit=3)
        async with opened(Feed("tcp", "jsonl"), inlet) as receiver:
            await send_tcp(address(receiver), b"".join(b"%d\n" % n for n in range(100)))
            await until(lambda: inlet.waiting() == 3)
            assert await take(inlet, 100) == [b"%d\n" % n for n in range(100)]
        assert not inlet.dropped

    asyncio.run(main())


def test_connections_beyond_the_limit_are_refused_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_tcp, "MAX_CONNECTIONS", 2)

    async def main() -> None:
        inlet, feed = Inlet(), Feed("tcp", "jsonl")
        async with opened(feed, inlet) as receiver:
            talks = []
            for _ in range(2):  # one after the other: the first two stay
                talks.append(await asyncio.open_connection(*address(receiver)))
                talks[-1][1].write(b"here\n")
                await take(inlet, 1)
            third, writer = await asyncio.open_connection(*address(receiver))
            assert await asyncio.wait_for(third.read(), PATIENCE_S) == b""
            assert inlet.dropped == {f"{feed.name} connection refused": 1}
            for _, other in [*talks, (third, writer)]:
                other.close()

    asyncio.run(main())


def test_close_frees_the_port_and_ends_connections() -> None:
    async def main() -> None:
        inlet = Inlet()
        receiver = await open_feed(Feed("tcp", "jsonl"), inlet)
        to = address(receiver)
        reader, writer = await asyncio.open_connection(*to)
        writer.write(b"first\n")
        await take(inlet, 1)
        await receiver.close()
        await receiver.close()
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
        writer.close()
        async with opened(Feed("tcp", "jsonl", port=to[1]), inlet):
            await send_tcp(to, b"again\n")
            assert await take(inlet, 1) == [b"again\n"]

    asyncio.run(main())


# ---- followed file ----


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_file, "POLL_S", 0.01)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as out:
        out.write(data)


@pytest.mark.usefixtures("soon")
def test_a_file_is_followed_over_rotation_and_truncation(tmp_path: Path) -> None:
    path = tmp_path / "plots.jsonl"
    path.write_bytes(b"old\n")

    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("file", "jsonl", path=str(path)), inlet):
            append(path, b"one\ntw")
            assert await take(inlet, 1) == [b"one\n"]
            append(path, b"o\n")
            assert await take(inlet, 1) == [b"two\n"]
            with path.open("ab") as still_writing:  # rotated with a line still to come, as log rotation does
                path.rename(tmp_path / "plots.1")
                still_writing.write(b"three\n")
                still_writing.flush()
                assert await take(inlet, 1) == [b"three\n"]
            path.write_bytes(b"four\nfive\n")
            assert await take(inlet, 2) == [b"four\n", b"five\n"]
            os.truncate(path, 0)
            await asyncio.sleep(0.1)
            append(path, b"six\n")
            assert await take(inlet, 1) == [b"six\n"]
        assert not inlet.dropped

    asyncio.run(main())


@pytest.mark.usefixtures("soon")
def test_a_line_written_just_before_rotation_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plots.jsonl"
    path.touch()
    look = feed_file.FileReceiver._moved

    def rotate_before_the_look(receiver: feed_file.FileReceiver) -> bool:
        if not (tmp_path / "plots.1").exists():  # after the last read of the old file, before the look
            append(path, b"late\n")
            path.rename(tmp_path / "plots.1")
            path.write_bytes(b"new\n")
        return look(receiver)

    monkeypatch.setattr(feed_file.FileReceiver, "_moved", rotate_before_the_look)

    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("file", "jsonl", path=str(path)), inlet):
            assert await take(inlet, 2) == [b"late\n", b"new\n"]

    asyncio.run(main())


@pytest.mark.usefixtures("soon")
def test_a_file_that_appears_later_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "later.ast"

    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed("file", "asterix", path=str(path)), inlet):
            await asyncio.sleep(0.05)
            path.write_bytes(b"\x30\x00\x03\x30\x00\x04\xff")
            assert await take(inlet, 2) == [b"\x30\x00\x03", b"\x30\x00\x04\xff"]

    asyncio.run(main())


# ---- mistakes ----


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_busy_port_is_named_with_its_fix(kind: Any) -> None:
    async def main() -> None:
        inlet = Inlet()
        async with opened(Feed(kind, "jsonl"), inlet) as receiver:
            port = address(receiver)[1]
            with pytest.raises(
                UserError, match=f"{kind.upper()} port {port} on 127.0.0.1 is busy"
            ) as mistake:
                await open_feed(Feed(kind, "jsonl", port=port), inlet)
            assert "another port" in mistake.value.fix

    asyncio.run(main())


@pytest.mark.parametrize(
    ("feed", "what"),
    [
        (Feed("udp", "jsonl", host="192.0.2.1"), "cannot be opened"),
        (Feed("tcp", "jsonl", host="192.0.2.1"), "cannot be opened"),
        (Feed("multicast", "jsonl"), "no group"),
        (Feed("udp", "jsonl", group="10.0.0.1"), "no multicast group"),
        (Feed("udp", "jsonl", group="239.1.1"), "multicast"),
        (Feed("udp", "jsonl", group=GROUP, host="localhost"), "multicast"),
        (Feed("file", "jsonl"), "no path"),
        (Feed("file", "jsonl", path="/"), "is not a file"),
        (Feed("file", "jsonl", path="/no-such-folder/plots"), "no folder /no-such-folder"),
    ],
)
def test_other_mistakes_are_one_line(feed: Feed, what: str) -> None:
    with pytest.raises(UserError, match=what) as mistake:
        asyncio.run(open_feed(feed, Inlet()))
    assert "\n" not in str(mistake.value)

"""Three door processes over three real brokers, each with a hall that keeps its half of the handoff."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from brokers import Trio
from door_halls import Hall, counted, decided, until, wanted
from exchange_samples import product, tracklet

from tocsin.model.envelope import header_for
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.broker_plan import door_exchange
from tocsin.node.bus import connect_bus
from tocsin.node.config import NodeConfig
from tocsin.node.keys import KeyFolder
from tocsin.node.supervise import Program
from tocsin.release._key import load_release_key
from tocsin.release.seal import seal
from tocsin.share.topology import Mode
from tocsin.share.wire import encode_product, join_products


@contextlib.asynccontextmanager
async def hall_of(hall: Hall, config: NodeConfig) -> AsyncIterator[Hall]:
    """Its memory outlives the connection, as a hall's book does."""
    bus = await connect_bus(config, "hall")
    hall.publish, hall.report = bus.publish, None
    await bus.subscribe("offer.ack", hall.on_ack)
    await bus.subscribe("import.data", hall.on_data)
    alive = asyncio.create_task(hall.live())
    try:
        yield hall
    finally:
        alive.cancel()
        await bus.close()


def program(config: NodeConfig) -> Program:
    argv = (sys.executable, "-m", "tocsin.node.door", config.source)
    return Program(f"{config.nation} door", argv, Path(config.root) / "door.log", say=lambda line: None)


@contextlib.asynccontextmanager
async def nodes(trio: Trio, halls: dict[Nation, Hall]) -> AsyncIterator[dict[Nation, Program]]:
    programs = {nation: program(config) for nation, config in trio.configs.items()}
    async with contextlib.AsyncExitStack() as stack:
        for one in programs.values():
            stack.push_async_callback(one.stop)
        await asyncio.gather(*(one.start(20.0) for one in programs.values()))
        for nation, config in trio.configs.items():
            await stack.enter_async_context(hall_of(halls[nation], config))
        yield programs


@pytest.fixture(scope="module")
def own_trio(make_trio: Callable[[Mode], Trio]) -> Trio:
    """Brokers whose streams no other test has written to."""
    return make_trio(Mode.BOTH)


@pytest.fixture(scope="module")
def halls() -> dict[Nation, Hall]:
    """As long-lived as the doors' books."""
    return {nation: Hall() for nation in Nation}


def test_everything_arrives_once_though_doors_are_killed(own_trio: Trio, halls: dict[Nation, Hall]) -> None:
    async def work() -> int:
        async with nodes(own_trio, halls) as programs:
            for n in range(1, 301, 10):
                for nation, hall in halls.items():
                    await hall.offer(*(product(nation, k) for k in range(n, n + 10)))
                await asyncio.sleep(0.02)
                if n in (51, 151):
                    programs[Nation.KOR].kill()
                if n == 101:
                    programs[Nation.JPN].kill()
            await until(lambda: counted(halls) == wanted(300))
            await until(lambda: all(len(decided(hall)) == 600 and hall.report for hall in halls.values()))
            return sum(one.restarts for one in programs.values())

    restarts = own_trio.run(work())
    assert restarts >= 2
    assert counted(halls) == wanted(300)
    for hall in halls.values():
        assert len(decided(hall)) == 600
        assert all(one.released for one in decided(hall))
        assert not hall.quarantined()


def genuine_for_japan(config: NodeConfig, number: int) -> Sealed:
    """What KOR's own door would have sealed, with KOR's own key."""
    one = tracklet(Nation.KOR, 5_000 + number)
    signer = load_release_key(KeyFolder(config.keys_dir).release(1))
    now = time.time_ns()
    header = header_for(
        one.label,
        issuer=Nation.KOR,
        recipient=Nation.JPN,
        traffic=Traffic.FLOW,
        first=number,
        last=number,
        key_id=signer.key_id,
        issued_wall_ns=Instant(now),
        expires_wall_ns=Instant(now + 60 * SECOND_NS),
    )
    return seal(header, join_products([encode_product(one)]), signer, by_hub=True)


def test_changed_bits_and_foreign_bytes_change_nothing(own_trio: Trio, halls: dict[Nation, Hall]) -> None:
    jpn = halls[Nation.JPN]
    before = counted(halls)

    async def work() -> None:
        async with nodes(own_trio, halls):
            genuine = genuine_for_japan(own_trio.configs[Nation.KOR], 1)  # 1 was used long ago: a replay
            flipped = bytearray(genuine.data)
            flipped[-3] ^= 1
            wire = door_exchange(own_trio.configs[Nation.KOR])
            await wire.open()
            for n, data in enumerate((bytes(flipped), b"nonsense", genuine.data), start=10**6):
                await wire.send(msgspec.structs.replace(genuine, data=data, first=n, last=n))
            await until(lambda: len(jpn.quarantined()) >= 4)
            await asyncio.sleep(1.0)  # whatever is to follow has followed
            await wire.close()

    own_trio.run(work())
    assert Counter(row.reason for row in jpn.quarantined()) == {"bad-signature": 2, "malformed": 2}
    assert counted(halls) == before


def test_stops_cleanly_at_sigterm(own_trio: Trio) -> None:
    config = own_trio.configs[Nation.USA]
    door = subprocess.Popen(
        [sys.executable, "-m", "tocsin.node.door", config.source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert door.stdout is not None
    assert door.stdout.readline() == b"ready USA door\n"
    os.kill(door.pid, signal.SIGTERM)
    out, err = door.communicate(timeout=10)
    assert (door.returncode, out) == (0, b"")
    assert b"Traceback" not in err, err.decode()


@pytest.mark.parametrize("argv", [[], ["/nowhere/node.toml"]])
def test_users_mistakes_are_one_line(argv: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tocsin.node.door", *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ")

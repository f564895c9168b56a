"""`tocsin trust` on a node that runs: three door processes over real brokers, with keys changed and revoked
while products flow, and a door whose book is an old copy.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from brokers import Trio
from door_halls import Hall, counted, decided, until, wanted
from exchange_samples import product, tracklet
from test_door import nodes
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.envelope import header_for
from tocsin.model.handoff import OfferAck
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.broker_plan import door_exchange
from tocsin.node.config import NodeConfig
from tocsin.node.door_book import told_so_far
from tocsin.node.keys import SIGNING, KeyFolder
from tocsin.release._key import load_release_key
from tocsin.release.seal import seal
from tocsin.share.topology import Mode
from tocsin.share.wire import encode_product, join_products

KOR, JPN = Nation.KOR, Nation.JPN


class ForgetfulHall(Hall):
    """Believes the door's word of what it has taken, as the production hall does (node.hall_door)."""

    async def on_ack(self, data: bytes) -> None:
        self.acked = msgspec.msgpack.decode(data, type=OfferAck).upto


@pytest.fixture
def trio(make_trio: Callable[[Mode], Trio]) -> Iterator[Trio]:
    """Brokers and folders of this test alone."""
    made = make_trio(Mode.BOTH)
    yield made
    made.run(made.stop())


def trust(command: str, config: NodeConfig, *words: str) -> Any:
    result = CliRunner().invoke(app, ["trust", command, config.source, *words, "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def key_of_use(shown: Any, use: str) -> str:
    return str(next(row["key_id"] for row in shown["signing"] if row["use"] == use and not row["revoked"]))


def stolen(config: NodeConfig, key_id: str, number: int) -> Sealed:
    """What a thief who holds that key of KOR's writes to Japan."""
    keys = map(load_release_key, KeyFolder(config.keys_dir).all_of(SIGNING))
    signer = next(key for key in keys if key.key_id == key_id)
    one, now = tracklet(KOR, 5_000 + number), time.time_ns()
    header = header_for(
        one.label,
        issuer=KOR,
        recipient=JPN,
        traffic=Traffic.FLOW,
        first=number,
        last=number,
        key_id=signer.key_id,
        issued_wall_ns=Instant(now),
        expires_wall_ns=Instant(now + 60 * SECOND_NS),
    )
    return seal(header, join_products([encode_product(one)]), signer, by_hub=True)


def alarms(hall: Hall) -> tuple[Alarm, ...]:
    return () if hall.report is None else hall.report.alarms


def reasons(hall: Hall) -> set[str]:
    return {row.reason for row in hall.quarantined()}


async def offered(halls: dict[Nation, Hall], first: int, last: int) -> None:
    for n in range(first, last, 10):
        for nation, hall in halls.items():
            await hall.offer(*(product(nation, k) for k in range(n, n + 10)))
        await asyncio.sleep(0.05)


async def known_to_partners(config: NodeConfig, version: int) -> None:
    assert await until(lambda: told_so_far(config.door_book).list_seen >= version)


def test_keys_change_and_are_revoked_under_way(trio: Trio) -> None:
    halls: dict[Nation, Hall] = {nation: Hall() for nation in Nation}
    kor = trio.configs[KOR]

    async def work() -> str:
        async with nodes(trio, halls) as programs:
            await offered(halls, 1, 51)
            first = await asyncio.to_thread(trust, "rotate", kor)
            await offered(halls, 51, 101)
            await known_to_partners(kor, first["version"])
            second = await asyncio.to_thread(trust, "rotate", kor)
            await offered(halls, 101, 151)
            lost = key_of_use(second, "current")
            third = await asyncio.to_thread(trust, "revoke", kor, lost)
            await offered(halls, 151, 201)
            await known_to_partners(kor, third["version"])
            assert await until(lambda: counted(halls) == wanted(200))
            wire = door_exchange(kor)
            await wire.open()
            await wire.send(stolen(kor, lost, 10**6))
            assert await until(lambda: "revoked-key" in reasons(halls[JPN]))
            await wire.close()
            assert await until(lambda: all(len(decided(hall)) == 400 for hall in halls.values()))
            assert [one.restarts for one in programs.values()] == [0, 0, 0]
            return lost

    lost = trio.run(work())
    assert counted(halls) == wanted(200)
    # Twice rotated before a partner has heard of it, its newest key is unknown there for a moment.
    assert reasons(halls[JPN]) <= {"revoked-key", "unknown-key"}
    assert reasons(halls[Nation.USA]) <= {"unknown-key"}
    shown = trust("show", kor)["entries"][0]
    revoked = {row["key_id"]: row["revoked"] for row in shown["signing"] if row["revoked"] is not None}
    assert list(revoked) == [lost]
    assert sum(revoked[lost].values()) > 0


def numbered(halls: dict[Nation, Hall], origin: Nation) -> list[tuple[Nation, Traffic, int]]:
    """Everything that halls took in from one nation, by the sequence under which it came."""
    rows = [(me, row) for me, hall in halls.items() for row in hall.imports() if row.origin is origin]
    return [(me, row.traffic, row.sequence) for me, row in rows]


def test_a_door_on_an_old_copy_loses_nothing_and_numbers_nothing_twice(trio: Trio, tmp_path: Path) -> None:
    halls: dict[Nation, Hall] = {nation: ForgetfulHall() for nation in Nation}
    book = trio.configs[KOR].door_book

    async def part(first: int, last: int) -> None:
        async with nodes(trio, halls):
            await offered(halls, first, last)
            assert await until(lambda: counted(halls) == wanted(last - 1))
            assert await until(lambda: all(hall.acked == len(hall.offers) for hall in halls.values()))

    everything = {nation: set(taken) for nation, taken in wanted(150).items()}

    async def alarmed() -> set[AlarmKind]:
        async with nodes(trio, halls):
            await offered(halls, 101, 151)
            # What it had forgotten comes again under new numbers: a picture knows it by track and number.
            assert await until(lambda: {n: set(taken) for n, taken in counted(halls).items()} == everything)
            assert await until(lambda: bool(alarms(halls[KOR])))
            return {alarm.kind for alarm in alarms(halls[KOR])}

    trio.run(part(1, 51))
    shutil.copy(book, tmp_path / "copy")
    trio.run(part(51, 101))
    for stale in book.parent.glob(f"{book.name}*"):
        stale.unlink()
    shutil.copy(tmp_path / "copy", book)
    kinds = trio.run(alarmed())
    assert AlarmKind.OLD_BACKUP in kinds
    assert len(numbered(halls, KOR)) == len(set(numbered(halls, KOR)))
    # A partner's receipt may come before its heartbeat has told what was forgotten.
    assert reasons(halls[KOR]) <= {"false-receipt"}
    assert not reasons(halls[Nation.USA]) | reasons(halls[JPN])

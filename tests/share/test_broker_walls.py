"""The brokers' own wall: who may connect, and what each user may say and hear. Against real servers."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from pathlib import Path

import nats
import nats.errors
import pytest
from brokers import Trio

from tocsin.errors import TocsinError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node import authority
from tocsin.node.broker_plan import client_tls
from tocsin.node.bus import Bus, connect_bus
from tocsin.node.config import NodeConfig
from tocsin.node.keys import KeyFolder, _new_nkey_seed, read_seed, write_secret
from tocsin.share.broker_config import TlsFiles
from tocsin.share.nats import Session

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA


def keys(config: NodeConfig) -> KeyFolder:
    return KeyFolder(config.keys_dir)


async def refusals(config: NodeConfig, role: str, publish: list[str], subscribe: list[str]) -> list[str]:
    """Subjects on which the broker refused this user, of those tried."""
    folder = keys(config)
    tls = client_tls(folder, role.partition("-")[0])
    context = ssl.create_default_context(cafile=tls.ca)
    context.load_cert_chain(tls.cert, tls.key)
    said: list[str] = []

    async def note(failure: BaseException) -> None:
        said.append(str(failure))

    client = await nats.connect(
        config.broker_url,
        tls=context,
        nkeys_seed_str=read_seed(folder.nkey(role)),
        error_cb=note,
        allow_reconnect=False,
    )
    for subject in subscribe:
        await client.subscribe(subject)
    for subject in publish:
        await client.publish(subject, b"x")
    await client.flush()
    await asyncio.sleep(0.05)
    await client.close()
    tried = [("publish", s) for s in publish] + [("subscription", s) for s in subscribe]
    return sorted(f"{verb} {s}" for verb, s in tried if any(_names(verb, s, text) for text in said))


def _names(verb: str, subject: str, text: str) -> bool:
    return verb in text.lower() and f'"{subject}"'.lower() in text.lower()


def test_the_hall_may_offer_and_acknowledge_and_nothing_else(trio: Trio) -> None:
    allowed = ["EXERCISE.offer.data", "EXERCISE.import.ack"]
    denied = [
        "EXERCISE.import.data",
        "EXERCISE.offer.ack",
        "EXERCISE.rel.JPN.KOR.urgent",
        "EXERCISE.hb.JPN.KOR",
        "REAL.offer.data",
        "$JS.API.STREAM.NAMES",
    ]
    config = trio.configs[KOR]
    found = trio.run(
        refusals(config, "hall", [*allowed, *denied], ["EXERCISE.rel.>", "EXERCISE.import.data"])
    )
    assert found == sorted([*(f"publish {s}" for s in denied), "subscription EXERCISE.rel.>"])


def test_the_door_says_in_a_link_account_only_what_is_its_own(trio: Trio) -> None:
    denied = [
        "EXERCISE.rel.KOR.JPN.urgent",
        "EXERCISE.rel.JPN.USA.urgent",
        "REAL.rel.JPN.KOR.urgent",
        "EXERCISE.hb.KOR.JPN",
        "EXERCISE.offer.data",
        "EXERCISE.local.JPN.urgent",
        "$JS.JPN-EXERCISE.API.STREAM.NAMES",
    ]
    found = trio.run(
        refusals(trio.configs[KOR], "door-JPN", ["EXERCISE.hb.JPN.KOR", *denied], ["EXERCISE.rel.>"])
    )
    assert found == sorted([*(f"publish {s}" for s in denied), "subscription EXERCISE.rel.>"])


async def fails(url: str, tls: TlsFiles, seed: str) -> str:
    session = Session(url, tls, seed, "intruder")
    with pytest.raises(TocsinError) as failure:
        await session.open(1.0)
    return str(failure.value)


def test_a_foreign_key_or_certificate_gets_no_session(trio: Trio) -> None:
    own, foreign = trio.configs[KOR], trio.configs[JPN]
    right_tls, right_seed = client_tls(keys(own), "door"), read_seed(keys(own).nkey("door"))

    async def work() -> list[str]:
        good = Session(own.broker_url, right_tls, right_seed, "door")
        await good.open(5.0)
        await good.close()
        theirs = client_tls(keys(foreign), "door")
        return [
            await fails(own.broker_url, right_tls, _new_nkey_seed().decode()),
            await fails(own.broker_url, right_tls, read_seed(keys(foreign).nkey("door"))),
            await fails(own.broker_url, TlsFiles(theirs.cert, theirs.key, right_tls.ca), right_seed),
            await fails(own.broker_url, theirs, right_seed),
        ]

    unknown, others, not_ours, not_theirs = trio.run(work())
    assert "uthorization" in unknown
    assert "uthorization" in others
    assert "no session" in not_ours
    assert "certificate" in not_theirs.lower()


def leaf_config(config: NodeConfig, folder: Path, tls: TlsFiles, seed: str, url: str) -> str:
    """A server that dials a nation's leaf listener, with one account without any limits."""
    remote = {
        "urls": [url],
        "nkey": seed,
        "account": "A",
        "tls": {"cert_file": tls.cert, "key_file": tls.key, "ca_file": tls.ca},
    }
    return json.dumps(
        {
            "listen": "127.0.0.1:-1",
            "log_file": str(folder / "log"),
            "accounts": {"A": {"users": [{"user": "a", "password": "a"}]}},
            "leafnodes": {"remotes": [remote], "reconnect": "100ms"},
        }
    )


async def dial(trio: Trio, folder: Path, tls: TlsFiles, seed: str) -> str:
    """What the dialling server's log says after a second."""
    from tocsin.node.broker import find_server

    usa = trio.configs[USA]
    folder.mkdir()
    text = leaf_config(usa, folder, tls, seed, f"tls://127.0.0.1:{usa.broker.leaf_port}")
    (folder / "nats.conf").write_text(text)
    process = await asyncio.create_subprocess_exec(find_server(), "-c", str(folder / "nats.conf"))
    await asyncio.sleep(0.6)
    process.kill()
    await process.wait()
    return (folder / "log").read_text()


def test_a_leaf_with_a_foreign_authority_or_user_is_refused(trio: Trio, tmp_path: Path) -> None:
    kor = keys(trio.configs[KOR])
    usa_ca = str(keys(trio.configs[USA]).certificate("ca"))
    right = TlsFiles(str(kor.certificate("node")), str(kor.private("node")), usa_ca)
    forged_ca = authority.new_authority(KOR, Plane.EXERCISE, Instant(time.time_ns()))
    forged = authority.issue(forged_ca, KOR, Plane.EXERCISE, "node", ("127.0.0.1",), Instant(time.time_ns()))
    write_secret(tmp_path / "forged.key", forged.key_pem)
    write_secret(tmp_path / "forged.pem", forged.cert_pem)
    wrong = TlsFiles(str(tmp_path / "forged.pem"), str(tmp_path / "forged.key"), usa_ca)
    seed = read_seed(kor.nkey("leaf-USA"))

    async def work() -> tuple[str, str]:
        return (
            await dial(trio, tmp_path / "authority", wrong, seed),
            await dial(trio, tmp_path / "user", right, _new_nkey_seed().decode()),
        )

    _, bad_user = trio.run(work())
    refused = (trio.configs[USA].broker_dir / "nats.log").read_text()
    assert "certificate signed by unknown authority" in refused
    assert "Authorization Violation" in bad_user


def test_streams_and_their_subjects_carry_the_plane(trio: Trio) -> None:
    async def work() -> list[str]:
        async with trio.doors():
            folder = keys(trio.configs[KOR])
            session = Session(
                trio.configs[KOR].broker_url,
                client_tls(folder, "door"),
                read_seed(folder.nkey("door-JPN")),
                "look",
            )
            await session.open()
            answer = json.loads(await session.request("$JS.API.STREAM.LIST", b""))
            await session.close()
            return [subject for row in answer["streams"] for subject in row["config"].get("subjects", [])]

    found = trio.run(work())
    assert sorted(found) == [f"EXERCISE.rel.*.KOR.{traffic}" for traffic in ("control", "flow", "urgent")]


def test_the_bus_carries_both_ways_and_survives_a_killed_broker(trio: Trio) -> None:
    async def work() -> tuple[list[bytes], list[bytes]]:
        config, broker = trio.configs[KOR], trio.brokers[KOR]
        at_door: list[bytes] = []
        at_hall: list[bytes] = []
        hall, door = await connect_bus(config, "hall"), await connect_bus(config, "door")

        async def door_hears(data: bytes) -> None:
            at_door.append(data)
            await door.publish("offer.ack", b"ack " + data)

        async def hall_hears(data: bytes) -> None:
            at_hall.append(data)

        await door.subscribe("offer.data", door_hears)
        await hall.subscribe("offer.ack", hall_hears)
        await say_until(hall, b"before", at_hall)
        await broker.kill()
        await hall.publish("offer.data", b"into the void")
        await broker.start()
        await say_until(hall, b"after", at_hall)
        await hall.close()
        await door.close()
        return at_door, at_hall

    at_door, at_hall = trio.run(work())
    assert {b"before", b"after"} <= set(at_door)
    assert {b"ack before", b"ack after"} <= set(at_hall)


async def say_until(hall: Bus, data: bytes, heard: list[bytes]) -> None:
    while b"ack " + data not in heard:
        await hall.publish("offer.data", data)
        await asyncio.sleep(0.02)


def test_a_bus_without_broker_is_patient(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> bool:
        await trio.brokers[JPN].stop()
        monkeypatch.setattr("tocsin.node.bus.PATIENCE_S", 0.2)
        bus = await connect_bus(trio.configs[JPN], "hall")
        await bus.publish("offer.data", b"nobody hears it")
        was_up = bus.up
        await trio.brokers[JPN].start()
        while not bus.up:
            await asyncio.sleep(0.02)
        await bus.close()
        return was_up

    assert trio.run(work()) is False

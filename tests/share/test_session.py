"""The line to the own broker: requests that fail at once, subscriptions that survive everything."""

from __future__ import annotations

import asyncio
import time

import pytest
from brokers import Trio

from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.node.broker_plan import client_tls
from tocsin.node.keys import KeyFolder, read_seed
from tocsin.share.broker_config import TlsFiles
from tocsin.share.line import Message
from tocsin.share.nats import Session
from tocsin.share.transport import TransportError

KOR = Nation.KOR
BEAT = "EXERCISE.hb.JPN.KOR"


def session(trio: Trio) -> Session:
    """In the account of the link with JPN, as KOR's door."""
    config = trio.configs[KOR]
    folder = KeyFolder(config.keys_dir)
    return Session(config.broker_url, client_tls(folder, "door"), read_seed(folder.nkey("door-JPN")), "test")


async def failure_of(line: Session, subject: str, timeout_s: float = 5.0) -> tuple[str, float]:
    began = time.monotonic()
    with pytest.raises(TransportError) as failure:
        await line.request(subject, b"", timeout_s=timeout_s)
    return str(failure.value), time.monotonic() - began


UNANSWERED = "$JS.API.STREAM.INFO.NONE.AT.ALL.HERE"
"""nats-server has an ear for it and says nothing."""


def test_a_request_without_answer_fails_with_its_reason(trio: Trio) -> None:
    async def work() -> list[tuple[str, float]]:
        line = session(trio)
        closed = await failure_of(line, UNANSWERED)
        await line.open()
        nobody = await failure_of(line, "EXERCISE.rel.JPN.KOR.none")
        late = await failure_of(line, UNANSWERED, timeout_s=0.2)
        await line.close()
        return [closed, nobody, late]

    reasons, times_s = zip(*trio.run(work()), strict=True)
    assert reasons[:2] == ("the broker is away", "nobody serves that subject")
    assert reasons[2].startswith("no answer on")
    assert times_s[2] >= 0.2
    assert max(times_s) < 1.0


def test_an_open_request_fails_at_once_when_the_broker_dies(trio: Trio) -> None:
    async def work() -> tuple[str, float]:
        line = session(trio)
        await line.open()
        asking = asyncio.create_task(failure_of(line, UNANSWERED, 20.0))
        await asyncio.sleep(0.1)
        await trio.brokers[KOR].kill()
        result = await asking
        await trio.brokers[KOR].start()
        while not line.up:
            await asyncio.sleep(0.02)
        await line.close()
        return result

    said, took_s = trio.run(work())
    assert said == "the connection to the broker broke"
    assert took_s < 2.0


def test_a_client_that_gave_up_is_replaced_with_its_subscriptions(trio: Trio) -> None:
    """nats-py closes for good on some errors; here it is made to."""
    heard: list[bytes] = []

    async def note(message: Message) -> None:
        heard.append(message.data)

    async def work() -> None:
        kor = session(trio)
        config = trio.configs[Nation.JPN]
        folder = KeyFolder(config.keys_dir)
        tls, seed = client_tls(folder, "door"), read_seed(folder.nkey("door-KOR"))
        jpn = Session(config.broker_url, tls, seed, "test")
        await asyncio.gather(kor.open(), jpn.open())
        await jpn.subscribe(BEAT, note, 100)
        await beat_until(kor, b"before")
        await jpn._client.close()
        await beat_until(kor, b"after")
        await asyncio.gather(kor.close(), jpn.close())

    async def beat_until(line: Session, data: bytes) -> None:
        while data not in heard:
            await line.publish(BEAT, data)
            await asyncio.sleep(0.02)

    trio.run(work())
    assert {b"before", b"after"} <= set(heard)


def test_unusable_certificates_are_a_users_mistake(trio: Trio) -> None:
    config = trio.configs[KOR]
    seed = read_seed(KeyFolder(config.keys_dir).nkey("door"))
    line = Session(config.broker_url, TlsFiles("none.pem", "none.key", "none-ca.pem"), seed, "test")
    with pytest.raises(UserError, match=r"none\.pem"):
        trio.run(line.open())

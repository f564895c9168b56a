"""A hub that drops its own permissions learns nothing from a nation that dialled it, beyond what was sent to
it."""

from __future__ import annotations

import asyncio
import json

import msgspec
from brokers import Trio, collect, sealed

from tocsin.model.label import Nation
from tocsin.node.broker import Broker
from tocsin.node.broker_plan import client_tls, door_exchange, make_plan
from tocsin.node.keys import KeyFolder, read_seed
from tocsin.share.broker_config import HEADER, render
from tocsin.share.line import Message
from tocsin.share.nats import Session
from tocsin.share.transport import TransportError

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA

CALLS = (
    "INFO",
    "STREAM.LIST",
    "STREAM.NAMES",
    "STREAM.INFO.OUT_USA_URGENT",
    "STREAM.MSG.GET.OUT_USA_URGENT",
    "STREAM.PURGE.OUT_USA_URGENT",
    "STREAM.DELETE.IN_USA_URGENT",
    "DIRECT.GET.OUT_USA_URGENT",
    "CONSUMER.LIST.OUT_USA_URGENT",
    "CONSUMER.NAMES.OUT_USA_URGENT",
    "CONSUMER.INFO.OUT_USA_URGENT.TO_USA",
    "CONSUMER.CREATE.OUT_USA_URGENT.SPY",
    "CONSUMER.DURABLE.CREATE.OUT_USA_URGENT.SPY",
    "CONSUMER.DELETE.OUT_USA_URGENT.TO_USA",
    "CONSUMER.PAUSE.OUT_USA_URGENT.TO_USA",
    "CONSUMER.MSG.NEXT.IN_USA_URGENT.DOOR",
    "CONSUMER.RESET.IN_USA_URGENT.DOOR",
)


def unlimited(trio: Trio) -> Broker:
    """The hub's broker with the same keys and no permissions at all."""
    config = trio.configs[USA]
    plan = make_plan(config)
    document = json.loads(render(plan).removeprefix(HEADER))
    for account in document["accounts"].values():
        for user in account["users"]:
            user.pop("permissions", None)
    return Broker(json.dumps(document), config.broker_dir, config.broker.monitor_port, (), len(plan.links))


async def answered(spy: Session, prefix: str) -> list[str]:
    """Calls of the nation's JetStream API that got an answer."""

    async def call(name: str) -> str | None:
        try:
            await spy.request(f"{prefix}.{name}", b"{}", timeout_s=0.6)
        except TransportError:
            return None
        return name

    return [name for name in await asyncio.gather(*(call(name) for name in CALLS)) if name is not None]


def test_it_gets_no_answer_hears_nothing_private_and_injects_nothing(trio: Trio) -> None:
    heard: list[str] = []

    async def note(message: Message) -> None:
        heard.append(message.subject)

    async def work() -> tuple[list[str], list[str], list[bytes]]:
        folder = KeyFolder(trio.configs[USA].keys_dir)
        await trio.brokers[USA].stop()
        hub = unlimited(trio)
        await hub.start()
        await trio.linked()
        spy = Session(
            trio.configs[USA].broker_url,
            client_tls(folder, "door"),
            read_seed(folder.nkey("door-KOR")),
            "spy",
        )
        await spy.open()
        await spy.subscribe(">", note, 1_000)
        kor, jpn = door_exchange(trio.configs[KOR]), door_exchange(trio.configs[JPN])
        await asyncio.gather(kor.open(), jpn.open())
        own = await answered(spy, "$JS.API")
        foreign = await answered(spy, "$JS.KOR-EXERCISE.API")
        await kor.send(msgspec.structs.replace(sealed(KOR, JPN, 1, run="private"), by_hub=False))
        for subject in ("EXERCISE.rel.KOR.USA.urgent", "EXERCISE.local.USA.urgent"):
            await spy.publish(subject, b"injected")
        came = await collect(kor, lambda got: bool(got), within_s=0.5)
        await asyncio.gather(kor.close(), jpn.close(), spy.close())
        await hub.stop()
        await trio.brokers[USA].start()
        await trio.linked()
        return own, foreign, [arrival.data for arrival in came]

    own, foreign, injected = trio.run(work())
    assert "STREAM.NAMES" in own  # the spy's way of asking works where it may ask
    assert foreign == []
    assert injected == []
    spied = [
        s
        for s in heard
        if s.startswith("EXERCISE.") and ".dlv.KOR.USA." not in s and s != "EXERCISE.local.USA.urgent"
    ]
    assert [s for s in spied if s != "EXERCISE.rel.KOR.USA.urgent"] == []

"""A hub that drops its own permissions learns nothing from a nation that dialled it, beyond what was sent to
it."""

from __future__ import annotations

import asyncio
import json
import ssl

import msgspec
import nats
from brokers import Trio, collect, sealed
from nats.aio.client import Client
from nats.aio.msg import Msg

from tocsin.model.label import Nation
from tocsin.node.broker import Broker
from tocsin.node.broker_plan import client_tls, door_exchange, make_plan
from tocsin.node.keys import KeyFolder, read_seed
from tocsin.share.broker_config import HEADER, render

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA

PRETENDED, FORGED = "EXERCISE.rel.KOR.JPN.urgent", "EXERCISE.local.USA.urgent"
"""A product in JPN's name, and a delivery in the name of KOR's own broker."""

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


async def spy_on(trio: Trio, heard: list[str], payloads: list[bytes]) -> Client:
    """A client in the hub's account of the link with KOR that hears everything there is."""
    folder = KeyFolder(trio.configs[USA].keys_dir)
    tls = client_tls(folder, "door")
    context = ssl.create_default_context(cafile=tls.ca)
    context.load_cert_chain(tls.cert, tls.key)
    seed = read_seed(folder.nkey("door-KOR"))
    client = await nats.connect(trio.configs[USA].broker_url, tls=context, nkeys_seed_str=seed)

    async def note(message: Msg) -> None:
        heard.append(message.subject)
        payloads.append(message.data)

    await client.subscribe(">", cb=note)
    return client


async def call_all(spy: Client, prefix: str, heard: list[str]) -> list[str]:
    """Calls that got an answer, sent to a subject that partners' brokers may answer on (`$JSC.R.>`)."""
    for name in CALLS:
        await spy.publish(f"{prefix}.{name}", b"{}", reply=f"$JSC.R.{prefix}.{name}")
    await spy.flush()
    await asyncio.sleep(0.6)
    return [name for name in CALLS if f"$JSC.R.{prefix}.{name}" in heard]


def test_it_gets_no_answer_hears_nothing_private_and_injects_nothing(trio: Trio) -> None:
    heard: list[str] = []
    payloads: list[bytes] = []

    async def work() -> tuple[list[str], list[str], list[bytes]]:
        await trio.brokers[USA].stop()
        hub = unlimited(trio)
        await hub.start()
        await trio.linked()
        spy = await spy_on(trio, heard, payloads)
        kor, jpn = door_exchange(trio.configs[KOR]), door_exchange(trio.configs[JPN])
        await asyncio.gather(kor.open(), jpn.open())
        own = await call_all(spy, "$JS.API", heard)
        foreign = await call_all(spy, "$JS.KOR-EXERCISE.API", heard)
        await kor.send(msgspec.structs.replace(sealed(KOR, JPN, 1, run="private"), by_hub=False))
        await kor.send(sealed(KOR, USA, 1, run="past the valve"))
        for subject in (PRETENDED, FORGED):
            await spy.publish(subject, b"injected")
        came = await collect(kor, lambda _: False, within_s=0.5)
        await asyncio.gather(kor.close(), jpn.close(), spy.close())
        await hub.stop()
        await trio.brokers[USA].start()
        await trio.linked()
        return own, foreign, [a.data for a in came if a.data == b"injected"]

    own, foreign, injected = trio.run(work())
    assert "STREAM.NAMES" in own  # the spy's way of asking works where it may ask
    assert foreign == []
    assert injected == []
    assert b"private" not in b" ".join(payloads)
    assert [s for s in heard if s.startswith("$JS.EVENT.") and "_USA_" in s] == []  # of KOR's streams
    inner = {"rel", "local", "offer", "import"}  # what never leaves a nation under these names
    assert {s for s in heard if s.split(".")[1] in inner} == {PRETENDED, FORGED}

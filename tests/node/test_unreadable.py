"""Bytes that are no message where hall and door meet, and in files that nations exchange: text that is no
UTF-8 among them, for which msgspec raises no error of its own."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from exchange_samples import trust_of

from tocsin.errors import UserError
from tocsin.model.handoff import ImportAck
from tocsin.model.label import Nation, Plane
from tocsin.node import equivocation
from tocsin.node.bus import Bus
from tocsin.node.trust import read_entry
from tocsin.share.line import Handler, Message

NO_TEXT = b'{"nation": "\xff\xfe"}'
DEEP = b"[" * 50_000


class Session:
    """Keeps the handler that a bus gives it; stands in for nothing else of the broker."""

    handler: Handler

    async def subscribe(self, subject: str, handler: Handler, pending: int) -> None:
        self.handler = handler


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x81\xa4type\xa2\xff\xfe", b"\x82\xa4type\xaaimport-ack"])
def test_a_handoff_that_cannot_be_read_is_as_if_lost(data: bytes) -> None:
    session, taken = Session(), []

    async def take(data: bytes) -> None:
        taken.append(msgspec.msgpack.decode(data, type=ImportAck))

    async def hear() -> None:
        await Bus(session, Plane.TEST).subscribe("import.ack", take)  # type: ignore[arg-type]
        await session.handler(Message("s", "", data))
        await session.handler(Message("s", "", msgspec.msgpack.encode(ImportAck(7, 9))))

    asyncio.run(hear())
    assert taken == [ImportAck(7, 9)]


@pytest.mark.parametrize("data", [NO_TEXT, DEEP, b"", b"\xff"])
def test_a_trust_file_that_cannot_be_read_is_a_users_mistake(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "KOR.json"
    path.write_bytes(data)
    with pytest.raises(UserError, match="is no trust entry"):
        read_entry(path)


@pytest.mark.parametrize("data", [NO_TEXT, DEEP, b"", b"\xff"])
def test_an_accusation_that_cannot_be_read_shows_nothing(data: bytes) -> None:
    assert isinstance(equivocation.judge(data, equivocation.Keys(trust_of(Nation.KOR), ())), str)

"""Handoff between hall and door over the broker's private account: topics of tocsin.model.handoff, bytes.

Nothing here is kept or repeated: numbering, acknowledging and resending are the callers', and what is
published while the broker is away is lost. The broker lets each role say and hear its own topics only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import msgspec

from tocsin.model.label import Plane
from tocsin.node.broker_plan import client_tls
from tocsin.node.config import NodeConfig
from tocsin.node.keys import KeyFolder, read_seed
from tocsin.share import subjects
from tocsin.share.broker_config import TlsFiles
from tocsin.share.line import Message
from tocsin.share.nats import Session
from tocsin.share.transport import TransportError

Role = Literal["hall", "door"]

PENDING = 1_024
"""Messages that may wait for the reader: handoffs are batched, and what is dropped is sent again."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)
"""What decoding raises for bytes that are no message (msgspec has no error of its own for text that is no
UTF-8)."""

PATIENCE_S = 3.0
"""A hall without broker still warns: after this long it goes on, and the session comes when the broker
does."""


class Bus:
    """One role's end. Comes back for ever."""

    def __init__(self, session: Session, plane: Plane) -> None:
        self._session, self._plane = session, plane

    @classmethod
    async def connect(cls, url: str, tls: TlsFiles, seed: str, role: Role, plane: Plane) -> "Bus":
        """Connected, or still trying after PATIENCE_S. UserError for unusable certificates."""
        session = Session(url, tls, seed, f"{role}, private")
        await session.open(PATIENCE_S, patient=True)
        return cls(session, plane)

    @property
    def up(self) -> bool:
        """True while the broker answers."""
        return self._session.up

    async def publish(self, topic: str, data: bytes) -> None:
        """Say it once. Never raises for a broker that is away: the other side's silence is what tells."""
        with suppress(TransportError):
            await self._session.publish(subjects.private(self._plane, topic), data)

    async def subscribe(self, topic: str, handler: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand on what is said on `topic`, one after the other. What cannot be read is dropped as if it had
        been lost: whoever sent it sends it again."""

        async def hand_on(message: Message) -> None:
            with suppress(*UNREADABLE):
                await handler(message.data)

        await self._session.subscribe(subjects.private(self._plane, topic), hand_on, PENDING)

    async def close(self) -> None:
        """End it; what is unsent is flushed."""
        await asyncio.shield(self._session.close())


async def connect_bus(config: NodeConfig, role: Role) -> Bus:
    """The bus of this node in the given role."""
    folder = KeyFolder(config.keys_dir)
    seed = read_seed(folder.nkey(role))
    return await Bus.connect(config.broker_url, client_tls(folder, role), seed, role, config.plane)

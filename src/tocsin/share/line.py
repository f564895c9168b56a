"""A connection to the nation's own broker as share and node use it; the broker's client itself is in
share.nats."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """What a subscription hands on. `reply` is where an acknowledgement goes."""

    subject: str
    reply: str
    data: bytes


Handler = Callable[[Message], Awaitable[None]]
OnUp = Callable[[], Coroutine[None, None, None]]


class Line(Protocol):
    """One authenticated connection that comes back for ever."""

    @property
    def up(self) -> bool:
        """True while the broker answers."""
        ...

    async def open(self, timeout_s: float = ...) -> None:
        """Connect; TocsinError when that fails for `timeout_s`."""
        ...

    async def close(self) -> None:
        """End it."""
        ...

    async def subscribe(self, subject: str, handler: Handler, pending: int) -> None:
        """Hand every message on `subject` to `handler`, one after the other; at most `pending` wait."""
        ...

    async def publish(self, subject: str, data: bytes) -> None:
        """Hand to the broker, unacknowledged. TransportError while it is away."""
        ...

    async def request(self, subject: str, data: bytes, headers: dict[str, str] | None = ...) -> bytes:
        """The answer's bytes. TransportError when there is none in time, or the connection breaks."""
        ...

"""The live feed: the newest picture to every open page, at most ten times a second, never a queue.

One board holds the newest view, encoded once for all. Each client remembers only the number of the version it
has: a slow one skips what it missed and gets the newest (one overwrite slot per client, and the slot is
shared).
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from tocsin.model.picture import Picture
from tocsin.page.view import view_of

PERIOD_S: Final = 0.1
"""10 Hz: what an eye follows, and what PAGE.md's prototype was measured with."""

MAX_CLIENTS: Final = 64
"""Open pages of one nation's desk room and to spare; the next one is told to come back (close code 1013)."""

HEARTBEAT_S: Final = 1.0
"""With nothing new a page still hears this often that its hall is alive; it calls itself stale after 3 s."""

HEARTBEAT: Final = "null"

TRY_AGAIN_LATER: Final = 1013
"""WebSocket close code registry (RFC 6455, 11.7)."""

POLICY_VIOLATION: Final = 1008

PictureSource = Callable[[], Picture | None]


class Board:
    """The newest encoded view and its version; whoever waits is woken by the next one."""

    def __init__(self) -> None:
        self.version = 0
        self.clients = 0
        self._text = ""
        self._changed = asyncio.Event()

    def put(self, text: str) -> None:
        """Replace what is shown."""
        self.version += 1
        self._text = text
        self._changed.set()
        self._changed = asyncio.Event()

    async def newer(self, seen: int) -> tuple[int, str]:
        """The newest version as soon as it is not `seen`."""
        while self.version == seen:
            await self._changed.wait()
        return self.version, self._text

    @contextlib.contextmanager
    def client(self) -> Iterator[None]:
        """Counts a client while it is connected."""
        self.clients += 1
        try:
            yield
        finally:
            self.clients -= 1


async def pump(board: Board, source: PictureSource) -> None:
    """Encode each new picture once, at most every PERIOD_S, while somebody looks; runs until cancelled."""
    shown: Picture | None = None
    while True:
        picture = source() if board.clients else None
        if picture is not None and picture is not shown:
            board.put(encode(picture))
            shown = picture
        await asyncio.sleep(PERIOD_S)


def encode(picture: Picture) -> str:
    """The view of a picture as JSON."""
    return msgspec.json.encode(view_of(picture)).decode()


async def serve_client(socket: WebSocket, board: Board) -> None:
    """One page: push what is newer, and always receive, so that a closed page is noticed at once."""
    if not same_origin(socket):
        await socket.close(POLICY_VIOLATION)
        return
    if board.clients >= MAX_CLIENTS:
        await socket.accept()
        await socket.close(TRY_AGAIN_LATER)
        return
    with board.client():
        await socket.accept()
        tasks = {asyncio.create_task(_send(socket, board)), asyncio.create_task(_receive(socket))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def same_origin(socket: WebSocket) -> bool:
    """Browsers let any page open any WebSocket but always say whose page it is; programs send no Origin."""
    origin = socket.headers.get("origin")
    return origin is None or origin.split("://", 1)[-1] == socket.headers.get("host")


async def _send(socket: WebSocket, board: Board) -> None:
    seen = 0
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            try:
                # Not wait_for: in Python 3.11 it can swallow the cancellation that ends this loop.
                async with asyncio.timeout(HEARTBEAT_S):
                    seen, text = await board.newer(seen)
            except TimeoutError:
                text = HEARTBEAT
            await socket.send_text(text)


async def _receive(socket: WebSocket) -> None:
    """The page has nothing to say yet: what comes is dropped, the end is noticed."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass

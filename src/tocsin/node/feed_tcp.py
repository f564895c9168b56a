"""TCP: listens; each connection is a stream of lines or blocks. A full inlet makes the senders wait."""

import asyncio
from contextlib import suppress

from tocsin.node.inlet import READ_BYTES, Feed, Inlet, listen_mistake, pour
from tocsin.sense.framing import framer

MAX_CONNECTIONS = 64
"""Senders at once: far more than a node has sensors; each may hold one line or block of buffer."""


class TcpReceiver:
    """Listens; each connection is a stream of lines or blocks. A full inlet makes the senders wait."""

    def __init__(self, feed: Feed, inlet: Inlet) -> None:
        self.address: tuple[str, int] | None = None
        self._feed = feed
        self._inlet = inlet
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, feed: Feed, inlet: Inlet) -> "TcpReceiver":
        """Bind and accept."""
        receiver = cls(feed, inlet)
        try:
            receiver._server = await asyncio.start_server(
                receiver._accept, feed.host, feed.port, limit=READ_BYTES
            )
        except OSError as error:
            raise listen_mistake(feed, error) from error
        receiver.address = receiver._server.sockets[0].getsockname()[:2]
        return receiver

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= MAX_CONNECTIONS:
            self._inlet.dropped[f"{self._feed.name} connection refused"] += 1
            writer.close()
            return
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = framer(self._feed.format)
        try:
            while not cut.broken and (data := await reader.read(READ_BYTES)):
                await pour(self._inlet, self._feed.name, cut.feed(data))
            await pour(self._inlet, self._feed.name, cut.end())
        except ConnectionError:
            self._inlet.dropped[f"{self._feed.name} connection lost"] += 1
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is None:
            return
        self._server.close()
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await self._server.wait_closed()

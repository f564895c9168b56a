"""A proxy between a door and its own broker that doubles and reorders messages.

Between nations JetStream keeps order and drops doubles by itself, so that disturbing those lines would test
the broker. What tocsin has to bear is what its door is handed. So this proxy speaks just enough of NATS to
see messages: it ends TLS on both sides with the node's own certificates (the user's signature passes
through), hands some messages on twice, and holds some back so that later ones overtake them. It touches
products, heartbeats and the handoff with the hall, both ways; the broker's API and its acknowledgements pass
as they are.
"""

import asyncio
import random
import ssl
from contextlib import suppress

from tocsin.node.config import NodeConfig
from tocsin.node.keys import KeyFolder

LONGEST_HOLD_S = 0.4
LINE_LIMIT = 1024 * 1024
WITH_PAYLOAD = (b"MSG", b"HMSG", b"PUB", b"HPUB")
CONTENT = (b".rel.", b".local.", b".hb.", b".flash.", b".offer.", b".import.")
"""Parts of the subjects that carry tocsin's own messages (share.subjects)."""


class Disturber:
    """127.0.0.1:`port` to a node's broker. `share`: part of the messages doubled, and part of them
    delayed."""

    def __init__(self, config: NodeConfig, port: int, dice: random.Random) -> None:
        self.port = port
        self.share = 0.0
        self.doubled = self.delayed = self.passed = 0
        self._to = (config.broker.host, config.broker.port)
        keys = KeyFolder(config.keys_dir)
        self._as_broker = _context(ssl.Purpose.CLIENT_AUTH, keys, "node")
        self._as_door = _context(ssl.Purpose.SERVER_AUTH, keys, "door")
        self._dice = dice
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=LINE_LIMIT)

    async def close(self) -> None:
        """Break every connection and stop listening."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(asyncio.get_running_loop().create_task(self._relay(reader, writer)))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to, limit=LINE_LIMIT)
            ends.append(far_writer)
            information = await far_reader.readline()  # in plain text; TLS begins on both sides after it
            await far_writer.start_tls(self._as_door, server_hostname=self._to[0])
            writer.write(information)
            await writer.start_tls(self._as_broker)
            ways = (self._carry(reader, far_writer), self._carry(far_reader, writer))
            await asyncio.wait(
                [asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
            )
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two is away: the door dials again
        finally:
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                words = line.split()
                if not words or words[0].upper() not in WITH_PAYLOAD:
                    writer.write(line)
                else:
                    self._hand_on(writer, words[1], line + await reader.readexactly(int(words[-1]) + 2))
                await writer.drain()

    def _hand_on(self, writer: asyncio.StreamWriter, subject: bytes, message: bytes) -> None:
        if not any(part in subject for part in CONTENT):
            writer.write(message)
            return
        self.passed += 1
        if self._dice.random() < self.share:
            self.doubled += 1
            self._later(writer, message)
        if self._dice.random() < self.share:
            self.delayed += 1
            self._later(writer, message)
        else:
            writer.write(message)

    def _later(self, writer: asyncio.StreamWriter, message: bytes) -> None:
        async def write() -> None:
            await asyncio.sleep(self._dice.uniform(0.0, LONGEST_HOLD_S))
            if not writer.is_closing():
                writer.write(message)

        self._keep(asyncio.get_running_loop().create_task(write()))


def _context(purpose: ssl.Purpose, keys: KeyFolder, role: str) -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=str(keys.certificate("ca")))
    context.load_cert_chain(keys.certificate(role), keys.private(role))
    if purpose is ssl.Purpose.CLIENT_AUTH:
        context.verify_mode = ssl.CERT_REQUIRED
    return context

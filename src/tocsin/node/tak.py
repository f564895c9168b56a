"""The door's lines to TAK servers and clients: newest events, reconnecting for ever, no queue that grows.

One slot for each uid: a map wants to know where an object is, not where it was while the line was down.
"""

import asyncio
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import takproto
from lxml import etree

from tocsin.errors import UserError
from tocsin.model.product import Product
from tocsin.model.time import Instant
from tocsin.node.config_tak import Format, Protocol, TakEntry
from tocsin.release.cot import POINT_STALE_S, events
from tocsin.release.feature import features

MOST_KEPT: Final = 4_000
"""Newest events that are kept for a line: 1,000 objects with launch, impact and ellipse each."""

RETRY_S: Final = 1.0
CONNECT_S: Final = 3.0
LIVELY_S: Final = 5.0
"""A server that takes nothing for so long is dialled anew."""


class TakLine:
    """One server or client."""

    def __init__(self, entry: TakEntry, folder: Path) -> None:
        self._entry = entry
        self._context = _context(entry, folder) if entry.protocol is Protocol.TLS else None
        self._newest: dict[str, tuple[float, bytes]] = {}
        self._due: dict[str, None] = {}
        self._wake = asyncio.Event()

    def put(self, product: Product) -> None:
        """Show this; an older event of the same object that has not left yet gives way."""
        for uid, event in self._said(product, Instant(time.time_ns())):
            self._newest.pop(uid, None)
            self._newest[uid] = (time.monotonic(), event)
            self._due[uid] = None
        while len(self._newest) > MOST_KEPT:
            oldest = next(iter(self._newest))
            del self._newest[oldest]
            self._due.pop(oldest, None)
        self._wake.set()

    def _said(self, product: Product, now: Instant) -> list[tuple[str, bytes]]:
        """Each with the uid under which a newer one replaces it."""
        if self._entry.format is Format.GEOJSON:
            return features(product, now)
        made = events(product, now, opex=self._entry.opex)
        return [(str(etree.fromstring(event).attrib["uid"]), event) for event in made]

    async def run(self) -> None:
        """For ever: connect, tell what still holds, go on with what is new, connect again."""
        carry = self._datagrams if self._entry.protocol is Protocol.UDP else self._stream
        while True:
            with suppress(OSError, TimeoutError):
                self._tell_all()
                await carry()
            await asyncio.sleep(RETRY_S)

    def _tell_all(self) -> None:
        """Whoever was away has missed events, and may have lost what it had."""
        now = time.monotonic()
        self._newest = {uid: row for uid, row in self._newest.items() if now - row[0] < POINT_STALE_S}
        self._due = dict.fromkeys(self._newest)
        self._wake.set()

    async def _stream(self) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                self._entry.host, self._entry.port, ssl=self._context
            )
        deaf = asyncio.create_task(_drain(reader))
        deaf.add_done_callback(lambda _: self._wake.set())
        try:
            while not deaf.done():
                for event in await self._next():
                    writer.write(event)
                async with asyncio.timeout(LIVELY_S):
                    await writer.drain()
        finally:
            deaf.cancel()
            writer.transport.abort()
            await asyncio.gather(deaf, return_exceptions=True)

    async def _datagrams(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(self._entry.host, self._entry.port)
        )
        try:
            while True:
                for event in await self._next():
                    plain = self._entry.format is Format.GEOJSON
                    transport.sendto(event if plain else bytes(takproto.xml2proto(event)))
        finally:
            transport.close()

    async def _next(self) -> list[bytes]:
        """Everything that is due, once something is or the line was cut."""
        await self._wake.wait()
        self._wake.clear()
        due, self._due = self._due, {}
        return [self._newest[uid][1] for uid in due]


async def _drain(reader: asyncio.StreamReader) -> None:
    """A server also talks: others' positions, which are none of ours. Ends when it hangs up."""
    while await reader.read(65_536):
        pass


def _context(entry: TakEntry, folder: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=folder / (entry.ca or ""))
        context.load_cert_chain(folder / (entry.cert or ""), folder / (entry.key or ""))
    except OSError as failure:
        raise UserError(
            f"cannot use the certificates of [[tak]] {entry.name} ({failure})", fix="give PEM files"
        ) from None
    return context

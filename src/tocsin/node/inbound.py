"""The hall's ears for other authorities: new files and feed entries become facts for the fold, or refusals.

Each message is read once (by its bytes). What is not a message this node can use is quarantined, counted and
shown like any refused input; a message of another plane is no exception: a drill never touches a real desk.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from tocsin.earth.places import load_areas
from tocsin.model.label import Plane
from tocsin.model.product import Quarantined
from tocsin.model.time import Instant
from tocsin.model.warning import ForeignAlert
from tocsin.node.config import NodeConfig
from tocsin.node.config_inbound import FolderEntry, InboundEntry, SourceEntry
from tocsin.outlet.listener import links_of
from tocsin.warn.cap_schema import MAX_BYTES
from tocsin.warn.foreign import NotHeard, Shapes, read

if TYPE_CHECKING:
    import httpx

FOLDER_PERIOD_S: Final = 1.0
TIMEOUT_S: Final = 5.0
MOST_AT_ONCE: Final = 100
"""Files or entries that are looked at in one round; the rest comes in the next ones."""

MOST_LINK: Final = 150
"""Characters of a link that are told."""

MOST_KNOWN: Final = 10_000
"""Messages that are known by their digests: a busy authority's month."""


Hear = Callable[[ForeignAlert], None]
Refuse = Callable[[Quarantined], None]


class Inbound:
    """All sources of one hall."""

    def __init__(self, config: NodeConfig, hear: Hear, refuse: Refuse) -> None:
        self._entries, self._here = config.inbound, Path(config.source).parent
        self._reader = Reader(config.plane, hear, refuse, _shapes(config.inbound))
        self._links: dict[str, frozenset[str]] = {}

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """One for each source, for ever."""
        return [self._listen(entry) for entry in self._entries]

    async def _listen(self, entry: InboundEntry) -> None:
        period_s = entry.period_s if isinstance(entry, SourceEntry) else FOLDER_PERIOD_S
        while True:
            try:
                found = await self._look(entry)
            except (OSError, ValueError) as failure:
                self._reader.failed(entry.name, str(failure) or type(failure).__name__)
            else:
                self._reader.took(entry.name, found)
            await asyncio.sleep(period_s)

    async def _look(self, entry: InboundEntry) -> list[bytes]:
        if isinstance(entry, FolderEntry):
            return await asyncio.to_thread(_files, self._here / entry.path)
        import httpx  # here: a sixth of a second of every start, and few nodes have such a source

        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                return await self._fetch(entry, client)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise OSError(str(failure) or type(failure).__name__) from failure

    async def _fetch(self, entry: SourceEntry, client: "httpx.AsyncClient") -> list[bytes]:
        first = await _body(client, entry.url)
        links = links_of(first)
        if links is None:
            return [first]
        known = self._links.get(entry.name, frozenset())
        new = [link for link in links if link not in known][:MOST_AT_ONCE]
        found = [await _body(client, where) for link in new if (where := self._followed(entry, link))]
        self._links[entry.name] = (known & frozenset(links)) | frozenset(new)
        return found

    def _followed(self, entry: SourceEntry, link: str) -> str | None:
        """Where an entry leads; null, and told, where this node does not go: a feed of others must not choose
        whom we ask.
        """
        try:
            where = urljoin(entry.url, link)
            if entry.leads_to(where):
                return where
        except ValueError as failure:
            self._reader.strayed(entry.name, f"{link[:MOST_LINK]!r}: {failure}")
            return None
        self._reader.strayed(entry.name, f"{where[:MOST_LINK]!r} is another host's")
        return None


class Reader:
    """Turns bytes into facts, each message once."""

    def __init__(self, plane: Plane, hear: Hear, refuse: Refuse, shapes: Shapes) -> None:
        self._plane, self._hear, self._refused, self._shapes = plane, hear, refuse, shapes
        self._known: dict[bytes, None] = {}
        self._deaf: dict[str, str] = {}

    def took(self, source: str, messages: Sequence[bytes]) -> None:
        """What a source holds now; what was read before is left alone."""
        self._deaf.pop(source, None)
        for data in messages:
            digest = hashlib.sha256(data).digest()
            if digest not in self._known:
                self._known[digest] = None
                self._read(source, data)
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def failed(self, source: str, why: str) -> None:
        """A source that cannot be heard is told once, and again when the cause changes."""
        if self._deaf.get(source) != why:
            self._deaf[source] = why
            self._refuse("inbound-deaf", source, why)

    def strayed(self, source: str, why: str) -> None:
        """An entry that leads elsewhere, or nowhere."""
        self._refuse("inbound-link", source, why)

    def _read(self, source: str, data: bytes) -> None:
        heard = read(data, self._shapes, source)
        if isinstance(heard, NotHeard):
            self._refuse(heard.reason, source, heard.detail)
        elif heard.plane is not self._plane:
            self._refuse(
                "wrong-plane", source, f"{heard.identifier}: {heard.plane} on a desk of {self._plane}"
            )
        else:
            self._hear(heard)

    def _refuse(self, reason: str, source: str, detail: str) -> None:
        self._refused(Quarantined(reason, source, detail, Instant(time.time_ns())))


def _shapes(entries: Sequence[InboundEntry]) -> Shapes:
    return {area.iso: area.polygon for area in load_areas()} if entries else {}


def _files(folder: Path) -> list[bytes]:
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    newest = sorted(folder.glob("*.xml"), key=lambda path: path.stat().st_mtime_ns)[-MOST_AT_ONCE:]
    return [_limited(path) for path in newest]


def _limited(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


async def _body(client: "httpx.AsyncClient", url: str) -> bytes:
    async with client.stream("GET", url) as answer:
        answer.raise_for_status()
        data = bytearray()
        async for piece in answer.aiter_bytes():
            data += piece
            if len(data) > MAX_BYTES:
                break
        return bytes(data)

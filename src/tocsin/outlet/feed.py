"""A public feed: `feed.atom` (RFC 4287) over signed CAP files, newest first. Any web server can serve the
folder.

The messages lie beside it under `cap/` and never change; the feed is written anew, whole, for each.
"""

import asyncio
import hashlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from lxml import etree
from msgspec import Struct

from tocsin.outlet.contract import Message, Receipt
from tocsin.outlet.disk import told, write_whole
from tocsin.outlet.file import FOLDER, keep
from tocsin.outlet.sign import SignatureError, verified
from tocsin.warn.cap_schema import children, first, parse

FEED: Final = "feed.atom"
MEDIA: Final = "application/atom+xml"
CAP_MEDIA: Final = "application/cap+xml"
MOST_ENTRIES: Final = 100
"""A reader that looks every second misses nothing; one that was away for days reads the files themselves."""

ATOM: Final = "http://www.w3.org/2005/Atom"
_SPACES: Final[dict[str | None, str]] = {None: ATOM}


class Entry(Struct, frozen=True):
    """One line of the feed; `sent` as CAP writes it."""

    sent: str
    name: str
    kind: str
    title: str
    summary: str
    sha256: str
    size: int


class FeedOutlet:
    """`title` and `feed_id` are the feed's own. Messages that lie in the folder from before stay in it where
    the certificate `cert_pem` says that they are ours.
    """

    def __init__(
        self, name: str, folder: Path, feed_id: str, title: str, cert_pem: bytes | None = None
    ) -> None:
        self.name = name
        self._folder, self._id, self._title, self._cert_pem = folder, feed_id, title, cert_pem
        self._entries: dict[str, Entry] | None = None
        self._one = asyncio.Lock()

    async def carry(self, message: Message) -> Receipt:
        """See Outlet."""
        async with self._one:
            return await asyncio.to_thread(self._publish, message)

    def _publish(self, message: Message) -> Receipt:
        path = self._folder / FOLDER / f"{message.name}.xml"
        repeated = keep(path, message.xml)
        if self._entries is None:
            self._entries = self._found()
        self._entries[message.name] = entry_of(message.xml)
        newest = sorted(self._entries.values(), key=_moment, reverse=True)[:MOST_ENTRIES]
        self._entries = {entry.name: entry for entry in newest}
        write_whole(self._folder / FEED, atom(self._id, self._title, newest))
        return Receipt(f"{FEED}#{message.name}", repeated)

    def _found(self) -> dict[str, Entry]:
        """What lies there from before. A stranger's file must neither be spread nor stop a warning: it is
        left out here, and the listener tells of it.
        """
        if self._cert_pem is None:
            return {}
        with told(self._folder):
            paths = sorted((self._folder / FOLDER).glob("*.xml"), key=lambda path: path.stat().st_mtime_ns)
        entries = {}
        for path in paths[-MOST_ENTRIES:]:
            with suppress(OSError, ValueError, SignatureError):
                xml = path.read_bytes()
                verified(xml, self._cert_pem)
                entries[path.stem] = entry_of(xml)
        return entries


def entry_of(xml: bytes) -> Entry:
    """What the feed says of a CAP message of our own. ValueError for another."""
    alert = parse(xml)
    info = children(alert, "info")
    return Entry(
        sent=first(alert, "sent"),
        name=first(alert, "identifier"),
        kind=first(alert, "msgType"),
        title=" / ".join(first(one, "headline") for one in info),
        summary="\n\n".join(first(one, "description") for one in info),
        sha256=hashlib.sha256(xml).hexdigest(),
        size=len(xml),
    )


def atom(feed_id: str, title: str, newest: list[Entry]) -> bytes:
    """The feed's bytes: deterministic, newest entry first."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap=_SPACES)  # type: ignore[arg-type]  # stubs: no default
    _add(feed, "id", feed_id)
    _add(feed, "title", title)
    _add(feed, "updated", newest[0].sent)
    _add(_add(feed, "author"), "name", "tocsin")
    _add(feed, "link", rel="self", href=FEED, type=MEDIA)
    for entry in newest:
        row = _add(feed, "entry")
        _add(row, "id", f"urn:tocsin:{entry.name}")
        _add(row, "title", entry.title)
        _add(row, "updated", entry.sent)
        _add(row, "summary", entry.summary)
        _add(row, "category", term=entry.kind)
        _add(
            row,
            "link",
            rel="enclosure",
            href=f"{FOLDER}/{entry.name}.xml",
            type=CAP_MEDIA,
            length=str(entry.size),
            title=f"sha256:{entry.sha256}",
        )
    return etree.tostring(feed, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    child.text = text
    return child


def _moment(entry: Entry) -> tuple[datetime, str]:
    return datetime.fromisoformat(entry.sent), entry.name

"""[[inbound]] of node.toml: where other authorities' messages to the public are heard. None by itself.

[[inbound]]
kind = "folder"                     # a gateway puts CAP or JMA files there
name = "weather agency"
path = "inbound/jma"

[[inbound]]
kind = "feed"                       # an Atom feed of CAP messages, or one message, asked every second
name = "civil protection"
url = "https://alerts.example/feed.atom"
hosts = ["files.alerts.example"]    # where its entries may lead beside its own host; none by itself
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from tocsin.node.keys import is_loopback


class _Entry(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """A misspelt key is a mistake to name."""

    name: str


class FolderEntry(_Entry, frozen=True, tag="folder"):
    """`path`: relative to the configuration."""

    path: str


class SourceEntry(_Entry, frozen=True, tag="feed"):
    """`period_s`: seconds between two looks. `hosts`: to which entries may lead beside its own address."""

    url: str
    period_s: float = 5.0
    hosts: tuple[str, ...] = ()

    def leads_to(self, link: str) -> bool:
        """May this link be followed: to the feed's own scheme, host and port, or by https to a named host?
        ValueError for what is no address.
        """
        own, there = urlsplit(self.url), urlsplit(link)
        if (there.scheme, there.hostname, there.port) == (own.scheme, own.hostname, own.port):
            return True
        return there.scheme == "https" and there.hostname in self.hosts


InboundEntry = FolderEntry | SourceEntry


def inbound_faults(entries: tuple[InboundEntry, ...]) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, fix) of everything that types alone cannot say."""
    names = [entry.name for entry in entries]
    for number, entry in enumerate(entries, start=1):
        key = f"inbound[{number}]"
        if names.count(entry.name) > 1:
            yield f"{key}.name", f"{entry.name!r} stands there twice", "give each a name of its own"
        if isinstance(entry, FolderEntry):
            continue
        url = urlsplit(entry.url)
        if url.scheme not in ("http", "https") or not url.hostname:
            yield f"{key}.url", f"{entry.url!r} is no address", "give https://HOST/PATH"
        elif url.scheme == "http" and not is_loopback(url.hostname):
            yield f"{key}.url", f"{entry.url} is neither loopback nor https", "use https"
        if not 1.0 <= entry.period_s <= 3600.0:
            yield f"{key}.period_s", f"{entry.period_s:g} s", "give 1 to 3600 seconds"

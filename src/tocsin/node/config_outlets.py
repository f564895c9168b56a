"""[[outlet]] of node.toml: the public outlets that a nation switches on. None is on by itself.

[[outlet]]
kind = "file"                       # CAP files in the folder `outlets`

[[outlet]]
kind = "feed"                       # the same with an Atom feed over them, served on `port`
port = 8811
receivers = [{ name = "Town hall, Fukaura", token_sha256 = "..." }]

[[outlet]]
kind = "push"                       # CAP, GeoJSON or a CloudEvent by HTTP POST
name = "national"
url = "https://alerts.example/cap"
form = "cap"                        # or geojson, cloudevent
token_file = "keys/alerts.token"

[[outlet]]
kind = "command"                    # a siren, a relay, a pager
name = "siren"
words = ["/usr/local/bin/siren", "--north"]
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from tocsin.node.keys import is_loopback
from tocsin.outlet.command import TIMEOUT_S as COMMAND_S
from tocsin.outlet.push import TIMEOUT_S as PUSH_S
from tocsin.outlet.push import Form
from tocsin.outlet.receivers import LIMIT_S


class _Entry(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """A misspelt key is a mistake to name."""


class FileEntry(_Entry, frozen=True, tag="file"):
    """CAP files in the node's `outlets` folder."""

    name: str = "file"


class ReceiverEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver that must beat; `token_sha256`: hexadecimal SHA-256 of its secret."""

    name: str
    token_sha256: str
    limit_s: float = LIMIT_S


class FeedEntry(_Entry, frozen=True, tag="feed"):
    """Atom feed and CAP files in the folder `outlets`/feed, served by HTTP on loopback where `port` is
    given.
    """

    name: str = "feed"
    port: int | None = None
    host: str = "127.0.0.1"
    receivers: tuple[ReceiverEntry, ...] = ()


class PushEntry(_Entry, frozen=True, tag="push"):
    """`token_file`, `ca`: relative to the configuration. Plain http is for loopback alone."""

    name: str
    url: str
    form: Form = Form.CAP
    token_file: str | None = None
    ca: str | None = None
    timeout_s: float = PUSH_S


class CommandEntry(_Entry, frozen=True, tag="command"):
    """`words`: the program and its arguments, run without a shell."""

    name: str
    words: tuple[str, ...]
    timeout_s: float = COMMAND_S


OutletEntry = FileEntry | FeedEntry | PushEntry | CommandEntry


def outlet_faults(entries: tuple[OutletEntry, ...]) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, fix) of everything that types alone cannot say."""
    names = [entry.name for entry in entries]
    for number, entry in enumerate(entries, start=1):
        key = f"outlet[{number}]"
        if names.count(entry.name) > 1:
            yield f"{key}.name", f"{entry.name!r} stands there twice", "give each outlet a name of its own"
        match entry:
            case PushEntry():
                yield from _push_faults(key, entry)
            case FeedEntry():
                yield from _feed_faults(key, entry)
            case CommandEntry(words=words, timeout_s=timeout_s):
                if not words or not words[0].startswith("/"):
                    yield f"{key}.words", "the program is no absolute path", 'write ["/path/to/program", ...]'
                yield from _time_faults(key, timeout_s)
            case FileEntry():
                pass


def _push_faults(key: str, entry: PushEntry) -> Iterator[tuple[str, str, str]]:
    url = urlsplit(entry.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        yield f"{key}.url", f"{entry.url!r} is no address", "give https://HOST/PATH"
    elif url.scheme == "http" and not is_loopback(url.hostname):
        yield f"{key}.url", f"{entry.url} is neither loopback nor https", "use https"
    yield from _time_faults(key, entry.timeout_s)


def _feed_faults(key: str, entry: FeedEntry) -> Iterator[tuple[str, str, str]]:
    if entry.port is not None and not 1 <= entry.port <= 65_535:
        yield f"{key}.port", f"{entry.port} is no port", "give a number from 1 to 65535"
    if not is_loopback(entry.host):
        fix = "use 127.0.0.1 and put the nation's web server before it"
        yield f"{key}.host", f"{entry.host} is not loopback and the feed knows no TLS", fix
    for receiver in entry.receivers:
        digest = receiver.token_sha256
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            fix = "printf %s SECRET | sha256sum"
            yield f"{key}.receivers.token_sha256", f"that of {receiver.name} is no SHA-256", fix
        yield from _time_faults(f"{key}.receivers", receiver.limit_s, "limit_s")


def _time_faults(key: str, seconds: float, name: str = "timeout_s") -> Iterator[tuple[str, str, str]]:
    if not 0.1 <= seconds <= 3600.0:
        yield f"{key}.{name}", f"{seconds:g} s", "give 0.1 to 3600 seconds"

"""Hears the node's own public outlets as a stranger would, and tells of what nobody here approved.

Whatever stands in public under our name and was not released by two officers, or differs from what they
released, is an alarm within seconds: a stolen key, a script, a hand on the web server, an old drill's file.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urljoin

from lxml import etree
from msgspec import Struct

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.time import Instant
from tocsin.outlet.feed import ATOM
from tocsin.warn.cap_schema import MAX_BYTES

if TYPE_CHECKING:
    import httpx

PERIOD_S: Final = 1.0
"""Heard in the second in which it appears; the alarm is due within five."""

TIMEOUT_S: Final = 2.0
MOST_HEARD: Final = 2_000
"""Files or entries of one outlet that are looked at: twice a year of warnings."""

MOST_AGAIN: Final = 30
"""A full feed of 100 is gone through every four rounds."""

MOST_ALARMS: Final = 50


class Heard(Struct, frozen=True):
    """Something that stands in public: its name and the SHA-256 of its bytes, hexadecimal."""

    name: str
    sha256: str


class Ear(Protocol):
    """One place where the public would look."""

    @property
    def name(self) -> str:
        """The outlet's."""

    async def hear(self) -> Iterable[Heard]:
        """Everything that stands there now. OSError and ValueError when it cannot be looked at."""


class FolderEar:
    """CAP files of a folder; a file that did not change is not read again."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    async def hear(self) -> list[Heard]:
        """See Ear."""
        if not self._folder.is_dir():
            return []
        known, self._known = self._known, {}
        for path in sorted(self._folder.iterdir())[:MOST_HEARD]:
            if path.suffix == ".part" or not path.is_file():
                continue
            stamp = (path.stat().st_mtime_ns, path.stat().st_size)
            before = known.get(path)
            sha256 = before[1] if before and before[0] == stamp else _sha256(path)
            self._known[path] = (stamp, sha256)
        return [Heard(path.name.removesuffix(".xml"), row[1]) for path, row in self._known.items()]


class FeedEar:
    """An Atom feed and the messages it links to, by HTTP. New ones are fetched at once, MOST_AGAIN of the
    others each time: a message that was changed behind its name is found within seconds too.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url
        self._known: dict[str, str] = {}
        self._rounds = 0

    async def hear(self) -> list[Heard]:
        """See Ear."""
        import httpx  # here: a sixth of a second of every start, and most nodes serve no feed

        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                return await self._hear(client)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise OSError(str(failure) or type(failure).__name__) from failure

    async def _hear(self, client: "httpx.AsyncClient") -> list[Heard]:
        answer = await client.get(self._url)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return []  # nothing was ever published
        answer.raise_for_status()
        found = links_of(answer.content)
        if found is None:
            raise ValueError("no Atom feed")
        links = found[:MOST_HEARD]
        again = self._again(links)
        known, self._known = self._known, {}
        for link in links:
            url = urljoin(self._url, link)
            kept = None if link in again else known.get(link)
            self._known[link] = kept or await _fetched(client, url)
        return [Heard(Path(link).stem, sha256) for link, sha256 in self._known.items()]

    def _again(self, links: list[str]) -> set[str]:
        first = self._rounds * MOST_AGAIN % max(len(links), 1)
        self._rounds += 1
        return set(links[first : first + MOST_AGAIN])


class Listener:
    """`approved` gives what was released: CAP identifier -> SHA-256 of the message as made here."""

    def __init__(self, ears: Iterable[Ear], approved: Callable[[], Mapping[str, str]]) -> None:
        self._ears, self._approved = tuple(ears), approved
        self._since: dict[tuple[str, Heard], Instant] = {}

    async def listen(self, now_wall_ns: Instant) -> tuple[Alarm, ...]:
        """Every message in public that is not ours, and every outlet that cannot be heard."""
        alarms: list[Alarm] = []
        strange: dict[tuple[str, Heard], Instant] = {}
        for ear in self._ears:
            try:
                heard = await ear.hear()
            except (OSError, ValueError) as failure:
                why = f"cannot be heard: {str(failure) or type(failure).__name__}"
                alarms.append(Alarm(AlarmKind.OUTLET_FAILED, ear.name, why, now_wall_ns))
                continue
            approved = self._approved()  # after hearing: what was released meanwhile is known
            for one in heard:
                if approved.get(one.name) != one.sha256:
                    strange[ear.name, one] = self._since.get((ear.name, one), now_wall_ns)
        self._since = dict(list(strange.items())[:MOST_ALARMS])
        alarms += [_unapproved(name, one, since) for (name, one), since in self._since.items()]
        return tuple(alarms)


def _unapproved(outlet: str, heard: Heard, since: Instant) -> Alarm:
    detail = f"{heard.name[:100]!r} stands in public; no two officers released it in this form"
    return Alarm(AlarmKind.UNAPPROVED_MESSAGE, outlet, detail, since)


def links_of(feed: bytes) -> list[str] | None:
    """Addresses of an Atom feed's messages; null for other XML. ValueError for what is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(feed, parser)
    except etree.XMLSyntaxError as fault:
        raise ValueError(f"not XML: {fault.msg}") from fault
    if root.tag != f"{{{ATOM}}}feed":
        return None
    found = root.iterfind(f"{{{ATOM}}}entry/{{{ATOM}}}link")
    return [str(link.attrib["href"]) for link in found if "href" in link.attrib]


async def _fetched(client: "httpx.AsyncClient", url: str) -> str:
    answer = await client.get(url)
    answer.raise_for_status()
    return hashlib.sha256(answer.content[: MAX_BYTES + 1]).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(MAX_BYTES + 1)).hexdigest()

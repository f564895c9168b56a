"""Public outlets of a hall: which are on, what each has still to carry, who hears them, and what is wrong."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from tocsin.earth.seas import all_areas
from tocsin.errors import UserError
from tocsin.model.alarm import Alarm
from tocsin.model.label import Plane
from tocsin.model.time import Instant
from tocsin.model.warning import Warning
from tocsin.node.config import NodeConfig
from tocsin.node.config_outlets import CommandEntry, FeedEntry, FileEntry, OutletEntry, PushEntry
from tocsin.node.hall_words import OutletReceipt, Told
from tocsin.node.keys import KeyFolder, write_secret
from tocsin.outlet.command import CommandOutlet
from tocsin.outlet.contract import Message, Outlet, OutletError, Receipt
from tocsin.outlet.feed import FEED, FeedOutlet
from tocsin.outlet.file import FOLDER, FileOutlet
from tocsin.outlet.listener import PERIOD_S, Ear, FeedEar, FolderEar, Listener
from tocsin.outlet.post import Post
from tocsin.outlet.press import Press
from tocsin.outlet.push import PushOutlet
from tocsin.outlet.receivers import Receiver, Receivers
from tocsin.outlet.serve import make_feed_app
from tocsin.outlet.sign import CapSigner, new_certificate
from tocsin.page.server import serve

SOURCE = "outlets"
"""Of the alarms."""

FEED_FOLDER = "feed"

PutReceipt = Callable[[OutletReceipt], None]
PutAlarms = Callable[[str, tuple[Alarm, ...]], None]


class Outlets:
    """All outlets that the configuration switches on. `put`, `alarm`: receipts and alarms for the hall's
    fold; `now`: scenario time. UserError for what cannot be opened.
    """

    def __init__(
        self, config: NodeConfig, put: PutReceipt, alarm: PutAlarms, now: Callable[[], Instant]
    ) -> None:
        self._put, self._alarm = put, alarm
        entries = _open_entries(config)
        signer = _signer(config) if entries else None
        areas = all_areas()
        self._press = Press(
            config.plane, {a.iso: a.polygon for a in areas}, {a.iso: a.names for a in areas}, signer
        )
        outlets = [_outlet(entry, config, signer) for entry in entries]
        self.posts = tuple(Post(outlet, self._carried, now) for outlet in outlets)
        self._receivers, self._servers = _served(entries, config)
        self._released: dict[str, str] = {}
        self._had: frozenset[tuple[str, str, int]] = frozenset()
        self._listener = Listener(_ears(entries, config), lambda: self._released)
        self._told: tuple[Alarm, ...] = ()

    def carry(self, told: Told) -> None:
        """A draft that two officers released goes into every post box; other news is not for the public."""
        if told.event != "released":
            return
        message = self._message(told.draft.id, told.draft.warning)
        if message is None:
            return
        for post in self.posts:
            if (post.outlet.name, message.draft_id, message.warning.serial) not in self._had:
                post.put(message)

    def remember(self, receipts: Iterable[OutletReceipt]) -> None:
        """From the record, at a start: what an outlet has is not carried again, and is ours where it
        stands.
        """
        known = tuple(receipts)
        self._had = frozenset((one.outlet, one.draft_id, one.serial) for one in known)
        self._released = {one.message: one.sha256 for one in known}

    def _message(self, draft_id: str, warning: Warning) -> Message | None:
        try:
            message = self._press.message(draft_id, warning)
        except OutletError as failure:
            print(f"OUTLET FAILED {warning.id}-{warning.serial}: {failure}", file=sys.stderr, flush=True)
            return None
        self._released[message.name] = message.sha256
        return message

    def _carried(self, outlet: str, message: Message, receipt: Receipt) -> None:
        serial = message.warning.serial
        self._put(
            OutletReceipt(outlet, message.draft_id, serial, receipt.where, message.name, message.sha256)
        )

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that runs for ever."""
        return [*(post.run() for post in self.posts), self._watch(), *self._servers]

    async def _watch(self) -> None:
        """Listen, look after the receivers, tell what changed."""
        while True:
            now = Instant(time.time_ns())
            found = [alarm for post in self.posts for alarm in post.alarms()]
            found += [*await self._listener.listen(now), *self._receivers.dead(now)]
            if _alike(found) != _alike(self._told):
                self._told = tuple(found)
                self._alarm(SOURCE, self._told)
            await asyncio.sleep(PERIOD_S)


def _alike(alarms: Sequence[Alarm]) -> list[tuple[str, str, str]]:
    return [(alarm.kind, alarm.about, alarm.detail) for alarm in alarms]


def _open_entries(config: NodeConfig) -> tuple[OutletEntry, ...]:
    """None in plane REAL without the nation's authority file: then nothing reaches the public, said aloud."""
    if config.plane is not Plane.REAL or not config.outlet:
        return config.outlet
    if config.authority is None:
        said = "outlets are shut: plane REAL and no authority file in the configuration"
        print(said, file=sys.stderr, flush=True)
        return ()
    _authorised(config.root / config.authority)
    return config.outlet


def _authorised(authority: Path) -> None:
    try:
        empty = not authority.read_bytes().strip()
    except OSError as failure:
        raise UserError(
            f"the authority file {authority} cannot be read: {failure.strerror}",
            fix="give the path of the nation's authority file",
        ) from failure
    if empty:
        raise UserError(f"the authority file {authority} is empty", fix="ask the authority for its file")


def _outlet(entry: OutletEntry, config: NodeConfig, signer: CapSigner | None) -> Outlet:
    here = Path(config.source).parent
    match entry:
        case FileEntry(name=name):
            return FileOutlet(name, config.outlets_dir)
        case FeedEntry(name=name):
            title = f"{config.plane} {config.nation} tocsin"
            feed_id = f"urn:tocsin:{config.nation}:{config.plane}:{name}".lower()
            cert = signer.cert_pem if signer else None
            return FeedOutlet(name, config.outlets_dir / FEED_FOLDER / name, feed_id, title, cert)
        case PushEntry():
            token = _secret(here / entry.token_file) if entry.token_file else None
            ca = here / entry.ca if entry.ca else None
            return PushOutlet(entry.name, entry.url, entry.form, token, ca, entry.timeout_s)
        case CommandEntry():
            return CommandOutlet(entry.name, entry.words, entry.timeout_s)


def _served(
    entries: Sequence[OutletEntry], config: NodeConfig
) -> tuple[Receivers, list[Coroutine[Any, Any, None]]]:
    feeds = [entry for entry in entries if isinstance(entry, FeedEntry) and entry.port is not None]
    known = [Receiver(r.name, r.token_sha256, r.limit_s) for entry in feeds for r in entry.receivers]
    receivers = Receivers(known, Instant(time.time_ns()))
    folder = config.outlets_dir / FEED_FOLDER
    return receivers, [
        serve(make_feed_app(folder / entry.name, receivers), entry.host, entry.port)
        for entry in feeds
        if entry.port is not None
    ]


def _ears(entries: Sequence[OutletEntry], config: NodeConfig) -> list[Ear]:
    ears: list[Ear] = []
    for entry in entries:
        if isinstance(entry, FileEntry):
            ears.append(FolderEar(entry.name, config.outlets_dir / FOLDER))
        elif isinstance(entry, FeedEntry):
            ears.append(FolderEar(entry.name, config.outlets_dir / FEED_FOLDER / entry.name / FOLDER))
            if entry.port is not None:
                ears.append(FeedEar(entry.name, f"http://{entry.host}:{entry.port}/{FEED}"))
    return ears


def _signer(config: NodeConfig) -> CapSigner:
    """The hall's signer of public messages; its key is made when it is first needed."""
    folder = KeyFolder(config.keys_dir)
    key, cert = folder.private("cap"), folder.certificate("cap")
    if not key.exists():
        cert_pem, key_pem = new_certificate(config.nation, config.plane, Instant(time.time_ns()))
        write_secret(cert, cert_pem)
        write_secret(key, key_pem)
    return CapSigner(key.read_bytes(), cert.read_bytes())


def _secret(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise UserError(f"cannot read the token {path} ({failure})", fix="put the secret there") from None

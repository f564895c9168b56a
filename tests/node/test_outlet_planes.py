"""Every crossing of planes, outlet by outlet: each plane's node with every kind of outlet is handed every
template of every plane, and what came out is read from files, feeds, receivers and programs.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace
from outlet_messages import Peer, peer
from warn_worlds import at, warning

from tocsin.model.label import Plane, PlaneMixError
from tocsin.model.warning import (
    Certainty,
    Draft,
    MsgType,
    Purpose,
    ThreatKind,
    WarnedArea,
    Warning,
    WarnStatus,
)
from tocsin.node.config import NodeConfig, parse_config
from tocsin.node.config_outlets import CommandEntry, FeedEntry, FileEntry, PushEntry
from tocsin.node.hall_outlets import Outlets
from tocsin.node.hall_words import OutletReceipt, Told
from tocsin.outlet.push import Form
from tocsin.warn.lint import lint_cap
from tocsin.warn.words import MARKS

TEMPLATES = (
    (MsgType.ALERT, Purpose.WARN),
    (MsgType.UPDATE, Purpose.WARN),
    (MsgType.UPDATE, Purpose.DOWNGRADE),
    (MsgType.UPDATE, Purpose.CORRECT),
    (MsgType.CANCEL, Purpose.WITHDRAW),
    (MsgType.CANCEL, Purpose.LIFT),
    (MsgType.CANCEL, Purpose.ALL_CLEAR),
)
AREAS = (
    WarnedArea("JP-02", ThreatKind.OVERFLIGHT, at(373)),
    WarnedArea("JP-SEA-2", ThreatKind.IMPACT, at(700)),
)
STATUS = {Plane.REAL: "Actual", Plane.EXERCISE: "Exercise", Plane.TEST: "Test"}
AUTHORITY = 'nation = "JPN"\noffice = "desk"\n[[offices]]\nname = "desk"\nareas = ["JP-*"]\n'
PUSHES = {"cap": Form.CAP, "geojson": Form.GEOJSON, "cloudevent": Form.CLOUDEVENT}


def messages(plane: Plane) -> list[Warning]:
    rows = itertools.product(TEMPLATES, Certainty, AREAS)
    made = [
        warning(kind, plane, certainty=certainty, purpose=purpose, areas=(area,), expires_ns=at(10**9))
        for (kind, purpose), certainty, area in rows
    ]
    made += [replace(made[0], certainty=Certainty.POSSIBLE, region=True)]
    return [replace(one, id=f"JPN-{plane}-20221003T222430Z-{n}") for n, one in enumerate(made, 1)]


def told(message: Warning, event: str = "released") -> Told:
    return Told(event, Draft(f"{message.id}-d1", message, "aa", WarnStatus.RELEASED, at(160), ()))


class Street(NamedTuple):
    """One node's outlets, and what the world has of them."""

    outlets: Outlets
    receipts: list[OutletReceipt]
    root: Path
    peers: dict[str, Peer]

    def seen(self) -> dict[str, list[str]]:
        """Outlet -> every message that came out of it, as text."""
        folder = self.root / "outlets"
        places = {"file": folder / "cap", "feed": folder / "feed" / "feed" / "cap"}
        found = {
            name: [file.read_text("utf-8") for file in sorted(place.glob("*.xml"))]
            for name, place in places.items()
        }
        found |= {name: [body.decode() for _, body in one.got] for name, one in self.peers.items()}
        siren = self.root / "siren"
        return found | {"siren": siren.read_text("utf-8").splitlines() if siren.exists() else []}

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        jobs = [asyncio.create_task(post.run()) for post in self.outlets.posts]
        async with asyncio.timeout(100):
            while any(post.waiting for post in self.outlets.posts):
                await asyncio.sleep(0.01)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


@contextmanager
def street(root: Path, plane: Plane) -> Iterator[Street]:
    with peer() as cap, peer() as geojson, peer() as cloudevent:
        peers = {"cap": cap, "geojson": geojson, "cloudevent": cloudevent}
        siren = ("/bin/sh", "-c", 'tr -d "\\n" >> "$0"; echo >> "$0"', str(root / "siren"))
        entries = (
            FileEntry(),
            FeedEntry(),
            *(PushEntry(name, one.url, PUSHES[name]) for name, one in peers.items()),
            CommandEntry("siren", siren),
        )
        config = replace(_config(root, plane), outlet=entries)
        receipts: list[OutletReceipt] = []
        yield Street(
            Outlets(config, receipts.append, lambda *_: None, lambda: at(200)), receipts, root, peers
        )


def _config(root: Path, plane: Plane) -> NodeConfig:
    (root / "authority.toml").write_text(AUTHORITY)
    (root / "keys").mkdir()
    document = {
        "nation": "JPN",
        "plane": str(plane),
        "authority": "authority.toml",
        "broker": {"port": 1001, "monitor_port": 1002, "leaf_port": 1003},
        "page": {"port": 1004},
    }
    return parse_config(document, root / "node.toml")


@pytest.mark.parametrize("plane", Plane)
def test_every_outlet_of_a_plane_carries_every_template_of_it_and_none_of_another(
    tmp_path: Path, plane: Plane
) -> None:
    with street(tmp_path, plane) as here:
        own = messages(plane)
        crossings = 0
        for other in Plane:
            for message in messages(other):
                if other is plane:
                    here.outlets.carry(told(message))
                    continue
                with pytest.raises(PlaneMixError):
                    here.outlets.carry(told(message))
                crossings += len(here.outlets.posts)
        here.run()
        seen = here.seen()
    assert crossings == 2 * len(own) * len(seen)
    marks = [mark for other in Plane if other is not plane for mark in MARKS[other].values() if mark]
    for outlet, texts in seen.items():
        assert len(texts) == len(own), outlet
        for text in texts:
            assert f"JPN-{plane}-" in text, outlet
            assert not any(mark in text for mark in marks), outlet
            assert STATUS[plane] in text, outlet
            assert not any(f"JPN-{other}-" in text for other in Plane if other is not plane), outlet
    for text in (*seen["file"], *seen["feed"], *seen["cap"]):
        assert lint_cap(text.encode(), plane) == ()
    assert len(here.receipts) == len(own) * len(seen)


@pytest.mark.parametrize("plane", Plane)
def test_what_is_not_released_reaches_no_outlet_of_any_plane(tmp_path: Path, plane: Plane) -> None:
    with street(tmp_path, plane) as here:
        for other, event in itertools.product(Plane, ("drafted", "prepared", "ended", "refused", "called")):
            for message in messages(other):
                here.outlets.carry(told(message, event))
        here.run()
        assert {outlet: len(texts) for outlet, texts in here.seen().items()} == dict.fromkeys(here.seen(), 0)
        assert here.receipts == []

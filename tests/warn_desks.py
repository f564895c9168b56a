"""A hall's desk that turns by itself, for tests of the command API: the production fold behind the real
port.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from functools import lru_cache
from pathlib import Path

import httpx
from warn_worlds import meaning, over, track

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after
from tocsin.model.warning import (
    ActKind,
    DeskRules,
    Draft,
    NoAct,
    Officer,
    OfficerAct,
    PartnerWarning,
    WarnStatus,
)
from tocsin.node.config import NodeConfig, parse_config
from tocsin.node.desk_port import DeskPort
from tocsin.node.hall_words import Acted, ActRefused, HallEffect, HallState
from tocsin.node.pending import Pending
from tocsin.node.secrets import add_secret
from tocsin.warn.decide import Refused, WarnState, new_warn, step

ORIGIN = "http://localhost"
PASSPHRASE = "a passphrase of an exercise"
CREDENTIALS = {"sato-1": "sato", "sato-2": "sato", "ito-1": "ito"}


class _State:
    """What the port reads of a hall's state."""

    def __init__(self, warn: WarnState) -> None:
        self.warn = warn
        self.warnings: dict[str, PartnerWarning] = {}


class TurningHall:
    """One draft of an alert, three credentials of two persons."""

    def __init__(self, plane: Plane) -> None:
        self.officers = [Officer(name, key) for key, name in CREDENTIALS.items()]
        rules = DeskRules(tuple(self.officers), NoAct(900.0, 900.0, 900.0, 900.0))
        self._state = new_warn(Nation.JPN, plane, rules=rules)
        self._wake = asyncio.Event()
        self._pending = Pending()
        config = _config(plane)
        self.port = DeskPort(config, self._pending, self._wake.set, self._read, lambda: Instant(self._now))
        self._now = time.time_ns()
        self._step(())

    def _read(self) -> HallState | None:
        return _State(self._state)  # type: ignore[return-value]  # the port reads nothing else of it

    def drafts(self) -> dict[str, Draft]:
        return self._state.drafts

    def open_draft(self) -> Draft:
        return next(d for d in self.drafts().values() if d.status is WarnStatus.DRAFTED)

    def act(self, credential: str, kind: ActKind, draft: Draft) -> OfficerAct:
        return OfficerAct(CREDENTIALS[credential], credential, kind, draft.id, draft.digest)

    async def release_all(self) -> None:
        draft = self.open_draft()
        await self.port.submit(self.act("sato-1", ActKind.PROPOSE, draft))
        await self.port.submit(self.act("ito-1", ActKind.APPROVE, draft))

    async def turn_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            stimuli, _ = self._pending.take()
            acts = [word.act for word in stimuli if isinstance(word, Acted)]
            self.port.committed(acts, self._step(tuple(acts)))

    def _step(self, acts: tuple[OfficerAct, ...]) -> list[HallEffect]:
        self._now += 1_000_000
        now = Instant(self._now)
        late = over("JP-02", 0.9)
        late = type(late)(late.area, 0.0, 0.9, after(now, 600), after(now, 650))
        seen = meaning(late)
        self._state, effects = step(self._state, [seen], [track()], acts, now)
        return [ActRefused(e.act, e.reason) for e in effects if isinstance(e, Refused)]


@lru_cache(maxsize=3)
def _config(plane: Plane) -> NodeConfig:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-desk-"))
    document = {
        "nation": "JPN",
        "plane": str(plane),
        "broker": {"port": 1001, "monitor_port": 1002, "leaf_port": 1003},
        "page": {"port": 1004},
        "officers": [{"name": name, "credential": key} for key, name in CREDENTIALS.items()],
    }
    config = parse_config(document, folder / "node.toml")
    for key in CREDENTIALS:
        add_secret(config.secrets_file, key, PASSPHRASE)
    return config


async def sign_in(client: httpx.AsyncClient, credential: str) -> dict[str, str]:
    """Headers of a session of its own: the client itself keeps no cookie."""
    answer = await client.post("/api/login", json={"credential": credential, "passphrase": PASSPHRASE})
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return {"cookie": cookie, "x-tocsin-csrf": answer.json()["csrf"]}

"""When a silent source is asked for again, and when it is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from tocsin.share import sourcing
from tocsin.share.sourcing import NEVER, SILENT_NS, STEADY_S, keep_awake
from tocsin.share.streams import Json, Request

SECOND = 1_000_000_000


class Broker:
    """Answers STREAM.INFO with a source of that age; remembers what was changed."""

    up = True

    def __init__(self, active: int) -> None:
        self._active = active
        self.updates: list[Json] = []

    async def request(
        self, subject: str, data: bytes, headers: dict[str, str] | None = None, timeout_s: float = 5.0
    ) -> bytes:
        if ".STREAM.UPDATE." in subject:
            self.updates.append(msgspec.json.decode(data))
        return msgspec.json.encode({"sources": [{"active": self._active}]})


def stream(api: str) -> Request:
    source = {"name": "OUT_JPN_FLOW", "external": {"api": api, "deliver": ""}}
    return Request("STREAM.CREATE.IN_KOR_FLOW", {"name": "IN_KOR_FLOW", "sources": [source]})


def watched(
    monkeypatch: pytest.MonkeyPatch, active: int, heard_s: Callable[[], float], api: str = "$JS.KOR-TEST.API"
) -> list[Json]:
    """What is changed in some hundred looks."""
    monkeypatch.setattr(sourcing, "WATCH_S", 0.0005)
    monkeypatch.setattr(sourcing, "LONGEST_S", 0.001)
    broker = Broker(active)

    async def watch() -> None:
        task = asyncio.create_task(keep_awake(broker, [stream(api)], heard_s))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(watch())
    return broker.updates


@pytest.mark.parametrize("active", [NEVER, SILENT_NS + 1, 60 * SECOND])
def test_a_silent_source_of_a_partner_that_is_heard_is_taken_out_and_put_back(
    monkeypatch: pytest.MonkeyPatch, active: int
) -> None:
    out, back, *_ = watched(monkeypatch, active, lambda: STEADY_S)
    assert "sources" not in out
    assert back["sources"]


@pytest.mark.parametrize("heard_s", [0.0, STEADY_S / 2])
@pytest.mark.parametrize("active", [NEVER, SILENT_NS + 1, 60 * SECOND])
def test_it_is_left_alone_while_the_line_is_down_or_has_just_come_back(
    monkeypatch: pytest.MonkeyPatch, active: int, heard_s: float
) -> None:
    assert not watched(monkeypatch, active, lambda: heard_s)


def test_a_source_that_speaks_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not watched(monkeypatch, SECOND, lambda: 60.0)


def test_a_source_inside_the_own_broker_needs_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, NEVER, lambda: 0.0, api="xapi.KOR")

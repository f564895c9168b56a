"""The post box: in order, until carried, told while not, and no outlet in another's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outlet_messages import message

from tocsin.model.alarm import AlarmKind
from tocsin.model.time import Instant
from tocsin.outlet import post as post_module
from tocsin.outlet.contract import Message, OutletError, OutletRefusedError, Receipt
from tocsin.outlet.post import MOST_WAITING, Post

BEGINNING = Instant(0)


class Played:
    """Answers as scripted: None = carried, else what is raised; carried when the script is over."""

    name = "played"

    def __init__(self, *script: OutletError | None) -> None:
        self.script = list(script)
        self.tried: list[str] = []

    async def carry(self, message: Message) -> Receipt:
        self.tried.append(message.name)
        outcome = self.script.pop(0) if self.script else None
        if outcome is not None:
            raise outcome
        return Receipt("there")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(post_module, "LAST_PAUSE_S", 0.002)


def numbered(count: int) -> list[Message]:
    return [message(serial=n + 1) for n in range(count)]


def run(outlet: Played, messages: list[Message], now: Instant = BEGINNING) -> tuple[list[str], Post]:
    """Names in the order in which they were carried; ends when nothing waits."""
    carried: list[str] = []

    async def main() -> Post:
        box = Post(outlet, lambda _, one, __: carried.append(one.name), lambda: now)
        for one in messages:
            box.put(one)
        task = asyncio.create_task(box.run())
        await until(lambda: box.waiting == 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return box

    return carried, asyncio.run(main())


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.001)


OUTCOMES = st.sampled_from((None, None, OutletError("later"), OutletRefusedError("never")))


@settings(max_examples=60, deadline=None)
@given(st.lists(OUTCOMES, max_size=12), st.integers(1, 5))
def test_in_order_each_carried_once_or_refused(script: list[OutletError | None], count: int) -> None:
    messages = numbered(count)
    outlet = Played(*script)
    carried, _ = run(outlet, messages)
    names = [one.name for one in messages]
    assert carried == [name for name in names if name in carried]  # in order, none twice
    refusals = sum(isinstance(one, OutletRefusedError) for one in script[: len(outlet.tried)])
    assert len(carried) + refusals == count
    assert list(dict.fromkeys(outlet.tried)) == names


def test_a_failure_is_an_alarm_from_the_first_try_until_something_gets_through() -> None:
    never = OutletRefusedError("no such area")
    _, box = run(Played(never), numbered(1))
    (alarm,) = box.alarms()
    assert (alarm.kind, alarm.about) == (AlarmKind.OUTLET_FAILED, "played")
    assert "no such area" in alarm.detail
    _, box = run(Played(OutletError("down"), None), numbered(1))
    assert box.alarms() == ()


def test_what_is_over_is_given_up_and_said() -> None:
    one = message()
    carried, box = run(Played(*[OutletError("down")] * 3), [one], one.warning.expires_ns)
    assert carried == []
    assert "its time is over" in box.alarms()[0].detail


def test_the_box_is_bounded() -> None:
    async def fill() -> Post:
        box = Post(Played(), lambda *_: None, lambda: Instant(0))
        for one in [message()] * MOST_WAITING + [message(serial=9)]:
            box.put(one)
        return box

    box = asyncio.run(fill())
    assert box.waiting == MOST_WAITING
    assert f"{MOST_WAITING} messages wait" in box.alarms()[0].detail

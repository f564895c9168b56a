"""Order of service at the door: what is pressing first, and no link before the others for being loud."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.share.mailbox import UNSTORED_LIMIT, Mailbox
from tocsin.share.topology import Route
from tocsin.share.transport import Arrival

KOR, JPN = Nation.KOR, Nation.JPN


async def _no_ack() -> None:
    """Nobody keeps these."""


def arrival(via: Nation, traffic: Traffic, number: int, *, stored: bool = True) -> Arrival:
    return Arrival(via, Route.DIRECT, via, traffic, b"%d" % number, stored, _no_ack)


def served(mail: Mailbox, count: int) -> list[tuple[Nation, Traffic, int]]:
    async def take() -> list[tuple[Nation, Traffic, int]]:
        rows: list[tuple[Nation, Traffic, int]] = []
        async for one in mail.arrivals():
            rows.append((one.via, one.traffic, int(one.data)))
            if len(rows) == count:
                break
        return rows

    return asyncio.run(take())


def put(mail: Mailbox, rows: Iterable[Arrival]) -> list[bool]:
    return [mail.put(one) for one in rows]


def test_urgent_passes_a_flood_of_flow() -> None:
    mail = Mailbox(1_000)
    put(mail, (arrival(KOR, Traffic.FLOW, n) for n in range(500)))
    put(mail, [arrival(JPN, Traffic.URGENT, 1), arrival(KOR, Traffic.URGENT, 2)])
    assert {row[1] for row in served(mail, 2)} == {Traffic.URGENT}


def test_a_quiet_link_waits_for_one_message_of_a_flooding_one() -> None:
    mail = Mailbox(1_000)
    put(mail, (arrival(KOR, Traffic.FLOW, n) for n in range(500)))
    put(mail, (arrival(JPN, Traffic.FLOW, n) for n in range(3)))
    rows = served(mail, 6)
    assert [number for via, _, number in rows if via is JPN] == [0, 1, 2]
    assert [number for via, _, number in rows if via is KOR] == [0, 1, 2]


def test_a_link_that_fills_its_own_room_leaves_the_others_theirs() -> None:
    mail = Mailbox(10)
    assert put(mail, (arrival(KOR, Traffic.FLOW, n) for n in range(12))) == [True] * 10 + [False] * 2
    assert put(mail, (arrival(JPN, Traffic.FLOW, n) for n in range(10))) == [True] * 10


def test_a_flood_of_unstored_messages_pushes_out_its_own_alone() -> None:
    mail = Mailbox(10)
    put(mail, [arrival(JPN, Traffic.URGENT, 7, stored=False)])
    put(mail, (arrival(KOR, Traffic.URGENT, n, stored=False) for n in range(2 * UNSTORED_LIMIT)))
    rows = served(mail, UNSTORED_LIMIT + 1)
    assert (JPN, Traffic.URGENT, 7) in rows
    assert rows[-1] == (KOR, Traffic.URGENT, 2 * UNSTORED_LIMIT - 1)

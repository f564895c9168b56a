"""Order of service at the door: what is pressing first, and no link before the others for being loud."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.share.mailbox import UNSTORED_LIMIT, Mailbox
from tocsin.share.topology import Route
from tocsin.share.transport import Arrival

USA, KOR, JPN = Nation.USA, Nation.KOR, Nation.JPN


async def _no_ack() -> None:
    """Nobody keeps these."""


def arrival(
    via: Nation, traffic: Traffic, number: int, *, stored: bool = True, origin: Nation | None = None
) -> Arrival:
    route = Route.DIRECT if origin in (None, via) else Route.HUB
    return Arrival(origin or via, route, via, traffic, b"%d" % number, stored, _no_ack)


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


def test_flow_that_nobody_stored_is_flow_and_its_origin_must_send_again_what_finds_no_room() -> None:
    mail = Mailbox(10)
    assert put(mail, (arrival(KOR, Traffic.FLOW, n, stored=n % 2 == 0) for n in range(12))) == [
        *[True] * 10,
        *[False] * 2,
    ]
    put(mail, [arrival(KOR, Traffic.URGENT, 1, stored=False)])
    assert [row[1:] for row in served(mail, 11)] == [
        (Traffic.URGENT, 1),
        *((Traffic.FLOW, n) for n in range(10)),
    ]


def test_flow_that_is_held_waits_and_all_else_passes_it() -> None:
    mail = Mailbox(1_000)
    put(mail, (arrival(KOR, Traffic.FLOW, n) for n in range(3)))
    mail.hold_flow(frozenset((USA, KOR)))

    async def take() -> list[tuple[Traffic, int]]:
        rows: list[tuple[Traffic, int]] = []
        async for one in mail.arrivals():
            rows.append((one.traffic, int(one.data)))
            if len(rows) == 2:
                mail.hold_flow(frozenset())
            if len(rows) == 5:
                break
        return rows

    async def both() -> list[tuple[Traffic, int]]:
        taking = asyncio.create_task(take())
        await asyncio.sleep(0)
        put(mail, [arrival(KOR, Traffic.URGENT, 1), arrival(JPN, Traffic.CONTROL, 2)])
        return await taking

    rows = asyncio.run(both())
    assert sorted(rows[:2]) == [(Traffic.CONTROL, 2), (Traffic.URGENT, 1)]
    assert rows[2:] == [(Traffic.FLOW, n) for n in range(3)]


def test_only_the_flow_of_those_named_is_held() -> None:
    mail = Mailbox(1_000)
    put(mail, (arrival(via, Traffic.FLOW, n) for n in range(3) for via in (KOR, USA)))
    put(mail, [arrival(USA, Traffic.FLOW, 9, origin=KOR)])
    mail.hold_flow(frozenset((KOR,)))
    assert served(mail, 3) == [(USA, Traffic.FLOW, n) for n in range(3)]
    mail.hold_flow(frozenset())
    assert [number for _, _, number in served(mail, 4)] == [0, 1, 2, 9]


def test_what_the_hub_relayed_waits_for_its_origins_own_link_and_for_nobody_else() -> None:
    mail = Mailbox(1_000)
    put(mail, (arrival(USA, Traffic.FLOW, n, origin=KOR) for n in range(3)))
    put(mail, (arrival(USA, Traffic.FLOW, n) for n in range(10, 13)))
    put(mail, (arrival(KOR, Traffic.FLOW, n) for n in range(6)))
    rows = [number for _, _, number in served(mail, 12)]
    assert rows.index(12) < rows.index(3)
    assert [number for number in rows if number < 10] == [0, 1, 2, 3, 4, 5, 0, 1, 2]

"""Officers' acts over HTTP: two persons, one text; nothing from another site, without a token, or in a
flood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from msgspec.structs import replace
from warn_desks import CREDENTIALS, ORIGIN, PASSPHRASE, TurningHall, sign_in

from tocsin.model.label import Nation, Plane
from tocsin.model.warning import ActKind, WarnStatus
from tocsin.page.commands import MAX_BODY_BYTES, CommandApi
from tocsin.page.server import make_app
from tocsin.page.sessions import ACTS, ATTEMPTS, FAILURES, MOST_SESSIONS, Pace, Sessions
from tocsin.warn.approve import Refusal

Client = httpx.AsyncClient
Play = Callable[[TurningHall, Client], Awaitable[None]]


def play(scene: Play, plane: Plane = Plane.EXERCISE) -> None:
    """A scene with a hall that turns and a client without a session."""

    async def run() -> None:
        hall = TurningHall(plane)
        api = CommandApi(hall.port, Nation.JPN, plane, {})
        app = make_app(lambda: None, nation=Nation.JPN, plane=plane, commands=api.routes())
        transport = httpx.ASGITransport(app=app)
        async with Client(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN}) as client:
            turning = asyncio.create_task(hall.turn_for_ever())
            try:
                await scene(hall, client)
            finally:
                turning.cancel()
                await asyncio.gather(turning, return_exceptions=True)

    asyncio.run(run())


async def act(client: Client, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post("/api/acts", json=body, headers=headers)


def test_two_sessions_release_one_text_and_one_session_does_not() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        first, second = await sign_in(client, "sato-1"), await sign_in(client, "ito-1")
        shown = (await client.get("/api/drafts", headers=first)).json()["drafts"]
        draft = next(row for row in shown if row["status"] == "drafted")
        body = {"draft": draft["id"], "digest": draft["digest"]}
        one = await client.get(f"/api/drafts/{draft['id']}", headers=first)
        assert {"en", "ko", "ja"} == set(one.json()["texts"])
        (row,) = one.json()["exposed"]
        assert (row["area"], row["lead_s"], row["cities"][0][0]) == ("JP-02", None, "Aomori")
        assert 590.0 < row["left_s"] <= 600.0
        assert row["people"] > 1_000_000
        early = await act(client, second, kind="approve", **body)
        assert (early.status_code, early.json()["error"]) == (409, Refusal.NOT_OPEN)
        done = await act(client, first, kind="propose", **body)
        assert (done.status_code, done.json()["status"]) == (200, "proposed")
        for name, reason in (("sato-1", Refusal.SAME_OFFICER), ("sato-2", Refusal.SAME_OFFICER)):
            headers = await sign_in(client, name)
            same = await act(client, headers, kind="approve", **body)
            assert (same.status_code, same.json()["error"]) == (409, reason)
        changed = await act(client, second, kind="approve", **{**body, "digest": "0" * 64})
        assert changed.json()["error"] == Refusal.STALE
        real = body["draft"].replace("EXERCISE", "REAL")
        other = await act(client, second, kind="approve", **{**body, "draft": real})
        assert other.json()["error"] == Refusal.OTHER_DESK
        assert (await act(client, second, kind="approve", **body)).json()["status"] == "released"
        replayed = await act(client, second, kind="approve", **body)
        assert (replayed.status_code, replayed.json()["error"]) == (409, Refusal.NOT_OPEN)
        assert hall.drafts()[draft["id"]].status is WarnStatus.RELEASED

    play(scene)


def test_withdrawn_in_two_acts() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        await hall.release_all()
        ready = next(d for d in hall.drafts().values() if d.warning.purpose == "withdraw")
        first, second = await sign_in(client, "sato-1"), await sign_in(client, "ito-1")
        assert (await act(client, first, kind="propose", draft=ready.id, digest=ready.digest)).is_success
        stamped = hall.drafts()[ready.id]
        done = await act(client, second, kind="approve", draft=ready.id, digest=stamped.digest)
        assert done.json()["status"] == "released"

    play(scene)


FOREIGN: list[tuple[dict[str, str], int]] = [
    ({"origin": "https://evil.example"}, 403),
    ({"origin": "http://localhost:9999"}, 403),
    ({"origin": "null"}, 403),
    ({"origin": ""}, 403),
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ({"x-tocsin-csrf": ""}, 403),
    ({"x-tocsin-csrf": "x" * 43}, 403),
    ({"cookie": "__Host-tocsin-jpn-exercise=wrong"}, 401),
    ({"cookie": ""}, 401),
    ({"content-type": "text/plain"}, 415),
    ({"content-type": "application/x-www-form-urlencoded"}, 415),
]


def test_what_does_not_come_from_the_page_itself_is_refused() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        draft = hall.open_draft()
        good = await sign_in(client, "sato-1")
        body = f'{{"kind":"propose","draft":"{draft.id}","digest":"{draft.digest}"}}'
        for headers, status in FOREIGN:
            sent = {"content-type": "application/json", **good, **headers}
            answer = await client.post("/api/acts", content=body, headers=sent)
            assert answer.status_code == status, headers
        assert hall.drafts()[draft.id].status is WarnStatus.DRAFTED
        assert (await client.get("/api/acts", headers=good)).status_code in (404, 405)
        with_good = {"content-type": "application/json", **good}
        assert (await client.post("/api/acts", content=body, headers=with_good)).is_success  # the checks bite

    play(scene)


BODIES = (
    b"", b"[]", b"{", b'{"kind":"alert","draft":"x","digest":"y"}', b'{"kind":"propose"}', b"\xff" * 9,
    b'{"kind":"propose","draft":"x","digest":"y","officer":"ito"}', b"[" * 9_000,
)  # fmt: skip


def test_bad_bodies() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        good = {"content-type": "application/json", **await sign_in(client, "sato-1")}
        for body in BODIES:
            assert (await client.post("/api/acts", content=body, headers=good)).status_code == 400, body[:24]
        long = await client.post("/api/acts", content=b" " * (MAX_BODY_BYTES + 1), headers=good)
        assert long.status_code == 413

    play(scene)


def test_the_cookie_is_bound_to_host_and_plane() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        body = {"credential": "sato-1", "passphrase": PASSPHRASE}
        cookie = (await client.post("/api/login", json=body)).headers["set-cookie"]
        name, _, attributes = cookie.partition("=")
        assert name == "__Host-tocsin-jpn-real"
        for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
            assert part in attributes
        assert "Domain" not in attributes

    play(scene, Plane.REAL)


def test_wrong_passphrases_are_slowed_down() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        wrong = {"credential": "sato-1", "passphrase": "wrong" * 4}
        codes = [(await client.post("/api/login", json=wrong)).status_code for _ in range(FAILURES + 2)]
        assert codes == [401] * FAILURES + [429, 429]
        unknown = {"credential": "mallory", "passphrase": PASSPHRASE}
        assert (await client.post("/api/login", json=unknown)).status_code == 401
        assert CREDENTIALS["ito-1"]
        assert (await client.post("/api/login", json={**wrong, "credential": "ito-1"})).status_code == 401

    play(scene)


def test_signed_out_and_without_a_session() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        good = await sign_in(client, "sato-1")
        assert (await client.get("/api/session", headers=good)).json()["officer"] == "sato"
        assert (await client.post("/api/logout", headers=good)).status_code == 200
        for path in ("/api/session", "/api/drafts", "/api/drafts/x"):
            assert (await client.get(path, headers=good)).status_code == 401
        again = await sign_in(client, "sato-1")
        assert (await client.get("/api/drafts/nothing", headers=again)).status_code == 404

    play(scene)


def test_a_flood_of_acts_is_stopped() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        good = await sign_in(client, "sato-1")
        codes = []
        for _ in range(ACTS + 1):
            answer = await act(client, good, kind="reject", draft="JPN-EXERCISE-x", digest="0")
            codes.append(answer.status_code)
        assert (set(codes[:-1]), codes[-1]) == ({409}, 429)

    play(scene)


def test_equal_acts_in_one_step_are_answered_apart() -> None:
    async def scene(hall: TurningHall, client: Client) -> None:
        draft = hall.open_draft()
        made = hall.act("sato-1", ActKind.PROPOSE, draft)
        answers = await asyncio.gather(*(hall.port.submit(made) for _ in range(3)))
        assert sorted(str(reason) for _, reason in answers) == ["None"] + [Refusal.NOT_OPEN] * 2
        strange = replace(made, officer="mallory")
        assert (await hall.port.submit(strange))[1] == Refusal.NOT_OPEN

    play(scene)


def test_paces_and_sessions_are_bounded_and_end() -> None:
    pace = Pace(2, 60.0)
    for _ in range(2):
        assert not pace.full("a", 0.0)
        pace.note("a", 0.0)
    assert pace.full("a", 59.0)
    assert not pace.full("b", 59.0)
    assert not pace.full("a", 60.0)
    officer = TurningHall(Plane.EXERCISE).officers[0]
    sessions = Sessions()
    tokens = [sessions.begin(officer, 0.0)[0] for _ in range(MOST_SESSIONS + 1)]
    assert sessions.of(tokens[0], 1.0) is None
    assert sessions.of(tokens[1], 1.0) is not None
    assert sessions.of(tokens[1], 1e6) is None
    assert sessions.of(None, 1.0) is None
    assert ATTEMPTS > FAILURES

"""Officers' acts over HTTP: sign in, read the drafts, propose, approve, decline, correct. JSON by POST alone.

Another site's page can do nothing here: a command needs our own Origin, a JSON body (which no form can send),
the session cookie (SameSite=Strict, bound to this host) and the session's token in a header. Who may do what,
over which text and with whom is judged in the hall's fold; here only the credential is proved.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.model.warning import ActKind, Draft, Officer, OfficerAct, PartnerWarning
from tocsin.page.exposed import exposed
from tocsin.page.sessions import (
    ACTS,
    ACTS_S,
    ATTEMPTS,
    ATTEMPTS_S,
    FAILURES,
    FAILURES_S,
    Pace,
    Session,
    Sessions,
)
from tocsin.warn.texts import Names, render
from tocsin.warn.words import LANGS

MAX_BODY_BYTES: Final = 16_384
"""A correction of all 116 areas is 1 kB."""
CSRF_HEADER: Final = "x-tocsin-csrf"
HASHES_AT_ONCE: Final = 2
ACT_S: Final = 5.0
"""An act is judged in the next turn (0.2 s); a hall that takes longer is in trouble, and the officer must
know.
"""


class DeskAccess(Protocol):
    """What the hall offers (tocsin.node.desk_port)."""

    def drafts(self) -> Sequence[Draft]:
        """Every message of the desk."""

    def partners(self) -> Sequence[PartnerWarning]:
        """What partners told their people."""

    def now(self) -> Instant:
        """The desk's time (that of the scenario)."""

    async def prove(self, credential: str, passphrase: str) -> Officer | None:
        """The officer of a credential, if the passphrase is its."""

    async def submit(self, act: OfficerAct) -> tuple[str, str | None]:
        """(status of the draft now, why the act was refused or null)."""


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/login."""

    credential: str
    passphrase: str


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/acts. `areas`: what a correction leaves warned."""

    kind: ActKind
    draft: str
    digest: str
    areas: tuple[str, ...] = ()


class RefusedError(Exception):
    """An answer other than 200: caught by this module's own wrapper and nowhere else."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class CommandApi:
    """The routes below /api of one desk."""

    def __init__(self, desk: DeskAccess, nation: Nation, plane: Plane, names: Names) -> None:
        self._desk, self._names = desk, names
        self.cookie = f"__Host-tocsin-{nation.lower()}-{plane.lower()}"
        self._sessions = Sessions()
        self._failures = Pace(FAILURES, FAILURES_S)
        self._attempts = Pace(ATTEMPTS, ATTEMPTS_S)
        self._acts = Pace(ACTS, ACTS_S)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    def routes(self) -> list[Route]:
        """To be mounted before the page's own."""
        return [
            Route("/api/login", _answered(self._login), methods=["POST"]),
            Route("/api/logout", _answered(self._logout), methods=["POST"]),
            Route("/api/session", _answered(self._session), methods=["GET"]),
            Route("/api/drafts", _answered(self._list), methods=["GET"]),
            Route("/api/drafts/{draft}", _answered(self._show), methods=["GET"]),
            Route("/api/acts", _answered(self._act), methods=["POST"]),
        ]

    async def _login(self, request: Request) -> Response:
        _own_origin(request)
        asked = await _body(request, SignIn)
        now_s = time.monotonic()
        if self._failures.full(asked.credential, now_s) or self._attempts.full("", now_s):
            raise RefusedError(429, "too many attempts: wait a minute")
        self._attempts.note("", now_s)
        async with self._hashing:
            officer = await self._desk.prove(asked.credential, asked.passphrase)
        if officer is None:
            self._failures.note(asked.credential, now_s)
            raise RefusedError(401, "no officer has that credential and passphrase")
        token, session = self._sessions.begin(officer, time.monotonic())
        answer = _json(_who(session))
        answer.set_cookie(self.cookie, token, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    async def _logout(self, request: Request) -> Response:
        self._commanding(request)
        self._sessions.end(request.cookies.get(self.cookie))
        answer = _json({"officer": None})
        answer.delete_cookie(self.cookie, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    async def _session(self, request: Request) -> Response:
        return _json(_who(self._signed_in(request)))

    async def _list(self, request: Request) -> Response:
        self._signed_in(request)
        rows = [self._row(draft) for draft in self._desk.drafts()]
        return _json({"drafts": rows, "partners": msgspec.to_builtins(self._desk.partners())})

    async def _show(self, request: Request) -> Response:
        self._signed_in(request)
        name = request.path_params["draft"]
        for draft in self._desk.drafts():
            if draft.id == name:
                texts = {lang: render(draft.warning, self._names, lang) for lang in LANGS}
                return _json({**self._row(draft), "texts": msgspec.to_builtins(texts)})
        raise RefusedError(404, "no such draft")

    async def _act(self, request: Request) -> Response:
        session = self._commanding(request)
        command = await _body(request, Command)
        now_s = time.monotonic()
        if self._acts.full(session.csrf, now_s):
            raise RefusedError(429, "too many acts: wait a minute")
        self._acts.note(session.csrf, now_s)
        who = session.officer
        act = OfficerAct(who.name, who.credential, command.kind, command.draft, command.digest, command.areas)
        try:
            async with asyncio.timeout(ACT_S):
                status, reason = await self._desk.submit(act)
        except TimeoutError:
            why = "the hall has not answered: look at the draft before you act again"
            raise RefusedError(503, why) from None
        if reason is not None:
            raise RefusedError(409, reason)
        return _json({"draft": command.draft, "status": status})

    def _row(self, draft: Draft) -> Mapping[str, Any]:
        row: dict[str, Any] = msgspec.to_builtins(draft)
        missing = sorted(set(draft.awaited) - set(draft.carried))
        areas = msgspec.to_builtins(exposed(draft, self._desk.now()))
        return {**row, "missing": missing, "exposed": areas}

    def _signed_in(self, request: Request) -> Session:
        session = self._sessions.of(request.cookies.get(self.cookie), time.monotonic())
        if session is None:
            raise RefusedError(401, "sign in first")
        return session

    def _commanding(self, request: Request) -> Session:
        _own_origin(request)
        session = self._signed_in(request)
        if request.headers.get(CSRF_HEADER) != session.csrf:
            raise RefusedError(403, "the session's token is missing or another's")
        return session


def _answered(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as refused:
            return _json({"error": str(refused)}, refused.status)

    return answer


def _own_origin(request: Request) -> None:
    """Refuse a command whose Origin is not this page's own, or that a browser says comes from another
    site.
    """
    origin = urlsplit(request.headers.get("origin", ""))
    own = (request.url.scheme, request.headers.get("host", ""))
    if (origin.scheme, origin.netloc) != own:
        raise RefusedError(403, "the request does not come from this page")
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise RefusedError(403, "the request comes from another site")


async def _body(request: Request, kind: type[T]) -> T:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type != "application/json":
        raise RefusedError(415, "send application/json")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MAX_BODY_BYTES:
            raise RefusedError(413, "the body is too long")
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except msgspec.MsgspecError as failure:
        raise RefusedError(400, str(failure)) from failure
    except (UnicodeDecodeError, RecursionError) as failure:
        raise RefusedError(400, "the body is not JSON") from failure


def _who(session: Session) -> dict[str, Any]:
    officer = session.officer
    return {"officer": officer.name, "roles": [str(role) for role in officer.roles], "csrf": session.csrf}


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")

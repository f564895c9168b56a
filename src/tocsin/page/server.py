"""The page of one nation and plane over HTTP: static files, `/api/picture`, and the live `/feed`. Read-only
but for officers' commands, where a node gives them (page.commands).

Three guards stand before every answer: only known host names (another name pointing here is DNS rebinding),
no request of another site's page, and headers under which the page may load and do nothing but its own.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.page.assets import Asset, load_assets
from tocsin.page.feed import Board, PictureSource, pump, serve_client

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost")
SHUTDOWN_S: Final = 2
"""Open pages get this long to take their leave."""
MAX_CLIENT_MESSAGE_BYTES: Final = 1_024
"""Pages only listen."""
BACKLOG: Final = 128


def make_app(
    picture: PictureSource,
    *,
    nation: Nation,
    plane: Plane,
    hosts: Sequence[str] = LOOPBACK_HOSTS,
    commands: Sequence[Route] = (),
) -> Starlette:
    """The page's application.

    `picture()` is asked for the newest picture (None: none yet); `hosts`: the names that it answers to;
    `commands`: routes of officers' acts (page.commands), none = a page to look at.
    UserError when `make setup` has not built the map data.
    """
    assets = load_assets()
    assets["index.html"] = _filled(assets["index.html"], nation, plane)
    board = Board()

    async def file(request: Request) -> Response:
        found = assets.get(request.path_params["name"] or "index.html")
        if found is None:
            return PlainTextResponse("not found", status_code=404)
        return Response(found.data, media_type=found.media_type)

    async def api_picture(_: Request) -> Response:
        now = picture()
        body = b"null" if now is None else msgspec.json.encode(now)
        return Response(body, media_type="application/json")

    async def feed(client: WebSocket) -> None:
        await serve_client(client, board)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(pump(board, picture), name="page feed")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return Starlette(
        routes=[
            *commands,
            Route("/api/picture", api_picture),
            WebSocketRoute("/feed", feed),
            Route("/{name:path}", file),
        ],
        middleware=[
            Middleware(Guard),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        lifespan=lifespan,
    )


class Guard:
    """Puts HEADERS on every answer and refuses what another site's page asks for (links here may come)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        if scope["type"] == "http" and _foreign(Headers(scope=scope)):
            refusal = PlainTextResponse("cross-site request refused", status_code=403)
            await refusal(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    on_ready: Callable[[int], None] | None = None,
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Serve until cancelled, inside the running loop; signals stay the caller's. `on_ready` is told the port.

    Port 0 takes a free one. `tls`: certificate and key (PEM). UserError when the port is taken, the address
    is not this machine's or the certificate cannot be read.
    """
    if tls is not None:
        _check_tls(*tls)
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_CLIENT_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    server = _Server(config)
    if on_ready is not None:
        on_ready(listener.getsockname()[1])
    running = asyncio.create_task(server.serve(sockets=[listener]), name="page server")
    try:
        await asyncio.shield(running)
    finally:
        server.should_exit = True
        await running
        listener.close()


class _Server(uvicorn.Server):
    """uvicorn that leaves signals alone: Ctrl-C belongs to the node's supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _check_tls(cert: Path, key: Path) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except OSError as failure:  # ssl.SSLError is one
        raise UserError(
            f"the page's certificate cannot be used ({failure.strerror or failure})",
            fix="give page.tls_cert and page.tls_key, PEM files that belong together",
        ) from failure


def _listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket: connections wait from here on, even before the first turn of the server."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG, reuse_port=False)
    except OSError as failure:
        raise UserError(
            f"the page cannot use port {port} on {host} ({failure.strerror or failure})",
            fix="stop what uses it (another run?) or give another port",
        ) from failure


def _foreign(headers: Headers) -> bool:
    """True for what a page of another origin asks for; following a link to the page (navigate) is allowed."""
    site = headers.get("sec-fetch-site", "none")
    return site not in ("same-origin", "none") and headers.get("sec-fetch-mode") != "navigate"


def _filled(index: Asset, nation: Nation, plane: Plane) -> Asset:
    """The first paint already says whose page it is and in which plane."""
    data = index.data.replace(b"{{nation}}", nation.encode()).replace(b"{{plane}}", plane.encode())
    return Asset(data, index.media_type)

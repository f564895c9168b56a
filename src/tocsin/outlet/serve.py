"""The feed outlet's own small web server: the feed, its messages, and the receivers' beats. Nothing else.

`GET /feed.atom`, `GET /cap/NAME.xml`, `POST /receivers/NAME/beat` with `Authorization: Bearer SECRET`.
Plain HTTP: on loopback, or behind the nation's own front server (node.config refuses other addresses).
"""

import time
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin.model.time import Instant
from tocsin.outlet.feed import CAP_MEDIA, FEED, MEDIA
from tocsin.outlet.file import FOLDER
from tocsin.outlet.press import SAFE
from tocsin.outlet.receivers import Receivers

HEADERS: Final = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
"""A warning must never come from a cache that has not asked."""


def make_feed_app(folder: Path, receivers: Receivers) -> Starlette:
    """The application over the feed outlet's folder."""

    async def feed(_: Request) -> Response:
        return _file(folder / FEED, MEDIA)

    async def message(request: Request) -> Response:
        name = request.path_params["name"]
        if not SAFE.fullmatch(name):
            return PlainTextResponse("not there\n", 404, HEADERS)
        return _file(folder / FOLDER / f"{name}.xml", CAP_MEDIA)

    async def beat(request: Request) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        name, now = request.path_params["name"], Instant(time.time_ns())
        if scheme.lower() != "bearer" or not receivers.beat(name, token, now):
            return PlainTextResponse("unknown receiver or wrong secret\n", 403, HEADERS)
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route(f"/{FEED}", feed),
            Route(f"/{FOLDER}/{{name}}.xml", message),
            Route("/receivers/{name}/beat", beat, methods=["POST"]),
        ]
    )


def _file(path: Path, media: str) -> Response:
    if not path.is_file():
        return PlainTextResponse("not there\n", 404, HEADERS)
    return FileResponse(path, media_type=media, headers=HEADERS)

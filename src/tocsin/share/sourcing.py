"""Keeping the broker's sourcing awake: a source that stays silent is asked for again, at growing intervals.

nats-server itself asks again about five seconds after a failure; at a start, or when a partner's broker comes
back, that is long. Taking the source out of the stream's configuration and putting it back makes it ask at
once. Nothing is lost or doubled by it: the far consumer resends what was not yet stored here, and the stream
knows message ids.

Only while the partner is heard, though, and has been for a while: taken out and put back while its link is
down, a source of nats-server 2.15 can come back deaf, for ever (docs/adr/0014).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
from msgspec import Struct

from tocsin.share.line import Line
from tocsin.share.streams import Json, Request
from tocsin.share.transport import TransportError

STEADY_S = 2.0
"""Of hearing the partner before its sources are touched: a link that has just come back wakes them by itself,
within half a second, measured with 2.15."""

WATCH_S = 0.25
"""First look after the streams are made, and the first repetition; doubled up to LONGEST_S while it is
silent."""

LONGEST_S = 4.0
"""Just below the broker's own interval of about five seconds, measured with 2.15."""

SILENT_NS = 3_000_000_000
"""A live source beats every second (the TO consumer's idle_heartbeat)."""

NEVER = -1
"""What the broker reports of a source that it has not heard since it began to ask."""


class Source(Struct, frozen=True):
    """What STREAM.INFO says of a source: nanoseconds since its last word."""

    active: int = NEVER


class Information(Struct, frozen=True):
    """The part of STREAM.INFO that matters here."""

    sources: tuple[Source, ...] = ()


_INFORMATION = msgspec.json.Decoder(Information)
_JSON = msgspec.json.Encoder()


async def keep_awake(line: Line, wanted: Sequence[Request], heard_s: Callable[[], float]) -> None:
    """For ever: look after every stream of `wanted` that has sources. `heard_s`: how long the partner at the
    other end of the line has been heard without a pause; 0 while it is silent."""
    streams = [r.body for r in wanted if r.api.startswith("STREAM.CREATE.") and r.body.get("sources")]
    await asyncio.gather(*(_keep(line, stream, heard_s) for stream in streams))


async def _keep(line: Line, stream: Json, heard_s: Callable[[], float]) -> None:
    pause_s = WATCH_S
    while True:
        await asyncio.sleep(pause_s)
        if not _own(stream) and heard_s() < STEADY_S:
            pause_s = WATCH_S
            continue
        with suppress(TransportError):  # the own broker is away: look again later
            if await _silent(line, stream["name"]):
                await _ask_again(line, stream)
                pause_s = min(2 * pause_s, LONGEST_S)
            else:
                pause_s = max(pause_s / 2, 2 * WATCH_S)


def _own(stream: Json) -> bool:
    """True when what it sources is in this broker: nobody else has to be there."""
    return all(not source["external"]["api"].startswith("$JS.") for source in stream["sources"])


async def _silent(line: Line, name: str) -> bool:
    answer = await line.request(f"$JS.API.STREAM.INFO.{name}", b"")
    try:
        sources = _INFORMATION.decode(answer).sources
    except msgspec.MsgspecError:
        return False
    return any(source.active == NEVER or source.active > SILENT_NS for source in sources)


async def _ask_again(line: Line, stream: Json) -> None:
    without = {key: value for key, value in stream.items() if key != "sources"}
    for config in (without, stream):
        await line.request(f"$JS.API.STREAM.UPDATE.{stream['name']}", _JSON.encode(config))

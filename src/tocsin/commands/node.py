"""`tocsin node`: one nation's node on its own machine."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from tocsin.node.config import load_config
from tocsin.node.shell import announce_ready, stop_event, unless
from tocsin.node.station import Station


def node_command(
    config: Annotated[Path, typer.Argument(help="The node's configuration, e.g. kor/node.toml")],
) -> None:
    """Run broker, door and hall of one nation until Ctrl-C or SIGTERM.

    Listens on 127.0.0.1 unless CONFIG says otherwise. Exit code 2 and one line when it cannot start.

    Example: tocsin init --nation KOR --dir kor && tocsin node kor/node.toml
    """
    asyncio.run(_run(config))


async def _run(path: Path) -> None:
    config = load_config(path)
    stop = stop_event()
    station = Station(config, lambda line: print(line, file=sys.stderr, flush=True))
    try:
        if not await unless(stop, station.start()):
            return
        page = config.page
        scheme = "https" if page.tls_cert else "http"
        announce_ready(f"{config.nation} {config.plane}: {scheme}://{page.name}:{page.port}")
        await unless(stop, station.run())
    finally:
        await station.stop()

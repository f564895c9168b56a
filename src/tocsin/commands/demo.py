"""`tocsin demo`: three nations on this machine, one recorded launch, the whole chain."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tocsin.demo.run import Wish, play
from tocsin.errors import UserError
from tocsin.share.topology import Mode
from tocsin.sim.scenario_file import load

HEADLESS_SPEED, LIVE_SPEED = 60.0, 10.0
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


def demo_command(
    scenario: Annotated[str, typer.Option(help="Shipped scenario or a TOML file.")] = "2022-10-04",
    headless: Annotated[
        bool, typer.Option("--headless", help="No live view; run to the end and exit.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for summary, records, CAP, tables and picture.")
    ] = None,
    speed: Annotated[float | None, typer.Option(min=0.1, max=1000, help="Ceiling, times real time.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same truth and plots.")] = 1,
    topology: Annotated[Mode, typer.Option(help="hub, mesh, or both at once.")] = Mode.BOTH,
    no_sharing: Annotated[bool, typer.Option("--no-sharing", help="Every nation for itself.")] = False,
    plots: Annotated[
        Path | None, typer.Option(help="ASTERIX blocks (raw or pcap) to feed to every nation.")
    ] = None,
    kill_hub_at: Annotated[
        float | None,
        typer.Option(metavar="S", help="kill -9 the hub's broker S scenario seconds after the first launch."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary on stdout.")] = False,
) -> None:
    """Run three nations' nodes on this machine through a scenario, in plane EXERCISE.

    Without --headless a live view stays up, with a page per nation, until Ctrl-C.

    Examples:

      tocsin demo

      tocsin demo --headless --scenario salvo --out out/salvo

      tocsin demo --headless --scenario quiet --plots capture.pcap --out out/quiet
    """
    wish = Wish(
        scenario=load(scenario),
        seed=seed,
        speed=speed or (HEADLESS_SPEED if headless else LIVE_SPEED),
        mode=topology,
        sharing=not no_sharing,
        headless=headless,
        out=out,
        plots=plots,
        kill_hub_at_s=kill_hub_at,
        linger=not headless,
    )
    try:
        summary = asyncio.run(play(wish, lambda line: print(line, file=sys.stderr, flush=True)))
    except KeyboardInterrupt:
        print("stopped; everything that was started is down", file=sys.stderr)
        raise typer.Exit(0 if not headless else INTERRUPTED) from None
    if as_json:
        if summary is None:
            raise UserError(
                "--json needs --out", fix="give --out DIR: the summary is read from the records there"
            )
        sys.stdout.buffer.write(msgspec.json.encode(summary) + b"\n")

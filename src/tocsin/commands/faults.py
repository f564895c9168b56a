"""`tocsin faults`: break three real nations on this machine in every way there is, and count."""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tocsin.commands.bench import no_tls_farewell
from tocsin.errors import UserError
from tocsin.faults.plan import Fault, faults
from tocsin.faults.run import run
from tocsin.faults.words import HEALED_WITHIN_S, Row

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


def faults_command(
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This fault alone; may be repeated.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One of each kind, about two minutes.")] = False,
    list_them: Annotated[
        bool, typer.Option("--list", help="Print the faults there are, and do nothing.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", help="Where the rows are written as JSON.")] = Path(
        "faults.json"
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="The rows on stdout too, instead of the table.")
    ] = False,
    within_s: Annotated[
        float,
        typer.Option("--healed-within", min=0.1, max=60.0, help="Seconds to heal in, else exit code 1."),
    ] = HEALED_WITHIN_S,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder for the nodes (default: temporary).")
    ] = None,
    fuse_python: Annotated[
        Path | None,
        typer.Option("--fuse-python", help="Python of an environment with mfusepy, for power cuts."),
    ] = None,
) -> None:
    """Kill, stop, cut, fill and unplug the programs of three nations under load; count what became of every
    product.

    Three nations run on loopback and are removed at the end. What was accepted and what arrived is read from
    their records by an account of its own. Exit code 1 when anything was lost, doubled or taken back, or did
    not heal in time. Full disks and power cuts need root.

    Example: tocsin faults --only kill-hall-kor --only cut-jpn
    """
    if list_them:
        for fault in faults():
            print(f"{fault.name:18} {fault.about}" + ("" if fault.usual else " (only when named)"))
        return
    if folder is not None and not folder.is_dir():
        raise UserError(f"there is no folder {folder}", fix="name one on the disk to use")
    chosen = _chosen(only or [], quick)
    logging.getLogger("asyncio").addFilter(no_tls_farewell)
    try:
        rows = asyncio.run(_run(chosen, folder, fuse_python, within_s))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped; everything that was started is down", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    text = msgspec.json.format(msgspec.json.encode(rows)) + b"\n"
    out.write_bytes(text)
    if as_json:
        sys.stdout.buffer.write(text)
    else:
        Console(width=None if sys.stdout.isatty() else WIDTH).print(_table(rows, within_s))
    if not all(row.sound(within_s) for row in rows):
        raise typer.Exit(1)


WIDTH = 150


def _chosen(only: list[str], quick: bool) -> list[Fault]:
    known = {fault.name: fault for fault in faults()}
    for name in only:
        if name not in known:
            raise UserError(f"there is no fault {name!r}", fix="see tocsin faults --list")
    if only:
        return [known[name] for name in only]
    return [fault for fault in known.values() if (fault.quick if quick else fault.usual)]


async def _run(
    chosen: list[Fault], folder: Path | None, fuse_python: Path | None, within_s: float
) -> list[Row]:
    """Until the end, or a signal: the nodes it started would outlive it otherwise."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def on_row(row: Row) -> None:
        say(f"  {_words(row, within_s)}")

    return await run(chosen, folder, fuse_python, say, on_row)


def _words(row: Row, within_s: float) -> str:
    if row.skipped is not None:
        return f"skipped: {row.skipped}"
    healed = "not healed" if row.healed_s is None else f"healed in {row.healed_s} s"
    verdict = "" if row.sound(within_s) else " FAILED"
    return f"{row.delivered} of {row.due} delivered, {row.duplicated} doubled, {healed}{verdict}"


def _table(rows: list[Row], within_s: float) -> Table:
    table = Table("fault", title="Faults of three nations' real processes")
    for name in ("offered", "due", "delivered", "lost", "doubled", "unkept", "healed s", ""):
        table.add_column(name, justify="right")
    for row in rows:
        if row.skipped is not None:
            table.add_row(row.about, *[""] * 7, f"skipped: {row.skipped}")
            continue
        counts = (row.offered, row.due, row.delivered, row.lost, row.duplicated, row.unkept)
        healed = "-" if row.healed_s is None else f"{row.healed_s:.1f}"
        table.add_row(
            row.about, *(f"{n:,}" for n in counts), healed, "ok" if row.sound(within_s) else "FAILED"
        )
    return table

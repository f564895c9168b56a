"""`tocsin bench`: measure this machine. Figures are printed beside another way measured in the same run."""

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

from tocsin.bench.exchange import run
from tocsin.bench.result import Result, ratio
from tocsin.commands.bench_track import track_command
from tocsin.errors import UserError
from tocsin.node.shell import fast_loop

app = typer.Typer(help="Benchmarks of this machine.", no_args_is_help=True)

SECONDS = 50.0
"""Of measuring; starting and stopping three nations comes on top."""

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


@app.callback()
def bench() -> None:
    """Benchmarks of this machine, beside another way in the same run."""


app.command("track")(track_command)


@app.command("exchange")
def exchange_command(
    seconds: Annotated[float, typer.Option(min=2, max=3_600, help="Time of measuring.")] = SECONDS,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Measure on the disk of this folder (default: temporary).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Plot to partner, products per second and their latency, beside the floor of bare nats-py.

    Three nations' brokers, doors and halls run on loopback; everything is stopped and removed at the end.
    Exit code 1 when anything was lost or duplicated.

    Example: tocsin bench exchange --json
    """
    if folder is not None and not folder.is_dir():
        raise UserError(f"there is no folder {folder}", fix="name one on the disk to measure")
    logging.getLogger("asyncio").addFilter(no_tls_farewell)
    try:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:  # as the halls that it plays
            found = runner.run(_measure(seconds, folder))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped; everything that was started is down", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _show(found)
    if found.lost or found.duplicated:
        raise typer.Exit(1)


async def _measure(seconds: float, folder: Path | None) -> Result:
    """Run until the end, or a signal: the nodes it started would outlive it otherwise."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(seconds, folder, lambda line: print(line, file=sys.stderr, flush=True))


def no_tls_farewell(record: logging.LogRecord) -> bool:
    """nats-py leaves a TLS connection half open at its end, which asyncio remarks upon; it means nothing."""
    return "eof_received() has no effect" not in record.getMessage()


def _show(found: Result) -> None:
    console = Console()
    console.print(_latencies(found))
    console.print(
        f"saturation: {found.rate_per_s:,.0f} products/s, the bare loop {found.bare_floor_rate_per_s:,.0f} "
        f"({_number(found.ratio_rate)} of it)"
    )
    console.print(
        f"offered {found.offered:,}, released {found.released:,}, withheld {found.withheld:,}, "
        f"lost {found.lost}, duplicated {found.duplicated} "
        f"(floor: lost {found.floor_lost}, duplicated {found.floor_duplicated})"
    )
    for row in found.at_rates:
        if (cpu := row.cpu_per_1000) is not None:
            console.print(
                f"processors, for 1,000 products at {row.rate_per_s:.0f} a second: "
                f"brokers {cpu.broker_s:.2f} s, doors {cpu.door_s:.2f} s, generator {cpu.bench_s:.2f} s"
            )
    console.print(f"one fsync of this disk: {found.fsync_ms} ms; {found.cpus} processors")


def _latencies(found: Result) -> Table:
    table = Table("milliseconds", title="Exchange between three nations on loopback")
    for name in ("p50", "p99", "times floor"):
        table.add_column(name, justify="right")
    chain = found.plot_to_partner_ms
    table.add_row(f"plot -> partner ({found.chain_products} products)", *_spread(chain.p50, chain.p99), "")
    table.add_row("urgent, one by one", *_spread(found.urgent_p50_ms, found.urgent_p99_ms), "")
    flooded = _spread(found.urgent_flood_p50_ms, found.urgent_flood_p99_ms)
    table.add_row(f"urgent, in {found.flood_per_s:.0f} products/s of flow", *flooded, "")
    for row in found.at_rates:
        table.add_section()
        times = _number(row.ratio_p50)
        table.add_row(f"tocsin, {row.rate_per_s:.0f} products/s", *_spread(row.p50_ms, row.p99_ms), times)
        table.add_row("  floor: equal batches and commits", *_spread(row.floor_p50_ms, row.floor_p99_ms), "1")
        unstored = _spread(row.unstored_floor_p50_ms, row.unstored_floor_p99_ms)
        table.add_row("  that unstored", *unstored, _per(row.unstored_floor_p50_ms, row.floor_p50_ms))
        bare = _spread(row.bare_floor_p50_ms, row.bare_floor_p99_ms)
        table.add_row("  bare streams", *bare, _per(row.bare_floor_p50_ms, row.floor_p50_ms))
    core = _spread(found.core_floor_p50_ms, found.core_floor_p99_ms)
    table.add_row("  core messages", *core, _per(found.core_floor_p50_ms, found.floor_p50_ms))
    return table


def _spread(p50: float | None, p99: float | None) -> tuple[str, str]:
    return _number(p50), _number(p99)


def _per(one: float | None, floor: float | None) -> str:
    return _number(ratio(one, floor))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"

"""`tocsin bench track`: what an update, a scan and a prediction cost."""

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tocsin.bench.track import COUNTS, LARGE, TrackBench, measure


def track_command(
    large: Annotated[bool, typer.Option("--large", help=f"Also {LARGE:,} objects.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Microseconds per update, milliseconds per scan and prediction, beside Stone Soup where it is installed.

    Example: tocsin bench track --json
    """
    counts = (*COUNTS, LARGE) if large else COUNTS
    found = measure(counts, lambda line: print(line, file=sys.stderr, flush=True))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        _show(found)


def _show(found: TrackBench) -> None:
    table = Table("objects", title="Tracking on one thread")
    for name in ("us per update", "ms per scan", "us per object of a scan"):
        table.add_column(name, justify="right")
    for count, us in found.us_per_update.items():
        scan_ms = found.scan_ms[count]
        table.add_row(
            f"{int(count):,}", f"{us:,.1f}", f"{scan_ms:,.2f}", f"{1e3 * scan_ms / int(count):,.1f}"
        )
    console = Console()
    console.print(table)
    console.print(
        f"impact with covariance {found.predict_ms:.3f} ms; update in the first seconds of coast"
        f" {found.batch_us_per_update:,.0f} us"
    )
    other = found.stonesoup
    if other.us_per_update is None:
        console.print("Stone Soup is not installed: no comparison")
    else:
        console.print(
            f"Stone Soup {other.version}: {other.us_per_update:,.0f} us per update, {other.ratio} times ours"
        )

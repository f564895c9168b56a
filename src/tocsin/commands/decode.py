"""`tocsin decode`: a file of sensor data -> its plots, as a table or JSON Lines, and what was refused."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from math import degrees
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.time import from_datetime, to_iso
from tocsin.model.track import LineOfSight, Measurement, Plot, RadarFix, ReportedPosition
from tocsin.node.config import load_config
from tocsin.node.formats import make_decoder
from tocsin.sense.capture import decode_all
from tocsin.sense.format import Decoded
from tocsin.sense.jsonl import encode_plot

MAX_FILE_BYTES = 256 * 1024 * 1024
"""A file is read whole; a live feed has no such limit."""
FILE_WIDTH = 160
"""Columns of the table where it does not go to a terminal: wide enough for every row."""


def decode_command(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="raw data or a capture (pcap, pcapng); - is stdin")
    ],
    format_: Annotated[str, typer.Option("--format", help="asterix, jsonl or a plug-in's name")],
    as_json: Annotated[
        bool, typer.Option("--json", help="plots as JSON Lines, counts as JSON on stderr")
    ] = False,
    date_: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="UTC day of the first time of day")
    ] = None,
    plane: Annotated[
        Plane | None, typer.Option(help="refuse plots of other planes and stamp this one on --json")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="NODE.toml", help="name sensors as this node's registry does")
    ] = None,
) -> None:
    """Print the plots in FILE. Exit code 1 when nothing in it can be decoded, 2 for wrong input."""
    sensors = () if config is None else load_config(config).registry()
    decoder = make_decoder(format_, sensors, _day(date_), plane, accept_unknown=True)
    data = _read(file)
    now = from_datetime(datetime.now(UTC))
    decoded = decode_all(data, decoder, now)
    if as_json:
        _print_lines(decoded, plane)
        print(json.dumps(summary(decoded)), file=sys.stderr)
    else:
        if decoded.plots:
            _print_table(decoded)
        _print_summary(decoded)
    if not decoded.plots and not decoded.services:
        if not as_json:
            print(f"nothing in {_name(file)} can be decoded as {format_}", file=sys.stderr)
        raise typer.Exit(1)


def summary(decoded: Decoded) -> dict[str, Any]:
    """Counts of one decode; `faults` are in the order of their offsets."""
    return {
        "plots": len(decoded.plots),
        "services": dict(Counter(f"{service.sensor}: {service.kind}" for service in decoded.services)),
        "counts": dict(decoded.counts),
        "refused": dict(Counter(fault.reason for fault in decoded.faults)),
        "faults": msgspec.to_builtins(decoded.faults),
    }


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--date {text!r} is no date: {error}", fix="give it as YYYY-MM-DD") from error


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _read(file: str) -> bytes:
    name = _name(file)
    with _rim(name):
        if file == "-":
            data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
    if not data:
        raise UserError(f"{name} is empty", fix="give a file with sensor data")
    if len(data) > MAX_FILE_BYTES:
        raise UserError(
            f"{name} is larger than {MAX_FILE_BYTES >> 20} MiB", fix="split it, or use a feed of a node"
        )
    return data


@contextmanager
def _rim(name: str) -> Iterator[None]:
    """Foreign failures of reading a file become mistakes with a fix."""
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{name} does not exist", fix="check the path") from error
    except IsADirectoryError as error:
        raise UserError(f"{name} is a directory", fix="give one file") from error
    except PermissionError as error:
        raise UserError(f"{name} may not be read", fix="check its permissions") from error
    except OSError as error:
        raise UserError(
            f"{name} cannot be read: {error.strerror}", fix="check the path and the disk"
        ) from error


def _print_lines(decoded: Decoded, plane: Plane | None) -> None:
    """Plot lines (docs/plot-schema.md) with both forms of the time."""
    for plot in decoded.plots:
        line = msgspec.json.decode(encode_plot(plot, plane))
        print(json.dumps(line | {"time_utc": to_iso(plot.time_ns)}))


def _print_table(decoded: Decoded) -> None:
    table = Table("UTC", "sensor", "identity", "measurement", title=f"{len(decoded.plots)} plots")
    for plot in decoded.plots:
        table.add_row(*(Text(cell) for cell in _row(plot)))  # Text: names from outside are never markup
    console = Console()
    if not console.is_terminal:
        console.width = FILE_WIDTH
    console.print(table)


def _row(plot: Plot) -> tuple[str, str, str, str]:
    return (to_iso(plot.time_ns), plot.sensor, plot.identity or "", _words(plot.measurement))


def _words(measurement: Measurement) -> str:
    match measurement:
        case RadarFix(range_m, az_rad, el_rad, range_rate_mps, alt_m):
            words = f"range {range_m / 1e3:8.3f} km  azimuth {degrees(az_rad):7.3f} deg"
            words += "" if el_rad is None else f"  elevation {degrees(el_rad):6.3f} deg"
            words += "" if range_rate_mps is None else f"  range rate {range_rate_mps:8.1f} m/s"
            return words + ("" if alt_m is None else f"  altitude {alt_m:7.0f} m")
        case LineOfSight(_, unit):
            return "line of sight " + " ".join(f"{part:+.6f}" for part in unit)
        case ReportedPosition(lat_deg, lon_deg, alt_m, ve_mps, vn_mps):
            words = f"latitude {lat_deg:10.6f}  longitude {lon_deg:11.6f}"
            words += "" if alt_m is None else f"  altitude {alt_m:7.0f} m"
            moving = ve_mps is not None and vn_mps is not None
            return words + (f"  velocity E {ve_mps:+.1f} N {vn_mps:+.1f} m/s" if moving else "")


def _print_summary(decoded: Decoded) -> None:
    told = summary(decoded)
    for group in ("counts", "services"):
        for name, number in told[group].items():
            print(f"{name}: {number}", file=sys.stderr)
    for fault in decoded.faults:
        print(f"refused at byte {fault.offset}: {fault.reason} ({fault.detail})", file=sys.stderr)

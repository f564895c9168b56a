"""`make bench`: cost of tracking, beside Stone Soup where it is installed.

The same as `tocsin bench track`; options: --large, --json. Method: docs/benchmarks.md.
"""

import sys

import typer

from tocsin.commands.bench_track import track_command
from tocsin.errors import UserError

if __name__ == "__main__":
    try:
        typer.run(track_command)
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)

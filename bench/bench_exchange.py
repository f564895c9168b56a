"""`make bench`: the exchange between three nations beside a bare loop through the same brokers.

The same as `tocsin bench exchange`; options: --seconds S, --dir DIR, --json. Method: docs/benchmarks.md.
"""

import sys

import typer

from tocsin.commands.bench import exchange_command
from tocsin.errors import UserError

if __name__ == "__main__":
    try:
        typer.run(exchange_command)
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)

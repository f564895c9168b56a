"""`tocsin`: the command line. A command stands in a module of `tocsin.commands`, imported when it is called.

A user's mistake is one line on stderr and exit code 2, wrong options and words included; anything else that
escapes is a defect and shows its trace.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_group

from tocsin.errors import UserError

COMMANDS = {
    "demo": "Three nations on this machine, through one scenario.",
    "node": "Broker, door and hall of one nation.",
    "replay": "Run a record again, and compare every state.",
    "verify": "Recompute a record's log; how far is it witnessed?",
    "prove": "Write a proof that a step stands in a record.",
    "decode": "The plots in a file of sensor data.",
    "init": "Make the folder of a new node, or of three for a demo.",
    "simulate": "Three nations in virtual time, under faults by seed.",
    "evaluate": "How good the tracking is, beside the best possible.",
    "faults": "Break the real programs of three nations, and count.",
    "conformance": "Known messages against our verifier, or another's.",
    "trust": "Public parts and fingerprints; change and revoke keys.",
    "witness": "What partners have witnessed of our log, we of theirs.",
    "scenario": "Scenarios: recorded launches, illustrative sensors.",
    "warn": "Check warnings; act on the drafts of a running node.",
    "officer": "Who may act on a node's drafts.",
    "policy": "The release policy: what may leave, and why.",
    "bench": "Benchmarks of this machine.",
}
"""Command and its line in `tocsin --help`. Its module has its name, and holds `app` (a group) or
NAME_command. All of them together take seconds to import: nobody pays for what he did not call.
"""

USER_MISTAKE = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


class Commands(TyperGroup):
    """Lists the commands by their lines above, and loads the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """See TyperGroup."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(name), rest


def load(name: str) -> Any:
    """The command or group of that name, as typer runs it."""
    module = import_module(f"tocsin.commands.{name}")
    one = _typer()
    if hasattr(module, "app"):
        one.add_typer(module.app, name=name)
    else:
        one.command(name)(getattr(module, f"{name}_command"))
    return get_group(one).commands[name]


def _typer(**more: Any) -> typer.Typer:
    return typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None, **more)


app = _typer(
    name="tocsin",
    help="Trilateral missile-warning network: sense, track, share, warn. Defensive warning only.",
    no_args_is_help=True,
    cls=Commands,
)
for _name, _line in COMMANDS.items():
    app.command(_name, help=_line)(lambda: None)


def main() -> None:
    """Entry point of the console script."""
    try:
        code = app(prog_name="tocsin", standalone_mode=False)  # typer's own words would be several lines
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(USER_MISTAKE)
    except TyperException as misuse:
        print(_one_line(misuse), file=sys.stderr)
        sys.exit(USER_MISTAKE)
    except typer.Abort:
        print("stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _one_line(misuse: TyperException) -> str:
    """A usage error as every other mistake is told; a group that was given no command shows its help."""
    what = misuse.format_message()
    if "\n" in what:
        return what
    what = what.replace("Value error, ", "").rstrip(".")
    context = getattr(misuse, "ctx", None)
    command = context.command_path if context else "tocsin"
    return str(UserError(what[:1].lower() + what[1:], fix=f"see {command} --help"))


if __name__ == "__main__":
    main()

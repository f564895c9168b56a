"""`tocsin`: the command line. Every command stands in a module of `tocsin.commands`.

A user's mistake is one line on stderr and exit code 2, wrong options and words included; anything else that
escapes is a defect and shows its trace.
"""

import sys

import typer
from typer.exceptions import TyperException

from tocsin.commands import (
    bench,
    conformance,
    decode,
    demo,
    evaluate,
    faults,
    init,
    node,
    officer,
    policy,
    prove,
    replay,
    scenario,
    simulate,
    trust,
    verify,
    warn,
    witness,
)
from tocsin.errors import UserError

app = typer.Typer(
    name="tocsin",
    help="Trilateral missile-warning network: sense, track, share, warn. Defensive warning only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo_command)
app.command("node")(node.node_command)
app.command("replay")(replay.replay_command)
app.command("verify")(verify.verify_command)
app.command("prove")(prove.prove_command)
app.command("decode")(decode.decode_command)
app.command("init")(init.init_command)
app.command("simulate")(simulate.simulate_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("faults")(faults.faults_command)
app.command("conformance")(conformance.conformance_command)
app.add_typer(trust.app, name="trust")
app.add_typer(witness.app, name="witness")
app.add_typer(scenario.app, name="scenario")
app.add_typer(warn.app, name="warn")
app.add_typer(officer.app, name="officer")
app.add_typer(policy.app, name="policy")
app.add_typer(bench.app, name="bench")


USER_MISTAKE = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""


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

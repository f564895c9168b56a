"""`tocsin officer`: who may act on a node's drafts."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated

import tomlkit
import typer
from tomlkit.exceptions import TOMLKitError

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.warning import Role
from tocsin.node.config import load_config
from tocsin.node.secrets import add_secret, read_secrets

app = typer.Typer(help="Who may act on a node's drafts.", no_args_is_help=True)

_Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The node's configuration.")]


@app.command("add")
def add_command(
    config: _Config,
    name: Annotated[str, typer.Option(help="The person.")],
    credential: Annotated[str | None, typer.Option(help="Public name of the credential.")] = None,
    role: Annotated[list[Role] | None, typer.Option(help="May be given several times.")] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Its first line is the passphrase; asked for without it.")
    ] = None,
) -> None:
    """Add an officer to CONFIG and keep the hash of the passphrase. A running node takes it at its next
    start.

    \b
    Example:
      tocsin officer add jpn/node.toml --name sato --role RELEASER --role APPROVER
    """
    node = load_config(config)
    credential = credential or f"{name}-{len(node.officers) + 1}"
    if credential in [row.credential for row in node.officers]:
        raise UserError(f"{config} has the credential {credential} already", fix="give another --credential")
    if not name.strip() or not credential.strip():
        raise UserError("an officer needs a name and a credential", fix="give --name")
    passphrase = read_passphrase(passphrase_file, twice=True)
    add_secret(node.secrets_file, credential, passphrase)
    _write(config, name, credential, role or [Role.WATCH, Role.RELEASER, Role.APPROVER])
    load_config(config)
    print(f"{node.nation} {node.plane}: {name} with credential {credential}")


@app.command("list")
def list_command(
    config: _Config,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """The officers of CONFIG, their roles, and whether a passphrase is kept for each."""
    node = load_config(config)
    kept = read_secrets(node.secrets_file)
    rows = [
        {
            "name": row.name,
            "credential": row.credential,
            "roles": [str(role) for role in row.roles],
            "passphrase": row.credential in kept,
        }
        for row in node.officers
    ]
    if as_json:
        print(json.dumps({"officers": rows}, ensure_ascii=False))
        return
    for row in rows:
        known = "" if row["passphrase"] else "  (no passphrase)"
        print(f"{row['name']}  {row['credential']}  {' '.join(row['roles'])}{known}")  # type: ignore[arg-type]
    if node.plane is Plane.REAL and len({row["name"] for row in rows}) < 2:
        print("fewer than two persons: nobody can release a warning", file=sys.stderr)


def read_passphrase(path: Path | None, *, twice: bool = False) -> str:
    """From a file's first line, or typed."""
    if path is not None:
        try:
            return path.read_text("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as failure:
            raise UserError(
                f"cannot read {path} ({failure})", fix="give a file with the passphrase"
            ) from None
    if not sys.stdin.isatty():
        raise UserError("there is no terminal to ask for the passphrase", fix="give --passphrase-file FILE")
    typed = getpass.getpass("passphrase: ")
    if twice and getpass.getpass("once more: ") != typed:
        raise UserError("the two passphrases differ", fix="start again")
    return typed


def _write(config: Path, name: str, credential: str, roles: list[Role]) -> None:
    """Append [[officers]], keeping everything else of the file as it is."""
    try:
        document = tomlkit.parse(config.read_text("utf-8"))
        tables = document.setdefault("officers", tomlkit.aot())
        table = tomlkit.table()
        table.add("name", name)
        table.add("credential", credential)
        table.add("roles", [str(role) for role in roles])
        tables.append(table)
        config.write_text(tomlkit.dumps(document), "utf-8")
    except (OSError, TOMLKitError) as failure:
        raise UserError(
            f"cannot write {config} ({failure})", fix="add the [[officers]] table by hand"
        ) from failure

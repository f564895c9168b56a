"""`tocsin trust`: the public parts of nations, handed over as files and believed by their fingerprints."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.node.config import NodeConfig, load_config
from tocsin.node.keys import KeyFolder
from tocsin.node.trust import TrustEntry, accept, own_entry, read_entry, read_trust, spoken, write_entry

app = typer.Typer(
    help="Exchange public parts with partners and compare their fingerprints.", no_args_is_help=True
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The node's node.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("export")
def export_command(
    config: Config,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default NATION-PLANE.trust.json here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write this nation's public parts to a file for its partners, and show the fingerprint to read out.

    \b
    Example:
      tocsin trust export kor/node.toml --out KOR.trust.json
    """
    node = load_config(config)
    entry = own_entry(node.nation, node.plane, KeyFolder(node.keys_dir))
    path = out or Path(f"{node.nation}-{node.plane}.trust.json")
    try:
        write_entry(path, entry)
    except OSError as failure:
        raise UserError(f"cannot write {path} ({failure.strerror})", fix="choose another --out") from None
    _tell(entry, as_json, file=str(path))
    if not as_json:
        print("Send the file by any way; read the fingerprint out by voice to each partner.")


@app.command("accept")
def accept_command(
    config: Config,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the partner exported.")],
    fingerprint: Annotated[
        str | None, typer.Option(help="The fingerprint as the partner read it out; asked for when not given.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="The partner's keys changed, and it says so.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Believe a partner's public parts, after its fingerprint has been compared by voice.

    \b
    Example:
      tocsin trust accept usa/node.toml KOR.trust.json --fingerprint "4f1c 88a0 ..."
    """
    node = load_config(config)
    entry = read_entry(file)
    said = fingerprint if fingerprint is not None else _ask(entry)
    path = accept(node.trust_dir, (node.nation, node.plane), entry, said, replace=replace)
    _tell(entry, as_json, file=str(path))
    if not as_json:
        print("accepted; restart the node to use it")


@app.command("show")
def show_command(config: Config, as_json: AsJson = False) -> None:
    """Show every nation that this node believes, its own first.

    \b
    Example:
      tocsin trust show kor/node.toml --json
    """
    node = load_config(config)
    known = read_trust(node.trust_dir, node.plane)
    ordered = sorted(known.values(), key=lambda entry: (entry.nation is not node.nation, entry.nation))
    if as_json:
        print(json.dumps({"entries": [_row(entry) for entry in ordered], "missing": _missing(node, known)}))
        return
    for entry in ordered:
        _tell(entry, as_json=False)
    for nation in _missing(node, known):
        print(f"{nation} {node.plane}: not yet accepted")


def _missing(node: NodeConfig, known: Mapping[Nation, TrustEntry]) -> list[str]:
    return [str(partner.nation) for partner in node.partners if partner.nation not in known]


def _ask(entry: TrustEntry) -> str:
    if not sys.stdin.isatty():
        raise UserError("no fingerprint to compare with", fix="give --fingerprint as the partner read it out")
    print(f"{entry.nation} {entry.plane}: call that nation's officer and type what is read out to you.")
    said: str = typer.prompt("fingerprint")
    return said


def _tell(entry: TrustEntry, as_json: bool, **more: str) -> None:
    if as_json:
        print(json.dumps(_row(entry) | more))
        return
    print(f"{entry.nation} {entry.plane}" + "".join(f"  {value}" for value in more.values()))
    print(f"  fingerprint {spoken(entry.fingerprint)}")
    for name, part in entry.parts.items():
        print(f"  {name}: {part}")


def _row(entry: TrustEntry) -> dict[str, Any]:
    return {
        "nation": entry.nation,
        "plane": entry.plane,
        "fingerprint": entry.fingerprint,
        "parts": entry.parts,
    }

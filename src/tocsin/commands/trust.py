"""`tocsin trust`: the public parts of nations, handed over as files and believed by their fingerprints; the
nation's own keys changed and revoked.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import Instant, to_iso
from tocsin.node.config import NodeConfig, load_config
from tocsin.node.door_book import Told, told_so_far
from tocsin.node.keys import KeyFolder, certify, first_end
from tocsin.node.rotation import revoke, rotate
from tocsin.node.trust import (
    TrustEntry,
    accept,
    entry_path,
    own_entry,
    read_entry,
    read_trust,
    spoken,
    write_entry,
)
from tocsin.share.keylist import ListedKey

app = typer.Typer(
    help="Exchange public parts with partners, compare their fingerprints, change and revoke keys.",
    no_args_is_help=True,
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
        print("accepted; a running node uses its keys within a second, a new link after a restart")


@app.command("show")
def show_command(config: Config, as_json: AsJson = False) -> None:
    """Show every nation that this node believes, its own first: fingerprints, and the keys with their use.

    A partner's newer list that came over the links is in the door's book; here stands what was given by hand.

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


@app.command("rotate")
def rotate_command(config: Config, as_json: AsJson = False) -> None:
    """Let the next keys take over, and make new next ones. Nothing that is under way is lost.

    A running door signs with the new key within a second and tells its partners; they know it already, as the
    announced next one. Needs the root key in the node's folder keys.

    \b
    Example:
      tocsin trust rotate kor/node.toml
    """
    node = load_config(config)
    folder = KeyFolder(node.keys_dir)
    rotate(folder, node.nation, node.plane, Instant(time.time_ns()), beyond=_told(node).list_seen)
    _changed(node, folder, as_json)


@app.command("revoke")
def revoke_command(
    config: Config,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key id, as `trust show` names it.")],
    after: Annotated[
        list[str] | None,
        typer.Option(
            help="PARTNER/TRAFFIC=SEQUENCE up to which the key counts; what is not named: what the partner "
            "has receipted by now."
        ),
    ] = None,
    nothing: Annotated[
        bool, typer.Option("--nothing", help="The key counts for nothing at all, the past included.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Revoke a signing key: what it signed up to a sequence stays valid, everything beyond is refused.

    The current key is rotated out with it. Partners hear of it within seconds; what they have not receipted
    goes to them once more under the next key.

    \b
    Examples:
      tocsin trust revoke kor/node.toml KOR-EXERCISE-1
      tocsin trust revoke kor/node.toml KOR-EXERCISE-1 --after JPN/flow=1200 --after JPN/urgent=31
    """
    node = load_config(config)
    folder, told = KeyFolder(node.keys_dir), _told(node)
    upto = {} if nothing else dict(told.receipted)
    for said in after or ():
        stream, sequence = _stream(said)
        upto[stream] = sequence
    now = Instant(time.time_ns())
    revoke(folder, node.nation, node.plane, key, upto, now, beyond=told.list_seen)
    _changed(node, folder, as_json)


@app.command("certify")
def certify_command(config: Config, as_json: AsJson = False) -> None:
    """Make new TLS certificates under the same authority; partners need not do anything.

    They count from the node's next start on: sharing pauses for seconds and loses nothing. Needs ca.key.

    \b
    Example:
      tocsin trust certify kor/node.toml
    """
    node = load_config(config)
    folder = KeyFolder(node.keys_dir)
    certify(folder, node.nation, node.plane, Instant(time.time_ns()))
    until = to_iso(first_end(folder))
    if as_json:
        print(json.dumps({"nation": node.nation, "plane": node.plane, "until_utc": until}))
    else:
        print(f"{node.nation} {node.plane}: certificates until {until}; restart the node to use them")


def _told(node: NodeConfig) -> Told:
    return told_so_far(node.door_book) if node.door_book.exists() else Told({}, 0)


def _stream(said: str) -> tuple[tuple[Nation, Traffic], int]:
    stream, _, number = said.partition("=")
    partner, _, traffic = stream.partition("/")
    try:
        return (Nation(partner), Traffic(traffic)), max(0, int(number))
    except ValueError:
        raise UserError(f"--after {said} names no stream", fix="write --after JPN/flow=1200") from None


def _changed(node: NodeConfig, folder: KeyFolder, as_json: bool) -> None:
    entry = own_entry(node.nation, node.plane, folder)
    write_entry(entry_path(node.trust_dir, node.nation), entry)
    _tell(entry, as_json, file=str(folder.key_list))


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
    keys = entry.believed.keys
    print(f"  trust list: version {keys.version}")
    for key in (*keys.signing, *keys.encryption):
        print(f"    {key.key_id}: {_state(key)}")


def _state(key: ListedKey) -> str:
    if key.revoked is None:
        return str(key.use)
    rows = ", ".join(f"{row.recipient}/{row.traffic}={row.upto}" for row in key.revoked)
    return f"{key.use}, REVOKED after {rows or 'nothing'}"


def _keys(keys: Sequence[ListedKey]) -> list[dict[str, Any]]:
    return [
        {
            "key_id": key.key_id,
            "public": key.public.hex(),
            "use": key.use,
            "revoked": None
            if key.revoked is None
            else {f"{row.recipient}/{row.traffic}": row.upto for row in key.revoked},
        }
        for key in keys
    ]


def _row(entry: TrustEntry) -> dict[str, Any]:
    return {
        "nation": entry.nation,
        "plane": entry.plane,
        "fingerprint": entry.fingerprint,
        "parts": entry.parts,
        "version": entry.believed.version,
        "signing": _keys(entry.believed.keys.signing),
        "encryption": _keys(entry.believed.keys.encryption),
    }

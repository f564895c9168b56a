"""`tocsin witness`: what this node has witnessed of partners' logs, and they of its own."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.model.time import Instant, to_iso
from tocsin.node.config import NodeConfig, load_config
from tocsin.node.door_book import told_so_far
from tocsin.node.door_words import Proof
from tocsin.node.keys import KeyFolder
from tocsin.node.log_book import read_logs
from tocsin.node.log_words import Logs
from tocsin.node.rotation import retire_log
from tocsin.node.trust import entry_path, own_entry, write_entry

app = typer.Typer(
    help="What partners have witnessed of this nation's log, and this node of theirs.", no_args_is_help=True
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The node's node.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("show")
def show_command(config: Config, as_json: AsJson = False) -> None:
    """Show the own log, what each partner has cosigned of it, what this node has seen of theirs, and alarms.

    May run beside the node. Exit code 1: an alarm stands.

    \b
    Example:
      tocsin witness show kor/node.toml
    """
    facts = _facts(load_config(config))
    print(json.dumps(facts) if as_json else _words(facts))
    if facts["alarms"]:
        raise typer.Exit(1)


@app.command("export")
def export_command(
    config: Config,
    of: Annotated[Nation, typer.Option(help="Whose log.")],
    out: Annotated[Path, typer.Option(help="The file to write; by custom its name ends in .checkpoint")],
) -> None:
    """Write the newest checkpoint of a nation's log that this node holds: for `tocsin verify --checkpoint`.

    \b
    Example:
      tocsin witness export jpn/node.toml --of KOR --out KOR.checkpoint
    """
    node = load_config(config)
    logs, _ = _read(node)
    seen = logs.seen.get(of)
    note = logs.own.note if of is node.nation else seen.notes[-1][1] if seen and seen.notes else b""
    if not note:
        raise UserError(f"this node holds no checkpoint of {of}", fix="wait until its door is heard")
    _write(out, note)
    print(f"{out}: checkpoint of {of}")


@app.command("evidence")
def evidence_command(
    config: Config,
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
) -> None:
    """Write every proof that a nation signed two truths, a file each: for `tocsin verify --equivocation`.

    \b
    Example:
      tocsin witness evidence jpn/node.toml --out evidence
    """
    _, proofs = _read(load_config(config))
    for number, proof in enumerate(proofs, 1):
        path = out / f"{proof.nation}-{number}.json"
        _write(path, proof.body)
        print(f"{path}: {proof.says}")
    if not proofs:
        print("no proof is held")


@app.command("retire")
def retire_command(config: Config, as_json: AsJson = False) -> None:
    """Give up the log key and begin a new log: after an old backup was restored, or when the key was stolen.

    The old log stays what it is and can still be proven from; nothing more is signed under it. Partners learn
    the new key over the links. A running door takes it within a second.

    \b
    Example:
      tocsin witness retire kor/node.toml
    """
    node = load_config(config)
    folder = KeyFolder(node.keys_dir)
    beyond = told_so_far(node.door_book).list_seen if node.door_book.exists() else 0
    key = retire_log(folder, node.nation, node.plane, Instant(time.time_ns()), beyond=beyond)
    write_entry(entry_path(node.trust_dir, node.nation), own_entry(node.nation, node.plane, folder))
    print(json.dumps({"log_key": key}) if as_json else f"log key {key} begins a new log of {node.nation}")


def _read(node: NodeConfig) -> tuple[Logs, list[Proof]]:
    if not node.door_book.exists():
        raise UserError(f"{node.root} has no door book yet", fix="run the node first")
    return read_logs(node.door_book)


def _facts(node: NodeConfig) -> dict[str, Any]:
    logs, proofs = _read(node)
    return {
        "nation": node.nation,
        "plane": node.plane,
        "generation": logs.own.generation,
        "size": logs.own.tree.size,
        "signing": not logs.lost,
        "cosigned_by": {partner: tree.size for partner, tree in logs.own.held.items()},
        "seen": {nation: seen.tree.size for nation, seen in logs.seen.items()},
        "told": {f"{partner}/{traffic}": one.upto for (partner, traffic), one in logs.telling.items()},
        "heard": {f"{origin}/{traffic}": one.checked.upto for (origin, traffic), one in logs.told.items()},
        "alarms": [
            {
                "kind": one.kind,
                "about": one.about,
                "detail": one.detail,
                "since_utc": to_iso(one.since_wall_ns),
            }
            for one in logs.alarms
        ],
        "proofs": [{"nation": one.nation, "says": one.says} for one in proofs],
    }


def _words(facts: dict[str, Any]) -> str:
    state = "" if facts["signing"] else ", NOT SIGNING"
    lines = [f"{facts['nation']} {facts['plane']}: log {facts['generation']}, {facts['size']} ticks{state}"]
    lines += [f"  cosigned by {name} up to tick {size}" for name, size in facts["cosigned_by"].items()]
    lines += [f"  log of {name} witnessed up to tick {size}" for name, size in facts["seen"].items()]
    lines += [f"  told {way} up to {upto}" for way, upto in facts["told"].items()]
    lines += [f"  heard {way} up to {upto}, as its origin signed" for way, upto in facts["heard"].items()]
    lines += [
        f"  ALARM {one['kind']} ({one['about']}, {one['since_utc']}): {one['detail']}"
        for one in facts["alarms"]
    ]
    lines += [f"  proof held: {one['nation']} signed {one['says']}" for one in facts["proofs"]]
    return "\n".join(lines)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as failure:
        raise UserError(f"cannot write {path} ({failure.strerror})", fix="choose another --out") from None

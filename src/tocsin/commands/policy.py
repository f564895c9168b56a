"""`tocsin policy`: what may leave the nation, as terms and as law text; checked, explained case by case."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.node.config import CONFIG_NAME, POLICY_NAME, NodeConfig, load_config
from tocsin.node.policy_explain import Explained, explain, read_message
from tocsin.node.policy_file import NationalPolicy, compared, difference_fix, read_policy
from tocsin.node.policy_text import default_policy, policy_text
from tocsin.node.trust import read_trust
from tocsin.share.topology import Topology

app = typer.Typer(help="The release policy: what may leave, and why.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_File = Annotated[Path, typer.Argument(metavar="FILE|CONFIG", help="A policy.toml, or a node.toml.")]
_PlaneOption = Annotated[
    Plane | None, typer.Option(help="Where no node.toml stands beside the policy.", case_sensitive=False)
]


class _Place(NamedTuple):
    """A policy file and the node that it stands in, if any."""

    path: Path
    node: NodeConfig | None

    def plane(self, said: Plane | None) -> Plane:
        if self.node is not None:
            return self.node.plane
        return said or Plane.EXERCISE


@app.command("show")
def show_command(
    file: Annotated[Path | None, typer.Argument(metavar="FILE|CONFIG")] = None,
    cedar: Annotated[
        bool, typer.Option("--cedar", help="As Cedar text, a comment above each statement.")
    ] = False,
    default: Annotated[
        Nation | None, typer.Option(help="What `tocsin init` writes for this nation.", case_sensitive=False)
    ] = None,
    plane: _PlaneOption = None,
) -> None:
    """The policy in FILE, every key with its meaning, or as Cedar text for lawyers.

    \b
    Examples:
      tocsin policy show kor/node.toml --cedar
      tocsin policy show --default KOR > kor/policy.toml
    """
    if (file is None) is (default is None):
        raise UserError("show takes one policy", fix="name a FILE, or give --default NATION")
    place = _Place(Path(), None) if file is None else _place(file)
    found = _default(default, place.plane(plane)) if default else read_policy(place.path)
    print(found.text(place.plane(plane)) if cedar else policy_text(found.nation, found.policy), end="")


@app.command("check")
def check_command(file: _File, plane: _PlaneOption = None, as_json: _Json = False) -> None:
    """Would a door take the policy in FILE? Reads it, and compares the rules with its Cedar text everywhere.

    Exit code 0: yes. 1: no, with the key or the first case that differs. 2: no such file.

    Example: tocsin policy check kor/policy.toml
    """
    place = _place(file)
    if not place.path.is_file():
        raise UserError(
            f"there is no policy at {place.path}", fix="name a policy.toml, or a node.toml beside one"
        )
    fault = _fault(place, plane)
    if as_json:
        print(json.dumps({"file": str(place.path), "good": fault is None, "fault": fault}))
    else:
        print(f"{place.path}: {fault or 'good: the rules and the Cedar text agree everywhere'}")
    if fault is not None:
        raise typer.Exit(1)


@app.command("explain")
def explain_command(
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="JSON file of a product, or RECORD#OFFER.")
    ],
    partner: Annotated[Nation, typer.Argument(metavar="PARTNER", case_sensitive=False)],
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE|CONFIG", help="Default: what stands beside RECORD.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """May MESSAGE go to PARTNER? Names the rule that decides, what is taken out, what would have to change.

    Exit code 0: it may go. 1: it may not. 2: wrong input.

    \b
    Examples:
      tocsin policy explain kor/hall.sqlite#17 JPN
      tocsin policy explain launch.json USA --policy kor/node.toml --json
    """
    read = read_message(message)
    place = _explaining(policy, read.record)
    found = (
        _default(read.product.origin, read.product.label.plane) if place is None else read_policy(place.path)
    )
    node = None if place is None else place.node
    answer = explain(
        read,
        issuer=found.nation,
        partner=partner,
        plane=node.plane if node else read.product.label.plane,
        topology=node.topology if node else Topology(),
        policy=found.policy,
        encrypts=node is None or partner in read_trust(node.trust_dir, node.plane),
    )
    source = "what tocsin init writes" if place is None else str(place.path)
    if as_json:
        print(json.dumps({"policy": source, **msgspec.to_builtins(answer)}))
    else:
        print("\n".join(_words(answer, source)))
    if not answer.released:
        raise typer.Exit(1)


def _default(nation: Nation, plane: Plane) -> NationalPolicy:
    return NationalPolicy(nation, default_policy(nation, plane))


def _place(file: Path) -> _Place:
    """A node.toml names the policy beside it, a policy the node.toml beside it."""
    if file.name == CONFIG_NAME:
        node = load_config(file)
        return _Place(node.policy_file, node)
    beside = file.with_name(CONFIG_NAME)
    return _Place(file, load_config(beside) if beside.is_file() else None)


def _explaining(said: Path | None, record: Path | None) -> _Place | None:
    if said is not None:
        return _place(said)
    beside = None if record is None else record.with_name(POLICY_NAME)
    return _place(beside) if beside is not None and beside.is_file() else None


def _fault(place: _Place, plane: Plane | None) -> str | None:
    try:
        found = read_policy(place.path)
    except UserError as mistake:
        return str(mistake).removeprefix("error: ").removeprefix(f"{place.path}: ")
    if place.node is not None and place.node.nation is not found.nation:
        return f"nation: it is {found.nation}'s policy, the node is {place.node.nation}'s"
    difference = compared(found, place.plane(plane))
    return None if difference is None else f"{difference}; {difference_fix(found, place.path)}"


def _words(answer: Explained, source: str) -> Iterator[str]:
    may = "may go" if answer.released else "stays"
    yield f"{answer.kind} {answer.track_id} of {answer.origin} to {answer.partner}: {may}"
    yield f"  decided by {answer.rule}: {answer.says}"
    if answer.recorded_rule is not None:
        yield f"  the record says: {answer.recorded_rule}"
    for what, how in answer.reduction.items():
        yield f"  first: {what} {json.dumps(how)}"
    if answer.released:
        whole, relayed = ("yes" if fact else "no" for fact in (not answer.reduction, answer.by_hub))
        sealed = ", encrypted to the partner" if answer.encrypted else ""
        yield f"  as it is: {whole}; by the relay too: {relayed}{sealed}"
    for step in answer.in_the_way:
        yield f"  to release it ({step.rule}): {step.change}"
    yield f"  policy: {source}"

"""`tocsin warn list|show|propose|approve|reject|cancel|correct`: officers' acts on a running node.

The same command API as the page's, the same judgement: two persons with two credentials over one digest.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.commands.desk_client import DeskClient
from tocsin.commands.officer import read_passphrase
from tocsin.errors import UserError
from tocsin.model.time import Instant, to_iso
from tocsin.model.warning import ActKind, Purpose
from tocsin.node.config import load_config

LEAST_DIGEST = 12
"""Hex letters that name a digest: 48 bits tell texts of one desk apart; the whole one is sent."""

_Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The node's configuration.")]
_Draft = Annotated[str, typer.Argument(metavar="DRAFT", help="As `tocsin warn list` names it.")]
_As = Annotated[str, typer.Option("--as", help="Your credential.")]
_File = Annotated[Path | None, typer.Option("--passphrase-file", help="Asked for without it.")]
_Digest = Annotated[str, typer.Option("--digest", help="Of the text you read: 12 letters or all.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


_ACTS = {
    ActKind.PROPOSE: """The first of two: propose exactly this text.

    Example: tocsin warn propose jpn/node.toml DRAFT --as sato-1 --digest 1f2e3d4c5b6a
    """,
    ActKind.APPROVE: """The second of two: release it. Another person with another credential, over the same
    text.

    Example: tocsin warn approve jpn/node.toml DRAFT --as ito-1 --digest 1f2e3d4c5b6a
    """,
    ActKind.REJECT: """Decline a draft, or stop its release by policy; one person is enough.

    Example: tocsin warn reject jpn/node.toml DRAFT --as ito-1 --digest 1f2e3d4c5b6a
    """,
}


def add_to(app: typer.Typer) -> None:
    """The desk's commands beside those that only check files."""
    app.command("list")(list_command)
    app.command("show")(show_command)
    for kind, about in _ACTS.items():
        app.command(str(kind))(_acting(kind, about))
    app.command("cancel")(cancel_command)
    app.command("correct")(correct_command)


def list_command(config: _Config, who: _As, passphrase_file: _File = None, as_json: _Json = False) -> None:
    """Drafts, what lies ready, what is in force at a running node, and what its partners told their people.

    Example: tocsin warn list jpn/node.toml --as sato-1
    """
    with _client(config, who, passphrase_file) as desk:
        drafts, partners = desk.drafts(), desk.partners()
    if as_json:
        print(json.dumps({"drafts": drafts, "partners": partners}, ensure_ascii=False))
        return
    for draft in drafts:
        print(_line(draft))
    if not drafts:
        print("no drafts")
    for row in partners:
        print(_theirs(row))


def show_command(
    config: _Config, draft: _Draft, who: _As, passphrase_file: _File = None, as_json: _Json = False
) -> None:
    """One draft: its exact text in three languages, and the digest that an approval names."""
    with _client(config, who, passphrase_file) as desk:
        found = desk.draft(draft)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    print(_line(found))
    for row in found["exposed"]:
        print(_exposed(row))
    for lang, texts in found["texts"].items():
        print(f"--- {lang}\n{texts['headline']}\n{texts['description']}\n{texts['instruction']}")
    print(f"--- digest {found['digest']}")


def _acting(kind: ActKind, about: str) -> Callable[..., None]:
    """A command that does one act on the text that the officer read."""

    def command(
        config: _Config,
        draft: _Draft,
        who: _As,
        digest: _Digest,
        passphrase_file: _File = None,
        as_json: _Json = False,
    ) -> None:
        with _client(config, who, passphrase_file) as desk:
            whole = _whole(desk.draft(draft), digest)
            desk.act(kind, draft, whole)
            _told(desk.draft(draft), as_json)

    command.__doc__ = about
    return command


def cancel_command(
    config: _Config,
    draft: _Draft,
    who: _As,
    lift: Annotated[bool, typer.Option("--lift", help="It is over, rather than issued in error.")] = False,
    passphrase_file: _File = None,
    as_json: _Json = False,
) -> None:
    """Propose the withdrawal that lies ready beside a released message; a second person approves it.

    \b
    Example:
      tocsin warn cancel jpn/node.toml DRAFT --as sato-1     # act 1
      tocsin warn approve jpn/node.toml READY --as ito-1 --digest ...     # act 2: as the first one printed it
    """
    purpose = Purpose.LIFT if lift else Purpose.WITHDRAW
    with _client(config, who, passphrase_file) as desk:
        drafts = desk.drafts()
        story = next((row["warning"]["id"] for row in drafts if row["id"] == draft), None)
        ready = [
            row
            for row in drafts
            if row["warning"]["id"] == story
            and row["warning"].get("purpose") == purpose
            and row["status"] in ("prepared", "proposed")
        ]
        if not ready:
            raise UserError(
                f"nothing lies ready beside {draft}", fix="see `tocsin warn list` for what is in force"
            )
        desk.act(ActKind.PROPOSE, ready[0]["id"], ready[0]["digest"])
        _told(desk.draft(ready[0]["id"]), as_json)


def correct_command(
    config: _Config,
    draft: _Draft,
    who: _As,
    digest: _Digest,
    area: Annotated[list[str], typer.Option(help="An area that stays warned; may be given several times.")],
    passphrase_file: _File = None,
    as_json: _Json = False,
) -> None:
    """Propose the correction of a released message: only the named areas stay warned."""
    with _client(config, who, passphrase_file) as desk:
        whole = _whole(desk.draft(draft), digest)
        desk.act(ActKind.CORRECT, draft, whole, tuple(area))
        made = [row for row in desk.drafts() if row["warning"].get("purpose") == Purpose.CORRECT]
        _told(desk.draft(made[-1]["id"]), as_json)


def _whole(draft: Mapping[str, Any], digest: str) -> str:
    """The digest as typed must begin that of the draft as it stands: whoever read another text is told
    here.
    """
    if len(digest) < LEAST_DIGEST or not str(draft["digest"]).startswith(digest.lower()):
        raise UserError(
            f"{draft['id']} does not have the digest {digest}", fix="read it again with `tocsin warn show`"
        )
    return str(draft["digest"])


def _told(draft: Mapping[str, Any], as_json: bool) -> None:
    print(json.dumps(draft, ensure_ascii=False) if as_json else _line(draft))


def _line(draft: Mapping[str, Any]) -> str:
    """One message in one line."""
    warning = draft["warning"]
    parts = [
        draft["id"],
        draft["status"],
        warning["msg_type"],
        warning.get("purpose", "warn"),
        warning["certainty"],
    ]
    parts.append(",".join(row["area"] for row in warning["areas"]))
    if draft.get("restored"):
        parts.append("RESTORED")
    if draft.get("deadline_ns"):
        parts.append(f"{draft['outcome']} at {to_iso(Instant(draft['deadline_ns']))}")
    if draft.get("missing"):
        parts.append(f"not yet at {','.join(draft['missing'])}")
    return "  ".join([*map(str, parts), str(draft["digest"])[:LEAST_DIGEST]])


def _theirs(row: Mapping[str, Any]) -> str:
    """A partner's warning in one line."""
    said = row["warning"]
    areas = ",".join(area["area"] for area in said["areas"])
    standing = str(row.get("standing", "in force")).upper()
    return "  ".join([said["origin"], said["track_id"], standing, said["msg_type"], said["certainty"], areas])


def _exposed(row: Mapping[str, Any]) -> str:
    """One area in one line: when, how soon, and how many live there."""
    parts = [f"  {row['area']}  {row['threat']} at {to_iso(Instant(row['expected_ns']))}"]
    if row["left_s"] is not None:
        parts.append(f"{row['left_s']:+.0f} s from now")
    if row["lead_s"] is not None:
        parts.append(f"lead {row['lead_s']:.0f} s")
    if row["people"]:
        names = ", ".join(f"{name} {people:,}" for name, people in row["cities"])
        parts.append(f"{row['people']:,} people in cities ({names})")
    return "; ".join(parts)


def _client(config: Path, who: str, passphrase_file: Path | None) -> DeskClient:
    return DeskClient(load_config(config), who, read_passphrase(passphrase_file))

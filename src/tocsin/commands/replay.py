"""`tocsin replay`: run a node's record again and compare the state hash after every step."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from tocsin.errors import UserError
from tocsin.model.time import Instant, to_iso
from tocsin.node.desk import picture
from tocsin.node.replay import Replayed, replay
from tocsin.record.ledger import LedgerReader
from tocsin.record.rows import open_record


def replay_command(
    record: Annotated[Path, typer.Argument(help="A nation's record, e.g. DIR/records/KOR.sqlite")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run RECORD again and say whether every state is the same.

    Exit code 0: every hash is equal. 1: a step differs (the first one is named). 2: no such record.

    Example: tocsin replay out/records/JPN.sqlite
    """
    ledger = LedgerReader(open_record(record))
    try:
        steps, first_wrong, last = _run(ledger, quiet=as_json)
    finally:
        ledger.close()
    if last is None:
        raise UserError(f"{record} holds no step", fix="name the record of a node that has run")
    _report(record, steps, first_wrong, last, as_json)
    if first_wrong is not None:
        raise typer.Exit(1)


def _run(ledger: LedgerReader, quiet: bool) -> tuple[int, Replayed | None, Replayed | None]:
    total, count = ledger.last_step(), 0
    first_wrong: Replayed | None = None
    last: Replayed | None = None
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("replaying", total=total)
        for last in replay(ledger):
            count += 1
            progress.update(task, completed=count)
            if not last.same and first_wrong is None:
                first_wrong = last
    return count, first_wrong, last


def _report(path: Path, steps: int, wrong: Replayed | None, last: Replayed | None, as_json: bool) -> None:
    shown = picture(last.state, last.now_ns) if last else None
    facts = {
        "record": str(path),
        "nation": shown.nation if shown else None,
        "plane": shown.plane if shown else None,
        "steps": steps,
        "same": wrong is None,
        "first_difference": None if wrong is None else _difference(wrong),
        "last_utc": to_iso(last.now_ns) if last else None,
        "fused": [track.id for track in shown.fused] if shown else [],
        "drafts": {draft.id: draft.status for draft in shown.drafts} if shown else {},
        "plots_decoded": shown.plots_decoded if shown else 0,
    }
    if as_json:
        print(json.dumps(facts))
    elif wrong is None:
        print(f"{path}: {steps} steps run again, every state hash equal (up to {_utc(last)})")
    else:
        print(
            f"{path}: step {wrong.step} of {steps} differs, at {to_iso(wrong.now_ns)}: recorded "
            f"{wrong.recorded.hex()[:16]}, now {wrong.got.hex()[:16]}"
        )


def _difference(wrong: Replayed) -> dict[str, str | int]:
    return {
        "step": wrong.step,
        "utc": to_iso(wrong.now_ns),
        "recorded": wrong.recorded.hex(),
        "got": wrong.got.hex(),
    }


def _utc(last: Replayed | None) -> str:
    return to_iso(last.now_ns if last else Instant(0))

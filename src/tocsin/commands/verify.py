"""`tocsin verify`: whether a record is what was committed and cosigned, or a proof holds by keys alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.errors import UserError
from tocsin.model.time import to_iso
from tocsin.node import equivocation
from tocsin.node.trust import read_entry
from tocsin.record.audit import Audit, audit
from tocsin.record.book import book_errors
from tocsin.record.checkpoint import Believed, believe, nation_keys, nation_log_keys
from tocsin.record.leaf import parse_canonical
from tocsin.record.note import MAX_NOTE_BYTES, NoteError, NoteKey, parse_key
from tocsin.record.proof import MAX_PROOF_BYTES, Proof, ProofError, parse_proof, refuted
from tocsin.record.rows import open_record
from tocsin.record.witnessed import Standing, against, generation_of, standing
from tocsin.share.keylist import log_generation
from tocsin.share.trust import trusted

File = Path | None


def verify_command(
    record: Annotated[File, typer.Argument(help="A nation's record, e.g. DIR/records/KOR.sqlite")] = None,
    proof: Annotated[File, typer.Option(help="Check what `tocsin prove` wrote, without a record.")] = None,
    equivocation_proof: Annotated[
        File, typer.Option("--equivocation", help="Check a proof that a nation signed two truths.")
    ] = None,
    checkpoint: Annotated[File, typer.Option(help="A signed checkpoint of the record.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(metavar="NAME+ID+KEY", help="Key by which checkpoints are believed.")
    ] = None,
    trust: Annotated[
        list[Path] | None, typer.Option(help="The same from a nation's entry (`tocsin trust export`).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Recompute every leaf and the root of RECORD and say up to where partners have cosigned it; or check a
    --proof or an --equivocation without any record.

    Exit code 0: all is as it was committed. 1: it is not (the first bad entry is named), or it is not what
    was cosigned, or the checkpoint is not believed, or the proof does not hold. 2: not a record, or none.

    \b
    Examples:
      tocsin verify out/records/JPN.sqlite
      tocsin verify out/records/JPN.sqlite --checkpoint JPN.checkpoint --trust JPN.trust.json
      tocsin verify out/records/JPN.sqlite --trust JPN.trust.json --trust KOR.trust.json
      tocsin verify --proof step-42.tlog-proof --trust JPN.trust.json --trust KOR.trust.json
      tocsin verify --equivocation USA-1.json --trust USA.trust.json
    """
    keys = _keys(key or [], trust or [])
    note = None if checkpoint is None else read_file(checkpoint, MAX_NOTE_BYTES)
    given = [one for one in (record, proof, equivocation_proof) if one is not None]
    if not given:
        raise UserError("verify was given nothing to check", fix="give a RECORD or --proof FILE")
    if len(given) > 1:
        raise UserError("verify takes one thing at a time", fix="give a RECORD or --proof FILE, not both")
    if record is not None:
        facts = _record_facts(record, note, keys)
    elif proof is not None:
        facts = _proof_facts(proof, note, keys)
    else:
        facts = _equivocation_facts(given[0], keys, trust or [])
    print(json.dumps(facts) if as_json else _words(facts))
    if not facts["ok"]:
        raise typer.Exit(1)


def read_file(path: Path, limit: int) -> bytes:
    """A small file. UserError when it cannot be read or is larger than anything of its kind."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as failure:
        raise UserError(f"cannot read {path} ({failure.strerror})", fix="name an existing file") from None
    if len(data) > limit:
        raise UserError(f"{path} is larger than {limit} bytes", fix="name a file of the right kind")
    return data


def _keys(texts: Sequence[str], entries: Sequence[Path]) -> list[NoteKey]:
    try:
        keys = [parse_key(text) for text in texts]
    except NoteError as fault:
        raise UserError(f"--key: {fault}", fix="copy the whole key, NAME+ID+KEY") from None
    for path in entries:
        entry = read_entry(path)
        for release in entry.release:
            keys += nation_keys(entry.nation, entry.plane, bytes.fromhex(release.public))
        for log in entry.believed.keys.logs:
            generation = log_generation(log.key_id)
            keys += nation_log_keys(entry.nation, entry.plane, generation, log.public)
    return keys


def _believed(note: bytes, keys: Sequence[NoteKey]) -> Believed | str:
    """The checkpoint, or why it is not believed."""
    if not keys:
        raise UserError(
            "a checkpoint is believed by its signature, and no key was given",
            fix="give --trust with the nation's entry, or --key",
        )
    try:
        return believe(note, keys)
    except NoteError as fault:
        return f"the checkpoint is not believed: {fault}"


def _record_facts(path: Path, note: bytes | None, keys: Sequence[NoteKey]) -> dict[str, Any]:
    believed = None if note is None else _believed(note, keys)
    at = believed.checkpoint.size if isinstance(believed, Believed) else None
    log = generation_of(believed.checkpoint.origin) if isinstance(believed, Believed) else None
    with book_errors(path):
        db = open_record(path)
        try:
            found = audit(db, at if log is None else None)
            signed = None if found.fault else standing(db, keys)
            reason = str(found.fault) if found.fault else signed and signed.reason
            if reason is None and isinstance(believed, Believed) and log is not None:
                reason = against(db, believed.checkpoint)
            elif reason is None:
                reason = _against(found, believed)
        finally:
            db.close()
    bad = found.fault
    return {
        "record": str(path),
        "ok": reason is None,
        "size": found.size,
        "root": found.root.hex(),
        "first_bad": None if bad is None else bad._asdict(),
        "checkpoint": _checkpoint_facts(believed),
        "witnessed": None if signed is None else _standing_facts(signed),
        "reason": reason,
    }


def _standing_facts(signed: Standing) -> dict[str, Any]:
    rows = [
        {
            "by": row.witness,
            "generation": row.generation,
            "tick": row.tick,
            "at_utc": to_iso(row.at_wall_ns),
            "steps": row.steps,
            "verified": row.verified,
        }
        for row in signed.cosigned
    ]
    return {"ticks": signed.ticks, "missing": signed.missing, "cosigned": rows}


def _equivocation_facts(path: Path, keys: Sequence[NoteKey], entries: Sequence[Path]) -> dict[str, Any]:
    if not entries:
        raise UserError("keys of the accused are needed", fix="give --trust with that nation's entry")
    trust = trusted([read_entry(one).believed for one in entries])
    found = equivocation.judge(read_file(path, equivocation.MAX_BYTES), equivocation.Keys(trust, keys))
    proven = isinstance(found, equivocation.Found)
    return {
        "equivocation": str(path),
        "ok": proven,
        "nation": found.nation if isinstance(found, equivocation.Found) else None,
        "says": found.says if isinstance(found, equivocation.Found) else None,
        "reason": None if proven else found,
    }


def _against(found: Audit, believed: Believed | str | None) -> str | None:
    """Why a sound record is not the one of the checkpoint; null when it is, or when none was given."""
    if believed is None or isinstance(believed, str):
        return believed
    seen = believed.checkpoint
    if found.root_at is None:
        return f"the record has {found.size} steps, its checkpoint {seen.size}: newer steps were removed"
    if found.root_at != seen.root:
        return f"the record is not the one of the checkpoint: its first {seen.size} steps were rewritten"
    return None


def _proof_facts(path: Path, note: bytes | None, keys: Sequence[NoteKey]) -> dict[str, Any]:
    try:
        proof = parse_proof(read_file(path, MAX_PROOF_BYTES))
    except ProofError as fault:
        raise UserError(f"{path}: {fault}", fix="name a file made by `tocsin prove`") from None
    if note is None and b"\n\n" not in proof.checkpoint:
        raise UserError(
            f"{path} carries no signed checkpoint", fix="give the one of its size with --checkpoint"
        )
    believed = _believed(proof.checkpoint if note is None else note, keys)
    reason = believed if isinstance(believed, str) else refuted(proof, believed.checkpoint)
    return {
        "proof": str(path),
        "ok": reason is None,
        "step": proof.leaf.step,
        "leaf": proof.number,
        "shown": _shown(proof) if reason is None else [],
        "checkpoint": _checkpoint_facts(believed),
        "reason": reason,
    }


def _shown(proof: Proof) -> list[dict[str, Any]]:
    """The rows laid open; bytes as hexadecimal digits."""
    rows = []
    for one in proof.shown:
        table, values = parse_canonical(one.row)
        plain = [value.hex() if isinstance(value, bytes) else value for value in values]
        rows.append({"group": one.group, "position": one.position, "table": table, "values": plain})
    return rows


def _checkpoint_facts(believed: Believed | str | None) -> dict[str, Any] | None:
    if not isinstance(believed, Believed):
        return None
    seen = believed.checkpoint
    witnesses = [{"name": name, "time_s": time_s} for name, time_s in believed.witnesses]
    return {"origin": seen.origin, "size": seen.size, "root": seen.root.hex(), "witnesses": witnesses}


def _words(facts: dict[str, Any]) -> str:
    name = facts.get("record") or facts.get("proof") or facts["equivocation"]
    if "equivocation" in facts:
        proven = f"proven: {facts['nation']} signed {facts['says']}"
        return f"{name}: {proven if facts['ok'] else 'NOT proven: ' + facts['reason']}"
    if not facts["ok"]:
        return f"{name}: NOT as committed: {facts['reason']}"
    seen = facts["checkpoint"]
    under = ""
    if seen:
        by = ", ".join(witness["name"] for witness in seen["witnesses"]) or "nobody"
        under = f"; checkpoint of {seen['origin']} at {seen['size']} steps holds, witnessed by {by}"
    if "record" in facts:
        return f"{name}: {facts['size']} steps as committed, root {facts['root']}{under}{_cosigned(facts)}"
    rows = "".join(f"\n  {row['group']} {row['position']}: {row['values']}" for row in facts["shown"])
    return f"{name}: step {facts['step']} stands in the record{under}{rows}"


def _cosigned(facts: dict[str, Any]) -> str:
    """Up to where, and by whom."""
    seen = facts["witnessed"]
    lines = ["" if seen["cosigned"] else "\n  cosigned by nobody"]
    lines += [
        f"\n  cosigned by {row['by']} up to step {row['steps']} (tick {row['tick']}, {row['at_utc']})"
        + ("" if row["verified"] else ", signature not checked: give --trust")
        for row in seen["cosigned"]
    ]
    if seen["missing"]:
        lines.append(f"\n  RESTORED from an old backup: {seen['missing']} ticks are not in this record")
    return "".join(lines)

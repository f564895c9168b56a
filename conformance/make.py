"""Write the vectors: `python conformance/make.py [--out DIR]`. The same bytes every time."""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import cases_bounds
import cases_encoding
import cases_encryption
import cases_good
import cases_header
import cases_log
import cases_payload
import cases_replay
import cases_signature
from wire_bytes import USUAL

HERE = Path(__file__).resolve().parent
SOURCES = (
    cases_good,
    cases_header,
    cases_encoding,
    cases_signature,
    cases_encryption,
    cases_payload,
    cases_bounds,
    cases_log,
    cases_replay,
)


def vectors() -> dict[str, list[str]]:
    """Lines by class, in the order in which they are made. ValueError for two of one name."""
    lines: dict[str, list[str]] = defaultdict(list)
    names: set[str] = set()
    for case in (case for source in SOURCES for case in source.cases()):
        if case.name in names:
            raise ValueError(f"two vectors are called {case.name}")
        names.add(case.name)
        lines[case.name.split("/")[0]].append(
            json.dumps(case.row(), ensure_ascii=True, separators=(",", ":"))
        )
    return lines


def main() -> None:
    """One file per class; files of classes that are gone are removed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "vectors", help="folder of the .jsonl files")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    made = vectors()
    for old in out.glob("*.jsonl"):
        if old.stem not in made:
            old.unlink()
    for name, lines in made.items():
        (out / f"{name}.jsonl").write_bytes("".join(f"{line}\n" for line in sorted(lines)).encode())
    (out / "usual.json").write_bytes(f"{json.dumps(USUAL, indent=1)}\n".encode())
    print(f"{sum(map(len, made.values()))} vectors in {len(made)} classes in {out}")


if __name__ == "__main__":
    main()

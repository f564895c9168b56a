"""Compares the policies that `tocsin init` writes with their Cedar texts and notes the digests of those that
agree, so that a new node's door need not do it at its first start. Run after a change of the rules:

    python tools/compare_policies.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from tocsin.model.label import Nation, Plane
from tocsin.node.policy_file import NationalPolicy, digest
from tocsin.node.policy_text import default_policy
from tocsin.release.compare import first_difference

PLACE = Path(__file__).resolve().parent.parent / "src" / "tocsin" / "node" / "policy_compared.py"


def digests() -> dict[tuple[Nation, Plane], str]:
    """Of every nation's default policy in every plane."""
    found = {}
    for nation in Nation:
        for plane in Plane:
            policy = default_policy(nation, plane)
            found[nation, plane] = digest(nation, plane, policy, NationalPolicy(nation, policy).text(plane))
    return found


def main() -> int:
    """Exit code 1 at the first difference; nothing is written then."""
    for nation in Nation:
        for plane in Plane:
            policy = default_policy(nation, plane)
            difference = first_difference(policy, nation, plane, NationalPolicy(nation, policy).text(plane))
            if difference is not None:
                print(f"{nation} {plane}: {difference}", file=sys.stderr)
                return 1
    head = PLACE.read_text("utf-8").partition("COMPARED")[0]
    rows = "".join(f'        "{name}",  # {nation} {plane}\n' for (nation, plane), name in digests().items())
    PLACE.write_text(f"{head}COMPARED: frozenset[str] = frozenset(\n    {{\n{rows}    }}\n)\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

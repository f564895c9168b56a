"""What a program loads at its start: nothing that it may not know, and nothing heavy that it does not need.

Import contracts see what stands in the source; these ask the interpreter, third parties' modules included.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

TELL = "; import sys; print(*sorted(sys.modules))"
TRACKER = ("tocsin.track", "tocsin.assess", "tocsin.sense", "tocsin.earth", "tocsin.warn", "tocsin.page")
SELDOM = ("matplotlib", "stonesoup", "pandas", "httpx", "cedarpy")
HEAVY = ("numba", "scipy", *SELDOM)
STARTS = {
    "the command line": ("from tocsin.cli import app", (*TRACKER, *HEAVY, "tocsin.node", "numpy", "msgspec")),
    "tocsin node": (
        "from tocsin.commands import node",
        (*TRACKER, "tocsin.release", "tocsin.sim", *HEAVY, "numpy"),
    ),
    "the door": (
        "from tocsin.node import door",
        (
            *TRACKER,
            "tocsin.sim",
            *HEAVY,
            "urllib.request",
            "shapely",
            "pyproj",
            "argon2",
            "lxml",
            "takproto",
            "rich",
        ),
    ),
    "the hall": (
        "from tocsin.node import hall",
        ("tocsin.release", "tocsin.sim", "tocsin.bench", "tocsin.measure", *SELDOM),
    ),
}


def loaded(statement: str) -> frozenset[str]:
    """Every module, and every package that one stands in, after a statement in a fresh interpreter."""
    done = subprocess.run(
        (sys.executable, "-c", statement + TELL), capture_output=True, text=True, check=True
    )
    names = done.stdout.split()
    return frozenset(name.rsplit(".", n)[0] for name in names for n in range(name.count(".") + 1))


@pytest.mark.parametrize("start", STARTS)
def test_a_start_loads_nothing_that_it_does_not_need(start: str) -> None:
    statement, forbidden = STARTS[start]
    found = loaded(statement)
    assert "tocsin" in found
    assert sorted(found.intersection(forbidden)) == []


def test_what_is_loaded_is_seen() -> None:
    assert loaded("from tocsin.earth import gravity") >= {"numba", "tocsin.earth", "tocsin.earth.gravity"}

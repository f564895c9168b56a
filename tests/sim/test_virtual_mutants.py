"""Planted bugs are caught, each by what it breaks; `make simulate` runs all of them."""

import re
from pathlib import Path

import pytest

from tocsin.sim.virtual.invariants import INVARIANTS
from tocsin.sim.virtual.mutants import MUTANTS, planted
from tocsin.sim.virtual.run import catch

QUICK = (
    ("wider-label", "leaked"),
    ("verify-skipped", "forged"),
    ("receipt-early", "false-receipt"),
)


@pytest.mark.parametrize(("name", "invariant"), QUICK)
def test_a_planted_bug_is_caught(name: str, invariant: str) -> None:
    caught = catch(name, seeds=(1, 2, 3))
    assert caught.seed is not None
    assert invariant in caught.invariants


def test_every_planted_bug_still_finds_what_it_patches_and_takes_it_back() -> None:
    assert len(MUTANTS) >= 20
    for mutant in MUTANTS.values():
        patches = mutant.plant()
        before = [getattr(owner, name) for owner, name, _ in patches]
        with planted(mutant):
            pass
        assert [getattr(owner, name) for owner, name, _ in patches] == before


def test_the_page_names_every_planted_bug_and_a_seed_that_shows_it(root: Path) -> None:
    page = (root / "docs" / "simulation.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([a-z-]+) \| .+ \| \d+ \| ([a-z-]+) \(", page, re.M)
    assert [name for name, _ in told] == list(MUTANTS)
    assert {invariant for _, invariant in told} <= set(INVARIANTS)


def test_the_observer_has_a_meaning_for_every_invariant() -> None:
    assert all(INVARIANTS[invariant] for _, invariant in QUICK)

"""A long run that is stopped goes on where it was, and counts nothing of other sources or faults."""

from pathlib import Path

import pytest

from tocsin.errors import UserError
from tocsin.sim.virtual.kept import Kept
from tocsin.sim.virtual.plan import Plan
from tocsin.sim.virtual.run import Outcome, Summary, simulate


def plan(seed: int) -> Plan:
    return Plan(seed=seed, length_s=5.0, faults=(), launches_per_day=0.0)


def run(path: Path, *seeds: int) -> tuple[list[int], Summary]:
    kept, ran = Kept(path, ("loss",)), list[int]()

    def done(outcome: Outcome) -> None:
        ran.append(outcome.seed)
        kept.keep(outcome)

    return ran, simulate([plan(seed) for seed in seeds], 1, done, kept.known())


def test_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "out" / "kept.jsonl"
    first = run(path, 1, 2)
    path.write_bytes(path.read_bytes() + b'{"code":"cut sho')
    second = run(path, 1, 2, 3)
    assert (first[0], second[0]) == ([1, 2], [3])
    assert second[1].seeds == 3
    assert run(path, 1, 2, 3)[0] == []
    assert second[1].traces["1"] == first[1].traces["1"]


def test_other_faults_or_lengths_are_other_runs(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    run(path, 1)
    assert Kept(path, ("delay",)).known() == []
    found = simulate(
        [Plan(seed=1, length_s=6.0, faults=(), launches_per_day=0.0)], 1, known=Kept(path, ("loss",)).known()
    )
    assert found.sim_hours == round(6.0 / 3600, 3)


def test_a_file_that_cannot_be_written_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        Kept(tmp_path / "plain" / "kept.jsonl", ())

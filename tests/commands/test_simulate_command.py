"""`tocsin simulate`: what it prints, and what it says to wrong words."""

import msgspec
import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import UserError
from tocsin.sim.virtual.faults import FAULTS

KEYS = {
    "seeds", "sim_hours", "speedup", "offered", "delivered", "lost", "duplicated", "leaked",
    "forged_accepted", "faults",
}  # fmt: skip


def test_json_of_a_short_watch() -> None:
    ran = CliRunner().invoke(app, ["simulate", "--seeds", "1", "--hours", "0.03", "--json"])
    assert ran.exit_code == 0, ran.output
    found = msgspec.json.decode(ran.stdout)
    assert set(found) >= KEYS
    assert found["sim_hours"] == 0.03
    assert found["offered"] > 0
    assert [found[key] for key in ("lost", "duplicated", "leaked", "forged_accepted")] == [0, 0, 0, 0]
    assert set(found["faults"]) >= set(FAULTS)
    assert sum(found["faults"].values()) > 0


def test_faults_can_be_chosen_and_named_wrongly() -> None:
    ran = CliRunner().invoke(
        app, ["simulate", "--seeds", "1", "--hours", "0.02", "--faults", "none", "--json"]
    )
    assert sum(msgspec.json.decode(ran.stdout)["faults"].values()) == 0
    with pytest.raises(UserError, match="no fault earthquake"):
        CliRunner().invoke(app, ["simulate", "--faults", "loss,earthquake"], catch_exceptions=False)


def test_a_planted_bug_by_name() -> None:
    ran = CliRunner().invoke(app, ["simulate", "--mutant", "wider-label", "--json"])
    assert ran.exit_code == 0
    (caught,) = msgspec.json.decode(ran.stdout)["mutants"]
    assert caught["invariants"][0] == "leaked"
    with pytest.raises(UserError, match="no planted bug nonsense"):
        CliRunner().invoke(app, ["simulate", "--mutant", "nonsense"], catch_exceptions=False)

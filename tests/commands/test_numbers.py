"""Numbers that are none, or lie outside what they are for, are refused before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from tocsin.cli import COMMANDS, app
from tocsin.cli import load as load_command
from tocsin.demo.conductor import LONGEST_TICK_S, hub_kill_time
from tocsin.errors import UserError
from tocsin.model.time import seconds_between
from tocsin.sim.scenario_file import load


def float_options(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """(words of the command, option) of every option that takes a float."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from float_options(inner, (*path, name))
    for option in command.params:
        if option.type_descriptor.annotation is float:
            yield path, option.opts[0]


FLOATS = [row for name in COMMANDS for row in float_options(load_command(name), (name,))]
REST = {
    ("demo",): ["--headless", "--scenario", "no-such-scenario"],
    ("evaluate",): ["--scenario", "no-such-scenario"],
    ("scenario", "from-record"): ["--date", "2022-10-04", "no-such-record.json"],
}
"""What else a command must be given; without the number it would be refused for something else."""


def test_the_floats_are_found() -> None:
    assert {option for _, option in FLOATS} >= {"--speed", "--seconds", "--boost", "--share-delay"}


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "-1"])
@pytest.mark.parametrize(("path", "option"), [row for row in FLOATS if row[1] != "--kill-hub-at"])
def test_no_float_option_takes_what_is_no_length(path: tuple[str, ...], option: str, number: str) -> None:
    result = CliRunner().invoke(app, [*path, option, number, *REST.get(path, [])])
    assert result.exit_code == 2
    assert option in result.stderr
    assert "no-such" not in result.stderr


@pytest.mark.parametrize("at_s", [float("nan"), float("inf"), float("-inf"), -1.0, -1e-9, 86_400.0])
def test_the_hub_cannot_be_killed_when_there_is_no_scenario(at_s: float) -> None:
    with pytest.raises(UserError, match=r"--kill-hub-at .* give 0 to \d+ seconds") as refused:
        hub_kill_time(load("2022-10-04"), at_s)
    assert f"{at_s:g}" in str(refused.value)


def test_the_bound_that_is_named_is_the_last_time_that_is_taken() -> None:
    scenario = load("2022-10-04")
    with pytest.raises(UserError) as refused:
        hub_kill_time(scenario, 1e6)
    last_s = int(refused.value.fix.split()[3])
    first = scenario.flights[0].launch_ns
    assert seconds_between(first, hub_kill_time(scenario, last_s)) == last_s
    over_s = seconds_between(scenario.start_ns, hub_kill_time(scenario, last_s))
    assert scenario.duration_s - LONGEST_TICK_S - 1.0 < over_s <= scenario.duration_s - LONGEST_TICK_S
    with pytest.raises(UserError):
        hub_kill_time(scenario, last_s + 1)


@pytest.mark.parametrize("at_s", ["nan", "-5", "90000"])
def test_the_demo_says_so_before_it_starts(at_s: str) -> None:
    result = CliRunner().invoke(app, ["demo", "--headless", "--kill-hub-at", at_s])
    assert isinstance(result.exception, UserError)
    assert at_s in str(result.exception)

"""`tocsin warn replay`: a scenario through three halls in this process, and what each desk told its
people.
"""

import json
from collections.abc import Mapping
from typing import Annotated

import msgspec
import typer

from tocsin.demo.told import NationTold, told_over
from tocsin.model.label import Nation
from tocsin.model.warning import NoAct, Outcome
from tocsin.sim.scenario_file import load


def replay_command(
    scenario: Annotated[str, typer.Option(help="A shipped scenario's name, or a file.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the sensors' errors.")] = 1,
    officers: Annotated[int, typer.Option(min=0, max=2, help="How many of the two act.")] = 2,
    outcome: Annotated[
        Outcome, typer.Option(help="What the policy states when nobody acts.")
    ] = Outcome.LAPSE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Every message, the lead of every area, and certainty over time. Seconds since the first launch.

    \b
    Examples:
      tocsin warn replay --scenario 2022-11-03-overflight
      tocsin warn replay --scenario 2022-10-04 --officers 0 --outcome release --json
    """
    found = told_over(load(scenario), seed, officers=officers, no_act=NoAct(outcome=outcome))
    if as_json:
        said = {"scenario": scenario, "seed": seed, "officers": officers, "outcome": str(outcome)}
        rows = {str(nation): msgspec.to_builtins(row) for nation, row in found.items()}
        print(json.dumps({**said, "nations": rows}, ensure_ascii=False))
        return
    _show(found)


def _show(found: Mapping[Nation, NationTold]) -> None:
    for nation, told in found.items():
        print(f"{nation}: threshold crossed {_s(told.crossed_s)}, first draft {_s(told.drafted_s)}")
        for row in told.messages:
            areas = " ".join(row.areas)
            print(
                f"  {row.at_s:7.1f}  {row.msg_type:6} {row.purpose:9} {row.certainty:8} {row.by:12} "
                f"lead {_s(row.lead_s):>8}  {areas}"
            )
            for fault in row.faults:
                print(f"           FAULT {fault}")
        for lead in told.leads:
            came = "not entered" if lead.entered_s is None else f"entered {_s(lead.entered_s)}"
            print(f"  {lead.area}: warned {_s(lead.warned_s)}, lead {_s(lead.lead_s)} ({came})")
        steps = ", ".join(f"{row.at_s:.0f} s {row.track}/{row.told}" for row in told.certainty)
        print(f"  track/told: {steps}")
        for call in told.calls:
            print(f"  call: {call}")


def _s(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"

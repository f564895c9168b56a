"""`tocsin scenario`: make scenarios from the public launch record, list, show and check them, write their
plots and truth.
"""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.sense.jsonl import encode_plot
from tocsin.sim.record_import import (
    KOREAN_ZONE,
    choose,
    describe,
    on_date,
    to_scenario,
    with_contacts,
    with_documented,
)
from tocsin.sim.record_rows import RecordRow, read_record
from tocsin.sim.scenario import Publisher, Scenario
from tocsin.sim.scenario_file import load, render, shipped
from tocsin.sim.sensors import plots
from tocsin.sim.truth import fly_all, truth_csv

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Scenarios: recorded launches and illustrative sensors."
)

CONTACT_TOLERANCE_S = 0.2
FLIGHT_TIME_TOLERANCE_S = 1.0
LONGEST_LIST = 60


class PublisherName(StrEnum):
    """Whose figures can be asked for."""

    JPN = "JPN"
    KOR = "KOR"
    KCNA = "KCNA"


Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A shipped scenario's name or a .toml file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write here instead of stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite FILE of --out.")]


@app.command("from-record")
def from_record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="test.en.json or documented_launches.csv.")],
    day: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="Day of the launch in --zone.")],
    zone: Annotated[str, typer.Option(help="Time zone of --date.")] = KOREAN_ZONE,
    row: Annotated[
        list[int] | None, typer.Option("--row", metavar="N", help="Choose a row; may be repeated.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All matches in one scenario.")] = False,
    publisher: Annotated[PublisherName | None, typer.Option(help="Whose figures.")] = None,
    boost: Annotated[
        float | None, typer.Option(metavar="S", min=5, max=600, help="Length of the notional boost.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the scenario [default: the date].")] = None,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """A scenario file from a recorded launch.

    Examples:

      tocsin scenario from-record test.en.json --date 2022-10-04 --out mine.toml

      tocsin scenario from-record test.en.json --date 2022-06-05 --all --name salvo

      tocsin scenario from-record documented_launches.csv --date 2023-12-18 --publisher KCNA
    """
    rows = [with_documented(one, file) for one in _rows(file, day, zone, row or [], every)]
    whose = None if publisher is None else Publisher(publisher.value)
    scenario = to_scenario(rows, name or _day(day).isoformat(), whose, boost)
    if out is not None:
        _write(out, render(scenario).encode(), force)
    if as_json:
        typer.echo(msgspec.json.encode(scenario))
    elif out is None:
        typer.echo(render(scenario), nl=False)
    for line in _summary(scenario):
        typer.echo(line, err=True)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The scenarios that come with tocsin."""
    scenarios = [load(name) for name in shipped()]
    if as_json:
        table = {one.name: {"title": one.title, "flights": len(one.flights)} for one in scenarios}
        typer.echo(msgspec.json.encode({"scenarios": table}))
        return
    for one in scenarios:
        typer.echo(f"{one.name:12}  {one.title}")


@app.command("show")
def show(name: Name, as_json: Json = False) -> None:
    """What a scenario holds: flights, sensors, when each sensor first sees each object."""
    scenario = load(name)
    if as_json:
        typer.echo(msgspec.json.encode(scenario))
        return
    typer.echo(f"{scenario.name}: {scenario.title}\nsource: {scenario.source}")
    typer.echo(f"from {scenario.start_utc.isoformat()}, {scenario.duration_s:g} s")
    for line in _summary(scenario):
        typer.echo(line)


@app.command("check")
def check(name: Name) -> None:
    """Read a scenario, solve its flights, and compare the stated flight times and first contacts. Exit
    code 2 if any is off.
    """
    scenario = load(name)
    off = [*_flight_times_off(scenario), *_contacts_off(scenario)]
    for line in off:
        typer.echo(line, err=True)
    if off:
        raise UserError(
            f"{len(off)} stated figures of {name} are off", fix="put in the figures above, or remove them"
        )
    typer.echo(f"{name}: {len(scenario.flights)} flights, {len(scenario.sensors)} sensors, all as stated")


@app.command("plots")
def plots_(
    name: Name,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random streams.")] = 1,
    plane: Annotated[Plane, typer.Option(help="Plane that is written on every plot.")] = Plane.EXERCISE,
    out: Out = None,
    force: Force = False,
) -> None:
    """All plots of a scenario as JSON lines, by time of delivery (docs/plot-schema.md)."""
    lines = b"".join(encode_plot(entry.plot, plane) for entry in plots(load(name), seed))
    _put(out, lines, force)


@app.command("truth")
def truth(name: Name, out: Out = None, force: Force = False) -> None:
    """What the objects do: t,id,x,y,z,vx,vy,vz at 1 Hz (s since the scenario's start, ECEF, m, m/s)."""
    _put(out, truth_csv(load(name)).encode(), force)


def _rows(file: Path, day: str, zone: str, numbers: list[int], every: bool) -> tuple[RecordRow, ...]:
    """The rows that are asked for; several without a choice are listed and refused."""
    matches = on_date(read_record(file), _day(day), zone)
    if not matches:
        fix = "try --zone UTC or the day before or after"
        raise UserError(f"{file.name} has no launch on {day} ({zone})", fix=fix)
    if numbers:
        return choose(matches, numbers)
    if len(matches) > 1 and not every:
        for match in matches[:LONGEST_LIST]:
            typer.echo(describe(match, zone), err=True)
        raise UserError(
            f"{len(matches)} launches on {day} ({zone})", fix="choose --row N, or --all for all of them"
        )
    return matches


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 (a day, the zone is an option of its own)
    except ValueError as failure:
        raise UserError(f"{text!r} is not a date", fix="give --date YYYY-MM-DD") from failure


def _summary(scenario: Scenario) -> list[str]:
    lines = []
    for flown in fly_all(scenario.flights):
        one = flown.flight
        lines.append(
            f"flight {one.object}: {one.launch_utc:%Y-%m-%d %H:%M:%S}Z {one.place},"
            f" apogee {one.apogee_km:g} km, range {one.range_km:g} km,"
            f" azimuth {one.azimuth_deg:g} deg ({one.azimuth_of}), boost {one.boost_s:g} s"
            f" -> flight time {flown.flight_time_s:.0f} s ({flown.flight_time_s / 60.0:.1f} min)"
        )
        lines += [f"  note: {flag}" for flag in one.flags]
    for sensor in with_contacts(scenario).sensors:
        seen = ", ".join(
            f"{name} T+{time_s:.0f} s" for name, time_s in sensor.expected_first_contact_s.items()
        )
        lines.append(f"sensor {sensor.id} ({sensor.nation} {sensor.kind}): first contact {seen or 'never'}")
    return lines


def _flight_times_off(scenario: Scenario) -> list[str]:
    return [
        f"flight {one.flight.object}: flight_time_s is {one.flight_time_s:.1f},"
        f" the file says {one.flight.flight_time_s:g}"
        for one in fly_all(scenario.flights)
        if one.flight.flight_time_s is not None
        and abs(one.flight.flight_time_s - one.flight_time_s) > FLIGHT_TIME_TOLERANCE_S
    ]


def _contacts_off(scenario: Scenario) -> list[str]:
    off = []
    for stated, right in zip(scenario.sensors, with_contacts(scenario).sensors, strict=True):
        for name in sorted(stated.expected_first_contact_s.keys() | right.expected_first_contact_s.keys()):
            says, is_ = stated.expected_first_contact_s.get(name), right.expected_first_contact_s.get(name)
            if says is None or is_ is None or abs(says - is_) > CONTACT_TOLERANCE_S:
                off.append(
                    f"sensor {stated.id}: first contact with {name} is {_or_never(is_)},"
                    f" the file says {_or_never(says)}"
                )
    return off


def _or_never(value: float | None) -> str:
    return "never" if value is None else f"{value:g} s"


def _put(out: Path | None, data: bytes, force: bool) -> None:
    if out is None:
        typer.echo(data, nl=False)
    else:
        _write(out, data, force)


def _write(out: Path, data: bytes, force: bool) -> None:
    try:
        with out.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError as failure:
        raise UserError(
            f"{out} is there already", fix="give another --out, or --force to overwrite it"
        ) from failure
    except OSError as failure:
        raise UserError(
            f"cannot write {out} ({failure.strerror})", fix="check the folder, its rights and its space"
        ) from failure

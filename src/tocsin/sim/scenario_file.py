"""Scenario files: read with errors that name file, line, key and fix; written with a comment on each kind
of key.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec
import tomlkit

from tocsin.errors import UserError
from tocsin.model.sensor import SensorKind
from tocsin.sim.scenario import FORMAT, Flight, Scenario, SensorSpec
from tocsin.sim.scenario_keys import KEYS, comment

MAX_FILE_BYTES: Final = 1_000_000
MAX_FLIGHTS: Final = 64
MAX_SENSORS: Final = 64
HEADER: Final = (
    "tocsin scenario, for warning exercises. The launches are recorded facts; boosts are notional; sensors,",
    "their limits and errors are fictional, places rounded to half a degree. Keys: docs/scenario-format.md",
)
_DOCS: Final = "see docs/scenario-format.md"
FREE_SECTIONS: Final = frozenset(("sensors.expected_first_contact_s",))  # their keys are objects' names
_HEADER_LINE: Final = re.compile(r"\s*(\[\[?)\s*([^\]\s]+)\s*\]")
_KEY_LINE: Final = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]+\"|'[^']+')\s*=")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")
_SCENARIOS: Final = resources.files("tocsin") / "data" / "scenarios"


def shipped() -> tuple[str, ...]:
    """Names of the scenarios that come with tocsin."""
    return tuple(
        sorted(
            entry.name.removesuffix(".toml") for entry in _SCENARIOS.iterdir() if entry.name.endswith(".toml")
        )
    )


def load(name: str) -> Scenario:
    """A shipped scenario by name, or a file by path. UserError with the cause otherwise."""
    if name in shipped():
        return parse((_SCENARIOS / f"{name}.toml").read_bytes(), f"{name}.toml")
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        near = difflib.get_close_matches(name, shipped(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(
            f"no scenario named {name!r}",
            fix=f"{hint}shipped are {', '.join(shipped())}; or give a .toml file",
        )
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_FILE_BYTES else b""
    except OSError as failure:
        raise UserError(f"cannot read scenario {path}: {failure.strerror}", fix="check the path") from failure
    if size > MAX_FILE_BYTES:
        raise UserError(
            f"{path} has {size} bytes, a scenario at most {MAX_FILE_BYTES}", fix="give a scenario file"
        )
    return parse(data, str(path))


def parse(data: bytes, file: str) -> Scenario:
    """A scenario from TOML bytes; `file` names them in errors."""
    try:
        text = data.decode("utf-8")
        tree = tomllib.loads(text)
    except UnicodeDecodeError as failure:
        raise UserError(
            f"{file} is not UTF-8 text (byte {failure.start})", fix="save it as UTF-8"
        ) from failure
    except tomllib.TOMLDecodeError as failure:
        raise UserError(f"{file} is not valid TOML: {failure}", fix="mend that line") from failure
    if tree.get("format", FORMAT) != FORMAT:
        raise UserError(
            f"{file}: format is {tree['format']!r}, this tocsin reads format {FORMAT}",
            fix=f"set format = {FORMAT}",
        )
    try:
        scenario = msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as failure:
        path, what = _split(str(failure))
        raise UserError(f"{file}{_at(text, path)}: {_dotted(path)}{what}", fix=_DOCS) from failure
    for path, what, fix in problems(scenario):
        raise UserError(f"{file}{_at(text, path)}: {_dotted(path)}{what}", fix=fix)
    return scenario


def problems(scenario: Scenario) -> Iterator[tuple[list[str | int], str, str]]:
    """What is wrong across keys: (path of the key, what, fix)."""
    yield from _repeated("flights", [flight.object for flight in scenario.flights], "object", MAX_FLIGHTS)
    yield from _repeated("sensors", [sensor.id for sensor in scenario.sensors], "id", MAX_SENSORS)
    for n, flight in enumerate(scenario.flights):
        late_s = (flight.launch_ns - scenario.start_ns) / 1e9
        if not 0.0 <= late_s <= scenario.duration_s:
            what = f"launch is {late_s:g} s after start_utc, outside the scenario"
            yield ["flights", n, "launch_utc"], what, "mend launch_utc, start_utc or duration_s"
        for key, what, fix in _flight_problems(flight):
            yield ["flights", n, *key], what, fix
    for n, link in enumerate(scenario.links):
        if link.nations[0] is link.nations[1]:
            yield (
                ["links", n, "nations"],
                "a link needs two different nations",
                'for instance nations = ["USA", "KOR"]',
            )
    for n, sensor in enumerate(scenario.sensors):
        for key, what, fix in _sensor_problems(sensor):
            yield ["sensors", n, *key], what, fix


def _flight_problems(flight: Flight) -> Iterator[tuple[list[str], str, str]]:
    given = [part for part in (flight.salvo, flight.manoeuvre, flight.failure) if part is not None]
    if len(given) > 1:
        yield (
            ["object"],
            "only one of salvo, manoeuvre and failure can be given",
            "make several flights of it",
        )
    if flight.manoeuvre is not None and flight.manoeuvre.from_s < flight.boost_s:
        yield ["manoeuvre", "from_s"], "the object is still under power then", "give a time after boost_s"
    if flight.failure is not None and flight.failure.at_s < flight.boost_s:
        yield ["failure", "at_s"], "the object is still under power then", "give a time after boost_s"
    if flight.failure is not None and flight.failure.pieces == 1:
        yield ["failure", "pieces"], "one piece is no failure", "give 0, or 2 to 10"


def _radar_problems(sensor: SensorSpec) -> Iterator[tuple[list[str], str, str]]:
    if sensor.place is None:
        yield ["id"], "a radar needs lat_deg and lon_deg", "give both"
    elif (2 * sensor.place.lat_deg) % 1 or (2 * sensor.place.lon_deg) % 1:
        yield (
            ["lat_deg"],
            "a radar's place must be rounded to half a degree",
            "round lat_deg and lon_deg to 0.5",
        )
    if sensor.errors.range_m is None or sensor.errors.az_mrad is None:
        yield ["errors"], "a radar needs range_m and az_mrad", "give both"


def _sensor_problems(sensor: SensorSpec) -> Iterator[tuple[list[str], str, str]]:
    errors, coverage = sensor.errors, sensor.coverage
    if sensor.kind is SensorKind.RADAR:
        yield from _radar_problems(sensor)
    if sensor.kind is SensorKind.INFRARED:
        if sensor.orbit is None:
            yield ["id"], "an infrared sensor needs an orbit", "give [sensors.orbit]"
        if errors.los_mrad is None:
            yield ["errors"], "an infrared sensor needs los_mrad", "give it"
    for key, given in (("bias", sensor.bias), ("resolution", sensor.resolution)):
        if sensor.kind is not SensorKind.RADAR and given is not None:
            yield [key], f"a {sensor.kind} sensor has no {key} here", "remove it"
    if sensor.kind is not SensorKind.INFRARED and sensor.orbit is not None:
        yield ["orbit"], f"a {sensor.kind} sensor has no orbit", 'remove it, or set kind = "infrared"'
    if coverage.min_range_km >= coverage.max_range_km or coverage.min_el_deg >= coverage.max_el_deg:
        yield ["coverage"], "the coverage is empty (min is not below max)", "mend its range or elevation"
    if sensor.nation in sensor.releasable_to:
        yield ["releasable_to"], "the owner always has its own data", f"remove {sensor.nation}"


def _repeated(
    table: str, names: list[str], key: str, limit: int
) -> Iterator[tuple[list[str | int], str, str]]:
    if len(names) > limit:
        yield [table], f"{len(names)} {table}, at most {limit} are allowed", "make the scenario smaller"
    for n, name in enumerate(names):
        if name in names[:n]:
            yield [table, n, key], f"{name!r} is there twice", f"give every one its own {key}"


def render(scenario: Scenario) -> str:
    """The scenario as TOML; `parse` gives back an equal one. Each kind of key is explained where it comes
    first.
    """
    tree = msgspec.to_builtins(scenario, builtin_types=(datetime,))
    lines = [f"# {line}" for line in HEADER]
    lines += [*_table(tree, "", set()), ""]
    return "\n".join(lines)


def _table(table: dict[str, Any], section: str, explained: set[str]) -> Iterator[str]:
    """Plain keys first, then sub-tables and arrays of tables, as TOML wants it."""
    for key, value in table.items():
        if not _is_table(value) and not (key in KEYS and not value):  # a table without entries is left out
            place = f"{section}:{key if section not in FREE_SECTIONS else '*'}"
            note = "" if place in explained else f"  # {comment(section, key)}"
            explained.add(place)
            yield f"{tomlkit.key(key).as_string()} = {tomlkit.item(value).as_string()}{note}"
    for key, value in table.items():
        if not _is_table(value):
            continue
        name = f"{section}.{key}".strip(".")
        for entry in value if isinstance(value, (list, tuple)) else [value]:
            yield f"\n[[{name}]]" if isinstance(value, (list, tuple)) else f"\n[{name}]"
            yield from _table(entry, name, explained)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], dict)
    )


def _split(message: str) -> tuple[list[str | int], str]:
    """The key's path and the rest of a message such as "Expected `float`, got `str` - at
    `$.flights[0].lat_deg`".
    """
    what, _, where = message.partition(" - at `$")
    path: list[str | int] = []
    for name, index in _STEP.findall(where.rstrip("`")):
        path.append(name if name else int(index) if index.isdigit() else 0)
    unknown = re.search(r"unknown field `([^`]+)`", what)
    if unknown:
        return [*path, unknown[1]], "unknown key"
    missing = re.search(r"missing required field `([^`]+)`", what)
    if missing:
        return path, f"{missing[1]} is missing"
    return path, what.replace("`", "")


def _dotted(path: list[str | int]) -> str:
    """`flights[1].apogee_km: ` with numbers counted from 1, or nothing for the file as a whole."""
    text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{text.lstrip('.')}: " if path else ""


def _at(text: str, path: list[str | int]) -> str:
    """` line N` where the longest stated part of `path` stands; nothing when it cannot be told."""
    counts: dict[str, int] = {}
    here: list[str | int] = []
    best, best_line = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER_LINE.match(line)
        if header:
            here = _place_of(header[1] == "[[", header[2], counts)
            at: list[str | int] = here
        else:
            key = _KEY_LINE.match(line)
            if not key:
                continue
            at = [*here, key[1].strip("\"'")]
        if len(at) > best and at == path[: len(at)]:
            best, best_line = len(at), number
    return f" line {best_line}" if best_line else ""


def _place_of(is_array: bool, name: str, counts: dict[str, int]) -> list[str | int]:
    """The path of a table header; `counts` keeps how often each array of tables was opened."""
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    full = ".".join(parts)
    if is_array:
        counts[full] = counts.get(full, -1) + 1
    path: list[str | int] = []
    for n, part in enumerate(parts):
        path.append(part)
        number = counts.get(".".join(parts[: n + 1]))
        if number is not None:
            path.append(number)
    return path

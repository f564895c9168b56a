"""How a node's desk works, from its configuration: officers, patience, alert regions, the authority table.

The authority file is the nation's own (TOML): which office may alert, update and cancel which areas, and by
which CAP senders its messages are known. `office` says which of them this desk is.
"""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.earth.places import load_areas
from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.model.warning import DeskRules, Office, Officer, Right
from tocsin.node.config import NodeConfig
from tocsin.warn.regions import REGIONS


class OfficeEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """[[offices]] one row of the authority file; `rights` and `areas` as tocsin.model.warning.Office."""

    name: str
    areas: tuple[str, ...]
    rights: tuple[Right, ...] = (Right.ALERT, Right.UPDATE, Right.CANCEL)
    senders: tuple[str, ...] = ()


class AuthorityFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `office`: the row that is this desk."""

    nation: Nation
    office: str
    offices: tuple[OfficeEntry, ...]


def rules_of(config: NodeConfig) -> DeskRules:
    """The rules of a node's desk. UserError names the file, the key and what to do."""
    desk = config.desk
    regions = REGIONS[config.nation] if desk.regions is None else desk.regions
    _check_regions(config, regions.values())
    authority = None if config.authority is None else read_authority(config.root / config.authority, config)
    offices = () if authority is None else authority.offices
    return DeskRules(
        officers=tuple(Officer(row.name, row.credential, row.roles) for row in config.officers),
        no_act=desk.no_act,
        blocks=tuple(tuple(areas) for _, areas in sorted(regions.items())),
        downgrades_itself=desk.downgrades_itself,
        offices=tuple(Office(row.name, config.nation, row.areas, row.rights, row.senders) for row in offices),
        office="" if authority is None else authority.office,
        thresholds=config.warn,
        releasable_to=tuple(sorted(set(desk.warnings_releasable_to) - {config.nation})),
    )


def read_authority(path: Path, config: NodeConfig) -> AuthorityFile:
    """The nation's authority file; UserError when it is missing, no TOML, or another nation's."""
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=AuthorityFile)
    except OSError as failure:
        raise UserError(
            f"the authority file {path} cannot be read ({failure.strerror})",
            fix="give the path of the nation's authority file",
        ) from failure
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise UserError(
            f"{path} is no authority file ({failure})", fix="see docs/warning.md, The authority file"
        ) from failure
    if found.nation is not config.nation:
        raise UserError(
            f"{path} is the authority file of {found.nation}", fix=f"give that of {config.nation}"
        )
    if found.office not in [row.name for row in found.offices]:
        raise UserError(f"{path}: office {found.office!r} has no row", fix="add it to [[offices]]")
    return found


def _check_regions(config: NodeConfig, regions: Iterable[Sequence[str]]) -> None:
    known = {area.iso for area in load_areas()}
    named = [area for region in regions for area in region]
    if strange := sorted(set(named) - known):
        raise UserError(
            f"{config.source}: desk.regions: no area {strange[0]}", fix="use ISO 3166-2 codes, as JP-02"
        )
    if twice := sorted({area for area in named if named.count(area) > 1}):
        raise UserError(
            f"{config.source}: desk.regions: {twice[0]} stands in two regions", fix="leave it in one"
        )

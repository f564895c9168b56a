"""policy.toml beside node.toml: read, checked, compared with its Cedar text; nothing is released without it.

A door takes a policy only when the rules that it runs and the policy's Cedar text agree at every point of the
label lattice (release.compare). The text is made from the policy, unless a `policy.cedar` stands beside it:
then that one is compared, so that what was signed by lawyers is what runs. A comparison takes seconds and is
remembered by a digest of everything that it depends on, the rules' own source included.
"""

import os
import tomllib
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.node.config import NodeConfig
from tocsin.node.policy_compared import COMPARED
from tocsin.release.cedar import cedar_text
from tocsin.release.terms import Policy, faults

if TYPE_CHECKING:
    from tocsin.release.compare import Difference

CEDAR_NAME = "policy.cedar"
MEMORY_NAME = "policy.compared"
MEMORY_LINES = 16
"""Comparisons that a node remembers: more than a policy has versions in a week."""

MAX_FILE_BYTES = 256 * 1024
"""A policy is about 2 kB; more is not a policy."""

_JUDGING = (
    "model/label.py",
    "release/terms.py",
    "release/policy.py",
    "release/cedar.py",
    "release/compare.py",
)
"""What a comparison depends on, beside the policy and Cedar itself."""

_META = "docs of tocsin.release.terms, and the comments that `tocsin init` writes"


class _Document(Policy, frozen=True, kw_only=True):
    nation: Nation


class NationalPolicy(NamedTuple):
    """A policy, whose it is, and the Cedar text that has to agree with it."""

    nation: Nation
    policy: Policy
    cedar: str | None = None
    """Of a `policy.cedar` beside it; null = made from the policy."""

    def text(self, plane: Plane) -> str:
        """The Cedar text."""
        return self.cedar if self.cedar is not None else cedar_text(self.policy, self.nation, plane)


def read_policy(path: Path) -> NationalPolicy:
    """The policy in a file, and a Cedar text beside it. UserError names file, key and fix."""
    try:
        document = tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as failure:
        raise UserError(f"{path} is not TOML ({failure})", fix="mend that line") from None
    nation, policy = parse_policy(document, path)
    cedar = path.with_name(CEDAR_NAME)
    return NationalPolicy(nation, policy, _read(cedar) if cedar.exists() else None)


def parse_policy(document: dict[str, object], path: Path) -> tuple[Nation, Policy]:
    """What a parsed TOML document says; `path` is for messages."""
    try:
        made = msgspec.convert(document, _Document)
    except msgspec.ValidationError as failure:
        raise UserError(f"{path}: {failure}", fix=f"mend that key ({_META})") from None
    policy = Policy(made.partners, made.urgent, made.flow)
    wrong = faults(policy)
    if made.nation in policy.partners:
        wrong.insert(0, (f"partners.{made.nation}", f"{made.nation} is no partner of itself", "remove it"))
    for key, what, fix in wrong:
        raise UserError(f"{path}: {key}: {what}", fix=fix)
    return made.nation, policy


def load_policy(config: NodeConfig) -> Policy:
    """The policy of a node, compared. UserError when there is none, or it must not be used."""
    path = config.policy_file
    if not path.exists():
        raise UserError(
            f"there is no release policy at {path}, and without one nothing is released",
            fix=f"write it: tocsin policy show --default {config.nation} > {path}",
        )
    found = read_policy(path)
    if found.nation is not config.nation:
        raise UserError(
            f"{path}: nation: it is {found.nation}'s policy, the node is {config.nation}'s",
            fix=f"put {config.nation}'s policy there",
        )
    difference = compared(found, config.plane, config.root / MEMORY_NAME)
    if difference is not None:
        raise UserError(
            f"{path} is refused, its Cedar text differs: {difference}", fix=difference_fix(found, path)
        )
    return found.policy


def difference_fix(found: NationalPolicy, path: Path) -> str:
    """What to do about a difference."""
    if found.cedar is not None:
        return f"mend {path.with_name(CEDAR_NAME)}, or remove it to use the text made from {path.name}"
    return "report it: the text is made from the policy and must agree (nothing is released meanwhile)"


def compared(found: NationalPolicy, plane: Plane, memory: Path | None = None) -> "Difference | None":
    """Null when rules and Cedar text agree everywhere; remembered in `memory` by digest."""
    text = found.text(plane)
    name = digest(found.nation, plane, found.policy, text)
    if name in COMPARED or (memory is not None and name in _remembered(memory)):
        return None
    from tocsin.release.compare import first_difference  # here: with Cedar a twentieth of a second

    difference = first_difference(found.policy, found.nation, plane, text)
    if difference is None and memory is not None:
        _remember(memory, name)
    return difference


def digest(nation: Nation, plane: Plane, policy: Policy, text: str) -> str:
    """SHA-256 (hexadecimal) of all that a comparison depends on."""
    source = sha256()
    for name in _JUDGING:
        source.update(sha256(files("tocsin").joinpath(name).read_bytes()).digest())
    whole = Compared(nation, plane, policy, text, source.hexdigest(), version("cedarpy"))
    return sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()


class Compared(Struct, frozen=True):
    """What was compared with what."""

    nation: Nation
    plane: Plane
    policy: Policy
    text: str
    rules_sha256: str
    cedarpy: str


def _remembered(memory: Path) -> list[str]:
    try:
        return memory.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        return []


def _remember(memory: Path, name: str) -> None:
    # A node whose folder cannot be written compares again at its next start: slower, and right.
    with suppress(OSError):
        names = [*_remembered(memory), name][-MEMORY_LINES:]
        part = memory.with_suffix(".part")
        with part.open("w", encoding="ascii") as file:
            file.write("\n".join(names) + "\n")
            file.flush()
            os.fsync(file.fileno())  # after a power cut a door has no time to compare again
        os.replace(part, memory)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise UserError(f"{path} is larger than {MAX_FILE_BYTES} bytes", fix="name a policy file")
        return data.decode("utf-8")
    except OSError as failure:
        raise UserError(f"cannot read {path} ({failure.strerror})", fix="name a policy.toml") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text", fix="name a policy.toml") from None

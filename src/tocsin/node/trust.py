"""What nations must know of each other, and how they come to believe it: public parts, compared by voice.

A trust entry is the public part of one (nation, plane). It travels as a file by any way at all; what makes it
believed is its fingerprint, read out by the other nation over a channel that both know. A changed entry is
never taken over silently.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.node import authority
from tocsin.node.keys import RELEASE_KEYS, KeyFolder, public_nkey, read_release_key, read_seed

ENTRY_BYTES = 64 * 1024
"""An entry is about 2 kB; more is not an entry."""


class ReleasePublic(Struct, frozen=True):
    """A release key that signs for the nation: Ed25519 public key, hexadecimal."""

    key_id: str
    public: str


class TrustEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Public parts of one nation in one plane. `release` holds the current key first, then the announced next
    one.

    `leaf_nkeys`: the broker user as which this nation's broker dials each partner.
    """

    nation: Nation
    plane: Plane
    ca_pem: str
    release: tuple[ReleasePublic, ...]
    leaf_nkeys: dict[Nation, str]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the whole entry, hexadecimal: what is compared by voice."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    @property
    def parts(self) -> dict[str, str]:
        """Fingerprints of the parts, to find what changed."""
        keys = {key.key_id: hashlib.sha256(bytes.fromhex(key.public)).hexdigest() for key in self.release}
        return {"authority": authority.fingerprint(self.ca_pem.encode()), **keys}


def spoken(fingerprint: str) -> str:
    """In groups of four, for reading out."""
    return " ".join(fingerprint[i : i + 4] for i in range(0, len(fingerprint), 4))


def heard(text: str) -> str:
    """A fingerprint as a person types it: blanks, colons, dashes and capitals do not matter."""
    return "".join(text.split()).replace(":", "").replace("-", "").lower()


def own_entry(nation: Nation, plane: Plane, folder: KeyFolder) -> TrustEntry:
    """Public parts of the node's own keys."""
    keys = [read_release_key(folder.release(number)) for number in RELEASE_KEYS]
    leaves = {p: public_nkey(read_seed(folder.nkey(f"leaf-{p}"))) for p in Nation if p is not nation}
    ca_pem = folder.certificate("ca").read_text("ascii")
    release = tuple(ReleasePublic(key.key_id, key.public_hex) for key in keys)
    return TrustEntry(nation, plane, ca_pem, release, leaves)


def entry_path(trust_dir: Path, nation: Nation) -> Path:
    """Where a node keeps a nation's entry."""
    return trust_dir / f"{nation}.json"


def write_entry(path: Path, entry: TrustEntry) -> None:
    """Write an entry as JSON that a person can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(entry, order="deterministic"), indent=1) + b"\n")


def read_entry(path: Path) -> TrustEntry:
    """Read and check an entry; UserError when it is missing, malformed or contradicts itself."""
    try:
        with path.open("rb") as file:
            entry = msgspec.json.decode(file.read(ENTRY_BYTES), type=TrustEntry)
    except OSError as failure:
        raise UserError(
            f"cannot read {path} ({failure.strerror})", fix="name a file made by `tocsin trust export`"
        ) from None
    except msgspec.MsgspecError as failure:
        raise UserError(
            f"{path} is no trust entry ({failure})", fix="ask the partner to export it again"
        ) from None
    fault = _fault(entry)
    if fault is not None:
        raise UserError(f"{path}: {fault}", fix="ask the partner to export it again")
    return entry


def _fault(entry: TrustEntry) -> str | None:
    try:
        named = authority.subject_of(entry.ca_pem.encode())
        sizes = [len(bytes.fromhex(key.public)) for key in entry.release]
    except ValueError as failure:
        return f"a part is malformed ({failure})"
    if named != (entry.nation, entry.plane):
        return f"its authority is of {' '.join(named)}, not of {entry.nation} {entry.plane}"
    prefix = f"{entry.nation}-{entry.plane}-"
    if not entry.release or any(not key.key_id.startswith(prefix) for key in entry.release):
        return "it has no release key of that nation and plane"
    if any(size != 32 for size in sizes):
        return "a release key is not 32 bytes"
    nkeys = entry.leaf_nkeys.values()
    if any(len(nkey) != 56 or nkey[0] != "U" or not nkey.isalnum() for nkey in nkeys):
        return "a broker user is malformed"
    return None


def accept(
    trust_dir: Path, mine: tuple[Nation, Plane], entry: TrustEntry, said: str, *, replace: bool
) -> Path:
    """Believe a partner's entry. `said` is the fingerprint that the partner read out.

    UserError for another plane, the own nation, a fingerprint that differs, or a changed entry without
    `replace`.
    """
    nation, plane = mine
    if entry.plane is not plane:
        raise UserError(
            f"the entry is of plane {entry.plane}, this node of {plane}",
            fix="planes never mix: ask for the other file",
        )
    if entry.nation is nation:
        raise UserError(f"the entry is of {nation} itself", fix="accept the partner's file, not your own")
    if heard(said) != entry.fingerprint:
        raise UserError(
            "the fingerprint that was read out is not the file's",
            fix="do not use this file; ask the partner to read it out again and to send it again",
        )
    path = entry_path(trust_dir, entry.nation)
    if path.exists() and not replace:
        known = read_entry(path)
        if known != entry:
            changed = sorted(set(entry.parts.items()) ^ set(known.parts.items())) or [("a broker user", "")]
            names = ", ".join(sorted({name for name, _ in changed}))
            raise UserError(
                f"{entry.nation} is known with other keys ({names} changed)",
                fix="when the partner confirms the change, repeat with --replace",
            )
    write_entry(path, entry)
    return path


def read_trust(trust_dir: Path, plane: Plane) -> Mapping[Nation, TrustEntry]:
    """Every entry that this node believes, its own too; UserError for one of another plane."""
    entries = [read_entry(path) for path in sorted(trust_dir.glob("*.json"))]
    for entry in entries:
        if entry.plane is not plane:
            raise UserError(
                f"{trust_dir} holds an entry of plane {entry.plane}", fix="remove it: planes never mix"
            )
    return {entry.nation: entry for entry in entries}

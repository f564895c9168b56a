"""What nations must know of each other, and how they come to believe it: public parts, compared by voice.

A trust entry is the public part of one (nation, plane). It travels as a file by any way at all; what makes it
believed is its fingerprint, read out by the other nation over a channel that both know. The fingerprint
covers what stays (authority, root key, broker users); the trust list in it is under the root's signature,
has a version, and is replaced by newer ones over the links themselves. A changed fingerprint is never taken
over silently, and an older list not at all.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.node import authority
from tocsin.node.keys import KeyFolder, public_nkey, read_root, read_seed, replace_file
from tocsin.share.keylist import Believed, ListRefused, SignedList, believe, newer

ENTRY_BYTES = 64 * 1024
"""An entry is about 2 kB; more is not an entry."""


class ReleasePublic(Struct, frozen=True):
    """A release key that signs for the nation: Ed25519 public key, hexadecimal."""

    key_id: str
    public: str


class TrustEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Public parts of one nation in one plane. `root`: Ed25519, hexadecimal; it signs `key_list`.

    `leaf_nkeys`: the broker user as which this nation's broker dials each partner.
    """

    nation: Nation
    plane: Plane
    ca_pem: str
    root: str
    key_list: SignedList
    leaf_nkeys: dict[Nation, str]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all but the list, hexadecimal: what is compared by voice."""
        stays = (self.nation, self.plane, self.ca_pem, self.root, self.leaf_nkeys)
        return hashlib.sha256(msgspec.json.encode(stays, order="deterministic")).hexdigest()

    @property
    def believed(self) -> Believed:
        """The list. UserError when the root did not sign it for this nation and plane."""
        found = believe(self.nation, self.plane, bytes.fromhex(self.root), self.key_list)
        if isinstance(found, ListRefused):
            raise UserError(
                f"the trust list of {self.nation}: {found.detail}", fix="ask the partner to export it again"
            )
        return found

    @property
    def release(self) -> tuple[ReleasePublic, ...]:
        """The keys that sign for the nation, the current one first."""
        keys = sorted(self.believed.keys.signing, key=lambda key: key.use)
        return tuple(ReleasePublic(key.key_id, key.public.hex()) for key in keys)

    @property
    def parts(self) -> dict[str, str]:
        """Fingerprints of the parts, to find what changed."""
        root = hashlib.sha256(bytes.fromhex(self.root)).hexdigest()
        return {"authority": authority.fingerprint(self.ca_pem.encode()), "root key": root}


def spoken(fingerprint: str) -> str:
    """In groups of four, for reading out."""
    return " ".join(fingerprint[i : i + 4] for i in range(0, len(fingerprint), 4))


def heard(text: str) -> str:
    """A fingerprint as a person types it: blanks, colons, dashes and capitals do not matter."""
    return "".join(text.split()).replace(":", "").replace("-", "").lower()


def own_entry(nation: Nation, plane: Plane, folder: KeyFolder) -> TrustEntry:
    """Public parts of the node's own keys."""
    leaves = {p: public_nkey(read_seed(folder.nkey(f"leaf-{p}"))) for p in Nation if p is not nation}
    ca_pem = folder.certificate("ca").read_text("ascii")
    return TrustEntry(nation, plane, ca_pem, read_root(folder).hex(), read_list(folder), leaves)


def read_list(folder: KeyFolder) -> SignedList:
    """The nation's own trust list; UserError when it is missing or malformed."""
    try:
        return msgspec.json.decode(folder.key_list.read_bytes(), type=SignedList)
    except (OSError, msgspec.MsgspecError) as failure:
        raise UserError(
            f"cannot read the trust list {folder.key_list} ({failure})", fix="restore it from your copy"
        ) from None


def entry_path(trust_dir: Path, nation: Nation) -> Path:
    """Where a node keeps a nation's entry."""
    return trust_dir / f"{nation}.json"


def write_entry(path: Path, entry: TrustEntry) -> None:
    """Write an entry as JSON that a person can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(entry, order="deterministic"), indent=1)
    replace_file(path, text + b"\n")


def read_entry(path: Path) -> TrustEntry:
    """Read and check an entry; UserError when it is missing, malformed or contradicts itself."""
    try:
        with path.open("rb") as file:
            entry = msgspec.json.decode(file.read(ENTRY_BYTES), type=TrustEntry)
    except OSError as failure:
        raise UserError(
            f"cannot read {path} ({failure.strerror})", fix="name a file made by `tocsin trust export`"
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as failure:
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
        size = len(bytes.fromhex(entry.root))
    except ValueError as failure:
        return f"a part is malformed ({failure})"
    if named != (entry.nation, entry.plane):
        return f"its authority is of {' '.join(named)}, not of {entry.nation} {entry.plane}"
    if size != 32:
        return "its root key is not 32 bytes"
    found = believe(entry.nation, entry.plane, bytes.fromhex(entry.root), entry.key_list)
    if isinstance(found, ListRefused):
        return f"its trust list: {found.detail}"
    nkeys = entry.leaf_nkeys.values()
    if any(len(nkey) != 56 or nkey[0] != "U" or not nkey.isalnum() for nkey in nkeys):
        return "a broker user is malformed"
    return None


def accept(
    trust_dir: Path, mine: tuple[Nation, Plane], entry: TrustEntry, said: str, *, replace: bool
) -> Path:
    """Believe a partner's entry. `said` is the fingerprint that the partner read out.

    UserError for another plane, the own nation, a fingerprint that differs, a changed one without `replace`,
    or a trust list that is not newer than the one held.
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
    known = read_entry(path) if path.exists() else None
    if known is not None and known.fingerprint != entry.fingerprint and not replace:
        changed = sorted(set(entry.parts.items()) ^ set(known.parts.items())) or [("a broker user", "")]
        names = ", ".join(sorted({name for name, _ in changed}))
        raise UserError(
            f"{entry.nation} is known with other keys ({names} changed)",
            fix="when the partner confirms the change, repeat with --replace",
        )
    if known is not None and known.root == entry.root:
        stale = newer(known.believed, entry.key_list)
        if isinstance(stale, ListRefused):
            raise UserError(
                f"the trust list in the file is not newer than what is held: {stale.detail}",
                fix="ask the partner for its newest file; two lists of one version are forged or a mistake",
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

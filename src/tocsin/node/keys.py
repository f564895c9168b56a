"""A node's secrets on disk: its authority, certificates, broker users and release key. The plane is in all of
them.

keys/               0700
  ca.key ca.pem     authority of (nation, plane); nothing else is believed by this node's broker
  node.key node.pem broker: server for clients and leaves, client towards partners' brokers
  hall.key hall.pem hall.nk   hall's client certificate and broker user
  sys.nk            broker's system user
  leaf-<P>.nk       broker user as which this nation's broker dials partner P
  door/             0700, for the door process alone
    door.key door.pem door.nk door-<P>.nk   client certificate; broker users of the private and link accounts
    release-<n>.json   release keys (Ed25519 seed): <n> = 1 signs, <n> = 2 is the announced next one

Certificates: ECDSA P-256 (what every TLS 1.3 stack takes). Broker users: nkeys (Ed25519).
"""

import os
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import msgspec
import nkeys
from msgspec import Struct
from nacl.signing import SigningKey

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node import authority

RELEASE_KEYS = (1, 2)
"""Numbers of the first two release keys: the current one and the next, announced in the trust entry."""


class ReleaseKey(Struct, frozen=True):
    """The key that signs what leaves the nation; `seed` is 32 bytes, in hexadecimal."""

    key_id: str
    seed: str

    @property
    def public_hex(self) -> str:
        """Ed25519 public key, hexadecimal."""
        return bytes(SigningKey(bytes.fromhex(self.seed)).verify_key).hex()


class KeyFolder:
    """Paths of one node's secrets; makes none."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.door = root / "door"

    def certificate(self, role: str) -> Path:
        """PEM certificate of `ca`, `node`, `hall` or `door`."""
        return self._folder(role) / f"{role}.pem"

    def private(self, role: str) -> Path:
        """PEM private key of `ca`, `node`, `hall` or `door`."""
        return self._folder(role) / f"{role}.key"

    def nkey(self, role: str) -> Path:
        """Seed of the broker user `hall`, `sys`, `door`, `door-<P>` or `leaf-<P>`."""
        return self._folder(role) / f"{role}.nk"

    def release(self, number: int) -> Path:
        """Release key file number `number` (from 1)."""
        return self.door / f"release-{number}.json"

    def _folder(self, role: str) -> Path:
        return self.door if role.split("-")[0] == "door" else self.root


def key_id(nation: Nation, plane: Plane, number: int) -> str:
    """`KOR-EXERCISE-1`: nation, plane and number of a release key."""
    return f"{nation}-{plane}-{number}"


def make_keys(root: Path, nation: Nation, plane: Plane, hosts: Sequence[str], now: Instant) -> KeyFolder:
    """All secrets of a new node under `root`. UserError when something is there already.

    `hosts` are the names and addresses under which partners reach this broker; `now` starts the validity.
    """
    folder = KeyFolder(root)
    if root.exists() and any(root.iterdir()):
        raise UserError(f"{root} already holds keys", fix="choose another --dir, or move the old node away")
    for path in (root, folder.door):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_certificates(folder, nation, plane, hosts, now)
    others = [other for other in Nation if other is not nation]
    for role in ("hall", "sys", "door", *(f"{kind}-{p}" for kind in ("door", "leaf") for p in others)):
        write_secret(folder.nkey(role), _new_nkey_seed())
    for number in RELEASE_KEYS:
        key = ReleaseKey(key_id(nation, plane, number), bytes(SigningKey.generate()).hex())
        write_secret(folder.release(number), msgspec.json.encode(key))
    return folder


def _make_certificates(
    folder: KeyFolder, nation: Nation, plane: Plane, hosts: Sequence[str], now: Instant
) -> None:
    ca = authority.new_authority(nation, plane, now)
    write_secret(folder.private("ca"), ca.key_pem)
    folder.certificate("ca").write_bytes(ca.cert_pem)
    for role in ("node", "hall", "door"):
        names = server_names(nation, plane, hosts) if role == "node" else ()
        pair = authority.issue(ca, nation, plane, role, names, now)
        write_secret(folder.private(role), pair.key_pem)
        folder.certificate(role).write_bytes(pair.cert_pem)


def server_names(nation: Nation, plane: Plane, hosts: Sequence[str]) -> tuple[str, ...]:
    """Names in the broker's certificate: loopback, its own `kor-exercise.localhost`, and `hosts`."""
    own = ("127.0.0.1", "localhost", f"{nation}-{plane}.localhost".lower())
    return tuple(dict.fromkeys((*own, *hosts)))


def is_loopback(host: str) -> bool:
    """True for loopback addresses and names that RFC 6761 ties to them."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def write_secret(path: Path, data: bytes) -> None:
    """Create or replace a file that only its owner can read; the mode holds from the first byte on."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(path, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)


def read_seed(path: Path) -> str:
    """Seed of a broker user (`SU...`); UserError when the file is missing or no seed."""
    try:
        seed = path.read_text("ascii").strip()
        nkeys.from_seed(bytearray(seed.encode()))
    except (OSError, ValueError, nkeys.NkeysError) as failure:
        raise UserError(
            f"cannot read the broker key {path} ({failure})", fix="restore it from your copy"
        ) from None
    return seed


def public_nkey(seed: str) -> str:
    """Public part (`U...`) of a broker user's seed."""
    public: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    return public.decode("ascii")


def read_release_key(path: Path) -> ReleaseKey:
    """A release key; UserError when missing, malformed or readable by others than its owner."""
    try:
        if path.stat().st_mode & 0o077:
            raise UserError(f"{path} can be read by others", fix=f"chmod 600 {path}")
        key = msgspec.json.decode(path.read_bytes(), type=ReleaseKey)
        SigningKey(bytes.fromhex(key.seed))
    except (OSError, ValueError, msgspec.MsgspecError) as failure:
        raise UserError(
            f"cannot read the release key {path} ({failure})", fix="restore it from your copy"
        ) from None
    return key


def _new_nkey_seed() -> bytes:
    seed: bytes = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    return seed

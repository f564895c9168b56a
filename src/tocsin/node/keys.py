"""A node's secrets on disk: its authority, certificates, broker users and release key. The plane is in all of
them.

keys/               0700
  ca.key ca.pem     authority of (nation, plane); nothing else is believed by this node's broker
  node.key node.pem broker: server for clients and leaves, client towards partners' brokers
  hall.key hall.pem hall.nk   hall's client certificate and broker user
  sys.nk            broker's system user
  leaf-<P>.nk       broker user as which this nation's broker dials partner P
  root.json         root key: signs the trust list and nothing else; no program of a node reads it, so that
                    it may be kept elsewhere between rotations
  root.pub          its public part, hexadecimal
  list.json         the trust list as it is now, signed (public)
  door/             0700, for the door process alone
    door.key door.pem door.nk door-<P>.nk   client certificate; broker users of the private and link accounts
    release-<n>.json      release keys (Ed25519 seed); the trust list says which of them signs
    encryption-<n>.json   keys (X25519) that open what partners encrypt to this nation
    log-<n>.json          log keys (Ed25519 seed): sign this nation's log, cosign the others' (node.notary)

Certificates: ECDSA P-256 (what every TLS 1.3 stack takes). Broker users: nkeys (Ed25519).
"""

import os
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import msgspec
import nkeys
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Struct
from nacl.signing import SigningKey

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node import authority
from tocsin.share.keylist import SIGNED_FOR, KeyList, ListedKey, SignedList, Use, list_body

FIRST_KEYS = {1: Use.CURRENT, 2: Use.NEXT}
"""Numbers of the first two keys of each kind: the one in use and the announced next one."""

ROLES = ("node", "hall", "door")
"""Who has a certificate of this nation's authority."""

SIGNING, ENCRYPTION, LOG = "release", "encryption", "log"
"""Kinds of numbered keys, as their files are called."""


class ReleaseKey(Struct, frozen=True):
    """The key that signs what leaves the nation, or the root that signs its trust list; `seed` is 32 bytes,
    in hexadecimal. Of an encryption key it is the X25519 private key.
    """

    key_id: str
    seed: str

    @property
    def public_hex(self) -> str:
        """Ed25519 public key, hexadecimal."""
        return bytes(SigningKey(bytes.fromhex(self.seed)).verify_key).hex()

    @property
    def public_x25519(self) -> bytes:
        """X25519 public key, of an encryption key."""
        return X25519PrivateKey.from_private_bytes(bytes.fromhex(self.seed)).public_key().public_bytes_raw()


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

    @property
    def root_key(self) -> Path:
        """The key that signs the trust list."""
        return self.root / "root.json"

    @property
    def root_public(self) -> Path:
        """Its public part."""
        return self.root / "root.pub"

    @property
    def key_list(self) -> Path:
        """The trust list, signed."""
        return self.root / "list.json"

    def release(self, number: int) -> Path:
        """Release key file number `number` (from 1)."""
        return self.numbered(SIGNING, number)

    def numbered(self, kind: str, number: int) -> Path:
        """Key file number `number` (from 1) of a kind."""
        return self.door / f"{kind}-{number}.json"

    def all_of(self, kind: str) -> list[Path]:
        """Every key file of a kind."""
        return sorted(self.door.glob(f"{kind}-*.json"))

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
    root_key = ReleaseKey(f"{nation}-{plane}-root", bytes(SigningKey.generate()).hex())
    write_secret(folder.root_key, msgspec.json.encode(root_key))
    replace_file(folder.root_public, root_key.public_hex.encode())
    signing, encryption = (tuple(_first_keys(folder, kind, nation, plane)) for kind in (SIGNING, ENCRYPTION))
    logs = (new_key(folder, LOG, nation, plane, 1, Use.CURRENT),)
    write_list(folder, signed_list(KeyList(nation, plane, 1, now, signing, encryption, logs), root_key))
    return folder


def _first_keys(folder: KeyFolder, kind: str, nation: Nation, plane: Plane) -> Iterator[ListedKey]:
    for number, use in FIRST_KEYS.items():
        yield new_key(folder, kind, nation, plane, number, use)


def new_key(folder: KeyFolder, kind: str, nation: Nation, plane: Plane, number: int, use: Use) -> ListedKey:
    """A new secret on disk; its public part as it stands in the list."""
    letter = {SIGNING: "", ENCRYPTION: "E", LOG: "L"}[kind]
    name = f"{nation}-{plane}-{letter}{number}"
    key = ReleaseKey(name, os.urandom(32).hex())
    write_secret(folder.numbered(kind, number), msgspec.json.encode(key))
    public = key.public_x25519 if kind == ENCRYPTION else bytes.fromhex(key.public_hex)
    return ListedKey(name, public, use)


def signed_list(keys: KeyList, root: ReleaseKey) -> SignedList:
    """The list under the root's signature."""
    body = list_body(keys)
    return SignedList(body, bytes(SigningKey(bytes.fromhex(root.seed)).sign(SIGNED_FOR + body).signature))


def write_list(folder: KeyFolder, signed: SignedList) -> None:
    """Replace the list whole: a reader finds the old one or the new one."""
    replace_file(folder.key_list, msgspec.json.encode(signed))


def replace_file(path: Path, data: bytes) -> None:
    """Write a public file so that a crash leaves the old one or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _make_certificates(
    folder: KeyFolder, nation: Nation, plane: Plane, hosts: Sequence[str], now: Instant
) -> None:
    ca = authority.new_authority(nation, plane, now)
    write_secret(folder.private("ca"), ca.key_pem)
    folder.certificate("ca").write_bytes(ca.cert_pem)
    _issue(folder, ca, nation, plane, server_names(nation, plane, hosts), now)


def _issue(
    folder: KeyFolder,
    ca: authority.KeyPair,
    nation: Nation,
    plane: Plane,
    names: Sequence[str],
    now: Instant,
) -> None:
    for role in ROLES:
        pair = authority.issue(ca, nation, plane, role, names if role == "node" else (), now)
        write_secret(folder.private(role), pair.key_pem)
        folder.certificate(role).write_bytes(pair.cert_pem)


def certify(folder: KeyFolder, nation: Nation, plane: Plane, now: Instant) -> None:
    """New certificates under the same authority, for the same names. UserError without ca.key."""
    try:
        ca = authority.KeyPair(folder.certificate("ca").read_bytes(), folder.private("ca").read_bytes())
        names = authority.names_of(folder.certificate("node").read_bytes())
    except (OSError, ValueError) as failure:
        raise UserError(
            f"cannot read the authority in {folder.root} ({failure})", fix="restore ca.key from your copy"
        ) from None
    _issue(folder, ca, nation, plane, names, now)


def first_end(folder: KeyFolder) -> Instant:
    """When the first of this node's certificates ends."""
    return min(authority.ends(folder.certificate(role).read_bytes()) for role in ROLES)


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
    """Create or replace a file that only its owner can read; the mode holds from the first byte on. It is on
    the disk when this returns: a node whose power goes must find its keys again."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(path, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


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


def read_root(folder: KeyFolder) -> bytes:
    """The root's public key, 32 bytes; UserError when missing or malformed."""
    try:
        public = bytes.fromhex(folder.root_public.read_text("ascii"))
    except (OSError, ValueError) as failure:
        raise UserError(
            f"cannot read {folder.root_public} ({failure})", fix="restore it from your copy"
        ) from None
    if len(public) != 32:
        raise UserError(f"{folder.root_public} is no Ed25519 key", fix="restore it from your copy")
    return public


def _new_nkey_seed() -> bytes:
    seed: bytes = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    return seed
